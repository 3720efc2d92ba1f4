//! Which object a text names.

use std::collections::HashMap;

use serde_json::Value;

use crate::kind::LiveObject;
use crate::kinds;

/// Shorter texts say too little to be looked for inside others.
const LONG: usize = 12;

/// What outputs and names of objects say, found by text.
pub struct Index {
    /// By text: the objects, and the output that says it.
    exact: HashMap<String, Vec<(usize, String)>>,
    /// Texts that may stand inside others, such as ARNs: the longest first.
    parts: Vec<(String, usize, String)>,
}

impl Index {
    /// What some objects, by their places, are named by.
    pub fn new<'a>(objects: impl Iterator<Item = &'a LiveObject>) -> Self {
        let mut exact: HashMap<String, Vec<(usize, String)>> = HashMap::new();
        let mut parts = Vec::new();
        for (place, object) in objects.enumerate() {
            let kind = kinds::find(&object.kind);
            let name_field = kind.and_then(|kind| kind.schema().name_field());
            let name = name_field
                .and_then(|field| Some((field.name, object.spec.get(field.name)?.as_str()?)));
            let outputs = object.outputs.as_object().into_iter().flatten();
            let outputs = outputs.filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)));
            let mut seen = Vec::new();
            // What several outputs say is best said by the one that AWS calls ARN, or the first.
            let mut all: Vec<(&str, &str)> = outputs.chain(name).collect();
            all.sort_by_key(|(key, _)| *key != "arn");
            for (key, text) in all {
                if text.is_empty() || seen.contains(&(key, text)) {
                    continue;
                }
                seen.push((key, text));
                exact.entry(text.to_owned()).or_default().push((place, key.to_owned()));
                if text.len() >= LONG
                    && text.contains([':', '.', '/'])
                    && text.contains(char::is_alphabetic)
                {
                    parts.push((text.to_owned(), place, key.to_owned()));
                }
            }
        }
        parts.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.cmp(b)));
        Self { exact, parts }
    }

    /// The objects of which an output, or the name, is this text, with the output.
    pub fn exact(&self, text: &str) -> &[(usize, String)] {
        self.exact.get(text).map(Vec::as_slice).unwrap_or_default()
    }

    /// The first of the longest texts inside a text that name an object: where it begins, the text, the
    /// object and the output. Only those are looked at which are as wanted.
    pub fn part<'s>(
        &'s self,
        text: &str,
        wanted: &dyn Fn(usize) -> bool,
    ) -> Option<(usize, &'s str, usize, &'s str)> {
        if text.len() < LONG || !text.contains([':', '.', '/']) {
            return None;
        }
        self.parts.iter().filter(|(_, place, _)| wanted(*place)).find_map(|(part, place, key)| {
            let at = found_at(text, part)?;
            Some((at, part.as_str(), *place, key.as_str()))
        })
    }

    /// The objects that a text names, whole or in part.
    pub fn mentioned<'s>(&'s self, text: &'s str) -> impl Iterator<Item = usize> + 's {
        let is_telling = |key: &str| text.len() >= LONG || ["id", "arn"].contains(&key);
        let exact = self.exact(text).iter().filter(move |(_, key)| is_telling(key));
        let exact = exact.map(|(place, _)| *place);
        let has_parts = text.len() > LONG && text.contains([':', '.', '/']);
        let parts = self.parts.iter().filter(move |(part, ..)| {
            has_parts && part.len() < text.len() && found_at(text, part).is_some()
        });
        exact.chain(parts.map(|(_, place, _)| *place))
    }
}

/// Where a text stands in another as a word of its own.
fn found_at(text: &str, part: &str) -> Option<usize> {
    let inside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '-' || c == '_');
    let is_word = |&at: &usize| {
        !inside(text[..at].chars().next_back()) && !inside(text[at + part.len()..].chars().next())
    };
    text.match_indices(part).map(|(at, _)| at).find(is_word)
}

/// Visits every text of a value.
pub fn texts<'v>(value: &'v Value, visit: &mut dyn FnMut(&'v str)) {
    match value {
        Value::String(text) => visit(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, visit)),
        Value::Object(map) => map.values().for_each(|value| texts(value, visit)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::found_at;

    #[test]
    fn a_part_is_a_word_of_its_own() {
        assert_eq!(found_at("arn:aws:s3:::files/*", "arn:aws:s3:::files"), Some(0));
        assert_eq!(found_at("arn:aws:s3:::files-copy/*", "arn:aws:s3:::files"), None);
        assert_eq!(found_at("a arn:aws:s3:::files", "arn:aws:s3:::files"), Some(2));
    }
}
