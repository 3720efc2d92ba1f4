//! Records beside those of others: theirs are never written over and never deleted without a word.

use std::path::Path;

use aws_sdk_route53::Client;
use aws_sdk_route53::types::{
    Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType,
};
use infra::kinds;
use infra::live::{Reach, Snapshot};
use infra::model::{Options, Stack};

use crate::world::{World, load_with, summary};

const HEAD: &str = "stack: shop\nregion: eu-west-3\nresources:\n";

fn stack(resources: &str) -> Stack {
    let text = format!("{HEAD}{resources}");
    load_with("stack.yaml", &text, Path::new("."), &Options::default()).expect("a stack")
}

fn address(name: &str, value: &str) -> ResourceRecordSet {
    let value = ResourceRecord::builder().value(value).build().expect("a value");
    let set = ResourceRecordSet::builder().name(name).r#type(RrType::A).ttl(60);
    set.resource_records(value).build().expect("a record")
}

async fn make(client: &Client, zone: &str, set: ResourceRecordSet) {
    let change = Change::builder().action(ChangeAction::Create).resource_record_set(set);
    let batch = ChangeBatch::builder().changes(change.build().expect("a change"));
    let batch = batch.build().expect("a batch");
    let change = client.change_resource_record_sets().hosted_zone_id(zone).change_batch(batch);
    change.send().await.expect("a record of somebody's");
}

/// The names of a zone's records that not every zone has.
async fn names(client: &Client, zone: &str) -> Vec<String> {
    let list = client.list_resource_record_sets().hosted_zone_id(zone).send().await;
    let sets = list.expect("a list").resource_record_sets;
    let others = sets.iter().filter(|set| !matches!(set.r#type(), RrType::Ns | RrType::Soa));
    others.map(|set| set.name().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_in_a_zone_of_others_stand_beside_theirs() {
    let world = World::new();
    let client = Client::new(&world.config("eu-west-3").await);
    let made = client.create_hosted_zone().name("example.com").caller_reference("theirs");
    let zone = made.send().await.expect("a zone").hosted_zone.expect("a zone");
    let zone = zone.id().rsplit('/').next().expect("an id").to_owned();
    make(&client, &zone, address("www.example.com", "192.0.2.1")).await;
    let record = |at: &str, name: &str| {
        format!(
            "  {at}: {{ kind: route53.record, zone: {zone}, name: {name}, type: A, values: [192.0.2.2] }}\n"
        )
    };

    // Theirs is not written over.
    let error = world.apply(&stack(&record("web", "www.example.com"))).await.expect_err("taken");
    assert!(error.contains("has a record www.example.com of type A already"), "{error}");
    assert_eq!(names(&client, &zone).await, ["www.example.com."]);

    // Ours is found again, and goes with its declaration.
    let both = stack(&(record("a", "a.example.com") + &record("b", "b.example.com")));
    world.apply(&both).await.expect("apply");
    assert_eq!(summary(&world.plan(&both).await.expect("a plan")), [""; 0]);
    let one = stack(&record("a", "a.example.com"));
    assert_eq!(summary(&world.apply(&one).await.expect("apply")), ["Delete b []"]);
    let none = stack("  alerts: { kind: sns.topic }\n");
    let applied = summary(&world.apply(&none).await.expect("apply"));
    assert_eq!(applied, ["Create alerts []", "Delete a []"]);
    assert_eq!(names(&client, &zone).await, ["www.example.com."]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_zone_holds_the_records_of_others_alone() {
    let world = World::new();
    let client = Client::new(&world.config("eu-west-3").await);
    let stack = stack(
        "  zone: { kind: route53.hosted_zone, name: example.com }\n  web: { kind: route53.record, \
         zone: \"${zone}\", name: www.example.com, type: A, values: [192.0.2.1] }\n",
    );
    world.apply(&stack).await.expect("apply");
    let session = world.session("eu-west-3").await;
    let snapshot = Snapshot::read(&session, &stack, Reach::Needed).await.expect("a snapshot");
    let zone = snapshot.owned(&stack).find(|object| object.kind == "route53.hosted_zone");
    let zone = zone.expect("the zone").clone();
    let kind = kinds::find("route53.hosted_zone").expect("a kind");
    let aws = session.region("eu-west-3");
    assert_eq!(kind.holds(&aws, &zone).await.expect("a look"), None);

    make(&client, zone.id(), address("other.example.com", "192.0.2.9")).await;
    let held = kind.holds(&aws, &zone).await.expect("a look").map(|held| held.what);
    assert_eq!(held.as_deref(), Some("1 record of others: other.example.com A"));
    let error = world.destroy(&stack).await.expect_err("held");
    assert!(error.contains("it holds 1 record of others"), "{error}");
    kind.empty(&aws, &zone).await.expect("emptied");
    world.destroy(&stack).await.expect("destroy");
}
