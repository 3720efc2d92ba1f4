//! How long a deleted object can be had back. AWS hears of it only in the call that deletes, when
//! the stack file may no longer say: so the object itself remembers it, as a tag.

use super::{Tags, ownership};

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
