//! When something happens, for services that know single times beside those that come back:
//! EventBridge Scheduler and Application Auto Scaling.
//!
//! Source: EventBridge Scheduler user guide, "Schedule types in EventBridge Scheduler".

use std::borrow::Cow;
use std::ops::Deref;

use jiff::Timestamp;
use jiff::civil::DateTime;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::{expression, is_unknown};

/// `cron(minutes hours day-of-month month day-of-week year)`, `rate(value unit)`, or once:
/// `at(2027-01-31T04:00:00)`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Timetable(String);

impl Timetable {
    /// Takes AWS's word for an expression.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Whether it names a single time.
    pub fn is_once(&self) -> bool {
        self.0.starts_with("at(")
    }
}

impl Deref for Timetable {
    type Target = String;
    fn deref(&self) -> &String {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Timetable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if is_unknown(&text) {
            return Ok(Self(text));
        }
        problem(&text).map_or(Ok(Self(text)), |problem| Err(D::Error::custom(problem)))
    }
}

impl JsonSchema for Timetable {
    fn schema_name() -> Cow<'static, str> {
        "Timetable".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "x-format": "timetable" })
    }
}

/// What AWS would refuse about an expression.
fn problem(text: &str) -> Option<String> {
    let Some(time) = text.strip_prefix("at(").and_then(|rest| rest.strip_suffix(')')) else {
        return expression::problem(text);
    };
    // To the second, without a zone: that is a field of its own.
    let is_civil = time.len() == 19 && time.as_bytes()[10] == b'T';
    (!is_civil || time.parse::<DateTime>().is_err())
        .then(|| format!("`{time}` is not a time such as `2027-01-31T04:00:00`"))
}

/// A moment with its zone: `2027-01-31T04:00:00Z`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Moment(String);

impl Moment {
    /// The moment so many seconds after 1970 began.
    pub fn at(seconds: i64) -> Self {
        Self(Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH).to_string())
    }

    /// The seconds since 1970 began; `None` while it waits for another object's output.
    pub fn seconds(&self) -> Option<i64> {
        self.0.parse::<Timestamp>().ok().map(Timestamp::as_second)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if is_unknown(&text) {
            return Ok(Self(text));
        }
        let moment = text.parse::<Timestamp>().map_err(|_| {
            D::Error::custom(format!("`{text}` is not a moment such as `2027-01-31T04:00:00Z`"))
        })?;
        Ok(Self::at(moment.as_second()))
    }
}

impl JsonSchema for Moment {
    fn schema_name() -> Cow<'static, str> {
        "Moment".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "x-format": "moment" })
    }
}

#[cfg(test)]
mod tests {
    use super::{Moment, problem};

    #[test]
    fn a_single_time_has_no_zone() {
        for text in ["at(2027-01-31T04:00:00)", "cron(0 2 * * ? *)", "rate(1 hour)"] {
            assert_eq!(problem(text), None, "{text}");
        }
        for text in ["at(2027-01-31T04:00:00Z)", "at(2027-02-31T04:00:00)", "at(2027-01-31)", "at"]
        {
            assert!(problem(text).is_some(), "{text}");
        }
    }

    #[test]
    fn moments_are_compared_in_one_zone() {
        let moment = |text: &str| serde_json::from_value::<Moment>(text.into()).ok();
        assert_eq!(moment("2027-01-31T05:00:00+01:00"), moment("2027-01-31T04:00:00Z"));
        assert!(moment("2027-01-31T05:00:00").is_none());
    }
}
