//! The `lifecycle` of a declaration.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::Address;
use super::expand::Expander;
use super::params;
use super::scope::{Scope, list};
use crate::diagnostic::{Diagnostic, Span, did_you_mean};
use crate::kind::Tags;
use crate::stack::{Data, Node};

const KEYS: [&str; 6] = ["protect", "retain", "depends_on", "ignore", "moved_from", "timeout"];

/// What one declaration says.
#[derive(Clone, Default)]
pub(super) struct Own {
    pub protect: Option<bool>,
    pub retain: Option<bool>,
    /// Each name, where it stands, and the scope that it is looked up in.
    pub depends_on: Vec<(String, Span, Arc<Scope>)>,
    pub ignore: Vec<(String, Span)>,
    pub moved_from: Option<(Address, Span)>,
    pub timeout: Option<Duration>,
}

/// What a declaration says together with the templates around it.
#[derive(Clone, Default)]
pub(super) struct Inherited {
    pub own: Own,
    /// The tags of the stack, the templates around and the declaration.
    pub tags: Tags,
}

impl Inherited {
    /// What holds inside a declaration.
    pub fn with(&self, own: Own, tags: Tags) -> Self {
        let mut all = self.clone();
        all.tags.extend(tags);
        all.own.depends_on.extend(own.depends_on);
        all.own.protect = own.protect.or(all.own.protect);
        all.own.retain = own.retain.or(all.own.retain);
        all.own.timeout = own.timeout.or(all.own.timeout);
        all.own.ignore = own.ignore;
        all.own.moved_from = own.moved_from;
        all
    }
}

/// Reads a `lifecycle`.
pub(super) fn read(expander: &mut Expander, node: &Node, scope: &Arc<Scope>) -> Own {
    let mut own = Own::default();
    if !matches!(node.data, Data::Map(_) | Data::Null) {
        expander.mistake(params::mapping("lifecycle", node, &scope.file), scope);
    }
    for (key, node) in node.entries() {
        match &*key.text {
            "protect" => own.protect = flag(expander, node, scope, "`protect`"),
            "retain" => own.retain = flag(expander, node, scope, "`retain`"),
            "depends_on" => {
                let all = texts(expander, node, scope, "`depends_on`");
                own.depends_on =
                    all.into_iter().map(|(text, span)| (text, span, Arc::clone(scope))).collect();
            }
            "ignore" => own.ignore = texts(expander, node, scope, "`ignore`"),
            "moved_from" => {
                let text = expander.known_text(node, scope, "`moved_from`");
                let span = node.span(&scope.file);
                own.moved_from = text.map(|text| (Address::new(&text), span));
            }
            "timeout" => own.timeout = timeout(expander, node, scope),
            unknown => {
                let help = did_you_mean(unknown, KEYS)
                    .unwrap_or_else(|| format!("it has {}", list(KEYS.into_iter())));
                let message = format!("`lifecycle` has no key `{unknown}`");
                let unknown = Diagnostic::error("unknown-key", message).help(help);
                expander.mistake(unknown.at(key.span(&scope.file)), scope);
            }
        }
    }
    own
}

/// A boolean that has to be known.
pub(super) fn flag(
    expander: &mut Expander,
    node: &Node,
    scope: &Arc<Scope>,
    what: &str,
) -> Option<bool> {
    match expander.known(node, scope, what)? {
        Value::Bool(flag) => Some(flag),
        Value::Null => None,
        other => {
            let message = format!("{what} has to be `true` or `false`, not {}", node.sort());
            let word = other.as_str().map(str::to_lowercase);
            let meant = match word.as_deref() {
                Some("yes" | "on" | "y" | "true") => Some("true"),
                Some("no" | "off" | "n" | "false") => Some("false"),
                _ => None,
            };
            let help = meant.map(|meant| format!("write `{meant}`"));
            let wrong = Diagnostic::error("wrong-type", message).at(node.span(&scope.file));
            expander.mistake(wrong.maybe_help(help), scope);
            None
        }
    }
}

/// A list of texts (or one) with their places.
pub(super) fn texts(
    expander: &mut Expander,
    node: &Node,
    scope: &Arc<Scope>,
    what: &str,
) -> Vec<(String, Span)> {
    let nodes = match &node.data {
        Data::List(items) => items.as_slice(),
        Data::Null => &[],
        _ => std::slice::from_ref(node),
    };
    let mut result = Vec::with_capacity(nodes.len());
    for node in nodes {
        let span = node.span(&scope.file);
        match expander.known(node, scope, what) {
            Some(Value::String(text)) => result.push((text, span)),
            Some(Value::Array(items)) => {
                let all = items.into_iter().filter_map(|item| Some(item.as_str()?.to_owned()));
                result.extend(all.map(|text| (text, span.clone())));
            }
            Some(_) => {
                let message = format!("{what} takes texts, not {}", node.sort());
                expander.mistake(Diagnostic::error("wrong-type", message).at(span), scope);
            }
            None => {}
        }
    }
    result
}

fn timeout(expander: &mut Expander, node: &Node, scope: &Arc<Scope>) -> Option<Duration> {
    let value = expander.known(node, scope, "`timeout`")?;
    let parsed = match &value {
        Value::Number(number) => number.as_u64().map(Duration::from_secs),
        Value::String(text) => duration(text),
        _ => None,
    };
    if parsed.is_none() {
        let message = "`timeout` has to be a duration";
        let help = "write `90s`, `30m`, `2h` or `1h30m`";
        let wrong = Diagnostic::error("bad-duration", message).at(node.span(&scope.file));
        expander.mistake(wrong.help(help), scope);
    }
    parsed
}

/// `90s`, `30m`, `1h30m`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let mut seconds = 0_u64;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        let (unit, length) = match rest.as_bytes()[digits] {
            b's' => (1, 1),
            b'm' => (60, 1),
            b'h' => (3600, 1),
            b'd' => (86400, 1),
            _ => return None,
        };
        seconds = seconds.checked_add(number.checked_mul(unit)?)?;
        rest = rest.get(digits + length..)?;
    }
    (!text.trim().is_empty()).then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        let seconds = |text| duration(text).map(|duration| duration.as_secs());
        assert_eq!(seconds("90s"), Some(90));
        assert_eq!(seconds("1h30m"), Some(5400));
        assert_eq!(seconds("2d"), Some(172_800));
        assert_eq!(
            (seconds(""), seconds("5"), seconds("5x"), seconds("é")),
            (None, None, None, None)
        );
    }
}
