//! Amazon ECS.

mod cluster;
mod container;
mod deployment;
mod fargate;
mod service;
mod task_definition;

use aws_sdk_ecs::Client;
use aws_sdk_ecs::types::{CapacityProviderStrategyItem, Tag};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use cluster::Cluster;
pub use service::Service;
pub use task_definition::TaskDefinition;

use crate::aws::{Aws, Result};
use crate::kind::{Entry, NewKind, Set, Tags, default};

/// The kinds of this service, sorted by name.
pub const KINDS: &[NewKind] =
    &[Entry::<Cluster>::boxed, Entry::<Service>::boxed, Entry::<TaskDefinition>::boxed];

fn client(aws: &Aws) -> Client {
    crate::client!(aws, aws_sdk_ecs)
}

crate::tag_by_arn!(aws_sdk_ecs);

fn read_tags(tags: &[Tag]) -> Tags {
    let pair = |tag: &Tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned()));
    tags.iter().filter_map(pair).collect()
}

/// A capacity provider's share of tasks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// The capacity provider: `FARGATE`, `FARGATE_SPOT` or one of your own.
    provider: String,
    /// Its share of the tasks beyond `base`, relative to the others'.
    #[serde(default = "default::int::<1>")]
    #[schemars(range(min = 0, max = 1000))]
    weight: i32,
    /// How many tasks it gets before any are shared out; one provider alone may have a base.
    #[serde(default)]
    #[schemars(range(min = 0, max = 100_000))]
    base: i32,
}

impl Share {
    fn send(&self) -> Result<CapacityProviderStrategyItem> {
        let item = CapacityProviderStrategyItem::builder().capacity_provider(&self.provider);
        Ok(item.weight(self.weight).base(self.base).build()?)
    }
}

/// A strategy as AWS takes it.
fn strategy(shares: &Set<Share>) -> Result<Vec<CapacityProviderStrategyItem>> {
    shares.iter().map(Share::send).collect()
}

fn read_strategy(items: &[CapacityProviderStrategyItem]) -> Set<Share> {
    let read = |item: &CapacityProviderStrategyItem| Share {
        provider: item.capacity_provider().to_owned(),
        weight: item.weight(),
        base: item.base(),
    };
    items.iter().map(read).collect()
}
