//! How an apply ended: what was done, what failed and why, what was not tried.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;
use serde_json::Value;

use super::Report;
use super::plan::output_lines;
use super::style::{BAD, FAINT, NEW, STRONG, paint};
use crate::apply::{Failure, Outcome};
use crate::kind::is_unknown;
use crate::model::Address;
use crate::plan::Action;

/// An outcome as `--json` gives it: the last line of the stream.
#[derive(Serialize)]
struct Line<'a> {
    event: &'static str,
    success: bool,
    #[serde(flatten)]
    outcome: &'a Outcome,
}

impl Report {
    /// How an apply ended: what is wrong to the standard error, the rest to the standard output.
    pub fn outcome(&self, outcome: &Outcome) {
        if self.is_json() {
            let success = outcome.is_success();
            return self.json(&Line { event: "outcome", success, outcome });
        }
        let troubles = troubles(outcome);
        if !troubles.is_empty() {
            self.note(&format!("\n{troubles}"));
        }
        self.out(&format!("\n{}", results(outcome)));
    }
}

/// What was done, and the outputs.
fn results(outcome: &Outcome) -> String {
    let count = |wanted: fn(&Action) -> bool| {
        outcome.done.iter().filter(|done| wanted(&done.action)).count()
    };
    let counts = [
        (count(|action| *action == Action::Create), "created"),
        (count(|action| *action == Action::Update), "updated"),
        (count(|action| matches!(action, Action::Replace { .. })), "replaced"),
        (count(|action| *action == Action::Delete), "deleted"),
        (count(|action| *action == Action::Adopt), "adopted"),
        (count(|action| *action == Action::Retag), "moved"),
        (count(|action| *action == Action::Keep), "now usable"),
    ];
    let counts: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let done = if counts.is_empty() { "nothing".to_owned() } else { counts.join(", ") };
    let style = if outcome.is_success() { NEW } else { STRONG };
    let mut text = format!("{} {done}.", paint(style, "Done:"));
    // After a failure some may not be known.
    let known = |value: &Value| !value.as_str().is_some_and(is_unknown);
    let outputs = output_lines(outcome.outputs.iter().filter(|(_, value)| known(value)));
    if !outputs.is_empty() {
        let _ = write!(text, "\n\n{}", paint(STRONG, "Outputs:"));
        for line in outputs.lines() {
            let _ = write!(text, "\n  {line}");
        }
    }
    text
}

/// What failed with what to do about it, and what was therefore not done.
fn troubles(outcome: &Outcome) -> String {
    let mut parts: Vec<String> = outcome.failed.iter().map(failure).collect();
    let mut because: BTreeMap<&Address, Vec<String>> = BTreeMap::new();
    for skipped in &outcome.skipped {
        let line =
            format!("  {:<9} {}", skipped.step.as_str(), about(&skipped.address, &skipped.kind));
        because.entry(&skipped.because).or_default().push(line);
    }
    for (address, lines) in because {
        let title = format!("Not tried, because `{address}` failed:");
        parts.push(format!("{}\n{}", paint(STRONG, &title), lines.join("\n")));
    }
    for (begun, title) in [
        (true, "Begun, and not waited for; AWS may still bring it to its end:"),
        (false, "Not begun, because the run was stopped:"),
    ] {
        let left = outcome.left.iter().filter(|left| left.begun == begun);
        let lines: Vec<String> = left
            .map(|left| format!("  {:<9} {}", left.step.as_str(), about(&left.address, &left.kind)))
            .collect();
        if !lines.is_empty() {
            parts.push(format!("{}\n{}", paint(STRONG, title), lines.join("\n")));
        }
    }
    if !parts.is_empty() {
        parts.push(paint(FAINT, "Nothing is lost: the next `infra apply` goes on from here."));
    }
    parts.join("\n\n")
}

fn failure(failure: &Failure) -> String {
    format!("{}: {failure}\n  {} {}", paint(BAD, "error"), paint(FAINT, "→"), failure.advice)
}

fn about(address: &Address, kind: &str) -> String {
    format!("{address}  {}", paint(FAINT, kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply::{Done, Left, Skipped, Verb};
    use crate::aws::{Class, Error};

    fn outcome() -> Outcome {
        let kind = || "ec2.vpc".to_owned();
        let mut error = Error::new(Class::Denied, "AccessDenied", "not you");
        error.request_id = Some("r-1".to_owned());
        Outcome {
            done: vec![Done {
                address: "topic".into(),
                kind: "sns.topic".to_owned(),
                action: Action::Create,
                elapsed_ms: 300,
            }],
            failed: vec![Failure {
                address: "vpc".into(),
                kind: kind(),
                verb: Verb::Create,
                error,
                advice: "ask for it".to_owned(),
            }],
            skipped: vec![Skipped {
                address: "subnet".into(),
                kind: kind(),
                step: Verb::Create,
                because: "vpc".into(),
            }],
            left: vec![Left {
                address: "late".into(),
                kind: kind(),
                step: Verb::Update,
                begun: false,
            }],
            interrupted: true,
            outputs: BTreeMap::from([
                ("url".to_owned(), "http://x".into()),
                ("name".to_owned(), "${alb.name}".into()),
            ]),
        }
    }

    #[test]
    fn people_read_what_went_wrong_what_to_do_and_what_was_done() {
        let (report, captured) = Report::captured(false, false);
        report.outcome(&outcome());
        assert_eq!(
            captured.err(),
            "\nerror: cannot create ec2.vpc `vpc`: AccessDenied: not you (request r-1)\n\
             \x20 → ask for it\n\n\
             Not tried, because `vpc` failed:\n\
             \x20 create    subnet  ec2.vpc\n\n\
             Not begun, because the run was stopped:\n\
             \x20 update    late  ec2.vpc\n\n\
             Nothing is lost: the next `infra apply` goes on from here.\n"
        );
        assert_eq!(captured.out(), "\nDone: 1 created.\n\nOutputs:\n  url  http://x\n");
    }

    #[test]
    fn programs_read_the_same_on_the_last_line() {
        let (report, captured) = Report::captured(false, true);
        report.outcome(&outcome());
        let read: serde_json::Value = serde_json::from_str(&captured.out()).unwrap();
        assert_eq!((&read["event"], &read["success"]), (&"outcome".into(), &false.into()));
        assert_eq!(read["failed"][0]["request_id"], "r-1");
        assert_eq!(read["skipped"][0]["because"], "vpc");
        assert_eq!(captured.err(), "");
    }
}
