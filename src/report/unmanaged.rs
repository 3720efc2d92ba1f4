//! What no stack owns.

use std::fmt::Write as _;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::Report;
use super::cost::{amount, sum_json};
use super::style::{FAINT, STRONG, paint};
use crate::cost::{Currency, Share, Sum};
use crate::kind::LiveObject;
use crate::kinds;

/// One object that no stack owns.
pub struct Unmanaged {
    /// The object.
    pub object: Arc<LiveObject>,
    /// When it was made, where AWS says so.
    pub made: Option<Timestamp>,
    /// How far it is priced.
    pub share: Share,
    /// What a month of it costs.
    pub cost: Sum,
}

impl Report {
    /// What no stack owns, a line each, and what it costs together. `owned` objects are some stack's.
    pub fn unmanaged(&self, rows: &[Unmanaged], owned: usize, now: Timestamp) {
        let mut sum = Sum::default();
        rows.iter().for_each(|row| sum += row.cost);
        if self.is_json() {
            let objects: Vec<Value> = rows.iter().map(row_json).collect();
            let sum = sum_json(sum, &Currency::default());
            self.json(&json!({ "objects": objects, "monthly": sum, "owned": owned }));
            return;
        }
        if rows.is_empty() {
            self.out("Nothing lives here that no stack owns.");
        } else {
            self.out(&text(rows, sum, owned, now));
        }
    }
}

fn row_json(row: &Unmanaged) -> Value {
    let Unmanaged { object, made, share, cost } = row;
    let monthly = (*share != Share::NotPriced).then(|| sum_json(*cost, &Currency::default()));
    json!({
        "kind": object.kind, "id": object.id(), "name": name(object), "region": object.region,
        "created": made.map(|made| made.to_string()), "monthly": monthly, "tags": object.tags,
    })
}

/// What people call an object, where that says more than its id.
fn name(object: &LiveObject) -> Option<&str> {
    let field = kinds::find(&object.kind).and_then(|kind| kind.schema().name_field());
    let name = field.and_then(|field| object.spec.get(field.name)).and_then(Value::as_str);
    name.or(object.tags.get("Name").map(String::as_str)).filter(|name| !name.is_empty())
}

fn text(rows: &[Unmanaged], sum: Sum, owned: usize, now: Timestamp) -> String {
    let cells: Vec<[String; 5]> = rows
        .iter()
        .map(|row| {
            let object = &row.object;
            let (id, name) = (object.id(), name(object));
            let what = match name.filter(|name| *name != id) {
                // An ARN ends in the name.
                Some(name) if id.starts_with("arn:") => name.to_owned(),
                Some(name) => format!("{name} ({id})"),
                None => id.to_owned(),
            };
            let cost = match row.share {
                Share::Free => "free".to_owned(),
                Share::NotPriced => "not priced".to_owned(),
                Share::Charged => amount(row.cost, &Currency::default()),
            };
            let age = row.made.map_or_else(String::new, |made| age(now.duration_since(made)));
            [object.kind.clone(), what, object.region.clone(), age, cost]
        })
        .collect();
    let head = ["KIND", "NAME OR ID", "REGION", "AGE", "A MONTH"].map(ToOwned::to_owned);
    let widths: [usize; 4] = std::array::from_fn(|column| {
        let cells = cells.iter().chain([&head]).map(|cells| cells[column].chars().count());
        cells.max().unwrap_or(0)
    });
    let line = |cells: &[String; 5]| {
        let [kind, what, region, age, cost] = cells;
        let [a, b, c, d] = widths;
        format!("{kind:a$}  {what:b$}  {region:c$}  {age:>d$}  {cost}").trim_end().to_owned()
    };
    let mut text = String::new();
    let _ = writeln!(text, "{}", paint(FAINT, &line(&head)));
    for cells in &cells {
        let _ = writeln!(text, "{}", line(cells));
    }
    let total = amount(sum, &Currency::default());
    let _ = writeln!(
        text,
        "\n{} {total} a month.",
        paint(STRONG, &format!("{}:", objects(rows.len())))
    );
    if owned > 0 {
        let _ = writeln!(
            text,
            "{} more {} stacks.",
            objects(owned),
            if owned == 1 { "belongs to" } else { "belong to" }
        );
    }
    text
}

fn objects(count: usize) -> String {
    if count == 1 { "1 object".to_owned() } else { format!("{count} objects") }
}

/// How long ago something was, in the largest unit that says something.
fn age(passed: SignedDuration) -> String {
    let hours = passed.as_hours();
    match hours {
        ..1 => format!("{} min", passed.as_mins().max(0)),
        1..48 => format!("{hours} h"),
        48..1440 => format!("{} days", hours / 24),
        1440..17520 => format!("{} months", hours / 730),
        _ => format!("{} years", hours / 8760),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_said_in_one_unit() {
        let said = |hours: i64| age(SignedDuration::from_hours(hours));
        assert_eq!(said(0), "0 min");
        assert_eq!(said(5), "5 h");
        assert_eq!(said(24 * 10), "10 days");
        assert_eq!(said(24 * 100), "3 months");
        assert_eq!(said(24 * 800), "2 years");
    }
}
