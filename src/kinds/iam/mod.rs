//! AWS Identity and Access Management.

mod role;
mod role_policies;

use aws_sdk_iam::Client;

pub use role::Role;

use crate::aws::Aws;
use crate::kind::{Entry, NewKind};

/// The kinds of this service, sorted by name.
pub const KINDS: &[NewKind] = &[Entry::<Role>::boxed];

fn client(aws: &Aws) -> Client {
    crate::client!(aws, aws_sdk_iam)
}
