//! Addresses: what people call things, without what all of them have in common.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::{Found, Naming};
use crate::kind::{AnyKind, LiveObject};
use crate::model::is_taken;

/// How long an address made of a name is, about.
const LONGEST: usize = 40;
/// How many names have to begin alike for that to mean something.
const ENOUGH: usize = 4;

/// Gives each object an address, the same whenever the same objects are found.
pub fn given(objects: Vec<(&'static dyn AnyKind, Arc<LiveObject>)>, naming: &Naming) -> Vec<Found> {
    let names: Vec<Vec<String>> =
        objects.iter().map(|(kind, object)| name(*kind, object, naming)).collect();
    let common = in_common(&names);
    let bases: Vec<String> = objects
        .iter()
        .zip(names)
        .map(|((kind, _), name)| base(*kind, without(name, &common)))
        .collect();
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for base in &bases {
        *count.entry(base).or_default() += 1;
    }
    let mut used = BTreeSet::new();
    let mut found = Vec::with_capacity(objects.len());
    for ((kind, object), base) in objects.into_iter().zip(&bases) {
        let thing = thing(kind);
        let is_clear = count.get(base.as_str()) == Some(&1) && !is_taken(base);
        let address = if is_clear || base.ends_with(thing) && !is_taken(base) {
            base.clone()
        } else {
            format!("{base}_{thing}")
        };
        let numbered = (2..).map(|number| format!("{address}_{number}"));
        let free = std::iter::once(address.clone()).chain(numbered);
        let address = free.into_iter().find(|one| !used.contains(one)).unwrap_or(address);
        used.insert(address.clone());
        found.push(Found { object, kind, address });
    }
    found
}

/// The second part of a kind's name.
fn thing(kind: &dyn AnyKind) -> &'static str {
    kind.name().split_once('.').map_or(kind.name(), |(_, thing)| thing)
}

/// The words that an object is called by. What the file says at its top is left out.
fn name(kind: &dyn AnyKind, object: &LiveObject, naming: &Naming) -> Vec<String> {
    let field = kind.schema().name_field();
    let name = field.and_then(|field| object.spec.get(field.name)).and_then(Value::as_str);
    let name = name.or(object.tags.get("Name").map(String::as_str)).unwrap_or_default();
    let mut plain = name.replace(&naming.account, " ");
    plain = plain.replace(&object.region, " ");
    let environment = naming.environment.as_deref().unwrap_or_default();
    let name = without(words(&plain), &words(&naming.stack));
    without(name, &words(environment))
}

/// What most names begin with: people put the name of the system in front of everything.
fn in_common(names: &[Vec<String>]) -> Vec<String> {
    let named: Vec<&Vec<String>> = names.iter().filter(|words| !words.is_empty()).collect();
    let mut common: Vec<String> = Vec::new();
    loop {
        let mut count: BTreeMap<&String, usize> = BTreeMap::new();
        for words in named.iter().filter(|words| words.starts_with(&common)) {
            if let Some(next) = words.get(common.len()) {
                *count.entry(next).or_default() += 1;
            }
        }
        let most = count.into_iter().max_by_key(|(word, count)| (*count, std::cmp::Reverse(*word)));
        match most {
            Some((word, count)) if count >= ENOUGH && count * 5 >= named.len() * 3 => {
                let word = word.clone();
                common.push(word);
            }
            _ => return common,
        }
    }
}

/// Words without those that they begin with, unless nothing else would be left.
fn without(mut words: Vec<String>, common: &[String]) -> Vec<String> {
    let same = words.iter().zip(common).take_while(|(one, other)| one == other).count();
    if same < words.len() && (same == common.len() || same > 0 && common.len() > 1) {
        words.drain(..same);
    }
    words
}

/// An address of words.
fn base(kind: &dyn AnyKind, words: Vec<String>) -> String {
    let mut base = String::new();
    for word in words {
        if !base.is_empty() && base.len() + word.len() > LONGEST {
            break;
        }
        if !base.is_empty() {
            base.push('_');
        }
        base.push_str(&word);
    }
    let thing = thing(kind);
    match base.chars().next() {
        None => thing.to_owned(),
        Some(first) if !first.is_ascii_lowercase() => format!("{thing}_{base}"),
        Some(_) => base,
    }
}

/// The words of a name: `MyApp-web/1` is `my`, `app`, `web`, `1`.
fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut before = ' ';
    for c in name.chars() {
        let begins =
            c.is_ascii_uppercase() && (before.is_ascii_lowercase() || before.is_ascii_digit());
        if (begins || !c.is_ascii_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if c.is_ascii_alphanumeric() {
            word.push(c.to_ascii_lowercase());
        }
        before = c;
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::{in_common, without, words};

    #[test]
    fn what_most_names_begin_with_is_left_out() {
        let names = ["shop-dev-web", "shop-dev-db", "shop-dev-web-logs", "shop-dev", "other"];
        let names: Vec<Vec<String>> = names.iter().map(|name| words(name)).collect();
        let common = in_common(&names);
        assert_eq!(common, ["shop", "dev"]);
        let left = names.into_iter().map(|name| without(name, &common).join("_"));
        assert_eq!(left.collect::<Vec<_>>(), ["web", "db", "web_logs", "shop_dev", "other"]);
    }

    #[test]
    fn names_fall_into_words() {
        assert_eq!(words("MyApp-web/1"), ["my", "app", "web", "1"]);
        assert_eq!(words("/shop/dev/flows"), ["shop", "dev", "flows"]);
        assert_eq!(words("HTTPServer2Web"), ["httpserver2", "web"]);
    }
}
