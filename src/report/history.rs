//! Who holds a lease, and what runs did.

use std::fmt::Write;

use serde_json::json;

use super::Report;
use super::progress;
use super::style::{BAD, FAINT, GONE, NEW, STRONG, paint};
use crate::apply::history::{Ending, Record};
use crate::apply::lock::Holder;
use crate::plan::Action;

const TIME: &str = "%Y-%m-%d %H:%M:%S";

impl Report {
    /// Who holds a lease.
    pub fn holder(&self, holder: Option<&Holder>) {
        match holder {
            _ if self.is_json() => self.json(&json!({ "holder": holder })),
            Some(holder) => {
                let expires = holder.expires.strftime(TIME);
                self.out(&format!("Held by {holder}; expires {expires} UTC unless it is renewed."));
            }
            None => self.out("Nobody holds it."),
        }
    }

    /// Runs, the newest first.
    pub fn history(&self, records: &[Record]) {
        if self.is_json() {
            let run = |r: &Record| json!({ "run": r.run, "ending": r.ending, "ended": r.ended });
            return self.json(&json!({ "runs": records.iter().map(run).collect::<Vec<_>>() }));
        }
        if records.is_empty() {
            return self.out("No run has changed this environment yet.");
        }
        let lines: Vec<String> = records.iter().map(summary).collect();
        self.out(&lines.join("\n"));
    }

    /// One run with everything that happened in it.
    pub fn record(&self, record: &Record) {
        if self.is_json() {
            return self.json(record);
        }
        let mut text = summary(record);
        if let Some(ci) = &record.run.holder.ci {
            let _ = write!(text, "\n  {}", paint(FAINT, ci));
        }
        for (at, event) in &record.events {
            if let Some(line) = progress::line(event) {
                let _ =
                    write!(text, "\n{} {line}", paint(FAINT, &at.strftime("%H:%M:%S").to_string()));
            }
        }
        self.out(&text);
    }
}

fn summary(record: &Record) -> String {
    let holder = &record.run.holder;
    let ending = match record.ending {
        Ending::Done => paint(NEW, "done"),
        Ending::Failed => paint(BAD, "failed"),
        Ending::Interrupted => paint(GONE, "interrupted"),
        Ending::Unknown => paint(GONE, "no end known"),
    };
    format!(
        "{}  {}  infra {} of {} on {}  {}  {ending}",
        paint(STRONG, &holder.run),
        holder.started.strftime(TIME),
        holder.command,
        holder.user,
        holder.host,
        counts(record)
    )
}

/// What was to be done: `2 to create, 1 to update`.
fn counts(record: &Record) -> String {
    let count = |wanted: fn(&Action) -> bool| {
        record.run.planned.iter().filter(|(_, _, action)| wanted(action)).count()
    };
    let counts = [
        (count(|action| *action == Action::Create), "create"),
        (count(|a| matches!(a, Action::Update | Action::Retag | Action::Adopt)), "update"),
        (count(|action| matches!(action, Action::Replace { .. })), "replace"),
        (count(|action| *action == Action::Delete), "delete"),
    ];
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    counts.map(|(count, what)| format!("{count} to {what}")).collect::<Vec<_>>().join(", ")
}
