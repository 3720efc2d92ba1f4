//! Amazon Simple Storage Service.

mod bucket;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;

pub use bucket::Bucket;

use crate::aws::Aws;
use crate::kind::{Entry, NewKind};

/// The kinds of this service, sorted by name.
pub const KINDS: &[NewKind] = &[Entry::<Bucket>::boxed];

/// A bucket's name is part of the host name, unless the user gave the address: what answers there
/// need not answer to other names.
fn client(aws: &Aws) -> Client {
    let by_path = aws.has_endpoint();
    aws.client(|config, counter| {
        let config = Builder::from(config).force_path_style(by_path).interceptor(counter);
        Client::from_conf(config.build())
    })
}
