//! Which live object is whose: by the address in its tags, and by the name that it bears, or by being
//! the only one of its kind that a region can have.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use super::Find;
use crate::diagnostic::Diagnostic;
use crate::kind::{AnyKind, LiveObject, Status, ownership};
use crate::live::Snapshot;
use crate::model::{Resource, Stack};

/// The objects of a snapshot that count, found by address and by name.
pub(super) struct Claims<'a> {
    /// The objects; those on their way out count as absent.
    pub objects: Vec<&'a Arc<LiveObject>>,
    /// Whether each is ours.
    pub ours: Vec<bool>,
    by_address: HashMap<(&'a str, &'a str, &'a str), Vec<usize>>,
    /// Made when a resource without an object asks for the first time.
    by_claim: OnceLock<HashMap<(&'a str, &'a str, &'a str), usize>>,
    find: Find,
}

/// An object that has the name which a resource wants, or the only place that there is.
pub(super) enum Holder {
    /// Nobody's, as far as tags say.
    Foreign(usize),
    /// It may not be taken; why.
    Taken(Diagnostic),
}

impl<'a> Claims<'a> {
    pub fn new(snapshot: &'a Snapshot, stack: &str, environment: &str, find: Find) -> Self {
        let objects: Vec<&Arc<LiveObject>> =
            snapshot.objects.iter().filter(|object| object.status != Status::Deleting).collect();
        let is = |object: &LiveObject, tag, value| {
            object.tags.get(tag).is_some_and(|found: &String| found == value)
        };
        let ours = objects
            .iter()
            .map(|object| {
                is(object, ownership::STACK, stack)
                    && is(object, ownership::ENVIRONMENT, environment)
                    && object.address().is_some()
            })
            .collect::<Vec<_>>();
        let mut by_address: HashMap<_, Vec<usize>> = HashMap::with_capacity(objects.len());
        for (place, &object) in objects.iter().enumerate() {
            if let (true, Some(address)) = (ours[place], object.address()) {
                let key = (address, object.kind.as_str(), object.region.as_str());
                by_address.entry(key).or_default().push(place);
            }
        }
        Self { objects, ours, by_address, by_claim: OnceLock::new(), find }
    }

    fn by_claim(&self) -> &HashMap<(&'a str, &'a str, &'a str), usize> {
        self.by_claim.get_or_init(|| {
            let claims = self.objects.iter().enumerate().filter_map(|(place, object)| {
                let claim = claim((self.find)(&object.kind)?, &object.spec)?;
                Some(((claim, object.kind.as_str(), object.region.as_str()), place))
            });
            claims.collect()
        })
    }

    /// Our objects at an address.
    pub fn at(&self, address: &'a str, resource: &'a Resource, stack: &'a Stack) -> &[usize] {
        let key = (address, resource.kind.name(), region_of(resource, stack));
        self.by_address.get(&key).map(Vec::as_slice).unwrap_or_default()
    }

    /// The object, ours or not, that has the name, or the only place, which a resource without an
    /// object wants.
    pub fn holder(&self, resource: &Resource, desired: &Value, stack: &Stack) -> Option<Holder> {
        let claim = claim(resource.kind, desired)?;
        let key = (claim, resource.kind.name(), region_of(resource, stack));
        let &place = self.by_claim().get(&key)?;
        let object = self.objects[place];
        let Words { what, wanted_by, otherwise } = words(resource, object, key.2);
        if self.ours[place] {
            let holder = object.address().unwrap_or_default();
            let declared = stack.resources.keys().any(|address| address.as_str() == holder);
            let help = if declared {
                format!("{otherwise}, or take one of the two out of the file")
            } else if resource.kind.holds_data() || object.tags.contains_key(ownership::RETAIN) {
                format!(
                    "to keep the object under its new address, write `lifecycle: {{ moved_from: \
                     {holder} }}`; otherwise {otherwise}"
                )
            } else {
                // It goes, and makes room before its successor comes.
                return None;
            };
            let message = format!("{what} exists already, at the address `{holder}`");
            let error = Diagnostic::error("name-taken", message).label(wanted_by).help(help);
            return Some(Holder::Taken(error.at(resource.span.clone())));
        }
        let tag = |name| object.tags.get(name).map(String::as_str).unwrap_or_default();
        let (owner, environment) = (tag(ownership::STACK), tag(ownership::ENVIRONMENT));
        if owner.is_empty() || (owner == stack.name && environment == stack.environment) {
            return Some(Holder::Foreign(place));
        }
        let message = format!("{what} belongs to the environment `{environment}` of `{owner}`");
        let error = Diagnostic::error("owned-elsewhere", message)
            .label(wanted_by)
            .help(format!("{otherwise}, or take the other out of its stack first"));
        Some(Holder::Taken(error.at(resource.span.clone())))
    }
}

/// Where a resource's object is found: what has no region counts to the home region.
pub(super) fn region_of<'a>(resource: &'a Resource, stack: &'a Stack) -> &'a str {
    if resource.kind.is_global() { &stack.region } else { &resource.region }
}

/// What no two objects of the kind may share: the name, or, of a kind of which there is only one,
/// just to be there.
fn claim<'s>(kind: &dyn AnyKind, spec: &'s Value) -> Option<&'s str> {
    if kind.is_singleton() {
        return Some("");
    }
    spec.get(kind.schema().claimed_name()?.name)?.as_str()
}

/// Resources that can only be one, beside another of their kind in the same region.
pub(super) fn second_ones(stack: &Stack) -> impl Iterator<Item = Diagnostic> {
    let mut first: HashMap<(&str, &str), &Resource> = HashMap::new();
    let only_ones = stack.resources.values().filter(|resource| resource.kind.is_singleton());
    only_ones.filter_map(move |resource| {
        let key = (resource.kind.name(), region_of(resource, stack));
        let first = *first.entry(key).or_insert(resource);
        let message = format!("{} can have only one `{}`", key.1, key.0);
        let error = Diagnostic::error("only-one", message)
            .label(format!("`{}` would be another beside `{}`", resource.address, first.address))
            .help("take one of the two out of the file");
        (first.address != resource.address).then(|| error.at(resource.span.clone()))
    })
}

/// How messages speak of an object that is in a resource's way.
pub(super) struct Words {
    /// The object.
    pub what: String,
    /// Why it is in the way.
    pub wanted_by: String,
    /// What to do to leave it alone.
    pub otherwise: &'static str,
}

pub(super) fn words(resource: &Resource, object: &LiveObject, region: &str) -> Words {
    let (kind, address) = (resource.kind.name(), &resource.address);
    if resource.kind.is_singleton() {
        let what =
            format!("`{kind}` `{}` in {region}, the only one that it can have,", object.id());
        let wanted_by = format!("`{address}` would be another");
        return Words { what, wanted_by, otherwise: "leave this one out of the file" };
    }
    let name = resource.kind.schema().name_field().and_then(|f| object.spec.get(f.name)?.as_str());
    Words {
        what: format!("`{kind}` `{}` in {region}", name.unwrap_or_default()),
        wanted_by: format!("`{address}` wants this name"),
        otherwise: "give this resource another name",
    }
}

/// An object's own name, if its kind has names.
pub(super) fn name_of(object: &LiveObject, find: Find) -> Option<&str> {
    let field = find(&object.kind)?.schema().name_field()?;
    object.spec.get(field.name)?.as_str()
}
