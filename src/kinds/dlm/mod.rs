//! Amazon Data Lifecycle Manager.

mod policy;

use aws_sdk_dlm::Client;

pub use policy::Policy;

use crate::aws::Aws;
use crate::kind::{Entry, NewKind};

/// The kinds of this service, sorted by name.
pub const KINDS: &[NewKind] = &[Entry::<Policy>::boxed];

fn client(aws: &Aws) -> Client {
    crate::client!(aws, aws_sdk_dlm)
}

crate::tag_map_by_arn!(resource_arn, set_tag_keys);
