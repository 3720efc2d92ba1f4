//! AWS Secrets Manager.

mod secret;

use aws_sdk_secretsmanager::Client;

pub use secret::Secret;

use crate::aws::Aws;
use crate::kind::{Entry, NewKind};

/// The kinds of this service, sorted by name.
pub const KINDS: &[NewKind] = &[Entry::<Secret>::boxed];

fn client(aws: &Aws) -> Client {
    crate::client!(aws, aws_sdk_secretsmanager)
}
