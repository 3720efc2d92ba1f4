//! What a month costs: running, asleep, and before and after a plan.

use std::collections::{BTreeMap, BTreeSet};

use super::money::Sum;
use super::part::{Part, World};
use super::prices::{Prices, name_and_variant};
use crate::kind::charge::{Charge, Charges, Count, Usage};
use crate::model::{Address, Stack};
use crate::plan::Plan;

/// What a month of an environment costs, by list prices, in dollars.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// One line per object, in the order of the addresses.
    pub lines: Vec<Line>,
    /// One sum per service, what costs most first.
    pub services: Vec<ServiceCost>,
    /// Everything running, as the stack file says.
    pub running: Sum,
    /// Everything asleep, all month.
    pub asleep: Sum,
    /// As it was before the plan, where there is one.
    pub before: Option<Sum>,
}

/// What one object costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Where it stands.
    pub address: Address,
    /// The kind's name.
    pub kind: &'static str,
    /// The region that it is in.
    pub region: String,
    /// How far it is priced at all.
    pub share: Share,
    /// Running, as the stack file says; nothing for what the plan deletes.
    pub running: Sum,
    /// Asleep, all month.
    pub asleep: Sum,
    /// Before the plan, where there is one.
    pub before: Option<Sum>,
    /// Whether the plan makes no difference to what it costs.
    pub same: bool,
    /// What is charged, while it runs.
    pub items: Vec<Item>,
}

/// How an object takes part in the sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// It is charged.
    Charged,
    /// AWS charges nothing for it.
    Free,
    /// What it costs is not known to the program.
    NotPriced,
}

/// One thing that is charged.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// What it is.
    pub what: String,
    /// The item of the price list.
    pub item: String,
    /// What one unit is.
    pub unit: String,
    /// Dollars per unit, when that is known.
    pub price: Option<f64>,
    /// Where the price comes from.
    pub source: Option<String>,
    /// How many units a month, when that is known.
    pub quantity: Option<f64>,
    /// What is known of the cost.
    pub position: Position,
}

/// What is known of a charge's cost.
#[derive(Clone, Debug, PartialEq)]
pub enum Position {
    /// Dollars a month.
    Known(f64),
    /// It depends on use, which the stack file does not state: the name under `usage`.
    ByUse(&'static str),
    /// There is no price, or no quantity; why.
    Unknown(String),
}

/// What the objects of one service cost.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceCost {
    /// The service: the first word of its kinds' names.
    pub service: &'static str,
    /// Running.
    pub running: Sum,
    /// Asleep.
    pub asleep: Sum,
}

/// The words of kinds whose objects go while the environment sleeps.
type Night = BTreeSet<&'static str>;

/// What a stack file costs.
pub fn of_stack(stack: &Stack, prices: &Prices) -> Estimate {
    estimate(&World::of_stack(stack), None, prices, &stack.night)
}

/// What a stack file costs, and what it cost before the plan.
pub fn of_plan(stack: &Stack, plan: &Plan, prices: &Prices) -> Estimate {
    let (after, before) = (World::after(stack, plan), World::before(stack, plan));
    estimate(&after, Some(&before), prices, &stack.night)
}

fn estimate(
    after: &World<'_>,
    before: Option<&World<'_>>,
    prices: &Prices,
    night: &Night,
) -> Estimate {
    let mut lines: BTreeMap<Address, Line> = BTreeMap::new();
    let sleeping = after.asleep();
    for (part, sleeper) in after.parts.iter().zip(&sleeping.parts) {
        let (share, items) = items(after.charges(part), part, prices);
        let running = sum(share, &items);
        let asleep = asleep(&sleeping, sleeper, &items, prices, night);
        let mut line = Line::of(part, share);
        (line.running, line.asleep, line.items) = (running, asleep, items);
        line.before = before.map(|_| Sum::default());
        line.same = before.is_none();
        lines.insert(part.address.clone(), line);
    }
    for (world, part) in before.iter().flat_map(|world| world.parts.iter().map(move |p| (world, p)))
    {
        let (share, items) = items(world.charges(part), part, prices);
        let cost = sum(share, &items);
        let line = lines.entry(part.address.clone()).or_insert_with(|| Line::of(part, share));
        // Of what is not priced, only what stays as it is costs the same.
        let now = after.get(&part.address);
        line.same = line.kind == part.kind.name()
            && now.is_some_and(|now| share != Share::NotPriced || now.spec == part.spec)
            && line.items == items;
        *line.before.get_or_insert_default() += cost;
    }
    let lines: Vec<Line> = lines.into_values().collect();
    let mut all = Estimate {
        services: services(&lines),
        running: Sum::default(),
        asleep: Sum::default(),
        before: before.map(|_| Sum::default()),
        lines,
    };
    for line in &all.lines {
        all.running += line.running;
        all.asleep += line.asleep;
        if let (Some(sum), Some(before)) = (&mut all.before, line.before) {
            *sum += before;
        }
    }
    all
}

impl Estimate {
    /// What the plan changes: dollars more or less, and how many charges that the plan touches are
    /// not in them. `None` without a plan.
    pub fn change(&self) -> Option<Sum> {
        let before = self.before?;
        let mut change = Sum { usd: self.running.usd - before.usd, ..Sum::default() };
        for line in self.lines.iter().filter(|line| !line.same) {
            let before = line.before.unwrap_or_default();
            change.unknown += before.unknown.max(line.running.unknown);
            change.by_use += before.by_use.max(line.running.by_use);
        }
        Some(change)
    }
}

impl Line {
    fn of(part: &Part, share: Share) -> Self {
        Self {
            address: part.address.clone(),
            kind: part.kind.name(),
            region: part.region.clone(),
            share,
            running: Sum::default(),
            asleep: Sum::default(),
            before: None,
            same: false,
            items: Vec::new(),
        }
    }
}

/// What a part costs in a month that it sleeps through.
fn asleep(
    sleeping: &World<'_>,
    part: &Part,
    running: &[Item],
    prices: &Prices,
    night: &Night,
) -> Sum {
    if part.kind.night().is_some_and(|word| night.contains(word)) {
        return Sum::default();
    }
    let (share, mut items) = items(sleeping.charges(part), part, prices);
    // What is reserved is paid all the same.
    if part.usage.reserved.is_some() {
        let is_reserved = |item: &&Item| is_reserved(&item.item);
        items.retain(|item| !is_reserved(&item));
        items.extend(running.iter().filter(is_reserved).cloned());
    }
    sum(share, &items)
}

/// Whether an item of the price list is a reservation.
fn is_reserved(item: &str) -> bool {
    let name = name_and_variant(item).0;
    crate::kind::charge::RESERVATIONS.iter().any(|term| name.ends_with(term))
}

/// Charges with their prices.
fn items(charges: Charges, part: &Part, prices: &Prices) -> (Share, Vec<Item>) {
    match charges {
        Charges::NotPriced => (Share::NotPriced, Vec::new()),
        Charges::Free => (Share::Free, Vec::new()),
        Charges::Listed(all) if all.is_empty() => (Share::Free, Vec::new()),
        Charges::Listed(all) => {
            let priced = all.into_iter().map(|charge| item(charge, part, prices));
            (Share::Charged, priced.collect())
        }
    }
}

fn item(charge: Charge, part: &Part, prices: &Prices) -> Item {
    let Usage { numbers, reserved } = &part.usage;
    let reserved = reserved.as_deref().filter(|_| charge.reservable);
    let name = match (reserved, name_and_variant(&charge.item)) {
        (Some(term), (name, Some(variant))) => format!("{name}.{term}:{variant}"),
        (Some(term), (name, None)) => format!("{name}.{term}"),
        (None, _) => charge.item.clone(),
    };
    let hours = match (charge.hourly, reserved) {
        (false, _) => 1.0,
        (true, None) => part.usage.hours(),
        (true, Some(_)) => crate::kind::charge::MONTH,
    };
    let price = prices.get(&part.region, &name);
    let quantity = match &charge.count {
        Count::Known(count) => Ok(count * hours),
        Count::Used(used, factor) => match numbers.get(*used) {
            Some(number) => Ok(number * factor * hours),
            None => Err(Position::ByUse(used)),
        },
        Count::Unknown(why) => Err(Position::Unknown(why.clone())),
    };
    let position = match (&quantity, price) {
        // Nothing costs nothing, whatever the price.
        (Ok(0.0), _) => Position::Known(0.0),
        (Ok(quantity), Some(price)) => Position::Known(quantity * price.usd),
        (Ok(_), None) => Position::Unknown(format!("no price in {}", part.region)),
        (Err(position), _) => position.clone(),
    };
    Item {
        unit: prices.unit(&name).to_owned(),
        price: price.map(|price| price.usd),
        source: price
            .and_then(|price| price.source)
            .map(|it| format!("{}, {}", it.source, it.date)),
        what: charge.what,
        item: name,
        quantity: quantity.ok(),
        position,
    }
}

fn sum(share: Share, items: &[Item]) -> Sum {
    let mut sum = Sum { unknown: usize::from(share == Share::NotPriced), ..Sum::default() };
    for item in items {
        sum += match item.position {
            Position::Known(usd) => Sum { usd, ..Sum::default() },
            Position::ByUse(_) => Sum { by_use: 1, ..Sum::default() },
            Position::Unknown(_) => Sum { unknown: 1, ..Sum::default() },
        };
    }
    sum
}

fn services(lines: &[Line]) -> Vec<ServiceCost> {
    let mut services: BTreeMap<&'static str, ServiceCost> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.share != Share::Free) {
        let service = line.kind.split('.').next().unwrap_or_default();
        let (running, asleep) = (Sum::default(), Sum::default());
        let sums = services.entry(service).or_insert(ServiceCost { service, running, asleep });
        sums.running += line.running;
        sums.asleep += line.asleep;
    }
    let mut services: Vec<_> = services.into_values().collect();
    services.sort_by(|a, b| b.running.usd.total_cmp(&a.running.usd));
    services
}
