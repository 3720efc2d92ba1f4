//! What the SDK does not know to be throttling.

use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};

/// Too many requests, by the status alone: SNS says `Throttled`, which is none of the SDK's codes.
#[derive(Clone, Copy, Debug)]
pub struct Limits;

impl ClassifyRetry for Limits {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.response().map(|response| response.status().as_u16()) {
            Some(429) => RetryAction::throttling_error(),
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "infra::Limits"
    }
}
