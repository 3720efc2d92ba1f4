//! AWS Key Management Service.

mod key;

use aws_sdk_kms::Client;

pub use key::Key;

use crate::aws::Aws;
use crate::kind::{Entry, NewKind};

/// The kinds of this service, sorted by name.
pub const KINDS: &[NewKind] = &[Entry::<Key>::boxed];

fn client(aws: &Aws) -> Client {
    crate::client!(aws, aws_sdk_kms)
}
