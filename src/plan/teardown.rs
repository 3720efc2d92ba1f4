//! In which order objects go: read from the references that live objects hold, and from what
//! kinds say about those that no field shows.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Find;
use crate::graph::Graph;
use crate::kind::{AnyKind, LiveObject, schema};

/// One live object's hold on another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// The place of the object that is referred to.
    pub to: usize,
    /// Whether the field can be emptied before the object goes.
    pub late: bool,
}

impl Link {
    /// Whether the object that refers outlives the other: that one goes before it by its kind, and lets
    /// go of it then.
    pub(crate) fn is_outlived(&self, from: &str, to: Option<&dyn AnyKind>) -> bool {
        self.late && to.is_some_and(|kind| kind.after().contains(&from))
    }
}

/// What each object refers to among the others: the references in its spec, matched against the
/// outputs of all. Where several objects have the same output, those of the same region count.
pub(crate) fn links_with(objects: &[&LiveObject], find: Find) -> Vec<Vec<Link>> {
    let mut by_output: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (place, object) in objects.iter().enumerate() {
        for (output, value) in object.outputs.as_object().into_iter().flatten() {
            if let Value::String(text) = value {
                by_output.entry((output, text)).or_default().push(place);
            }
        }
    }
    let links_of = |(place, object): (usize, &&LiveObject)| {
        let Some(kind) = find(&object.kind) else { return Vec::new() };
        let mut found = BTreeSet::new();
        schema::visit_refs(
            kind.schema().json(),
            &object.spec,
            &mut |(wanted, output), text, late| {
                let holders = by_output.get(&(output, text)).map(Vec::as_slice).unwrap_or_default();
                let fits =
                    |&&to: &&usize| to != place && (wanted == "*" || objects[to].kind == wanted);
                let near = |to: &&usize| objects[**to].region == object.region;
                let any_near = holders.iter().filter(fits).any(|to| near(&to));
                let chosen = holders.iter().filter(fits).filter(|to| !any_near || near(to));
                found.extend(chosen.map(|&to| Link { to, late }));
            },
        );
        found.into_iter().collect()
    };
    objects.iter().enumerate().map(links_of).collect()
}

/// The places of the objects in the order in which they go: what refers before what is
/// referred to.
pub(super) fn order_with(objects: &[&LiveObject], links: &[Vec<Link>], find: Find) -> Vec<usize> {
    let mut graph = Graph::new();
    // What is named last goes first among equals, so that the order is that of creation reversed.
    for place in (0..objects.len()).rev() {
        graph.insert(Step::One(place));
    }
    for (place, links) in links.iter().enumerate() {
        for link in links.iter().filter(|link| !link.late) {
            graph.edge(Step::One(place), Step::One(link.to));
        }
    }
    let nodes = objects.iter().map(|object| Some((find(&object.kind)?, object.region.as_str())));
    after(&mut graph, &nodes.collect::<Vec<_>>());
    loosen(&mut graph);
    let order = graph.reversed().order().map(|order| places(&order));
    order.unwrap_or_default()
}

/// A node of an ordering: one thing, or all things of a kind in a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step<'a> {
    One(usize),
    All(&'a str, &'a str),
}

/// Adds the hidden order between kinds: an object needs all of its region that are of a kind in
/// its kind's `AFTER`.
pub(super) fn after<'a>(
    graph: &mut Graph<Step<'a>>,
    nodes: &[Option<(&'static dyn AnyKind, &'a str)>],
) {
    let mut awaited = BTreeSet::new();
    for (place, node) in nodes.iter().enumerate() {
        let Some((kind, region)) = node else { continue };
        for &before in kind.after() {
            graph.edge(Step::One(place), Step::All(before, region));
            awaited.insert((before, *region));
        }
    }
    for (place, node) in nodes.iter().enumerate() {
        let Some((kind, region)) = node else { continue };
        if awaited.contains(&(kind.name(), *region)) {
            graph.edge(Step::All(kind.name(), region), Step::One(place));
        }
    }
}

/// Takes the edges away that contradict each other: the hidden order gives way to references.
pub(super) fn loosen(graph: &mut Graph<Step<'_>>) {
    graph.loosen(|_, needed| matches!(needed, Step::All(..)));
}

/// The single things of an order.
pub(super) fn places(order: &[&Step<'_>]) -> Vec<usize> {
    let one = |step: &&Step<'_>| match step {
        Step::One(place) => Some(*place),
        Step::All(..) => None,
    };
    order.iter().filter_map(one).collect()
}
