//! What differs between two canonical values. The schema alone says how each field behaves: no
//! kind is special here.

use serde_json::Value;

use super::Change;
use crate::kind::Schema;
use crate::kind::field::HIDDEN;
use crate::kind::schema::{fields, property};

/// The fields of `after` that differ from `before`, in the order of the schema. Objects are
/// compared field by field, lists and maps as a whole. Left out are secrets, where things are
/// found, what AWS decides because the file is silent, and the fields in `ignore` with all below them.
pub fn diff(schema: &Schema, before: &Value, after: &Value, ignore: &[String]) -> Vec<Change> {
    let mut changes = Vec::new();
    compare(schema.json(), before, after, &At { path: "", immutable: false, ignore }, &mut changes);
    changes
}

/// Where the comparison stands.
struct At<'a> {
    path: &'a str,
    immutable: bool,
    ignore: &'a [String],
}

fn compare(schema: &Value, before: &Value, after: &Value, at: &At<'_>, changes: &mut Vec<Change>) {
    for field in fields(schema) {
        let (was, now) = (before.get(field.name), after.get(field.name));
        if same_field(field.schema, was, now) {
            continue;
        }
        let path = join(at.path, field.name);
        if ignored(at.ignore, &path) {
            continue;
        }
        let immutable = at.immutable || field.is("x-immutable");
        match (was, now) {
            (Some(Value::Object(_)), Some(Value::Object(_)))
                if field.schema.get("properties").is_some() =>
            {
                let at = At { path: &path, immutable, ignore: at.ignore };
                compare(field.schema, &before[field.name], &after[field.name], &at, changes);
            }
            _ => changes.push(Change {
                path,
                before: was.map(|value| masked(field.schema, value)),
                after: now.map(|value| masked(field.schema, value)),
                replaces: immutable,
            }),
        }
    }
}

/// Whether two values of one field count as the same.
fn same_field(schema: &Value, was: Option<&Value>, now: Option<&Value>) -> bool {
    match (was, now) {
        _ if was == now || is(schema, "writeOnly") || is(schema, "x-local") => true,
        (Some(was), Some(now)) => same(schema, was, now),
        (None, None) => true,
        (Some(_), None) => is(schema, "x-auto"),
        (None, Some(_)) => false,
    }
}

fn same(schema: &Value, was: &Value, now: &Value) -> bool {
    match (was, now) {
        _ if was == now => true,
        (Value::Object(was), Value::Object(now)) if schema.get("properties").is_some() => {
            fields(schema).all(|f| same_field(f.schema, was.get(f.name), now.get(f.name)))
        }
        (Value::Object(was), Value::Object(now)) => {
            let values = schema.get("additionalProperties").unwrap_or(&Value::Null);
            was.len() == now.len()
                && was.iter().all(|(key, was)| now.get(key).is_some_and(|n| same(values, was, n)))
        }
        (Value::Array(was), Value::Array(now)) if was.len() == now.len() => {
            let items = schema.get("items").unwrap_or(&Value::Null);
            if !is(schema, "uniqueItems") {
                return was.iter().zip(now).all(|(was, now)| same(items, was, now));
            }
            // What AWS adds to an element may sort it elsewhere.
            let mut left: Vec<&Value> = now.iter().collect();
            was.iter().all(|was| {
                let found = left.iter().position(|now| same(items, was, now));
                found.map(|place| left.swap_remove(place)).is_some()
            })
        }
        _ => false,
    }
}

/// `desired` with what a run must leave alone as it is in `live`: ignored fields, and those that
/// AWS decides.
pub fn carry(schema: &Schema, live: &Value, desired: &mut Value, ignore: &[String]) {
    carry_into(schema.json(), live, desired, &At { path: "", immutable: false, ignore });
}

fn carry_into(schema: &Value, live: &Value, desired: &mut Value, at: &At<'_>) {
    let Value::Object(map) = desired else { return };
    for field in fields(schema) {
        let path = || join(at.path, field.name);
        let is_ignored = !at.ignore.is_empty() && ignored(at.ignore, &path());
        match (live.get(field.name), map.get_mut(field.name)) {
            // Most fields are one of these: nothing more is looked up for them.
            (None, None) => {}
            (Some(_), Some(now)) if !is_ignored && !now.is_object() => {}
            _ if field.is("writeOnly") || field.is("x-local") => {}
            (Some(was), None) if is_ignored || field.is("x-auto") => {
                map.insert(field.name.to_owned(), was.clone());
            }
            (Some(was), Some(now)) if is_ignored => *now = was.clone(),
            (None, Some(_)) if is_ignored => {
                map.remove(field.name);
            }
            (Some(was), Some(now)) if field.schema.get("properties").is_some() => {
                carry_into(field.schema, was, now, &At { path: &path(), ..*at });
            }
            _ => {}
        }
    }
}

/// Hides every secret in `value`, wherever it is.
pub fn mask(schema: &Value, value: &mut Value) {
    match value {
        _ if is(schema, "writeOnly") => *value = Value::String(HIDDEN.to_owned()),
        Value::Object(map) => {
            for (key, value) in map {
                if let Some(schema) = property(schema, key) {
                    mask(schema, value);
                }
            }
        }
        Value::Array(items) => {
            if let Some(schema) = schema.get("items") {
                items.iter_mut().for_each(|item| mask(schema, item));
            }
        }
        _ => {}
    }
}

fn masked(schema: &Value, value: &Value) -> Value {
    let mut value = value.clone();
    mask(schema, &mut value);
    value
}

/// Whether a path, or one above it, is in the list.
pub fn ignored(ignore: &[String], path: &str) -> bool {
    ignore.iter().any(|above| {
        path.strip_prefix(above.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn is(schema: &Value, keyword: &str) -> bool {
    schema.get(keyword) == Some(&Value::Bool(true))
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde_json::json;

    use super::*;
    use crate::kind::{Auto, Immutable, Secret, Set};

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Spec {
        title: Immutable<String>,
        #[serde(default)]
        size: u32,
        zone: Auto<String>,
        password: Option<Secret<String>>,
        check: Option<Check>,
        place: Immutable<Option<Place>>,
        rules: Set<Rule>,
        labels: std::collections::BTreeMap<String, String>,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Check {
        path: String,
        interval: Option<u32>,
        port: Immutable<Option<u16>>,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Place {
        subnet: String,
        address: Option<String>,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Rule {
        port: u16,
        id: Auto<String>,
        key: Option<Secret<String>>,
    }

    fn lines(before: &Value, after: &Value, ignore: &[&str]) -> Vec<String> {
        let ignore: Vec<String> = ignore.iter().map(|&path| path.to_owned()).collect();
        let shown = |value: Option<Value>| value.map_or("-".to_owned(), |v| v.to_string());
        diff(&Schema::of::<Spec>(), before, after, &ignore)
            .into_iter()
            .map(|change| {
                let forces = if change.replaces { " !" } else { "" };
                format!("{} {} {}{forces}", change.path, shown(change.before), shown(change.after))
            })
            .collect()
    }

    #[test]
    fn fields_follow_the_schema_in_its_order() {
        let before = json!({ "labels": { "a": "1" }, "size": 1, "title": "a" });
        let after = json!({ "title": "b", "labels": { "a": "2" }, "size": 2 });
        assert_eq!(
            lines(&before, &after, &[]),
            ["title \"a\" \"b\" !", "size 1 2", "labels {\"a\":\"1\"} {\"a\":\"2\"}"]
        );
        assert_eq!(lines(&before, &after, &["title", "labels"]), ["size 1 2"]);
    }

    #[test]
    fn objects_are_entered_and_immutability_goes_down_with_them() {
        let before = json!({
            "check": { "path": "/", "interval": 5, "port": 80 },
            "place": { "subnet": "a" },
        });
        let after = json!({
            "check": { "path": "/", "port": 81 },
            "place": { "subnet": "b", "address": "1" },
        });
        assert_eq!(
            lines(&before, &after, &["check.path"]),
            [
                "check.interval 5 -",
                "check.port 80 81 !",
                "place.subnet \"a\" \"b\" !",
                "place.address - \"1\" !"
            ]
        );
        assert_eq!(lines(&before, &json!({ "place": before["place"] }), &["check"]), [""; 0]);
    }

    #[test]
    fn silence_and_secrets_are_no_differences_however_deep() {
        let before = json!({
            "zone": "a", "password": "old",
            "rules": [{ "id": "9", "port": 1 }, { "id": "1", "port": 2, "key": "k" }],
        });
        let after = json!({ "rules": [{ "port": 2 }, { "port": 1, "key": "(secret)" }] });
        assert_eq!(lines(&before, &after, &[]), [""; 0]);
        let after = json!({ "zone": "b", "rules": [{ "port": 2 }, { "port": 3, "key": "k" }] });
        assert_eq!(
            lines(&before, &after, &[]),
            [
                "zone \"a\" \"b\"",
                "rules [{\"id\":\"9\",\"port\":1},{\"id\":\"1\",\"port\":2,\"key\":\"(secret)\"}] \
                 [{\"port\":2},{\"port\":3,\"key\":\"(secret)\"}]"
            ]
        );
    }

    #[test]
    fn what_is_left_alone_is_carried_over() {
        let live = json!({
            "title": "t", "size": 7, "zone": "a", "password": "never",
            "check": { "path": "/live", "interval": 3 },
        });
        let mut desired =
            json!({ "title": "t", "size": 1, "password": "new", "check": { "path": "/" } });
        let ignore = ["size".to_owned(), "check.path".to_owned(), "check.interval".to_owned()];
        carry(&Schema::of::<Spec>(), &live, &mut desired, &ignore);
        assert_eq!(
            desired,
            json!({
                "title": "t", "size": 7, "password": "new", "zone": "a",
                "check": { "path": "/live", "interval": 3 },
            })
        );
    }
}
