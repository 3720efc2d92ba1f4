//! Each file in `tests/cases` is a test: what the valid ones mean, and what is said about the
//! invalid ones. A first line such as `# --env dev --param size=large` gives options.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use infra::model::{self, Options, Outputs, Stack};

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = crate::root().join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the folder of cases is there")
        .map(|entry| entry.expect("it can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    files.sort();
    files
}

pub fn options(text: &str) -> Options {
    let mut options = Options { account: Some("123456789012".to_owned()), ..Options::default() };
    let first = text.lines().next().unwrap_or_default();
    let mut words = first.trim_start_matches('#').split_whitespace();
    while let Some(word) = words.next() {
        let mut value = || words.next().unwrap_or_default().to_owned();
        match word {
            "--env" => options.environment = Some(value()),
            "--region" => options.region = Some(value()),
            "--param" => {
                let given = value();
                let (key, value) = given.split_once('=').unwrap_or((&given, ""));
                options.params.insert(key.to_owned(), value.to_owned());
            }
            _ => {}
        }
    }
    options
}

fn load(path: &Path) -> (String, Result<Stack, infra::diagnostic::Diagnostics>) {
    let text = std::fs::read_to_string(path).expect("the case can be read");
    let name = path.file_name().expect("it has a name").to_string_lossy().into_owned();
    let folder = path.parent().expect("it is in a folder");
    let loaded = model::load_str(&name, &text, folder, &options(&text));
    (text, loaded)
}

fn snapshot(folder: &str, path: &Path, content: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(format!("../../{folder}"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let manifest = format!("{}/", crate::root().join("tests/cases").display());
    settings.add_filter(&regex::escape(&manifest), "");
    let name = path.file_stem().expect("it has a name").to_string_lossy().into_owned();
    settings.bind(|| insta::assert_snapshot!(name, content));
}

#[test]
fn invalid_files_are_explained() {
    let files = files("tests/cases/invalid");
    assert!(files.len() >= 40, "{} cases", files.len());
    for path in files {
        match load(&path).1 {
            Ok(_) => panic!("{} is valid", path.display()),
            Err(mistakes) => snapshot("tests/cases/invalid", &path, &mistakes.render(false)),
        }
    }
}

#[test]
fn valid_files_mean_what_they_say() {
    for path in files("tests/cases/valid") {
        match load(&path).1 {
            Ok(stack) => snapshot("tests/cases/valid", &path, &shown(&stack)),
            Err(mistakes) => panic!("{}", mistakes.render(false)),
        }
    }
}

fn shown(stack: &Stack) -> String {
    let mut text = format!(
        "{} ({}) in {}, looking into {:?}\ntags {:?}\nprotect {}\n",
        stack.name, stack.environment, stack.region, stack.regions, stack.tags, stack.protect
    );
    for resource in stack.resources.values() {
        let spec = serde_json::to_string_pretty(&resource.spec).expect("JSON can be written");
        let _ = write!(
            text,
            "\n{} = {} in {}\nspec {spec}\n",
            resource.address,
            resource.kind.name(),
            resource.region
        );
        let own = resource.tags.iter().filter(|(key, _)| !stack.tags.contains_key(*key));
        let _ = writeln!(text, "own tags {:?}", own.collect::<Vec<_>>());
        if let Some(name) = &resource.default_name {
            let _ = writeln!(text, "default name {name}");
        }
        for reference in &resource.references {
            let late = if reference.late { " (late)" } else { "" };
            let _ = writeln!(text, "needs {}{late}", reference.to);
        }
        if resource.lifecycle != model::Lifecycle::default() {
            let _ = writeln!(text, "{:?}", resource.lifecycle);
        }
    }
    let outputs = stack.outputs(&());
    let _ = write!(text, "\noutputs {}", serde_json::to_string_pretty(&outputs).expect("JSON"));
    text
}

/// Whatever the text, the answer is a stack or mistakes.
#[test]
fn every_beginning_of_a_file_gets_an_answer() {
    for path in files("tests/cases/valid").into_iter().chain(files("tests/cases/invalid")) {
        let text = std::fs::read_to_string(&path).expect("the case can be read");
        let folder = path.parent().expect("it is in a folder");
        let options = options(&text);
        let step = 1 + text.len() / 60;
        for end in (0..text.len()).step_by(step).filter(|end| text.is_char_boundary(*end)) {
            if let Err(mistakes) = model::load_str("cut.yaml", &text[..end], folder, &options) {
                assert!(!mistakes.render(false).is_empty());
            }
        }
    }
}

#[test]
fn odd_bytes_get_an_answer() {
    let odd =
        ["\0", "\t", "${", "}", "[", "{", "\"", "'", "&a", "*a", "<<", "é", "- ", "? ", "|", "$${"];
    for path in files("tests/cases/valid") {
        let text = std::fs::read_to_string(&path).expect("the case can be read");
        let folder = path.parent().expect("it is in a folder");
        let options = options(&text);
        let places = (0..text.len()).step_by(1 + text.len() / 6);
        for at in places.filter(|at| text.is_char_boundary(*at)) {
            for odd in odd {
                let changed = format!("{}{odd}{}", &text[..at], &text[at..]);
                if let Err(mistakes) = model::load_str("odd.yaml", &changed, folder, &options) {
                    assert!(!mistakes.render(false).is_empty());
                }
            }
        }
    }
}

/// Every output is known: its own address and name.
struct All;

impl Outputs for All {
    fn get(&self, address: &model::Address, field: &str) -> Option<serde_json::Value> {
        Some(format!("<{address}:{field}>").into())
    }
}

#[test]
fn what_waits_is_resolved_when_it_is_known() {
    for path in files("tests/cases/valid") {
        let Ok(stack) = load(&path).1 else { continue };
        for resource in stack.resources.values() {
            resource.resolve(&()).expect("nothing known is no mistake");
            let spec = resource.resolve(&All).expect("all that is known resolves");
            let text = spec.to_string();
            assert!(!text.contains("${") || path.ends_with("literal.yaml"), "{text}");
        }
    }
}

#[test]
fn stacks_can_cross_threads() {
    fn crosses<T: Send + Sync + 'static>() {}
    crosses::<Stack>();
}

#[test]
fn examples_have_their_plans_beside_them() {
    for path in files("examples") {
        let (_, stack) = load(&path);
        let stack = stack.unwrap_or_else(|mistakes| panic!("{}", mistakes.render(false)));
        let account = "123456789012".to_owned();
        let empty = infra::live::Snapshot { account, ..infra::live::Snapshot::default() };
        let plan = infra::plan::plan(&stack, &empty, &infra::plan::Options::default());
        let plan = plan.unwrap_or_else(|mistakes| panic!("{}", mistakes.render(false)));
        let text = infra::report::plan::text(&plan);
        snapshot("examples", &path, &anstream::adapter::strip_str(&text).to_string());
    }
}
