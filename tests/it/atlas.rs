//! MongoDB Atlas: how its credentials are found and used, and what a plan costs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Output;

use infra::model::Options;
use serde_json::json;
use tempfile::TempDir;

use crate::cli::infra;
use crate::world::{World, load_with, summary};

const STACK: &str =
    "stack: probe\nregion: eu-west-3\nresources:\n  database: { kind: atlas.project }\n";

/// `infra plan` with these variables beside those of AWS, and its table of calls.
fn plan(world: &World, variables: &[(&str, &str)]) -> Output {
    let home = TempDir::new().expect("a folder");
    let file = home.path().join("probe.yaml");
    fs::write(&file, STACK).expect("written");
    infra(home.path())
        .arg("plan")
        .arg(&file)
        .args(["--stats", "--endpoint-url", &world.endpoint])
        .env("AWS_ACCESS_KEY_ID", &world.account)
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("MONGODB_ATLAS_BASE_URL", &world.endpoint)
        .envs(variables.iter().copied())
        .output()
        .expect("run")
}

fn said(output: &Output) -> String {
    let both = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8_lossy(&both).into_owned()
}

/// How often the table of calls says that Atlas was asked this.
fn count(table: &str, operation: &str) -> u32 {
    let line = table.lines().find(|line| line.contains(operation));
    let number = line.and_then(|line| line.split_whitespace().find_map(|word| word.parse().ok()));
    number.unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_account_and_an_api_key_both_open_atlas() {
    let world = World::new();
    let id = format!("mdb_sa_id_{}", world.account);
    let account = [("MONGODB_ATLAS_CLIENT_ID", id.as_str()), ("MONGODB_ATLAS_CLIENT_SECRET", "x")];
    let output = plan(&world, &account);
    let text = said(&output);
    assert!(output.status.success(), "{text}");
    assert_eq!((count(&text, "GetAccessToken"), count(&text, "ListProjects")), (1, 1), "{text}");

    // A digest begins with a challenge.
    let number = world.account.as_str();
    for names in [
        ("MONGODB_ATLAS_PUBLIC_KEY", "MONGODB_ATLAS_PRIVATE_KEY"),
        ("MONGODB_ATLAS_PUBLIC_API_KEY", "MONGODB_ATLAS_PRIVATE_API_KEY"),
        ("MCLI_PUBLIC_API_KEY", "MCLI_PRIVATE_API_KEY"),
    ] {
        let output = plan(&world, &[(names.0, number), (names.1, "local")]);
        let text = said(&output);
        assert!(output.status.success(), "{text}");
        assert_eq!(count(&text, "ListProjects"), 2, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_may_be_in_a_secret() {
    let world = World::new();
    let client = aws_sdk_secretsmanager::Client::new(&world.config("eu-west-3").await);
    let value = json!({ "public_key": world.account, "private_key": "local" }).to_string();
    client.create_secret().name("atlas").secret_string(value).send().await.expect("a secret");
    let output = plan(&world, &[("MONGODB_ATLAS_SECRET", "atlas")]);
    assert!(output.status.success(), "{}", said(&output));

    client.put_secret_value().secret_id("atlas").secret_string("{}").send().await.expect("put");
    let text = said(&plan(&world, &[("MONGODB_ATLAS_SECRET", "atlas")]));
    assert!(text.contains("the secret atlas has to be a JSON object"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_that_are_missing_or_wrong_are_told_and_not_shown() {
    let world = World::new();
    let text = said(&plan(&world, &[]));
    assert!(text.contains("set MONGODB_ATLAS_CLIENT_ID and"), "{text}");

    let key = [
        ("MONGODB_ATLAS_PUBLIC_KEY", world.account.as_str()),
        ("MONGODB_ATLAS_PRIVATE_KEY", "not-the-private-key"),
    ];
    let output = plan(&world, &key);
    let text = said(&output);
    assert!(!output.status.success(), "{text}");
    assert!(text.contains("reading atlas.project in eu-west-3: UNAUTHORIZED"), "{text}");
    assert!(text.contains("MONGODB_ATLAS_PRIVATE_KEY"), "{text}");
    assert!(!text.contains("not-the-private-key"), "{text}");

    let plain = [
        ("MONGODB_ATLAS_BASE_URL", "http://cloud.example"),
        ("MONGODB_ATLAS_PUBLIC_KEY", "a"),
        ("MONGODB_ATLAS_PRIVATE_KEY", "b"),
    ];
    let text = said(&plan(&world, &plain));
    assert!(text.contains("would get credentials without encryption"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_and_failures_of_atlas_pass() {
    let world = World::new();
    let id = format!("mdb_sa_id_{}", world.account);
    let account = [("MONGODB_ATLAS_CLIENT_ID", id.as_str()), ("MONGODB_ATLAS_CLIENT_SECRET", "x")];
    for kind in ["throttle", "error", "reset"] {
        let rules = json!([{ "operations": ["atlas:*"], "kind": kind, "times": 1, "each": true }]);
        world.faults(rules).await;
        let output = plan(&world, &account);
        let text = said(&output);
        assert!(output.status.success(), "{kind}: {text}");
        assert_eq!(count(&text, "ListProjects"), 2, "{kind}: {text}");
    }
}

/// A database as the healthcare platform has it.
const DATABASE: &str = r#"
stack: database
region: eu-west-3
resources:
  project:
    kind: atlas.project
    access_list:
      - { cidr: 10.0.0.0/16, comment: The network }
    alerts:
      - { event: NO_PRIMARY, roles: [GROUP_OWNER] }
      - { event: CPS_SNAPSHOT_FAILED, emails: [database@example.com] }
  vpc: { kind: ec2.vpc, cidr: 10.0.0.0/16 }
  peering:
    kind: atlas.peering
    project: ${project}
    vpc: ${vpc}
    vpc_cidr: 10.0.0.0/16
    atlas_cidr: 192.168.248.0/21
  cluster:
    kind: atlas.cluster
    project: ${project}
    tier: M10
    point_in_time: true
    termination_protection: false
  schedule:
    kind: atlas.backup_schedule
    project: ${project}
    cluster: ${cluster.name}
    policies: [{ every: hourly, interval: 6, keep: 7 }]
  password:
    kind: secretsmanager.secret
    generate: { length: 40, punctuation: false }
    deletion_days: 0
  application:
    kind: atlas.database_user
    project: ${project}
    password: ${password}
    roles: [{ role: readWrite, database: patients }]
    clusters: ["${cluster.name}"]
  reader:
    kind: atlas.database_user
    project: ${project}
    password: ${password}
    roles: [{ role: read, database: patients }]
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_without_changes_costs_at_most_eight_calls() {
    let world = World::new();
    let stack = load_with("database.yaml", DATABASE, Path::new("."), &Options::default());
    let stack = stack.expect("a sound stack");
    world.apply(&stack).await.expect("apply");
    let settled = world.plan_in_time(&stack).await.expect("a plan");
    assert_eq!(summary(&settled), [""; 0]);

    let before = of_atlas(&world);
    world.plan(&stack).await.expect("a plan");
    let calls: Vec<String> = of_atlas(&world)
        .into_iter()
        .filter_map(|(name, count)| {
            let new = count - before.get(&name).copied().unwrap_or_default();
            (new > 0).then(|| format!("{new} {name}"))
        })
        .collect();
    let total: u64 = calls.iter().filter_map(|it| it.split(' ').next()?.parse::<u64>().ok()).sum();
    assert!(total <= 8, "{total}: {calls:?}");
    world.destroy(&stack).await.expect("destroy");
}

fn of_atlas(world: &World) -> BTreeMap<String, u64> {
    let table = world.calls.table().into_iter();
    table.filter(|((service, _), _)| service == "Atlas").map(|((_, name), n)| (name, n)).collect()
}
