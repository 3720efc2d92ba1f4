//! YAML as people write it: short things on one line, quotes only where they are needed.

use serde_json::{Map, Value};

use crate::stack::Data;
use crate::stack::yaml::plain;

/// How wide a line is at most, where it can be broken.
const WIDTH: usize = 110;

/// In which order people write a statement of a policy.
const STATEMENT: [&str; 9] = [
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

/// A text that grows line by line.
#[derive(Default)]
pub struct Writer {
    text: String,
}

impl Writer {
    /// The text.
    pub fn finish(self) -> String {
        self.text
    }

    /// An empty line.
    pub fn blank(&mut self) {
        self.text.push('\n');
    }

    /// A line at a level.
    pub fn line(&mut self, level: usize, line: &str) {
        self.text.push_str(&"  ".repeat(level));
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// A comment that begins a part.
    pub fn heading(&mut self, level: usize, title: &str) {
        let line = format!("# --- {title} ");
        let dashes = 100_usize.saturating_sub(line.chars().count() + 2 * level);
        self.line(level, &format!("{line}{}", "-".repeat(dashes)));
    }

    /// A key with its value.
    pub fn entry(&mut self, level: usize, name: &str, value: &Value) {
        let name = key(name);
        self.value(level, &format!("{name}:"), value);
    }

    /// A value behind a key or a dash.
    fn value(&mut self, level: usize, lead: &str, value: &Value) {
        let room = WIDTH.saturating_sub(2 * level + lead.chars().count() + 1);
        match value {
            Value::String(text) if is_block(text) => self.block(level, lead, text),
            Value::Object(map) if !map.is_empty() => {
                match flow(value).filter(|flow| flow.chars().count() <= room && is_flat(value, 3)) {
                    Some(flow) => self.line(level, &format!("{lead} {flow}")),
                    None if lead == "-" => self.item(level, map),
                    None => {
                        self.line(level, lead);
                        for (name, value) in in_order(map) {
                            self.entry(level + 1, name, value);
                        }
                    }
                }
            }
            Value::Array(items) if !items.is_empty() => {
                let is_short = |flow: &String| lead == "-" || flow.chars().count() <= room;
                if let Some(flow) = flow(value).filter(|flow| is_short(flow) && is_flat(value, 3)) {
                    self.line(level, &format!("{lead} {flow}"));
                } else {
                    self.line(level, lead);
                    items.iter().for_each(|item| self.value(level + 1, "-", item));
                }
            }
            scalar => self.line(level, &format!("{lead} {}", scalar_text(scalar, false))),
        }
    }

    /// A map as an item of a list.
    fn item(&mut self, level: usize, map: &Map<String, Value>) {
        let start = self.text.len();
        for (name, value) in in_order(map) {
            self.entry(level + 1, name, value);
        }
        // The first key stands behind the dash.
        let dash = start + 2 * level;
        self.text.replace_range(dash..=dash, "-");
    }

    /// A text of several lines.
    fn block(&mut self, level: usize, lead: &str, text: &str) {
        let (body, mark) = match text.strip_suffix('\n') {
            Some(body) => (body, "|"),
            None => (text, "|-"),
        };
        self.line(level, &format!("{lead} {mark}"));
        for line in body.split('\n') {
            if line.is_empty() {
                self.blank();
            } else {
                self.line(level + 1, line);
            }
        }
    }
}

/// Whether a text is best written over several lines, just as it is.
fn is_block(text: &str) -> bool {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let is_plain = |c: char| c == '\n' || !c.is_control();
    body.contains('\n')
        && !text.starts_with([' ', '\n'])
        && !body.ends_with('\n')
        && text.chars().all(is_plain)
        && body.split('\n').all(|line| line.trim_end() == line)
}

/// Whether a value is simple enough for one line.
fn is_flat(value: &Value, depth: usize) -> bool {
    match value {
        Value::Array(items) => items.iter().all(|item| depth > 0 && is_flat(item, depth - 1)),
        Value::Object(map) => map.values().all(|item| depth > 0 && is_flat(item, depth - 1)),
        Value::String(text) => !text.contains('\n'),
        _ => true,
    }
}

/// A value on one line.
fn flow(value: &Value) -> Option<String> {
    Some(match value {
        Value::Object(map) if map.is_empty() => "{}".to_owned(),
        Value::Object(map) => {
            let all: Option<Vec<String>> = in_order(map)
                .map(|(name, value)| Some(format!("{}: {}", key(name), flow(value)?)))
                .collect();
            format!("{{ {} }}", all?.join(", "))
        }
        Value::Array(items) => {
            let all: Option<Vec<String>> = items.iter().map(flow).collect();
            format!("[{}]", all?.join(", "))
        }
        Value::String(text) if text.contains('\n') => return None,
        scalar => scalar_text(scalar, true),
    })
}

/// A map's entries; those of a policy's statement in the order of people.
fn in_order(map: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    let is_statement = map.contains_key("Effect");
    let rank = move |name: &str| STATEMENT.iter().position(|key| is_statement && *key == name);
    let mut all: Vec<(&String, &Value)> = map.iter().collect();
    all.sort_by_key(|(name, _)| rank(name));
    all.into_iter()
}

fn key(name: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    if name.starts_with(char::is_alphabetic) && name.chars().all(is_plain) && is_text(name) {
        name.to_owned()
    } else {
        quoted(name)
    }
}

fn scalar_text(value: &Value, in_flow: bool) -> String {
    match value {
        Value::String(text) if is_bare(text, in_flow) => text.clone(),
        Value::String(text) => quoted(text),
        Value::Object(_) => "{}".to_owned(),
        Value::Array(_) => "[]".to_owned(),
        other => other.to_string(),
    }
}

/// Whether a text without quotes is read as that text.
fn is_bare(text: &str, in_flow: bool) -> bool {
    let special = |c: char| "-?:,[]{}#&*!|>'\"%@` ".contains(c);
    !text.starts_with(special)
        && !text.is_empty()
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.chars().any(char::is_control)
        && !(in_flow && text.contains([',', '[', ']', '{', '}', ':']))
        && is_text(text)
}

/// Whether YAML, also that of other readers, takes a plain scalar for a text.
fn is_text(text: &str) -> bool {
    let word = text.to_ascii_lowercase();
    let is_other = ["yes", "no", "on", "off", "y", "n", "null", "true", "false", "~"];
    let is_number = text.chars().all(|c| c.is_ascii_digit() || "+-.:_eExX".contains(c))
        && text.contains(|c: char| c.is_ascii_digit());
    matches!(plain(text), Data::Text(_)) && !is_other.contains(&word.as_str()) && !is_number
}

fn quoted(text: &str) -> String {
    let is_plain = !text.chars().any(char::is_control);
    if is_plain && text.contains(['"', '\\']) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    // JSON's texts are YAML's.
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::diagnostic::{Diagnostics, SourceFile};
    use crate::stack::yaml::parse;

    fn written(value: &Value) -> String {
        let mut writer = Writer::default();
        writer.entry(0, "it", value);
        let text = writer.finish();
        let file = Arc::new(SourceFile { path: "it.yaml".into(), text: text.clone() });
        let mut mistakes = Diagnostics::new();
        let read = parse(&file, &mut mistakes).map(|node| node.json());
        assert!(mistakes.is_empty(), "{text}\n{}", mistakes.render(false));
        assert_eq!(read, Some(json!({ "it": value })), "{text}");
        text
    }

    #[test]
    fn short_things_stand_on_one_line() {
        let rule = json!({ "protocol": "tcp", "port": 80, "cidrs": ["0.0.0.0/0"] });
        assert_eq!(written(&rule), "it: { protocol: tcp, port: 80, cidrs: [0.0.0.0/0] }\n");
        assert_eq!(written(&json!(["${a}", "b"])), "it: [\"${a}\", b]\n");
        assert_eq!(written(&json!("${vpc}")), "it: ${vpc}\n");
        assert_eq!(written(&json!({})), "it: {}\n");
    }

    #[test]
    fn long_things_are_broken() {
        let long = "x".repeat(90);
        let value = json!([{ "name": "a", "text": long, "more": { "b": ["${c}"] } }]);
        let lines =
            format!("it:\n  - name: a\n    text: {long}\n    more: {{ b: [\"${{c}}\"] }}\n");
        assert_eq!(written(&value), lines);
        assert_eq!(written(&json!("#!/bin/sh\n\nset -e\n")), "it: |\n  #!/bin/sh\n\n  set -e\n");
    }

    #[test]
    fn what_would_be_read_as_something_else_is_quoted() {
        for text in [
            "",
            "true",
            "no",
            "null",
            "1",
            "1.0",
            "0x1",
            "2026-01-01",
            "-",
            "- a",
            "a: b",
            "a #b",
            "*",
            "\"a\"",
            "it's",
            "a\\b",
            " a",
            "a ",
            "tab\there",
            "10:30",
            "a:",
            "@x",
            "%",
            "key: [",
            "line\nline",
            "\n",
            "a\n\n",
            "cron(0 2 * * ? *)",
            "sun:03:00-sun:03:30",
            "{a}",
            "é",
        ] {
            written(&json!(text));
            written(&json!([text, { "a": text, text: 1 }]));
        }
        assert_eq!(written(&json!("cron(0 2 * * ? *)")), "it: cron(0 2 * * ? *)\n");
        assert_eq!(written(&json!("5.0")), "it: \"5.0\"\n");
    }

    #[test]
    fn statements_are_in_the_order_of_people() {
        let value = json!({ "Action": "s3:GetObject", "Effect": "Allow", "Resource": "*" });
        assert_eq!(
            written(&value),
            "it: { Effect: Allow, Action: \"s3:GetObject\", Resource: \"*\" }\n"
        );
    }
}
