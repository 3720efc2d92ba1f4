//! An apply while it runs: a live display on a terminal, lines without one, JSON lines for
//! programs.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use tokio::sync::mpsc::UnboundedReceiver;

use super::Report;
use super::style::{BAD, CHANGED, FAINT, GONE, NEW, STRONG, paint};
use crate::apply::{Event, Verb};
use crate::model::Address;

/// Shows all events until there are no more.
pub async fn follow(report: &Report, mut events: UnboundedReceiver<Event>) {
    let mut progress = Progress::new(report);
    while let Some(event) = events.recv().await {
        progress.take(&event);
    }
}

/// What is shown of a run. Events come in, in their order.
pub struct Progress<'a> {
    report: &'a Report,
    display: Option<Display>,
    color: bool,
}

impl<'a> Progress<'a> {
    /// A display as the report wants it.
    pub fn new(report: &'a Report) -> Self {
        let live = report.is_terminal() && !report.is_json();
        let color = report.has_color();
        Self { report, display: live.then(|| Display::new(color)), color }
    }

    /// Shows what has happened.
    pub fn take(&mut self, event: &Event) {
        if self.report.is_json() {
            return self.report.json(event);
        }
        match &mut self.display {
            None => {
                if let Some(line) = line(event) {
                    self.report.note(&line);
                }
            }
            Some(display) => {
                display.take(event);
                // What stays on the screen goes above what moves.
                let stays = !matches!(
                    event,
                    Event::Waiting { .. } | Event::Retrying { .. } | Event::Blocked { .. }
                );
                if let Some(line) = line(event).filter(|_| stays) {
                    display.above(&shown(&line, self.color));
                }
            }
        }
    }
}

fn shown(line: &str, color: bool) -> String {
    if color { line.to_owned() } else { anstream::adapter::strip_str(line).to_string() }
}

/// An event as a line of text; some say nothing worth one.
pub(super) fn line(event: &Event) -> Option<String> {
    Some(match event {
        Event::Begun { .. }
        | Event::Started { .. }
        | Event::Accepted { .. }
        | Event::Ended { .. } => return None,
        Event::Waiting { address, step, what } => {
            let text = match step {
                Verb::Delete => format!("waits to be gone: {what}"),
                _ => format!("waits to be usable: {what}"),
            };
            format!("  {} {address}  {}", paint(FAINT, "…"), paint(FAINT, &text))
        }
        Event::Blocked { address, by, .. } => {
            let text = format!("waits for {}", several(by));
            format!("  {} {address}  {}", paint(FAINT, "…"), paint(FAINT, &text))
        }
        Event::Retrying { address, step, error, after_ms, .. } => {
            let after = duration(*after_ms);
            let text = format!("could not {step}, again in {after}: {error}");
            format!("  {} {address}  {}", paint(CHANGED, "↻"), paint(FAINT, &text))
        }
        Event::Done { address, kind, step, id, elapsed_ms } => {
            let (style, done) = match step {
                Verb::Wait => (NEW, "usable"),
                Verb::Unlink => (CHANGED, "unlinked"),
                Verb::Create => (NEW, "created"),
                Verb::Update => (CHANGED, "updated"),
                Verb::Complete => (CHANGED, "completed"),
                Verb::Delete => (GONE, "deleted"),
            };
            let id = if id.is_empty() { String::new() } else { format!(" {id}") };
            let about = format!("{kind}{id}, {}", duration(*elapsed_ms));
            let done = paint(style, &format!("{done:<9}"));
            format!("  {} {done} {address}  {}", paint(style, "✓"), paint(FAINT, &about))
        }
        Event::Failed { address, kind, step, error, .. } => {
            format!("  {} cannot {step} {kind} `{address}`: {error}", paint(BAD, "✗"))
        }
        Event::Skipped { address, step, because, .. } => {
            let text = format!("not tried to {step} {address}: `{because}` failed");
            format!("  {} {}", paint(FAINT, "-"), paint(FAINT, &text))
        }
        Event::Stopping { now: false } => paint(
            STRONG,
            "Stopping: nothing new begins, what is in flight is waited for. Once more to leave \
             at once.",
        ),
        Event::Stopping { now: true } => paint(STRONG, "Leaving."),
    })
}

/// The first few of many things.
fn several(things: &[String]) -> String {
    const SHOWN: usize = 3;
    match things.len().saturating_sub(SHOWN) {
        0 => things.join(", "),
        more => format!("{} and {more} more", things[..SHOWN].join(", ")),
    }
}

/// Milliseconds as people say them.
pub(super) fn duration(ms: u64) -> String {
    match ms / 1000 {
        0..10 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        seconds @ 10..120 => format!("{seconds} s"),
        seconds => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

/// What moves at the bottom of a terminal: a line per step under way, and how far the run is.
struct Display {
    all: MultiProgress,
    whole: ProgressBar,
    steps: BTreeMap<(Address, Verb), ProgressBar>,
    spinner: ProgressStyle,
}

const TICK: Duration = Duration::from_millis(120);

impl Display {
    fn new(color: bool) -> Self {
        let style = |colored: &str, plain: &str| {
            let template = if color { colored } else { plain };
            let known = ProgressStyle::with_template(template);
            known.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━╸─")
        };
        let spinner = style(
            "  {spinner:.cyan} {prefix} {wide_msg:.dim} {elapsed:.dim}",
            "  {spinner} {prefix} {wide_msg} {elapsed}",
        );
        let all = MultiProgress::new();
        let whole = all.add(ProgressBar::new(0));
        whole.set_style(style(
            "  {bar:24.cyan/dim} {pos}/{len} steps, {elapsed}",
            "  {bar:24} {pos}/{len} steps, {elapsed}",
        ));
        Self { all, whole, steps: BTreeMap::new(), spinner }
    }

    /// Writes a line that stays. A terminal that has gone away is no error of ours.
    fn above(&self, line: &str) {
        let _ = self.all.println(line);
    }

    fn take(&mut self, event: &Event) {
        match event {
            Event::Begun { steps } => {
                self.whole.set_length(u64::try_from(*steps).unwrap_or(u64::MAX));
                self.whole.enable_steady_tick(Duration::from_secs(1));
            }
            Event::Started { address, step, .. } => {
                let bar = self.all.insert_before(&self.whole, ProgressBar::new_spinner());
                bar.set_style(self.spinner.clone());
                bar.set_prefix(format!("{:<9} {address}", step.as_str()));
                bar.enable_steady_tick(TICK);
                self.steps.insert((address.clone(), *step), bar);
            }
            Event::Accepted { address, step } => self.say(address, *step, "accepted".to_owned()),
            Event::Waiting { address, step, what } => self.say(address, *step, what.clone()),
            Event::Blocked { address, step, by } => {
                self.say(address, *step, format!("waits for {}", several(by)));
            }
            Event::Retrying { address, step, error, .. } => {
                self.say(address, *step, format!("trying again: {error}"));
            }
            Event::Done { address, step, .. }
            | Event::Failed { address, step, .. }
            | Event::Skipped { address, step, .. } => {
                if let Some(bar) = self.steps.remove(&(address.clone(), *step)) {
                    bar.finish_and_clear();
                    self.all.remove(&bar);
                }
                self.whole.inc(1);
            }
            Event::Stopping { .. } => {}
            Event::Ended { .. } => {
                self.steps.values().for_each(ProgressBar::finish_and_clear);
                self.whole.finish_and_clear();
            }
        }
    }

    fn say(&self, address: &Address, step: Verb, text: String) {
        if let Some(bar) = self.steps.get(&(address.clone(), step)) {
            bar.set_message(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Action;

    fn events() -> Vec<Event> {
        let vpc = || Address::new("network/vpc");
        let kind = || "ec2.vpc".to_owned();
        vec![
            Event::Begun { steps: 2 },
            Event::Started {
                address: vpc(),
                kind: kind(),
                action: Action::Create,
                step: Verb::Create,
            },
            Event::Retrying {
                address: vpc(),
                step: Verb::Create,
                error: "Throttling".to_owned(),
                attempt: 1,
                after_ms: 750,
            },
            Event::Accepted { address: vpc(), step: Verb::Create },
            Event::Waiting { address: vpc(), step: Verb::Create, what: "pending".to_owned() },
            Event::Blocked {
                address: vpc(),
                step: Verb::Delete,
                by: ["a", "b", "c", "d"].map(ToOwned::to_owned).into(),
            },
            Event::Done {
                address: vpc(),
                kind: kind(),
                step: Verb::Create,
                id: "vpc-1".to_owned(),
                elapsed_ms: 125_000,
            },
            Event::Failed {
                address: "alb".into(),
                kind: "elbv2.load_balancer".to_owned(),
                step: Verb::Delete,
                error: "AccessDenied: no".to_owned(),
                advice: String::new(),
            },
            Event::Skipped {
                address: vpc(),
                kind: kind(),
                step: Verb::Delete,
                because: "alb".into(),
            },
            Event::Ended { done: 1, failed: 1, skipped: 1, left: 0 },
        ]
    }

    #[test]
    fn without_a_terminal_there_is_a_line_for_what_matters() {
        let (report, captured) = Report::captured(false, false);
        let mut progress = Progress::new(&report);
        events().iter().for_each(|event| progress.take(event));
        assert_eq!(captured.out(), "");
        assert_eq!(
            captured.err(),
            "  ↻ network/vpc  could not create, again in 0.7 s: Throttling\n\
             \x20 … network/vpc  waits to be usable: pending\n\
             \x20 … network/vpc  waits for a, b, c and 1 more\n\
             \x20 ✓ created   network/vpc  ec2.vpc vpc-1, 2 min 05 s\n\
             \x20 ✗ cannot delete elbv2.load_balancer `alb`: AccessDenied: no\n\
             \x20 - not tried to delete network/vpc: `alb` failed\n"
        );
    }

    #[test]
    fn programs_get_every_event_as_a_line_of_json() {
        let (report, captured) = Report::captured(false, true);
        let mut progress = Progress::new(&report);
        events().iter().for_each(|event| progress.take(event));
        assert_eq!(captured.err(), "");
        let read: Vec<Event> =
            captured.out().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(read, events());
        assert!(captured.out().starts_with("{\"event\":\"begun\",\"steps\":2}\n"));
    }
}
