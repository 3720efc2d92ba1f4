//! Things, their boxes and what is between them → a picture.

use std::collections::BTreeMap;

use super::place::{self, Home};
use super::things::{self, Thing};
use super::traffic::{self, End};
use super::{Edge, EdgeKind, Part, Picture, What};
use crate::model::Stack;
use crate::plan::Plan;

/// A picture in the making.
#[derive(Default)]
struct Builder {
    parts: Vec<Part>,
    /// Where boxes are that no resource is.
    boxes: BTreeMap<Home, usize>,
    /// Where the things are.
    placed: BTreeMap<usize, usize>,
    edges: BTreeMap<(usize, usize, EdgeKind), Vec<String>>,
}

pub(super) fn picture(stack: &Stack, plan: Option<&Plan>) -> Picture {
    let things = things::things(stack, plan);
    let homes = place::homes(&things);
    let flows = traffic::flows(&things);
    let mut builder = Builder::default();

    let is_open = flows.iter().any(|flow| flow.from == End::Internet || flow.to == End::Internet);
    let internet = is_open.then(|| builder.part(None, What::Internet));
    // The home region comes first, whatever stands first in the file.
    let mut regions: Vec<&str> = things.iter().map(|thing| thing.region.as_str()).collect();
    regions.sort_by_key(|region| (*region != stack.region, *region));
    for region in regions {
        let home = Home::Region(region.to_owned());
        if homes.iter().zip(&things).any(|(at, it)| it.region == region && !is_nowhere(at)) {
            builder.enter(&things, &homes, &home);
        }
    }
    for place in 0..things.len() {
        builder.put(&things, &homes, place);
    }

    for (from, thing) in things.iter().enumerate() {
        for to in thing.needs.iter().copied().filter(|to| *to != from) {
            builder.edge(builder.placed[&from], builder.placed[&to], EdgeKind::Reference, "");
        }
    }
    let end = |end: End, builder: &Builder| match end {
        End::Internet => internet,
        End::Thing(place) => builder.placed.get(&place).copied(),
    };
    for flow in &flows {
        if let (Some(from), Some(to)) = (end(flow.from, &builder), end(flow.to, &builder)) {
            builder.edge(from, to, EdgeKind::Traffic, &flow.label);
        }
    }
    builder.done(stack, plan)
}

/// Whether a box is in no region.
fn is_nowhere(home: &Home) -> bool {
    matches!(home, Home::Account | Home::Atlas)
}

impl Builder {
    fn part(&mut self, inside: Option<usize>, what: What) -> usize {
        self.parts.push(Part { inside, what });
        self.parts.len() - 1
    }

    /// The place of a box, made where it is not there yet.
    fn enter(&mut self, things: &[Thing<'_>], homes: &[Home], home: &Home) -> usize {
        if let Home::Thing(thing) = home {
            return self.put(things, homes, *thing);
        }
        if let Some(place) = self.boxes.get(home) {
            return *place;
        }
        let (inside, what) = match home {
            Home::Region(name) => (None, What::Region { name: name.clone() }),
            Home::Atlas => (None, What::Atlas),
            Home::Account | Home::Thing(_) => (None, What::Account),
            Home::Zone { region, network, zone } => {
                let outer = network.map_or_else(|| Home::Region(region.clone()), Home::Thing);
                let inside = self.enter(things, homes, &outer);
                (Some(inside), What::Zone { name: zone.clone() })
            }
        };
        let place = self.part(inside, what);
        self.boxes.insert(home.clone(), place);
        place
    }

    /// The place of a thing, put into its box where it is not there yet.
    fn put(&mut self, things: &[Thing<'_>], homes: &[Home], place: usize) -> usize {
        if let Some(known) = self.placed.get(&place) {
            return *known;
        }
        let inside = self.enter(things, homes, &homes[place]);
        let thing = &things[place];
        let is_box = [place::VPC, place::SUBNET].contains(&thing.kind.name());
        let what = What::Resource {
            address: thing.address.clone(),
            kind: thing.kind.name().to_owned(),
            region: thing.region.clone(),
            action: thing.action,
            is_box,
            detail: thing.text("cidr").filter(|_| is_box).map(ToOwned::to_owned),
        };
        let known = self.part(Some(inside), what);
        self.placed.insert(place, known);
        known
    }

    fn edge(&mut self, from: usize, to: usize, kind: EdgeKind, label: &str) {
        let labels = self.edges.entry((from, to, kind)).or_default();
        if !label.is_empty() && !labels.iter().any(|known| known == label) {
            labels.push(label.to_owned());
        }
    }

    fn done(self, stack: &Stack, plan: Option<&Plan>) -> Picture {
        let Self { parts, mut edges, .. } = self;
        let mut picture = Picture {
            stack: stack.name.clone(),
            environment: stack.environment.clone(),
            region: stack.region.clone(),
            account: plan.map(|plan| plan.account.clone()),
            parts,
            edges: Vec::new(),
        };
        // That something is inside another is drawn by its box, and traffic says more than that one
        // of its ends needs the other.
        let flows: Vec<(usize, usize)> = edges
            .keys()
            .filter(|(.., kind)| *kind == EdgeKind::Traffic)
            .map(|(from, to, _)| (*from, *to))
            .collect();
        edges.retain(|(from, to, kind), _| {
            let is_inside =
                |inner: usize, outer: usize| picture.around(inner).any(|it| it == outer);
            let is_said = *kind == EdgeKind::Reference
                && (flows.contains(&(*from, *to)) || flows.contains(&(*to, *from)));
            from != to && !is_said && !is_inside(*from, *to) && !is_inside(*to, *from)
        });
        picture.edges = edges
            .into_iter()
            .map(|((from, to, kind), labels)| Edge { from, to, kind, label: labels.join(", ") })
            .collect();
        picture
    }
}
