//! AWS Lambda.

mod function;

use std::collections::HashMap;

use aws_sdk_lambda::Client;

pub use function::Function;

use crate::aws::{Absent, Aws, Error, Result};
use crate::kind::{Entry, NewKind, Tags};

/// The kinds of this service, sorted by name.
pub const KINDS: &[NewKind] = &[Entry::<Function>::boxed];

fn client(aws: &Aws) -> Client {
    crate::client!(aws, aws_sdk_lambda)
}

async fn tag(aws: &Aws, arn: &str, set: &Tags, remove: &[String]) -> Result<()> {
    if !set.is_empty() {
        client(aws).tag_resource().resource(arn).set_tags(Some(map(set))).send().await?;
    }
    if !remove.is_empty() {
        let keys = Some(remove.to_vec());
        client(aws).untag_resource().resource(arn).set_tag_keys(keys).send().await?;
    }
    Ok(())
}

fn map(tags: &Tags) -> HashMap<String, String> {
    tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Whether a function is there and runs in a network.
pub(in crate::kinds) async fn is_in_network(aws: &Aws, name: &str) -> Result<bool> {
    let get = client(aws).get_function_configuration().function_name(name).send().await;
    let found = get.map_err(Error::from).absent()?;
    let network = found.as_ref().and_then(|found| found.vpc_config());
    Ok(network.is_some_and(|network| !network.subnet_ids().is_empty()))
}
