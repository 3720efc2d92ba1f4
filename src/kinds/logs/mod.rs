//! Amazon CloudWatch Logs.

mod log_group;

use aws_sdk_cloudwatchlogs::Client;

pub use log_group::LogGroup;
pub(in crate::kinds) use log_group::delete_made_by_service;

use crate::aws::Aws;
use crate::kind::{Entry, NewKind};

/// The kinds of this service, sorted by name.
pub const KINDS: &[NewKind] = &[Entry::<LogGroup>::boxed];

fn client(aws: &Aws) -> Client {
    crate::client!(aws, aws_sdk_cloudwatchlogs)
}

crate::tag_map_by_arn!(resource_arn, set_tag_keys);
