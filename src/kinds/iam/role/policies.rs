//! What hangs on a role: managed policies, policies of its own, its boundary.

use std::collections::{BTreeMap, BTreeSet};

use super::client;
use crate::aws::{Aws, Result, all_pages, eventually};
use crate::kind::Policy;

/// Errors of a change that meets another one of the same role.
const BUSY: &[(&str, &str)] = &[("ConcurrentModification", "")];

/// A role's policies.
#[derive(Default)]
pub(super) struct Policies<'a> {
    /// ARNs of managed policies.
    pub managed: BTreeSet<&'a str>,
    /// The role's own, by name.
    pub inline: BTreeMap<&'a str, &'a Policy>,
    /// The ARN of the boundary.
    pub boundary: Option<&'a str>,
}

/// Brings a role from `was` to `now`: what is new first, so that nothing is denied in between.
pub(super) async fn change(
    aws: &Aws,
    role: &str,
    was: &Policies<'_>,
    now: &Policies<'_>,
) -> Result<()> {
    let client = client(aws);
    if was.boundary != now.boundary {
        set_boundary(aws, role, now.boundary).await?;
    }
    for policy in now.managed.difference(&was.managed) {
        let attach = client.attach_role_policy().role_name(role).policy_arn(*policy);
        eventually(BUSY, || async { Ok(attach.clone().send().await.map(drop)?) }).await?;
    }
    for (name, policy) in now.inline.iter().filter(|(name, now)| was.inline.get(*name) != Some(now))
    {
        let put = client.put_role_policy().role_name(role).policy_name(*name);
        let put = put.policy_document(policy.to_string());
        eventually(BUSY, || async { Ok(put.clone().send().await.map(drop)?) }).await?;
    }
    for policy in was.managed.difference(&now.managed) {
        client.detach_role_policy().role_name(role).policy_arn(*policy).send().await?;
    }
    for name in was.inline.keys().filter(|name| !now.inline.contains_key(*name)) {
        client.delete_role_policy().role_name(role).policy_name(*name).send().await?;
    }
    Ok(())
}

async fn set_boundary(aws: &Aws, role: &str, policy: Option<&str>) -> Result<()> {
    if let Some(policy) = policy {
        let put = client(aws).put_role_permissions_boundary().role_name(role);
        put.permissions_boundary(policy).send().await?;
    } else {
        client(aws).delete_role_permissions_boundary().role_name(role).send().await?;
    }
    Ok(())
}

/// Takes everything from a role, instance profiles too, listed afresh: all of it has to go before
/// the role can.
pub(super) async fn detach_all(aws: &Aws, role: &str) -> Result<()> {
    let client = client(aws);
    let profiles = client.list_instance_profiles_for_role().role_name(role);
    for profile in all_pages(profiles.into_paginator().items().send()).await? {
        let remove = client.remove_role_from_instance_profile().role_name(role);
        remove.instance_profile_name(profile.instance_profile_name()).send().await?;
    }
    let attached = client.list_attached_role_policies().role_name(role);
    for policy in all_pages(attached.into_paginator().items().send()).await? {
        let detach = client.detach_role_policy().role_name(role);
        detach.set_policy_arn(policy.policy_arn).send().await?;
    }
    let inline = client.list_role_policies().role_name(role);
    for policy in all_pages(inline.into_paginator().items().send()).await? {
        client.delete_role_policy().role_name(role).policy_name(policy).send().await?;
    }
    Ok(())
}
