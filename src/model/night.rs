//! A resource while its environment sleeps: fields that have other values, and references to
//! resources that are away.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::rules::Rules;
use super::walk::Site;
use super::{Address, Outputs, Resource, Stack};

/// What stands where something that is away is referred to. No text of a file or of AWS holds it.
const AWAY: &str = "\u{0}away\u{0}";

/// How a resource differs from its declaration for a while.
#[derive(Clone, Default)]
pub(super) struct Night {
    /// Resources that are away.
    away: Arc<BTreeSet<Address>>,
    /// Fields that have other values.
    fixed: Map<String, Value>,
    /// The value of the tag that remembers how it was.
    pub memory: Option<String>,
}

impl Stack {
    /// The same without some resources: what refers to them in a list does so no more.
    pub(crate) fn without(&mut self, away: &Arc<BTreeSet<Address>>) {
        self.resources.retain(|address, _| !away.contains(address));
        self.away = Arc::clone(away);
        for resource in self.resources.values_mut() {
            resource.lifecycle.depends_on.retain(|address| !away.contains(address));
            if resource.references.iter().any(|reference| away.contains(&reference.to)) {
                let loose = resource.loose_fields(away).into_iter().map(ToOwned::to_owned);
                resource.lifecycle.ignore.extend(loose.collect::<Vec<_>>());
                resource.references.retain(|reference| !away.contains(&reference.to));
                resource.night.away = Arc::clone(away);
            }
        }
    }
}

impl Resource {
    /// Gives a field another value than the file does, be it among those that are left alone.
    pub(crate) fn fix(&mut self, field: &str, value: Value) {
        self.lifecycle.ignore.retain(|path| path != field);
        self.night.fixed.insert(field.to_owned(), value);
    }

    /// Puts a tag on the object that remembers how it was.
    pub(crate) fn remember(&mut self, memory: String) {
        self.night.memory = Some(memory);
    }

    /// The fields in which it refers to one of these.
    pub(crate) fn fields_with(&self, away: &BTreeSet<Address>) -> BTreeSet<&str> {
        let sites = self.sites.iter().filter(|site| involves(site, self, away));
        sites.filter_map(Site::top).collect()
    }

    /// Those of them that are a document of their own, such as a policy: what refers to something in
    /// it is for its reader to know, so that it stays as it is.
    fn loose_fields(&self, away: &BTreeSet<Address>) -> Vec<&str> {
        let format = |name: &str| self.kind.schema().field(name)?.schema.get("x-format")?.as_str();
        let is_loose = |name: &&str| matches!(format(name), Some("json" | "policy"));
        self.fields_with(away).into_iter().filter(is_loose).collect()
    }

    /// Whether it makes no sense without some resources: it refers to them elsewhere than in a list.
    pub(crate) fn needs(&self, away: &Arc<BTreeSet<Address>>) -> bool {
        let mut without = self.clone();
        without.night.away = Arc::clone(away);
        let loose = self.loose_fields(away);
        without.resolve(&()).is_ok_and(|spec| {
            let fields = spec.as_object().into_iter().flatten();
            fields.filter(|(name, _)| !loose.contains(&name.as_str())).any(|(_, v)| is_away(v))
        })
    }
}

impl Night {
    /// Whether nothing is different.
    pub fn is_none(&self) -> bool {
        self.away.is_empty() && self.fixed.is_empty()
    }

    /// What is known, and beside it that some resources are away.
    pub fn known<'a>(&'a self, known: &'a dyn Outputs) -> impl Outputs + 'a {
        Beside { away: &self.away, known }
    }

    /// What a place comes to when it refers to something that is away and nothing else is known.
    pub fn value(&self, site: &Site, resource: &Resource) -> Option<Value> {
        let involved = !self.away.is_empty() && involves(site, resource, &self.away);
        let is_list = Rules::of(site.schema).allows("array");
        involved.then(|| if is_list { Value::Array(Vec::new()) } else { AWAY.into() })
    }

    /// A spec without the elements of lists that are away, and with the fixed fields.
    pub fn apply(&self, spec: &mut Value) {
        if !self.away.is_empty() {
            prune(spec);
        }
        if let Value::Object(map) = spec {
            map.extend(self.fixed.iter().map(|(field, value)| (field.clone(), value.clone())));
        }
    }
}

struct Beside<'a> {
    away: &'a BTreeSet<Address>,
    known: &'a dyn Outputs,
}

impl Outputs for Beside<'_> {
    fn get(&self, address: &Address, field: &str) -> Option<Value> {
        if self.away.contains(address) {
            return Some(AWAY.into());
        }
        self.known.get(address, field)
    }
}

fn involves(site: &Site, resource: &Resource, away: &BTreeSet<Address>) -> bool {
    let table = resource.scope.shared.table.get().map(Vec::as_slice).unwrap_or_default();
    let mut found = false;
    // A mistake in the expression is told where it is evaluated.
    let _ = site.visit(&resource.scope, &mut |place, _| {
        found |= table.get(place).is_some_and(|entry| away.contains(&entry.address));
    });
    found
}

fn prune(value: &mut Value) {
    match value {
        Value::Array(items) => items.retain_mut(|item| {
            prune(item);
            !is_away(item)
        }),
        Value::Object(map) => map.values_mut().for_each(prune),
        _ => {}
    }
}

fn is_away(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(AWAY),
        Value::Array(items) => items.iter().any(is_away),
        Value::Object(map) => map.values().any(is_away),
        _ => false,
    }
}
