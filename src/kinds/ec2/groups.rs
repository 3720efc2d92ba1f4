//! Lists of security groups: `DescribeSecurityGroups`.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{Filter, SecurityGroup};

use super::{client, filter, owned};
use crate::aws::{Aws, Result, all_pages};
use crate::kind::Scope;

/// All groups that pass the filters.
pub(super) async fn describe(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<SecurityGroup>> {
    let groups = client(aws).describe_security_groups().set_filters(Some(filters));
    let groups = groups.into_paginator().items().send();
    all_pages(groups).await
}

/// Foreign groups that have a name which is wanted and not there yet, in a network of ours: a
/// group of the same name elsewhere is in nobody's way.
pub(super) async fn in_the_way(
    aws: &Aws,
    scope: &Scope,
    ours: &[SecurityGroup],
) -> Result<Vec<SecurityGroup>> {
    let is_there = |name: &str| ours.iter().any(|group| group.group_name() == Some(name));
    let wanted: Vec<&String> = scope.names.iter().filter(|name| !is_there(name)).collect();
    let mut found = Vec::new();
    for names in wanted.chunks(200) {
        let named = describe(aws, vec![filter("group-name", names.iter().copied())]).await?;
        // The filter takes `*` for a wildcard.
        let same = |group: &SecurityGroup| {
            group.group_name().is_some_and(|name| names.iter().any(|wanted| *wanted == name))
        };
        found.extend(named.into_iter().filter(same));
    }
    if found.is_empty() {
        return Ok(found);
    }
    let vpcs = client(aws).describe_vpcs().set_filters(Some(owned(scope)));
    let vpcs = all_pages(vpcs.into_paginator().items().send()).await?;
    let vpcs: BTreeSet<&str> = vpcs.iter().filter_map(|vpc| vpc.vpc_id()).collect();
    found.retain(|group| group.vpc_id().is_some_and(|vpc| vpcs.contains(vpc)));
    Ok(found)
}
