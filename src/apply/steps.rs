//! Plan → steps, and what each needs to be done first. Pure.
//!
//! What is made follows the references of the stack file; what goes follows those of the live
//! objects, the other way round, unless a kind says that its objects go before those that refer to
//! them late. Where the two together go in a circle, the weakest link is turned into something that
//! does not: an order that was only a hint is dropped, an object whose late fields hold another back
//! is unlinked first, a replacement gives up making the new object first.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use crate::graph::Graph;
use crate::kind::{AnyKind, LiveObject, Status};
use crate::model::Address;
use crate::plan::teardown::links_with;
use crate::plan::walk::claims_same;
use crate::plan::{Action, Find, Item, Plan};

use super::Declared;
use super::event::Verb;
use super::late::is_late_path;

/// One unit of the apply: what is done to the item at a place of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Step {
    pub item: usize,
    pub verb: Verb,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} #{}", self.verb, self.item)
    }
}

/// All steps in an order in which each comes after what it needs.
#[derive(Debug, Default)]
pub(super) struct Steps {
    pub steps: Vec<Step>,
    /// By step, how many others it needs.
    pub needs: Vec<usize>,
    /// By step, those that need it.
    pub next: Vec<Vec<usize>>,
    /// By item, its own.
    pub own: Vec<Vec<usize>>,
    /// Items whose late fields change by themselves, as what they refer to goes before them.
    pub freed: BTreeSet<usize>,
}

/// How much the order of two steps matters; the least goes first when not all can be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    /// Better in this order.
    Hint,
    /// A late field of this item holds back what is to go: it can be emptied beforehand.
    Late(usize),
    /// A new object is made before the old one goes.
    NewFirst,
    /// A live object refers to what is to go.
    Reference,
    /// It cannot be otherwise.
    Hard,
}

/// The steps of a plan. The error names steps that need each other.
pub(super) fn steps(plan: &Plan, declared: &dyn Declared, find: Find) -> Result<Steps, Vec<Step>> {
    let kinds = plan.items.iter().map(|item| find(&item.kind)).collect();
    let mut builder = Builder {
        items: &plan.items,
        kinds,
        at: HashMap::new(),
        own: vec![Vec::new(); plan.items.len()],
        graph: Graph::new(),
        weights: BTreeMap::new(),
        late_refs: Vec::new(),
        freed: BTreeSet::new(),
    };
    builder.nodes(declared);
    builder.making(declared);
    builder.kinds_apart();
    builder.removing(find);
    builder.claims();
    builder.order()
}

struct Builder<'a> {
    items: &'a [Item],
    kinds: Vec<Option<&'static dyn AnyKind>>,
    /// By address, the item that is to stand there.
    at: HashMap<&'a Address, usize>,
    /// By item, its steps.
    own: Vec<Vec<Verb>>,
    graph: Graph<Step>,
    weights: BTreeMap<(Step, Step), Weight>,
    /// Late references among live objects: the item that refers and the one that goes.
    late_refs: Vec<(usize, usize)>,
    freed: BTreeSet<usize>,
}

impl Builder<'_> {
    fn has(&self, item: usize, verb: Verb) -> Option<Step> {
        self.own[item].contains(&verb).then_some(Step { item, verb })
    }

    fn add(&mut self, item: usize, verb: Verb) -> Step {
        let step = Step { item, verb };
        if self.graph.insert(step) {
            self.own[item].push(verb);
        }
        step
    }

    fn edge(&mut self, step: Step, needed: Step, weight: Weight) {
        if step == needed {
            return;
        }
        self.graph.edge(step, needed);
        let known = self.weights.entry((step, needed)).or_insert(weight);
        *known = weight.max(*known);
    }

    fn drop_edge(&mut self, step: Step, needed: Step) {
        self.graph.remove_edge(&step, &needed);
        self.weights.remove(&(step, needed));
    }

    /// The step after which an item can be depended on, if there is anything to do.
    fn ready(&self, item: usize) -> Option<Step> {
        [Verb::Create, Verb::Update, Verb::Wait].into_iter().find_map(|verb| self.has(item, verb))
    }

    /// The step after which nothing of the old state of an item refers to others any more.
    fn moved(&self, item: usize, late: bool) -> Option<Step> {
        let complete = self.has(item, Verb::Complete).filter(|_| late);
        self.has(item, Verb::Delete).or(complete).or_else(|| self.has(item, Verb::Update))
    }

    /// The steps of every item, in the order of the plan, and those among one item's own steps.
    fn nodes(&mut self, declared: &dyn Declared) {
        for (place, item) in self.items.iter().enumerate() {
            if item.action != Action::Delete {
                self.at.insert(&item.address, place);
            }
        }
        for (place, item) in self.items.iter().enumerate() {
            let pending =
                item.live.as_ref().is_some_and(|live| matches!(live.status, Status::Pending(_)));
            let second = self.waits_for_new(item, declared);
            match item.action {
                Action::Keep => {
                    if pending {
                        self.add(place, Verb::Wait);
                    }
                }
                Action::Update | Action::Adopt | Action::Retag => {
                    let wait = pending.then(|| self.add(place, Verb::Wait));
                    let update = self.has_first_update(place, second);
                    let update = update.then(|| self.add(place, Verb::Update));
                    let complete = second.then(|| self.add(place, Verb::Complete));
                    for (later, earlier) in [(update, wait), (complete, wait), (complete, update)] {
                        if let (Some(later), Some(earlier)) = (later, earlier) {
                            self.edge(later, earlier, Weight::Hard);
                        }
                    }
                }
                Action::Create | Action::Replace { .. } => {
                    let create = self.add(place, Verb::Create);
                    let complete = second.then(|| self.add(place, Verb::Complete));
                    if let Some(complete) = complete {
                        self.edge(complete, create, Weight::Hard);
                    }
                    if item.live.is_some() && item.action != Action::Create {
                        let delete = self.add(place, Verb::Delete);
                        if item.action == (Action::Replace { delete_first: true }) {
                            self.edge(create, delete, Weight::Hard);
                        } else {
                            self.edge(delete, create, Weight::NewFirst);
                            if let Some(complete) = complete {
                                self.edge(delete, complete, Weight::Hint);
                            }
                        }
                    }
                }
                Action::Delete => {
                    if item.live.is_some() {
                        self.add(place, Verb::Delete);
                    }
                }
            }
        }
    }

    /// Whether a late field of the item refers to something that this run makes.
    fn waits_for_new(&self, item: &Item, declared: &dyn Declared) -> bool {
        declared.references(&item.address).iter().any(|reference| {
            reference.late
                && self.at.get(&reference.to).is_some_and(|&to| {
                    matches!(self.items[to].action, Action::Create | Action::Replace { .. })
                })
        })
    }

    /// Whether anything changes before the late fields do.
    fn has_first_update(&self, place: usize, second: bool) -> bool {
        let item = &self.items[place];
        let Some(kind) = self.kinds[place].filter(|_| second) else { return true };
        item.action != Action::Update
            || !item.tags.is_empty()
            || !item.untag.is_empty()
            || item.changes.iter().any(|change| !is_late_path(kind.schema().json(), &change.path))
    }

    /// What is made or changed comes after what it refers to.
    fn making(&mut self, declared: &dyn Declared) {
        for (place, item) in self.items.iter().enumerate() {
            if item.action == Action::Delete {
                continue;
            }
            let references = declared.references(&item.address);
            let late = |to: &Address| {
                let mut of = references.iter().filter(|reference| reference.to == *to).peekable();
                of.peek().is_some() && of.all(|reference| reference.late)
            };
            let named = references.iter().map(|reference| &reference.to);
            for to in named.chain(&item.depends_on) {
                let Some(&other) = self.at.get(to) else { continue };
                let Some(ready) = self.ready(other) else { continue };
                let first = [Verb::Create, Verb::Update];
                let first = first.into_iter().find_map(|verb| self.has(place, verb));
                let complete = self.has(place, Verb::Complete);
                if late(to) {
                    if let Some(step) = complete.or(first.filter(|s| s.verb == Verb::Update)) {
                        // An update that refers to another update: in this order if it can be.
                        let weight = if complete.is_some() { Weight::Hard } else { Weight::Hint };
                        self.edge(step, ready, weight);
                    }
                } else if other != place {
                    for step in [first, complete].into_iter().flatten() {
                        self.edge(step, ready, Weight::Hard);
                    }
                    // Whoever depends on an object would rather have it whole.
                    if let (Some(first), Some(whole)) = (first, self.has(other, Verb::Complete)) {
                        self.edge(first, whole, Weight::Hint);
                    }
                }
            }
        }
    }

    /// Kinds that are made after others although no field says so, and go before them.
    fn kinds_apart(&mut self) {
        let mut by_kind: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
        for (place, item) in self.items.iter().enumerate() {
            by_kind.entry((&item.kind, &item.region)).or_default().push(place);
        }
        for (place, item) in self.items.iter().enumerate() {
            let after = self.kinds[place].map_or(&[][..], |kind| kind.after());
            for other in after.iter().filter_map(|name| by_kind.get(&(*name, &*item.region))) {
                for &other in other {
                    if let (Some(create), Some(ready)) =
                        (self.has(place, Verb::Create), self.ready(other))
                    {
                        self.edge(create, ready, Weight::Hint);
                    }
                    self.gone_after(other, place, Weight::Hint);
                }
            }
        }
    }

    /// If both objects go, the first goes after the second.
    fn gone_after(&mut self, first: usize, second: usize, weight: Weight) {
        if let (Some(first), Some(second)) =
            (self.has(first, Verb::Delete), self.has(second, Verb::Delete))
        {
            self.edge(first, second, weight);
        }
    }

    /// What goes comes after whatever refers to it has gone or has moved to something else.
    fn removing(&mut self, find: Find) {
        let items = self.items.iter().enumerate();
        let (places, objects): (Vec<usize>, Vec<&LiveObject>) =
            items.filter_map(|(place, item)| Some((place, item.live.as_deref()?))).unzip();
        for (&from, links) in places.iter().zip(links_with(&objects, find)) {
            for link in &links {
                let Some(delete) = self.has(places[link.to], Verb::Delete) else { continue };
                let Some(moved) = self.moved(from, link.late) else { continue };
                // An object that another one needs in two ways cannot be unlinked from it.
                let late = links.iter().all(|other| other.to != link.to || other.late);
                if late && link.is_outlived(&self.items[from].kind, self.kinds[places[link.to]]) {
                    // What goes lets go of it: it is free for another only then.
                    self.edge(moved, delete, Weight::Hint);
                    self.freed.insert(from);
                } else if late {
                    self.late_refs.push((from, places[link.to]));
                    self.edge(delete, moved, Weight::Late(from));
                } else {
                    self.edge(delete, moved, Weight::Reference);
                }
            }
        }
        let mut leaving: HashMap<&Address, Vec<usize>> = HashMap::new();
        for (place, item) in self.items.iter().enumerate() {
            if self.has(place, Verb::Delete).is_some() {
                leaving.entry(&item.address).or_default().push(place);
            }
        }
        for (place, item) in self.items.iter().enumerate() {
            let needed = item.depends_on.iter().filter_map(|address| leaving.get(address));
            for &other in needed.flatten() {
                self.gone_after(other, place, Weight::Hint);
            }
        }
    }

    /// What is made comes after an object that goes and holds the same name or other claim.
    fn claims(&mut self) {
        let mut going: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
        for (place, item) in self.items.iter().enumerate() {
            if item.action == Action::Delete && self.has(place, Verb::Delete).is_some() {
                going.entry((&item.kind, &item.region)).or_default().push(place);
            }
        }
        for (place, item) in self.items.iter().enumerate() {
            let (Some(create), Some(kind)) = (self.has(place, Verb::Create), self.kinds[place])
            else {
                continue;
            };
            for &other in going.get(&(&*item.kind, &*item.region)).into_iter().flatten() {
                let (Some(new), Some(old)) = (&item.desired, &self.items[other].live) else {
                    continue;
                };
                if claims_same(kind, &old.spec, new) {
                    let delete = Step { item: other, verb: Verb::Delete };
                    self.edge(create, delete, Weight::Reference);
                }
            }
        }
    }

    /// The order, after loosening whatever goes in circles.
    fn order(mut self) -> Result<Steps, Vec<Step>> {
        let steps = loop {
            match self.graph.order() {
                Ok(order) => break order.into_iter().copied().collect::<Vec<_>>(),
                Err(cycle) => {
                    if !self.loosen(&cycle.0) {
                        return Err(cycle.0);
                    }
                }
            }
        };
        let places: BTreeMap<Step, usize> =
            steps.iter().enumerate().map(|(place, step)| (*step, place)).collect();
        let place = |item, &verb| places[&Step { item, verb }];
        let own = self.own.iter().enumerate();
        Ok(Steps {
            own: own.map(|(item, verbs)| verbs.iter().map(|v| place(item, v)).collect()).collect(),
            needs: steps.iter().map(|step| self.graph.needs(step).count()).collect(),
            next: steps
                .iter()
                .map(|step| self.graph.needed_by(step).map(|next| places[next]).collect())
                .collect(),
            steps,
            freed: self.freed,
        })
    }

    /// Takes the weakest link out of a circle; false when none gives way.
    fn loosen(&mut self, cycle: &[Step]) -> bool {
        let links = cycle.iter().zip(cycle.iter().cycle().skip(1));
        let weighed = links.map(|(step, needed)| (self.weights[&(*step, *needed)], *step, *needed));
        match weighed.min() {
            Some((Weight::Hint | Weight::Reference, step, needed)) => self.drop_edge(step, needed),
            Some((Weight::Late(holder), ..)) => self.unlink(holder),
            Some((Weight::NewFirst, delete, create)) => {
                self.drop_edge(delete, create);
                self.edge(create, delete, Weight::Hard);
            }
            Some((Weight::Hard, ..)) | None => return false,
        }
        true
    }

    /// Empties an object's late fields before anything that they refer to goes.
    fn unlink(&mut self, holder: usize) {
        let unlink = self.add(holder, Verb::Unlink);
        if let Some(wait) = self.has(holder, Verb::Wait) {
            self.edge(unlink, wait, Weight::Hard);
        }
        for verb in [Verb::Update, Verb::Complete, Verb::Delete] {
            if let Some(step) = self.has(holder, verb) {
                // The steps on a replacement's new object have nothing to do with the old one.
                let is_old = verb == Verb::Delete || self.has(holder, Verb::Create).is_none();
                if is_old {
                    self.edge(step, unlink, Weight::Hard);
                }
            }
        }
        let held = self.late_refs.iter().filter(|(from, _)| *from == holder);
        let held: Vec<usize> = held.map(|(_, to)| *to).collect();
        let moved = self.moved(holder, true);
        for to in held {
            let delete = Step { item: to, verb: Verb::Delete };
            if let Some(moved) = moved
                && matches!(self.weights.get(&(delete, moved)), Some(Weight::Late(_)))
            {
                self.drop_edge(delete, moved);
            }
            self.edge(delete, unlink, Weight::Hard);
        }
    }
}
