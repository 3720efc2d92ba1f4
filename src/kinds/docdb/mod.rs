//! Amazon DocumentDB.

mod cluster;
mod instance;
mod parameter_group;
mod subnet_group;

use aws_sdk_docdb::Client;

pub use cluster::Cluster;
pub use instance::Instance;
pub use parameter_group::ParameterGroup;
pub use subnet_group::SubnetGroup;

use crate::aws::Aws;
use crate::kind::{Entry, NewKind};

/// The kinds of this service, sorted by name.
pub const KINDS: &[NewKind] = &[
    Entry::<Cluster>::boxed,
    Entry::<Instance>::boxed,
    Entry::<ParameterGroup>::boxed,
    Entry::<SubnetGroup>::boxed,
];

fn client(aws: &Aws) -> Client {
    crate::client!(aws, aws_sdk_docdb)
}

crate::kinds::rds::shared::tags!(aws_sdk_docdb);
