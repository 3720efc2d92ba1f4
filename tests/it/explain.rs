//! Every code of a mistake has its page, and what the page says is so.

use std::collections::BTreeSet;
use std::path::Path;

use infra::diagnostic::code::{PAGES, Page, find};
use infra::model::{self, Options};
use insta::assert_snapshot;
use tempfile::TempDir;

use crate::cases::options;
use crate::cli::{infra, said};

/// The codes that the sources give to mistakes.
fn given() -> BTreeSet<String> {
    fn read(folder: &Path, text: &mut String) {
        for entry in std::fs::read_dir(folder).expect("the sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                read(&path, text);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                text.push_str(&std::fs::read_to_string(&path).expect("a source"));
            }
        }
    }
    let mut text = String::new();
    read(&crate::root().join("src"), &mut text);
    let code = r#"(?:Diagnostic::error|Wrong::new|\berror|warning)\(\s*"([a-z]+(?:-[a-z]+)*)",\s"#;
    let code = regex::Regex::new(code).expect("a pattern");
    code.captures_iter(&text).map(|found| found[1].to_owned()).collect()
}

#[test]
fn every_code_has_its_page() {
    let pages: Vec<&str> = PAGES.iter().map(|page| page.code).collect();
    assert!(pages.is_sorted(), "the pages are sorted");
    let given = given();
    let known: BTreeSet<String> = pages.iter().map(|code| (*code).to_owned()).collect();
    assert_eq!(given, known);
}

/// The blocks of a page that are marked so.
fn blocks(page: &Page, mark: &str) -> Vec<String> {
    let start = format!("```yaml {mark}\n");
    let blocks = page.text.split(start.as_str()).skip(1);
    blocks.map(|rest| rest.split("```").next().unwrap_or_default().to_owned()).collect()
}

/// The codes of what is wrong with an example, which leaves out the stack's name and region.
fn mistakes(example: &str) -> Vec<&'static str> {
    let mut options: Options = options(example);
    options.account = None;
    let text = format!("stack: shop\nregion: eu-west-3\n{example}");
    match model::load_str("example.yaml", &text, &crate::root().join("stacks"), &options) {
        Ok(_) => Vec::new(),
        Err(mistakes) => mistakes.iter().map(|mistake| mistake.code).collect(),
    }
}

#[test]
fn what_a_page_calls_wrong_is_wrong_and_what_it_calls_right_is_right() {
    let mut tried = 0;
    for page in PAGES {
        assert!(page.summary().ends_with('.'), "{}: {}", page.code, page.summary());
        let wrong = blocks(page, "wrong");
        let right = blocks(page, "right");
        assert_eq!(wrong.len(), right.len(), "{}: each mistake is put right", page.code);
        for example in wrong {
            assert_eq!(mistakes(&example), [page.code], "{example}");
            tried += 1;
        }
        for example in right {
            assert_eq!(mistakes(&example), [""; 0], "{}: {example}", page.code);
        }
    }
    assert!(tried > 40, "{tried} examples");
}

#[test]
fn a_page_is_shown_and_a_typing_error_is_met_with_what_is_near() {
    let home = TempDir::new().expect("a folder");
    let shown = |arguments: &[&str]| {
        said(&infra(home.path()).arg("explain").args(arguments).output().expect("run"))
    };
    assert!(find("unknown-field").is_some());
    assert_snapshot!(shown(&["wrong-reference"]));
    assert_snapshot!("a_typing_error", shown(&["unknwon-field"]));
    let listed = shown(&[]);
    for page in PAGES {
        assert!(listed.contains(page.code) && listed.contains(page.summary()), "{}", page.code);
    }
}
