//! Specs on their way into a call: fields that wait, and values that nobody may see.

use serde_json::{Map, Value};

use crate::kind::field::HIDDEN;
use crate::kind::literal::plain;
use crate::kind::schema::{FieldRef, fields, property};

use super::known::is_known;

/// A spec in which every field that may be set late is as it was, or empty where there was nothing.
pub(super) fn hold_back(schema: &Value, spec: &Value, was: Option<&Value>) -> Value {
    let Value::Object(map) = spec else { return spec.clone() };
    let was = |key: &str| was.and_then(|was| was.get(key));
    let mut held: Map<String, Value> = map
        .iter()
        .filter_map(|(key, value)| match property(schema, key) {
            Some(field) if is_late(field) => Some((key.clone(), was(key)?.clone())),
            Some(field) => Some((key.clone(), hold_back(field, value, was(key)))),
            None => Some((key.clone(), value.clone())),
        })
        .collect();
    for field in fields(schema).filter(|field| is_late(field.schema)) {
        if !held.contains_key(field.name) {
            let value =
                was(field.name).cloned().or_else(|| field.is_required().then(|| empty(&field)));
            held.extend(value.map(|value| (field.name.to_owned(), value)));
        }
    }
    Value::Object(held)
}

/// Whether a change of the field at this path waits for the second step.
pub(super) fn is_late_path(schema: &Value, path: &str) -> bool {
    let mut schema = schema;
    for part in path.split('.') {
        let Some(next) = property(schema, part.split('[').next().unwrap_or(part)) else {
            return false;
        };
        if is_late(next) {
            return true;
        }
        schema = next;
    }
    false
}

fn is_late(schema: &Value) -> bool {
    schema.get("x-late") == Some(&Value::Bool(true))
}

/// What stands for "not yet" in a field that cannot be left out.
fn empty(field: &FieldRef<'_>) -> Value {
    if let Some(default) = field.schema.get("default") {
        return default.clone();
    }
    match field.schema.get("type").and_then(Value::as_str) {
        Some("array") => Value::Array(Vec::new()),
        Some("object") => Value::Object(Map::new()),
        _ => "".into(),
    }
}

/// A spec as the plan wants it: the plan's word for every field that it knows whole (a name may
/// differ from what the file says), the stack file's for what waited or is secret.
pub(super) fn merge(planned: &Value, resolved: Value) -> Value {
    let (Value::Object(planned), Value::Object(mut resolved)) = (planned, resolved) else {
        return planned.clone();
    };
    for (key, value) in planned {
        if is_known(value) || !resolved.contains_key(key) {
            resolved.insert(key.clone(), value.clone());
        }
    }
    Value::Object(resolved)
}

/// The values of a spec's secret fields, so that they can be kept out of what AWS says.
pub(super) fn secrets(schema: &Value, spec: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(schema, spec, false, &mut found);
    // A longer secret may hold a shorter one.
    found.sort_by_key(|text| std::cmp::Reverse(text.len()));
    found
}

fn collect(schema: &Value, value: &Value, secret: bool, found: &mut Vec<String>) {
    let secret = secret || schema.get("writeOnly") == Some(&Value::Bool(true));
    match value {
        Value::String(text) if secret && !text.is_empty() => found.push(plain(text).into_owned()),
        Value::Number(number) if secret => found.push(number.to_string()),
        Value::Array(items) => {
            let item = schema.get("items").unwrap_or(&Value::Null);
            items.iter().for_each(|value| collect(item, value, secret, found));
        }
        Value::Object(map) => {
            for (key, value) in map {
                let field = property(schema, key).unwrap_or(&Value::Null);
                collect(field, value, secret, found);
            }
        }
        _ => {}
    }
}

/// A text without the secrets.
pub(super) fn redact(text: &mut String, secrets: &[String]) {
    for secret in secrets {
        if text.contains(secret.as_str()) {
            *text = text.replace(secret.as_str(), HIDDEN);
        }
    }
}
