//! Amazon Simple Notification Service.

mod topic;

use aws_sdk_sns::Client;
use aws_sdk_sns::types::Tag;

pub use topic::Topic;

use crate::aws::{Aws, Result};
use crate::kind::{Entry, NewKind, Tags};

/// The kinds of this service, sorted by name.
pub const KINDS: &[NewKind] = &[Entry::<Topic>::boxed];

fn client(aws: &Aws) -> Client {
    crate::client!(aws, aws_sdk_sns)
}

async fn tag(aws: &Aws, arn: &str, set: &Tags, remove: &[String]) -> Result<()> {
    if !set.is_empty() {
        client(aws).tag_resource().resource_arn(arn).set_tags(Some(list(set)?)).send().await?;
    }
    if !remove.is_empty() {
        let keys = Some(remove.to_vec());
        client(aws).untag_resource().resource_arn(arn).set_tag_keys(keys).send().await?;
    }
    Ok(())
}

async fn tags_of(aws: &Aws, arn: &str) -> Result<Tags> {
    let answer = client(aws).list_tags_for_resource().resource_arn(arn).send().await?;
    Ok(answer.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect())
}

fn list(tags: &Tags) -> Result<Vec<Tag>> {
    let one = |(key, value)| Ok(Tag::builder().key(key).value(value).build()?);
    tags.iter().map(one).collect()
}
