//! Objects that resources take over: they are found by what names them, not by tags of ours.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{DiscoveryError, List, read_all};
use crate::aws::Session;
use crate::kind::{AnyKind, LiveObject, Scope, ownership};
use crate::model::{Address, Resource, Stack};

/// The objects that `adopt` names for resources which have none yet, among all that the account has of
/// their kinds. Nothing is asked once all resources have theirs.
pub(super) async fn objects(
    session: &Session,
    stack: &Stack,
    known: &[Arc<LiveObject>],
) -> Result<Vec<Arc<LiveObject>>, DiscoveryError> {
    let wanted: Vec<(&Resource, &str)> = stack
        .adopt
        .iter()
        .filter_map(|(address, id)| Some((stack.get(address)?, id.as_str())))
        .filter(|(resource, _)| !known.iter().any(|object| has(stack, resource, object)))
        .collect();
    let mut lists: BTreeMap<(&str, &str), &'static dyn AnyKind> = BTreeMap::new();
    for (resource, _) in &wanted {
        lists.insert((region(stack, resource), resource.kind.name()), resource.kind);
    }
    let lists = lists.into_iter().map(|((region, _), kind)| List {
        kind,
        aws: session.region(region),
        scope: Scope::anybodys(kind),
    });
    let mut found = read_all(lists.collect()).await?;
    let key =
        |object: &LiveObject| (object.kind.clone(), object.region.clone(), object.id().to_owned());
    let known: BTreeSet<_> = known.iter().map(|object| key(object)).collect();
    found.retain(|object| {
        let is_wanted = |(resource, id): &(&Resource, &str)| {
            resource.kind.name() == object.kind
                && region(stack, resource) == object.region
                && object.is_named(resource.kind, id)
        };
        !known.contains(&key(object)) && wanted.iter().any(is_wanted)
    });
    Ok(found)
}

/// Whether an object is a resource's own already.
fn has(stack: &Stack, resource: &Resource, object: &LiveObject) -> bool {
    let is = |tag, value: &str| object.tags.get(tag).is_some_and(|found| found == value);
    resource.kind.name() == object.kind
        && region(stack, resource) == object.region
        && is(ownership::STACK, &stack.name)
        && is(ownership::ENVIRONMENT, &stack.environment)
        && object.address().map(Address::new).as_ref() == Some(&resource.address)
}

/// Where a resource's object is looked for.
fn region<'a>(stack: &'a Stack, resource: &'a Resource) -> &'a str {
    if resource.kind.is_global() { &stack.region } else { &resource.region }
}
