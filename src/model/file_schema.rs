//! The JSON Schema of stack files, for editors: drawn from the kinds.

use serde_json::{Map, Value, json};

use crate::kind::AnyKind;
use crate::kind::charge::{RESERVATIONS, RESERVED};
use crate::kinds;

/// The JSON Schema of stack files. An expression fits wherever a value does.
pub fn file_schema() -> Value {
    let resources: Vec<Value> = kinds::all().map(resource).chain([template()]).collect();
    let params = json!({
        "type": "object",
        "description": "What an environment or a template's user decides.",
        "additionalProperties": {
            "type": "object",
            "properties": {
                "type": { "enum": ["string", "number", "integer", "boolean", "list", "map"] },
                "default": {}, "description": { "type": "string" },
                "allowed": { "type": "array" }, "pattern": { "type": "string" },
                "min": { "type": "number" }, "max": { "type": "number" },
            },
        },
    });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "infra stack file",
        "type": "object",
        "required": ["stack", "region", "resources"],
        "additionalProperties": false,
        "properties": {
            "stack": { "type": "string", "pattern": "^[a-z][a-z0-9-]{0,31}$",
                "description": "The stack's name; it begins the names of its objects." },
            "region": { "type": "string", "description": "The home region, such as eu-west-3." },
            "regions": { "type": "array", "items": { "type": "string" },
                "description": "Further regions to look into for objects of the stack." },
            "params": params,
            "environments": {
                "type": "object",
                "description": "The instances of the stack, such as dev and prod.",
                "additionalProperties": {
                    "type": ["object", "null"],
                    "properties": {
                        "params": { "type": "object" }, "region": { "type": "string" },
                        "tags": tags(),
                        "protect": { "type": "boolean", "description":
                            "Whether what holds data may be neither deleted nor replaced." },
                        "night": night(),
                        "ttl": { "type": "string", "description":
                            "How long the environment lives after its last apply, such as 14h: then `infra reap` destroys it." },
                        "expires": { "type": "string", "description":
                            "When `infra reap` destroys the environment: `friday 20:00`, `friday 20:00 Europe/Paris`, `2026-12-24 20:00`." },
                        "budget": budget(),
                    },
                },
            },
            "objectives": {
                "type": "object",
                "description": "What was promised about recovery.",
                "additionalProperties": false,
                "properties": {
                    "rto": { "type": "string", "description": "How long the stack may be away, such as 4h." },
                    "rpo": { "type": "string", "description": "How much of what was done last may be lost, such as 1h." },
                    "availability": { "type": "number", "description": "For how many percent of the time it is there." },
                },
            },
            "tags": tags(),
            "budget": budget(),
            "currency": { "type": "object", "description":
                "What a dollar is worth in other currencies: `EUR: 0.92`.",
                "propertyNames": { "pattern": "^[A-Z]{3}$" },
                "additionalProperties": { "type": "number", "exclusiveMinimum": 0 } },
            "resources": {
                "type": "object",
                "propertyNames": { "pattern": "^[a-z][a-z0-9_]*$" },
                "additionalProperties": { "oneOf": resources },
            },
            "outputs": { "type": "object", "description": "What apply and show print." },
            "adopt": { "type": "object", "additionalProperties": { "type": "string" },
                "description": "Objects that exist, by the addresses of the resources that take them over: ids, names or ARNs. It counts for nothing once they are ours." },
        },
    })
}

/// What may go while an environment sleeps, by the words of the kinds.
fn night() -> Value {
    let words = kinds::all().filter_map(AnyKind::night);
    let words: Map<String, Value> =
        words.map(|word| (word.to_owned(), json!({ "enum": ["remove", "keep"] }))).collect();
    json!({ "type": "object", "additionalProperties": false, "properties": words,
        "description": "What goes while the environment sleeps, and comes back when it wakes." })
}

fn tags() -> Value {
    json!({ "type": "object", "additionalProperties": { "type": ["string", "number", "boolean"] } })
}

fn budget() -> Value {
    json!({
        "type": "object",
        "description": "What a month may cost; a plan over it fails unless `--over-budget` is given.",
        "required": ["monthly"],
        "additionalProperties": false,
        "properties": {
            "monthly": { "type": ["number", "string"], "minimum": 0,
                "description": "The amount." },
            "currency": { "type": "string", "default": "USD",
                "description": "Its currency; another than USD needs a rate under `currency`." },
        },
    })
}

/// How much of a resource is used, for what it costs.
fn usage(kind: &dyn AnyKind) -> Value {
    let names = kind.usage().iter().map(|usage| {
        let value = if *usage == RESERVED {
            json!({ "enum": RESERVATIONS, "description": usage.about })
        } else {
            json!({ "type": ["number", "string"], "minimum": 0, "description": usage.about })
        };
        (usage.name.to_owned(), value)
    });
    let properties: Map<String, Value> = names.collect();
    json!({
        "type": "object", "properties": properties, "additionalProperties": false,
        "description": "How much of it is used in a month, for `infra cost`.",
    })
}

/// The keys that every resource may have, whatever it is.
fn structure() -> Map<String, Value> {
    let keys = json!({
        "for_each": { "description": "A list or map (or an expression for one): one resource per item." },
        "when": { "description": "Whether the resource exists at all.", "type": ["boolean", "string"] },
        "region": { "type": "string", "description": "Another region than the stack's." },
        "tags": tags(),
        "lifecycle": {
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "protect": { "type": ["boolean", "string"] },
                "retain": { "type": ["boolean", "string"] },
                "depends_on": { "type": "array", "items": { "type": "string" } },
                "ignore": { "type": "array", "items": { "type": "string" } },
                "moved_from": { "type": "string" },
                "timeout": { "type": "string" },
            },
        },
    });
    keys.as_object().cloned().unwrap_or_default()
}

fn resource(kind: &dyn AnyKind) -> Value {
    let mut schema = kind.schema().json().clone();
    relax(&mut schema);
    let Some(object) = schema.as_object_mut() else { return schema };
    if let Some(Value::Object(properties)) = object.get_mut("properties") {
        let about = "What kind of object this is.";
        properties.insert("kind".into(), json!({ "const": kind.name(), "description": about }));
        properties.extend(structure());
        let usage = usage(kind);
        let both = properties.get("usage").map(|own| json!({ "anyOf": [own, usage] }));
        properties.insert("usage".into(), both.unwrap_or(usage));
    }
    let required = object.entry("required").or_insert_with(|| json!([]));
    if let Some(required) = required.as_array_mut() {
        required.insert(0, "kind".into());
    }
    object.insert("title".into(), kind.name().into());
    schema
}

fn template() -> Value {
    let mut properties = structure();
    properties.insert("template".into(), json!({ "type": "string" }));
    properties.insert("with".into(), json!({ "type": "object" }));
    json!({ "title": "template", "type": "object", "required": ["template"],
        "additionalProperties": false, "properties": properties })
}

/// Lets an expression stand wherever something else than text is wanted.
fn relax(schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else { return };
    for key in ["properties", "additionalProperties", "items"] {
        match (key, object.get_mut(key)) {
            ("properties", Some(Value::Object(properties))) => {
                for property in properties.values_mut() {
                    relax(property);
                    let takes_text = property.get("type") == Some(&"string".into())
                        && property.get("enum").is_none();
                    if !takes_text {
                        let about = property.get("description").cloned();
                        let inner = property.take();
                        *property =
                            json!({ "anyOf": [inner, { "type": "string", "pattern": r"\$\{" }] });
                        if let Some(about) = about {
                            property["description"] = about;
                        }
                    }
                }
            }
            (_, Some(inner)) if inner.is_object() => relax(inner),
            _ => {}
        }
    }
}
