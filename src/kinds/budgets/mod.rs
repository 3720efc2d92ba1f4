//! AWS Budgets. It answers at one address for the whole account.

mod budget;

use aws_sdk_budgets::Client;
use aws_sdk_budgets::types::ResourceTag;

pub use budget::Budget;

use crate::aws::{Aws, Result};
use crate::kind::{Entry, NewKind, Tags};

/// The kinds of this service, sorted by name.
pub const KINDS: &[NewKind] = &[Entry::<Budget>::boxed];

fn client(aws: &Aws) -> Client {
    crate::client!(aws, aws_sdk_budgets)
}

async fn tag(aws: &Aws, arn: &str, set: &Tags, remove: &[String]) -> Result<()> {
    if !set.is_empty() {
        let tags = Some(list(set)?);
        client(aws).tag_resource().resource_arn(arn).set_resource_tags(tags).send().await?;
    }
    if !remove.is_empty() {
        let keys = Some(remove.to_vec());
        client(aws).untag_resource().resource_arn(arn).set_resource_tag_keys(keys).send().await?;
    }
    Ok(())
}

async fn tags_of(aws: &Aws, arn: &str) -> Result<Tags> {
    let answer = client(aws).list_tags_for_resource().resource_arn(arn).send().await?;
    Ok(answer
        .resource_tags
        .unwrap_or_default()
        .into_iter()
        .map(|tag| (tag.key, tag.value))
        .collect())
}

/// Tags as the service takes them.
fn list(tags: &Tags) -> Result<Vec<ResourceTag>> {
    let tag = |(key, value)| Ok(ResourceTag::builder().key(key).value(value).build()?);
    tags.iter().map(tag).collect()
}
