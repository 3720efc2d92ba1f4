//! The name of a restore testing plan, which has no `-`.

use std::borrow::Cow;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

use crate::kind::is_unknown;

/// A name in which every `-` is a `_`, so that names by default fit too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct PlanName(String);

impl Deref for PlanName {
    type Target = String;
    fn deref(&self) -> &String {
        &self.0
    }
}

impl From<&str> for PlanName {
    fn from(text: &str) -> Self {
        Self(if is_unknown(text) { text.to_owned() } else { text.replace('-', "_") })
    }
}

impl<'de> Deserialize<'de> for PlanName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| text.as_str().into())
    }
}

impl JsonSchema for PlanName {
    fn schema_name() -> Cow<'static, str> {
        "RestoreTestingPlanName".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string", "minLength": 1, "maxLength": 50, "pattern": "^[a-zA-Z0-9_-]+$",
            "x-name": true, "x-immutable": true,
        })
    }
}
