//! Elastic Load Balancing: application and network load balancers.

mod action;
mod listener;
mod load_balancer;
mod rule;
mod target_group;

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::Client;
use aws_sdk_elasticloadbalancingv2::types::Tag;

pub use listener::Listener;
pub use load_balancer::LoadBalancer;
pub(crate) use load_balancer::is_gone;
pub use target_group::TargetGroup;

use crate::aws::{Aws, Result};
use crate::kind::{Entry, NewKind, Scope, Tags};

/// The kinds of this service, sorted by name.
pub const KINDS: &[NewKind] =
    &[Entry::<Listener>::boxed, Entry::<LoadBalancer>::boxed, Entry::<TargetGroup>::boxed];

fn client(aws: &Aws) -> Client {
    crate::client!(aws, aws_sdk_elasticloadbalancingv2)
}

/// How many ARNs one `DescribeTags` takes.
const TAGGED_AT_ONCE: usize = 20;

/// The tags of objects, by ARN.
async fn tags_of(aws: &Aws, arns: &[String]) -> Result<BTreeMap<String, Tags>> {
    let calls = arns
        .chunks(TAGGED_AT_ONCE)
        .map(|chunk| client(aws).describe_tags().set_resource_arns(Some(chunk.to_vec())).send());
    let mut found = BTreeMap::new();
    for answer in futures::future::try_join_all(calls).await? {
        for one in answer.tag_descriptions.unwrap_or_default() {
            let tags = one.tags.unwrap_or_default();
            let tags = tags.into_iter().filter_map(|tag| Some((tag.key?, tag.value?))).collect();
            found.insert(one.resource_arn.unwrap_or_default(), tags);
        }
    }
    Ok(found)
}

/// The tags of objects, by ARN: those of the sweep where they can be trusted.
async fn current_tags(
    aws: &Aws,
    scope: &Scope,
    arns: impl Iterator<Item = &String>,
) -> Result<BTreeMap<String, Tags>> {
    let (trusted, others): (Vec<&String>, Vec<&String>) =
        arns.partition(|arn| scope.trusted(arn).is_some());
    let mut tags = tags_of(aws, &others.into_iter().cloned().collect::<Vec<_>>()).await?;
    let trusted = trusted.into_iter().filter_map(|arn| Some((arn, scope.trusted(arn)?)));
    tags.extend(trusted.map(|(arn, tags)| (arn.clone(), tags.clone())));
    Ok(tags)
}

async fn tag(aws: &Aws, arn: &str, set: &Tags, remove: &[String]) -> Result<()> {
    if !set.is_empty() {
        client(aws).add_tags().resource_arns(arn).set_tags(Some(list(set))).send().await?;
    }
    if !remove.is_empty() {
        let keys = Some(remove.to_vec());
        client(aws).remove_tags().resource_arns(arn).set_tag_keys(keys).send().await?;
    }
    Ok(())
}

fn list(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// The attributes of a load balancer or target group, by AWS's names for them.
type Attributes = BTreeMap<String, String>;

/// An attribute's whole number; `default` when AWS does not give it for this type of object.
fn number(attributes: &Attributes, name: &str, default: i32) -> i32 {
    attributes.get(name).and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// An attribute's truth; `default` when AWS does not give it for this type of object.
fn truth(attributes: &Attributes, name: &str, default: bool) -> bool {
    attributes.get(name).map_or(default, |text| text == "true")
}

/// What `now` says beyond, or other than, `was`.
fn changed(was: &Attributes, now: Attributes) -> Attributes {
    now.into_iter().filter(|(name, value)| was.get(name) != Some(value)).collect()
}
