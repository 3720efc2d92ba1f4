//! Amazon ECR.

mod repository;

use aws_sdk_ecr::Client;
use aws_sdk_ecr::types::Tag;

pub use repository::Repository;

use crate::aws::{Aws, Result};
use crate::kind::{Entry, NewKind, Tags};

/// The kinds of this service, sorted by name.
pub const KINDS: &[NewKind] = &[Entry::<Repository>::boxed];

fn client(aws: &Aws) -> Client {
    crate::client!(aws, aws_sdk_ecr)
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

fn list(tags: &Tags) -> Result<Vec<Tag>> {
    let tag =
        |(key, value): (&String, &String)| Ok(Tag::builder().key(key).value(value).build()?);
    tags.iter().map(tag).collect()
}
