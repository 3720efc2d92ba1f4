//! Amazon Route 53: DNS, and checks of what is behind it.

mod domain;
mod health_check;
mod hosted_zone;
mod record;
mod reference;
mod sets;

use std::collections::BTreeMap;

use aws_sdk_route53::Client;
use aws_sdk_route53::types::{Tag, TagResourceType};

pub use health_check::HealthCheck;
pub use hosted_zone::HostedZone;
pub use record::Record;

use crate::aws::{Absent, Aws, Error, Result};
use crate::kind::{Entry, NewKind, Scope, Tags, ownership};

/// The kinds of this service, sorted by name.
pub const KINDS: &[NewKind] =
    &[Entry::<HealthCheck>::boxed, Entry::<HostedZone>::boxed, Entry::<Record>::boxed];

fn client(aws: &Aws) -> Client {
    crate::client!(aws, aws_sdk_route53)
}

/// How many objects one `ListTagsForResources`, and how many tags one `ChangeTagsForResource`, takes.
const AT_ONCE: usize = 10;

/// The scope's objects among all that AWS lists, by id, with their tags. `listed` is the id, the
/// ARN and the caller reference of each: whoever is not in the sweep and has no reference of ours
/// is not asked for tags. Ownership by reference gives way to what the tags say.
async fn owned(
    aws: &Aws,
    scope: &Scope,
    what: &TagResourceType,
    listed: Vec<(String, String, String)>,
) -> Result<BTreeMap<String, Tags>> {
    let mut found = BTreeMap::new();
    let mut unknown = BTreeMap::new();
    for (id, arn, reference) in listed {
        let ours = reference::owner(&reference, scope);
        match scope.trusted(&arn) {
            Some(tags) => drop(found.insert(id, tags.clone())),
            None if ours.is_some() || scope.is_anybodys() || scope.swept.contains_key(&arn) => {
                unknown.insert(id, ours.unwrap_or_default());
            }
            None => {}
        }
    }
    let ids: Vec<String> = unknown.keys().cloned().collect();
    for ids in ids.chunks(AT_ONCE) {
        for (id, tags) in tags_of(aws, what, ids).await? {
            let mut all = unknown.remove(&id).unwrap_or_default();
            all.extend(tags);
            found.insert(id, all);
        }
    }
    found.retain(|_, tags| scope.owns(tags));
    Ok(found)
}

/// The tags of up to ten objects. One that has just gone makes AWS refuse the whole list.
async fn tags_of(aws: &Aws, what: &TagResourceType, ids: &[String]) -> Result<Vec<(String, Tags)>> {
    let list = client(aws).list_tags_for_resources().resource_type(what.clone());
    let list = list.set_resource_ids(Some(ids.to_vec())).send().await.map_err(Error::from);
    let Some(answer) = list.absent()? else {
        if ids.len() < 2 {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        for id in ids.chunks(1) {
            found.extend(Box::pin(tags_of(aws, what, id)).await?);
        }
        return Ok(found);
    };
    let sets = answer.resource_tag_sets.into_iter().filter_map(|set| {
        let tags = set.tags.unwrap_or_default();
        let tags = tags.into_iter().filter_map(|tag| Some((tag.key?, tag.value?))).collect();
        Some((set.resource_id?, tags))
    });
    Ok(sets.collect())
}

/// Adds or overwrites the tags in `set` and takes away those named in `remove`. The ownership tags
/// of `was` are sent along: a run that was cut short may have left them to the caller reference.
async fn tag(
    aws: &Aws,
    (what, id): (TagResourceType, &str),
    was: &Tags,
    set: &Tags,
    remove: &[String],
) -> Result<()> {
    let mut all: Tags = was.clone();
    all.retain(|key, _| key.starts_with(ownership::PREFIX) && !remove.contains(key));
    all.extend(set.clone());
    let tag = |(key, value)| Tag::builder().key(key).value(value).build();
    let add: Vec<Tag> = all.iter().map(tag).collect();
    let change = || client(aws).change_tags_for_resource().resource_type(what.clone());
    for tags in add.chunks(AT_ONCE) {
        change().resource_id(id).set_add_tags(Some(tags.to_vec())).send().await?;
    }
    for keys in remove.chunks(AT_ONCE) {
        change().resource_id(id).set_remove_tag_keys(Some(keys.to_vec())).send().await?;
    }
    Ok(())
}
