//! AWS Identity and Access Management.

mod role;

use aws_sdk_iam::Client;
use aws_sdk_iam::types::Tag;

pub use role::Role;

use crate::aws::{Aws, Result};
use crate::kind::{Entry, NewKind, Tags};

/// The kinds of this service, sorted by name.
pub const KINDS: &[NewKind] = &[Entry::<Role>::boxed];

fn client(aws: &Aws) -> Client {
    crate::client!(aws, aws_sdk_iam)
}

/// Tags as IAM takes them.
fn tag_list(tags: &Tags) -> Result<Vec<Tag>> {
    let tag = |(key, value)| Ok(Tag::builder().key(key).value(value).build()?);
    tags.iter().map(tag).collect()
}
