//! One account and region: clients, error classes, call counting.
//!
//! Kinds reach AWS through [`Aws`] alone. A service's folder makes its client once with
//! [`client!`](crate::client), which also sees to it that every call is counted.

mod bookkeeping;
mod count;
mod error;
mod eventual;
mod limits;
mod once;
mod pages;
pub mod pricing;
mod session;
mod sweep;

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_types::SdkConfig;

pub use bookkeeping::{Bookkeeping, Entry, When};
pub use count::{Calls, Counter};
pub use error::{Absent, Class, Error, Result};
pub use eventual::eventually;
pub use limits::Limits;
pub use once::Once;
pub use pages::all_pages;
pub use session::{Options, Session};
pub use sweep::sweep;

/// One account and region. Cheap to clone.
#[derive(Clone)]
pub struct Aws {
    inner: Arc<Inner>,
}

struct Inner {
    config: SdkConfig,
    region: String,
    account: String,
    local: bool,
    calls: Calls,
    clients: Clients,
    /// Those of clouds that do not have AWS's regions, shared by all regions of a session.
    shared: Arc<Clients>,
}

/// Clients under their types.
#[derive(Default)]
pub(crate) struct Clients(Mutex<HashMap<TypeId, Box<dyn Any + Send>>>);

impl Clients {
    fn get<C: Clone + Send + 'static>(&self, make: impl FnOnce() -> C) -> C {
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        clients
            .entry(TypeId::of::<C>())
            .or_insert_with(|| Box::new(make()))
            .downcast_ref::<C>()
            .expect("clients are kept under their own type")
            .clone()
    }
}

impl Aws {
    /// One region of a session's account.
    pub(crate) fn new(
        config: SdkConfig,
        region: &str,
        account: &str,
        local: bool,
        (calls, shared): (Calls, Arc<Clients>),
    ) -> Self {
        let inner = Inner {
            config,
            region: region.to_owned(),
            account: account.to_owned(),
            local,
            calls,
            clients: Clients::default(),
            shared,
        };
        Self { inner: Arc::new(inner) }
    }

    /// The region, such as `eu-west-3`.
    pub fn region(&self) -> &str {
        &self.inner.region
    }

    /// The account's twelve digits.
    pub fn account(&self) -> &str {
        &self.inner.account
    }

    /// An ARN in this account and region.
    pub fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.region(), self.account())
    }

    /// Whether calls go to an address of the user's instead of AWS's own.
    pub fn has_endpoint(&self) -> bool {
        self.inner.config.endpoint_url().is_some()
    }

    /// The address of the local AWS, where this is one: it stands for other clouds as well.
    pub fn local(&self) -> Option<&str> {
        self.inner.config.endpoint_url().filter(|_| self.inner.local)
    }

    /// The client of type `C`, made by `make` when it is first asked for.
    pub fn client<C: Clone + Send + 'static>(
        &self,
        make: impl FnOnce(&SdkConfig, Counter) -> C,
    ) -> C {
        self.inner.clients.get(|| make(&self.inner.config, self.inner.calls.counter()))
    }

    /// As [`Aws::client`], one for all regions of the session: of a cloud that is not AWS.
    pub fn shared_client<C: Clone + Send + 'static>(&self, make: impl FnOnce(Counter) -> C) -> C {
        self.inner.shared.get(|| make(self.inner.calls.counter()))
    }
}

/// The client of a service's SDK crate, made once per [`Aws`]: `client!(aws, aws_sdk_ec2)`.
#[macro_export]
macro_rules! client {
    ($aws:expr, $sdk:ident) => {
        $aws.client(|config, counter| {
            let builder = $sdk::config::Builder::from(config)
                .interceptor(counter)
                .interceptor($crate::aws::Once)
                .retry_classifier($crate::aws::Limits);
            $sdk::Client::from_conf(builder.build())
        })
    };
}

/// A service's tag calls by ARN, `TagResource` and `UntagResource`, and its tags as it takes them:
/// `tag_by_arn!(aws_sdk_ecs)`, with a `?` behind it where the SDK checks the tag that it builds.
/// Makes the functions `tag` and `list` where it stands.
#[macro_export]
macro_rules! tag_by_arn {
    ($sdk:ident $($checked:tt)?) => {
        /// Adds or overwrites the tags in `set`, then takes away those named in `remove`.
        async fn tag(
            aws: &$crate::aws::Aws,
            arn: &str,
            set: &$crate::kind::Tags,
            remove: &[String],
        ) -> $crate::aws::Result<()> {
            if !set.is_empty() {
                let tags = Some(list(set)?);
                client(aws).tag_resource().resource_arn(arn).set_tags(tags).send().await?;
            }
            if !remove.is_empty() {
                let keys = Some(remove.to_vec());
                client(aws).untag_resource().resource_arn(arn).set_tag_keys(keys).send().await?;
            }
            Ok(())
        }

        /// Tags as the service takes them.
        fn list(tags: &$crate::kind::Tags) -> $crate::aws::Result<Vec<$sdk::types::Tag>> {
            let mut all = Vec::with_capacity(tags.len());
            for (key, value) in tags {
                all.push($sdk::types::Tag::builder().key(key).value(value).build()$($checked)?);
            }
            Ok(all)
        }
    };
}

/// The same for services that take tags as a map: `tag_map_by_arn!(resource_arn, set_tag_keys)`, with
/// what the SDK calls the ARN, and the keys that are taken away. Makes the functions `tag` and `map`.
#[macro_export]
macro_rules! tag_map_by_arn {
    ($arn:ident, $keys:ident) => {
        /// Adds or overwrites the tags in `set`, then takes away those named in `remove`.
        async fn tag(
            aws: &$crate::aws::Aws,
            arn: &str,
            set: &$crate::kind::Tags,
            remove: &[String],
        ) -> $crate::aws::Result<()> {
            if !set.is_empty() {
                client(aws).tag_resource().$arn(arn).set_tags(Some(map(set))).send().await?;
            }
            if !remove.is_empty() {
                let keys = Some(remove.to_vec());
                client(aws).untag_resource().$arn(arn).$keys(keys).send().await?;
            }
            Ok(())
        }

        /// Tags as the service takes them.
        fn map(tags: &$crate::kind::Tags) -> std::collections::HashMap<String, String> {
            tags.clone().into_iter().collect()
        }
    };
}
