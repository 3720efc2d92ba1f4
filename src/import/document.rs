//! The text of a stack file, part by part.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::linker::{self, Linker};
use super::yaml::Writer;
use super::{Found, Naming, section, tag};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::kind::schema::fields;
use crate::kind::{AnyKind, Tags};

/// What AWS does not show of an object and its kind knows: it is for people to fill in.
fn unshown(kind: &dyn AnyKind) -> Vec<String> {
    fn collect(schema: &Value, path: &str, into: &mut Vec<String>) {
        for field in fields(schema) {
            let path =
                if path.is_empty() { field.name.into() } else { format!("{path}.{}", field.name) };
            if field.is("writeOnly") || field.is("x-local") {
                into.push(path);
            } else {
                collect(field.schema, &path, into);
            }
        }
    }
    let mut all = Vec::new();
    collect(kind.schema().json(), "", &mut all);
    all
}

/// A comment on what people have to fill in, if there is anything.
fn fill_in(text: &mut Writer, kind: &dyn AnyKind) {
    let missing = unshown(kind);
    if !missing.is_empty() {
        let missing = missing.join(", ");
        text.line(2, &format!("# AWS does not show {missing}: fill in what a new one would need."));
    }
}

/// The text of a stack file.
pub fn text(
    found: &[Found],
    resources: &[(String, Map<String, Value>)],
    common: &Tags,
    linker: &Linker<'_>,
    naming: &Naming,
) -> String {
    let mut text = Writer::default();
    text.line(0, "# yaml-language-server: $schema=../schema/stack.schema.json");
    text.line(0, &format!("# What was found in {} of account {}.", naming.region, naming.account));
    text.entry(0, "stack", &naming.stack.as_str().into());
    text.entry(0, "region", &naming.region.as_str().into());
    if let Some(environment) = &naming.environment {
        text.blank();
        text.line(0, "environments:");
        text.entry(1, environment, &json!({}));
    }
    if !common.is_empty() {
        text.blank();
        text.line(0, "tags:");
        for (key, value) in common {
            text.entry(1, key, &tag(value, naming).into());
        }
    }
    text.blank();
    if resources.is_empty() {
        text.line(0, "resources: {}");
        return text.finish();
    }
    text.line(0, "resources:");
    let sections = section::ordered(found, &linker.edges);
    for (number, (title, places)) in sections.iter().enumerate() {
        if number > 0 {
            text.blank();
        }
        text.heading(1, title);
        for &place in places {
            let (address, fields) = &resources[place];
            text.line(1, &format!("{address}:"));
            for (name, value) in fields {
                text.entry(2, name, value);
                if name == "kind" {
                    fill_in(&mut text, found[place].kind);
                }
            }
        }
    }
    text.blank();
    text.line(0, "# The objects that these are, whose tags `infra adopt` writes. After that this part can go.");
    text.line(0, "adopt:");
    for it in sections.values().flatten().map(|&place| &found[place]) {
        text.entry(1, &it.address, &id(it, found).into());
    }
    text.finish()
}

/// What names an object among those of its kind in its region.
fn id(it: &Found, found: &[Found]) -> String {
    let is_unique = |text: &str| {
        let same = |other: &&Found| {
            other.object.kind == it.object.kind
                && other.object.region == it.object.region
                && other.object.is_named(other.kind, text)
        };
        found.iter().filter(same).count() == 1
    };
    let (id, arn) = (it.object.id(), it.object.outputs.get("arn").and_then(Value::as_str));
    let name = it.kind.schema().name_field().and_then(|field| it.object.spec.get(field.name));
    // Whatever is short: an id, a name. ARNs are long.
    let short = Some(id).filter(|id| !id.starts_with("arn:")).into_iter();
    let mut all = short.chain(name.and_then(Value::as_str)).chain(arn).chain(Some(id));
    linker::literal(all.find(|text| is_unique(text)).unwrap_or(id))
}

/// Reads the text again: it has to say what was meant.
pub fn check(text: &str, resources: &[(String, Map<String, Value>)]) -> Result<(), Diagnostics> {
    let file = crate::diagnostic::SourceFile { path: "(import)".into(), text: text.to_owned() };
    let mut mistakes = Diagnostics::new();
    let read = crate::stack::yaml::parse(&Arc::new(file), &mut mistakes).map(|node| node.json());
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let read = read.unwrap_or_default();
    for (address, meant) in resources {
        let is = &read["resources"][address];
        if *is != Value::Object(meant.clone()) {
            let message = format!("what was found of `{address}` cannot be written: {is}");
            return Err(Diagnostic::error("unwritable", message).into());
        }
    }
    Ok(())
}
