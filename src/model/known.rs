//! What has to be known from the file alone: conditions, elements, regions, tags.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::Value;

use super::expand::Expander;
use super::params;
use super::scope::{Scope, Tree};
use crate::diagnostic::Diagnostic;
use crate::kind::{Tags, literal};
use crate::stack::evaluate;
use crate::stack::{Data, Node};

impl Expander {
    /// A node whose expressions are read; what is wrong with them is reported.
    pub fn tree(&mut self, node: &Node, scope: &Arc<Scope>) -> Option<Tree> {
        Some(match &node.data {
            Data::Text(text) => match self.compiler.text(text) {
                Ok(None) => Tree::Value(text.to_string().into()),
                Ok(Some(text)) => {
                    let text = Arc::new(text);
                    let later = (Arc::clone(&text), Arc::clone(scope), node.start, node.end);
                    self.later.push(later);
                    Tree::Text(text)
                }
                Err(fault) => {
                    self.fault(fault, scope, node);
                    return None;
                }
            },
            Data::List(items) => {
                let items: Vec<_> = items.iter().map(|item| self.tree(item, scope)).collect();
                let items = items.into_iter().collect::<Option<Vec<_>>>()?;
                if items.iter().all(|item| matches!(item, Tree::Value(_))) {
                    Tree::Value(node.json())
                } else {
                    Tree::List(items)
                }
            }
            Data::Map(entries) => {
                let all: Vec<_> = entries
                    .iter()
                    .map(|(key, node)| Some((key.text.to_string(), self.tree(node, scope)?)))
                    .collect();
                let all = all.into_iter().collect::<Option<Vec<_>>>()?;
                if all.iter().all(|(_, item)| matches!(item, Tree::Value(_))) {
                    Tree::Value(node.json())
                } else {
                    Tree::Map(all)
                }
            }
            _ => Tree::Value(node.json()),
        })
    }

    /// A value that has to be known from the file alone; `what` names it in messages.
    pub fn known(&mut self, node: &Node, scope: &Arc<Scope>, what: &str) -> Option<Value> {
        match &node.data {
            Data::Text(text) => {
                let read = self.compiler.text(text);
                let value = read.and_then(|text| match text {
                    None => Ok(Some(Value::String(node.text().unwrap_or_default().to_owned()))),
                    Some(text) => evaluate::text(&text, &scope.source(&())),
                });
                match value {
                    Ok(Some(value)) => Some(value),
                    Ok(None) => {
                        let message = format!("{what} has to be known from the file alone");
                        let diagnostic = Diagnostic::error("not-known", message)
                            .at(node.span(&scope.file))
                            .label("this has to wait for something else")
                            .help("use parameters, `environment`, `stack`, `region` and functions");
                        self.mistake(diagnostic, scope);
                        None
                    }
                    Err(fault) => {
                        self.fault(fault, scope, node);
                        None
                    }
                }
            }
            Data::List(items) => {
                let items: Vec<_> = items.iter().map(|one| self.known(one, scope, what)).collect();
                items.into_iter().collect::<Option<Vec<_>>>().map(Value::Array)
            }
            Data::Map(entries) => {
                let all: Vec<_> = entries
                    .iter()
                    .map(|(key, node)| Some((key.text.to_string(), self.known(node, scope, what)?)))
                    .collect();
                all.into_iter().collect::<Option<_>>().map(Value::Object)
            }
            _ => Some(node.json()),
        }
    }

    /// A text that has to be known from the file alone.
    pub fn known_text(&mut self, node: &Node, scope: &Arc<Scope>, what: &str) -> Option<String> {
        match self.known(node, scope, what)? {
            Value::String(text) => Some(literal::plain(&text).into_owned()),
            Value::Null => None,
            _ => {
                let message = format!("{what} has to be a text, not {}", node.sort());
                let written = scope.file.text.get(node.start..node.end).unwrap_or_default();
                let plain = matches!(node.data, Data::Bool(_) | Data::Int(_) | Data::Float(_));
                let help = plain.then(|| format!("write it in quotes: \"{written}\""));
                let wrong = Diagnostic::error("wrong-type", message).at(node.span(&scope.file));
                self.mistake(wrong.maybe_help(help), scope);
                None
            }
        }
    }

    /// Tags, with what is wrong with them reported.
    pub fn tags(&mut self, node: &Node, scope: &Arc<Scope>) -> Tags {
        let mut tags = Tags::new();
        if !matches!(node.data, Data::Map(_) | Data::Null) {
            self.mistake(params::mapping("tags", node, &scope.file), scope);
        }
        for (key, node) in node.entries() {
            let reserved = ["aws:", "infra:"]
                .into_iter()
                .find(|prefix| key.text.to_lowercase().starts_with(prefix));
            if let Some(prefix) = reserved {
                let whose = if prefix == "aws:" { "AWS" } else { "infra" };
                let message = format!("tags that begin with `{prefix}` belong to {whose}");
                let taken = Diagnostic::error("reserved-tag", message);
                self.mistake(taken.at(key.span(&scope.file)), scope);
                continue;
            }
            if key.text.is_empty() || key.text.chars().count() > 128 {
                let message = "the key of a tag has 1 to 128 characters";
                let long = Diagnostic::error("bad-tag", message).at(key.span(&scope.file));
                self.mistake(long, scope);
                continue;
            }
            let Some(value) = self.known_text(node, scope, &format!("the tag `{}`", key.text))
            else {
                continue;
            };
            if value.chars().count() > 256 {
                let message = "the value of a tag has at most 256 characters";
                let long = Diagnostic::error("bad-tag", message).at(node.span(&scope.file));
                self.mistake(long, scope);
            }
            tags.insert(key.text.to_string(), value);
        }
        tags
    }

    /// The elements of a `for_each`: the key as text, then `each.key` and `each.value`.
    pub(super) fn elements(
        &mut self,
        node: &Node,
        scope: &Arc<Scope>,
    ) -> Option<Vec<(String, (Value, Value))>> {
        let value = self.known(node, scope, "`for_each`")?;
        let elements: Vec<(String, (Value, Value))> = match value {
            Value::Array(items) => items
                .into_iter()
                .map(|item| match &item {
                    Value::String(text) => Some((text.clone(), (item.clone(), item))),
                    Value::Number(number) => Some((number.to_string(), (item.clone(), item))),
                    _ => None,
                })
                .collect::<Option<_>>()
                .unwrap_or_default(),
            Value::Object(map) => {
                map.into_iter().map(|(key, value)| (key.clone(), (key.into(), value))).collect()
            }
            Value::Null => return Some(Vec::new()),
            _ => {
                let message = "`for_each` takes a list of texts or numbers, or a mapping";
                let wrong = Diagnostic::error("wrong-type", message).at(node.span(&scope.file));
                self.mistake(wrong, scope);
                return None;
            }
        };
        if elements.is_empty() && matches!(&node.data, Data::List(items) if !items.is_empty()) {
            let message = "the elements of a `for_each` list have to be texts or numbers";
            let help = "for anything else use a mapping: its keys become part of the addresses";
            let wrong = Diagnostic::error("wrong-type", message).at(node.span(&scope.file));
            self.mistake(wrong.help(help), scope);
            return None;
        }
        let mut seen = HashSet::new();
        for (key, _) in &elements {
            let plain = !key.is_empty()
                && key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            let message = if !plain {
                format!("`{key}` cannot be a key of `for_each`: small letters, digits and `-` can")
            } else if !seen.insert(key) {
                format!("`{key}` is twice in `for_each`")
            } else {
                continue;
            };
            let wrong = Diagnostic::error("bad-key", message).at(node.span(&scope.file));
            self.mistake(wrong, scope);
            return None;
        }
        Some(elements)
    }
}
