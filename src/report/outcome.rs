//! How an apply ended: what was done, what failed and why, what was not tried.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;
use serde_json::Value;

use super::Report;
use super::plan::output_lines;
use super::style::{BAD, FAINT, NEW, STRONG, paint};
use crate::apply::{Failure, Outcome};
use crate::kind::{LiveObject, is_unknown};
use crate::model::Address;
use crate::plan::{Action, Item, Plan};

/// An outcome as `--json` gives it: the last line of the stream.
#[derive(Serialize)]
struct Line<'a> {
    event: &'static str,
    success: bool,
    #[serde(flatten)]
    outcome: &'a Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    remains: Option<Remains<'a>>,
}

/// What there still is after a destroy, read from the account.
#[derive(Serialize)]
struct Remains<'a> {
    /// What should have gone.
    left: Vec<Object<'a>>,
    /// What was to stay.
    kept: Vec<Object<'a>>,
}

#[derive(Serialize)]
struct Object<'a> {
    address: &'a Address,
    kind: &'a str,
    region: &'a str,
    id: &'a str,
}

impl<'a> Remains<'a> {
    /// From a plan to destroy what there still is.
    fn new(plan: &'a Plan) -> Self {
        let object = |item: &'a Item| Object {
            address: &item.address,
            kind: &item.kind,
            region: &item.region,
            id: item.live.as_deref().map_or("", LiveObject::id),
        };
        let (left, kept): (Vec<&Item>, Vec<&Item>) =
            plan.items.iter().partition(|item| item.action.removes());
        let objects = |items: Vec<&'a Item>| items.into_iter().map(object).collect();
        Self { left: objects(left), kept: objects(kept) }
    }
}

impl Report {
    /// How an apply ended: what is wrong to the standard error, the rest to the standard output.
    /// After a destroy, `remains` is the plan for what there still is.
    pub fn outcome(&self, outcome: &Outcome, remains: Option<&Plan>) {
        let remains = remains.map(Remains::new);
        if self.is_json() {
            let all_gone = remains.as_ref().is_none_or(|remains| remains.left.is_empty());
            let success = outcome.is_success() && all_gone;
            return self.json(&Line { event: "outcome", success, outcome, remains });
        }
        let troubles = troubles(outcome);
        if !troubles.is_empty() {
            self.note(&format!("\n{troubles}"));
        }
        self.out(&format!("\n{}", results(outcome)));
        if let Some(remains) = remains {
            self.out(&what_remains(&remains));
        }
    }
}

/// What is left in the account, and what was kept there.
fn what_remains(remains: &Remains<'_>) -> String {
    let list = |objects: &[Object<'_>]| -> String {
        let line = |it: &Object<'_>| {
            format!("\n  {}  {}", it.address, paint(FAINT, &format!("{} {}", it.kind, it.id)))
        };
        objects.iter().map(line).collect()
    };
    let counted = |objects: &[Object<'_>], what: &str| match objects.len() {
        1 => format!("1 object {what}"),
        count => format!("{count} objects {what}"),
    };
    let end = |objects: &[Object<'_>]| if objects.is_empty() { "." } else { ":" };
    let style = if remains.left.is_empty() { NEW } else { BAD };
    let left = paint(style, &format!("{}{}", counted(&remains.left, "left"), end(&remains.left)));
    let mut text = format!("{left}{}", list(&remains.left));
    if !remains.kept.is_empty() {
        let _ = write!(text, "\n{}:{}", counted(&remains.kept, "kept"), list(&remains.kept));
    }
    text
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
        let why = if outcome.failed.iter().any(|failure| failure.address == *address) {
            "failed"
        } else {
            "was not in the reviewed plan"
        };
        let title = format!("Not tried, because `{address}` {why}:");
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
        parts.push(paint(FAINT, "Nothing is lost: the next run goes on from here."));
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
        report.outcome(&outcome(), None);
        assert_eq!(
            captured.err(),
            "\nerror: cannot create ec2.vpc `vpc`: AccessDenied: not you (request r-1)\n\
             \x20 → ask for it\n\n\
             Not tried, because `vpc` failed:\n\
             \x20 create    subnet  ec2.vpc\n\n\
             Not begun, because the run was stopped:\n\
             \x20 update    late  ec2.vpc\n\n\
             Nothing is lost: the next run goes on from here.\n"
        );
        assert_eq!(captured.out(), "\nDone: 1 created.\n\nOutputs:\n  url  http://x\n");
    }

    #[test]
    fn programs_read_the_same_on_the_last_line() {
        let (report, captured) = Report::captured(false, true);
        report.outcome(&outcome(), None);
        let read: serde_json::Value = serde_json::from_str(&captured.out()).unwrap();
        assert_eq!((&read["event"], &read["success"]), (&"outcome".into(), &false.into()));
        assert_eq!(read["failed"][0]["request_id"], "r-1");
        assert_eq!(read["skipped"][0]["because"], "vpc");
        assert_eq!(captured.err(), "");
    }
}
