//! Sleep. While an environment sleeps, its stack is another: fields of some kinds have other
//! values, and what costs by the hour may be away. That stack is planned and applied like any
//! other, so that to sleep, to stay asleep and to wake need no code in the engine, and a run that
//! was cut short goes on where it ended.
//!
//! Whether an environment sleeps is read from the account: its objects bear a tag, which also
//! remembers the fields that the file leaves alone (`lifecycle.ignore`), as they were before.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::claims::region_of;
use super::{Action, Options, Plan, PlanErrors, Reason, plan};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::kind::{AnyKind, LiveObject, ownership};
use crate::live::Snapshot;
use crate::model::{Address, Resource, Stack};

/// The memory of an object in which nothing is to be remembered.
const NOTHING: &str = "yes";

/// How an environment is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Asleep if it is, awake if it is.
    AsItIs,
    /// Asleep.
    Asleep,
    /// Awake.
    Awake,
}

/// Whether an environment sleeps, or has begun to: one of its objects says so.
pub fn is_asleep(stack: &Stack, snapshot: &Snapshot) -> bool {
    snapshot.owned(stack).any(|object| object.tags.contains_key(ownership::ASLEEP))
}

/// The stack that the account is to match.
pub fn settled(stack: &Stack, snapshot: &Snapshot, wish: Wish) -> Result<Stack, PlanErrors> {
    let asleep = match wish {
        Wish::AsItIs => is_asleep(stack, snapshot),
        Wish::Asleep => true,
        Wish::Awake => false,
    };
    let live = Live::of(stack, snapshot);
    if asleep {
        let away = away(stack, &stack.night)?;
        Ok(asleep_stack(stack, &live, &Arc::new(away)))
    } else if is_asleep(stack, snapshot) {
        Ok(awake_stack(stack, &live))
    } else {
        Ok(stack.clone())
    }
}

/// What it takes to put an environment to sleep, or to wake it, and nothing else: other
/// differences between the account and the file are left for `apply`. With it comes the stack
/// that it is planned from.
pub fn turn(
    stack: &Stack,
    snapshot: &Snapshot,
    wish: Wish,
    options: &Options,
) -> Result<(Stack, Plan), PlanErrors> {
    let live = Live::of(stack, snapshot);
    let night = match wish {
        // What once went for the night comes back, whatever the file now says of nights.
        Wish::Awake => {
            let all: BTreeSet<&str> = crate::kinds::all().filter_map(AnyKind::night).collect();
            away(stack, &all).unwrap_or_default()
        }
        Wish::Asleep | Wish::AsItIs => away(stack, &stack.night)?,
    };
    let mut settled = settled(stack, snapshot, wish)?;
    let mut touched = BTreeSet::new();
    let marked = markers(stack, &night);
    for (address, resource) in &mut settled.resources {
        let with = stack.get(address).map(|declared| declared.fields_with(&night));
        let with = with.unwrap_or_default();
        let sleeps = resource.kind.asleep().iter().map(|(field, _)| *field);
        let fields: BTreeSet<&str> = sleeps.chain(with).collect();
        let was_marked = live
            .of_resource(resource, stack)
            .is_some_and(|object| object.tags.contains_key(ownership::ASLEEP));
        if night.contains(address) || fields.is_empty() && !was_marked && !marked.contains(address)
        {
            continue;
        }
        touched.insert(address.clone());
        let all = resource.kind.schema().fields().map(|field| field.name);
        let others = all.filter(|field| !fields.contains(field)).map(ToOwned::to_owned);
        let ignored = resource.lifecycle.ignore.iter().cloned();
        resource.lifecycle.ignore = ignored.chain(others).chain(["tags".to_owned()]).collect();
    }
    let mut plan = plan(&settled, snapshot, options)?;
    plan.items.retain_mut(|item| {
        let comes_or_goes = matches!(item.action, Action::Create | Action::Delete);
        let is_change = matches!(item.action, Action::Update | Action::Keep);
        match night.contains(&item.address) {
            true if comes_or_goes => return true,
            // A run that was killed may have left it half made.
            true if wish == Wish::Awake && item.action == Action::Update => return true,
            false if is_change && touched.contains(&item.address) => return true,
            _ if comes_or_goes => return false,
            _ => {}
        }
        (item.action, item.reason) = (Action::Keep, Reason::Same);
        item.changes.clear();
        item.tags.clear();
        item.untag.clear();
        item.loses_data = false;
        true
    });
    Ok((settled, plan))
}

/// The live objects of a stack by their addresses.
struct Live<'a>(BTreeMap<(&'a str, &'a str, &'a str), &'a LiveObject>);

impl<'a> Live<'a> {
    fn of(stack: &'a Stack, snapshot: &'a Snapshot) -> Self {
        let owned = snapshot.owned(stack).filter_map(|object| {
            Some(((object.address()?, &*object.kind, &*object.region), object))
        });
        Self(owned.collect())
    }

    fn of_resource(&self, resource: &Resource, stack: &Stack) -> Option<&'a LiveObject> {
        let region = region_of(resource, stack);
        self.0.get(&(resource.address.as_str(), resource.kind.name(), region)).copied()
    }
}

/// What goes for the night: the resources of the kinds that `words` name, and what makes no sense
/// without them.
fn away(stack: &Stack, words: &BTreeSet<&str>) -> Result<BTreeSet<Address>, Diagnostics> {
    let goes = |resource: &&Resource| resource.kind.night().is_some_and(|w| words.contains(w));
    let mut away: Arc<BTreeSet<Address>> =
        Arc::new(stack.resources.values().filter(goes).map(|r| r.address.clone()).collect());
    loop {
        let refers = |resource: &&Resource| {
            !away.contains(&resource.address)
                && resource.references.iter().any(|reference| away.contains(&reference.to))
        };
        let follows = stack.resources.values().filter(refers).filter(|r| r.needs(&away));
        let follows: Vec<&Resource> = follows.collect();
        if follows.is_empty() {
            return Ok(Arc::unwrap_or_clone(away));
        }
        if let Some(held) = follows.iter().find(|resource| resource.kind.holds_data()) {
            let message = format!(
                "`{}` ({}) holds data, and would have to go for the night with what it refers to",
                held.address,
                held.kind.name()
            );
            let error = Diagnostic::error("night-loses-data", message).at(held.span.clone());
            return Err(error.help("let the environment keep that: `night: { …: keep }`").into());
        }
        Arc::make_mut(&mut away).extend(follows.into_iter().map(|r| r.address.clone()));
    }
}

/// For each resource that is away, one that stays and that it refers to: the mark that it is away
/// on purpose.
fn markers(stack: &Stack, away: &BTreeSet<Address>) -> BTreeSet<Address> {
    let stays = |address: &&Address| {
        !away.contains(*address) && stack.get(address).is_some_and(|one| one.kind.has_tags())
    };
    let resources = away.iter().filter_map(|address| stack.get(address));
    resources
        .filter_map(|resource| {
            resource.references.iter().map(|reference| &reference.to).filter(stays).min()
        })
        .cloned()
        .collect()
}

fn asleep_stack(stack: &Stack, live: &Live<'_>, away: &Arc<BTreeSet<Address>>) -> Stack {
    let mut asleep = stack.clone();
    asleep.asleep = true;
    for address in markers(stack, away) {
        if let Some(resource) = asleep.resources.get_mut(&address) {
            resource.remember(NOTHING.to_owned());
        }
    }
    asleep.without(away);
    for resource in asleep.resources.values_mut() {
        let object = live.of_resource(resource, stack);
        if let Some(kept) = object.and_then(|object| object.tags.get(ownership::ASLEEP)) {
            resource.remember(kept.clone());
        }
        if resource.kind.asleep().is_empty() {
            continue;
        }
        let spec = object.map_or(&resource.spec, |object| &object.spec);
        let kept = object.is_some_and(|object| object.tags.contains_key(ownership::ASLEEP));
        // What sleeps already was so before, or its tag is not seen yet: there is nothing to remember.
        if resource.kind.has_tags() && !kept && !is_like_asleep(resource.kind, spec) {
            resource.remember(remember(resource.kind, spec));
        }
        for (field, value) in resource.kind.asleep() {
            resource.fix(field, serde_json::from_str(value).unwrap_or_default());
        }
    }
    asleep
}

/// The stack with the fields that the file leaves alone as they were before.
fn awake_stack(stack: &Stack, live: &Live<'_>) -> Stack {
    let mut awake = stack.clone();
    for resource in awake.resources.values_mut() {
        let object = live.of_resource(resource, stack);
        let Some(memory) = object.and_then(|object| object.tags.get(ownership::ASLEEP)) else {
            continue;
        };
        for (field, _) in resource.kind.asleep() {
            let ignored = resource.lifecycle.ignore.iter().any(|path| path == field);
            if let Some(value) = recall(memory, field).filter(|_| ignored) {
                resource.fix(field, value);
            }
        }
    }
    awake
}

fn is_like_asleep(kind: &dyn AnyKind, spec: &Value) -> bool {
    let value = |text: &str| serde_json::from_str::<Value>(text).ok();
    kind.asleep().iter().all(|(field, text)| spec.get(field) == value(text).as_ref())
}

/// `desired_count=2 enabled=true`: only characters that every service lets tags have.
fn remember(kind: &dyn AnyKind, spec: &Value) -> String {
    let fields = kind.asleep().iter().filter_map(|(field, _)| {
        let value = spec.get(field).filter(|value| value.is_number() || value.is_boolean())?;
        Some(format!("{field}={value}"))
    });
    let memory = fields.collect::<Vec<_>>().join(" ");
    if memory.is_empty() { NOTHING.to_owned() } else { memory }
}

fn recall(memory: &str, field: &str) -> Option<Value> {
    let mut fields = memory.split(' ').filter_map(|part| part.split_once('='));
    let (_, value) = fields.find(|(name, _)| *name == field)?;
    serde_json::from_str(value).ok()
}
