//! Amazon Simple Notification Service.

mod topic;

use aws_sdk_sns::Client;

pub use topic::Topic;

use crate::aws::{Aws, Result};
use crate::kind::{Entry, NewKind, Tags};

/// The kinds of this service, sorted by name.
pub const KINDS: &[NewKind] = &[Entry::<Topic>::boxed];

fn client(aws: &Aws) -> Client {
    crate::client!(aws, aws_sdk_sns)
}

crate::tag_by_arn!(aws_sdk_sns?);

async fn tags_of(aws: &Aws, arn: &str) -> Result<Tags> {
    let answer = client(aws).list_tags_for_resource().resource_arn(arn).send().await?;
    Ok(answer.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect())
}
