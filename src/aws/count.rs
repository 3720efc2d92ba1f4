//! Every call to AWS, counted by service and operation in one place.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextRef;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// The table of calls of one process: (service, operation) to the number of requests sent,
/// retries included.
#[derive(Clone, Debug, Default)]
pub struct Calls(Arc<Mutex<BTreeMap<(String, String), u64>>>);

impl Calls {
    /// The table as it stands, by service and operation.
    pub fn table(&self) -> BTreeMap<(String, String), u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What a client needs to count its calls here.
    pub fn counter(&self) -> Counter {
        Counter(self.clone())
    }
}

/// An interceptor of the SDK that counts requests.
#[derive(Clone, Debug)]
pub struct Counter(Calls);

impl Counter {
    /// Counts a request, for clients that are not the SDK's.
    pub fn count(&self, service: &str, operation: &str) {
        tracing::debug!(service, operation, "calling");
        let key = (service.to_owned(), operation.to_owned());
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default() += 1;
    }
}

impl Intercept for Counter {
    fn name(&self) -> &'static str {
        "infra::Counter"
    }

    fn read_before_attempt(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(call) = config.load::<Metadata>() {
            self.count(call.service(), call.name());
        }
        Ok(())
    }
}
