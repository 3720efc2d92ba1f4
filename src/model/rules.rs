//! What a JSON Schema says about one value, and whether a value that is known keeps to it.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use regex::Regex;
use serde_json::Value;

use super::scope::list;
use crate::diagnostic::did_you_mean;
use crate::stack::yaml::plain;
use crate::stack::{Data, Node};

/// The keywords of a schema that matter here, read in one go.
#[derive(Clone, Copy, Default)]
pub(super) struct Rules<'s> {
    pub types: Option<&'s Value>,
    pub properties: Option<&'s Value>,
    pub required: Option<&'s Value>,
    pub additional: Option<&'s Value>,
    pub items: Option<&'s Value>,
    pub any: Option<&'s Vec<Value>>,
    pub reference: Option<(&'s str, &'s str)>,
    pub late: bool,
    pub unique: bool,
    values: Option<&'s Vec<Value>>,
    constant: Option<&'s Value>,
    minimum: Option<f64>,
    maximum: Option<f64>,
    min_length: Option<u64>,
    max_length: Option<u64>,
    min_items: Option<u64>,
    max_items: Option<u64>,
    pattern: Option<&'s str>,
}

/// What is wrong with a value.
pub(super) struct Wrong {
    pub code: &'static str,
    pub message: String,
    pub help: Option<String>,
}

impl Wrong {
    fn new(code: &'static str, message: String) -> Self {
        Self { code, message, help: None }
    }
}

impl<'s> Rules<'s> {
    /// The rules of a schema.
    pub fn of(schema: &'s Value) -> Self {
        let mut rules = Self::default();
        for (keyword, value) in schema.as_object().into_iter().flatten() {
            match keyword.as_str() {
                "type" => rules.types = Some(value),
                "properties" => rules.properties = Some(value),
                "required" => rules.required = Some(value),
                "additionalProperties" => rules.additional = Some(value),
                "items" => rules.items = Some(value),
                "anyOf" | "oneOf" => rules.any = value.as_array(),
                "x-ref" => {
                    rules.reference = value.as_str().and_then(|text| text.split_once('#'));
                }
                "x-late" => rules.late = true,
                "uniqueItems" => rules.unique = true,
                "enum" => rules.values = value.as_array(),
                "const" => rules.constant = Some(value),
                "minimum" => rules.minimum = value.as_f64(),
                "maximum" => rules.maximum = value.as_f64(),
                "minLength" => rules.min_length = value.as_u64(),
                "maxLength" => rules.max_length = value.as_u64(),
                "minItems" => rules.min_items = value.as_u64(),
                "maxItems" => rules.max_items = value.as_u64(),
                "pattern" => rules.pattern = value.as_str(),
                _ => {}
            }
        }
        rules
    }

    /// Whether any value will do.
    pub fn is_free(&self) -> bool {
        self.types.is_none()
            && self.any.is_none()
            && self.values.is_none()
            && self.constant.is_none()
            && self.properties.is_none()
    }

    /// Whether a value of that type may stand here.
    pub fn allows(&self, name: &str) -> bool {
        match self.types {
            Some(Value::String(only)) => only == name,
            Some(Value::Array(names)) => names.iter().any(|one| one == name),
            _ => match self.any {
                Some(any) => any.iter().any(|one| Self::of(one).allows(name)),
                None => match (self.constant, self.values) {
                    (Some(value), _) => is_type(value, name),
                    (None, Some(values)) => values.iter().any(|value| is_type(value, name)),
                    (None, None) => self.properties.is_none() || name == "object",
                },
            },
        }
    }

    /// The schema's words for what it takes.
    pub fn expected(&self) -> String {
        let words: Vec<&str> = ["string", "integer", "number", "boolean", "array", "object"]
            .into_iter()
            .filter(|name| self.allows(name))
            .map(|name| match name {
                "string" => "a text",
                "integer" => "an integer",
                "number" => "a number",
                "boolean" => "`true` or `false`",
                "array" => "a list",
                _ => "a mapping",
            })
            .collect();
        words.join(" or ")
    }

    /// What is wrong with a single value (or with a list or mapping as such); `written` is how
    /// it stands in the file.
    pub fn check(&self, node: &Node, name: &str, written: Option<&str>) -> Option<Wrong> {
        let kind = match &node.data {
            Data::Null => return None,
            Data::Bool(_) => "boolean",
            Data::Int(_) => "integer",
            Data::Float(_) => "number",
            Data::Text(_) => "string",
            Data::List(_) => "array",
            Data::Map(_) => "object",
        };
        if !(self.allows(kind) || kind == "integer" && self.allows("number")) {
            return Some(self.wrong_type(node, name, written));
        }
        if let Some(wrong) = self.not_among(node, name) {
            return Some(wrong);
        }
        match &node.data {
            #[allow(clippy::cast_precision_loss)] // Bounds are far below where it would matter.
            Data::Int(number) => self.range(*number as f64, name),
            Data::Float(number) => self.range(*number, name),
            Data::Text(text) => self.text(text, name),
            Data::List(items) => {
                let count = items.len() as u64;
                match (self.min_items, self.max_items) {
                    (Some(min), _) if count < min => Some(Wrong::new(
                        "too-few",
                        format!("`{name}` needs at least {min} elements and has {count}"),
                    )),
                    (_, Some(max)) if count > max => Some(Wrong::new(
                        "too-many",
                        format!("`{name}` takes at most {max} elements and has {count}"),
                    )),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn wrong_type(&self, node: &Node, name: &str, written: Option<&str>) -> Wrong {
        let message = format!("`{name}` has to be {}, not {}", self.expected(), node.sort());
        let mut wrong = Wrong::new("wrong-type", message);
        wrong.help = match &node.data {
            Data::Text(text) if self.allows("boolean") => match text.to_lowercase().as_str() {
                "yes" | "on" | "y" => Some("`yes` and `on` are texts: write `true`".to_owned()),
                "no" | "off" | "n" => Some("`no` and `off` are texts: write `false`".to_owned()),
                "true" | "false" => Some(format!("write it without quotes: {text}")),
                _ => None,
            },
            Data::Text(text)
                if matches!(plain(text), Data::Int(_) | Data::Float(_))
                    && (self.allows("integer") || self.allows("number")) =>
            {
                Some(format!("write it without quotes: {text}"))
            }
            Data::Bool(_) | Data::Int(_) | Data::Float(_) if self.allows("string") => {
                written.map(|written| format!("write it in quotes: \"{written}\""))
            }
            Data::Bool(_) | Data::Int(_) | Data::Float(_) | Data::Text(_)
                if self.allows("array") =>
            {
                written.filter(|text| text.len() < 40).map(|one| format!("write a list: [{one}]"))
            }
            _ => None,
        };
        wrong
    }

    /// The values that may stand here, when they can be counted.
    pub fn choices(&self) -> Option<Vec<&'s Value>> {
        if let Some(value) = self.constant {
            return Some(vec![value]);
        }
        if let Some(values) = self.values {
            return Some(values.iter().collect());
        }
        let any = self.any?.iter().map(|one| Self::of(one).choices());
        any.collect::<Option<Vec<_>>>().map(|all| all.into_iter().flatten().collect())
    }

    fn not_among(&self, node: &Node, name: &str) -> Option<Wrong> {
        let choices = self.choices()?;
        let value = node.json();
        if choices.iter().any(|choice| **choice == value) {
            return None;
        }
        let shown: Vec<String> = choices
            .iter()
            .map(|choice| choice.as_str().map_or_else(|| choice.to_string(), str::to_owned))
            .collect();
        let message = match &value {
            Value::String(text) => format!("`{text}` is not a value of `{name}`"),
            other => format!("{other} is not a value of `{name}`"),
        };
        let near =
            value.as_str().and_then(|text| did_you_mean(text, shown.iter().map(String::as_str)));
        let mut wrong = Wrong::new("unknown-value", message);
        wrong.help = near.or_else(|| {
            Some(format!(
                "it can be {}",
                list(shown.iter().map(String::as_str)).replace(" and ", " or ")
            ))
        });
        Some(wrong)
    }

    fn range(&self, number: f64, name: &str) -> Option<Wrong> {
        let below = self.minimum.is_some_and(|minimum| number < minimum);
        let above = self.maximum.is_some_and(|maximum| number > maximum);
        (below || above).then(|| {
            let bounds = match (self.minimum, self.maximum) {
                (Some(min), Some(max)) => format!("between {min} and {max}"),
                (Some(min), None) => format!("at least {min}"),
                (None, Some(max)) => format!("at most {max}"),
                (None, None) => String::new(),
            };
            Wrong::new("out-of-range", format!("`{name}` has to be {bounds}, not {number}"))
        })
    }

    fn text(&self, text: &str, name: &str) -> Option<Wrong> {
        let length = text.chars().count() as u64;
        if self.min_length.is_some_and(|min| length < min) {
            let message = match self.min_length {
                Some(1) => format!("`{name}` must not be empty"),
                min => format!(
                    "`{name}` needs at least {} characters and has {length}",
                    min.unwrap_or_default()
                ),
            };
            return Some(Wrong::new("too-short", message));
        }
        if let Some(max) = self.max_length.filter(|max| length > *max) {
            let message = format!("`{name}` takes at most {max} characters and has {length}");
            return Some(Wrong::new("too-long", message));
        }
        let pattern = self.pattern?;
        (!matches(pattern, text)).then(|| {
            let mut wrong =
                Wrong::new("wrong-pattern", format!("`{name}` does not have the right form"));
            wrong.help = Some(format!("it has to match `{pattern}`"));
            wrong
        })
    }
}

/// Whether a text matches a schema's pattern. One that cannot be read is not the user's mistake.
fn matches(pattern: &str, text: &str) -> bool {
    // Compiling takes a thousand times as long as matching, and there are few patterns.
    static COMPILED: LazyLock<Mutex<HashMap<String, Option<Regex>>>> =
        LazyLock::new(Mutex::default);
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if !compiled.contains_key(pattern) {
        compiled.insert(pattern.to_owned(), Regex::new(pattern).ok());
    }
    compiled[pattern].as_ref().is_none_or(|regex| regex.is_match(text))
}

fn is_type(value: &Value, name: &str) -> bool {
    match value {
        Value::String(_) => name == "string",
        Value::Bool(_) => name == "boolean",
        Value::Number(number) => name == "number" || name == "integer" && !number.is_f64(),
        _ => false,
    }
}
