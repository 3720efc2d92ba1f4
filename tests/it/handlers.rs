//! The functions of the examples do what they say, as their own tests say.

use std::process::Command;

use infra::local;

#[test]
fn the_examples_functions_work() {
    let output = Command::new(local::python().expect("an interpreter"))
        .args(["-B", "-m", "unittest", "discover", "-s"])
        .arg(crate::root().join("tests/handlers"))
        .output()
        .expect("the tests");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert!(!text.contains("Ran 0 tests"), "{text}");
}
