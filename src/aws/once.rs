//! Calls that are sent once.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeSerializationInterceptorContextMut;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::retry::RetryConfig;

/// Calls that make another object each time: AWS takes no client token for them, and what they make
/// has no name that is taken afterwards. When the answer is lost, the SDK must not send them again;
/// the engine looks for the object first.
const OPERATIONS: &[(&str, &str)] = &[
    // It changes what is there instead, and then takes no tags.
    ("Application Auto Scaling", "RegisterScalableTarget"),
    ("DLM", "CreateLifecyclePolicy"),
    ("EC2", "AllocateAddress"),
    ("EC2", "CreateInternetGateway"),
    ("EC2", "CreateVpc"),
    ("ECS", "RegisterTaskDefinition"),
    ("KMS", "CreateKey"),
];

/// An interceptor of the SDK that keeps it from repeating such calls.
#[derive(Clone, Copy, Debug)]
pub struct Once;

impl Intercept for Once {
    fn name(&self) -> &'static str {
        "infra::Once"
    }

    // The first hook that knows which operation it is.
    fn modify_before_serialization(
        &self,
        _: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let call = config.load::<Metadata>().map(|call| (call.service(), call.name()));
        if call.is_some_and(|call| OPERATIONS.contains(&call)) {
            config.interceptor_state().store_put(RetryConfig::disabled());
        }
        Ok(())
    }
}
