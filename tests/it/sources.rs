//! The invariants that the crate documentation states, kept by reading the sources.

use std::fs;
use std::path::{Path, PathBuf};

/// The stages in the order in which the data flows. A stage may use those before it.
const STAGES: [&str; 10] =
    ["stack", "model", "graph", "live", "import", "plan", "cost", "picture", "apply", "report"];

fn sources() -> Vec<(String, String)> {
    fn collect(folder: &Path, root: &Path, into: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path: PathBuf = entry.expect("an entry").path();
            if path.is_dir() {
                collect(&path, root, into);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root).expect("inside").display().to_string();
                let text = fs::read_to_string(&path).expect("a text");
                // Comments may name what code may not use.
                let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
                into.push((name, code.collect::<Vec<_>>().join("\n")));
            }
        }
    }
    let root = crate::root().join("src");
    let mut found = Vec::new();
    collect(&root, &root, &mut found);
    assert!(found.len() > 50, "the sources are not where they were");
    found
}

/// Files that hold one of `words`, save those in `allowed` folders.
fn offenders(words: &[&str], allowed: &[&str]) -> Vec<String> {
    sources()
        .into_iter()
        .filter(|(name, _)| !allowed.iter().any(|folder| name.starts_with(folder)))
        .filter(|(_, text)| words.iter().any(|word| text.contains(word)))
        .map(|(name, _)| name)
        .collect()
}

#[test]
fn the_sdk_is_used_under_kinds_and_aws_alone() {
    assert_eq!(offenders(&["aws_sdk_"], &["kinds/", "aws/"]), [""; 0]);
}

#[test]
fn only_the_report_prints() {
    let words = ["println!", "print!(", "eprint!(", "dbg!(", "io::stdout(", "io::stderr()"];
    assert_eq!(offenders(&words, &["report/"]), [""; 0]);
}

#[test]
fn the_planner_is_pure() {
    let words = ["async fn", ".await", "std::fs", "std::net", "std::env", "tokio::", "std::time::"];
    let found: Vec<String> =
        offenders(&words, &[]).into_iter().filter(|f| f.starts_with("plan/")).collect();
    assert_eq!(found, [""; 0]);
}

#[test]
fn no_stage_uses_a_later_one() {
    let mut broken = Vec::new();
    for (name, text) in sources() {
        let Some(stage) = STAGES.iter().position(|stage| name.starts_with(&format!("{stage}/")))
        else {
            continue;
        };
        for later in &STAGES[stage + 1..] {
            // The graph is a library of its own, without a stage's meaning.
            if *later != "graph" && text.contains(&format!("crate::{later}::")) {
                broken.push(format!("{name} uses {later}"));
            }
        }
    }
    assert_eq!(broken, [""; 0]);
}

#[test]
fn kinds_know_nothing_of_the_engine() {
    let words = [
        "crate::plan",
        "crate::apply",
        "crate::report",
        "crate::live",
        "crate::model",
        "crate::cli::",
    ];
    let found: Vec<String> = offenders(&words, &["kinds/mod.rs"])
        .into_iter()
        .filter(|f| f.starts_with("kinds/"))
        .collect();
    assert_eq!(found, [""; 0]);
}
