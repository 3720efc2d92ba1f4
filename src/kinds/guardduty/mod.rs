//! Amazon GuardDuty.

mod detector;

use aws_sdk_guardduty::Client;

pub use detector::Detector;

use crate::aws::Aws;
use crate::kind::{Entry, NewKind};

/// The kinds of this service, sorted by name.
pub const KINDS: &[NewKind] = &[Entry::<Detector>::boxed];

fn client(aws: &Aws) -> Client {
    crate::client!(aws, aws_sdk_guardduty)
}

crate::tag_map_by_arn!(resource_arn, set_tag_keys);
