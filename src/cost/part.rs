//! What there is to pay for: the objects of a stack file, or those of an account.

use std::collections::HashMap;

use serde_json::Value;

use crate::kind::charge::{Charges, Usage};
use crate::kind::schema::substitute_unknowns;
use crate::kind::{AnyKind, LiveObject, is_unknown};
use crate::kinds;
use crate::model::{Address, Resource, Stack, Whereabouts, whereabouts};
use crate::plan::{Action, Plan};

/// One object that costs something, or nothing.
#[derive(Clone)]
pub(super) struct Part {
    pub address: Address,
    pub kind: &'static dyn AnyKind,
    pub region: String,
    pub spec: Value,
    pub usage: Usage,
    /// Texts of its declaration, and the address of what each refers to.
    refers: HashMap<String, Address>,
}

/// Objects that refer to each other.
pub(super) struct World<'a> {
    pub parts: Vec<Part>,
    places: HashMap<Address, usize>,
    /// By what AWS calls them, the addresses of live objects.
    live: HashMap<&'a str, Vec<&'a Address>>,
}

/// Texts of a declaration, with the addresses that [`Whereabouts`] put in their places.
fn references(written: &Value, resolved: &Value, into: &mut HashMap<String, Address>) {
    match (written, resolved) {
        (Value::String(text), Value::String(place)) if is_unknown(text) => {
            if let Some(address) = whereabouts(place) {
                into.insert(text.clone(), Address::new(address));
            }
        }
        (Value::Array(written), Value::Array(resolved)) if written.len() == resolved.len() => {
            for (written, resolved) in written.iter().zip(resolved) {
                references(written, resolved, into);
            }
        }
        (Value::Object(written), Value::Object(resolved)) => {
            for (key, written) in written {
                if let Some(resolved) = resolved.get(key) {
                    references(written, resolved, into);
                }
            }
        }
        _ => {}
    }
}

impl<'a> World<'a> {
    fn new(parts: Vec<Part>, plan: Option<&'a Plan>) -> Self {
        let places = parts.iter().enumerate().map(|(place, part)| (part.address.clone(), place));
        let places = places.collect();
        let mut live: HashMap<&str, Vec<&Address>> = HashMap::new();
        for item in plan.into_iter().flat_map(|plan| &plan.items) {
            let outputs = item.live.as_deref().and_then(|object| object.outputs.as_object());
            for text in outputs.into_iter().flatten().filter_map(|(_, value)| value.as_str()) {
                live.entry(text).or_default().push(&item.address);
            }
        }
        Self { parts, places, live }
    }

    /// What a stack file declares.
    pub fn of_stack(stack: &Stack) -> Self {
        let parts = stack.resources.values().map(|resource| declared(stack, resource));
        Self::new(parts.collect(), None)
    }

    /// What there is after a plan: what the file declares, with the values that a plan leaves as
    /// they are, and what stays although it is not declared.
    pub fn after(stack: &Stack, plan: &'a Plan) -> Self {
        let items = plan.items.iter().filter(|item| item.action != Action::Delete);
        let parts =
            items.filter_map(|item| match (stack.get(&item.address), &item.desired, &item.live) {
                (Some(resource), Some(desired), _) => {
                    Some(Part { spec: desired.clone(), ..declared(stack, resource) })
                }
                (_, _, Some(object)) => existing(stack, &item.address, object),
                (resource, ..) => resource.map(|resource| declared(stack, resource)),
            });
        Self::new(parts.collect(), Some(plan))
    }

    /// What there is before a plan.
    pub fn before(stack: &Stack, plan: &'a Plan) -> Self {
        let live =
            plan.items.iter().filter_map(|item| Some((&item.address, item.live.as_deref()?)));
        let parts = live.filter_map(|(address, object)| existing(stack, address, object));
        Self::new(parts.collect(), Some(plan))
    }

    /// The same objects as they are while the environment sleeps.
    pub fn asleep(&self) -> Self {
        let mut parts = self.parts.clone();
        for part in &mut parts {
            for (field, json) in part.kind.asleep() {
                if let Ok(value) = serde_json::from_str(json) {
                    part.spec[*field] = value;
                }
            }
        }
        Self { parts, places: self.places.clone(), live: self.live.clone() }
    }

    /// What stands at an address.
    pub fn get(&self, address: &Address) -> Option<&Part> {
        self.places.get(address).map(|place| &self.parts[*place])
    }

    /// What is charged for one of its parts.
    pub fn charges(&self, part: &Part) -> Charges {
        let referred = |text: &str, kind: &str| -> Option<Value> {
            let named = part.refers.get(text).into_iter();
            let living = self.live.get(text).into_iter().flatten().copied();
            let mut others = named.chain(living).filter_map(|to| Some(*self.places.get(to)?));
            let other = &self.parts[others.find(|place| self.parts[*place].kind.name() == kind)?];
            let (known, waiting) = substitute_unknowns(other.kind.schema().json(), &other.spec);
            waiting.is_empty().then(|| known.into_owned())
        };
        part.kind.charges(&part.spec, &referred)
    }
}

fn declared(stack: &Stack, resource: &Resource) -> Part {
    let mut refers = HashMap::new();
    if let Ok(resolved) = resource.resolve(&Whereabouts(stack)) {
        references(&resource.spec, &resolved, &mut refers);
    }
    refers.retain(|_, address| stack.get(address).is_some());
    Part {
        address: resource.address.clone(),
        kind: resource.kind,
        region: resource.region.clone(),
        spec: resource.spec.clone(),
        usage: resource.usage.clone(),
        refers,
    }
}

/// An object as it lives.
fn existing(stack: &Stack, address: &Address, object: &LiveObject) -> Option<Part> {
    let usage = stack.get(address).map(|resource| resource.usage.clone());
    Some(Part {
        address: address.clone(),
        kind: kinds::find(&object.kind)?,
        region: object.region.clone(),
        spec: object.spec.clone(),
        usage: usage.unwrap_or_default(),
        refers: HashMap::new(),
    })
}
