//! Live objects, outputs, and what the smaller commands say.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::IsTerminal;
use std::path::Path;

use serde_json::{Value, json};

use super::Report;
use crate::kind::{LiveObject, Status};
use crate::local::Running;
use crate::model::Stack;

impl Report {
    /// Whether there is somebody to ask.
    pub fn can_ask(&self) -> bool {
        !self.is_json() && std::io::stdin().is_terminal()
    }

    /// A result that is JSON in itself, for people to read too.
    pub fn pretty_json(&self, value: &Value) {
        self.out(&format!("{value:#}"));
    }

    /// The stack's outputs.
    pub fn outputs(&self, outputs: &BTreeMap<String, Value>) {
        if outputs.is_empty() || self.is_json() {
            return;
        }
        self.out(&format!("\nOutputs:\n{}", fields(outputs.iter(), 2)));
    }

    /// Live objects with what AWS decided about them, and the stack's outputs.
    pub fn objects(&self, objects: &[&LiveObject], outputs: &BTreeMap<String, Value>) {
        if self.is_json() {
            let objects: Vec<_> = objects
                .iter()
                .map(|object| {
                    json!({
                        "address": object.address(), "kind": object.kind, "region": object.region,
                        "status": object.status, "spec": object.spec, "outputs": object.outputs,
                        "tags": object.tags,
                    })
                })
                .collect();
            self.json(&json!({ "objects": objects, "outputs": outputs }));
            return;
        }
        if objects.is_empty() {
            self.out("Nothing of this stack lives in the account.");
            return;
        }
        let mut text = String::new();
        for object in objects {
            let address = object.address().unwrap_or("?");
            let _ = write!(text, "{address}  {}  {}", object.kind, object.region);
            let _ = match &object.status {
                Status::Usable => writeln!(text),
                Status::Pending(state) => writeln!(text, "  ({state})"),
                Status::Failed(reason) => writeln!(text, "  (failed: {reason})"),
                Status::Deleting => writeln!(text, "  (on its way out)"),
            };
            text.push_str(&fields(object.outputs.as_object().into_iter().flatten(), 4));
        }
        self.out(text.trim_end());
        self.outputs(outputs);
    }

    /// A stack file without mistakes.
    pub fn valid(&self, path: &Path, stack: &Stack) {
        let (environment, count) = (&stack.environment, stack.resources.len());
        if self.is_json() {
            self.json(&json!({ "valid": true, "environment": environment, "resources": count }));
        } else {
            self.out(&format!("{} is valid: {environment}, {count} resources.", path.display()));
        }
    }

    /// Whether and where the local AWS runs.
    pub fn local(&self, running: Option<&Running>) {
        match running {
            _ if self.is_json() => self.json(&json!({
                "running": running.is_some(),
                "endpoint": running.map(|r| &r.endpoint),
                "pid": running.map(|r| r.pid),
            })),
            Some(running) => self.out(&format!(
                "The local AWS runs at {} (process {}).",
                running.endpoint, running.pid
            )),
            None => self.out("The local AWS is not running."),
        }
    }

    /// Names with what each is about.
    pub fn list<'a>(&self, items: impl Iterator<Item = (&'a str, &'a str)> + Clone) {
        if self.is_json() {
            let items = items.map(|(name, about)| json!({ "name": name, "about": about }));
            self.json(&items.collect::<Vec<_>>());
            return;
        }
        let width = items.clone().map(|(name, _)| name.len()).max().unwrap_or_default();
        let mut text = String::new();
        for (name, about) in items {
            let _ = writeln!(text, "{name:width$}  {about}");
        }
        self.out(&text);
    }
}

/// Aligned names and values.
fn fields<'a>(fields: impl Iterator<Item = (&'a String, &'a Value)>, indent: usize) -> String {
    let fields: Vec<_> = fields.collect();
    let width = fields.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let mut text = String::new();
    for (name, value) in fields {
        let value = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        let _ = writeln!(text, "{:indent$}{name:width$}  {value}", "");
    }
    text
}
