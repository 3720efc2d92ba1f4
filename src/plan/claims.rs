//! Which live object is whose: by the address in its tags, and by the name that it bears.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use super::Find;
use crate::diagnostic::Diagnostic;
use crate::kind::{LiveObject, Status, ownership};
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
    by_name: OnceLock<HashMap<(&'a str, &'a str, &'a str), usize>>,
    find: Find,
}

/// An object that has the name which a resource wants.
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
        Self { objects, ours, by_address, by_name: OnceLock::new(), find }
    }

    fn by_name(&self) -> &HashMap<(&'a str, &'a str, &'a str), usize> {
        self.by_name.get_or_init(|| {
            let named = self.objects.iter().enumerate().filter_map(|(place, object)| {
                let name = name_of(object, self.find)?;
                Some(((name, object.kind.as_str(), object.region.as_str()), place))
            });
            named.collect()
        })
    }

    /// Our objects at an address.
    pub fn at(&self, address: &'a str, resource: &'a Resource, stack: &'a Stack) -> &[usize] {
        let key = (address, resource.kind.name(), region_of(resource, stack));
        self.by_address.get(&key).map(Vec::as_slice).unwrap_or_default()
    }

    /// The object, ours or not, that has the name which a resource without an object wants.
    pub fn holder(&self, resource: &Resource, desired: &Value, stack: &Stack) -> Option<Holder> {
        let field = resource.kind.schema().claimed_name()?;
        let name = desired.get(field.name)?.as_str()?;
        let key = (name, resource.kind.name(), region_of(resource, stack));
        let &place = self.by_name().get(&key)?;
        let object = self.objects[place];
        let what = format!("`{}` `{name}` in {}", key.1, key.2);
        let wanted_by = format!("`{}` wants this name", resource.address);
        if self.ours[place] {
            let holder = object.address().unwrap_or_default();
            let declared = stack.resources.keys().any(|address| address.as_str() == holder);
            let help = if declared {
                "give one of the two another name".to_owned()
            } else if resource.kind.holds_data() || object.tags.contains_key(ownership::RETAIN) {
                format!(
                    "to keep the object under its new address, write `lifecycle: {{ moved_from: \
                     {holder} }}`; otherwise give this resource another name"
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
            .help("give this one another name, or take the other out of its stack first");
        Some(Holder::Taken(error.at(resource.span.clone())))
    }
}

/// Where a resource's object is found: what has no region counts to the home region.
pub(super) fn region_of<'a>(resource: &'a Resource, stack: &'a Stack) -> &'a str {
    if resource.kind.is_global() { &stack.region } else { &resource.region }
}

/// An object's own name, if its kind has names.
pub(super) fn name_of(object: &LiveObject, find: Find) -> Option<&str> {
    let field = find(&object.kind)?.schema().name_field()?;
    object.spec.get(field.name)?.as_str()
}
