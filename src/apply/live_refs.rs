//! Which live objects refer to which: fields of live specs, matched against live outputs.

use std::collections::HashMap;

use serde_json::Value;

use crate::kind::schema::visit_refs;
use crate::kind::{AnyKind, LiveObject};

/// One object's hold on another, by their places in the list that was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LiveRef {
    /// The object that refers.
    pub from: usize,
    /// The object that is referred to.
    pub to: usize,
    /// Whether only fields that can be emptied beforehand refer to it.
    pub late: bool,
}

/// The references among objects, sorted. An object's references to itself are left out.
pub(super) fn live_refs(objects: &[(&dyn AnyKind, &LiveObject)]) -> Vec<LiveRef> {
    let mut by_output: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
    for (place, (_, object)) in objects.iter().enumerate() {
        for (name, value) in object.outputs.as_object().into_iter().flatten() {
            if let Value::String(text) = value {
                by_output.entry((name, text)).or_default().push(place);
            }
        }
    }
    let mut found: HashMap<(usize, usize), bool> = HashMap::new();
    for (from, (kind, object)) in objects.iter().enumerate() {
        visit_refs(kind.schema().json(), &object.spec, &mut |(wanted, output), text, late| {
            let holders = by_output.get(&(output, text)).map_or(&[][..], Vec::as_slice);
            let fits = |to: usize| to != from && (wanted == "*" || objects[to].1.kind == wanted);
            let near = |to: usize| objects[to].1.region == object.region;
            // A name may stand for one object in each region; an id or an ARN cannot.
            let has_near = holders.iter().any(|&to| fits(to) && near(to));
            for &to in holders.iter().filter(|&&to| fits(to) && (near(to) || !has_near)) {
                found.entry((from, to)).and_modify(|only| *only &= late).or_insert(late);
            }
        });
    }
    let mut refs: Vec<LiveRef> =
        found.into_iter().map(|((from, to), late)| LiveRef { from, to, late }).collect();
    refs.sort_unstable();
    refs
}
