//! Amazon CloudWatch.

mod alarm;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::Tag;

pub use alarm::{Alarm, UNITS};

use crate::aws::{Aws, Result};
use crate::kind::{Entry, NewKind, Tags};

/// The kinds of this service, sorted by name.
pub const KINDS: &[NewKind] = &[Entry::<Alarm>::boxed];

fn client(aws: &Aws) -> Client {
    crate::client!(aws, aws_sdk_cloudwatch)
}

async fn tag(aws: &Aws, arn: &str, set: &Tags, remove: &[String]) -> Result<()> {
    if !set.is_empty() {
        client(aws).tag_resource().resource_arn(arn).set_tags(Some(list(set))).send().await?;
    }
    if !remove.is_empty() {
        let keys = Some(remove.to_vec());
        client(aws).untag_resource().resource_arn(arn).set_tag_keys(keys).send().await?;
    }
    Ok(())
}

async fn tags_of(aws: &Aws, arn: &str) -> Result<Tags> {
    let answer = client(aws).list_tags_for_resource().resource_arn(arn).send().await?;
    let tags = answer.tags.unwrap_or_default();
    Ok(tags.into_iter().filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default()))).collect())
}

fn list(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}
