//! Roles as IAM lists them: `GetAccountAuthorizationDetails`, `ListRoles`.

use aws_sdk_iam::types::{EntityType, Role as AwsRole, RoleDetail};

use super::{Outputs, Role, client};
use crate::aws::{Aws, Error, Result, all_pages};
use crate::kind::{Live, Policy, Ref, Scope, Status, Tags};

/// The scope's roles, in two calls for all of them.
pub(super) async fn roles(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Role>>> {
    let details = client(aws).get_account_authorization_details().filter(EntityType::Role);
    let pages = details.max_items(1000).into_paginator().send();
    let pages = all_pages(pages).await?;
    let found: Vec<(RoleDetail, Tags)> = pages
        .into_iter()
        .flat_map(|page| page.role_detail_list.unwrap_or_default())
        .filter(|role| !(scope.is_anybodys() && is_of_aws(role.path().unwrap_or_default())))
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

/// Whether roles of that path are made and kept by services of AWS.
fn is_of_aws(path: &str) -> bool {
    path.starts_with("/aws-service-role/") || path.starts_with("/aws-reserved/")
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
            instance_profile: role
                .instance_profile_list()
                .iter()
                .any(|profile| profile.instance_profile_name() == summary.role_name()),
        },
        outputs: Outputs::new(
            summary.role_name().to_owned(),
            summary.arn().to_owned(),
            summary.role_id().to_owned(),
        ),
        tags,
        status: Status::Usable,
    })
}
