//! Application Auto Scaling.

mod application_target;

use aws_sdk_applicationautoscaling::Client;

pub use application_target::ApplicationTarget;

use crate::aws::{Aws, Result};
use crate::kind::{Entry, NewKind, Tags};

/// The kinds of this service, sorted by name.
pub const KINDS: &[NewKind] = &[Entry::<ApplicationTarget>::boxed];

fn client(aws: &Aws) -> Client {
    crate::client!(aws, aws_sdk_applicationautoscaling)
}

crate::tag_map_by_arn!(resource_arn, set_tag_keys);

async fn tags_of(aws: &Aws, arn: &str) -> Result<Tags> {
    let answer = client(aws).list_tags_for_resource().resource_arn(arn).send().await?;
    Ok(answer.tags.unwrap_or_default().into_iter().collect())
}
