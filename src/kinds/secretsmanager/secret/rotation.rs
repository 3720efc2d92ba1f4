//! How a secret's value changes by itself: `RotateSecret`, `CancelRotateSecret`.

use std::borrow::Cow;

use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::types::RotationRulesType;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

use crate::aws::{Aws, Result};
use crate::kind::{Any, Arn, Problem, Ref, is_unknown};
use crate::kinds::secretsmanager::client;

/// What AWS says while it does not know yet that it may invoke the function.
pub(super) const NOT_YET: (&str, &str) = ("AccessDeniedException", "invoke the specified Lambda");

/// How a secret's value changes by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// The function that changes the value where it is used, then in the secret. It has to let
    /// `secretsmanager.amazonaws.com` invoke it. AWS tests it when this is set, and rotates for the
    /// first time when the next window comes.
    lambda: Ref<Any, Arn>,
    /// How often: `30 days`, `12 hours` (four at least), or an expression of AWS's in UTC, such as
    /// `cron(0 4 ? * SUN *)`.
    every: Every,
    /// Hours that a window for it is open, from when the time has come; to the end of the day when left
    /// out, or for one hour where the time is given in hours.
    #[schemars(range(min = 1, max = 24))]
    window_hours: Option<u8>,
}

/// A schedule, as AWS writes it: `30 days` is `rate(30 days)`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Every(String);

impl Every {
    fn of(text: &str) -> Self {
        let text = text.trim();
        let inner = text.strip_prefix("rate(").and_then(|rest| rest.strip_suffix(')'));
        let Some((number, unit)) = inner.unwrap_or(text).split_once(' ') else {
            return Self(text.to_owned());
        };
        let unit = unit.trim().trim_end_matches('s');
        match number.parse::<u32>() {
            Ok(1) => Self(format!("rate(1 {unit})")),
            Ok(number) => Self(format!("rate({number} {unit}s)")),
            Err(_) => Self(text.to_owned()),
        }
    }

    /// The number and the unit of a plain rate.
    fn rate(&self) -> Option<(u32, &str)> {
        let inner = self.0.strip_prefix("rate(")?.strip_suffix(')')?;
        let (number, unit) = inner.split_once(' ')?;
        Some((number.parse().ok()?, unit.trim_end_matches('s')))
    }

    fn is_right(&self) -> bool {
        match self.rate() {
            Some((number, "hour")) => (4..=999 * 24).contains(&number),
            Some((number, "day")) => (1..=999).contains(&number),
            Some(_) => false,
            None => self.0.starts_with("cron(") && self.0.ends_with(')') || is_unknown(&self.0),
        }
    }
}

impl<'de> Deserialize<'de> for Every {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::of(&text))
    }
}

impl JsonSchema for Every {
    fn schema_name() -> Cow<'static, str> {
        "RotationSchedule".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

impl Rotation {
    /// Sets it, for a secret that rotates already too.
    pub(super) async fn set(&self, aws: &Aws, secret: &str) -> Result<()> {
        let rules = RotationRulesType::builder()
            .schedule_expression(&self.every.0)
            .set_duration(self.window_hours.map(|hours| format!("{hours}h")))
            .build();
        client(aws)
            .rotate_secret()
            .secret_id(secret)
            .rotation_lambda_arn(self.lambda.as_str())
            .rotation_rules(rules)
            .rotate_immediately(false)
            .send()
            .await?;
        Ok(())
    }

    /// The rotation of a live secret, if it has one that is on.
    pub(super) fn read(secret: &DescribeSecretOutput) -> Option<Self> {
        let lambda = secret.rotation_lambda_arn().filter(|arn| !arn.is_empty())?;
        let rules = secret.rotation_rules().filter(|_| secret.rotation_enabled() == Some(true))?;
        let days = || rules.automatically_after_days().map(|days| format!("{days} days"));
        let every = rules.schedule_expression().map(ToOwned::to_owned).or_else(days)?;
        let hours = rules.duration().and_then(|text| text.strip_suffix('h')?.parse().ok());
        Some(Self { lambda: Ref::from(lambda), every: Every::of(&every), window_hours: hours })
    }

    pub(super) fn problem(&self) -> Option<Problem> {
        let message = format!("`{}` is no schedule of Secrets Manager", self.every.0);
        let help = "give days or hours, such as `30 days`, or `cron(…)`";
        (!self.every.is_right()).then(|| Problem::at("rotation.every", message).help(help))
    }
}

/// Ends it; the value stays as it is.
pub(super) async fn cancel(aws: &Aws, secret: &str) -> Result<()> {
    client(aws).cancel_rotate_secret().secret_id(secret).send().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_written_as_aws_does() {
        assert_eq!(Every::of("30 days"), Every::of("rate(30 days)"));
        assert_eq!(Every::of("1 days").0, "rate(1 day)");
        assert!(Every::of("12 hours").is_right() && Every::of("cron(0 4 ? * SUN *)").is_right());
        assert!(!Every::of("2 hours").is_right() && !Every::of("3 weeks").is_right());
        assert!(!Every::of("monthly").is_right());
    }
}
