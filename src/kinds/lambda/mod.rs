//! AWS Lambda.

mod function;

use aws_sdk_lambda::Client;

pub use function::Function;

use crate::aws::{Absent, Aws, Error, Result};
use crate::kind::{Entry, NewKind};

/// The kinds of this service, sorted by name.
pub const KINDS: &[NewKind] = &[Entry::<Function>::boxed];

fn client(aws: &Aws) -> Client {
    crate::client!(aws, aws_sdk_lambda)
}

crate::tag_map_by_arn!(resource, set_tag_keys);

/// Whether a function is there and runs in a network.
pub(in crate::kinds) async fn is_in_network(aws: &Aws, name: &str) -> Result<bool> {
    let get = client(aws).get_function_configuration().function_name(name).send().await;
    let found = get.map_err(Error::from).absent()?;
    let network = found.as_ref().and_then(|found| found.vpc_config());
    Ok(network.is_some_and(|network| !network.subnet_ids().is_empty()))
}
