//! AWS Config.

mod recorder;

use aws_sdk_config::Client;

pub use recorder::Recorder;

use crate::aws::{Aws, Result};
use crate::kind::{Entry, NewKind, Tags};

/// The kinds of this service, sorted by name.
pub const KINDS: &[NewKind] = &[Entry::<Recorder>::boxed];

fn client(aws: &Aws) -> Client {
    crate::client!(aws, aws_sdk_config)
}

crate::tag_by_arn!(aws_sdk_config);

async fn tags_of(aws: &Aws, arn: &str) -> Result<Tags> {
    let pages = client(aws).list_tags_for_resource().resource_arn(arn).into_paginator().items();
    let tags = crate::aws::all_pages(pages.send()).await?;
    Ok(tags.into_iter().filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default()))).collect())
}
