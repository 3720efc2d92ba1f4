//! What a pipeline shows of a plan: annotations beside the lines of the stack file, a summary, a comment on
//! the pull request, and what GitLab reads from a file.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::plan_json::Summary;
use super::{Report, cost, plan};
use crate::cost::{Currency, Estimate};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, Span};
use crate::model::Stack;
use crate::plan::{Action, Item, Plan};

/// How many characters GitHub takes for a comment.
const COMMENT: usize = 65_536;

/// Where the pipeline runs, which decides how mistakes are shown beside the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Host {
    /// GitHub Actions: annotations, and the job's summary.
    Github,
    /// GitLab CI: what its merge requests read from files.
    Gitlab,
    /// Any other: text alone.
    Plain,
}

impl Host {
    /// The host by what it sets in the environment of its jobs.
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let is_true = |name: &str| variable(name).is_some_and(|value| value == "true");
        match (is_true("GITHUB_ACTIONS"), is_true("GITLAB_CI")) {
            (true, _) => Self::Github,
            (_, true) => Self::Gitlab,
            _ => Self::Plain,
        }
    }
}

impl Report {
    /// Something to see beside a line of the stack file, where the host shows such things.
    pub fn annotate(&self, host: Host, diagnostics: &Diagnostics) {
        if host == Host::Github && !self.json {
            for diagnostic in diagnostics {
                self.out(&annotation(diagnostic));
            }
        }
    }
}

/// GitHub's command that marks a line:
/// <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>.
fn annotation(diagnostic: &Diagnostic) -> String {
    let command = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut text = diagnostic.message.clone();
    for more in diagnostic.notes.iter().chain(&diagnostic.help) {
        let _ = write!(text, "\n{more}");
    }
    let mut place = String::new();
    if let Some(span) = &diagnostic.span {
        let (line, column) = span.line_and_column();
        let _ = write!(place, "file={},line={line},col={column},", property(&span.file.path));
    }
    format!("::{command} {place}title={}::{}", property(diagnostic.code), message(&text))
}

fn message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

/// What a reviewer has to see of a plan beside the declarations: what goes, with its data or without.
pub fn warnings(plan: &Plan, stack: &Stack) -> Diagnostics {
    let mut warnings = Diagnostics::new();
    for item in plan.changed() {
        let Some((code, text)) = risk(item) else { continue };
        let mut warning = Diagnostic::error(code, text);
        warning.severity = Severity::Warning;
        warning.span = stack.resources.get(&item.address).map(|resource| resource.span.clone());
        warnings.push(warning);
    }
    warnings
}

fn risk(item: &Item) -> Option<(&'static str, String)> {
    let Item { address, kind, .. } = item;
    let held = item.holds.as_ref().map_or_else(String::new, |held| format!(": {}", held.what));
    match item.action {
        _ if item.loses_data => {
            Some(("loses-data", format!("`{address}` ({kind}) goes, and its data with it{held}")))
        }
        Action::Replace { .. } => {
            Some(("replaces", format!("`{address}` ({kind}) is replaced by a new object")))
        }
        Action::Delete => Some(("deletes", format!("`{address}` ({kind}) is deleted"))),
        _ => None,
    }
}

/// The hidden first line of a comment, by which the next run finds it and writes it anew.
///
/// It names what the command line does, as a file with mistakes does not tell its stack.
pub fn marker(file: &Path, environment: Option<&str>) -> String {
    // Two dashes would end the comment of HTML.
    let name = format!("{} {}", file.display(), environment.unwrap_or_default());
    format!("<!-- infra ci: {} -->\n", name.trim_end().replace("--", "__"))
}

/// A failure that is no mistake in the file.
pub fn one_mistake(text: &str) -> Diagnostics {
    let code = "no-plan";
    Diagnostic::error(code, text).into()
}

/// A plan in Markdown, with what it does to a month's cost.
pub fn summary(
    plan: &Plan,
    (estimate, currency): (&Estimate, &Currency),
    errors: &Diagnostics,
) -> String {
    let mut text = plan::markdown(plan);
    if let Some(line) = cost::change(estimate, currency) {
        let line = anstream::adapter::strip_str(&line).to_string();
        let _ = writeln!(text, "\n{line}");
    }
    if !errors.is_empty() {
        let _ = write!(text, "\n{}", fenced(&errors.render(false)));
    }
    text
}

/// Why there is no plan, in Markdown.
pub fn failure(file: &Path, environment: Option<&str>, why: &str) -> String {
    let file = file.display();
    let of = environment.map_or_else(String::new, |environment| format!(" `{environment}`"));
    format!("### `{file}`{of}\n\n**There is no plan.**\n\n{}", fenced(why))
}

/// A block of text that nothing inside can end.
fn fenced(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{}\n{fence}\n", text.trim_end())
}

/// A comment that GitHub takes: a plan that is too long for one is cut at a line.
pub fn comment(marker: &str, markdown: &str) -> String {
    let text = format!("{marker}{markdown}");
    if text.chars().count() <= COMMENT {
        return text;
    }
    let note = "\n```\n\n</details>\n\nThe plan is longer than a comment can be: the rest is in the job's log.\n";
    let room = COMMENT - note.chars().count();
    let cut: String = text.chars().take(room).collect();
    let whole_lines = cut.rsplit_once('\n').map_or(cut.as_str(), |(before, _)| before);
    format!("{whole_lines}{note}")
}

/// What GitLab shows on a merge request, from `artifacts: reports: terraform`:
/// <https://docs.gitlab.com/ci/yaml/artifacts_reports/#artifactsreportsterraform>.
pub fn gitlab_counts(plan: &Plan) -> Value {
    let counts = Summary::of(plan);
    json!({
        "create": counts.create + counts.replace,
        "update": counts.update + counts.adopt + counts.retag,
        "delete": counts.delete + counts.replace,
    })
}

/// What GitLab shows beside the code, from `artifacts: reports: codequality`:
/// <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>.
pub fn gitlab_quality(file: &Path, diagnostics: &Diagnostics) -> Value {
    let one = |diagnostic: &Diagnostic| {
        let (path, line) = diagnostic.span.as_ref().map_or_else(
            || (file.display().to_string(), 1),
            |span: &Span| (span.file.path.clone(), span.line_and_column().0),
        );
        let severity = match diagnostic.severity {
            Severity::Error => "major",
            Severity::Warning => "minor",
        };
        let digest = Sha256::digest(format!("{path}\n{}\n{}", diagnostic.code, diagnostic.message));
        let fingerprint: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        json!({
            "description": diagnostic.message, "check_name": diagnostic.code,
            "fingerprint": fingerprint, "severity": severity,
            "location": { "path": path, "lines": { "begin": line } },
        })
    };
    diagnostics.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_command_is_escaped() {
        let wrong = Diagnostic::error("a,b", "100 %\nand: more").help("line\r\nnext");
        let expected = "::error title=a%2Cb::100 %25%0Aand: more%0Aline%0D%0Anext";
        assert_eq!(annotation(&wrong), expected);
    }

    #[test]
    fn the_host_is_known_by_its_variables() {
        let with = |name: &'static str| move |asked: &str| (asked == name).then(|| "true".into());
        assert_eq!(Host::of(with("GITHUB_ACTIONS")), Host::Github);
        assert_eq!(Host::of(with("GITLAB_CI")), Host::Gitlab);
        assert_eq!(Host::of(with("CI")), Host::Plain);
    }

    #[test]
    fn a_comment_fits() {
        let long = "line of the plan\n".repeat(10_000);
        let text = comment("<!-- m -->\n", &long);
        assert!(text.chars().count() <= COMMENT && text.starts_with("<!-- m -->\nline"));
        assert!(text.ends_with("job's log.\n") && text.contains("plan\n```\n"));
        assert_eq!(comment("m", "short"), "mshort");
    }

    #[test]
    fn a_block_cannot_be_ended_from_inside() {
        assert_eq!(fenced("a ``` b"), "````text\na ``` b\n````\n");
    }
}
