//! Amazon CloudWatch Logs.

mod log_group;

use aws_sdk_cloudwatchlogs::Client;

pub use log_group::LogGroup;
pub(in crate::kinds) use log_group::delete_made_by_service;

use crate::aws::{Aws, Result};
use crate::kind::{Entry, NewKind, Tags};

/// The kinds of this service, sorted by name.
pub const KINDS: &[NewKind] = &[Entry::<LogGroup>::boxed];

fn client(aws: &Aws) -> Client {
    crate::client!(aws, aws_sdk_cloudwatchlogs)
}

async fn tag(aws: &Aws, arn: &str, set: &Tags, remove: &[String]) -> Result<()> {
    if !set.is_empty() {
        client(aws).tag_resource().resource_arn(arn).set_tags(Some(map(set))).send().await?;
    }
    if !remove.is_empty() {
        let keys = Some(remove.to_vec());
        client(aws).untag_resource().resource_arn(arn).set_tag_keys(keys).send().await?;
    }
    Ok(())
}

fn map(tags: &Tags) -> std::collections::HashMap<String, String> {
    tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}
