//! Amazon CloudWatch.

mod alarm;
mod dashboard;

use aws_sdk_cloudwatch::Client;

pub use alarm::{Alarm, UNITS};
pub use dashboard::Dashboard;

use crate::aws::{Aws, Result};
use crate::kind::{Entry, NewKind, Tags};

/// The kinds of this service, sorted by name.
pub const KINDS: &[NewKind] = &[Entry::<Alarm>::boxed, Entry::<Dashboard>::boxed];

fn client(aws: &Aws) -> Client {
    crate::client!(aws, aws_sdk_cloudwatch)
}

crate::tag_by_arn!(aws_sdk_cloudwatch);

async fn tags_of(aws: &Aws, arn: &str) -> Result<Tags> {
    let answer = client(aws).list_tags_for_resource().resource_arn(arn).send().await?;
    let tags = answer.tags.unwrap_or_default();
    Ok(tags.into_iter().filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default()))).collect())
}
