//! Schedule expressions, as EventBridge and AWS Backup write them.
//!
//! Source: EventBridge user guide, "Setting a schedule pattern for scheduled rules".

use std::borrow::Cow;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::is_unknown;

/// `cron(minutes hours day-of-month month day-of-week year)` or `rate(value unit)`, in UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Schedule(String);

impl Schedule {
    /// Takes AWS's word for an expression.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl Deref for Schedule {
    type Target = String;
    fn deref(&self) -> &String {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Schedule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if is_unknown(&text) {
            return Ok(Self(text));
        }
        problem(&text).map_or(Ok(Self(text)), |problem| Err(D::Error::custom(problem)))
    }
}

impl JsonSchema for Schedule {
    fn schema_name() -> Cow<'static, str> {
        "Schedule".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "x-format": "schedule" })
    }
}

struct Part {
    name: &'static str,
    range: (u32, u32),
    names: &'static [&'static str],
    wildcards: &'static str,
}

const MONTHS: &[&str] =
    &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

const PARTS: [Part; 6] = [
    Part { name: "minutes", range: (0, 59), names: &[], wildcards: "*" },
    Part { name: "hours", range: (0, 23), names: &[], wildcards: "*" },
    Part { name: "day of month", range: (1, 31), names: &[], wildcards: "*?LW" },
    Part { name: "month", range: (1, 12), names: MONTHS, wildcards: "*" },
    Part { name: "day of week", range: (1, 7), names: DAYS, wildcards: "*?L#" },
    Part { name: "year", range: (1970, 2199), names: &[], wildcards: "*" },
];

/// What AWS would refuse about an expression.
pub(super) fn problem(text: &str) -> Option<String> {
    let inside = |prefix: &str| text.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(')'));
    if let Some(rate) = inside("rate(") {
        return rate_problem(rate);
    }
    let Some(cron) = inside("cron(") else {
        return Some(format!(
            "`{text}` is not a schedule: write `cron(0 2 * * ? *)` or `rate(5 minutes)`"
        ));
    };
    let fields: Vec<&str> = cron.split_whitespace().collect();
    if fields.len() != PARTS.len() {
        return Some(format!(
            "a cron expression of AWS has 6 fields (minutes, hours, day of month, month, day of \
             week, year); `{cron}` has {}",
            fields.len()
        ));
    }
    if let Some(problem) =
        PARTS.iter().zip(&fields).find_map(|(part, field)| part_problem(part, field))
    {
        return Some(problem);
    }
    match (fields[2], fields[4]) {
        ("?", "?") => Some("day of month and day of week cannot both be `?`".to_owned()),
        ("?", _) | (_, "?") => None,
        _ => Some("one of day of month and day of week has to be `?`".to_owned()),
    }
}

fn rate_problem(rate: &str) -> Option<String> {
    let words: Vec<&str> = rate.split_whitespace().collect();
    let [value, unit] = words[..] else {
        return Some(format!("`rate({rate})` needs a value and a unit: `rate(5 minutes)`"));
    };
    let Some(value) = value.parse::<u32>().ok().filter(|value| *value > 0) else {
        return Some(format!("`{value}` in `rate({rate})` is not a positive whole number"));
    };
    let singular = unit.strip_suffix('s').unwrap_or(unit);
    if !["minute", "hour", "day"].contains(&singular) {
        return Some(format!("`{unit}` in `rate({rate})` is not minutes, hours or days"));
    }
    ((value == 1) != (unit == singular)).then(|| {
        format!("`rate({rate})`: AWS wants `1 {singular}` and `{} {singular}s`", value.max(2))
    })
}

fn part_problem(part: &Part, field: &str) -> Option<String> {
    let wrong = || {
        let (low, high) = part.range;
        Some(format!("`{field}` is not a {} of a cron expression ({low} to {high})", part.name))
    };
    for item in field.split(',') {
        if item.len() == 1 && part.wildcards.contains(item) {
            continue;
        }
        let (span, step) = item.split_once('/').map_or((item, None), |(s, step)| (s, Some(step)));
        if step.is_some_and(|step| step.parse::<u32>().is_err()) {
            return wrong();
        }
        if span == "*" {
            continue;
        }
        let span =
            if part.wildcards.contains('L') { span.trim_end_matches(['L', 'W']) } else { span };
        let span = span.split_once('#').map_or(span, |(day, _)| day);
        let bounds: Vec<Option<u32>> = span.split('-').map(|bound| number(part, bound)).collect();
        match bounds[..] {
            [Some(_)] => {}
            [Some(_), Some(_)] => {}
            _ => return wrong(),
        }
    }
    None
}

fn number(part: &Part, text: &str) -> Option<u32> {
    let (low, high) = part.range;
    if let Some(index) = part.names.iter().position(|name| name.eq_ignore_ascii_case(text)) {
        return Some(low + u32::try_from(index).ok()?);
    }
    text.parse().ok().filter(|value| (low..=high).contains(value))
}

#[cfg(test)]
mod tests {
    use super::problem;

    #[test]
    fn expressions_of_the_documentation_pass() {
        for text in [
            "cron(0 2 * * ? *)",
            "cron(0 4 ? * SUN *)",
            "cron(0/15 8-17 ? * MON-FRI *)",
            "cron(0 18 L * ? *)",
            "cron(0 9 ? * 2#1 *)",
            "cron(0 8 1,15 JAN,JUL ? 2026-2030)",
            "cron(0 10 3W * ? *)",
            "rate(1 hour)",
            "rate(5 minutes)",
        ] {
            assert_eq!(problem(text), None, "{text}");
        }
    }

    #[test]
    fn expressions_that_aws_refuses_are_refused() {
        for text in [
            "cron(0 2 * * *)",
            "cron(0 2 * * * *)",
            "cron(0 2 ? * ? *)",
            "cron(60 2 * * ? *)",
            "cron(0 24 * * ? *)",
            "cron(0 2 * * FUNDAY *)",
            "rate(1 hours)",
            "rate(5 minute)",
            "rate(0 minutes)",
            "rate(5 weeks)",
            "0 2 * * *",
        ] {
            assert!(problem(text).is_some(), "{text}");
        }
    }
}
