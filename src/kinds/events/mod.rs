//! Amazon EventBridge.

mod rule;
pub(in crate::kinds) mod task;

use aws_sdk_eventbridge::Client;

pub use rule::Rule;

use crate::aws::{Aws, Result};
use crate::kind::{Entry, NewKind, Tags};

/// The kinds of this service, sorted by name.
pub const KINDS: &[NewKind] = &[Entry::<Rule>::boxed];

fn client(aws: &Aws) -> Client {
    crate::client!(aws, aws_sdk_eventbridge)
}

crate::tag_by_arn!(aws_sdk_eventbridge?);

async fn tags_of(aws: &Aws, arn: &str) -> Result<Tags> {
    let answer = client(aws).list_tags_for_resource().resource_arn(arn).send().await?;
    Ok(answer.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect())
}
