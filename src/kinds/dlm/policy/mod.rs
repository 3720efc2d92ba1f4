//! `dlm.policy`: `CreateLifecyclePolicy`, `UpdateLifecyclePolicy`, which writes the policy as a whole.

mod schedule;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dlm::types::{
    GettablePolicyStateValues, LifecyclePolicy, Parameters, PolicyDetails, PolicyTypeValues,
    ResourceTypeValues, SettablePolicyStateValues, Tag,
};
use futures::future::try_join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{client, map, tag};
use crate::aws::{Absent, Aws, Error, Result};
use crate::kind::{
    Arn, Charge, Charges, Immutable, Kind, Live, Look, Problem, Ref, Scope, Set, Status, Tags,
    UsageName, default,
};
use crate::kinds::iam::Role;
use schedule::Schedule;

/// When snapshots of volumes are made, and how long they are kept. AWS finds the volumes by their tags.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// What the policy is for: letters, digits, spaces, `-` and `_`.
    #[serde(default = "managed")]
    #[schemars(length(min = 1, max = 500), regex(pattern = "^[0-9A-Za-z _-]+$"))]
    description: String,
    /// The role that makes the snapshots: `dlm.amazonaws.com` assumes it, and it has the policy
    /// `arn:aws:iam::aws:policy/service-role/AWSDataLifecycleManagerServiceRole`.
    role: Ref<Role, Arn>,
    /// Whether snapshots are made.
    #[serde(default = "default::yes")]
    enabled: bool,
    /// `volume` for the volumes with the tags, `instance` for all volumes of the machines with them, at
    /// one moment.
    #[serde(default)]
    target: Immutable<Target>,
    /// Whatever has one of these tags is a target.
    #[schemars(length(min = 1))]
    target_tags: BTreeMap<String, String>,
    /// When snapshots are made, and how long they are kept: one to four schedules.
    #[schemars(length(min = 1, max = 4))]
    schedules: Set<Schedule>,
    /// Whether the root volumes of the machines are left out. Only for the target `instance`.
    #[serde(default)]
    exclude_root_volumes: bool,
}

/// What has the tags that a policy looks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Volumes.
    #[default]
    Volume,
    /// Machines.
    Instance,
}

/// What AWS decides about a policy.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The policy's id, `policy-…`.
    id: String,
    /// The policy's ARN.
    arn: String,
}

fn managed() -> String {
    "Managed by infra".to_owned()
}

impl Kind for Policy {
    const NAME: &'static str = "dlm.policy";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = Some("dlm:policy/");
    // A role that was just made cannot be assumed everywhere at once.
    const EVENTUAL: &'static [(&'static str, &'static str)] =
        &[("InvalidRequestException", "role")];
    const USAGE: &'static [UsageName] = &[
        UsageName::new(
            "snapshot_gb",
            "GB of snapshots that it keeps: after the first of a volume, what has changed.",
        ),
        UsageName::new(
            "copied_gb",
            "GB of snapshots that it keeps in other regions, at the price of its own.",
        ),
    ];

    /// A policy itself costs nothing, what it keeps does, whether it makes more or not:
    /// <https://aws.amazon.com/ebs/pricing/>.
    fn charges(&self, _look: &Look<'_>) -> Charges {
        let mut charges = vec![Charge::used("snapshots", "ebs.snapshot.gb", "snapshot_gb")];
        if self.schedules.iter().any(Schedule::copies) {
            charges.push(Charge::used("copies elsewhere", "ebs.snapshot.gb", "copied_gb"));
        }
        Charges::Listed(charges)
    }

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        // One list of all, without pages.
        let all = client(aws).get_lifecycle_policies().send().await?;
        let ours = all.policies.unwrap_or_default().into_iter().filter_map(|policy| {
            let tags: Tags = policy.tags.unwrap_or_default().into_iter().collect();
            policy.policy_id.filter(|_| scope.owns(&tags))
        });
        let policies = ours.map(|id| async move {
            let policy = client(aws).get_lifecycle_policy().policy_id(id).send().await;
            let policy = policy.map_err(Error::from).absent()?;
            Ok::<_, Error>(policy.and_then(|answer| answer.policy))
        });
        let policies: Vec<Option<LifecyclePolicy>> = try_join_all(policies).await?;
        policies.into_iter().flatten().map(|policy| read(aws, policy)).collect()
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let answer = client(aws)
            .create_lifecycle_policy()
            .description(&new.description)
            .execution_role_arn(new.role.as_str())
            .state(new.state())
            .policy_details(new.details())
            .set_tags(Some(map(tags)))
            .send()
            .await?;
        outputs(aws, answer.policy_id)
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        client(aws)
            .update_lifecycle_policy()
            .policy_id(&was.outputs.id)
            .description(&now.description)
            .execution_role_arn(now.role.as_str())
            .state(now.state())
            .policy_details(now.details())
            .send()
            .await?;
        Ok(())
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        client(aws).delete_lifecycle_policy().policy_id(&was.outputs.id).send().await?;
        Ok(())
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tag(aws, &was.outputs.arn, set, remove).await
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems: Vec<Problem> = self.schedules.iter().flat_map(Schedule::check).collect();
        let mut seen = BTreeSet::new();
        for schedule in self.schedules.iter().filter(|schedule| !seen.insert(&schedule.name)) {
            let text = format!("two schedules have the name `{}`", schedule.name);
            problems.push(Problem::at("schedules", text));
        }
        if self.exclude_root_volumes && *self.target == Target::Volume {
            let text = "only a policy for machines leaves root volumes out";
            let help = "say `target: instance`, or do not tag root volumes";
            problems.push(Problem::at("exclude_root_volumes", text).help(help));
        }
        problems
    }
}

impl Policy {
    fn state(&self) -> SettablePolicyStateValues {
        if self.enabled {
            SettablePolicyStateValues::Enabled
        } else {
            SettablePolicyStateValues::Disabled
        }
    }

    fn details(&self) -> PolicyDetails {
        let parameters = (*self.target == Target::Instance)
            .then(|| Parameters::builder().exclude_boot_volume(self.exclude_root_volumes).build());
        PolicyDetails::builder()
            .policy_type(PolicyTypeValues::EbsSnapshotManagement)
            .resource_types(match *self.target {
                Target::Volume => ResourceTypeValues::Volume,
                Target::Instance => ResourceTypeValues::Instance,
            })
            .set_target_tags(Some(tag_list(&self.target_tags)))
            .set_schedules(Some(self.schedules.iter().map(Schedule::write).collect()))
            .set_parameters(parameters)
            .build()
    }
}

fn tag_list(tags: &BTreeMap<String, String>) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

fn tag_map(tags: &[Tag]) -> BTreeMap<String, String> {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    tags.iter().map(|tag| (text(tag.key()), text(tag.value()))).collect()
}

fn outputs(aws: &Aws, id: Option<String>) -> Result<Outputs> {
    let id = id.ok_or_else(|| Error::missing("PolicyId"))?;
    Ok(Outputs { arn: aws.arn("dlm", &format!("policy/{id}")), id })
}

fn read(aws: &Aws, policy: LifecyclePolicy) -> Result<Live<Policy>> {
    let details = policy.policy_details().ok_or_else(|| Error::missing("PolicyDetails"))?;
    let target = match details.resource_types().first() {
        Some(ResourceTypeValues::Instance) => Target::Instance,
        _ => Target::Volume,
    };
    let exclude = details.parameters().and_then(Parameters::exclude_boot_volume);
    Ok(Live {
        spec: Policy {
            description: policy.description().unwrap_or_default().to_owned(),
            role: Ref::from(policy.execution_role_arn().unwrap_or_default()),
            // One that AWS has given up, for want of rights, makes no snapshots until it is enabled.
            enabled: policy.state() == Some(&GettablePolicyStateValues::Enabled),
            target: target.into(),
            target_tags: tag_map(details.target_tags()),
            schedules: details.schedules().iter().map(Schedule::read).collect::<Result<_>>()?,
            exclude_root_volumes: exclude.unwrap_or_default(),
        },
        tags: policy.tags.unwrap_or_default().into_iter().collect(),
        outputs: outputs(aws, policy.policy_id)?,
        status: Status::Usable,
    })
}
