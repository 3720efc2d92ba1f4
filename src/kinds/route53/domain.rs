//! Domain names, so that equal ones are equal.

use std::borrow::Cow;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

use crate::kind::is_unknown;

/// A zone's or record's name: in small letters, without the dot at its end. A change replaces the
/// object, and several objects may share a name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Domain(String);

/// Letters, digits, `-`, `_` and `/` in labels of up to 63, the first of which may be an asterisk.
const PATTERN: &str = r"^(\*\.|\\052\.)?([A-Za-z0-9_]([A-Za-z0-9_/-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_]([A-Za-z0-9_/-]{0,61}[A-Za-z0-9_])?\.?$";

impl Deref for Domain {
    type Target = String;
    fn deref(&self) -> &String {
        &self.0
    }
}

impl From<&str> for Domain {
    fn from(text: &str) -> Self {
        Self(normal(text))
    }
}

impl<'de> Deserialize<'de> for Domain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(normal(&text)))
    }
}

impl JsonSchema for Domain {
    fn schema_name() -> Cow<'static, str> {
        "Domain".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string", "minLength": 1, "maxLength": 255, "pattern": PATTERN,
            "x-name": true, "x-shared-name": true, "x-immutable": true,
        })
    }
}

/// A name in the form in which names are compared. AWS shows every character that is not a letter,
/// digit, `-` or `_` as its octal code.
pub(super) fn normal(text: &str) -> String {
    if is_unknown(text) {
        return text.to_owned();
    }
    let mut name = String::with_capacity(text.len());
    let mut rest = text.strip_suffix('.').unwrap_or(text);
    while let Some(first) = rest.chars().next() {
        let code = rest.strip_prefix('\\').and_then(|after| after.get(..3));
        let code = code.and_then(|code| u8::from_str_radix(code, 8).ok());
        if let Some(code) = code.filter(u8::is_ascii_graphic) {
            name.push(char::from(code).to_ascii_lowercase());
            rest = &rest[4..];
        } else {
            name.push(first.to_ascii_lowercase());
            rest = &rest[first.len_utf8()..];
        }
    }
    name
}

/// Whether a name lies in a zone, or is the zone's own.
pub(super) fn is_in(name: &str, zone: &str) -> bool {
    let above = name.strip_suffix(zone);
    above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_are_equal() {
        assert_eq!(normal("WWW.Example.com."), "www.example.com");
        assert_eq!(normal("\\052.example.com."), "*.example.com");
        assert_eq!(normal("0\\05725.2.0.192.in-addr.arpa."), "0/25.2.0.192.in-addr.arpa");
        assert_eq!(normal("${zone.name}."), "${zone.name}.");
        assert!(is_in("a.example.com", "example.com") && is_in("example.com", "example.com"));
        assert!(!is_in("badexample.com", "example.com"));
    }
}
