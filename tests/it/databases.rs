//! Databases that are stopped: changed, kept as they are, and deleted all the same.

use std::path::Path;

use infra::model::{Options, Stack};
use serde_json::{Value, json};

use crate::world::{World, load_with, summary};

/// A network with a database in it.
fn stack(service: &str, more: Value) -> Stack {
    let group = format!("{service}.subnet_group");
    let mut resources = json!({
        "vpc": { "kind": "ec2.vpc", "cidr": "10.0.0.0/16" },
        "a": { "kind": "ec2.subnet", "vpc": "${vpc}", "cidr": "10.0.0.0/24", "zone": "eu-west-3a" },
        "b": { "kind": "ec2.subnet", "vpc": "${vpc}", "cidr": "10.0.1.0/24", "zone": "eu-west-3b" },
        "group": { "kind": "ec2.security_group", "description": "Databases", "vpc": "${vpc}" },
        "subnets": { "kind": group, "subnets": ["${a}", "${b}"] },
    });
    for (name, resource) in more.as_object().expect("resources") {
        resources[name] = resource.clone();
    }
    let text = json!({ "stack": "probe", "region": "eu-west-3", "resources": resources });
    let here = Path::new(".");
    load_with("databases.yaml", &text.to_string(), here, &Options::default()).expect("a stack")
}

fn docdb(class: &str, days: i32, stopped: bool) -> Stack {
    let more = json!({
        "cluster": {
            "kind": "docdb.cluster", "version": "5.0", "master_user": "clerk",
            "subnet_group": "${subnets}", "security_groups": ["${group}"],
            "backup_days": days, "stopped": stopped,
        },
        "instance": { "kind": "docdb.instance", "cluster": "${cluster}", "class": class },
    });
    stack("docdb", more)
}

fn mysql(version: &str, days: i32, stopped: bool) -> Stack {
    let more = json!({
        "database": {
            "kind": "rds.instance", "engine": "mysql", "version": version, "class": "db.t4g.micro",
            "storage": { "gb": 20 }, "master_user": "clerk", "subnet_group": "${subnets}",
            "security_groups": ["${group}"], "backup_days": days, "stopped": stopped,
        },
    });
    stack("rds", more)
}

/// Applies it; then there is nothing to do.
async fn reach(world: &World, stack: &Stack) {
    world.apply(stack).await.expect("applied");
    let again = world.plan_in_time(stack).await.expect("a plan");
    assert!(!again.has_changes(), "{:?}", summary(&again));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_cluster_is_changed_stays_stopped_and_goes() {
    let world = World::new();
    let (small, large) = ("db.t4g.medium", "db.r6g.large");
    reach(&world, &docdb(small, 7, false)).await;
    reach(&world, &docdb(small, 7, true)).await;
    reach(&world, &docdb(small, 14, true)).await;
    // AWS takes no change of an instance, and none is left half made.
    let refused = world.apply(&docdb(large, 14, true)).await.expect_err("the cluster is stopped");
    assert!(refused.contains("`stopped: false`"), "{refused}");
    reach(&world, &docdb(large, 14, false)).await;
    reach(&world, &docdb(large, 14, true)).await;
    world.destroy(&docdb(large, 14, true)).await.expect("destroyed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_database_is_changed_stays_stopped_and_goes() {
    let world = World::new();
    reach(&world, &mysql("8.4", 7, false)).await;
    reach(&world, &mysql("8.4", 7, true)).await;
    reach(&world, &mysql("8.4", 14, true)).await;
    world.destroy(&mysql("8.4", 14, true)).await.expect("destroyed");
}

/// RDS and DocumentDB share types of objects: what one has at an address keeps the other from being
/// asked, unless what the sweep saw there was the other's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_of_the_other_service_is_found_and_what_is_not_costs_no_call() {
    let world = World::new();
    world.without_lag().await;
    reach(&world, &stack("rds", json!({}))).await;
    let turned = stack("docdb", json!({}));
    let plan = world.plan(&turned).await.expect("a plan");
    assert_eq!(summary(&plan), ["Create subnets []", "Delete subnets []"]);
    reach(&world, &turned).await;

    let of_rds = || {
        let table = world.calls.table().into_iter();
        table.filter(|((service, _), _)| service == "RDS").map(|(_, count)| count).sum::<u64>()
    };
    let before = of_rds();
    world.plan(&turned).await.expect("a plan");
    assert_eq!((before > 0, of_rds()), (true, before));
}
