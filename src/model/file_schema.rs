//! The JSON Schema of stack files, for editors: drawn from the kinds.
//!
//! What a resource may have is chosen by its `kind` with `if` and `then`: editors complete all kinds
//! by that, and speak of one kind's mistakes instead of all of them.

use serde_json::{Map, Value, json};

use super::Stack;
use crate::kind::AnyKind;
use crate::kind::charge::{RESERVATIONS, RESERVED};
use crate::kind::schema::reference;
use crate::kinds;

/// The JSON Schema of stack files. An expression fits wherever a value does. With a stack, what
/// takes a reference lists those of the stack's resources that it takes.
pub fn file_schema(stack: Option<&Stack>) -> Value {
    let branches: Vec<Value> =
        kinds::all().map(|kind| resource(kind, stack)).chain([template()]).collect();
    let names: Vec<&str> = kinds::all().map(AnyKind::name).collect();
    let about: Vec<&str> = kinds::all().map(|kind| kind.schema().description()).collect();
    let mut properties = structure();
    properties.insert(
        "kind".into(),
        json!({
            "enum": names, "enumDescriptions": about, "description": "What kind of object this is.",
        }),
    );
    properties.insert(
        "template".into(),
        json!({
            "type": "string", "description": "The template whose resources stand here.",
        }),
    );
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
                "additionalProperties": {
                    "type": "object",
                    "anyOf": [{ "required": ["kind"] }, { "required": ["template"] }],
                    "properties": properties,
                    "allOf": branches,
                },
            },
            "outputs": { "type": "object", "description": "What apply and show print." },
            "adopt": { "type": "object", "additionalProperties": { "type": "string" },
                "description": "Objects that exist, by the addresses of the resources that take them over: ids, names or ARNs. It counts for nothing once they are ours." },
        },
        "$defs": { "expression": { "type": "string", "pattern": r"\$\{" } },
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

/// What a resource of the kind may have.
fn resource(kind: &dyn AnyKind, stack: Option<&Stack>) -> Value {
    let mut schema = relaxed(kind.schema().json(), stack);
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.insert("kind".into(), json!({ "const": kind.name() }));
        properties.extend(structure().into_iter().map(|(key, _)| (key, true.into())));
        let usage = usage(kind);
        let both = properties.get("usage").map(|own| json!({ "anyOf": [own, usage] }));
        properties.insert("usage".into(), both.unwrap_or(usage));
    }
    schema["title"] = kind.name().into();
    json!({
        "if": { "required": ["kind"], "properties": { "kind": { "const": kind.name() } } },
        "then": schema,
    })
}

fn template() -> Value {
    let mut properties: Map<String, Value> =
        structure().into_iter().map(|(key, _)| (key, true.into())).collect();
    properties.insert("template".into(), true.into());
    properties.insert(
        "with".into(),
        json!({
            "type": "object", "description": "The template's parameters.",
        }),
    );
    json!({
        "if": { "required": ["template"] },
        "then": { "title": "template", "additionalProperties": false, "properties": properties },
    })
}

/// The schema with an expression let in wherever a value stands that is not just any text.
fn relaxed(schema: &Value, stack: Option<&Stack>) -> Value {
    let Some(object) = schema.as_object() else { return schema.clone() };
    let mut inner = object.clone();
    for (key, value) in &mut inner {
        match (key.as_str(), &mut *value) {
            ("properties", Value::Object(properties)) => {
                for property in properties.values_mut() {
                    *property = or_expression(property, stack);
                }
            }
            ("items" | "additionalProperties", Value::Object(_)) => {
                *value = or_expression(value, stack);
            }
            ("anyOf" | "oneOf" | "allOf", Value::Array(all)) => {
                all.iter_mut().for_each(|one| *one = relaxed(one, stack));
            }
            _ => {}
        }
    }
    inner.into()
}

/// The schema of a value, or an expression in its place.
fn or_expression(schema: &Value, stack: Option<&Stack>) -> Value {
    let mut inner = relaxed(schema, stack);
    if let Some((kind, output)) = reference(schema) {
        inner["examples"] = references(kind, output, stack).into();
        inner["defaultSnippets"] = json!([snippet(kind)]);
    }
    let is_text = inner.get("type").is_some_and(|kind| kind == "string");
    let is_any = ["enum", "const", "pattern", "maxLength", "format"]
        .iter()
        .all(|key| inner.get(key).is_none());
    if inner.get("type").is_none() && inner.get("anyOf").is_none() && is_any || is_text && is_any {
        return inner;
    }
    let about = inner.as_object_mut().and_then(|inner| inner.remove("description"));
    let mut both = json!({ "anyOf": [inner, { "$ref": "#/$defs/expression" }] });
    if let Some(about) = about {
        both["description"] = about;
    }
    both
}

/// The stack's resources that a reference field takes.
fn references(kind: &str, output: &str, stack: Option<&Stack>) -> Vec<String> {
    let all = stack.into_iter().flat_map(|stack| stack.resources.values());
    let fits = |name: &str| kind == name || kind == "*";
    all.filter(|resource| fits(resource.kind.name()))
        .filter_map(|resource| {
            let name = resource.expression()?;
            // What takes any kind has to be told which of its outputs.
            let is_own = kind != "*";
            let has = resource.kind.outputs().field(output).is_some();
            (is_own || has).then(|| {
                if is_own { format!("${{{name}}}") } else { format!("${{{name}.{output}}}") }
            })
        })
        .collect()
}

/// How an editor begins a reference.
fn snippet(kind: &str) -> Value {
    let of = if kind == "*" { "a resource" } else { kind };
    json!({
        "label": format!("${{{of}}}"),
        "description": format!("A reference to {of}."),
        "body": r"\${${1:address}\}",
    })
}
