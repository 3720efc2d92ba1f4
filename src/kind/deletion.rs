//! What becomes of an object when it is deleted: whether AWS lets it go, and how long it can be had
//! back. Of the latter AWS hears only in the call that deletes, when the stack file may no longer say:
//! so the object itself remembers it, as a tag.

use serde_json::Value;

use super::{AnyKind, Tags, ownership};

/// The field by which AWS refuses to delete an object that has this spec.
pub fn protected_by(kind: &dyn AnyKind, spec: &Value) -> Option<&'static str> {
    let (field, free) = kind.protection().first()?;
    let value = spec.get(field)?;
    (*value != read(free)).then_some(*field)
}

/// The spec with which AWS lets an object go that it protects; `None` when it does not protect it.
pub fn unprotected(kind: &dyn AnyKind, spec: &Value) -> Option<Value> {
    protected_by(kind, spec)?;
    let mut free = spec.clone();
    for (field, value) in kind.protection() {
        free[*field] = read(value);
    }
    Some(free)
}

fn read(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or_default()
}

/// The days when nothing is said.
pub const DEFAULT_DAYS: i32 = 30;

/// For `#[serde(default = …)]`.
pub fn default_days() -> i32 {
    DEFAULT_DAYS
}

/// The days that an object's tags remember.
pub fn days(tags: &Tags) -> i32 {
    tags.get(ownership::DELETION_DAYS).and_then(|text| text.parse().ok()).unwrap_or(DEFAULT_DAYS)
}

/// The tag that remembers the days.
pub fn tag(days: i32) -> Tags {
    Tags::from([(ownership::DELETION_DAYS.to_owned(), days.to_string())])
}

/// An object's tags with the one that remembers the days.
#[must_use]
pub fn with_days(tags: &Tags, days: i32) -> Tags {
    let mut all = tags.clone();
    all.extend(tag(days));
    all
}
