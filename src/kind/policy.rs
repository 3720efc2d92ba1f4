//! A policy document, equal to another when AWS would treat both the same.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::is_unknown;

/// An IAM, bucket, key or repository policy, written as YAML or as text that holds JSON.
///
/// Single texts become lists of one, lists are sorted, account roots are written as account
/// numbers, and keys are in order: AWS gives documents back in another form than it took.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy(Value);

impl Policy {
    /// Reads AWS's text form, percent-encoded (IAM) or not.
    pub fn parse(text: &str) -> Self {
        let decoded = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
        let value = serde_json::from_str(text)
            .or_else(|_| serde_json::from_str(&decoded))
            .unwrap_or_else(|_| Value::String(text.to_owned()));
        Self(normal(value))
    }

    /// The document as JSON.
    pub fn json(&self) -> &Value {
        &self.0
    }
}

impl From<Value> for Policy {
    fn from(value: Value) -> Self {
        Self(normal(value))
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Policy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Policy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = match Value::deserialize(deserializer)? {
            Value::String(text) if is_unknown(&text) && !text.trim_start().starts_with('{') => {
                return Ok(Self(Value::String(text)));
            }
            Value::String(text) => serde_json::from_str(&text).map_err(|error| {
                D::Error::custom(format!("this text is not a policy in JSON: {error}"))
            })?,
            value => value,
        };
        problem(&value).map_or_else(|| Ok(Self(normal(value))), |text| Err(D::Error::custom(text)))
    }
}

impl JsonSchema for Policy {
    fn schema_name() -> Cow<'static, str> {
        "Policy".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["object", "string"], "x-format": "policy" })
    }
}

const STATEMENT_KEYS: [&str; 9] = [
    "Action",
    "Condition",
    "Effect",
    "NotAction",
    "NotPrincipal",
    "NotResource",
    "Principal",
    "Resource",
    "Sid",
];

/// What the grammar of policies refuses.
fn problem(value: &Value) -> Option<String> {
    let Some(document) = value.as_object() else {
        return Some("a policy is a mapping with `Statement`".to_owned());
    };
    if let Some(key) =
        document.keys().find(|key| !["Version", "Id", "Statement"].contains(&key.as_str()))
    {
        return Some(format!("a policy has no key `{key}`; it has `Version`, `Id`, `Statement`"));
    }
    let statements = match document.get("Statement") {
        Some(Value::Array(statements)) => statements.as_slice(),
        Some(one @ Value::Object(_)) => std::slice::from_ref(one),
        _ => return Some("a policy needs a `Statement`".to_owned()),
    };
    statements.iter().find_map(|statement| {
        let Some(statement) = statement.as_object() else {
            return Some("a statement of a policy is a mapping".to_owned());
        };
        if let Some(key) = statement.keys().find(|key| !STATEMENT_KEYS.contains(&key.as_str())) {
            return Some(format!(
                "a policy statement has no key `{key}`; it has {}",
                STATEMENT_KEYS.map(|key| format!("`{key}`")).join(", ")
            ));
        }
        if !matches!(statement.get("Effect").and_then(Value::as_str), Some("Allow" | "Deny")) {
            return Some("a policy statement needs `Effect: Allow` or `Effect: Deny`".to_owned());
        }
        (!statement.contains_key("Action") && !statement.contains_key("NotAction"))
            .then(|| "a policy statement needs `Action` or `NotAction`".to_owned())
    })
}

fn normal(value: Value) -> Value {
    let Value::Object(mut document) = value else { return value };
    document.entry("Version").or_insert_with(|| "2012-10-17".into());
    let statements = match document.remove("Statement") {
        Some(Value::Array(statements)) => statements,
        Some(one) => vec![one],
        None => Vec::new(),
    };
    document.insert("Statement".into(), statements.into_iter().map(statement).collect());
    super::field::sorted(Value::Object(document))
}

fn statement(value: Value) -> Value {
    let Value::Object(statement) = value else { return value };
    statement
        .into_iter()
        .map(|(key, value)| {
            let value = match key.as_str() {
                "Action" | "NotAction" | "Resource" | "NotResource" => list(value),
                "Principal" | "NotPrincipal" => principal(value),
                "Condition" => condition(value),
                _ => value,
            };
            (key, value)
        })
        .collect()
}

/// A sorted list, each text once.
fn list(value: Value) -> Value {
    let mut items = match value {
        Value::Array(items) => items,
        one => vec![one],
    };
    items.sort_by_key(ToString::to_string);
    items.dedup();
    Value::Array(items)
}

fn principal(value: Value) -> Value {
    match value {
        Value::String(text) if text == "*" => json!({ "AWS": ["*"] }),
        Value::Object(map) => {
            map.into_iter().map(|(key, value)| (key, list(map_texts(value, &account)))).collect()
        }
        other => other,
    }
}

/// `arn:aws:iam::123456789012:root` is the account itself.
fn account(text: &str) -> String {
    text.strip_prefix("arn:aws:iam::")
        .and_then(|rest| rest.strip_suffix(":root"))
        .unwrap_or(text)
        .to_owned()
}

/// Condition values are texts in AWS's answers, whatever was sent.
fn condition(value: Value) -> Value {
    let Value::Object(operators) = value else { return value };
    operators
        .into_iter()
        .map(|(operator, keys)| {
            let keys = match keys {
                Value::Object(keys) => Value::Object(
                    keys.into_iter().map(|(k, v)| (k, list(texts(v)))).collect::<Map<_, _>>(),
                ),
                other => other,
            };
            (operator, keys)
        })
        .collect()
}

fn texts(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(texts).collect(),
        Value::Bool(flag) => flag.to_string().into(),
        Value::Number(number) => number.to_string().into(),
        other => other,
    }
}

fn map_texts(value: Value, change: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => change(&text).into(),
        Value::Array(items) => items.into_iter().map(|item| map_texts(item, change)).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_that_mean_the_same_are_equal() {
        let short = Policy::from(json!({ "Statement": {
            "Effect": "Allow", "Action": "s3:GetObject", "Resource": ["b", "a"],
            "Principal": { "AWS": "arn:aws:iam::123456789012:root" },
            "Condition": { "Bool": { "aws:SecureTransport": false } },
        }}));
        let long = Policy::parse(
            "%7B%22Version%22:%222012-10-17%22,%22Statement%22:[{\"Resource\":[\"a\",\"b\"],\
             \"Action\":[\"s3:GetObject\"],\"Principal\":{\"AWS\":[\"123456789012\"]},\
             \"Effect\":\"Allow\",\"Condition\":{\"Bool\":{\"aws:SecureTransport\":[\"false\"]}}}]}",
        );
        assert_eq!(short, long);
    }

    #[test]
    fn the_grammar_is_checked() {
        let error =
            serde_json::from_value::<Policy>(json!({ "Statement": [{ "Effect": "allow" }] }))
                .unwrap_err();
        assert_eq!(error.to_string(), "a policy statement needs `Effect: Allow` or `Effect: Deny`");
    }
}
