//! The walk over all resources in the order of what they need: each is matched with its live
//! object and compared with it.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use rayon::prelude::*;
use serde_json::Value;

use super::claims::{Claims, Holder, Words, name_of, region_of, second_ones, words};
use super::deletes::{delete_items, guard};
use super::teardown::{self, Step};
use super::{Action, Change, Find, Item, Options, Plan, PlanErrors, Reason, diff, name};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::graph::Graph;
use crate::kind::{AnyKind, LiveObject, Status, Tags, ownership, waits};
use crate::live::Snapshot;
use crate::model::{Address, Outputs, Resource, Stack};

/// What a walk is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// To change the account.
    Plan,
    /// To see what differs in the account, leaving out what would only follow from changes.
    Drift,
}

/// A stack file beside what is in the account.
pub(super) struct Walk<'a> {
    stack: &'a Stack,
    snapshot: &'a Snapshot,
    options: &'a Options,
    mode: Mode,
    find: Find,
    claims: Claims<'a>,
    /// The resources' places, each after what it needs, and beside them what each needs.
    order: (Vec<usize>, Vec<Vec<Address>>),
}

/// What was found out about one resource.
struct Outcome {
    item: Item,
    /// The objects that are its own: the one that counts, if any, and leftovers.
    own: Vec<usize>,
    /// Whether the object of now is there when the run is over.
    stays: bool,
}

/// What is known of resources so far.
struct Known<'w, 'a> {
    walk: &'w Walk<'a>,
    /// By the resources' places.
    outcomes: Vec<Option<Result<Outcome, Diagnostic>>>,
}

impl Outputs for Known<'_, '_> {
    fn get(&self, address: &Address, field: &str) -> Option<Value> {
        let Walk { stack, claims, mode, .. } = self.walk;
        let (place, _, resource) = stack.resources.get_full(address)?;
        let outcome = self.outcomes[place].as_ref()?.as_ref().ok()?;
        let object = outcome.own.first().map(|&place| claims.objects[place]);
        let stays = outcome.stays || *mode == Mode::Drift;
        if let Some(value) = object.filter(|_| stays).and_then(|object| object.outputs.get(field)) {
            return Some(value.clone());
        }
        // What AWS decides is not to be guessed from what the user asks for, save the name.
        let kind = resource.kind;
        let is_name = kind.schema().name_field().is_some_and(|name| name.name == field);
        if !is_name && kind.outputs().field(field).is_some() {
            return None;
        }
        outcome.item.desired.as_ref()?.get(field).filter(|value| !waits(value)).cloned()
    }
}

impl<'a> Walk<'a> {
    pub fn new(
        stack: &'a Stack,
        snapshot: &'a Snapshot,
        options: &'a Options,
        mode: Mode,
        find: Find,
    ) -> Self {
        let claims = || Claims::new(snapshot, &stack.name, &stack.environment, find);
        let (claims, order) = rayon::join(claims, || order(stack));
        Self { stack, snapshot, options, mode, find, claims, order }
    }

    /// The plan, or all that stands against it.
    pub fn plan(mut self) -> Result<Plan, PlanErrors> {
        let (order, needs) = std::mem::take(&mut self.order);
        let resources: Vec<&Resource> = self.stack.resources.values().collect();
        let outcomes = std::iter::repeat_with(|| None).take(resources.len()).collect();
        let mut known = Known { walk: &self, outcomes };
        for level in self.levels(&order, &resources) {
            let outcome = |&place: &usize| (place, self.outcome(resources[place], &known));
            for (place, outcome) in level.par_iter().map(outcome).collect::<Vec<_>>() {
                known.outcomes[place] = Some(outcome);
            }
        }
        // What is referred to late may come later in the order than what refers to it, or be that
        // itself.
        let again = |&place: &usize| {
            let is_late = resources[place].references.iter().any(|reference| reference.late);
            let waits = match &known.outcomes[place] {
                Some(Ok(outcome)) => outcome.item.desired.as_ref().is_some_and(waits),
                _ => false,
            };
            (is_late || waits).then(|| (place, self.outcome(resources[place], &known)))
        };
        let later: Vec<_> = order.par_iter().filter_map(again).collect();
        let outputs = self.stack.outputs(&known);
        let mut outcomes = known.outcomes;
        for (place, outcome) in later {
            outcomes[place] = Some(outcome);
        }

        let mut errors = Diagnostics::new();
        second_ones(self.stack).for_each(|error| errors.push(error));
        let mut own = HashSet::new();
        let mut items = Vec::with_capacity(order.len());
        let mut leftovers = Vec::new();
        for (place, depends_on) in order.into_iter().zip(needs) {
            match outcomes[place].take() {
                Some(Ok(outcome)) => {
                    own.extend(outcome.own.iter().copied());
                    leftovers.extend(outcome.own.iter().skip(1).copied());
                    items.push(Item { depends_on, ..outcome.item });
                }
                Some(Err(error)) => errors.push(error),
                None => {}
            }
        }
        for address in &self.options.adopt {
            if self.stack.get(address).is_none() {
                let message = format!("there is no resource `{address}` to adopt an object for");
                errors.push(Diagnostic::error("unknown-address", message));
            }
        }
        if !errors.is_empty() {
            return Err(errors.sorted());
        }
        if self.mode == Mode::Plan {
            items.extend(self.deletes(&own, &leftovers));
            guard(&items, Some(self.stack), self.options, self.find)?;
        }
        Ok(Plan {
            stack: self.stack.name.clone(),
            environment: self.stack.environment.clone(),
            account: self.snapshot.account.clone(),
            region: self.stack.region.clone(),
            asleep: self.stack.asleep,
            items,
            outputs,
        })
    }

    /// The places of an order, put together where none refers to another: what is looked at at once.
    fn levels(&self, order: &[usize], resources: &[&Resource]) -> Vec<Vec<usize>> {
        let mut levels: Vec<Vec<usize>> = Vec::new();
        let mut level_of: Vec<Option<usize>> = vec![None; resources.len()];
        for &place in order {
            let needs = resources[place].references.iter();
            let needs = needs.filter_map(|one| self.stack.resources.get_index_of(&one.to));
            // What comes later in the order is not waited for: the reference is a late one.
            let level = needs.filter_map(|need| level_of[need]).max().map_or(0, |last| last + 1);
            level_of[place] = Some(level);
            levels.resize_with(levels.len().max(level + 1), Vec::new);
            levels[level].push(place);
        }
        levels
    }

    /// What becomes of one resource.
    fn outcome(
        &self,
        resource: &'a Resource,
        known: &Known<'_, '_>,
    ) -> Result<Outcome, Diagnostic> {
        let desired = Self::desired(resource, known)?;
        let mut candidates = self.claims.at(resource.address.as_str(), resource, self.stack);
        let mut moved = None;
        if let (true, Some(old)) = (candidates.is_empty(), &resource.lifecycle.moved_from)
            && self.stack.get(old).is_none()
        {
            candidates = self.claims.at(old.as_str(), resource, self.stack);
            moved = Some(old);
        }
        if !candidates.is_empty() {
            let own = self.choose(resource, candidates, &desired)?;
            let reason = moved.map(|old| Reason::Moved(old.clone()));
            return Ok(self.compare(resource, own, desired, reason));
        }
        if let Some(id) = self.stack.adopt.get(&resource.address) {
            return self.adopt_named(resource, id, desired);
        }
        match self.claims.holder(resource, &desired, self.stack) {
            _ if self.mode == Mode::Drift => {}
            None => {}
            Some(Holder::Taken(error)) => return Err(error),
            Some(Holder::Foreign(place)) => return self.adopt(resource, place, desired),
        }
        let item = Item {
            address: resource.address.clone(),
            kind: resource.kind.name().to_owned(),
            region: region_of(resource, self.stack).to_owned(),
            action: Action::Create,
            reason: Reason::Missing,
            changes: Vec::new(),
            tags: resource.all_tags(self.stack),
            untag: Vec::new(),
            desired: Some(desired),
            live: None,
            depends_on: Vec::new(),
            loses_data: false,
            holds: None,
        };
        Ok(Outcome { item, own: Vec::new(), stays: false })
    }

    /// The spec to reach, canonical and without secrets.
    fn desired(resource: &Resource, known: &Known<'_, '_>) -> Result<Value, Diagnostic> {
        let canonical = resource.resolve(known).and_then(|spec| resource.kind.canonical(&spec));
        let mut desired = canonical.map_err(|message| {
            let message = format!("`{}` has no meaning: {message}", resource.address);
            Diagnostic::error("unresolvable", message).at(resource.span.clone())
        })?;
        let schema = resource.kind.schema();
        if schema.has_secrets() {
            diff::mask(schema.json(), &mut desired);
        }
        Ok(desired)
    }

    /// Which of the objects at one address counts; it comes first, and those behind it were left
    /// by a run that was cut short while it replaced one by another.
    fn choose(
        &self,
        resource: &Resource,
        candidates: &[usize],
        desired: &Value,
    ) -> Result<Vec<usize>, Diagnostic> {
        let object = |place: usize| self.claims.objects[place];
        let generation = |place: usize| {
            name_of(object(place), self.find).and_then(|name| name::generation_of(resource, name))
        };
        let first = |chosen: usize| {
            let mut own = candidates.to_vec();
            own.sort_by_key(|&place| place != chosen);
            own
        };
        if let [_] = candidates {
            return Ok(candidates.to_vec());
        }
        let failed = |place: usize| matches!(object(place).status, Status::Failed(_));
        let usable: Vec<usize> = candidates.iter().copied().filter(|&p| !failed(p)).collect();
        if let [] | [_] = usable.as_slice() {
            return Ok(first(usable.first().copied().unwrap_or(candidates[0])));
        }
        let fits = |place: &usize| {
            let (_, changes) = self.changes(resource, object(*place), desired.clone());
            !changes.iter().any(|change| change.replaces)
        };
        let fitting: Vec<usize> = usable.iter().copied().filter(fits).collect();
        if let [fitting] = fitting.as_slice() {
            return Ok(first(*fitting));
        }
        // None fits: the file has changed again since. Names that count up tell the successor.
        let generations: Option<BTreeMap<u32, usize>> =
            usable.iter().map(|&place| Some((generation(place)?, place))).collect();
        if let (true, Some(generations)) = (fitting.is_empty(), generations)
            && generations.len() == usable.len()
            && let Some((_, last)) = generations.last_key_value()
        {
            return Ok(first(*last));
        }
        let ids: Vec<&str> = usable.iter().map(|&place| object(place).id()).collect();
        let message = format!(
            "{} objects in {} claim to be `{}` ({}): {}",
            ids.len(),
            resource.region,
            resource.address,
            resource.kind.name(),
            ids.join(", ")
        );
        Err(Diagnostic::error("claimed-twice", message).at(resource.span.clone()).help(format!(
            "delete the one that is not meant, or take its tag `{}` away",
            ownership::ADDRESS
        )))
    }

    /// The spec to reach with the live object's name where that is as good, and what differs.
    fn changes(
        &self,
        resource: &Resource,
        live: &LiveObject,
        mut desired: Value,
    ) -> (Value, Vec<Change>) {
        let schema = resource.kind.schema();
        if let Some(field) = schema.name_field()
            && let Some(Value::String(name)) = live.spec.get(field.name)
            && name::made_up(resource, &self.stack.name, &self.stack.environment, name)
        {
            desired[field.name] = name.as_str().into();
        }
        let mut changes = diff::diff(schema, &live.spec, &desired, &resource.lifecycle.ignore);
        if self.mode == Mode::Drift {
            changes.retain(|change| !change.after.as_ref().is_some_and(waits));
        }
        (desired, changes)
    }

    /// A resource beside its object, which is the first of its own.
    fn compare(
        &self,
        resource: &Resource,
        own: Vec<usize>,
        desired: Value,
        reason: Option<Reason>,
    ) -> Outcome {
        let live = self.claims.objects[own[0]];
        let schema = resource.kind.schema();
        let (mut desired, mut changes) = self.changes(resource, live, desired);
        let forced: Vec<String> =
            changes.iter().filter(|c| c.replaces).map(|change| change.path.clone()).collect();
        let failed = match &live.status {
            Status::Failed(why) => Some(why.clone()),
            Status::Usable | Status::Pending(_) | Status::Deleting => None,
        };
        let replaced = failed.is_some() || !forced.is_empty();
        let ignore = &resource.lifecycle.ignore;
        if replaced {
            self.rename(resource, &own, &mut desired);
            // A new name for the successor is no reason of its own.
            changes = diff::diff(schema, &live.spec, &desired, ignore);
            for change in &mut changes {
                change.replaces = forced.contains(&change.path);
            }
        } else {
            diff::carry(schema, &live.spec, &mut desired, ignore);
        }

        let wanted = resource.tag_texts(self.stack);
        let (mut tags, untag) = differing(&live.tags, &wanted, ignore);
        let fields = changes.len();
        changes.extend(tag_changes(&live.tags, &tags, &untag));
        let action = if replaced {
            tags = resource.all_tags(self.stack);
            let delete_first = claims_same(resource.kind, &live.spec, &desired);
            Action::Replace { delete_first }
        } else if matches!(reason, Some(Reason::Adopted)) {
            Action::Adopt
        } else if fields == 0 && matches!(reason, Some(Reason::Moved(_))) {
            Action::Retag
        } else if changes.is_empty() && tags.is_empty() && untag.is_empty() {
            Action::Keep
        } else {
            Action::Update
        };
        let reason = match (failed, reason) {
            (Some(why), _) => Reason::Failed(why),
            (None, _) if replaced => Reason::Differs(forced),
            (None, Some(reason)) => reason,
            (None, None) if action == Action::Keep => Reason::Same,
            (None, None) => Reason::Differs(changes.iter().map(|c| c.path.clone()).collect()),
        };
        let item = Item {
            address: resource.address.clone(),
            kind: resource.kind.name().to_owned(),
            region: region_of(resource, self.stack).to_owned(),
            action,
            reason,
            changes,
            tags,
            untag,
            desired: Some(desired),
            live: Some(Arc::clone(live)),
            depends_on: Vec::new(),
            loses_data: replaced && resource.kind.holds_data(),
            holds: None,
        };
        Outcome { item, own, stays: !replaced }
    }

    /// Gives a successor whose name nobody chose one that its predecessors do not have.
    fn rename(&self, resource: &Resource, own: &[usize], desired: &mut Value) {
        let names = own.iter().filter_map(|&p| name_of(self.claims.objects[p], self.find));
        if let Some(field) = resource.kind.schema().claimed_name()
            && let Some(name) = name::next(resource, names)
        {
            desired[field.name] = name.into();
        }
    }

    /// A foreign object that has the name of a resource, or the only place: taken over if the user
    /// says so.
    fn adopt(
        &self,
        resource: &Resource,
        place: usize,
        desired: Value,
    ) -> Result<Outcome, Diagnostic> {
        let object = self.claims.objects[place];
        let address = &resource.address;
        let Words { what, wanted_by, otherwise } =
            words(resource, object, region_of(resource, self.stack));
        let what = format!("{what} exists and is not ours");
        let error = |message: String| {
            let error = Diagnostic::error("not-ours", message);
            error.at(resource.span.clone()).label(wanted_by.clone())
        };
        if !self.options.adopt.contains(address) && !self.stack.adopt.contains_key(address) {
            return Err(error(what).help(format!(
                "to take it over, run `infra apply --adopt {address}`; to leave it alone, \
                 {otherwise}"
            )));
        }
        let outcome = self.compare(resource, vec![place], desired, Some(Reason::Adopted));
        if outcome.stays || self.mode == Mode::Drift {
            return Ok(outcome);
        }
        let why = match &outcome.item.reason {
            Reason::Failed(why) => format!("it has failed: {why}"),
            _ => format!(
                "it would have to be replaced, because of {}",
                outcome.item.replacing().collect::<Vec<_>>().join(", ")
            ),
        };
        Err(error(format!("{what}, and cannot be adopted: {why}"))
            .help(format!("make the resource like the object in these fields, or {otherwise}")))
    }

    /// The object that the stack file names for a resource: it is taken over, unless it is somebody's.
    fn adopt_named(
        &self,
        resource: &Resource,
        id: &str,
        desired: Value,
    ) -> Result<Outcome, Diagnostic> {
        let (kind, address) = (resource.kind.name(), &resource.address);
        let region = region_of(resource, self.stack);
        let error = |code, message: String| {
            let label = format!("`{address}` is to adopt it");
            Diagnostic::error(code, message).at(resource.span.clone()).label(label)
        };
        let is_it = |object: &LiveObject| {
            object.kind == kind && object.region == region && object.is_named(resource.kind, id)
        };
        let mut places =
            (0..self.claims.objects.len()).filter(|&at| is_it(self.claims.objects[at]));
        let (first, second) = (places.next(), places.next());
        if let (Some(one), Some(other)) = (first, second) {
            let ids = [one, other].map(|place| self.claims.objects[place].id());
            let message = format!("more than one `{kind}` in {region} is called `{id}`");
            let help = format!("write an id or an ARN: {}", ids.join(", "));
            return Err(error("ambiguous", message).help(help));
        }
        let Some(place) = first else {
            let message = format!("there is no `{kind}` `{id}` in {region}");
            return Err(error("nothing-to-adopt", message).help(format!(
                "take `{address}` out of `adopt` to have a new one made, or correct what it names"
            )));
        };
        let tags = &self.claims.objects[place].tags;
        let tag = |name| tags.get(name).map(String::as_str).unwrap_or_default();
        let (owner, environment) = (tag(ownership::STACK), tag(ownership::ENVIRONMENT));
        if self.claims.ours[place] {
            let holder = tag(ownership::ADDRESS);
            let message = format!("`{kind}` `{id}` is the object of `{holder}` of this stack");
            return Err(error("owned-elsewhere", message).help(format!(
                "to move it, write `lifecycle: {{ moved_from: {holder} }}`; otherwise take \
                 `{address}` out of `adopt`"
            )));
        }
        if !owner.is_empty()
            && (owner, environment) != (&*self.stack.name, &*self.stack.environment)
        {
            let message =
                format!("`{kind}` `{id}` belongs to the environment `{environment}` of `{owner}`");
            return Err(error("owned-elsewhere", message).help(format!(
                "take `{address}` out of `adopt`, or take the object out of that stack first"
            )));
        }
        self.adopt(resource, place, desired)
    }

    /// What goes because no resource has it.
    fn deletes(&self, own: &HashSet<usize>, leftovers: &[usize]) -> Vec<Item> {
        let objects = &self.claims.objects;
        let orphan = |place: &usize| self.claims.ours[*place] && !own.contains(place);
        let orphans = (0..objects.len()).filter(orphan);
        let reason = |place: usize| {
            let object = objects[place];
            let declared = object.address().and_then(|a| self.stack.get(&Address::new(a)));
            match declared {
                _ if leftovers.contains(&place) => Reason::Leftover,
                Some(now) if now.kind.name() != object.kind => {
                    Reason::KindChanged(now.kind.name().to_owned())
                }
                Some(now) if region_of(now, self.stack) != object.region => {
                    Reason::RegionChanged(region_of(now, self.stack).to_owned())
                }
                None if object
                    .address()
                    .is_some_and(|a| self.stack.away.contains(&Address::new(a))) =>
                {
                    Reason::Asleep
                }
                _ => Reason::Orphan,
            }
        };
        let mut places: Vec<usize> = orphans.chain(leftovers.iter().copied()).collect();
        places.sort_unstable();
        let going: Vec<(&Arc<LiveObject>, Reason)> =
            places.into_iter().map(|place| (objects[place], reason(place))).collect();
        delete_items(&going, Some(self.stack), &[], self.find)
    }
}

/// The resources' places, each after what it needs, and beside them what each needs.
fn order(stack: &Stack) -> (Vec<usize>, Vec<Vec<Address>>) {
    let resources: Vec<&Resource> = stack.resources.values().collect();
    let place_of = |address: &Address| stack.resources.get_index_of(address);
    let mut graph = Graph::new();
    for place in 0..resources.len() {
        graph.insert(Step::One(place));
    }
    for (place, resource) in resources.iter().enumerate() {
        let early = resource.references.iter().filter(|reference| !reference.late);
        let needs = early.map(|reference| &reference.to).chain(&resource.lifecycle.depends_on);
        for need in needs.filter_map(place_of).filter(|&need| need != place) {
            graph.edge(Step::One(place), Step::One(need));
        }
    }
    let nodes = resources.iter().map(|resource| Some((resource.kind, &*resource.region)));
    teardown::after(&mut graph, &nodes.collect::<Vec<_>>());
    teardown::loosen(&mut graph);
    let order = graph.order().map(|order| teardown::places(&order)).unwrap_or_default();
    let needs = order.par_iter().map(|&place| {
        let direct = graph.needs(&Step::One(place)).flat_map(|step| match step {
            Step::One(need) => vec![*need],
            Step::All(..) => teardown::places(&graph.needs(step).collect::<Vec<_>>()),
        });
        let needs: BTreeSet<usize> = direct.filter(|&need| need != place).collect();
        needs.into_iter().map(|need| resources[need].address.clone()).collect()
    });
    let needs = needs.collect();
    (order, needs)
}

/// Tags of ours that say more than whose an object is: they come and go.
const SAID: [&str; 2] = [ownership::RETAIN, ownership::ASLEEP];

/// The tags to write and those to take away. Tags of AWS are nobody's; of ours only those that
/// are wanted, and those in `SAID`, count.
fn differing(live: &Tags, wanted: &BTreeMap<&str, &str>, ignore: &[String]) -> (Tags, Vec<String>) {
    let left_alone = |key: &str| diff::ignored(ignore, &format!("tags.{key}"));
    let set = wanted.iter().filter(|(key, value)| live.get(**key).is_none_or(|v| v != **value));
    let set = set.filter(|(key, _)| key.starts_with(ownership::PREFIX) || !left_alone(key));
    let extra = live.keys().filter(|key| {
        let reserved = key.starts_with(ownership::PREFIX) || key.starts_with("aws:");
        !wanted.contains_key(key.as_str())
            && (SAID.contains(&key.as_str()) || !reserved && !left_alone(key))
    });
    let owned = |(key, value): (&&str, &&str)| ((*key).to_owned(), (*value).to_owned());
    (set.map(owned).collect(), extra.cloned().collect())
}

/// How tags change, for people: those that only say whose an object is are left out.
pub(super) fn tag_changes(live: &Tags, set: &Tags, untag: &[String]) -> Vec<Change> {
    let keys: BTreeSet<&String> = set.keys().chain(untag).collect();
    keys.into_iter()
        .filter(|key| !key.starts_with(ownership::PREFIX) || SAID.contains(&key.as_str()))
        .map(|key| Change {
            path: format!("tags.{key}"),
            before: live.get(key).map(|value| value.as_str().into()),
            after: set.get(key).map(|value| value.as_str().into()),
            replaces: false,
        })
        .collect()
}

/// Whether a successor claims what its predecessor has: the same name, the only place, or the same in
/// all fields that no two objects of the kind may share.
pub(crate) fn claims_same(kind: &dyn AnyKind, live: &Value, desired: &Value) -> bool {
    let same = |field: &str| {
        let (was, now) = (live.get(field), desired.get(field));
        was == now && was.is_some()
    };
    let claims = kind.claims();
    kind.is_singleton()
        || kind.schema().claimed_name().is_some_and(|name| same(name.name))
        || !claims.is_empty()
            && claims.iter().any(|field| same(field))
            && claims.iter().all(|field| live.get(*field) == desired.get(*field))
}
