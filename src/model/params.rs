//! Parameters: what a stack file or template declares, and the values that it is given.

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::rules::Rules;
use super::scope::list;
use crate::diagnostic::{Diagnostic, Diagnostics, SourceFile, did_you_mean};
use crate::stack::yaml::plain;
use crate::stack::{Data, Key, Node, yaml};

/// A declared parameter.
pub(super) struct Param {
    pub key: Key,
    pub default: Option<Node>,
    /// What a value has to be, as a JSON Schema.
    pub schema: Value,
}

const TYPES: [&str; 6] = ["string", "number", "integer", "boolean", "list", "map"];
const KEYS: [&str; 7] = ["type", "default", "allowed", "description", "pattern", "min", "max"];

/// Reads the `params` of a file.
pub(super) fn declared(
    node: Option<&Node>,
    file: &Arc<SourceFile>,
    mistakes: &mut Diagnostics,
) -> IndexMap<String, Param> {
    let mut params = IndexMap::new();
    let Some(node) = node else { return params };
    if !matches!(node.data, Data::Map(_) | Data::Null) {
        mistakes.push(mapping("params", node, file));
    }
    for (key, node) in node.entries() {
        if !crate::stack::expression::is_identifier(&key.text) {
            let message = format!("`{}` cannot be the name of a parameter", key.text);
            let help = format!("`{}` could", key.text.replace('-', "_"));
            mistakes.push(Diagnostic::error("bad-name", message).at(key.span(file)).help(help));
        }
        if let Some(param) = param(key, node, file, mistakes) {
            params.insert(key.text.to_string(), param);
        }
    }
    params
}

/// The mistake of something that is no mapping.
pub(super) fn mapping(name: &str, node: &Node, file: &Arc<SourceFile>) -> Diagnostic {
    let message = format!("`{name}` has to be a mapping, not {}", node.sort());
    Diagnostic::error("wrong-type", message).at(node.span(file))
}

fn param(
    key: &Key,
    node: &Node,
    file: &Arc<SourceFile>,
    mistakes: &mut Diagnostics,
) -> Option<Param> {
    if !matches!(node.data, Data::Map(_)) {
        let help = format!("declare it so: `{}: {{ type: string }}`", key.text);
        mistakes.push(mapping(&key.text, node, file).help(help));
        return None;
    }
    for (other, _) in node.entries().iter().filter(|(key, _)| !KEYS.contains(&&*key.text)) {
        let help = did_you_mean(&other.text, KEYS)
            .unwrap_or_else(|| format!("it has {}", list(KEYS.into_iter())));
        let message = format!("a parameter has no `{}`", other.text);
        mistakes.push(Diagnostic::error("unknown-key", message).at(other.span(file)).help(help));
    }
    let mut schema = Map::new();
    let kind = match node.get("type") {
        None => "string",
        Some(given) => {
            if let Some(kind) = given.text().filter(|text| TYPES.contains(text)) {
                kind
            } else {
                let near = given.text().and_then(|text| did_you_mean(text, TYPES));
                let help = near.unwrap_or_else(|| format!("there are {}", list(TYPES.into_iter())));
                let message = "there is no such type of parameter";
                let wrong = Diagnostic::error("unknown-type", message).at(given.span(file));
                mistakes.push(wrong.help(help));
                return None;
            }
        }
    };
    let json_type = match kind {
        "list" => "array",
        "map" => "object",
        other => other,
    };
    schema.insert("type".into(), json_type.into());
    if let Some(allowed) = node.get("allowed") {
        match &allowed.data {
            Data::List(_) => drop(schema.insert("enum".into(), allowed.json())),
            _ => mistakes.push(
                Diagnostic::error("wrong-type", "`allowed` has to be a list")
                    .at(allowed.span(file)),
            ),
        }
    }
    if let Some(pattern) = node.get("pattern") {
        match pattern.text().map(regex::Regex::new) {
            Some(Ok(regex)) => drop(schema.insert("pattern".into(), regex.as_str().into())),
            _ => mistakes.push(
                Diagnostic::error("bad-pattern", "this is not a regular expression")
                    .at(pattern.span(file)),
            ),
        }
    }
    for (bound, number, length, items) in
        [("min", "minimum", "minLength", "minItems"), ("max", "maximum", "maxLength", "maxItems")]
    {
        let Some(node) = node.get(bound) else { continue };
        let keyword = match kind {
            "string" => length,
            "list" => items,
            _ => number,
        };
        match &node.data {
            Data::Int(_) | Data::Float(_) => drop(schema.insert(keyword.into(), node.json())),
            _ => mistakes.push(
                Diagnostic::error("wrong-type", format!("`{bound}` has to be a number"))
                    .at(node.span(file)),
            ),
        }
    }
    let default = node.get("default").filter(|node| !matches!(node.data, Data::Null));
    Some(Param { key: key.clone(), default: default.cloned(), schema: Value::Object(schema) })
}

impl Param {
    /// What is wrong with a value.
    pub fn check(&self, value: &Node, file: &Arc<SourceFile>, written: bool) -> Option<Diagnostic> {
        let written = written.then(|| file.text.get(value.start..value.end).unwrap_or_default());
        let wrong = Rules::of(&self.schema).check(value, &self.key.text, written)?;
        let diagnostic = Diagnostic::error(wrong.code, wrong.message).at(value.span(file));
        Some(diagnostic.maybe_help(wrong.help))
    }

    /// A value that was given as text on the command line.
    pub fn read(&self, text: &str) -> Result<Value, Diagnostic> {
        let name = &self.key.text;
        let data = match self.schema["type"].as_str() {
            Some("string") => Data::Text(text.into()),
            Some("array" | "object") => {
                let path = format!("--param {name}");
                let file = Arc::new(SourceFile { path, text: text.to_owned() });
                let mut mistakes = Diagnostics::new();
                match yaml::parse(&file, &mut mistakes) {
                    Some(node) if mistakes.is_empty() => node.data,
                    _ => Data::Text(text.into()),
                }
            }
            _ => plain(text),
        };
        let node = Node { data, start: 0, end: 0 };
        match Rules::of(&self.schema).check(&node, name, None) {
            None => Ok(node.json()),
            Some(wrong) => Err(Diagnostic::error(wrong.code, wrong.message)
                .note(format!("it is given as `--param {name}={}`", json!(text)))
                .maybe_help(wrong.help)),
        }
    }

    /// The mistake of not giving it.
    pub fn missing(&self, help: String) -> Diagnostic {
        let message = format!("the parameter `{}` is not given and has no default", self.key.text);
        Diagnostic::error("missing-param", message).help(help)
    }
}

/// The mistake of giving a parameter that there is not.
pub(super) fn unknown(name: &str, of: &str, params: &IndexMap<String, Param>) -> Diagnostic {
    let names = || params.keys().map(String::as_str);
    let help = did_you_mean(name, names()).unwrap_or_else(|| {
        if params.is_empty() {
            format!("{of} has none")
        } else {
            format!("it has {}", list(names()))
        }
    });
    Diagnostic::error("unknown-param", format!("{of} has no parameter `{name}`")).help(help)
}
