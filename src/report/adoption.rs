//! What becomes a stack's own.

use std::fmt::Write as _;

use super::Report;
use super::plan_json::PlanReport;
use super::style::{FAINT, MOVED, STRONG, paint};
use crate::plan::Plan;

impl Report {
    /// The objects that are adopted, and the tags that they get.
    pub fn adoption(&self, plan: &Plan) {
        if self.is_json() {
            self.json(&PlanReport::new(plan));
        } else {
            self.out(&text(plan));
        }
    }
}

fn text(plan: &Plan) -> String {
    let width = |of: fn(&crate::plan::Item) -> usize| plan.items.iter().map(of).max().unwrap_or(0);
    let (address, kind) = (width(|it| it.address.as_str().len()), width(|it| it.kind.len()));
    let mut text = String::new();
    let name = paint(STRONG, &format!("{} {}", plan.stack, plan.environment));
    let place = paint(FAINT, &format!("in account {}, {}", plan.account, plan.region));
    let _ = writeln!(text, "{name} {place}\n");
    for item in &plan.items {
        let id = item.live.as_ref().map(|live| live.id()).unwrap_or_default();
        let symbol = paint(MOVED, ">");
        let line = format!("  {symbol} {:address$}  {:kind$}  {id}", item.address, item.kind);
        let _ = writeln!(text, "{}", line.trim_end());
    }
    let mut common: Vec<(&String, &String)> = Vec::new();
    for (key, value) in plan.items.iter().flat_map(|item| &item.tags) {
        let is_common = plan.items.iter().all(|item| item.tags.get(key) == Some(value));
        if is_common && !common.contains(&(key, value)) {
            common.push((key, value));
        }
    }
    let _ = writeln!(text, "\nTags that they get:");
    for (key, value) in common {
        let _ = writeln!(text, "  {key} = {value}");
    }
    if plan.items.len() > 1 {
        let _ = writeln!(text, "  infra:address = its address above");
    }
    text
}
