//! Drafts → resources: specs read along their schemas, references and their order, what is known
//! of others put in its place, and the kinds' own checks.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use indexmap::IndexMap;
use rayon::prelude::*;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::expand::{Draft, Expander, is_field};
use super::lookup;
use super::night::Night;
use super::scope::{Entity, Entry, Scope};
use super::sites;
use super::walk::{At, Found, Site, Walker, with_trail};
use super::{Address, Lifecycle, Outputs, Reference, Resource};
use crate::diagnostic::{Diagnostic, Span, did_you_mean};
use crate::graph::Graph;
use crate::kind::{Examined, Problem};
use crate::stack::expression::Compiler;
use crate::stack::{Data, Node};

/// A draft whose spec was read.
struct Read {
    /// A mapping.
    spec: Value,
    sites: Vec<Site>,
    default_name: Option<String>,
    /// What it refers to, and the field, if it is one.
    references: Vec<(usize, Option<String>, bool)>,
    /// Whether something is wrong with it that was reported.
    broken: bool,
    /// Whether something in it waits for another of its own fields.
    own: bool,
}

/// Makes resources of all drafts; what depends on nothing comes first.
pub(super) fn resources(expander: &mut Expander) -> IndexMap<Address, Resource> {
    let drafts = std::mem::take(&mut expander.drafts);
    let shared = Arc::clone(&expander.shared);
    let table = drafts
        .iter()
        .map(|draft| Entry { address: draft.address.clone(), kind: draft.kind })
        .collect();
    // The table is set once: a load has one round of drafts.
    let _ = shared.table.set(table);

    let compiler = &expander.compiler;
    let found: Vec<(Read, Found)> =
        drafts.par_iter().enumerate().map(|(place, draft)| one(compiler, place, draft)).collect();
    let mut read = Vec::with_capacity(found.len());
    for (one, found) in found {
        expander.mistakes.extend(found.mistakes);
        expander.secrets.extend(found.secrets);
        read.push(one);
    }
    let lifecycles: Vec<Lifecycle> =
        drafts.iter().map(|draft| lifecycle(expander, draft, &drafts)).collect();
    let places: HashMap<&Address, usize> =
        drafts.iter().enumerate().map(|(place, draft)| (&draft.address, place)).collect();
    for (place, lifecycle) in lifecycles.iter().enumerate() {
        let all = lifecycle.depends_on.iter().filter_map(|address| places.get(address));
        read[place].references.extend(all.map(|to| (*to, None, false)));
    }
    let order = order(expander, &drafts, &read);
    settle(expander, &drafts, &mut read, &places, &order);
    checks(expander, &drafts, &read);

    let mut slots: Vec<Option<(Draft, Read, Lifecycle)>> = drafts
        .into_iter()
        .zip(read)
        .zip(lifecycles)
        .map(|((draft, read), lifecycle)| Some((draft, read, lifecycle)))
        .collect();
    let ordered: Vec<_> = order.into_iter().filter_map(|place| slots[place].take()).collect();
    let table = shared.table.get().map(Vec::as_slice).unwrap_or_default();
    let made = ordered.into_par_iter().map(|(draft, read, lifecycle)| {
        let resource = resource(draft, read, lifecycle, table);
        (resource.address.clone(), resource)
    });
    made.collect::<Vec<_>>().into_iter().collect()
}

fn resource(draft: Draft, read: Read, lifecycle: Lifecycle, table: &[Entry]) -> Resource {
    let mut references: Vec<Reference> = Vec::with_capacity(read.references.len());
    let entries = read.references.iter().filter_map(|(to, _, late)| Some((table.get(*to)?, *late)));
    for (to, late) in entries.filter(|(to, _)| to.address != draft.address) {
        match references.iter_mut().find(|reference| reference.to == to.address) {
            Some(known) => known.late &= late,
            None => references.push(Reference { to: to.address.clone(), late }),
        }
    }
    let span = draft.span();
    let mut tags = draft.inherited.tags;
    if draft.kind.schema().name_field().is_none() {
        let name = default_name(&draft.scope, &draft.address, 256);
        tags.entry("Name".to_owned()).or_insert(name);
    }
    Resource {
        address: draft.address,
        kind: draft.kind,
        region: draft.scope.region.clone(),
        spec: read.spec,
        default_name: read.default_name,
        tags,
        lifecycle,
        usage: draft.usage,
        references,
        span,
        scope: draft.scope,
        sites: Arc::new(read.sites),
        own: read.own,
        night: Night::default(),
    }
}

/// Reads one spec.
fn one(compiler: &Compiler, place: usize, draft: &Draft) -> (Read, Found) {
    let node = &draft.declaration.node;
    let key = &draft.declaration.key;
    let schema = draft.kind.schema();
    let fields = node.entries().iter().filter(|entry| is_field(entry));
    let what = format!("`{}`", draft.kind.name());
    let mut walker = Walker::new(compiler, &draft.scope);
    let mut spec = walker.object(schema.json(), fields, &what, (key.start, key.end));
    let mut found = walker.found;
    let broken = !found.mistakes.is_empty();

    // What refers to a field of itself that the user decides waits for nobody.
    found.references.retain(|(to, field, _)| {
        *to != place || field.as_ref().is_none_or(|field| schema.field(field).is_none())
    });
    let mut default = None;
    if let Some(field) = schema.name_field()
        && !spec.contains_key(field.name)
        && node.get(field.name).is_none_or(|node| matches!(node.data, Data::Null))
    {
        let limit = field.schema.get("maxLength").and_then(Value::as_u64).unwrap_or(255);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let name = default_name(&draft.scope, &draft.address, limit);
        spec.insert(field.name.to_owned(), name.clone().into());
        default = Some(name);
    }
    let (sites, references) =
        (std::mem::take(&mut found.sites), std::mem::take(&mut found.references));
    let spec = Value::Object(spec);
    (Read { spec, sites, default_name: default, references, broken, own: false }, found)
}

/// The default name of a resource, cut to a length.
fn default_name(scope: &Scope, address: &Address, limit: usize) -> String {
    let shared = &scope.shared;
    default_name_of((&shared.stack, &shared.environment), address, limit)
}

/// The name of an object that is given none: `<stack>-<env>-<address>`, cut to a length by keeping its
/// head and a hash of the whole.
pub fn default_name_of(
    (stack, environment): (&str, &str),
    address: &Address,
    limit: usize,
) -> String {
    let name = format!("{stack}-{environment}-{address}");
    let name = name.replace(['/', '_'], "-");
    if name.len() <= limit {
        return name;
    }
    let hash: String =
        Sha256::digest(name.as_bytes()).iter().take(3).map(|byte| format!("{byte:02x}")).collect();
    let head = limit.saturating_sub(hash.len() + 1).min(name.len());
    let head = name.get(..head).unwrap_or_default().trim_end_matches('-');
    format!("{head}-{hash}")
}

fn lifecycle(expander: &mut Expander, draft: &Draft, drafts: &[Draft]) -> Lifecycle {
    let own = &draft.inherited.own;
    let mut depends_on = Vec::new();
    for (name, span, scope) in &own.depends_on {
        let names = scope.home().names.get();
        let found = names.and_then(|names| names.get(name));
        let mut places = Vec::new();
        match found {
            Some(entity) => members(entity, name, scope, drafts, &mut places),
            None => places.extend(drafts.iter().position(|one| one.address.as_str() == name)),
        }
        let nothing = matches!(found, Some(Entity::Absent | Entity::Broken | Entity::Group(_)));
        if places.is_empty() && !nothing {
            let known = names.into_iter().flat_map(|names| names.keys()).map(String::as_str);
            let all = known.chain(drafts.iter().map(|draft| draft.address.as_str()));
            let help = did_you_mean(name, all);
            let message = format!("there is no resource `{name}` to depend on");
            let unknown = Diagnostic::error("unknown-address", message).at(span.clone());
            expander.mistake(unknown.maybe_help(help), scope);
        }
        depends_on.extend(places.into_iter().map(|place| drafts[place].address.clone()));
    }
    let mut ignore = Vec::with_capacity(own.ignore.len());
    for (path, span) in &own.ignore {
        let head = path.split(['.', '[']).next().unwrap_or_default();
        if head != "tags" && draft.kind.schema().field(head).is_none() {
            let fields = draft.kind.schema().fields().map(|field| field.name);
            let help = did_you_mean(head, fields);
            let message = format!("`{}` has no field `{head}` to ignore", draft.kind.name());
            let unknown = Diagnostic::error("unknown-field", message).at(span.clone());
            expander.mistake(unknown.maybe_help(help), &draft.scope);
        }
        ignore.push(path.clone());
    }
    let moved_from = own.moved_from.as_ref().map(|(from, span)| {
        if *from == draft.address {
            let message = "`moved_from` names the resource itself";
            let same = Diagnostic::error("bad-move", message).at(span.clone());
            expander.mistake(same.help("name the address that it had before"), &draft.scope);
        } else if drafts.iter().any(|other| other.address == *from) {
            let message = format!("`moved_from` names `{from}`, which is still declared");
            let taken = Diagnostic::error("bad-move", message).at(span.clone());
            expander.mistake(taken, &draft.scope);
        }
        from.clone()
    });
    Lifecycle {
        protect: own.protect,
        retain: own.retain.unwrap_or(false),
        depends_on,
        ignore,
        moved_from,
        timeout: own.timeout,
    }
}

/// The resources that a name stands for.
fn members(entity: &Entity, name: &str, scope: &Scope, drafts: &[Draft], places: &mut Vec<usize>) {
    match entity {
        Entity::Resource(place) => places.push(*place),
        Entity::Group(all) => {
            for (key, member) in all {
                members(member, &format!("{name}-{key}"), scope, drafts, places);
            }
        }
        Entity::Instance(_) => {
            let prefix = format!("{}{name}/", scope.home().prefix);
            let all = drafts.iter().enumerate();
            let inside = all.filter(|(_, draft)| draft.address.as_str().starts_with(&prefix));
            places.extend(inside.map(|(place, _)| place));
        }
        Entity::Absent | Entity::Broken => {}
    }
}

/// The places of all drafts, each after what it needs; circles are reported.
fn order(expander: &mut Expander, drafts: &[Draft], read: &[Read]) -> Vec<usize> {
    let mut graph = Graph::new();
    for place in 0..drafts.len() {
        graph.insert(place);
    }
    for (place, read) in read.iter().enumerate() {
        for (to, ..) in read.references.iter().filter(|(_, _, late)| !late) {
            if *to == place {
                let address = &drafts[place].address;
                let message = format!("`{address}` needs itself");
                let help = "an output of an object is not known before the object exists";
                let own = Diagnostic::error("cycle", message).at(drafts[place].span()).help(help);
                expander.mistake(own, &drafts[place].scope);
            } else {
                graph.edge(place, *to);
            }
        }
    }
    loop {
        let round = match graph.order() {
            Ok(order) => return order.into_iter().copied().collect(),
            Err(cycle) => cycle.0,
        };
        let path: Vec<&str> = round
            .iter()
            .chain(round.first())
            .map(|place| drafts[*place].address.as_str())
            .collect();
        let message = format!("these resources need each other: {}", path.join(" → "));
        let first = round.iter().copied().min().unwrap_or_default();
        let help = "take one of the references away, or make it through a field that can be set \
                    later";
        let cycle = Diagnostic::error("cycle", message).at(drafts[first].span()).help(help);
        expander.mistake(cycle, &drafts[first].scope);
        let next = round.get(1).or(round.first()).copied().unwrap_or_default();
        if !graph.remove_edge(&round[0], &next) {
            return (0..drafts.len()).collect();
        }
    }
}

/// Fields of specs that are known so far.
struct Specs<'a> {
    read: &'a [Read],
    places: &'a HashMap<&'a Address, usize>,
    drafts: &'a [Draft],
}

impl Outputs for Specs<'_> {
    fn get(&self, address: &Address, field: &str) -> Option<Value> {
        let place = *self.places.get(address)?;
        let read = &self.read[place];
        let schema = self.drafts[place].kind.schema();
        let field = schema.field(field)?;
        // A name that was made up changes when the object is replaced, and a secret stays
        // where it is.
        if read.default_name.is_some() && field.is("x-name") || field.is("writeOnly") {
            return None;
        }
        let waits = read.sites.iter().any(|site| site.top() == Some(field.name));
        read.spec.get(field.name).filter(|_| !waits).cloned()
    }
}

/// Puts fields of other resources in their places, as far as they are known, and keeps those
/// that will be asked for again.
fn settle(
    expander: &mut Expander,
    drafts: &[Draft],
    read: &mut [Read],
    places: &HashMap<&Address, usize>,
    order: &[usize],
) {
    for &place in order {
        // What refers to the resource's own fields may come to something once those have.
        while !read[place].sites.is_empty() && settle_one(expander, drafts, read, place, places) {}
    }
    let specs = Specs { read, places, drafts };
    let mut kept: HashMap<usize, Map<String, Value>> = HashMap::new();
    // Outputs and what templates are given ask too; what is wrong with them is reported later.
    for (text, scope, ..) in &expander.later {
        let _ = lookup::visit_text(text, scope, &mut |to, field| {
            if let Some(field) = field
                && let Some(value) = specs.get(&drafts[to].address, field)
            {
                kept.entry(to).or_default().insert(field.to_owned(), value);
            }
        });
    }
    let asked = drafts.par_iter().zip(&*read).map(|(draft, read)| {
        let mut asked: Vec<(usize, String)> = Vec::new();
        for site in &read.sites {
            // What is wrong here was reported on the first walk.
            let _ = site.visit(&draft.scope, &mut |to, field| {
                asked.extend(field.map(|field| (to, field.to_owned())));
            });
        }
        asked
    });
    for (place, asked) in asked.collect::<Vec<_>>().into_iter().enumerate() {
        read[place].own = asked.iter().any(|(to, _)| *to == place);
        let specs = Specs { read, places, drafts };
        for (to, field) in asked {
            if let Some(value) = specs.get(&drafts[to].address, &field) {
                kept.entry(to).or_default().insert(field, value);
            }
        }
    }
    // The fields are set once, after the only round of drafts.
    let _ = expander.shared.fields.set(kept);
}

/// Puts what is known in its place in one spec; whether anything was.
fn settle_one(
    expander: &mut Expander,
    drafts: &[Draft],
    read: &mut [Read],
    place: usize,
    places: &HashMap<&Address, usize>,
) -> bool {
    let draft = &drafts[place];
    let specs = Specs { read, places, drafts };
    let values: Vec<_> =
        read[place].sites.iter().map(|site| site.value(&draft.scope, &specs)).collect();
    if values.iter().all(|value| matches!(value, Ok(None))) {
        return false;
    }
    let mut waiting = Vec::new();
    let sites = std::mem::take(&mut read[place].sites);
    // From the end, so that elements that go do not move those that are still to come.
    for (site, value) in sites.into_iter().zip(values).rev() {
        match value {
            Ok(Some(value)) => {
                let node = Node::of(&value, site.start, site.end);
                let mut walker = Walker::new(&expander.compiler, &draft.scope);
                walker.literal = true;
                walker.hidden.clone_from(&site.secret);
                let value = walker.value(site.schema, &node, &site.name);
                let found = walker.found;
                read[place].broken |= !found.mistakes.is_empty();
                expander.mistakes.extend(found.mistakes);
                sites::put(&mut read[place].spec, &site.path, value);
            }
            Ok(None) => waiting.push(site),
            Err(fault) => {
                let mut walker = Walker::new(&expander.compiler, &draft.scope);
                walker.hidden.clone_from(&site.secret);
                let at = At { name: &site.name, start: site.start, end: site.end };
                walker.fault(fault, at);
                expander.mistakes.extend(walker.found.mistakes);
                read[place].broken = true;
            }
        }
    }
    waiting.reverse();
    read[place].sites = waiting;
    true
}

/// What the kinds themselves find wrong.
fn checks(expander: &mut Expander, drafts: &[Draft], read: &[Read]) {
    let mut by_kind: BTreeMap<&str, Vec<(usize, Examined)>> = BTreeMap::new();
    let examined: Vec<_> = drafts
        .par_iter()
        .zip(read)
        .map(|(draft, read)| (!read.broken).then(|| draft.kind.examine(&read.spec)))
        .collect();
    for (place, examined) in examined.into_iter().enumerate() {
        let (draft, read) = (&drafts[place], &read[place]);
        match examined {
            None => {}
            Some(Ok(mut examined)) => {
                for problem in std::mem::take(&mut examined.problems) {
                    self::problem(expander, draft, problem);
                }
                by_kind.entry(draft.kind.name()).or_default().push((place, examined));
            }
            Some(Err(message)) => canonical(expander, draft, &read.spec, message),
        }
    }
    for all in by_kind.into_values() {
        let kind = drafts[all[0].0].kind;
        let specs: Vec<(&str, &Examined)> =
            all.iter().map(|(place, one)| (drafts[*place].address.as_str(), one)).collect();
        for (index, problem) in kind.check_together(&specs) {
            if let Some((place, _)) = all.get(index) {
                self::problem(expander, &drafts[*place], problem);
            }
        }
    }
}

fn problem(expander: &mut Expander, draft: &Draft, problem: Problem) {
    let span = place(draft, &problem.path);
    let wrong = Diagnostic::error("refused", problem.message).at(span).maybe_help(problem.help);
    expander.mistakes.push(with_trail(wrong, &draft.scope));
}

/// The span of a path in a declaration: its value, or the nearest thing around it that is there.
fn place(draft: &Draft, path: &str) -> Span {
    let file = &draft.scope.file;
    let mut span = draft.span();
    let mut node = &draft.declaration.node;
    let mut schema = Some(draft.kind.schema().json());
    for step in path.split(['.', '[']).filter(|step| !step.is_empty()) {
        if let Some(index) = step.strip_suffix(']') {
            let Data::List(items) = &node.data else { break };
            let Some(item) = index.parse().ok().and_then(|index: usize| items.get(index)) else {
                break;
            };
            node = item;
            schema = schema.and_then(|schema| schema.get("items"));
        } else {
            let Some((key, value)) = node.entries().iter().find(|(key, _)| &*key.text == step)
            else {
                break;
            };
            node = value;
            schema = schema.and_then(|schema| schema.get("properties")?.get(step));
            if schema.is_some_and(|schema| schema.get("writeOnly").is_some()) {
                return key.span(file);
            }
            if matches!(node.data, Data::Map(_) | Data::List(_)) {
                span = key.span(file);
                continue;
            }
        }
        span = node.span(file);
    }
    span
}

/// Finds the fields for which a spec cannot be read: with an unknown value in its place, none of
/// them is in the way any more.
fn canonical(expander: &mut Expander, draft: &Draft, spec: &Value, message: String) {
    let read = |spec: &Map<String, Value>| draft.kind.canonical(&Value::Object(spec.clone())).err();
    let Some(mut rest) = spec.as_object().cloned() else { return };
    let mut error = Some(message);
    while let Some(message) = error.take() {
        let without = |name: &String| {
            let mut spec = rest.clone();
            spec.insert(name.clone(), UNKNOWN.into());
            (spec.clone(), read(&spec))
        };
        let results: Vec<(String, Map<String, Value>, Option<String>)> = rest
            .keys()
            .map(|name| (name.clone(), without(name)))
            .map(|(name, (spec, error))| (name, spec, error))
            .collect();
        let whole = results.iter().find(|(.., error)| error.is_none());
        let found = whole.or(results.iter().find(|(.., error)| error.as_ref() != Some(&message)));
        let Some((name, spec, next)) = found else {
            problem(expander, draft, Problem::at("", message));
            return;
        };
        let secret = draft.kind.schema().field(name).is_some_and(|field| field.is("writeOnly"));
        let path = culprit(&rest[name], name.clone(), &|value| {
            let mut spec = rest.clone();
            spec.insert(name.clone(), value);
            read(&spec).as_ref() == Some(&message)
        });
        let message = if secret { format!("the secret `{name}` cannot be read") } else { message };
        problem(expander, draft, Problem::at(path, message));
        (rest, error) = (spec.clone(), next.clone());
    }
}

/// What stands for a value that is not known.
const UNKNOWN: &str = "${?}";

/// The path of the innermost value that is to blame: `fails` says whether an outermost value
/// still does.
fn culprit(value: &Value, path: String, fails: &dyn Fn(Value) -> bool) -> String {
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let mut rest = items.clone();
                rest.remove(index);
                if !fails(Value::Array(rest)) {
                    return culprit(item, format!("{path}[{index}]"), &|item| {
                        let mut all = items.clone();
                        all[index] = item;
                        fails(Value::Array(all))
                    });
                }
            }
            path
        }
        Value::Object(map) => {
            for (key, value) in map {
                let with = |value: Value| {
                    let mut all = map.clone();
                    all.insert(key.clone(), value);
                    fails(Value::Object(all))
                };
                if !with(UNKNOWN.into()) {
                    return culprit(value, format!("{path}.{key}"), &with);
                }
            }
            path
        }
        _ => path,
    }
}
