//! `stacks/healthcare.yaml`, end to end: applied, changed behind its back, repaired, destroyed, and
//! what its plan costs.

use std::fs;
use std::path::PathBuf;

use aws_sdk_cloudwatchlogs as logs;
use aws_sdk_ec2 as ec2;
use aws_sdk_s3 as s3;
use infra::live::{Reach, Snapshot};
use infra::model::{self, Options, Stack};
use infra::plan;
use infra::plan::night::{self, Wish};
use insta::assert_snapshot;
use tempfile::TempDir;

use crate::cli::infra;
use crate::world::{World, load_with, summary};

fn path() -> PathBuf {
    crate::root().join("stacks/healthcare.yaml")
}

fn stack(world: &World, environment: &str, database: &str) -> Stack {
    let params = [("database", database), ("domain", "example.org")];
    let params = params.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let options = Options {
        environment: Some(environment.to_owned()),
        account: Some(world.account.clone()),
        params: params.into(),
        ..Options::default()
    };
    model::load(&path(), &options).unwrap_or_else(|mistakes| panic!("{}", mistakes.render(false)))
}

async fn lives(environment: &str, database: &str) {
    let world = World::new();
    let stack = stack(&world, environment, database);
    world.apply(&stack).await.expect("apply");
    assert_eq!(
        summary(&world.plan_in_time(&stack).await.expect("plan")),
        [""; 0],
        "the second plan"
    );

    let drift = tamper(&world, &stack).await;
    let session = world.session(&stack.region).await;
    let snapshot = Snapshot::read(&session, &stack, Reach::Needed).await.expect("a snapshot");
    let found = plan::drift(&stack, &snapshot).expect("drift");
    let mut named: Vec<String> = found
        .changed()
        .flat_map(|item| item.changes.iter().map(|c| format!("{} {}", item.address, c.path)))
        .collect();
    named.sort();
    assert_eq!(named, drift, "what drift names");
    world.apply(&stack).await.expect("repair");
    assert_eq!(
        summary(&world.plan_in_time(&stack).await.expect("plan")),
        [""; 0],
        "after the repair"
    );

    for wish in [Wish::Asleep, Wish::Awake] {
        let snapshot = world.snapshot(&stack).await.expect("a snapshot");
        let (turned, plan) = night::turn(&stack, &snapshot, wish, &plan::Options::default())
            .unwrap_or_else(|errors| panic!("{}", errors.render(false)));
        world.carry_out(&turned, &plan).await.unwrap_or_else(|error| panic!("{wish:?}: {error}"));
        let snapshot = world.snapshot(&stack).await.expect("a snapshot");
        assert_eq!(night::is_asleep(&stack, &snapshot), wish == Wish::Asleep);
        let again = world.plan_as_it_is(&stack).await.expect("plan");
        assert_eq!(summary(&again), [""; 0], "{wish:?}");
    }

    world.destroy(&stack).await.expect("destroy");
}

/// Changes things as somebody with the console would; the fields that drift has to name.
async fn tamper(world: &World, stack: &Stack) -> Vec<String> {
    let config = aws_config::defaults(aws_config::BehaviorVersion::latest())
        .region(aws_config::Region::new("eu-west-3"))
        .endpoint_url(&world.endpoint)
        .credentials_provider(aws_sdk_sts::config::Credentials::new(
            &world.account,
            "x",
            None,
            None,
            "test",
        ))
        .load()
        .await;
    let session = world.session(&stack.region).await;
    let snapshot = Snapshot::read(&session, stack, Reach::Needed).await.expect("a snapshot");
    let output = |address: &str, name: &str| {
        let object = snapshot.objects.iter().find(|object| object.address() == Some(address));
        let object = object.unwrap_or_else(|| panic!("nothing lives at {address}"));
        object.outputs[name]
            .as_str()
            .unwrap_or_else(|| panic!("{address} has no {name}"))
            .to_owned()
    };

    let logs = logs::Client::new(&config);
    let group = output("task_logs", "name");
    let shorter = logs.put_retention_policy().log_group_name(group).retention_in_days(1);
    shorter.send().await.expect("PutRetentionPolicy");

    let s3 =
        s3::Client::from_conf(s3::config::Builder::from(&config).force_path_style(true).build());
    let delete = s3.delete_bucket_lifecycle().bucket(output("backups", "name"));
    delete.send().await.expect("DeleteBucketLifecycle");

    let ec2 = ec2::Client::new(&config);
    let open = ec2.authorize_security_group_ingress().group_id(output("database_group", "id"));
    open.ip_protocol("tcp")
        .from_port(22)
        .to_port(22)
        .cidr_ip("0.0.0.0/0")
        .send()
        .await
        .expect("open");
    let vpc = output("network/vpc", "id");
    let tag = ec2::types::Tag::builder().key("Owner").value("nobody").build();
    ec2.create_tags().resources(vpc).tags(tag).send().await.expect("CreateTags");

    [
        "backups lifecycle_rules",
        "database_group ingress",
        "network/vpc tags.Owner",
        "task_logs retention_days",
    ]
    .map(ToOwned::to_owned)
    .into()
}

macro_rules! lives {
    ($($name:ident: $environment:literal on $database:literal;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            lives($environment, $database).await;
        }
    )*};
}

lives! {
    dev_lives_on_documentdb: "dev" on "documentdb";
    dev_lives_on_atlas: "dev" on "atlas";
    dev_lives_on_a_machine: "dev" on "ec2";
    prod_lives_on_documentdb: "prod" on "documentdb";
    prod_lives_on_atlas: "prod" on "atlas";
    prod_lives_on_a_machine: "prod" on "ec2";
}

/// The table that `--stats` prints for a plan of an applied stack.
async fn calls(world: &World, text: &str, more: &[(&str, &str)]) -> (String, u64) {
    let root = TempDir::new().expect("a folder");
    let file = root.path().join("healthcare.yaml");
    fs::write(&file, text).expect("written");
    let templates = crate::root().join("templates");
    let options = Options {
        environment: Some("dev".to_owned()),
        account: Some(world.account.clone()),
        ..Options::default()
    };
    crate::copy_stack_files(root.path());
    fs::create_dir(root.path().join("templates")).expect("a folder");
    fs::copy(templates.join("network.yaml"), root.path().join("templates/network.yaml"))
        .expect("copied");
    let stack = load_with(&file.display().to_string(), text, root.path(), &options).expect("valid");
    // What the sweep does not know yet is asked for one by one.
    world.without_lag().await;
    world.apply(&stack).await.expect("apply");
    let output = infra(root.path())
        .arg("plan")
        .arg(&file)
        .args(["--env", "dev", "--stats", "--detailed-exitcode", "--endpoint-url", &world.endpoint])
        .env("AWS_ACCESS_KEY_ID", &world.account)
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .envs(more.iter().copied())
        .output()
        .expect("run");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "no changes:\n{text}\n{errors}");
    let total = errors.lines().last().and_then(|line| line.split_whitespace().next());
    let total = total.and_then(|total| total.parse().ok()).expect("a total");
    (errors, total)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_costs_calls_per_kind_and_not_per_resource() {
    let text = fs::read_to_string(path()).expect("the stack");
    let (table, small) = calls(&World::new(), &text, &[]).await;
    assert_snapshot!("calls_of_a_plan", table);
    assert!(small <= 110, "{small} calls");
    let (_, large) = calls(&World::new(), &tenfold(&text), &[]).await;
    assert!(large <= small + 10, "{large} calls instead of {small}");

    let world = World::new();
    let (id, secret) = infra::kinds::atlas::local_credentials(&world.account);
    let account = [
        ("MONGODB_ATLAS_BASE_URL", world.endpoint.as_str()),
        ("MONGODB_ATLAS_CLIENT_ID", id.as_str()),
        ("MONGODB_ATLAS_CLIENT_SECRET", secret.as_str()),
    ];
    let text = text.replace("default: documentdb", "default: atlas");
    let (table, _) = calls(&world, &text, &account).await;
    let of_atlas = table.lines().filter(|line| line.contains(" Atlas "));
    let of_atlas = of_atlas.filter_map(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    let of_atlas: Vec<u64> = of_atlas.collect();
    assert!(!of_atlas.is_empty() && of_atlas.iter().sum::<u64>() <= 8, "{table}");
}

/// The stack with ten times the subnets, security groups, alarms and log groups.
fn tenfold(text: &str) -> String {
    let more = "
  more_subnets:
    kind: ec2.subnet
    for_each: ${[40,41,42,43,44,45,46,47,48,49,50,51,52,53,54,55,56,57,58,59,60,61,62,63,64,65,66,67,68,69,70,71,72,73,74,75]}
    vpc: ${network.vpc}
    cidr: ${cidr.subnet(\"10.0.0.0/16\", 8, each.value)}
    zone: eu-west-3a
  more_groups:
    kind: ec2.security_group
    for_each: ${[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27]}
    vpc: ${network.vpc}
    description: One of many
  more_alarms:
    kind: cloudwatch.alarm
    for_each: ${[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27]}
    namespace: Many
    metric: Errors
    statistic: Sum
    period: 300
    evaluation_periods: 1
    threshold: 1
    comparison: GreaterThanOrEqualToThreshold
  more_logs:
    kind: logs.log_group
    for_each: ${[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27]}
";
    text.replacen("\nresources:\n", &format!("\nresources:{more}\n"), 1)
}
