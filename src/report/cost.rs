//! What a month costs, for people and as JSON.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::Report;
use super::style::{BAD, FAINT, GONE, NEW, STRONG, paint};
use crate::cost::refresh::Fetched;
use crate::cost::{Currency, Estimate, Item, Line, OverBudget, Position, Share, Sum};
use crate::model::{DOLLAR, Stack};

/// The hours in which an environment is awake that works twelve hours on workdays, and those of a
/// week.
const WORKING_HOURS: (f64, f64) = (60.0, 168.0);

/// What a report on money has to know.
#[derive(Clone, Copy)]
pub struct Costs<'a> {
    /// The stack.
    pub stack: &'a Stack,
    /// The estimate, in dollars.
    pub estimate: &'a Estimate,
    /// The currency to show.
    pub currency: &'a Currency,
    /// The budget that is exceeded, if one is.
    pub over: Option<&'a OverBudget>,
}

impl Report {
    /// What a month costs.
    pub fn costs(&self, costs: Costs<'_>) {
        if self.is_json() {
            self.json(&costs.json());
        } else {
            self.out(&costs.text());
        }
    }
}

impl Report {
    /// What a refresh of the prices came to.
    pub fn refreshed(&self, fetched: &Fetched, path: &Path) {
        let path = path.display();
        self.note(&format!("{} prices were fetched, and are kept in {path}.", fetched.count));
        for (question, why) in &fetched.missing {
            self.note(&format!("  not {} in {}: {why}", question.item, question.region));
        }
    }
}

/// One line on what a plan does to a month's cost; `None` when it does nothing to it.
pub fn change(estimate: &Estimate, currency: &Currency) -> Option<String> {
    let (change, before) = (estimate.change()?, estimate.before?);
    if change.usd.abs() < 0.005 && change.unknown == 0 {
        return None;
    }
    let amount = |sum: Sum| amount(sum, currency);
    let mut text = format!(
        "{} {} → {} {} a month ({}",
        paint(STRONG, "Cost:"),
        amount(before),
        amount(estimate.running),
        currency.code,
        signed(change.usd, currency)
    );
    if change.unknown > 0 {
        let _ = write!(text, ", and {} not known", charges(change.unknown));
    }
    text.push(')');
    Some(text)
}

/// The same as `--json` gives it.
pub fn change_json(estimate: &Estimate, currency: &Currency) -> Value {
    let sum = |sum: Sum| sum_json(sum, currency);
    json!({
        "currency": currency.code, "before": estimate.before.map(sum),
        "after": sum(estimate.running), "change": estimate.change().map(sum),
    })
}

/// So many charges.
pub(super) fn charges(count: usize) -> String {
    if count == 1 { "1 charge".to_owned() } else { format!("{count} charges") }
}

/// An amount of money, which is at least that when something is not known.
pub(super) fn amount(sum: Sum, currency: &Currency) -> String {
    let at_least = if sum.is_whole() { "" } else { "at least " };
    format!("{at_least}{:.2}", sum.usd * currency.rate)
}

fn signed(usd: f64, currency: &Currency) -> String {
    let text = format!("{:+.2}", usd * currency.rate);
    // No change has no sign.
    let text = if text == "-0.00" { "+0.00".to_owned() } else { text };
    let style = if text.starts_with('+') { GONE } else { NEW };
    paint(style, &text)
}

/// A number with as many digits as it needs.
fn number(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl Costs<'_> {
    fn text(&self) -> String {
        let Self { stack, estimate, currency, .. } = self;
        let mut text = String::new();
        let name = paint(STRONG, &format!("{} {}", stack.name, stack.environment));
        let place = format!("in {}, a month in {} by list prices", stack.region, currency.code);
        let _ = writeln!(text, "{name} {}\n", paint(FAINT, &place));
        let charged = || estimate.lines.iter().filter(|line| line.share == Share::Charged);
        let width = charged().map(|line| line.address.as_str().len()).max().unwrap_or(0).max(24);
        let _ = writeln!(text, "{:width$}  {:>12}  {:>12}", "", "running", "asleep");
        for line in charged() {
            self.line(line, width, &mut text);
        }
        self.table("By service", width, &mut text);
        self.totals(width, &mut text);
        self.notes(&mut text);
        text
    }

    fn sums(&self, label: &str, width: usize, sums: [Sum; 2], text: &mut String) {
        let [running, asleep] = sums.map(|sum| {
            let cell = self.cell(sum);
            if cell.ends_with('+') { cell } else { cell + " " }
        });
        let _ = writeln!(text, "{label:width$}  {running:>12}  {asleep:>12}");
    }

    /// A sum in a table; with a plus, there is more to it that is not known.
    pub(super) fn cell(&self, sum: Sum) -> String {
        match (sum.unknown, sum.by_use) {
            (0, 0) => format!("{:.2}", sum.usd * self.currency.rate),
            // What is not known does not look like nothing.
            (0, _) if sum.usd == 0.0 => "by use".to_owned(),
            _ if sum.usd == 0.0 => "unknown".to_owned(),
            _ => format!("{:.2}+", sum.usd * self.currency.rate),
        }
    }

    /// The totals, as lines of text.
    pub(super) fn sums_text(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(text, "{:12}  {:>12}  {:>12}", "", "running", "asleep");
        self.totals(12, &mut text);
        text.replace("\n\n", "\n")
    }

    /// What is to be known about the sums, as lines of text.
    pub(super) fn notes_text(&self) -> String {
        let mut text = String::new();
        self.notes(&mut text);
        text.trim_start().to_owned()
    }

    fn line(&self, line: &Line, width: usize, text: &mut String) {
        self.sums(line.address.as_str(), width, [line.running, line.asleep], text);
        for item in &line.items {
            let _ = writeln!(text, "{}", paint(FAINT, &format!("    {}", self.item(item))));
        }
    }

    /// What is charged, and how its cost comes about.
    pub(super) fn item(&self, item: &Item) -> String {
        let (what, unit) = (&item.what, &item.unit);
        let price = item.price.map(|usd| number(usd * self.currency.rate));
        match (&item.position, item.quantity, price) {
            (Position::Known(usd), Some(quantity), Some(price)) => {
                let cost = usd * self.currency.rate;
                format!("{what}: {} × {price} per {unit} = {cost:.2}", number(quantity))
            }
            (Position::Known(_), ..) => format!("{what}: none"),
            (Position::ByUse(name), _, Some(price)) => {
                format!("{what}: by use, {price} per {unit} (`usage: {{ {name}: … }}`)")
            }
            (Position::ByUse(name), ..) => {
                format!("{what}: by use, price unknown (`usage: {{ {name}: … }}`)")
            }
            (Position::Unknown(why), ..) => format!("{what}: unknown, {why}"),
        }
    }

    fn table(&self, heading: &str, width: usize, text: &mut String) {
        let _ = writeln!(text, "\n{}", paint(FAINT, heading));
        for service in &self.estimate.services {
            self.sums(service.service, width, [service.running, service.asleep], text);
        }
    }

    fn totals(&self, width: usize, text: &mut String) {
        let Self { estimate, currency, .. } = self;
        text.push('\n');
        self.sums("Total", width, [estimate.running, estimate.asleep], text);
        let slept = estimate.running.usd - estimate.asleep.usd;
        if slept > 0.005 {
            let (awake, week) = WORKING_HOURS;
            let usd = estimate.asleep.usd + slept * awake / week;
            let sum = Sum { usd, ..estimate.running };
            let _ = writeln!(
                text,
                "Awake for 12 hours on workdays: {} {}",
                amount(sum, currency),
                currency.code
            );
        }
        if let Some(line) = change(estimate, currency) {
            let _ = writeln!(text, "{line}");
        } else if estimate.before.is_some() {
            let _ = writeln!(text, "{} the plan changes nothing.", paint(STRONG, "Cost:"));
        }
        if let Some(budget) = &self.stack.budget {
            let state = match self.over {
                Some(over) => paint(BAD, &format!("over by {:.2}", over.cost - budget.monthly)),
                None if estimate.running.is_whole() => "kept".to_owned(),
                None => "kept as far as is known".to_owned(),
            };
            let _ = writeln!(text, "Budget: {:.2} {}, {state}", budget.monthly, budget.currency);
        }
    }

    fn notes(&self, text: &mut String) {
        let Self { estimate, currency, .. } = self;
        let addresses = |share: Share| {
            let lines = estimate.lines.iter().filter(|line| line.share == share);
            lines.map(|line| line.address.as_str()).collect::<Vec<_>>()
        };
        let running = estimate.running;
        text.push('\n');
        if !running.is_whole() {
            let mut parts = Vec::new();
            if running.unknown > 0 {
                parts.push(format!(
                    "{} with an unknown price or quantity",
                    charges(running.unknown)
                ));
            }
            if running.by_use > 0 {
                let by_use = charges(running.by_use);
                parts.push(format!("{by_use} by use of which the file says nothing"));
            }
            let _ = writeln!(text, "Not in the sums (+): {}.", parts.join(", "));
        }
        let not_priced = addresses(Share::NotPriced);
        if !not_priced.is_empty() {
            let _ = writeln!(text, "Not priced, so unknown: {}.", not_priced.join(", "));
        }
        let free = addresses(Share::Free);
        if !free.is_empty() {
            let _ = writeln!(text, "Without charge: {}.", free.join(", "));
        }
        let _ = writeln!(
            text,
            "Assumed: 730 hours a month, no free tiers or discounts, no data transfer, no taxes."
        );
        if currency.code != DOLLAR {
            let _ = writeln!(text, "1 USD = {} {}.", number(currency.rate), currency.code);
        }
        let sourced = estimate.lines.iter().flat_map(|line| &line.items);
        let guessed = sourced.filter(|item| {
            item.source.as_deref().is_some_and(|source| source.starts_with("from memory"))
        });
        let guessed = guessed.count();
        if guessed > 0 {
            let _ = writeln!(
                text,
                "{} rest on prices that were not looked up; `infra cost --refresh` asks AWS.",
                charges(guessed)
            );
        }
    }

    fn json(&self) -> Value {
        let Self { stack, estimate, currency, over } = self;
        let lines: Vec<Value> = estimate
            .lines
            .iter()
            .map(|line| {
                json!({
                    "address": line.address, "kind": line.kind, "region": line.region,
                    "priced": match line.share {
                        Share::Charged => "charged",
                        Share::Free => "free",
                        Share::NotPriced => "not_priced",
                    },
                    "running": self.sum(line.running), "asleep": self.sum(line.asleep),
                    "before": line.before.map(|sum| self.sum(sum)),
                    "charges": line.items.iter().map(|item| self.charge(item)).collect::<Vec<_>>(),
                })
            })
            .collect();
        let services: Vec<Value> = estimate
            .services
            .iter()
            .map(|it| {
                json!({ "service": it.service, "running": self.sum(it.running),
                    "asleep": self.sum(it.asleep) })
            })
            .collect();
        json!({
            "format_version": 1,
            "stack": stack.name, "environment": stack.environment, "region": stack.region,
            "currency": currency.code, "per_dollar": currency.rate, "hours": 730,
            "running": self.sum(estimate.running), "asleep": self.sum(estimate.asleep),
            "before": estimate.before.map(|sum| self.sum(sum)),
            "change": estimate.change().map(|sum| self.sum(sum)),
            "budget": stack.budget.as_ref().map(|budget| json!({
                "monthly": budget.monthly, "currency": budget.currency, "over": over.is_some(),
            })),
            "services": services, "resources": lines,
        })
    }

    fn sum(&self, sum: Sum) -> Value {
        sum_json(sum, self.currency)
    }

    fn charge(&self, item: &Item) -> Value {
        let rate = self.currency.rate;
        let (cost, state, detail) = match &item.position {
            Position::Known(usd) => (Some(usd * rate), "known", None),
            Position::ByUse(name) => (None, "by_use", Some(*name)),
            Position::Unknown(why) => (None, "unknown", Some(why.as_str())),
        };
        json!({
            "what": item.what, "item": item.item, "unit": item.unit, "quantity": item.quantity,
            "price": item.price.map(|usd| usd * rate), "source": item.source, "cost": cost,
            "state": state, "detail": detail,
        })
    }
}

/// A sum as `--json` gives it: what is known of it, and how many charges are not in it.
pub fn sum_json(sum: Sum, currency: &Currency) -> Value {
    json!({
        "amount": (sum.usd * currency.rate * 100.0).round() / 100.0,
        "unknown": sum.unknown, "by_use": sum.by_use,
    })
}
