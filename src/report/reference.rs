//! The reference of kinds, drawn from their schemas: there is no second description.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Report;
use crate::kind::AnyKind;
use crate::kind::schema::{self, FieldRef};

impl Report {
    /// The kinds: a line each, or with all their fields.
    pub fn kinds(&self, kinds: &[&'static dyn AnyKind], markdown: bool, whole: bool) {
        if self.is_json() {
            let kinds: Vec<_> = kinds
                .iter()
                .map(|kind| {
                    json!({ "kind": kind.name(), "spec": kind.schema().json(),
                        "outputs": kind.outputs().json() })
                })
                .collect();
            self.json(&kinds);
        } else if markdown {
            self.out(&kinds.iter().map(|kind| as_markdown(*kind)).collect::<Vec<_>>().join("\n"));
        } else if whole {
            self.out(&kinds.iter().map(|kind| as_text(*kind)).collect::<Vec<_>>().join("\n"));
        } else {
            let abouts: Vec<String> =
                kinds.iter().map(|kind| summary(kind.schema().description())).collect();
            let names = kinds.iter().map(|kind| kind.name());
            self.list(names.zip(abouts.iter().map(String::as_str)));
        }
    }
}

/// The first sentence.
fn summary(text: &str) -> String {
    let text = one_line(text);
    text.split_once(". ").map_or(text.clone(), |(first, _)| format!("{first}."))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn as_text(kind: &dyn AnyKind) -> String {
    let mut text =
        format!("{}\n  {}\n\nFields:\n", kind.name(), one_line(kind.schema().description()));
    text_fields(&mut text, kind.schema().json(), 1);
    text.push_str("\nOutputs:\n");
    for field in kind.outputs().fields() {
        let _ = writeln!(text, "  {}: {}", field.name, one_line(field.description()));
    }
    if !kind.usage().is_empty() {
        text.push_str("\nUnder `usage`, for what it costs:\n");
    }
    for usage in kind.usage() {
        let _ = writeln!(text, "  {}: {}", usage.name, usage.about);
    }
    text
}

fn text_fields(text: &mut String, schema: &Value, depth: usize) {
    for field in schema::fields(schema) {
        let indent = "  ".repeat(depth);
        let _ = writeln!(text, "{indent}{}: {}", field.name, facts(&field).join(", "));
        if !field.description().is_empty() {
            let _ = writeln!(text, "{indent}    {}", one_line(field.description()));
        }
        text_fields(text, inner(field.schema), depth + 1);
    }
}

fn as_markdown(kind: &dyn AnyKind) -> String {
    let mut text = format!("## `{}`\n\n{}\n\n", kind.name(), kind.schema().description());
    text.push_str("| field | what it takes | meaning |\n|---|---|---|\n");
    markdown_fields(&mut text, kind.schema().json(), "");
    text.push_str("\n| output | what it is |\n|---|---|\n");
    for field in kind.outputs().fields() {
        let _ = writeln!(text, "| `{}` | {} |", field.name, one_line(field.description()));
    }
    if !kind.usage().is_empty() {
        text.push_str("\n| `usage` | what it counts |\n|---|---|\n");
    }
    for usage in kind.usage() {
        let _ = writeln!(text, "| `{}` | {} |", usage.name, usage.about);
    }
    text
}

fn markdown_fields(text: &mut String, schema: &Value, path: &str) {
    for field in schema::fields(schema) {
        let path = format!("{path}{}", field.name);
        let facts = facts(&field).join(", ").replace('|', "\\|");
        let about = one_line(field.description()).replace('|', "\\|");
        let _ = writeln!(text, "| `{path}` | {facts} | {about} |");
        markdown_fields(text, inner(field.schema), &format!("{path}."));
    }
}

/// Where nested fields stand: in the object itself, in a list's items, in a map's values.
fn inner(schema: &Value) -> &Value {
    let nested = schema
        .get("items")
        .or_else(|| schema.get("additionalProperties").filter(|values| values.is_object()));
    nested.map_or(schema, inner)
}

/// What a field takes and how it behaves.
fn facts(field: &FieldRef<'_>) -> Vec<String> {
    let mut facts = vec![what(field.schema)];
    if field.is_required() {
        facts.push("required".to_owned());
    }
    if let Some(default) = field.schema.get("default").filter(|d| *d != &json!([])) {
        facts.push(format!("default {default}"));
    }
    let keywords = [
        ("x-name", "default `<stack>-<env>-<address>`"),
        ("x-auto", "AWS decides when left out"),
        ("x-local", "AWS does not keep it: not compared itself"),
        ("x-immutable", "a change replaces the object"),
        ("writeOnly", "secret: sent, never read back"),
    ];
    for (keyword, fact) in keywords {
        if field.is(keyword) {
            facts.push(fact.to_owned());
        }
    }
    facts
}

fn what(schema: &Value) -> String {
    if let Some((kind, output)) = schema::reference(schema) {
        let kind = if kind == "*" { "a resource" } else { kind };
        return format!("reference to {kind} ({output})");
    }
    if let Some(format) = schema.get("x-format").and_then(Value::as_str) {
        return format.to_owned();
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        let values: Vec<String> = values.iter().map(plain).collect();
        return values.join(" | ");
    }
    let alternatives =
        ["oneOf", "anyOf"].iter().find_map(|key| schema.get(key).and_then(Value::as_array));
    if let Some(alternatives) = alternatives {
        return alternatives.iter().map(what).collect::<Vec<_>>().join(" or ");
    }
    if let Some(value) = schema.get("const") {
        return plain(value);
    }
    let range = match (schema.get("minimum"), schema.get("maximum")) {
        (Some(low), Some(high)) => format!(" {low} to {high}"),
        (Some(low), None) => format!(" from {low}"),
        (None, Some(high)) => format!(" up to {high}"),
        (None, None) => String::new(),
    };
    match schema.get("type").and_then(Value::as_str) {
        Some("array") => {
            let order = if schema.get("uniqueItems").is_some() { "set" } else { "list" };
            format!("{order} of {}", schema.get("items").map_or("anything".to_owned(), what))
        }
        Some("object") if schema.get("properties").is_none() => {
            let values = schema.get("additionalProperties").filter(|values| values.is_object());
            format!("map of {}", values.map_or("anything".to_owned(), what))
        }
        Some(name) => format!("{name}{range}"),
        None => "anything".to_owned(),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}
