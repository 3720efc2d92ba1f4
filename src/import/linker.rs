//! References in place of ids: each text that names another object becomes an expression, unless the
//! two would then need each other.

use std::collections::BTreeSet;

use serde_json::Value;

use super::index::Index;
use super::{Found, Naming};
use crate::kind::literal::{LITERAL, plain};
use crate::kind::schema::{property, reference, visit_refs};

/// Writes references.
pub struct Linker<'a> {
    found: &'a [Found],
    index: &'a Index,
    naming: &'a Naming,
    /// By object, those that have to come before it.
    pub edges: Vec<BTreeSet<usize>>,
    /// How many references were written.
    pub references: usize,
}

/// Where a text stands.
#[derive(Clone, Copy)]
struct At<'s> {
    place: usize,
    schema: &'s Value,
    key: &'s str,
    late: bool,
}

impl<'a> Linker<'a> {
    /// Knows the order that typed references ask for.
    pub fn new(found: &'a [Found], index: &'a Index, naming: &'a Naming) -> Self {
        let edges = vec![BTreeSet::new(); found.len()];
        let mut linker = Self { found, index, naming, edges, references: 0 };
        for (place, it) in found.iter().enumerate() {
            let mut needs = Vec::new();
            visit_refs(it.kind.schema().json(), &it.object.spec, &mut |to, text, late| {
                if !late {
                    needs.extend(linker.target(place, to, text));
                }
            });
            for need in needs {
                linker.needs(place, need);
            }
        }
        linker
    }

    /// A spec with references.
    pub fn linked(&mut self, place: usize, mut spec: Value) -> Value {
        let schema = self.found[place].kind.schema().json();
        self.value(At { place, schema, key: "", late: false }, &mut spec);
        spec
    }

    fn value(&mut self, at: At<'_>, value: &mut Value) {
        let is = |keyword: &str| at.schema.get(keyword) == Some(&Value::Bool(true));
        let at = At { late: at.late || is("x-late"), ..at };
        match value {
            Value::String(text) => *text = self.text(at, text),
            Value::Array(items) => {
                let schema = at.schema.get("items").unwrap_or(&Value::Null);
                items.iter_mut().for_each(|item| self.value(At { schema, ..at }, item));
                // In a set the order says nothing: that of the addresses is easier to read than that of ids.
                if is("uniqueItems") && items.iter().all(Value::is_string) {
                    items.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
                }
            }
            Value::Object(map) => {
                for (key, value) in map.iter_mut() {
                    let schema = property(at.schema, key).unwrap_or(&Value::Null);
                    self.value(At { schema, key, ..at }, value);
                }
                if map.keys().any(|key| key.contains(LITERAL)) {
                    let old = std::mem::take(map);
                    map.extend(old.into_iter().map(|(key, value)| (literal(&key), value)));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn text(&mut self, at: At<'_>, text: &str) -> String {
        if let Some(to) = reference(at.schema) {
            if let Some(other) = self.target(at.place, to, text)
                && (at.late || self.needs(at.place, other))
            {
                self.references += 1;
                return format!("${{{}}}", self.found[other].address);
            }
            // What another object shows of something that is not in the file.
            if let Some((other, output)) = self.telling(at.place, text)
                && !self.names_itself(other, &output, to.1)
                && (at.late || self.needs(at.place, other))
            {
                self.references += 1;
                return format!("${{{}.{output}}}", self.found[other].address);
            }
            return self.parts(at, text);
        }
        let is_name = at.schema.get("x-name") == Some(&Value::Bool(true));
        if is_name || at.schema.get("enum").is_some() {
            return self.named(at, text);
        }
        if let Some((other, output)) = self.telling(at.place, text)
            && (at.late || self.needs(at.place, other))
        {
            self.references += 1;
            return format!("${{{}.{output}}}", self.found[other].address);
        }
        self.parts(at, text)
    }

    /// The object that a typed reference names: of the same region, if there are several.
    fn target(&self, place: usize, (kind, output): (&str, &str), text: &str) -> Option<usize> {
        let fits = |(other, key): &&(usize, String)| {
            key == output && (kind == "*" || self.found[*other].kind.name() == kind)
        };
        let all: Vec<usize> =
            self.index.exact(text).iter().filter(fits).map(|(other, _)| *other).collect();
        let region = |place: usize| &self.found[place].object.region;
        let near = all.iter().find(|&&other| region(other) == region(place));
        near.or(all.first()).copied()
    }

    /// The object, and its output, that a text names as a whole beyond doubt.
    fn telling(&self, place: usize, text: &str) -> Option<(usize, String)> {
        let is_telling = |key: &str| match key {
            "arn" => true,
            "id" => text.len() >= 8 && text.contains(|c: char| c.is_ascii_digit()),
            "name" => text.len() >= 8 && text.contains(['-', '/', '.', ':']),
            _ => text.len() >= 12 && text.contains(['/', '.', ':']),
        };
        let mut all = self.index.exact(text).iter().filter(|(other, _)| *other != place);
        let (other, key) = all.find(|(_, key)| is_telling(key))?;
        Some((*other, key.clone()))
    }

    /// Whether an output names its own object, so that a typed reference takes another kind's no more.
    fn names_itself(&self, other: usize, output: &str, wanted: &str) -> bool {
        let first = self.found[other].kind.outputs().fields().next().map(|field| field.name);
        output == wanted || Some(output) == first || ["id", "arn"].contains(&output)
    }

    /// A text in which parts name objects, the account or the region.
    fn parts(&mut self, at: At<'_>, text: &str) -> String {
        let found = self
            .index
            .part(text, &|other| other != at.place && (at.late || !self.reaches(other, at.place)));
        let is_whole = found.is_some_and(|(_, part, ..)| part.len() == text.len());
        let Some((start, part, other, output)) =
            found.filter(|_| !is_whole || reference(at.schema).is_none())
        else {
            return self.placed(at, text);
        };
        if !at.late {
            self.needs(at.place, other);
        }
        self.references += 1;
        let expression = format!("${{{}.{output}}}", self.found[other].address);
        let (before, after) = (&text[..start], &text[start + part.len()..]);
        let before = if before.is_empty() { String::new() } else { self.parts(at, before) };
        let after = if after.is_empty() { String::new() } else { self.parts(at, after) };
        format!("{before}{expression}{after}")
    }

    /// A name: the environment in it is that of the file.
    fn named(&self, at: At<'_>, text: &str) -> String {
        let text = self.placed(at, text);
        let Some(environment) = &self.naming.environment else { return text };
        replaced(&text, environment, "${environment}", |c| !c.is_alphanumeric())
    }

    /// A text in which account and region are those of the file.
    fn placed(&self, at: At<'_>, text: &str) -> String {
        let (account, region) = (&self.naming.account, &self.found[at.place].object.region);
        if text == account && at.key == "AWS" {
            return "arn:aws:iam::${account}:root".to_owned();
        }
        let text = literal(text);
        let text = replaced(&text, account, "${account}", |c| !c.is_alphanumeric());
        if let Some(zone) = text.strip_prefix(region.as_str())
            && zone.len() == 1
            && zone.chars().all(|c| c.is_ascii_lowercase())
        {
            return format!("${{region}}{zone}");
        }
        if text.starts_with("arn:") || text == *region {
            return replaced(&text, region, "${region}", |c| c == ':');
        }
        text
    }

    /// Notes that one object needs another; false when that would go in a circle.
    fn needs(&mut self, place: usize, other: usize) -> bool {
        if place == other || self.reaches(other, place) {
            return false;
        }
        self.edges[place].insert(other);
        true
    }

    fn reaches(&self, from: usize, to: usize) -> bool {
        let mut seen = BTreeSet::new();
        let mut next = vec![from];
        while let Some(place) = next.pop() {
            if place == to {
                return true;
            }
            if seen.insert(place) {
                next.extend(&self.edges[place]);
            }
        }
        false
    }
}

/// A text that stands for itself, as stack files write it.
pub fn literal(text: &str) -> String {
    plain(text).replace("${", "$${")
}

/// A text with a word replaced wherever it stands between ends and separators.
fn replaced(text: &str, word: &str, by: &str, separates: impl Fn(char) -> bool) -> String {
    if word.is_empty() || !text.contains(word) {
        return text.to_owned();
    }
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(word) {
        let (before, after) = (&rest[..at], &rest[at + word.len()..]);
        let left = before.chars().next_back().or(result.chars().next_back());
        let apart = left.is_none_or(&separates) && after.chars().next().is_none_or(&separates);
        // A word inside an expression is that expression's own.
        let open = result.len() + before.len();
        let so_far = format!("{result}{before}");
        let is_inside = so_far.rfind("${").is_some_and(|start| !so_far[start..open].contains('}'));
        result.push_str(before);
        result.push_str(if apart && !is_inside { by } else { word });
        rest = after;
    }
    result.push_str(rest);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_replaced_where_they_stand_alone() {
        let by = |text: &str| replaced(text, "dev", "${environment}", |c| !c.is_alphanumeric());
        assert_eq!(by("/shop/dev/web"), "/shop/${environment}/web");
        assert_eq!(by("shop-device-dev"), "shop-device-${environment}");
        assert_eq!(by("dev"), "${environment}");
        assert_eq!(by("${dev.arn}/dev"), "${dev.arn}/${environment}");
        assert_eq!(literal("${aws:username}"), "$${aws:username}");
    }
}
