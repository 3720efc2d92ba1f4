//! What goes, in which order, and what may not go: retained and protected objects.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::claims::{Claims, region_of};
use super::teardown::{Link, links_with, order_with};
use super::walk::tag_changes;
use super::{Action, Find, Item, Kept, Options, PlanErrors, Reason};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::kind::{AnyKind, LiveObject, Tags, ownership};
use crate::live::Snapshot;
use crate::model::{Address, Stack};

/// The plan's items for a whole environment to go.
pub(super) fn destroy(
    stack: &str,
    environment: &str,
    snapshot: &Snapshot,
    file: Option<&Stack>,
    options: &Options,
    find: Find,
) -> Result<Vec<Item>, PlanErrors> {
    let whole = !options.orphans_only;
    if whole && file.is_some_and(|file| file.protect) && !options.override_protection {
        let message = format!("the environment `{environment}` of `{stack}` is protected");
        return Err(Diagnostic::error("protected", message)
            .help("take `protect: true` away from the environment, or override the protection")
            .into());
    }
    let claims = Claims::new(snapshot, stack, environment, find);
    let ours = claims.objects.iter().zip(&claims.ours).filter(|(_, ours)| **ours);
    let reason = if whole { Reason::Destroy } else { Reason::Orphan };
    let going: Vec<(&Arc<LiveObject>, Reason)> = ours
        .map(|(&object, _)| object)
        .filter(|object| whole || !file.is_some_and(|file| is_declared(object, file)))
        .map(|object| (object, reason.clone()))
        .collect();
    let items = delete_items(&going, file, &options.keep, find);
    guard(&items, file, options, find)?;
    Ok(items)
}

/// Whether the file has a resource for an object, be it under the address that it moves to.
fn is_declared(object: &LiveObject, file: &Stack) -> bool {
    let address = Address::new(object.address().unwrap_or_default());
    file.resources.values().any(|resource| {
        (resource.address == address || resource.lifecycle.moved_from.as_ref() == Some(&address))
            && resource.kind.name() == object.kind
            && region_of(resource, file) == object.region
    })
}

/// Items for objects that go, in the order in which they go; behind them those that stay all
/// the same, because they or what refers to them are retained, or `keep` names them.
pub(super) fn delete_items(
    going: &[(&Arc<LiveObject>, Reason)],
    file: Option<&Stack>,
    keep: &[Kept],
    find: Find,
) -> Vec<Item> {
    let declared = |object: &LiveObject| file?.get(&Address::new(object.address()?));
    let objects: Vec<&LiveObject> = going.iter().map(|(object, _)| &***object).collect();
    let links = links_with(&objects, find);

    let mut kept: BTreeMap<usize, Reason> = BTreeMap::new();
    let mut front = VecDeque::new();
    for (place, (object, reason)) in going.iter().enumerate() {
        let retained = object.tags.get(ownership::RETAIN).is_some_and(|value| value == "true");
        let by_file = *reason == Reason::Destroy
            && declared(object).is_some_and(|resource| resource.lifecycle.retain);
        if *reason != Reason::Leftover && (retained || by_file) {
            kept.insert(place, Reason::Retained);
            front.push_back(place);
        } else if let Some(holds) = keep.iter().find(|kept| kept.is(object)) {
            kept.insert(place, Reason::HoldsData(holds.holding.what.clone()));
            front.push_back(place);
        }
    }
    while let Some(place) = front.pop_front() {
        let by = Address::new(objects[place].address().unwrap_or_default());
        let outlived =
            |link: &&Link| link.is_outlived(&objects[place].kind, find(&objects[link.to].kind));
        let needed = links[place].iter().filter(|link| !outlived(link));
        let mut needed: Vec<usize> = needed.map(|link| link.to).collect();
        for holds in keep.iter().filter(|kept| kept.is(objects[place])) {
            needed.extend((0..objects.len()).filter(|&to| has_one_of(objects[to], holds)));
        }
        for to in needed {
            if let std::collections::btree_map::Entry::Vacant(e) = kept.entry(to) {
                e.insert(Reason::NeededBy(by.clone()));
                front.push_back(to);
            }
        }
    }

    let (kept_places, gone): (Vec<usize>, Vec<usize>) =
        order_with(&objects, &links, find).into_iter().partition(|p| kept.contains_key(p));
    let item = |place: usize| {
        let (object, reason) = &going[place];
        let stays = kept.get(&place);
        let mut depends_on: BTreeSet<Address> = links[place]
            .iter()
            .filter(|link| !link.late)
            .filter_map(|link| objects[link.to].address().map(Address::new))
            .collect();
        if let Some(resource) = declared(object).filter(|_| *reason == Reason::Destroy) {
            let early = resource.references.iter().filter(|reference| !reference.late);
            depends_on.extend(early.map(|reference| reference.to.clone()));
            depends_on.extend(resource.lifecycle.depends_on.iter().cloned());
        }
        let kind = find(&object.kind);
        for before in kind.into_iter().flat_map(AnyKind::after) {
            let of_kind = objects
                .iter()
                .filter(|other| other.kind == *before && other.region == object.region);
            depends_on.extend(of_kind.filter_map(|other| other.address().map(Address::new)));
        }
        let address = Address::new(object.address().unwrap_or_default());
        depends_on.remove(&address);
        // What stays for its data alone is marked, so that later plans leave it alone as well.
        let marked = object.tags.get(ownership::RETAIN).is_some_and(|value| value == "true");
        let mark = stays.is_some() && !keep.is_empty() && !marked;
        let retain = (ownership::RETAIN.to_owned(), "true".to_owned());
        let tags: Tags = mark.then_some(retain).into_iter().collect();
        Item {
            address,
            kind: object.kind.clone(),
            region: object.region.clone(),
            action: match stays {
                Some(_) if mark => Action::Update,
                Some(_) => Action::Keep,
                None => Action::Delete,
            },
            reason: stays.unwrap_or(reason).clone(),
            changes: tag_changes(&object.tags, &tags, &[]),
            tags,
            untag: Vec::new(),
            desired: None,
            live: Some(Arc::clone(object)),
            depends_on: depends_on.into_iter().collect(),
            loses_data: stays.is_none() && kind.is_some_and(AnyKind::holds_data),
            holds: None,
        }
    };
    gone.into_iter().chain(kept_places).map(item).collect()
}

/// Whether one of an object's outputs is what the data of a kept one needs.
fn has_one_of(object: &LiveObject, holds: &Kept) -> bool {
    let outputs = object.outputs.as_object().into_iter().flatten();
    outputs.filter_map(|(_, value)| value.as_str()).any(|text| holds.holding.needs.contains(text))
}

/// Refuses to take away what is protected, naming all of it.
pub(super) fn guard(
    items: &[Item],
    file: Option<&Stack>,
    options: &Options,
    find: Find,
) -> Result<(), Diagnostics> {
    if options.override_protection {
        return Ok(());
    }
    let by_file = |item: &Item, stack: &Stack| {
        let own = stack.get(&item.address).and_then(|resource| resource.lifecycle.protect);
        own.unwrap_or(stack.protect && find(&item.kind).is_some_and(AnyKind::holds_data))
    };
    let is_protected = |item: &&Item| {
        let by_file = item.action.removes() && file.is_some_and(|stack| by_file(item, stack));
        by_file || item.protected_by(find).is_some()
    };
    let protected: Vec<&Item> = items.iter().filter(is_protected).collect();
    let Some(first) = protected.first() else { return Ok(()) };
    let message = match protected.as_slice() {
        [_] => "a protected resource would be lost".to_owned(),
        many => format!("{} protected resources would be lost", many.len()),
    };
    let mut error = Diagnostic::error("protected", message)
        .help("change the file so that it keeps them, or override the protection");
    if protected.iter().any(|item| item.protected_by(find).is_some()) {
        error = error.help("`--override-protection` lifts AWS's own protection as well");
    }
    let first = file.and_then(|stack| stack.get(&first.address));
    error.span = first.map(|resource| resource.span.clone());
    for item in &protected {
        let verb = match item.action {
            Action::Replace { .. } => "replaced, because of ",
            _ => "deleted",
        };
        let why = match (&item.action, &item.reason) {
            (Action::Replace { .. }, Reason::Failed(why)) => format!("its failure ({why})"),
            (Action::Replace { .. }, _) => item.replacing().collect::<Vec<_>>().join(", "),
            _ => String::new(),
        };
        let by_aws = item.protected_by(find).map(|field| format!("; AWS protects it by `{field}`"));
        let by_aws = by_aws.unwrap_or_default();
        let (address, kind) = (&item.address, &item.kind);
        error = error.note(format!("`{address}` ({kind}) would be {verb}{why}{by_aws}"));
    }
    Err(error.into())
}
