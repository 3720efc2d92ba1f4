//! Application Auto Scaling.

mod application_target;

use std::collections::HashMap;

use aws_sdk_applicationautoscaling::Client;

pub use application_target::ApplicationTarget;

use crate::aws::{Aws, Result};
use crate::kind::{Entry, NewKind, Tags};

/// The kinds of this service, sorted by name.
pub const KINDS: &[NewKind] = &[Entry::<ApplicationTarget>::boxed];

fn client(aws: &Aws) -> Client {
    crate::client!(aws, aws_sdk_applicationautoscaling)
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

fn map(tags: &Tags) -> HashMap<String, String> {
    tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}

async fn tags_of(aws: &Aws, arn: &str) -> Result<Tags> {
    let answer = client(aws).list_tags_for_resource().resource_arn(arn).send().await?;
    Ok(answer.tags.unwrap_or_default().into_iter().collect())
}
