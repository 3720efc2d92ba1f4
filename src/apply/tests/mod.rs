//! The applier against a small cloud in memory, in time that nobody waits for.

mod stage;
mod trouble;
mod world;

use serde_json::json;

use crate::apply::OnMoved;
use crate::plan::Action;

use stage::{Stage, peers, uses};
use world::{CALL, find};

const NEW_FIRST: Action = Action::Replace { delete_first: false };
const OLD_FIRST: Action = Action::Replace { delete_first: true };

#[test]
fn what_is_depended_on_is_made_and_usable_first() {
    let mut stage = Stage::default();
    stage.create("c", uses(&["b", "a"]));
    stage.create("b", uses(&["a"]));
    stage.create("a", json!({}));
    stage.world.lock().slow.insert("a".to_owned(), 5);
    let run = stage.run();
    assert!(run.outcome.is_success(), "{:?}", run.outcome);
    let order = ["create a", "usable a", "create b", "usable b", "create c", "usable c"];
    assert_eq!(run.log, order);
    assert_eq!(run.outcome.outputs["b"], "b-2");
}

#[test]
fn at_most_so_many_calls_are_made_at_a_time() {
    let mut stage = Stage::default();
    stage.options.parallelism = 4;
    for number in 0..40 {
        stage.create(&format!("n{number:02}"), json!({}));
    }
    let run = stage.run();
    assert_eq!(run.outcome.done.len(), 40);
    assert_eq!(stage.world.lock().most, 4);
    assert_eq!(run.took, CALL * 10);
    assert!(run.calls().is_sorted(), "ready steps start in the order of the plan");
}

#[test]
fn waiting_for_an_object_takes_no_place_and_holds_up_nothing() {
    let mut stage = Stage::default();
    stage.options.parallelism = 1;
    stage.create("slow", json!({}));
    stage.create("fast", json!({}));
    stage.create("waits", uses(&["slow"]));
    stage.create("faster", uses(&["fast"]));
    stage.world.lock().slow.insert("slow".to_owned(), 20);
    let run = stage.run();
    assert!(run.outcome.is_success());
    assert!(run.at("usable faster") < run.at("usable slow"));
    assert!(run.at("usable slow") < run.at("create waits"));
    let states = run.events.iter().filter(|e| serde_json::to_string(e).unwrap().contains("ready"));
    assert_eq!(states.count(), 1, "a state is told once, not at every look");
}

#[test]
fn a_new_object_is_made_before_the_old_one_goes() {
    let mut stage = Stage::default();
    let base = stage.world.put("test.node", "base", json!({ "place": "old" }));
    let user = stage.world.put("test.node", "user", json!({ "uses": ["base-1"] }));
    let other = stage.world.put("test.node", "other", json!({ "uses": ["base-1"], "place": "x" }));
    stage.change("base", NEW_FIRST, base, json!({ "place": "new" }));
    stage.change("user", Action::Update, user, uses(&["base"]));
    stage.change("other", NEW_FIRST, other, json!({ "uses": ["${base}"], "place": "x" }));
    let run = stage.run();
    assert!(run.outcome.is_success(), "{:?}", run.outcome);
    let calls = ["create base", "update user", "create other", "delete other", "delete base"];
    assert_eq!(run.calls(), calls);
    let objects = stage.world.lock().specs();
    assert_eq!(objects["user-2"]["uses"], json!(["base-4"]));
    assert_eq!(objects.keys().collect::<Vec<_>>(), ["base-4", "other-5", "user-2"]);
}

#[test]
fn an_old_object_that_has_to_go_first_takes_its_replaced_users_along() {
    let mut stage = Stage::default();
    let base = stage.world.put("test.node", "base", json!({ "size": 1 }));
    let user = stage.world.put("test.node", "user", json!({ "uses": ["base-1"] }));
    let peer = stage.world.put("test.node", "peer", json!({ "peers": ["base-1"] }));
    stage.change("base", OLD_FIRST, base, json!({ "size": 2 }));
    stage.change("user", NEW_FIRST, user, uses(&["base"]));
    stage.change("peer", Action::Update, peer, peers(&["base"]));
    let run = stage.run();
    assert!(run.outcome.is_success(), "{:?}", run.outcome);
    assert!(!run.log.contains(&"busy base".to_owned()), "{:?}", run.log);
    assert!(run.at("delete user") < run.at("delete base"));
    assert!(run.at("update peer") < run.at("delete base"), "it is unlinked");
    assert!(run.at("delete base") < run.at("create base"));
    assert!(run.at("create base") < run.at("create user"));
    assert_eq!(stage.world.lock().specs()["peer-3"]["peers"], json!(["base-4"]));
}

#[test]
fn objects_that_refer_to_each_other_are_made_first_and_completed_then() {
    let mut stage = Stage::default();
    stage.create("left", peers(&["right", "left"]));
    stage.create("right", peers(&["left"]));
    stage.create("user", uses(&["left"]));
    let run = stage.run();
    assert!(run.outcome.is_success(), "{:?}", run.outcome);
    assert!(run.at("update left") < run.at("create user"), "it would rather have it whole");
    let objects = stage.world.lock().specs();
    assert_eq!(objects["left-1"]["peers"], json!(["left-1", "right-2"]));
    assert_eq!(objects["right-2"]["peers"], json!(["left-1"]));
    assert_eq!(run.outcome.done.len(), 3, "an item is done once");
}

#[test]
fn a_late_field_may_refer_to_what_needs_its_object() {
    let mut stage = Stage::default();
    let group = stage.world.put("test.node", "group", json!({ "size": 1 }));
    stage.create("member", uses(&["group", "fresh"]));
    stage.change("group", Action::Update, group, json!({ "size": 2, "peers": ["${member}"] }));
    stage.create("fresh", json!({ "peers": ["${member}"] }));
    let run = stage.run();
    assert!(run.outcome.is_success(), "{:?}", run.outcome);
    let first = run.at("update group");
    assert!(first < run.at("create member"), "what does not wait is changed first");
    assert_eq!(run.log.iter().filter(|line| *line == "update group").count(), 2);
    let objects = stage.world.lock().specs();
    let group = &objects["group-1"];
    assert_eq!((&group["size"], &group["peers"]), (&json!(2), &json!(["member-3"])));
}

#[test]
fn objects_that_refer_to_each_other_are_unlinked_before_they_go() {
    let mut stage = Stage::default();
    let left = stage.world.put("test.node", "left", json!({ "peers": ["right-2", "left-1"] }));
    let right = stage.world.put("test.node", "right", json!({ "peers": ["left-1"] }));
    let user = stage.world.put("test.node", "user", json!({ "uses": ["left-1"] }));
    let peer = stage.world.put("test.node", "peer", json!({ "peers": ["left-1"] }));
    stage.delete("left", left);
    stage.delete("right", right);
    stage.delete("user", user);
    stage.delete("peer", peer);
    let run = stage.run();
    assert!(run.outcome.is_success(), "{:?}", run.outcome);
    assert!(stage.world.lock().objects.is_empty());
    assert!(!run.log.iter().any(|line| line.starts_with("busy")), "{:?}", run.log);
    assert!(!run.log.contains(&"update peer".to_owned()), "only what goes in a circle is unlinked");
}

#[test]
fn kinds_that_come_after_others_are_made_after_and_go_before_them() {
    let mut stage = Stage::default();
    let spec = || Some(json!({}));
    stage.item("test.later", "later", Action::Create, spec(), None);
    stage.item("test.node", "node", Action::Create, spec(), None);
    let run = stage.run();
    assert_eq!(run.calls(), ["create node", "create later"]);

    let mut stage = Stage::default();
    let node = stage.world.put("test.node", "node", json!({}));
    let later = stage.world.put("test.later", "later", json!({}));
    stage.delete("node", node);
    stage.delete("later", later);
    assert_eq!(stage.run().calls(), ["delete later", "delete node"]);
}

#[test]
fn what_goes_makes_place_for_what_claims_the_same() {
    let mut stage = Stage::default();
    let old = stage.world.put("test.node", "old", json!({ "place": "corner" }));
    stage.create("new", json!({ "place": "corner" }));
    stage.create("free", json!({ "place": "centre" }));
    stage.delete("old", old);
    let run = stage.run();
    assert!(run.at("create free") < run.at("delete old") || run.took == CALL * 2);
    assert!(run.at("delete old") < run.at("create new"));
}

#[test]
fn new_objects_bear_their_owner_and_adopted_ones_get_theirs_first() {
    let mut stage = Stage::default();
    stage.create("a", json!({}));
    let found = stage.world.put("test.node", "b", json!({ "size": 1 }));
    stage.change("b", Action::Adopt, found, json!({ "size": 2 }));
    stage.items[1].tags.insert("infra:stack".to_owned(), "shop".to_owned());
    let kept = stage.world.put("test.node", "c", json!({}));
    stage.change("c", Action::Retag, kept, json!({}));
    stage.items[2].tags.insert("Owner".to_owned(), "me".to_owned());
    let run = stage.run();
    assert!(run.outcome.is_success());
    assert!(run.at("tag b") < run.at("update b"));
    assert!(!run.log.contains(&"update c".to_owned()));
    let inner = stage.world.lock();
    let tags = &inner.objects.values().find(|object| object.address == "a").unwrap().tags;
    assert_eq!(tags["infra:stack"], "shop");
    assert_eq!(tags["infra:environment"], "dev");
}

#[test]
fn an_update_leaves_alone_what_is_not_its_business() {
    let mut stage = Stage::default();
    let object = stage.world.put("test.node", "a", json!({ "zone": "north", "size": 1 }));
    stage.change("a", Action::Update, object, json!({ "size": 2 }));
    let object = stage.world.put("test.node", "ignores-size", json!({ "size": 7 }));
    stage.change("ignores-size", Action::Update, object, json!({ "size": 1, "uses": ["a-1"] }));
    assert!(stage.run().outcome.is_success());
    let specs = stage.world.lock().specs();
    assert_eq!((&specs["a-1"]["zone"], &specs["a-1"]["size"]), (&json!("north"), &json!(2)));
    let spec = &specs["ignores-size-2"];
    assert_eq!((&spec["size"], &spec["uses"]), (&json!(7), &json!(["a-1"])));
}

#[test]
fn an_order_is_found_for_ten_thousand_items() {
    let mut stage = Stage::default();
    for number in 0..10_000 {
        let before = format!("n{:05}", number / 2);
        let spec = if number < 2 { json!({}) } else { uses(&[before.as_str()]) };
        stage.create(&format!("n{number:05}"), spec);
    }
    assert_eq!(stage.run().outcome.done.len(), 10_000);

    let mut stage = Stage::default();
    for number in 0..10_000 {
        let id = format!("n{:05}-{}", number / 2, number / 2 + 1);
        let spec = if number < 2 { json!({}) } else { json!({ "peers": [id] }) };
        let object = stage.world.put("test.node", &format!("n{number:05}"), spec);
        stage.delete(&format!("n{number:05}"), object);
        stage.items[number].depends_on.push(format!("n{:05}", number / 2).as_str().into());
    }
    stage.world.lock().unchecked = true;
    let run = stage.run();
    assert_eq!(run.outcome.done.len(), 10_000);
    assert!(run.at("delete n09999") < run.at("delete n04999"));
}

/// What a node refers to late is of a kind that goes before nodes do: by itself, or for another.
#[test]
fn what_is_torn_down_first_is_not_held_back_by_what_outlives_it() {
    let stage = |node: Action, later: Action| {
        let mut stage = Stage::default();
        stage.world.lock().unchecked = true;
        let old = stage.world.put("test.later", "later", json!({ "place": "old" }));
        let user = stage.world.put("test.node", "node", json!({ "peers": ["later-1"] }));
        let goes = later == Action::Delete;
        let spec = |spec| (!goes).then_some(spec);
        stage.item("test.later", "later", later, spec(json!({ "place": "new" })), Some(old));
        stage.item("test.node", "node", node, spec(peers(&["later"])), Some(user));
        stage
    };
    let run = |stage: Stage| {
        let run = stage.run();
        assert!(run.outcome.is_success(), "{:?}", run.outcome);
        run.calls().join(", ")
    };
    assert_eq!(run(stage(Action::Delete, Action::Delete)), "delete later, delete node");
    let told = run(stage(Action::Update, OLD_FIRST));
    assert_eq!(told, "delete later, create later, update node");
    let told = run(stage(Action::Update, NEW_FIRST));
    assert_eq!(told, "create later, delete later, update node");
}

/// What went let go of it, which is none of the changes that nobody has reviewed.
#[test]
fn what_outlives_another_may_have_lost_it_since_its_plan_was_reviewed() {
    let mut stage = Stage::default();
    stage.world.lock().unchecked = true;
    stage.options.on_moved = Some(OnMoved::Stop);
    let old = stage.world.put_owned("test.later", "later", json!({}));
    let user = stage.world.put_owned("test.node", "node", json!({ "peers": ["later-1"] }));
    stage.delete("later", old);
    stage.delete("node", user);
    stage.world.lock().objects.get_mut("node-2").unwrap().spec["peers"] = json!([]);
    let run = stage.run();
    assert!(run.outcome.is_success(), "{:?}", run.outcome);
}
