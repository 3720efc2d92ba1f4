//! Which of an account's objects are wanted.

use regex::Regex;
use serde_json::Value;

use crate::kind::{LiveObject, ownership};
use crate::kinds;

/// What the objects have to be like. Kinds and regions are said when the account is read.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Tags that they have.
    pub tags: Vec<(String, String)>,
    /// What their name is like: `*` stands for anything, `?` for one character.
    pub name: Option<String>,
    /// The network that they are in, or belong to.
    pub vpc: Option<String>,
}

impl Selection {
    /// Whether tags and name are as wanted. The network is not looked at.
    pub fn takes(&self, object: &LiveObject) -> bool {
        let has = |(key, value): &(String, String)| object.tags.get(key) == Some(value);
        self.tags.iter().all(has)
            && self.name.as_deref().is_none_or(|pattern| {
                let pattern = glob(pattern);
                names(object).any(|name| pattern.is_match(name))
            })
    }
}

/// Whether an object belongs to a stack already.
pub fn is_owned(object: &LiveObject) -> bool {
    object.tags.contains_key(ownership::STACK)
}

/// By what people know an object: its name, its tag `Name`, its id.
fn names(object: &LiveObject) -> impl Iterator<Item = &str> {
    let field = kinds::find(&object.kind).and_then(|kind| kind.schema().name_field());
    let name = field.and_then(|field| object.spec.get(field.name)).and_then(Value::as_str);
    let tag = object.tags.get("Name").map(String::as_str);
    name.into_iter().chain(tag).chain(std::iter::once(object.id()))
}

fn glob(pattern: &str) -> Regex {
    let escaped = regex::escape(pattern).replace(r"\*", ".*").replace(r"\?", ".");
    // An escaped pattern has no mistakes.
    Regex::new(&format!("(?s)^{escaped}$")).unwrap_or_else(|_| unreachable!())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_of_shells() {
        assert!(glob("web-*").is_match("web-1"));
        assert!(glob("w?b").is_match("web"));
        assert!(!glob("web").is_match("web-1"));
        assert!(!glob("a.b").is_match("axb"));
    }
}
