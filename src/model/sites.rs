//! Values that wait: looked up when more is known, and put in their places.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use super::lookup;
use super::rules::Rules;
use super::scope::Scope;
use super::walk::{Place, Site, Waiting};
use super::{Address, Outputs, Resource};
use crate::kind::waits;
use crate::stack::evaluate::{self, Answer};
use crate::stack::expression::Fault;

impl Site {
    /// The field of the spec in which it stands.
    pub fn top(&self) -> Option<&str> {
        match self.path.first() {
            Some(Place::Key(key)) => Some(key),
            _ => None,
        }
    }

    /// The path as messages write it: `rules[0].port`.
    pub fn shown(&self) -> String {
        self.path.iter().fold(String::new(), |path, place| match place {
            Place::Key(key) if path.is_empty() => key.to_string(),
            Place::Key(key) => format!("{path}.{key}"),
            Place::Index(index) => format!("{path}[{index}]"),
        })
    }

    /// Visits the resources that it waits for.
    pub fn visit(
        &self,
        scope: &Arc<Scope>,
        found: &mut dyn FnMut(usize, Option<&str>),
    ) -> Result<(), Fault> {
        match &self.what {
            Waiting::Text(text) => lookup::visit_text(text, scope, found),
            Waiting::Thing(thing) => lookup::visit(thing, found),
        }
    }

    /// Its value, if it is known now.
    pub fn value(&self, scope: &Arc<Scope>, known: &dyn Outputs) -> Result<Option<Value>, Fault> {
        let value = match &self.what {
            Waiting::Text(text) => evaluate::text(text, &scope.source(known))?,
            Waiting::Thing(thing) => match lookup::value(thing, &scope.shared, known)? {
                Answer::Known(value) => Some(value),
                Answer::Partial(_) | Answer::Unknown => None,
            },
        };
        // A whole resource that a condition chose stands for the output that is needed.
        match (value, Rules::of(self.schema).reference) {
            (Some(Value::Object(fields)), Some((_, output))) => Ok(fields.get(output).cloned()),
            (value, _) => Ok(value),
        }
    }
}

/// Puts a value in its place in a spec; null, and nothing, take the place away.
pub(super) fn put(spec: &mut Value, path: &[Place], value: Option<Value>) {
    let value = value.filter(|value| !value.is_null());
    let Some((last, before)) = path.split_last() else { return };
    let mut at = spec;
    for place in before {
        let next = match place {
            Place::Key(key) => at.get_mut(&**key),
            Place::Index(index) => at.get_mut(index),
        };
        let Some(next) = next else { return };
        at = next;
    }
    match (at, last, value) {
        (Value::Object(map), Place::Key(key), Some(value)) => {
            drop(map.insert(key.to_string(), value));
        }
        (Value::Object(map), Place::Key(key), None) => drop(map.shift_remove(&**key)),
        // Several values in the place of one element are that many elements.
        (Value::Array(items), Place::Index(index), Some(Value::Array(more)))
            if *index < items.len() && items[*index].is_string() =>
        {
            items.splice(*index..=*index, more);
        }
        (Value::Array(items), Place::Index(index), Some(value)) if *index < items.len() => {
            items[*index] = value;
        }
        (Value::Array(items), Place::Index(index), None) if *index < items.len() => {
            items.remove(*index);
        }
        _ => {}
    }
}

/// What is known of others, and of the resource itself what its own spec says.
struct Own<'a> {
    address: &'a Address,
    spec: &'a Value,
    known: &'a dyn Outputs,
}

impl Outputs for Own<'_> {
    fn get(&self, address: &Address, field: &str) -> Option<Value> {
        self.known.get(address, field).or_else(|| {
            let value = self.spec.get(field).filter(|_| address == self.address)?;
            (!waits(value)).then(|| value.clone())
        })
    }
}

/// See [`Resource::resolve`].
pub(super) fn resolve(resource: &Resource, known: &dyn Outputs) -> Result<Value, String> {
    let mut spec = resource.spec.clone();
    let (sites, night) = (&resource.sites, &resource.night);
    let known = &night.known(known);
    let mut values: Vec<Option<Value>> = vec![None; sites.len()];
    // What refers to the resource's own fields may come to something once those have.
    let rounds = if resource.own { 3 } else { 1 };
    for _ in 0..rounds {
        let mut current = Cow::Borrowed(&spec);
        if resource.own {
            for (site, value) in sites.iter().zip(&values).rev() {
                if let Some(value) = value {
                    put(current.to_mut(), &site.path, Some(value.clone()));
                }
            }
        }
        let own = Own { address: &resource.address, spec: &current, known };
        for (site, value) in sites.iter().zip(&mut values) {
            if value.is_none() {
                *value = site.value(&resource.scope, &own).map_err(|fault| {
                    let message = match &site.secret {
                        Some(_) => "an expression in a secret is wrong, and not shown",
                        None => &fault.message,
                    };
                    format!("`{}` of `{}`: {message}", site.shown(), resource.address)
                })?;
            }
        }
    }
    if !night.is_none() {
        for (site, value) in sites.iter().zip(&mut values).filter(|(_, value)| value.is_none()) {
            *value = night.value(site, resource);
        }
    }
    // From the end, so that elements that go do not move those that are still to come.
    for (site, value) in sites.iter().zip(values).rev() {
        if let Some(value) = value {
            put(&mut spec, &site.path, Some(value));
        }
    }
    night.apply(&mut spec);
    Ok(spec)
}
