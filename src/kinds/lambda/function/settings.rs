//! What a function is besides its program: `UpdateFunctionConfiguration`, which keeps what it is not
//! told, so that all of it is sent.

use std::collections::BTreeMap;

use aws_sdk_lambda::types::{
    ApplicationLogLevel, LogFormat, LoggingConfig, SystemLogLevel, VpcConfig,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Function, Package, client};
use crate::aws::{Aws, Result};
use crate::kind::field::NameOutput;
use crate::kind::{Auto, Problem, Ref};
use crate::kinds::logs::LogGroup;

/// Where and how a function logs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Logging {
    /// The log group. When left out, Lambda makes one for the function, which keeps everything for
    /// ever, and goes with it.
    log_group: Auto<Ref<LogGroup, NameOutput>>,
    /// `Text`, or `JSON`.
    format: Format,
    /// Which of the function's own messages are kept, from this level on; for JSON.
    #[schemars(extend("enum" = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]))]
    application_level: Auto<String>,
    /// Which of Lambda's messages are kept, from this level on; for JSON.
    #[schemars(extend("enum" = ["DEBUG", "INFO", "WARN"]))]
    system_level: Auto<String>,
}

/// How a function's messages are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Format {
    #[default]
    Text,
    #[serde(rename = "JSON")]
    Json,
}

impl Logging {
    pub(super) fn read(found: Option<&LoggingConfig>) -> Self {
        let Some(found) = found else { return Self::default() };
        let is_json = found.log_format() == Some(&LogFormat::Json);
        Self {
            log_group: Auto(found.log_group().map(Ref::from)),
            format: if is_json { Format::Json } else { Format::Text },
            application_level: Auto(found.application_log_level().map(|it| it.as_str().to_owned())),
            system_level: Auto(found.system_log_level().map(|it| it.as_str().to_owned())),
        }
    }

    pub(super) fn problem(&self) -> Option<&'static str> {
        let has_level = self.application_level.is_some() || self.system_level.is_some();
        (has_level && self.format == Format::Text).then_some("levels are for `format: JSON`")
    }

    /// Whether this is the group.
    pub(super) fn is_in(&self, group: &str) -> bool {
        self.log_group.as_ref().is_none_or(|it| it.as_str() == group)
    }

    pub(super) fn send(&self) -> LoggingConfig {
        let application = self.application_level.as_deref().map(ApplicationLogLevel::from);
        LoggingConfig::builder()
            .set_log_group(self.log_group.as_ref().map(ToString::to_string))
            .log_format(match self.format {
                Format::Text => LogFormat::Text,
                Format::Json => LogFormat::Json,
            })
            .set_application_log_level(application)
            .set_system_log_level(self.system_level.as_deref().map(SystemLogLevel::from))
            .build()
    }
}

/// The log group that Lambda makes for a function.
pub(super) fn own_group(name: &str) -> String {
    format!("/aws/lambda/{name}")
}

/// A name that Lambda takes for no environment variable.
pub(super) fn wrong_variable(environment: &BTreeMap<String, String>) -> Option<Problem> {
    let is_right = |name: &str| {
        let mut letters = name.chars();
        letters.next().is_some_and(|first| first.is_ascii_alphabetic())
            && name.len() > 1
            && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    };
    let wrong = environment.keys().find(|name| !is_right(name))?;
    let text = format!("`{wrong}` is no name: two or more letters, digits and `_`, a letter first");
    Some(Problem::at("environment", text))
}

/// Whether a call is needed.
pub(super) fn differ(was: &Function, now: &Function) -> bool {
    let facts = |it: &Function| {
        (
            (it.description.clone(), it.runtime.clone(), it.handler.clone(), it.role.clone()),
            (it.memory, it.timeout, it.ephemeral_storage, it.environment.clone()),
            (it.kms_key.clone(), it.subnets.clone(), it.security_groups.clone()),
            (it.logging.clone(), it.dead_letter.clone(), it.tracing, it.layers.clone()),
        )
    };
    facts(was) != facts(now)
}

impl Function {
    /// An image has no layers, not even none of them.
    pub(super) fn layers_of_zip(&self) -> Option<Vec<String>> {
        (*self.package == Package::Zip).then(|| self.layers.clone())
    }

    /// The network. An empty one takes the function out of the one that it was in.
    pub(super) fn network(&self) -> VpcConfig {
        VpcConfig::builder()
            .set_subnet_ids(Some(self.subnets.iter().map(ToString::to_string).collect()))
            .set_security_group_ids(Some(
                self.security_groups.iter().map(ToString::to_string).collect(),
            ))
            .build()
    }
}

/// A call that says all of it: those that create and update a function take the same.
macro_rules! written {
    ($function:expr, $call:expr) => {{
        use aws_sdk_lambda::types::{
            DeadLetterConfig, Environment, EphemeralStorage, TracingConfig, TracingMode,
        };
        let function = $function;
        let variables = function.environment.clone().into_iter().collect();
        let dead_letter = function.dead_letter.as_ref().map(ToString::to_string);
        let tracing = if function.tracing { TracingMode::Active } else { TracingMode::PassThrough };
        let storage = EphemeralStorage::builder().size(function.ephemeral_storage).build()?;
        $call
            .description(function.description.clone().unwrap_or_default())
            .set_runtime(function.runtime.as_deref().map(Into::into))
            .set_handler(function.handler.clone())
            .role(function.role.as_str())
            .memory_size(function.memory)
            .timeout(function.timeout)
            .ephemeral_storage(storage)
            .environment(Environment::builder().set_variables(Some(variables)).build())
            .kms_key_arn(function.kms_key.as_ref().map(ToString::to_string).unwrap_or_default())
            .vpc_config(function.network())
            .logging_config(function.logging.send())
            .dead_letter_config(
                DeadLetterConfig::builder().target_arn(dead_letter.unwrap_or_default()).build(),
            )
            .tracing_config(TracingConfig::builder().mode(tracing).build())
            .set_layers(function.layers_of_zip())
    }};
}
pub(super) use written;

pub(super) async fn update(aws: &Aws, arn: &str, now: &Function) -> Result<()> {
    let update = client(aws).update_function_configuration().function_name(arn);
    written!(now, update).send().await?;
    Ok(())
}

/// Keeps so many of the account's concurrent calls for the function; with none, it shares the others.
pub(super) async fn reserve(aws: &Aws, arn: &str, count: Option<i32>) -> Result<()> {
    match count {
        Some(count) => {
            let put = client(aws).put_function_concurrency().function_name(arn);
            put.reserved_concurrent_executions(count).send().await?;
        }
        None => {
            client(aws).delete_function_concurrency().function_name(arn).send().await?;
        }
    }
    Ok(())
}
