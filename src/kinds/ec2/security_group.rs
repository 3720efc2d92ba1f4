//! `ec2.security_group`: `CreateSecurityGroup`, `AuthorizeSecurityGroupIngress` and the like.

use std::time::Duration;

use aws_sdk_ec2::types::{ResourceType, SecurityGroup as AwsSecurityGroup};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::group_rules::{rules, set_rules};
use super::groups::{describe, in_the_way};
use super::interfaces::holding;
use super::rule::{Rules, odd_letter};
use super::{NOT_YET, Vpc, client, filter, owned, tag, tagged, tags};
use crate::aws::{Aws, Error, Result, eventually};
use crate::kind::field::Id;
use crate::kind::{Blocker, Immutable, Kind, Late, Live, Name, Problem, Ref, Scope, Status, Tags};

/// Says which traffic reaches what is in the group, and which leaves it. What no rule lets
/// through is blocked, outgoing traffic included.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecurityGroup {
    /// The group's name, unique in its network.
    name: Name<255>,
    /// What the group is for.
    #[serde(default = "managed")]
    #[schemars(length(min = 1, max = 255))]
    description: Immutable<String>,
    /// The network.
    vpc: Immutable<Ref<Vpc, Id>>,
    /// What may come in.
    #[serde(default)]
    ingress: Late<Rules>,
    /// What may go out.
    #[serde(default)]
    egress: Late<Rules>,
}

/// What AWS decides about a security group.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The group's id, `sg-…`.
    id: String,
    /// The group's ARN.
    arn: String,
}

fn managed() -> Immutable<String> {
    "Managed by infra".to_owned().into()
}

impl Kind for SecurityGroup {
    const NAME: &'static str = "ec2.security_group";
    type Outputs = Outputs;
    // Interfaces of Lambda functions stay for a while after them.
    const TIMEOUT: Duration = Duration::from_mins(45);
    const ARN: Option<&'static str> = Some("ec2:security-group/");
    const EVENTUAL: &'static [(&'static str, &'static str)] = NOT_YET;
    const FREE: bool = true;

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        let mut groups = describe(aws, owned(scope)).await?;
        groups.extend(in_the_way(aws, scope, &groups).await?);
        // Each network comes with one, which is the network's.
        groups.retain(|group| !scope.is_anybodys() || group.group_name() != Some("default"));
        groups.into_iter().map(|group| read(aws, group)).collect()
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let answer = client(aws)
            .create_security_group()
            .group_name(&*new.name)
            .description(&*new.description)
            .vpc_id(new.vpc.as_str())
            .tag_specifications(tagged(ResourceType::SecurityGroup, tags))
            .send()
            .await?;
        let id = answer.group_id.ok_or_else(|| Error::missing("groupId"))?;
        // AWS starts with a rule that lets everything out.
        eventually(NOT_YET, || set_rules(aws, &id, &new.ingress, &new.egress)).await?;
        Ok(outputs(aws, id))
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        set_rules(aws, &was.outputs.id, &now.ingress, &now.egress).await
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        client(aws).delete_security_group().group_id(&was.outputs.id).send().await?;
        Ok(())
    }

    /// The interfaces that it is on, or else the groups whose rules name it.
    async fn blockers(aws: &Aws, was: &Live<Self>) -> Vec<Blocker> {
        let id = &was.outputs.id;
        let interfaces = holding(aws, "group-id", id).await;
        if !interfaces.is_empty() {
            return interfaces;
        }
        let naming = describe(aws, vec![filter("ip-permission.group-id", [id])]).await;
        let naming = naming.unwrap_or_default();
        let others =
            naming.iter().filter_map(|group| group.group_id()).filter(|other| *other != id);
        let blocker = |other: &str| Blocker {
            what: format!("a rule of security group {other}"),
            remedy: Some(format!("take the rule that names {id} out of {other}, then run again")),
        };
        others.map(blocker).collect()
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tag(aws, &was.outputs.id, set, remove).await
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (path, text) in [("name", &*self.name), ("description", &*self.description)] {
            problems.extend(odd_letter(text).map(|odd| {
                Problem::at(
                    path,
                    format!("AWS does not allow `{odd}` in a security group's {path}"),
                )
            }));
        }
        if self.name.starts_with("sg-") {
            problems.push(Problem::at("name", "AWS keeps names that begin with `sg-` for itself"));
        }
        problems.extend(self.ingress.check("ingress"));
        problems.extend(self.egress.check("egress"));
        problems
    }
}

fn outputs(aws: &Aws, id: String) -> Outputs {
    Outputs { arn: aws.arn("ec2", &format!("security-group/{id}")), id }
}

fn read(aws: &Aws, group: AwsSecurityGroup) -> Result<Live<SecurityGroup>> {
    let (ingress, egress) = rules(aws, &group);
    Ok(Live {
        tags: tags(group.tags()),
        spec: SecurityGroup {
            name: group.group_name.unwrap_or_default().into(),
            description: group.description.unwrap_or_default().into(),
            vpc: Ref::new(group.vpc_id.unwrap_or_default()).into(),
            ingress: ingress.into(),
            egress: egress.into(),
        },
        outputs: outputs(aws, group.group_id.ok_or_else(|| Error::missing("groupId"))?),
        status: Status::Usable,
    })
}
