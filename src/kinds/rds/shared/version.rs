//! Versions of engines.

use std::borrow::Cow;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

use crate::kind::is_unknown;

/// A version of DocumentDB, which has three parts: `5.0` is the same as `5.0.0`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Version(String);

impl Version {
    /// The version with all of its parts.
    pub fn padded(text: &str) -> Self {
        let missing = 2_usize.saturating_sub(text.matches('.').count());
        let missing = if is_unknown(text) { 0 } else { missing };
        Self(format!("{text}{}", ".0".repeat(missing)))
    }

    /// Whether AWS's word for a version means this one.
    pub fn is(&self, version: &str) -> bool {
        *self == Self::padded(version)
    }

    /// The first parts, by which families of parameters go.
    pub fn family(&self, parts: usize) -> String {
        self.0.split('.').take(parts).collect::<Vec<_>>().join(".")
    }
}

impl Deref for Version {
    type Target = String;
    fn deref(&self) -> &String {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::padded(&text))
    }
}

impl JsonSchema for Version {
    fn schema_name() -> Cow<'static, str> {
        "DocDbVersion".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": r"^[0-9]+\.[0-9]+(\.[0-9]+)?$" })
    }
}

/// Whether a version that AWS shows is one of those that `wanted` stands for: `8.0` is any `8.0.x`.
pub fn is_one_of(wanted: &str, shown: &str) -> bool {
    shown.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_version_is_filled_up() {
        assert_eq!(Version::padded("5.0"), Version::padded("5.0.0"));
        assert_eq!(Version::padded("8.0.0").family(2), "8.0");
        assert!(Version::padded("5.0").is("5.0.0"));
    }

    #[test]
    fn a_prefix_stands_for_all_that_begin_with_it() {
        assert!(is_one_of("8.0", "8.0.35") && is_one_of("16", "16.4") && is_one_of("16.4", "16.4"));
        assert!(!is_one_of("8.0", "8.01.3") && !is_one_of("8.0.35", "8.0.36"));
    }
}
