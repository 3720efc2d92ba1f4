//! AWS Backup.

mod condition;
mod plan;
mod restore_testing_plan;
mod selection;
mod vault;

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

crate::tag_map_by_arn!(resource_arn, set_tag_key_list);

async fn tags_of(aws: &Aws, arn: &str) -> Result<Tags> {
    let mut tags = Tags::new();
    let mut pages = client(aws).list_tags().resource_arn(arn).into_paginator().send();
    while let Some(page) = pages.try_next().await? {
        tags.extend(page.tags.unwrap_or_default());
    }
    Ok(tags)
}
