//! Plans, events and diagnostics → text, JSON and Markdown. The only place that prints: everything
//! goes through one [`Report`].

mod adoption;
mod calls;
pub mod ci;
pub mod cost;
mod explain;
mod history;
mod outcome;
pub mod page;
mod panic;
mod picture;
pub mod plan;
pub mod plan_json;
pub mod progress;
mod reference;
mod rehearsal;
mod saved;
mod show;
pub mod style;
pub mod unmanaged;
mod value;

use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};

use anstream::{AutoStream, ColorChoice};
use serde::Serialize;
use serde_json::json;

pub use panic::hide_messages_of_panics;
pub use picture::PictureFormat;

use crate::cost::{Currency, Estimate};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, code};
use crate::kind::literal;
use crate::plan::Plan;

/// Where everything that a command says goes: results to the standard output, what is said to
/// people on the way to the standard error.
///
/// Text may hold ANSI styles; they are taken out for a stream that is to have none.
pub struct Report {
    out: Channel,
    err: Channel,
    json: bool,
}

struct Channel {
    stream: Mutex<Box<dyn Write + Send>>,
    color: bool,
    terminal: bool,
}

impl Channel {
    fn new(stream: impl Write + Send + 'static, color: bool, terminal: bool) -> Self {
        Self { stream: Mutex::new(Box::new(stream)), color, terminal }
    }

    /// Writes at once. A reader that has gone away is no error of ours.
    fn write(&self, text: &str) {
        let text = &*literal::plain(text);
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        let plain;
        let text = if self.color {
            text
        } else {
            plain = anstream::adapter::strip_str(text).to_string();
            &plain
        };
        let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
    }

    fn line(&self, text: &str) {
        self.write(&format!("{}\n", text.trim_end_matches('\n')));
    }
}

/// What a report wrote, for looking at it.
#[derive(Clone, Debug, Default)]
pub struct Captured {
    out: Shared,
    err: Shared,
}

impl Captured {
    /// What went to the standard output.
    pub fn out(&self) -> String {
        self.out.text()
    }

    /// What went to the standard error.
    pub fn err(&self) -> String {
        self.err.text()
    }
}

#[derive(Clone, Debug, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Report {
    /// A report to the standard streams. With [`ColorChoice::Auto`], each has colours if it is a
    /// terminal and the environment (`NO_COLOR`, `CLICOLOR`, `TERM`) does not speak against it.
    pub fn new(color: ColorChoice, json: bool) -> Self {
        let wants = |auto: ColorChoice| match color {
            ColorChoice::Auto => auto != ColorChoice::Never,
            ColorChoice::Never => false,
            ColorChoice::Always | ColorChoice::AlwaysAnsi => true,
        };
        let (out, err) = (io::stdout(), io::stderr());
        let colors = (wants(AutoStream::choice(&out)), wants(AutoStream::choice(&err)));
        let terminals = (out.is_terminal(), err.is_terminal());
        Self {
            out: Channel::new(out, colors.0, terminals.0),
            err: Channel::new(err, colors.1, terminals.1),
            json,
        }
    }

    /// A report that keeps what it is told.
    pub fn captured(color: bool, json: bool) -> (Self, Captured) {
        let captured = Captured::default();
        let report = Self {
            out: Channel::new(captured.out.clone(), color, false),
            err: Channel::new(captured.err.clone(), color, false),
            json,
        };
        (report, captured)
    }

    /// Whether results are JSON.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Whether what is said to people has colours.
    pub fn has_color(&self) -> bool {
        self.err.color
    }

    /// Whether somebody watches the standard error.
    pub fn is_terminal(&self) -> bool {
        self.err.terminal
    }

    /// A result, as text: to the standard output, on lines of its own.
    pub fn out(&self, text: &str) {
        self.out.line(text);
    }

    /// A result, as JSON: to the standard output, on one line.
    pub fn json(&self, value: &impl Serialize) {
        if let Ok(text) = serde_json::to_string(value) {
            self.out.line(&text);
        }
    }

    /// Something to know on the way: to the standard error, on lines of its own.
    pub fn note(&self, text: &str) {
        self.err.line(text);
    }

    /// A piece of text for the standard error as it is, such as a progress display's.
    pub fn raw_note(&self, text: &str) {
        self.err.write(text);
    }

    /// What went wrong: to the standard error as text; to the standard output as JSON.
    pub fn error(&self, error: &dyn std::fmt::Display) {
        if self.json {
            self.json(&json!({ "errors": [{ "message": error.to_string() }] }));
        } else {
            self.err.line(&format!("{}: {error}", style::paint(style::BAD, "error")));
        }
    }

    /// Mistakes, each with its place.
    pub fn diagnostics(&self, diagnostics: &Diagnostics) {
        if self.json {
            let (errors, warnings): (Vec<_>, Vec<_>) =
                diagnostics.iter().partition(|d| d.severity == Severity::Error);
            let all = |list: Vec<&Diagnostic>| list.into_iter().map(diagnostic_json).collect();
            let (errors, warnings): (Vec<_>, Vec<_>) = (all(errors), all(warnings));
            self.json(&json!({ "errors": errors, "warnings": warnings }));
        } else {
            self.err.line(&diagnostics.render(self.err.color));
            // Once for all: whoever wants to know more asks for one code at a time.
            if let Some(code) =
                diagnostics.iter().map(|d| d.code).find(|code| code::find(code).is_some())
            {
                self.err.line(&format!("`infra explain {code}` says more"));
            }
        }
    }

    /// A plan.
    pub fn plan(&self, plan: &Plan) {
        if self.json {
            self.json(&plan_json::PlanReport::new(plan));
        } else {
            self.out(&plan::text(plan));
        }
    }

    /// A plan, and what it does to a month's cost.
    pub fn plan_costing(&self, plan: &Plan, estimate: &Estimate, currency: &Currency) {
        if self.json {
            let cost = Some(cost::change_json(estimate, currency));
            self.json(&plan_json::PlanReport { cost, ..plan_json::PlanReport::new(plan) });
        } else {
            self.plan(plan);
            if let Some(line) = cost::change(estimate, currency) {
                self.out(&line);
            }
        }
    }

    /// What differs in AWS.
    pub fn drift(&self, plan: &Plan) {
        if self.json {
            self.json(&plan_json::PlanReport::new(plan));
        } else {
            self.out(&plan::drift(plan));
        }
    }

    /// Asks on the standard error; only the given word, typed in full, is a yes. Without
    /// somebody to ask the answer is no.
    pub async fn confirm(&self, question: &str, word: &str) -> bool {
        if self.json || !io::stdin().is_terminal() {
            return false;
        }
        self.err.write(&format!("{question} "));
        let answer = tokio::task::spawn_blocking(|| {
            let mut answer = String::new();
            io::stdin().lock().read_line(&mut answer).map(|_| answer)
        });
        answer.await.is_ok_and(|read| read.is_ok_and(|answer| answer.trim() == word))
    }
}

fn diagnostic_json(diagnostic: &Diagnostic) -> serde_json::Value {
    let mut value = json!({ "code": diagnostic.code, "message": diagnostic.message });
    if let Some(span) = &diagnostic.span {
        let (line, column) = span.line_and_column();
        value["file"] = span.file.path.as_str().into();
        value["line"] = line.into();
        value["column"] = column.into();
    }
    if !diagnostic.label.is_empty() {
        value["label"] = diagnostic.label.as_str().into();
    }
    for (key, texts) in [("notes", &diagnostic.notes), ("help", &diagnostic.help)] {
        if !texts.is_empty() {
            value[key] = texts.as_slice().into();
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_are_taken_out_where_there_are_to_be_none() {
        for (color, expected) in
            [(true, "\u{1b}[1m\u{1b}[31merror\u{1b}[0m: no\n"), (false, "error: no\n")]
        {
            let (report, captured) = Report::captured(color, false);
            report.error(&"no");
            assert_eq!((captured.err(), captured.out()), (expected.to_owned(), String::new()));
        }
    }

    #[tokio::test]
    async fn json_mode_says_errors_where_results_are_read() {
        let (report, captured) = Report::captured(false, true);
        report.error(&"no");
        report.diagnostics(&Diagnostic::error("unknown-kind", "what").help("that").into());
        assert_eq!(
            captured.out(),
            "{\"errors\":[{\"message\":\"no\"}]}\n{\"errors\":[{\"code\":\"unknown-kind\",\
             \"message\":\"what\",\"help\":[\"that\"]}],\"warnings\":[]}\n"
        );
        assert!(!report.confirm("Really?", "yes").await);
    }
}
