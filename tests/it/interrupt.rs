//! Asked to stop in the middle: nothing new begins, nothing is lost, and nobody is kept waiting.

use std::process::{Child, Command, Output};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::binary::{User, said};
use crate::cli;

/// Forty objects, so that a run has much before it.
fn stack() -> String {
    let mut text = "stack: shop\nregion: eu-west-3\nresources:\n".to_owned();
    for number in 0..20 {
        text.push_str(&format!("  log{number}: {{ kind: logs.log_group }}\n"));
        text.push_str(&format!("  topic{number}: {{ kind: sns.topic }}\n"));
    }
    text
}

/// What GitHub gives a cancelled job before it is killed.
const PATIENCE: Duration = Duration::from_millis(7500);

/// An apply of the stack that AWS answers slowly, once its first calls have come in.
fn begun(user: &User, seconds: f32) -> Child {
    user.well(&["validate", "stack.yaml"]);
    let rule = json!([{ "kind": "latency", "seconds": seconds, "mutating": true,
        "operations": ["logs:*", "sns:*"] }]);
    user.faults(&rule);
    user.begin_journal();
    let mut command = user.infra(&["apply", "stack.yaml", "--yes", "--parallelism", "4"]);
    let child = command.spawn().expect("started");
    let deadline = Instant::now() + Duration::from_secs(30);
    while made(user).is_empty() {
        assert!(Instant::now() < deadline, "nothing was begun");
        std::thread::sleep(Duration::from_millis(20));
    }
    child
}

/// Creates that came in; the lease and the history are no concern here.
fn made(user: &User) -> Vec<String> {
    let mut calls = user.journal();
    calls.retain(|name| name == "CreateLogGroup" || name == "CreateTopic");
    calls
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status();
    assert!(status.expect("kill").success());
}

/// Waits until the process has ended; how long that took.
fn ended(child: Child, since: Instant) -> (Output, Duration) {
    let output = child.wait_with_output().expect("ended");
    (output, since.elapsed())
}

fn nobody_waits_and_the_next_apply_converges(user: &User) {
    user.faults(&json!([]));
    let text = user.well(&["lock", "show", "stack.yaml"]);
    assert!(text.contains("Nobody holds it."), "{text}");
    user.well(&["apply", "stack.yaml", "--yes"]);
    let text = user.well(&["plan", "stack.yaml"]);
    assert!(text.contains("No changes."), "{text}");
    let text = user.well(&["destroy", "stack.yaml", "--yes"]);
    assert!(text.contains("Done: 40 deleted."), "{text}");
}

fn once(name: &str) {
    let user = User::new(&stack());
    let child = begun(&user, 1.0);
    let began = Instant::now();
    signal(&child, name);
    // Those that were under way when the signal came.
    std::thread::sleep(Duration::from_millis(300));
    let in_flight = made(&user).len();
    let (output, took) = ended(child, began);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(1), "{}", cli::said(&output));
    assert!(took < PATIENCE, "{took:?}");
    assert!(made(&user).len() == in_flight, "{in_flight} were in flight: {:?}", made(&user));
    assert!(in_flight < 20, "{in_flight}");
    assert!(text.contains("Stopping: nothing new begins"), "{text}");
    assert!(text.contains("Not begun, because the run was stopped:"), "{text}");
    assert!(text.contains("the next run goes on from here"), "{text}");
    let left = text.lines().filter(|line| line.starts_with("  create ")).count();
    let done = text.lines().filter(|line| line.contains("✓ created")).count();
    assert_eq!((done + left, done), (40, in_flight), "{text}");
    let history = user.well(&["history", "stack.yaml", "--json"]);
    assert!(history.contains("\"interrupted\""), "{history}");
    nobody_waits_and_the_next_apply_converges(&user);
}

#[test]
fn sigterm_lets_finish_what_is_in_flight_and_says_what_is_left() {
    once("TERM");
}

#[test]
fn sigint_does_the_same() {
    once("INT");
}

#[test]
fn a_call_that_aws_does_not_answer_in_time_is_named_and_keeps_the_lease() {
    let user = User::new(&stack());
    let child = begun(&user, 20.0);
    let began = Instant::now();
    signal(&child, "TERM");
    let (output, took) = ended(child, began);
    let text = said(&output);
    assert!(took < PATIENCE, "{took:?}\n{text}");
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("Begun, and not waited for"), "{text}");
    assert!(text.contains("stays until it expires"), "{text}");
}

#[test]
fn a_second_signal_leaves_at_once_and_the_lease_stays_until_it_expires() {
    let user = User::new(&stack());
    let child = begun(&user, 5.0);
    signal(&child, "TERM");
    std::thread::sleep(Duration::from_millis(300));
    let began = Instant::now();
    signal(&child, "TERM");
    let (output, took) = ended(child, began);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(1), "{}", cli::said(&output));
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert!(text.contains("Begun, and not waited for"), "{text}");
    assert!(text.contains("stays until it expires"), "{text}");
    let text = user.well(&["lock", "show", "stack.yaml"]);
    assert!(text.contains("Held by `infra apply`"), "{text}");
    user.all_is_answered();
    user.well(&["lock", "release", "stack.yaml", "--yes"]);
    nobody_waits_and_the_next_apply_converges(&user);
}
