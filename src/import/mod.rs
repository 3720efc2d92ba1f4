//! What an account has → stack files that a person would have written.
//!
//! Generic over all kinds: an object's spec is the shape of a stack file already. What is left to do is
//! to give addresses, to write references in place of ids, to leave out what a reader knows anyway, and
//! to lay the text out.

mod address;
mod document;
mod index;
mod linker;
mod network;
mod section;
mod select;
mod sparse;
mod yaml;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use self::index::Index;
use self::linker::Linker;
use crate::diagnostic::Diagnostics;
use crate::kind::{AnyKind, LiveObject, Tags, ownership};
use crate::kinds;
use crate::model::{Address, default_name_of};

pub use self::network::networks;
pub use self::select::{Selection, is_owned};

/// What a stack file is to be called.
#[derive(Clone, Debug)]
pub struct Naming {
    /// The stack's name.
    pub stack: String,
    /// The environment, if the file is to have one.
    pub environment: Option<String>,
    /// The account's twelve digits.
    pub account: String,
    /// The home region.
    pub region: String,
}

/// A stack file that was written.
#[derive(Clone, Debug)]
pub struct Written {
    /// The text.
    pub text: String,
    /// How many resources it has.
    pub resources: usize,
    /// How many expressions stand in place of ids and ARNs of its resources.
    pub references: usize,
}

/// An object with its place in the file.
struct Found {
    object: Arc<LiveObject>,
    kind: &'static dyn AnyKind,
    address: String,
}

/// Writes a stack file of objects, whose stack has the given name.
pub fn write(objects: &[Arc<LiveObject>], naming: &Naming) -> Result<Written, Diagnostics> {
    let objects = one_of_each(objects);
    let with_kinds = objects.into_iter();
    let with_kinds = with_kinds.filter_map(|it| Some((kinds::find(&it.kind)?, it)));
    let found = address::given(with_kinds.collect(), naming);
    let index = Index::new(found.iter().map(|it| &*it.object));
    let common = common_tags(&found);
    let mut linker = Linker::new(&found, &index, naming);
    let specs: Vec<Value> = found
        .iter()
        .enumerate()
        .map(|(place, it)| {
            let is_known = |text: &str| index.mentioned(text).any(|other| other != place);
            let spec = sparse::spec(it.kind, &it.object.spec, &it.object.region, &is_known);
            linker.linked(place, spec)
        })
        .collect();
    let mut resources = Vec::with_capacity(found.len());
    for (it, spec) in found.iter().zip(specs) {
        resources.push((it.address.clone(), resource(it, spec, &common, naming)));
    }
    let text = document::text(&found, &resources, &common, &linker, naming);
    document::check(&text, &resources)?;
    Ok(Written { text, resources: found.len(), references: linker.references })
}

/// Two kinds may share a type of object, and both show one that is nobody's: it is of the kind that
/// another object refers to, or else of the last.
pub fn one_of_each(objects: &[Arc<LiveObject>]) -> Vec<Arc<LiveObject>> {
    let arn = |object: &LiveObject| {
        let arn = object.outputs.get("arn").and_then(Value::as_str)?;
        Some((object.region.clone(), arn.to_owned()))
    };
    let mut by_arn: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (place, object) in objects.iter().enumerate() {
        if let Some(arn) = arn(object) {
            by_arn.entry(arn).or_default().push(place);
        }
    }
    let is_wanted = |object: &LiveObject| {
        objects.iter().any(|other| {
            let Some(kind) = kinds::find(&other.kind) else { return false };
            let mut refers = false;
            crate::kind::schema::visit_refs(
                kind.schema().json(),
                &other.spec,
                &mut |(to, output), text, _| {
                    let value = object.outputs.get(output).and_then(Value::as_str);
                    refers |= to == object.kind && value == Some(text);
                },
            );
            refers
        })
    };
    let mut dropped = Vec::new();
    for places in by_arn.values().filter(|places| places.len() > 1) {
        let wanted = places.iter().find(|&&place| is_wanted(&objects[place]));
        let chosen = wanted.or(places.last());
        dropped.extend(places.iter().filter(|place| Some(*place) != chosen));
    }
    let kept = objects.iter().enumerate().filter(|(place, _)| !dropped.contains(place));
    kept.map(|(_, object)| Arc::clone(object)).collect()
}

/// The tags that people gave an object.
fn own_tags(object: &LiveObject) -> impl Iterator<Item = (&String, &String)> {
    let is_own = |key: &str| !key.starts_with(ownership::PREFIX) && !key.starts_with("aws:");
    object.tags.iter().filter(move |(key, _)| is_own(key))
}

/// The tags that all objects have which can have any.
fn common_tags(found: &[Found]) -> Tags {
    let mut all = found.iter().filter(|it| it.kind.has_tags()).map(|it| &it.object);
    let (Some(first), Some(second)) = (all.next(), all.next()) else { return Tags::new() };
    let mut common: Tags =
        own_tags(first).map(|(key, value)| (key.clone(), value.clone())).collect();
    for object in std::iter::once(second).chain(all) {
        common.retain(|key, value| object.tags.get(key) == Some(value));
    }
    common
}

/// A declaration: the spec with what every resource has.
fn resource(it: &Found, spec: Value, common: &Tags, naming: &Naming) -> Map<String, Value> {
    let mut all = Map::from_iter([("kind".to_owned(), it.kind.name().into())]);
    if it.object.region != naming.region && !it.kind.is_global() {
        all.insert("region".to_owned(), it.object.region.as_str().into());
    }
    let name_field = it.kind.schema().name_field();
    let ignore = sparse::unaskable(it.kind, &it.object.spec);
    if let Value::Object(mut spec) = spec {
        spec.retain(|name, _| !ignore.contains(name));
        let default = name_field.filter(|field| {
            let name = it.object.spec.get(field.name).and_then(Value::as_str);
            name.is_some_and(|name| is_default_name(it, name, naming))
        });
        all.extend(spec.into_iter().filter(|(key, _)| default.is_none_or(|it| it.name != key)));
    }
    if it.kind.has_tags() {
        let default = default_name(it, naming, 256);
        let tags: Map<String, Value> = own_tags(&it.object)
            .filter(|(key, value)| common.get(*key) != Some(*value))
            .filter(|(key, value)| name_field.is_some() || *key != "Name" || **value != default)
            .map(|(key, value)| (key.clone(), tag(value, naming).into()))
            .collect();
        if !tags.is_empty() {
            all.insert("tags".to_owned(), tags.into());
        }
    }
    if !ignore.is_empty() {
        all.insert("lifecycle".to_owned(), json!({ "ignore": ignore }));
    }
    all
}

fn tag(value: &str, naming: &Naming) -> String {
    if naming.environment.as_deref() == Some(value) {
        return "${environment}".to_owned();
    }
    linker::literal(value)
}

fn default_name(it: &Found, naming: &Naming, limit: usize) -> String {
    let environment = naming.environment.as_deref().unwrap_or("default");
    default_name_of((&naming.stack, environment), &Address::new(&it.address), limit)
}

fn is_default_name(it: &Found, name: &str, naming: &Naming) -> bool {
    let field = it.kind.schema().name_field();
    let limit = field.and_then(|field| field.schema.get("maxLength")?.as_u64()).unwrap_or(255);
    default_name(it, naming, usize::try_from(limit).unwrap_or(usize::MAX)) == name
}
