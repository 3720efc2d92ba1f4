//! What a rehearsal found.

use std::fmt::Write;

use super::Report;
use super::style::{BAD, FAINT, NEW, paint};
use crate::rehearse::{Check, Findings};

/// How many failures of one check are shown.
const SHOWN: usize = 20;

impl Report {
    /// A check that has ended, while others go on.
    pub fn check(&self, check: &Check) {
        self.note(&line(check));
        for failure in check.failures.iter().take(SHOWN) {
            self.note(&format!("    {failure}"));
        }
    }

    /// All checks of a rehearsal, with what did not hold.
    pub fn findings(&self, findings: &Findings, markdown: bool) {
        if self.is_json() {
            return self.json(findings);
        }
        self.out(&if markdown { self::markdown(findings) } else { text(findings) });
    }
}

fn line(check: &Check) -> String {
    let held = check.tried - check.failures.len().min(check.tried);
    let mark = if check.failures.is_empty() { paint(NEW, "✓") } else { paint(BAD, "✗") };
    format!("{mark} {}  {}", check.name, paint(FAINT, &counts(check, held)))
}

fn counts(check: &Check, held: usize) -> String {
    match (check.tried, check.of) {
        (1, 1) => String::new(),
        (tried, of) if tried == of => format!("{held} of {tried} held"),
        (tried, of) => format!("{held} of {tried} held, chosen from {of}"),
    }
}

fn text(findings: &Findings) -> String {
    let mut text = String::new();
    for check in &findings.checks {
        let _ = writeln!(text, "{}", line(check));
        for failure in check.failures.iter().take(SHOWN) {
            let _ = writeln!(text, "    {failure}");
        }
        if check.failures.len() > SHOWN {
            let _ = writeln!(text, "    and {} more", check.failures.len() - SHOWN);
        }
    }
    let last = if findings.is_success() {
        paint(NEW, "Everything held.")
    } else {
        paint(BAD, "Not everything held.")
    };
    format!("{text}{last}")
}

fn markdown(findings: &Findings) -> String {
    let mut text = "| check | tried | held |\n|---|---|---|\n".to_owned();
    for check in &findings.checks {
        let held = check.tried - check.failures.len().min(check.tried);
        let tried = if check.tried == check.of {
            check.tried.to_string()
        } else {
            format!("{} of {}", check.tried, check.of)
        };
        let mark = if check.failures.is_empty() { "✅" } else { "❌" };
        let _ = writeln!(text, "| {} | {tried} | {mark} {held} |", check.name);
    }
    for check in findings.checks.iter().filter(|check| !check.failures.is_empty()) {
        let _ = write!(text, "\n**{}**\n\n", check.name);
        for failure in check.failures.iter().take(SHOWN) {
            let _ = writeln!(text, "- {failure}");
        }
    }
    text
}
