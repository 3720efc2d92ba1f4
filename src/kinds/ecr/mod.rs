//! Amazon ECR.

mod repository;

use aws_sdk_ecr::Client;

pub use repository::Repository;

use crate::aws::Aws;
use crate::kind::{Entry, NewKind};

/// The kinds of this service, sorted by name.
pub const KINDS: &[NewKind] = &[Entry::<Repository>::boxed];

fn client(aws: &Aws) -> Client {
    crate::client!(aws, aws_sdk_ecr)
}

crate::tag_by_arn!(aws_sdk_ecr?);
