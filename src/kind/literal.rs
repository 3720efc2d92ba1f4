//! A literal `${`, such as a policy variable's, beside the `${` of text that still waits.
//!
//! Inside the engine a literal one has a mark between its two characters, so that only what waits
//! looks as if it did. The mark comes in where values are read from files and from AWS, and goes
//! where a kind sees them and where they are shown.

use std::borrow::Cow;

use serde_json::Value;

/// A literal `${` inside the engine. The mark is a character of no script, for private use.
pub const LITERAL: &str = "$\u{e000}{";

/// A text that stands for itself, as the engine keeps it.
pub fn marked(text: &str) -> String {
    text.replace("${", LITERAL)
}

/// A text as AWS and people write it.
pub fn plain(text: &str) -> Cow<'_, str> {
    if text.contains(LITERAL) { text.replace(LITERAL, "${").into() } else { text.into() }
}

/// Marks every text of a value that stands for itself.
pub(super) fn mark(value: &mut Value) {
    texts(value, "${", &|text| *text = marked(text));
}

/// A value as AWS writes it.
pub(super) fn unmarked(value: &Value) -> Cow<'_, Value> {
    if !has_mark(value) {
        return Cow::Borrowed(value);
    }
    let mut value = value.clone();
    texts(&mut value, LITERAL, &|text| *text = plain(text).into_owned());
    Cow::Owned(value)
}

fn has_mark(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(LITERAL),
        Value::Array(items) => items.iter().any(has_mark),
        Value::Object(map) => {
            map.iter().any(|(key, value)| key.contains(LITERAL) || has_mark(value))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Changes every text, keys included, that holds `part`.
fn texts(value: &mut Value, part: &str, change: &dyn Fn(&mut String)) {
    match value {
        Value::String(text) if text.contains(part) => change(text),
        Value::Array(items) => items.iter_mut().for_each(|item| texts(item, part, change)),
        Value::Object(map) => {
            if map.keys().any(|key| key.contains(part)) {
                let old = std::mem::take(map);
                for (mut key, value) in old {
                    change(&mut key);
                    map.insert(key, value);
                }
            }
            map.values_mut().for_each(|value| texts(value, part, change));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::is_unknown;
    use serde_json::json;

    #[test]
    fn a_literal_does_not_wait_and_comes_back_as_it_was() {
        let value = json!({ "a": ["${aws:username}", "x"], "${b}": { "c": "1${d}2" }, "n": 1 });
        let mut inside = value.clone();
        mark(&mut inside);
        assert!(!is_unknown(&inside.to_string()), "{inside}");
        assert_eq!(*unmarked(&inside), value);
        assert!(matches!(unmarked(&value), Cow::Borrowed(_)));
    }
}
