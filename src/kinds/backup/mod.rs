//! AWS Backup.

mod plan;
mod restore_testing_plan;
mod selection;
mod vault;

use std::collections::HashMap;

use aws_sdk_backup::Client;

pub use plan::Plan;
pub use restore_testing_plan::RestoreTestingPlan;
pub use vault::Vault;

use crate::aws::{Aws, Result};
use crate::kind::{Entry, NewKind, Tags};

/// The kinds of this service, sorted by name.
pub const KINDS: &[NewKind] =
    &[Entry::<Plan>::boxed, Entry::<RestoreTestingPlan>::boxed, Entry::<Vault>::boxed];

fn client(aws: &Aws) -> Client {
    crate::client!(aws, aws_sdk_backup)
}

async fn tag(aws: &Aws, arn: &str, set: &Tags, remove: &[String]) -> Result<()> {
    if !set.is_empty() {
        client(aws).tag_resource().resource_arn(arn).set_tags(Some(map(set))).send().await?;
    }
    if !remove.is_empty() {
        let keys = Some(remove.to_vec());
        client(aws).untag_resource().resource_arn(arn).set_tag_key_list(keys).send().await?;
    }
    Ok(())
}

async fn tags_of(aws: &Aws, arn: &str) -> Result<Tags> {
    let mut tags = Tags::new();
    let mut pages = client(aws).list_tags().resource_arn(arn).into_paginator().send();
    while let Some(page) = pages.try_next().await? {
        tags.extend(page.tags.unwrap_or_default());
    }
    Ok(tags)
}

fn map(tags: &Tags) -> HashMap<String, String> {
    tags.clone().into_iter().collect()
}
