//! What is known of the stack's objects at some instant of the run.

use std::collections::HashMap;

use serde_json::Value;

use crate::kind::field::HIDDEN;
use crate::kind::{AnyKind, LiveObject, is_unknown};
use crate::model::{Address, Outputs};

/// Outputs and spec fields by address. What is secret is here in the clear.
#[derive(Default)]
pub(super) struct Known(HashMap<Address, Facts>);

struct Facts {
    kind: &'static dyn AnyKind,
    outputs: Option<Value>,
    spec: Value,
}

impl Known {
    /// An object that is not made yet: what the plan says of its spec.
    pub(super) fn planned(&mut self, address: &Address, kind: &'static dyn AnyKind, spec: &Value) {
        let facts = Facts { kind, outputs: None, spec: spec.clone() };
        self.0.insert(address.clone(), facts);
    }

    /// An object that is there.
    pub(super) fn exists(
        &mut self,
        address: &Address,
        kind: &'static dyn AnyKind,
        object: &LiveObject,
    ) {
        let outputs = Some(object.outputs.clone());
        let facts = Facts { kind, outputs, spec: object.spec.clone() };
        self.0.insert(address.clone(), facts);
    }

    /// The same without the values of secret fields, for what is shown.
    pub(super) fn shown(&self) -> Shown<'_> {
        Shown(self)
    }
}

impl Outputs for Known {
    fn get(&self, address: &Address, field: &str) -> Option<Value> {
        let facts = self.0.get(address)?;
        if let Some(value) = facts.outputs.as_ref().and_then(|outputs| outputs.get(field)) {
            return Some(value.clone());
        }
        // What AWS decides is not to be guessed from what the user asks for, save the name.
        let is_name = facts.kind.schema().name_field().is_some_and(|name| name.name == field);
        let is_output = facts.kind.outputs().field(field).is_some();
        let value = facts.spec.get(field).filter(|_| is_name || !is_output)?;
        is_known(value).then(|| value.clone())
    }
}

/// What is known and may be shown.
pub(super) struct Shown<'a>(&'a Known);

impl Outputs for Shown<'_> {
    fn get(&self, address: &Address, field: &str) -> Option<Value> {
        let value = self.0.get(address, field)?;
        let kind = self.0.0.get(address)?.kind;
        let secret = kind.schema().field(field).is_some_and(|field| field.is("writeOnly"));
        Some(if secret { HIDDEN.into() } else { value })
    }
}

/// Whether a value is whole: neither hidden nor waiting for an output.
pub(super) fn is_known(value: &Value) -> bool {
    unknown(value).is_none() && !texts(value).any(|text| text == HIDDEN)
}

/// The first text of a value that still waits for an output.
pub(super) fn unknown(value: &Value) -> Option<&str> {
    texts(value).find(|text| is_unknown(text))
}

/// All texts inside a value, keys of objects left out.
fn texts(value: &Value) -> Box<dyn Iterator<Item = &str> + '_> {
    match value {
        Value::String(text) => Box::new(std::iter::once(text.as_str())),
        Value::Array(items) => Box::new(items.iter().flat_map(texts)),
        Value::Object(map) => Box::new(map.values().flat_map(texts)),
        Value::Null | Value::Bool(_) | Value::Number(_) => Box::new(std::iter::empty()),
    }
}
