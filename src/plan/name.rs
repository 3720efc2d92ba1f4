//! Names that nobody chose, and their [generations](crate::kind::generation).

use crate::kind::generation::{generation, nth};
use crate::model::Resource;

/// Whether a live object's name may be one that an earlier run made up for the resource: then it
/// is as good as the default. Objects that moved bear the name of their old address.
pub(super) fn made_up(resource: &Resource, stack: &str, environment: &str, live: &str) -> bool {
    let Some(base) = &resource.default_name else { return false };
    let prefix = format!("{stack}-{environment}-");
    generation(base, live, limit(resource)).is_some() || live.starts_with(&prefix)
}

/// The default name for a successor of objects that have the names `taken`.
pub(super) fn next<'a>(
    resource: &Resource,
    taken: impl Iterator<Item = &'a str>,
) -> Option<String> {
    let base = resource.default_name.as_deref()?;
    let last = taken.filter_map(|name| generation(base, name, limit(resource))).max();
    Some(nth(base, last.unwrap_or(0) + 1, limit(resource)))
}

/// Which generation of the resource's default name a name is; the first is 1.
pub(super) fn generation_of(resource: &Resource, name: &str) -> Option<u32> {
    generation(resource.default_name.as_deref()?, name, limit(resource))
}

/// How long the kind lets names be.
fn limit(resource: &Resource) -> usize {
    resource
        .kind
        .schema()
        .name_field()
        .and_then(|field| field.schema.get("maxLength")?.as_u64())
        .and_then(|limit| usize::try_from(limit).ok())
        .unwrap_or(usize::MAX)
}
