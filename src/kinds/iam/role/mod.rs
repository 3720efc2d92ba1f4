//! `iam.role`: `CreateRole`, `AttachRolePolicy`, `PutRolePolicy`, `CreateInstanceProfile`.

mod list;
mod policies;
mod profile;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{client, tag_list};
use crate::aws::{Aws, Error, Result};
use crate::kind::{Any, Arn, Immutable, Kind, Live, Name, Policy, Ref, Scope, Set, Tags, default};
use policies::Policies;

/// A role: what services and people may become for a while, and what they may do then.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// The role's name, unique in the account.
    #[schemars(regex(pattern = r"^[\w+=,.@-]+$"))]
    name: Name<64>,
    /// The path in front of the name, with a slash at both ends. Policies can speak of all roles
    /// under a path.
    #[serde(default = "default_path")]
    #[schemars(length(min = 1, max = 512), regex(pattern = r"^/([!-~]+/)?$"))]
    path: Immutable<String>,
    /// Who may assume the role.
    trust: Policy,
    /// What the role is for.
    #[schemars(length(min = 1, max = 1000))]
    description: Option<String>,
    /// The longest session, in seconds.
    #[serde(default = "default::int::<3600>")]
    #[schemars(range(min = 3600, max = 43200))]
    max_session_duration: i32,
    /// ARNs of policies of AWS's and of the account's, such as
    /// `arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy`.
    #[serde(default)]
    managed_policies: Set<Ref<Any, Arn>>,
    /// Policies of the role's own, by name.
    #[serde(default)]
    inline_policies: BTreeMap<String, Policy>,
    /// The managed policy that limits what the role's policies can allow.
    permissions_boundary: Option<Ref<Any, Arn>>,
    /// Whether there is an instance profile of the role's name, path and tags, by which EC2 instances
    /// have the role. It comes and goes with the role.
    #[serde(default)]
    instance_profile: bool,
}

/// What AWS decides about a role.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The role's name.
    name: String,
    /// The role's ARN.
    arn: String,
    /// The id that no later role of this name will have.
    id: String,
    /// The ARN that the instance profile has where the role has one: `instance_profile: true`.
    profile_arn: String,
}

impl Outputs {
    fn new(name: String, arn: String, id: String) -> Self {
        let profile_arn = arn.replacen(":role/", ":instance-profile/", 1);
        Self { name, arn, id, profile_arn }
    }
}

/// The path of roles whose declaration gives none: discovery then has one path to list.
fn default_path() -> Immutable<String> {
    "/infra/".to_owned().into()
}

impl Role {
    fn policies(&self) -> Policies<'_> {
        Policies {
            managed: self.managed_policies.iter().map(|policy| policy.as_str()).collect(),
            inline: self.inline_policies.iter().map(|(name, one)| (&**name, one)).collect(),
            boundary: self.permissions_boundary.as_ref().map(|policy| policy.as_str()),
        }
    }
}

impl Kind for Role {
    const NAME: &'static str = "iam.role";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = None;
    const GLOBAL: bool = true;
    /// A principal that was just made is not known everywhere at once.
    const EVENTUAL: &'static [(&'static str, &'static str)] =
        &[("MalformedPolicyDocument", "Invalid principal")];
    const FREE: bool = true;

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        list::roles(aws, scope).await
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let made = client(aws)
            .create_role()
            .role_name(&*new.name)
            .path(&*new.path)
            .assume_role_policy_document(new.trust.to_string())
            .set_description(new.description.clone())
            .max_session_duration(new.max_session_duration)
            .set_permissions_boundary(new.permissions_boundary.as_ref().map(ToString::to_string))
            .set_tags(Some(tag_list(tags)?))
            .send()
            .await?;
        let role = made.role.ok_or_else(|| Error::missing("role"))?;
        let now = new.policies();
        let was = Policies { boundary: now.boundary, ..Policies::default() };
        policies::change(aws, &new.name, &was, &now).await?;
        if new.instance_profile {
            profile::make(aws, &new.name, &new.path, tags).await?;
        }
        Ok(Outputs::new(role.role_name, role.arn, role.role_id))
    }

    async fn update(aws: &Aws, live: &Live<Self>, now: &Self) -> Result<()> {
        let (was, name) = (&live.spec, &*now.name);
        if was.trust != now.trust {
            let update = client(aws).update_assume_role_policy().role_name(name);
            update.policy_document(now.trust.to_string()).send().await?;
        }
        if was.description != now.description
            || was.max_session_duration != now.max_session_duration
        {
            let update = client(aws).update_role().role_name(name);
            let update = update.description(now.description.clone().unwrap_or_default());
            update.max_session_duration(now.max_session_duration).send().await?;
        }
        policies::change(aws, name, &was.policies(), &now.policies()).await?;
        match (was.instance_profile, now.instance_profile) {
            (false, true) => profile::make(aws, name, &now.path, &live.tags).await,
            (true, false) => profile::unmake(aws, name).await,
            _ => Ok(()),
        }
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        let name = &*was.spec.name;
        policies::detach_all(aws, name).await?;
        profile::clean_up(aws, name, &was.tags).await?;
        client(aws).delete_role().role_name(name).send().await?;
        Ok(())
    }

    async fn created(aws: &Aws, was: &Live<Self>) -> Result<Option<i64>> {
        let answer = client(aws).get_role().role_name(&*was.spec.name).send().await?;
        Ok(answer.role().map(|role| role.create_date().secs()))
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        let name = &*was.spec.name;
        if !set.is_empty() {
            let tags = Some(tag_list(set)?);
            if was.spec.instance_profile {
                let tag = client(aws).tag_instance_profile().instance_profile_name(name);
                tag.set_tags(tags.clone()).send().await?;
            }
            client(aws).tag_role().role_name(name).set_tags(tags).send().await?;
        }
        if !remove.is_empty() {
            let keys = Some(remove.to_vec());
            if was.spec.instance_profile {
                let untag = client(aws).untag_instance_profile().instance_profile_name(name);
                untag.set_tag_keys(keys.clone()).send().await?;
            }
            client(aws).untag_role().role_name(name).set_tag_keys(keys).send().await?;
        }
        Ok(())
    }
}
