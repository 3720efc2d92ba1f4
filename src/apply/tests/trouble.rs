//! What goes wrong, and what is left alone because of it.

use std::time::Duration;

use serde_json::json;

use crate::apply::{Event, OnMoved, Verb};
use crate::aws::{Class, Error};
use crate::kind::{Blocker, Status};
use crate::plan::Action;

use super::stage::{Run, Stage, uses};
use super::world::find;

fn retries(run: &Run) -> usize {
    run.events.iter().filter(|event| matches!(event, Event::Retrying { .. })).count()
}

#[test]
fn what_does_not_hang_on_a_failure_is_done_all_the_same() {
    let mut stage = Stage::default();
    stage.create("bad", json!({}));
    stage.create("child", uses(&["bad"]));
    stage.create("grandchild", uses(&["child"]));
    stage.create("good", json!({}));
    stage.create("friend", uses(&["good"]));
    stage.world.fault("create bad", Class::Refused, "InvalidParameterValue", 1);
    let run = stage.run();
    assert_eq!(run.calls(), ["create good", "create friend"]);
    let failure = &run.outcome.failed[0];
    assert_eq!(
        failure.to_string(),
        "cannot create test.node `bad`: InvalidParameterValue: as the test wants it"
    );
    let skipped = run.outcome.skipped.iter();
    let skipped: Vec<_> = skipped.map(|s| (s.address.as_str(), s.because.as_str())).collect();
    assert_eq!(skipped, [("child", "bad"), ("grandchild", "bad")]);
    assert!(!run.outcome.is_success());
}

#[test]
fn an_old_object_stays_while_something_still_uses_it() {
    let mut stage = Stage::default();
    let base = stage.world.put("test.node", "base", json!({ "place": "old" }));
    let user = stage.world.put("test.node", "user", json!({ "uses": ["base-1"] }));
    stage.change("base", Action::Replace { delete_first: false }, base, json!({ "place": "new" }));
    stage.change("user", Action::Update, user, uses(&["base"]));
    stage.world.fault("update user", Class::Denied, "AccessDenied", 1);
    let run = stage.run();
    assert_eq!(run.calls(), ["create base"]);
    assert_eq!(run.outcome.skipped[0].step, Verb::Delete);
    assert!(run.outcome.done.is_empty(), "a replacement is done when the old object is gone");
}

#[test]
fn a_busy_object_is_deleted_when_it_is_free() {
    let mut stage = Stage::default();
    let object = stage.world.put("test.node", "a", json!({}));
    stage.delete("a", object);
    stage.world.fault("delete a", Class::Busy, "DependencyViolation", 6);
    let run = stage.run();
    assert!(run.outcome.is_success());
    assert_eq!(retries(&run), 6);
    assert!(run.took > Duration::from_secs(10), "{:?}", run.took);
}

/// An object that something holds for ever, or does not let go of by itself.
fn held(remedy: Option<&str>) -> (Run, Vec<Vec<String>>) {
    let mut stage = Stage::default();
    let object = stage.world.put("test.node", "a", json!({}));
    stage.delete("a", object);
    stage.world.fault("delete a", Class::Busy, "DependencyViolation", 1000);
    let what = "interface eni-1 of gateway nat-1".to_owned();
    stage.world.lock().blockers = vec![Blocker { what, remedy: remedy.map(ToOwned::to_owned) }];
    let run = stage.run();
    let blocked = run.events.iter().filter_map(|event| match event {
        Event::Blocked { by, .. } => Some(by.clone()),
        _ => None,
    });
    let blocked = blocked.collect();
    (run, blocked)
}

/// The deletion of an object with data, which AWS refuses this often with this error.
fn store(class: Class, code: &str, times: usize, delete_data: bool) -> Run {
    let mut stage = Stage::default();
    stage.options.delete_data = delete_data;
    let object = stage.world.put("test.store", "a", json!({}));
    stage.delete("a", object);
    stage.world.fault("delete a", class, code, times);
    stage.run()
}

#[test]
fn what_is_in_use_is_waited_for_whatever_it_holds() {
    for delete_data in [false, true] {
        let run = store(Class::Busy, "VolumeInUse", 3, delete_data);
        assert!(run.outcome.is_success(), "{:?}", run.outcome.failed);
        assert_eq!(retries(&run), 3);
    }
}

#[test]
fn what_aws_does_not_delete_is_not_tried_again_for_its_data() {
    for delete_data in [false, true] {
        let run = store(Class::Refused, "InvalidParameterCombination", 1, delete_data);
        assert_eq!((run.failure().0, retries(&run)), ("InvalidParameterCombination", 0));
    }
}

#[test]
fn what_aws_does_not_delete_for_its_data_says_so() {
    for class in [Class::Busy, Class::Refused] {
        let run = store(class, "NotEmpty", 1, false);
        assert_eq!((run.failure().0, retries(&run)), ("HoldsData", 0));
        let message = &run.outcome.failed[0].error.message;
        assert!(message.starts_with("it holds 1 thing; AWS says NotEmpty"), "{message}");
        // Somebody has put it there after the rest was taken away.
        let run = store(class, "NotEmpty", 1, true);
        assert!(run.outcome.is_success(), "{:?}", run.outcome.failed);
        assert_eq!(retries(&run), 1);
    }
}

#[test]
fn what_holds_an_object_is_named_once_and_waited_for() {
    let (run, blocked) = held(None);
    assert_eq!(blocked, [["interface eni-1 of gateway nat-1"]]);
    assert_eq!(retries(&run), 0);
    assert!(run.took > Duration::from_mins(9), "{:?}", run.took);
    let message = &run.outcome.failed[0].error.message;
    assert!(message.contains("(held by interface eni-1 of gateway nat-1) (tried"), "{message}");
}

#[test]
fn what_will_not_go_by_itself_is_given_up_early() {
    let (run, blocked) = held(Some("ask the neighbours"));
    assert_eq!(blocked.len(), 1);
    assert!(run.took < Duration::from_secs(40), "{:?}", run.took);
    let failure = &run.outcome.failed[0];
    assert!(failure.error.message.ends_with("(held by interface eni-1 of gateway nat-1)"));
    assert_eq!(failure.advice, "ask the neighbours");
}

#[test]
fn a_pause_before_another_try_takes_no_place() {
    let mut stage = Stage::default();
    stage.options.parallelism = 1;
    let (a, b) = (
        stage.world.put("test.node", "a", json!({})),
        stage.world.put("test.node", "b", json!({})),
    );
    stage.delete("a", a);
    stage.delete("b", b);
    stage.world.fault("delete a", Class::Busy, "DependencyViolation", 1);
    assert_eq!(stage.run().calls(), ["delete b", "delete a"]);
}

#[test]
fn what_is_gone_already_is_deleted() {
    let mut stage = Stage::default();
    let object = stage.world.put("test.node", "a", json!({}));
    stage.delete("a", object);
    stage.world.lock().objects.clear();
    stage.world.fault("delete a", Class::NotFound, "NoSuchEntity", 1);
    let run = stage.run();
    assert!(run.outcome.is_success());
    assert_eq!(retries(&run), 0);
}

/// The answer to the delete of a part was lost, and the SDK sent it again.
#[test]
fn a_part_that_is_gone_already_is_not_the_object() {
    let mut stage = Stage::default();
    let object = stage.world.put_owned("test.node", "a", json!({}));
    stage.delete("a", object);
    stage.world.fault("delete a", Class::NotFound, "NoSuchEntity", 1);
    let run = stage.run();
    assert!(run.outcome.is_success());
    assert_eq!(retries(&run), 1);
    assert!(stage.world.lock().objects.is_empty());
}

#[test]
fn hopeless_errors_stop_at_once() {
    let hopeless = [Class::Refused, Class::Denied, Class::Credentials, Class::NotImplemented];
    for class in hopeless {
        let mut stage = Stage::default();
        stage.create("a", json!({}));
        stage.world.fault("create a", class, "Hopeless", 1);
        let run = stage.run();
        assert_eq!((retries(&run), run.failure().0), (0, "Hopeless"), "{class:?}");
    }
}

#[test]
fn errors_that_pass_are_tried_again_for_two_minutes() {
    let mut stage = Stage::default();
    stage.item("test.later", "a", Action::Create, Some(json!({})), None);
    stage.world.fault("create a", Class::Refused, "NotYet", 5);
    assert!(stage.run().outcome.is_success());

    let mut stage = Stage::default();
    stage.item("test.later", "a", Action::Create, Some(json!({})), None);
    stage.world.fault("create a", Class::Refused, "NotYet", 500);
    let run = stage.run();
    assert_eq!(run.failure().0, "NotYet");
    assert!(run.outcome.failed[0].error.message.contains("tried"));
    let (least, most) = (Duration::from_secs(119), Duration::from_secs(122));
    assert!(run.took > least && run.took < most, "{:?}", run.took);
}

#[test]
fn pauses_are_equal_for_equal_seeds() {
    let run = |seed| {
        let mut stage = Stage::default();
        stage.options.seed = seed;
        stage.create("a", json!({}));
        stage.world.fault("create a", Class::Throttled, "Throttling", 4);
        stage.run().took
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn an_object_that_takes_too_long_is_a_failure_that_says_so() {
    let mut stage = Stage::default();
    stage.create("hasty", json!({}));
    stage.create("child", uses(&["hasty"]));
    stage.world.lock().slow.insert("hasty".to_owned(), 1_000);
    let run = stage.run();
    let (code, advice) = run.failure();
    assert_eq!(code, "DeadlineExceeded");
    assert!(advice.contains("lifecycle.timeout"));
    let message = &run.outcome.failed[0].error.message;
    assert_eq!(message, "not usable after 30 s; last state: getting ready");
    assert_eq!(run.outcome.skipped.len(), 1);
    assert!(run.took >= Duration::from_secs(30) && run.took < Duration::from_secs(32));
}

#[test]
fn an_object_that_never_gets_usable_fails_with_the_reason_given() {
    let mut stage = Stage::default();
    stage.create("a", json!({}));
    stage.world.lock().broken.insert("a".to_owned(), "no capacity".to_owned());
    let run = stage.run();
    assert_eq!(run.outcome.failed[0].error.to_string(), "NeverUsable: no capacity");
}

#[test]
fn what_an_earlier_run_left_on_its_way_is_waited_for() {
    let mut stage = Stage::default();
    stage.world.lock().slow.insert("a".to_owned(), 3);
    let mut object = stage.world.put("test.node", "a", json!({}));
    object.status = Status::Pending("getting ready".to_owned());
    stage.change("a", Action::Keep, object, json!({}));
    stage.create("b", uses(&["a"]));
    let run = stage.run();
    assert!(run.outcome.is_success(), "{:?}", run.outcome);
    assert_eq!(run.log, ["usable a", "create b", "usable b"]);
}

#[test]
fn a_name_that_is_taken_leads_to_the_plan_and_to_adopting() {
    let mut stage = Stage::default();
    stage.create("a", json!({}));
    stage.world.fault("create a", Class::Exists, "EntityAlreadyExists", 100);
    let run = stage.run();
    assert!(run.took < Duration::from_secs(15), "{:?}", run.took);
    let (_, advice) = run.failure();
    assert!(advice.contains("infra plan") && advice.contains("--adopt a"), "{advice}");
}

#[test]
fn an_object_whose_answer_was_lost_is_found_and_not_made_again() {
    for lag in [0, 3] {
        let mut stage = Stage::default();
        stage.create("a", json!({ "size": 2 }));
        stage.world.lock().lost.insert("create a".to_owned());
        stage.world.lock().lag = lag;
        let run = stage.run();
        assert!(run.outcome.is_success(), "{:?}", run.outcome);
        assert_eq!(run.calls().iter().filter(|call| **call == "create a").count(), 1);
        assert_eq!(stage.world.lock().objects.len(), 1);
    }
}

#[test]
fn an_object_that_was_not_made_is_made_once_it_is_sure() {
    let mut stage = Stage::default();
    stage.create("a", json!({}));
    stage.world.fault("create a", Class::Unreachable, "Unreachable", 1);
    let run = stage.run();
    assert!(run.outcome.is_success(), "{:?}", run.outcome);
    assert!(run.took > Duration::from_secs(5) && run.took < Duration::from_secs(15));
    assert_eq!(stage.world.lock().objects.len(), 1);
}

#[test]
fn an_object_half_made_is_completed() {
    let mut stage = Stage::default();
    stage.create("a", json!({ "size": 2 }));
    let tags = [("infra:stack", "shop"), ("infra:environment", "dev"), ("infra:address", "a")];
    let tags = tags.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let half = find("test.node").unwrap().canonical(&json!({ "size": 1 })).unwrap();
    stage.world.lock().insert("a", half, tags.into());
    stage.world.lock().lag = 2;
    stage.world.fault("create a", Class::Exists, "EntityAlreadyExists", 2);
    let run = stage.run();
    assert!(run.outcome.is_success(), "{:?}", run.outcome);
    assert_eq!(run.calls(), ["list", "list", "list", "update a"]);
    assert_eq!(stage.world.lock().objects["a-1"].spec["size"], 2);
}

/// Two objects of a reviewed plan, of which somebody has changed the first since.
fn moved(on_moved: Option<OnMoved>) -> (Stage, Run) {
    let mut stage = Stage::default();
    stage.options.parallelism = 1;
    stage.options.on_moved = on_moved;
    for address in ["a", "b"] {
        let object = stage.world.put_owned("test.node", address, json!({ "size": 1 }));
        stage.change(address, Action::Update, object, json!({ "size": 2 }));
    }
    stage.world.lock().objects.get_mut("a-1").unwrap().spec["zone"] = "z".into();
    let run = stage.run();
    (stage, run)
}

#[test]
fn an_object_that_moved_since_its_plan_was_reviewed_is_left_alone() {
    let (stage, run) = moved(Some(OnMoved::GoOn));
    assert_eq!(run.failure().0, "Moved");
    let message = &run.outcome.failed[0].error.message;
    assert_eq!(message, "not as it was when the plan was made: zone");
    assert_eq!(run.calls(), ["list", "list", "update b"]);
    assert_eq!(stage.world.lock().objects["a-1"].spec["size"], 1);

    let (_, run) = moved(Some(OnMoved::Stop));
    assert_eq!(run.failure().0, "Moved");
    assert_eq!(run.calls(), ["list"]);
    assert_eq!(run.outcome.left.len(), 1);
}

#[test]
fn an_object_that_moved_is_not_replaced_either() {
    let mut stage = Stage::default();
    stage.options.on_moved = Some(OnMoved::GoOn);
    let object = stage.world.put_owned("test.node", "a", json!({ "place": "old" }));
    let replace = Action::Replace { delete_first: false };
    stage.change("a", replace, object, json!({ "place": "new" }));
    stage.world.lock().objects.get_mut("a-1").unwrap().spec["size"] = 7.into();
    let run = stage.run();
    assert_eq!(run.outcome.failed[0].error.message, "not as it was when the plan was made: size");
    assert_eq!(run.calls(), ["list"]);
}

#[test]
fn an_update_whose_answer_was_lost_looks_before_it_goes_on() {
    let mut stage = Stage::default();
    let object = stage.world.put_owned("test.node", "a", json!({ "size": 1 }));
    stage.change("a", Action::Update, object, json!({ "size": 2 }));
    stage.world.lock().lost.insert("update a".to_owned());
    let run = stage.run();
    assert!(run.outcome.is_success(), "{:?}", run.outcome);
    assert_eq!(run.calls(), ["update a", "list", "update a"]);
}

#[test]
fn an_expression_that_stays_unknown_is_named() {
    let mut stage = Stage::default();
    stage.create("a", uses(&["nobody"]));
    let run = stage.run();
    assert_eq!(run.failure().0, "UnresolvedExpression");
    assert!(run.outcome.failed[0].error.message.contains("${nobody}"));
    assert!(run.calls().is_empty());
}

#[test]
fn the_first_request_to_stop_lets_what_is_in_flight_finish() {
    let mut stage = Stage::default();
    stage.create("a", json!({}));
    stage.create("b", uses(&["a"]));
    stage.world.lock().slow.insert("a".to_owned(), 5);
    stage.world.lock().stop_at = Some(("create a".to_owned(), stage.stop.clone(), 1));
    let run = stage.run();
    assert_eq!(run.log, ["create a", "usable a"]);
    assert!(run.outcome.interrupted);
    let left = &run.outcome.left[0];
    assert_eq!((left.address.as_str(), left.begun), ("b", false));
    assert_eq!(run.outcome.done.len(), 1);
    assert!(!stage.stop.is_now());
}

#[test]
fn a_call_that_is_not_answered_in_time_is_left_as_if_it_was_asked_twice() {
    let mut stage = Stage::default();
    stage.create("a", json!({}));
    stage.world.lock().long.insert("create a".to_owned(), Duration::from_mins(1));
    stage.world.lock().stop_at = Some(("create a".to_owned(), stage.stop.clone(), 1));
    let run = stage.run();
    assert!(run.outcome.interrupted && run.outcome.left[0].begun);
    assert!(run.took < Duration::from_secs(7), "{:?}", run.took);
    assert!(stage.stop.is_now(), "the lease stays, for what may still take effect");
}

#[test]
fn a_run_that_was_stopped_before_it_began_does_nothing() {
    let mut stage = Stage::default();
    stage.create("a", json!({}));
    stage.stop.ask();
    let run = stage.run();
    assert!(run.log.is_empty() && run.outcome.interrupted);
    assert!(!run.outcome.left[0].begun);
}

#[test]
fn a_run_that_is_to_stop_tries_nothing_again() {
    let mut stage = Stage::default();
    let object = stage.world.put("test.node", "a", json!({}));
    stage.delete("a", object);
    stage.world.fault("delete a", Class::Busy, "DependencyViolation", 500);
    stage.world.lock().stop_at = Some(("delete a".to_owned(), stage.stop.clone(), 1));
    let run = stage.run();
    assert!(run.took < Duration::from_secs(1));
    assert!(run.outcome.failed.is_empty() && run.outcome.left[0].begun);
}

#[test]
fn the_second_request_to_stop_ends_the_run_at_once() {
    let mut stage = Stage::default();
    stage.create("a", json!({}));
    stage.world.lock().stop_at = Some(("create a".to_owned(), stage.stop.clone(), 2));
    let run = stage.run();
    assert!(run.log.is_empty());
    assert!(run.outcome.left[0].begun && run.outcome.interrupted);
    assert_eq!(run.took, Duration::ZERO);
}

#[test]
fn no_event_and_no_failure_holds_a_secret() {
    const CANARY: &str = "canary-7f3a";
    let mut stage = Stage::default();
    stage.create("a", json!({ "token": CANARY }));
    stage.create("b", json!({ "token": CANARY, "peers": ["${a}"] }));
    let told = Error::new(Class::Throttled, "Throttling", format!("`{CANARY}` came too fast"));
    let refused = Error::new(Class::Refused, "Bad", format!("`{CANARY}` is too short"));
    stage.world.lock().faults.insert("create a".to_owned(), [told, refused.clone()].into());
    stage.world.lock().faults.insert("create b".to_owned(), [refused].into());
    let run = stage.run();
    assert_eq!(run.outcome.failed.len(), 2);
    let written = format!(
        "{}{}{:?}",
        serde_json::to_string(&run.events).unwrap(),
        serde_json::to_string(&run.outcome).unwrap(),
        run.outcome,
    );
    assert!(written.contains("(secret)"));
    assert!(!written.contains(CANARY), "{written}");
}

#[test]
fn a_run_that_is_to_stop_does_not_wait_long_for_an_object_to_become_usable() {
    let mut stage = Stage::default();
    stage.create("a", json!({}));
    stage.world.lock().slow.insert("a".to_owned(), 10_000);
    stage.world.lock().stop_at = Some(("create a".to_owned(), stage.stop.clone(), 1));
    let run = stage.run();
    assert!(run.took < Duration::from_secs(7), "{:?}", run.took);
    assert!(run.outcome.left[0].begun && run.outcome.interrupted);
}
