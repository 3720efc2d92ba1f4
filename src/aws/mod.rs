//! One account and region: clients, error classes, call counting.
//!
//! Kinds reach AWS through [`Aws`] alone. A service's folder makes its client once with
//! [`client!`](crate::client), which also sees to it that every call is counted.

mod count;
mod error;
mod eventual;
mod session;
mod sweep;

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_types::SdkConfig;

pub use count::{Calls, Counter};
pub use error::{Absent, Class, Error, Result};
pub use eventual::eventually;
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
    calls: Calls,
    clients: Mutex<HashMap<TypeId, Box<dyn Any + Send>>>,
}

impl Aws {
    /// One region of a session's account.
    pub(crate) fn new(config: SdkConfig, region: &str, account: &str, calls: Calls) -> Self {
        let inner = Inner {
            config,
            region: region.to_owned(),
            account: account.to_owned(),
            calls,
            clients: Mutex::default(),
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

    /// The client of type `C`, made by `make` when it is first asked for.
    pub fn client<C: Clone + Send + 'static>(
        &self,
        make: impl FnOnce(&SdkConfig, Counter) -> C,
    ) -> C {
        let mut clients = self.inner.clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients
            .entry(TypeId::of::<C>())
            .or_insert_with(|| Box::new(make(&self.inner.config, self.inner.calls.counter())))
            .downcast_ref::<C>()
            .expect("clients are kept under their own type")
            .clone()
    }
}

/// The client of a service's SDK crate, made once per [`Aws`]: `client!(aws, aws_sdk_ec2)`.
#[macro_export]
macro_rules! client {
    ($aws:expr, $sdk:ident) => {
        $aws.client(|config, counter| {
            $sdk::Client::from_conf(
                $sdk::config::Builder::from(config).interceptor(counter).build(),
            )
        })
    };
}
