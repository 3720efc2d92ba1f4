//! What a stack file says about money: how much is used, what may be spent, what a dollar is worth.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::expand::Expander;
use super::params;
use super::scope::{Scope, list};
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::kind::AnyKind;
use crate::kind::charge::{RESERVATIONS, RESERVED, Usage};
use crate::stack::{Data, Key, Node};

/// What an environment may cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Budget {
    /// The most that a month may cost.
    pub monthly: f64,
    /// The currency of this amount.
    pub currency: String,
}

/// The currency of all price lists.
pub const DOLLAR: &str = "USD";

/// Reads the `usage` of a resource.
pub(super) fn usage(
    expander: &mut Expander,
    node: &Node,
    scope: &Arc<Scope>,
    kind: &dyn AnyKind,
) -> Usage {
    let mut usage = Usage::default();
    let names = || kind.usage().iter().map(|usage| usage.name);
    for (key, node) in node.entries() {
        let name = &*key.text;
        if !names().any(|known| known == name) {
            let help = match kind.usage() {
                [] => format!("what `{}` costs does not depend on use", kind.name()),
                _ => did_you_mean(name, names())
                    .unwrap_or_else(|| format!("it has {}", list(names()))),
            };
            let message = format!("the `usage` of `{}` has no `{name}`", kind.name());
            unknown_key(expander, key, scope, message, help);
        } else if name == RESERVED.name {
            let word = expander.known_text(node, scope, "`reserved`");
            if let Some(word) = word.as_deref().filter(|word| !RESERVATIONS.contains(word)) {
                let help = did_you_mean(word, RESERVATIONS)
                    .unwrap_or_else(|| format!("there are {}", list(RESERVATIONS.into_iter())));
                let message = format!("there is no reservation `{word}`");
                let wrong = Diagnostic::error("bad-value", message).help(help);
                expander.mistake(wrong.at(node.span(&scope.file)), scope);
            } else {
                usage.reserved = word;
            }
        } else if let Some(number) = number(expander, node, scope, &format!("`{name}`")) {
            usage.numbers.insert(name.to_owned(), number);
        }
    }
    usage
}

/// Reads a `budget`; another currency than the dollar needs a rate.
pub(super) fn budget(
    expander: &mut Expander,
    node: &Node,
    scope: &Arc<Scope>,
    rates: &BTreeMap<String, f64>,
) -> Option<Budget> {
    if !matches!(node.data, Data::Map(_)) {
        let help = "write it so: `budget: { monthly: 100 }`";
        expander.mistake(params::mapping("budget", node, &scope.file).help(help), scope);
        return None;
    }
    let (mut monthly, mut currency) = (None, DOLLAR.to_owned());
    for (key, node) in node.entries() {
        match &*key.text {
            "monthly" => monthly = number(expander, node, scope, "`monthly`"),
            "currency" => {
                currency = expander.known_text(node, scope, "`currency`").unwrap_or(currency);
                check_code(expander, &currency, node, scope);
                if currency != DOLLAR && !rates.contains_key(&currency) {
                    let message = format!("nobody has said what a dollar is worth in {currency}");
                    let help = format!("state the rate: `currency: {{ {currency}: 0.92 }}`");
                    let missing = Diagnostic::error("no-rate", message).help(help);
                    expander.mistake(missing.at(node.span(&scope.file)), scope);
                }
            }
            other => {
                let names = ["monthly", "currency"];
                let help = did_you_mean(other, names)
                    .unwrap_or_else(|| format!("it has {}", list(names.into_iter())));
                let message = format!("`budget` has no key `{other}`");
                unknown_key(expander, key, scope, message, help);
            }
        }
    }
    if node.get("monthly").is_none() {
        let missing = Diagnostic::error("missing-key", "`budget` needs `monthly`");
        let help = "say what a month may cost: `budget: { monthly: 100 }`";
        expander.mistake(missing.at(node.span(&scope.file)).help(help), scope);
    }
    Some(Budget { monthly: monthly?, currency })
}

/// Reads `currency`: what a dollar is worth in other currencies, by their codes.
pub(super) fn rates(
    expander: &mut Expander,
    node: &Node,
    scope: &Arc<Scope>,
) -> BTreeMap<String, f64> {
    if !matches!(node.data, Data::Map(_) | Data::Null) {
        let help = "say what a dollar is worth: `currency: { EUR: 0.92 }`";
        expander.mistake(params::mapping("currency", node, &scope.file).help(help), scope);
    }
    let mut rates = BTreeMap::new();
    for (key, node) in node.entries() {
        let code = key.text.to_string();
        check_code(expander, &code, node, scope);
        match number(expander, node, scope, &format!("the rate of `{code}`")) {
            Some(rate) if rate > 0.0 => drop(rates.insert(code, rate)),
            Some(_) => {
                let message = format!("the rate of `{code}` has to be more than 0");
                let wrong = Diagnostic::error("bad-value", message);
                expander.mistake(wrong.at(node.span(&scope.file)), scope);
            }
            None => {}
        }
    }
    rates
}

fn check_code(expander: &mut Expander, code: &str, node: &Node, scope: &Arc<Scope>) {
    if code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_uppercase()) {
        let message = format!("`{code}` is no code of a currency");
        let help = "write its three capital letters, such as EUR";
        let wrong = Diagnostic::error("bad-value", message).help(help);
        expander.mistake(wrong.at(node.span(&scope.file)), scope);
    }
}

fn unknown_key(
    expander: &mut Expander,
    key: &Key,
    scope: &Arc<Scope>,
    message: String,
    help: String,
) {
    let unknown = Diagnostic::error("unknown-key", message).help(help);
    expander.mistake(unknown.at(key.span(&scope.file)), scope);
}

/// A number that has to be known, and not negative.
fn number(expander: &mut Expander, node: &Node, scope: &Arc<Scope>, what: &str) -> Option<f64> {
    let value = expander.known(node, scope, what)?;
    let found = match &value {
        Value::Number(number) => number.as_f64(),
        Value::Null => return None,
        _ => None,
    };
    let right = found.filter(|number| *number >= 0.0);
    if right.is_none() {
        let message = match found {
            Some(_) => format!("{what} cannot be negative"),
            None => format!("{what} has to be a number, not {}", node.sort()),
        };
        let wrong = Diagnostic::error("wrong-type", message).at(node.span(&scope.file));
        expander.mistake(wrong, scope);
    }
    right
}
