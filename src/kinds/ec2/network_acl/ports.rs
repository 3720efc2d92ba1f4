//! The ports of an entry.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::kind::is_unknown;

/// One port or a range of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Ports(String);

/// Every port.
pub const ALL: (i32, i32) = (0, 65535);

impl Ports {
    /// These ports.
    pub fn new((from, to): (i32, i32)) -> Self {
        Self(if from == to { from.to_string() } else { format!("{from}-{to}") })
    }

    /// The first and the last one, where they are known.
    pub fn range(&self) -> Option<(i32, i32)> {
        let (from, to) = self.0.split_once('-').unwrap_or((&self.0, &self.0));
        let port = |text: &str| text.trim().parse().ok().filter(|port| (0..=65535).contains(port));
        Some((port(from)?, port(to)?)).filter(|(from, to)| from <= to)
    }
}

impl<'de> Deserialize<'de> for Ports {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match Value::deserialize(deserializer)? {
            Value::String(text) if is_unknown(&text) => return Ok(Self(text)),
            Value::String(text) => text,
            value => value.to_string(),
        };
        let ports = Self(text.clone()).range().ok_or_else(|| {
            D::Error::custom(format!("`{text}` is neither a port nor a range such as `80-90`"))
        })?;
        Ok(Self::new(ports))
    }
}

impl JsonSchema for Ports {
    fn schema_name() -> Cow<'static, str> {
        "Ports".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["integer", "string"] })
    }
}
