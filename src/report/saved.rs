//! What of a saved plan still holds.

use std::fmt::Write as _;

use serde::Serialize;

use super::Report;
use super::style::{BAD, FAINT, STRONG, paint};
use super::value::{Arrow, change};
use crate::model::Address;
use crate::plan::saved::{Comparison, Refused};
use crate::plan::{Action, Item};

/// A comparison as `--json` gives it.
#[derive(Serialize)]
struct Line<'a> {
    event: &'static str,
    refused: &'a [Refused],
    unreviewed: Vec<Unreviewed<'a>>,
    done: &'a [Address],
}

#[derive(Serialize)]
struct Unreviewed<'a> {
    address: &'a Address,
    kind: &'a str,
    action: Action,
}

impl Report {
    /// What of a saved plan is carried out no more, why, and what is not in it.
    pub fn comparison(&self, comparison: &Comparison) {
        if self.is_json() {
            let unreviewed = comparison.unreviewed().map(|item| Unreviewed {
                address: &item.address,
                kind: &item.kind,
                action: item.action,
            });
            return self.json(&Line {
                event: "compared",
                refused: &comparison.refused,
                unreviewed: unreviewed.collect(),
                done: &comparison.done,
            });
        }
        let text = text(comparison);
        if !text.is_empty() {
            self.note(&text);
        }
    }
}

fn text(comparison: &Comparison) -> String {
    let mut text = String::new();
    if !comparison.done.is_empty() {
        let done: Vec<&str> = comparison.done.iter().map(Address::as_str).collect();
        let _ = writeln!(text, "Already as planned: {}\n", done.join(", "));
    }
    let unreviewed: Vec<&Item> = comparison.unreviewed().collect();
    if !unreviewed.is_empty() {
        let title = "Not in the reviewed plan, and left alone; `infra plan` shows it:";
        let _ = writeln!(text, "{}", paint(STRONG, title));
        for item in unreviewed {
            line(item.action, &item.address, &item.kind, &mut text);
        }
        text.push('\n');
    }
    if !comparison.refused.is_empty() {
        let title = "Refused, because it is not as it was when the plan was made:";
        let _ = writeln!(text, "{}", paint(BAD, title));
        for refused in &comparison.refused {
            line(refused.action, &refused.address, &refused.kind, &mut text);
            for moved in &refused.moved {
                let of = match &moved.address {
                    address if *address == refused.address => String::new(),
                    address => format!("{address}: "),
                };
                let values = [&moved.was, &moved.is].map(|v| (!v.is_null()).then_some(v));
                let mut lines = change(values[0], values[1], Arrow::Becomes).into_iter();
                let first = lines.next().unwrap_or_default();
                let _ = writeln!(text, "      {of}{}  {first}", moved.path);
                for next in lines {
                    let _ = writeln!(text, "        {next}");
                }
            }
        }
    }
    text
}

fn line(action: Action, address: &Address, kind: &str, text: &mut String) {
    let _ = writeln!(text, "  {:<9} {address}  {}", action.as_str(), paint(FAINT, kind));
}
