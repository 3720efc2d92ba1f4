//! What there is to draw: declared resources and objects that are no longer declared, with what
//! their fields refer to.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::kind::schema::visit_refs;
use crate::kind::{AnyKind, LiveObject};
use crate::kinds;
use crate::model::{Address, Resource, Stack, Whereabouts, whereabouts};
use crate::plan::{Action, Item, Plan};

/// A resource, or an object that is no longer declared.
pub(super) struct Thing<'a> {
    pub address: Address,
    pub kind: &'static dyn AnyKind,
    pub region: String,
    pub action: Option<&'static str>,
    /// The spec; what waits for another stands there as that one's address.
    pub spec: Value,
    /// What its fields refer to.
    pub links: Vec<Link>,
    /// The places of all that it needs, in any way.
    pub needs: Vec<usize>,
    declared: Option<&'a Resource>,
    live: Option<&'a LiveObject>,
}

/// A field's reference to another thing.
#[derive(Clone, Debug)]
pub(super) struct Link {
    /// The field of the spec.
    pub field: String,
    /// Whether the field is the reference itself, or a list of such; otherwise it is further inside.
    pub direct: bool,
    /// The place of what is referred to.
    pub to: usize,
}

/// By output and its value, the places of the things that have it.
type ByOutput<'a> = BTreeMap<(&'a str, &'a str), Vec<usize>>;

/// Everything there is, in the order of the stack and then of the plan.
pub(super) fn things<'a>(stack: &'a Stack, plan: Option<&'a Plan>) -> Vec<Thing<'a>> {
    let mut things: Vec<Thing<'a>> = match plan {
        None => stack.resources.values().map(|it| declared(stack, it, None, None)).collect(),
        Some(plan) => plan.items.iter().filter_map(|item| planned(stack, item)).collect(),
    };
    let mut places: BTreeMap<Address, usize> = BTreeMap::new();
    let mut outputs: ByOutput<'_> = BTreeMap::new();
    for (place, thing) in things.iter().enumerate() {
        if thing.declared.is_some() {
            places.insert(thing.address.clone(), place);
        }
        let known = thing.live.and_then(|live| live.outputs.as_object());
        for (output, value) in known.into_iter().flatten() {
            if let Value::String(text) = value {
                outputs.entry((output, text)).or_default().push(place);
            }
        }
    }
    let found: Vec<(Vec<Link>, Vec<usize>)> = (0..things.len())
        .map(|place| {
            let links = links(&things, place, &places, &outputs);
            let needs = match things[place].declared {
                Some(resource) => {
                    let all = resource.references.iter();
                    all.filter_map(|it| places.get(&it.to).copied()).collect()
                }
                None => links.iter().map(|link| link.to).collect(),
            };
            (links, needs)
        })
        .collect();
    for (thing, (links, needs)) in things.iter_mut().zip(found) {
        (thing.links, thing.needs) = (links, needs);
    }
    things
}

fn planned<'a>(stack: &'a Stack, item: &'a Item) -> Option<Thing<'a>> {
    let live = item.live.as_deref();
    let resource = stack.get(&item.address).filter(|resource| {
        item.action != Action::Delete && resource.kind.name() == item.kind && item.desired.is_some()
    });
    let action = Some(item.action.as_str());
    if let Some(resource) = resource {
        return Some(declared(stack, resource, live, action));
    }
    Some(Thing {
        address: item.address.clone(),
        kind: kinds::find(&item.kind)?,
        region: item.region.clone(),
        action,
        spec: live.map(|live| live.spec.clone()).unwrap_or_default(),
        links: Vec::new(),
        needs: Vec::new(),
        declared: None,
        live,
    })
}

fn declared<'a>(
    stack: &Stack,
    resource: &'a Resource,
    live: Option<&'a LiveObject>,
    action: Option<&'static str>,
) -> Thing<'a> {
    // What cannot be computed without its value stays as it is written.
    let resolved = resource.resolve(&Whereabouts(stack));
    Thing {
        address: resource.address.clone(),
        kind: resource.kind,
        region: resource.region.clone(),
        action,
        spec: resolved.unwrap_or_else(|_| resource.spec.clone()),
        links: Vec::new(),
        needs: Vec::new(),
        declared: Some(resource),
        live,
    }
}

fn links(
    things: &[Thing<'_>],
    place: usize,
    places: &BTreeMap<Address, usize>,
    outputs: &ByOutput<'_>,
) -> Vec<Link> {
    let thing = &things[place];
    let mut found: Vec<Link> = Vec::new();
    for field in thing.kind.schema().fields() {
        let Some(value) = thing.spec.get(field.name) else { continue };
        let direct = match value {
            Value::String(_) => true,
            Value::Array(items) => items.iter().all(Value::is_string),
            _ => false,
        };
        visit_refs(field.schema, value, &mut |(kind, output), text, _| {
            let target = match whereabouts(text) {
                Some(address) => places.get(&Address::new(address)).copied(),
                None => living(things, place, outputs.get(&(output, text)), kind),
            };
            let Some(to) = target.filter(|to| *to != place) else { return };
            found.push(Link { field: field.name.to_owned(), direct, to });
        });
    }
    found
}

/// Of things with the same output the one that is meant: of the kind, and nearby.
fn living(
    things: &[Thing<'_>],
    from: usize,
    holders: Option<&Vec<usize>>,
    kind: &str,
) -> Option<usize> {
    let fits = |to: &&usize| **to != from && (kind == "*" || things[**to].kind.name() == kind);
    let mut all = holders?.iter().filter(fits);
    let near = all.clone().find(|to| things[**to].region == things[from].region);
    near.or_else(|| all.next()).copied()
}

impl Thing<'_> {
    /// The places of what its fields themselves refer to that is of a kind.
    pub fn direct(&self, things: &[Thing<'_>], kind: &str) -> Vec<usize> {
        let links = self.links.iter().filter(|link| link.direct).map(|link| link.to);
        let mut found: Vec<usize> = Vec::new();
        for to in links.filter(|to| things[*to].kind.name() == kind) {
            if !found.contains(&to) {
                found.push(to);
            }
        }
        found
    }

    /// A field that is a text and known.
    pub fn text(&self, field: &str) -> Option<&str> {
        let text = self.spec.get(field)?.as_str()?;
        (!crate::kind::is_unknown(text)).then_some(text)
    }

    /// Whether AWS calls it so.
    pub fn is(&self, id: &str) -> bool {
        let outputs = self.live.and_then(|live| live.outputs.as_object());
        outputs.into_iter().flatten().any(|(_, value)| value.as_str() == Some(id))
    }

    /// The service: the first word of the kind's name.
    pub fn service(&self) -> &'static str {
        self.kind.name().split('.').next().unwrap_or_default()
    }
}
