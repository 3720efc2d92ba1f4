//! AWS CloudTrail.

mod trail;

use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::types::Tag;

pub use trail::Trail;

use crate::aws::{Aws, Result};
use crate::kind::{Entry, NewKind, Tags};

/// The kinds of this service, sorted by name.
pub const KINDS: &[NewKind] = &[Entry::<Trail>::boxed];

fn client(aws: &Aws) -> Client {
    crate::client!(aws, aws_sdk_cloudtrail)
}

async fn tag(aws: &Aws, arn: &str, set: &Tags, remove: &[String]) -> Result<()> {
    if !set.is_empty() {
        let tags = Some(list(set)?);
        client(aws).add_tags().resource_id(arn).set_tags_list(tags).send().await?;
    }
    if !remove.is_empty() {
        let keys = remove.iter().map(|key| Ok(Tag::builder().key(key).build()?));
        let tags = Some(keys.collect::<Result<_>>()?);
        client(aws).remove_tags().resource_id(arn).set_tags_list(tags).send().await?;
    }
    Ok(())
}

async fn tags_of(aws: &Aws, arn: &str) -> Result<Tags> {
    let pages = client(aws).list_tags().resource_id_list(arn).into_paginator().items().send();
    let found = crate::aws::all_pages(pages).await?;
    let tags = found.into_iter().flat_map(|one| one.tags_list.unwrap_or_default());
    Ok(tags.map(|tag| (tag.key, tag.value.unwrap_or_default())).collect())
}

/// Tags as the service takes them.
fn list(tags: &Tags) -> Result<Vec<Tag>> {
    let tag = |(key, value)| Ok(Tag::builder().key(key).value(value).build()?);
    tags.iter().map(tag).collect()
}
