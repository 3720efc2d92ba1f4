//! `infra new` and `infra fmt`.

use insta::assert_snapshot;
use tempfile::TempDir;

use crate::cli::{infra, said};

#[test]
fn a_new_resource_shows_what_it_can_be_and_validates_once_it_is_filled_in() {
    let home = TempDir::new().expect("a folder");
    let path = home.path().join("infra.yaml");
    let stack = "stack: shop\nregion: eu-west-3\nresources:\n  vpc: { kind: ec2.vpc, cidr: 10.0.0.0/16 } # the network\n";
    std::fs::write(&path, stack).expect("written");
    let run = |arguments: &[&str]| {
        said(&infra(home.path()).current_dir(home.path()).args(arguments).output().expect("run"))
    };
    let text = run(&["new", "ec2.subnet", "front"]);
    assert!(text.starts_with("exit: 0\n"), "{text}");
    let text = std::fs::read_to_string(&path).expect("the file");
    assert!(text.starts_with(stack));
    assert_snapshot!("new_subnet", text);
    assert_snapshot!("new_subnet_is_not_whole", run(&["validate"]));
    let filled = text
        .replace("    vpc: #", "    vpc: ${vpc} #")
        .replace("    cidr: #", "    cidr: 10.0.0.0/24 #")
        .replace("    zone: #", "    zone: eu-west-3a #");
    std::fs::write(&path, filled).expect("written");
    assert!(run(&["validate"]).starts_with("exit: 0\n"), "{}", run(&["validate"]));

    let again = run(&["new", "ec2.subnet", "front"]);
    assert!(again.starts_with("exit: 1\n") && again.contains("declared already"), "{again}");
    let typed = run(&["new", "ec2.subnt", "back"]);
    assert!(typed.contains("did you mean `ec2.subnet`?"), "{typed}");
}

/// A sketch is YAML whose comments are fields of the kind, for each of them.
#[test]
fn every_kind_has_its_sketch() {
    let comment = regex::Regex::new("(?m)^(  )# ([a-z_]+:)").expect("a pattern");
    for kind in infra::kinds::all() {
        let sketch = infra::model::sketch::resource(kind, "new");
        for field in kind.schema().fields() {
            assert!(
                sketch.contains(&format!("{}:", field.name)),
                "{}: {}",
                kind.name(),
                field.name
            );
        }
        // With the comments taken away from the optional fields it is a declaration, whose values are
        // the defaults: only what has to be given is missing.
        let lines = sketch.replace("new:\n", "  new:\n").replace("\n  ", "\n    ");
        let text = format!("stack: shop\nregion: eu-west-3\nresources:\n{lines}");
        let text = comment.replace_all(&text, "$1  $2");
        let options = infra::model::Options::default();
        if let Err(mistakes) =
            infra::model::load_str("new.yaml", &text, std::path::Path::new("."), &options)
        {
            for mistake in &mistakes {
                assert!(!mistake.code.starts_with("yaml"), "{text}\n{}", mistakes.render(false));
                assert_ne!(mistake.code, "unknown-field", "{}", mistakes.render(false));
            }
        }
    }
}

#[test]
fn our_own_files_are_laid_out_and_others_become_so() {
    let home = TempDir::new().expect("a folder");
    let mut files = vec!["stacks/healthcare.yaml".to_owned(), "templates/network.yaml".to_owned()];
    for folder in ["templates/starts", "examples"] {
        for found in std::fs::read_dir(crate::root().join(folder)).expect("the folder") {
            let path = found.expect("a file").path();
            if path.extension().is_some_and(|is| is == "yaml") {
                let name = path.file_name().expect("a name").to_string_lossy();
                files.push(format!("{folder}/{name}"));
            }
        }
    }
    assert!(files.len() > 8, "{files:?}");
    let checked = infra(home.path()).args(["fmt", "--check"]).args(&files).output().expect("run");
    assert_eq!(said(&checked), "exit: 0\n-- stdout\n-- stderr\n");

    let path = home.path().join("infra.yaml");
    std::fs::write(&path, "stack:  shop\nregion: eu-west-3\nresources: {}   # none\n")
        .expect("written");
    let run = |arguments: &[&str]| {
        said(&infra(home.path()).current_dir(home.path()).args(arguments).output().expect("run"))
    };
    let checked = run(&["fmt", "--check"]);
    assert_eq!(checked, "exit: 1\n-- stdout\ninfra.yaml\n-- stderr\n");
    assert!(run(&["fmt"]).starts_with("exit: 0\n"));
    let text = std::fs::read_to_string(&path).expect("the file");
    assert_eq!(text, "stack: shop\nregion: eu-west-3\nresources: {} # none\n");
    std::fs::write(&path, "stack: [").expect("written");
    assert!(run(&["fmt"]).starts_with("exit: 1\n"));
    assert_eq!(std::fs::read_to_string(&path).expect("the file"), "stack: [");
}
