//! What is known of what paths lead to, and which resources they involve.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::Outputs;
use super::scope::{Scope, Shared, Thing};
use crate::stack::evaluate::{self, Answer, Selection, Source};
use crate::stack::expression::{Fault, Text};

/// A scope together with what is known of resources.
pub(super) struct Known<'a> {
    pub scope: &'a Arc<Scope>,
    pub known: &'a dyn Outputs,
}

impl Source for Known<'_> {
    fn value(&self, root: &str, selections: &[Selection]) -> Result<Answer, Fault> {
        let thing = self.scope.thing(root, selections)?;
        value(&thing, &self.scope.shared, self.known)
    }
    fn region(&self) -> &str {
        &self.scope.region
    }
    fn folder(&self) -> &str {
        &self.scope.shared.folder
    }
}

/// What is known of what a path leads to.
pub(super) fn value(thing: &Thing, shared: &Shared, known: &dyn Outputs) -> Result<Answer, Fault> {
    Ok(match thing {
        Thing::Value(value) => Answer::Known(value.clone()),
        Thing::Unknown => Answer::Unknown,
        Thing::Resource(place) => shared.table.get().and_then(|table| table.get(*place)).map_or(
            Answer::Unknown,
            |entry| {
                let kind = entry.kind;
                let fields = kind.outputs().fields().chain(kind.schema().fields());
                let found: Map<String, Value> = fields
                    .filter_map(|f| {
                        let value = shared.field(*place, f.name, known)?;
                        Some((f.name.to_owned(), value))
                    })
                    .collect();
                Answer::Partial(Value::Object(found))
            },
        ),
        Thing::Field(place, field, rest) => match shared.field(*place, field, known) {
            // What an object lists by name may get the name by a change that is still to come.
            Some(value) if shared.is_output(*place, field) && lacks(&value, rest) => {
                Answer::Unknown
            }
            Some(value) => Answer::Known(evaluate::select(&value, rest, field)?.clone()),
            None => Answer::Unknown,
        },
        Thing::List(things) => {
            let mut partial = false;
            let mut items = Vec::with_capacity(things.len());
            for thing in things {
                match value(thing, shared, known)? {
                    Answer::Known(value) => items.push(value),
                    Answer::Partial(value) => {
                        partial = true;
                        items.push(value);
                    }
                    Answer::Unknown => return Ok(Answer::Unknown),
                }
            }
            let items = Value::Array(items);
            if partial { Answer::Partial(items) } else { Answer::Known(items) }
        }
        Thing::Map(things) => {
            let mut map = Map::new();
            let mut partial = false;
            for (key, thing) in things {
                match value(thing, shared, known)? {
                    Answer::Known(value) => drop(map.insert(key.clone(), value)),
                    Answer::Partial(value) => {
                        partial = true;
                        map.insert(key.clone(), value);
                    }
                    Answer::Unknown => {
                        partial = true;
                        map.insert(evaluate::LACKS.to_owned(), true.into());
                    }
                }
            }
            let map = Value::Object(map);
            if partial { Answer::Partial(map) } else { Answer::Known(map) }
        }
        Thing::Later(text, scope, rest) => match evaluate::text(text, &scope.source(known))? {
            Some(value) => Answer::Known(evaluate::select(&value, rest, &text.source)?.clone()),
            None => Answer::Unknown,
        },
    })
}

/// Whether a mapping has no such key.
fn lacks(value: &Value, rest: &[Selection]) -> bool {
    match (value, rest) {
        (Value::Object(map), [Selection::Field(key), ..]) => !map.contains_key(key.as_str()),
        _ => false,
    }
}

impl Shared {
    fn is_output(&self, place: usize, field: &str) -> bool {
        let entry = self.table.get().and_then(|table| table.get(place));
        entry.is_some_and(|entry| entry.kind.outputs().field(field).is_some())
    }

    fn field(&self, place: usize, field: &str, known: &dyn Outputs) -> Option<Value> {
        let kept = self.fields.get().and_then(|fields| fields.get(&place)?.get(field));
        if let Some(value) = kept {
            return Some(value.clone());
        }
        known.get(&self.table.get()?.get(place)?.address, field)
    }
}

/// Visits the place of every resource that a thing involves, and the field of it, if only one
/// matters.
pub(super) fn visit(
    thing: &Thing,
    found: &mut dyn FnMut(usize, Option<&str>),
) -> Result<(), Fault> {
    match thing {
        Thing::Value(_) | Thing::Unknown => Ok(()),
        Thing::Resource(place) => {
            found(*place, None);
            Ok(())
        }
        Thing::Field(place, field, _) => {
            found(*place, Some(field));
            Ok(())
        }
        Thing::List(things) => things.iter().try_for_each(|thing| visit(thing, found)),
        Thing::Map(things) => things.iter().try_for_each(|(_, thing)| visit(thing, found)),
        Thing::Later(text, scope, _) => visit_text(text, scope, found),
    }
}

/// The same for all that a text mentions.
pub(super) fn visit_text(
    text: &Text,
    scope: &Arc<Scope>,
    found: &mut dyn FnMut(usize, Option<&str>),
) -> Result<(), Fault> {
    for code in text.codes() {
        let source = scope.source(&());
        for leaf in evaluate::live_leaves(code, &source)? {
            let root = &code.leaves[leaf].root;
            let thing = match evaluate::selections(code, leaf, &source)? {
                Some(selections) => scope.thing(root, &selections)?,
                None => scope.thing(root, &[])?,
            };
            visit(&thing, found)?;
        }
    }
    Ok(())
}
