//! `iam.role`: `CreateRole`, `AttachRolePolicy`, `PutRolePolicy`.

use std::collections::BTreeMap;

use aws_sdk_iam::types::{EntityType, Role as AwsRole, RoleDetail, Tag};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::client;
use super::role_policies::{self, Policies};
use crate::aws::{Aws, Error, Result, all_pages};
use crate::kind::{
    Any, Arn, Immutable, Kind, Live, Name, Policy, Ref, Scope, Set, Status, Tags, default,
};

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

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        let details = client(aws).get_account_authorization_details().filter(EntityType::Role);
        let pages = details.max_items(1000).into_paginator().send();
        let pages = all_pages(pages).await?;
        let found: Vec<(RoleDetail, Tags)> = pages
            .into_iter()
            .flat_map(|page| page.role_detail_list.unwrap_or_default())
            .map(|role| (tags_of(&role), role))
            .filter(|(tags, role)| scope.wants(tags, role.role_name().unwrap_or_default()))
            .map(|(tags, role)| (role, tags))
            .collect();
        let Some((first, _)) = found.first() else { return Ok(Vec::new()) };
        // Only this list has description and session duration. One path in common shortens it.
        let path = first.path().filter(|path| found.iter().all(|(r, _)| r.path() == Some(path)));
        let list = client(aws).list_roles().path_prefix(path.unwrap_or("/")).max_items(1000);
        let list = list.into_paginator().items().send();
        let list = all_pages(list).await?;
        found
            .into_iter()
            .filter_map(|(role, tags)| {
                let summary = list.iter().find(|one| role.arn() == Some(one.arn()))?;
                Some(read(&role, summary, tags))
            })
            .collect()
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
            .set_tags(Some(aws_tags(tags)?))
            .send()
            .await?;
        let role = made.role.ok_or_else(|| Error::missing("role"))?;
        let now = new.policies();
        let was = Policies { boundary: now.boundary, ..Policies::default() };
        role_policies::change(aws, &new.name, &was, &now).await?;
        Ok(Outputs { name: role.role_name, arn: role.arn, id: role.role_id })
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        let (was, name) = (&was.spec, &*now.name);
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
        role_policies::change(aws, name, &was.policies(), &now.policies()).await
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        let name = &*was.spec.name;
        role_policies::detach_all(aws, name).await?;
        client(aws).delete_role().role_name(name).send().await?;
        Ok(())
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        let name = &*was.spec.name;
        if !set.is_empty() {
            let tags = Some(aws_tags(set)?);
            client(aws).tag_role().role_name(name).set_tags(tags).send().await?;
        }
        if !remove.is_empty() {
            let keys = Some(remove.to_vec());
            client(aws).untag_role().role_name(name).set_tag_keys(keys).send().await?;
        }
        Ok(())
    }
}

fn aws_tags(tags: &Tags) -> Result<Vec<Tag>> {
    let tag = |(key, value)| Ok(Tag::builder().key(key).value(value).build()?);
    tags.iter().map(tag).collect()
}

fn tags_of(role: &RoleDetail) -> Tags {
    role.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect()
}

fn read(role: &RoleDetail, summary: &AwsRole, tags: Tags) -> Result<Live<Role>> {
    let trust = role.assume_role_policy_document();
    let attached = role.attached_managed_policies().iter().filter_map(|one| one.policy_arn());
    let inline = role.role_policy_list().iter().filter_map(|policy| {
        Some((policy.policy_name()?.to_owned(), Policy::parse(policy.policy_document()?)))
    });
    Ok(Live {
        spec: Role {
            name: summary.role_name().into(),
            path: summary.path().to_owned().into(),
            trust: Policy::parse(trust.ok_or_else(|| Error::missing("trust policy"))?),
            description: summary.description().filter(|text| !text.is_empty()).map(Into::into),
            max_session_duration: summary.max_session_duration().unwrap_or(3600),
            managed_policies: attached.map(Ref::from).collect(),
            inline_policies: inline.collect(),
            permissions_boundary: role
                .permissions_boundary()
                .and_then(|boundary| boundary.permissions_boundary_arn())
                .map(Ref::from),
        },
        outputs: Outputs {
            name: summary.role_name().to_owned(),
            arn: summary.arn().to_owned(),
            id: summary.role_id().to_owned(),
        },
        tags,
        status: Status::Usable,
    })
}
