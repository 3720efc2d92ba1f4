//! Stacks that were used, and destroyed: what holds data goes or stays as the user says, what
//! stands in the way is named, and nothing is left.

use std::path::PathBuf;
use std::process::Output;
use std::time::{Duration, Instant};

use aws_sdk_backup as backup;
use aws_sdk_cloudwatchlogs as logs;
use aws_sdk_ec2 as ec2;
use aws_sdk_ecr as ecr;
use aws_sdk_ecs as ecs;
use aws_sdk_s3 as s3;
use futures::StreamExt;
use infra::kind::LiveObject;
use infra::live::{Reach, Snapshot};
use infra::model::{self, Options, Stack};
use insta::assert_snapshot;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cli;
use crate::world::{BETWEEN_LOOKS, LISTS_LAG, World, summary};

/// A stack file in a world.
struct Used {
    world: World,
    folder: TempDir,
}

impl Used {
    fn new(text: &str) -> Self {
        let (world, folder) = (World::new(), TempDir::new().expect("a folder"));
        let used = Self { world, folder };
        used.write(text);
        used
    }

    fn write(&self, text: &str) {
        std::fs::write(self.file(), text).expect("written");
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("stack.yaml")
    }

    fn stack(&self) -> Stack {
        let options = Options {
            environment: Some("dev".to_owned()),
            account: Some(self.world.account.clone()),
            ..Options::default()
        };
        model::load(&self.file(), &options)
            .unwrap_or_else(|mistakes| panic!("{}", mistakes.render(false)))
    }

    fn infra(&self, arguments: &[&str]) -> Output {
        let mut command = cli::infra(self.folder.path());
        command
            .env("AWS_ACCESS_KEY_ID", &self.world.account)
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .args(arguments)
            .arg(self.file())
            .args(["--env", "dev", "--endpoint-url", &self.world.endpoint]);
        command.output().expect("run")
    }

    /// Everything that a command said, with what differs from run to run made equal.
    fn said(&self, output: &Output) -> String {
        let folder = self.folder.path().display().to_string();
        let mut text = cli::said(output).replace(&self.world.account, "ACCOUNT");
        text = text.replace(&folder, "FOLDER");
        for (pattern, same) in [
            (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID"),
            (r"\b([a-z]+)-[0-9a-f]{8,17}\b", "$1-ID"),
            (r"/[0-9a-f]{16}\b", "/ID"),
            (r"(:secret:[\w-]+)-\w{6}\b", "$1-ID"),
            (r"(:scalable-target/)\w+", "${1}ID"),
            (r"\(request [^)]+\)", "(request ID)"),
            (r"\d+\.\d s\b", "SOME s"),
        ] {
            let pattern = regex::Regex::new(pattern).expect("a pattern");
            text = pattern.replace_all(&text, same).into_owned();
        }
        text
    }

    async fn objects(&self) -> Vec<LiveObject> {
        let stack = self.stack();
        let session = self.world.session(&stack.region).await;
        let snapshot = Snapshot::read(&session, &stack, Reach::Everything).await;
        let snapshot = snapshot.expect("a snapshot");
        let there = snapshot.owned(&stack).filter(|o| o.status != infra::kind::Status::Deleting);
        there.cloned().collect()
    }

    async fn name(&self, address: &str) -> String {
        self.output(address, "name").await
    }

    /// The object at an address, once lists show it.
    async fn object(&self, address: &str) -> LiveObject {
        let deadline = Instant::now() + LISTS_LAG;
        loop {
            let objects = self.objects().await;
            let found = objects.into_iter().find(|object| object.address() == Some(address));
            if let Some(found) = found {
                return found;
            }
            assert!(Instant::now() < deadline, "nothing lives at {address}");
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    async fn output(&self, address: &str, name: &str) -> String {
        Box::pin(self.object(address)).await.outputs[name].as_str().expect("an output").to_owned()
    }

    /// Asks the local AWS itself, or tells it something.
    fn journal(&self, start: bool) -> Value {
        let url = format!("{}/infra/journal?account={}", self.world.endpoint, self.world.account);
        let mut answer = if start {
            let body = json!({ "account": self.world.account }).to_string();
            ureq::post(&url).send(body).expect("an answer")
        } else {
            ureq::get(&url).call().expect("an answer")
        };
        let text = answer.body_mut().read_to_string().expect("a text");
        serde_json::from_str(&text).expect("JSON")
    }

    async fn s3(&self) -> s3::Client {
        let config = self.world.config("eu-west-3").await;
        s3::Client::from_conf(s3::config::Builder::from(&config).force_path_style(true).build())
    }
}

/// The healthcare stack on a machine, with a bucket whose key is the stack's own.
fn clinic() -> String {
    let path = crate::root().join("stacks/healthcare.yaml");
    let text = std::fs::read_to_string(path).expect("the stack");
    let more = "
  records_key:
    kind: kms.key
    deletion_days: 7
  other_key:
    kind: kms.key
    deletion_days: 7
  records:
    kind: s3.bucket
    name: healthcare-${environment}-records-${account}
    encryption: { algorithm: \"aws:kms\", kms_key: \"${records_key}\" }
  empty:
    kind: s3.bucket
    name: healthcare-${environment}-empty-${account}
";
    let text = text.replacen("default: documentdb", "default: ec2", 1);
    text.replacen("\nresources:\n", &format!("\nresources:{more}\n"), 1)
}

/// Polls until there is something; the local AWS is quick.
async fn until<T>(mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "it did not come");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Puts into the stack's objects what use puts there.
async fn fill(used: &Used) {
    let config = used.world.config("eu-west-3").await;
    let s3 = used.s3().await;
    let put = async |bucket: &str, key: &str| {
        let put = s3.put_object().bucket(bucket).key(key).body(b"some".to_vec().into());
        put.send().await.expect("PutObject");
    };
    let backups = used.name("backups").await;
    put(&backups, "one").await;
    put(&backups, "one").await;
    put(&backups, "gone").await;
    s3.delete_object().bucket(&backups).key("gone").send().await.expect("DeleteObject");
    put(&used.name("records").await, "patient").await;

    // More than S3 lists at once.
    let many: Vec<String> = (0..1100).map(|number| format!("visits/{number}")).collect();
    let records = used.name("records").await;
    futures::stream::iter(&many).for_each_concurrent(16, |key| put(&records, key)).await;

    let ecs = ecs::Client::new(&config);
    let network = ecs::types::AwsVpcConfiguration::builder()
        .subnets(used.output("network/private-a", "id").await)
        .security_groups(used.output("tasks_group", "id").await);
    let run = ecs
        .run_task()
        .cluster(used.output("cluster", "arn").await)
        .task_definition(used.output("migration", "arn").await)
        .launch_type(ecs::types::LaunchType::Fargate)
        .network_configuration(
            ecs::types::NetworkConfiguration::builder()
                .awsvpc_configuration(network.build().expect("a network"))
                .build(),
        );
    let started = run.send().await.expect("RunTask");
    assert_eq!(started.tasks().len(), 1, "{:?}", started.failures());

    let ecr = ecr::Client::new(&config);
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {
            "mediaType": "application/vnd.docker.container.image.v1+json",
            "size": 7023,
            "digest": format!("sha256:{}", "a".repeat(64)),
        },
        "layers": [],
    });
    let push = ecr.put_image().repository_name(used.name("repository").await);
    push.image_manifest(manifest.to_string()).image_tag("1.0.0").send().await.expect("PutImage");

    let logs = logs::Client::new(&config);
    let group = used.name("task_logs").await;
    let stream = logs.create_log_stream().log_group_name(&group).log_stream_name("one");
    stream.send().await.expect("CreateLogStream");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("now");
    let now = i64::try_from(now.as_millis()).expect("now");
    let event = logs::types::InputLogEvent::builder().timestamp(now).message("hello").build();
    let put = logs.put_log_events().log_group_name(&group).log_stream_name("one");
    put.log_events(event.expect("an event")).send().await.expect("PutLogEvents");
    // What ECS makes by itself, and what only looks like it.
    let cluster = used.name("cluster").await;
    for cluster in [&cluster, "other"] {
        let name = format!("/aws/ecs/containerinsights/{cluster}/performance");
        logs.create_log_group().log_group_name(name).send().await.expect("CreateLogGroup");
    }

    let backup = backup::Client::new(&config);
    let (vault, role) = (used.name("vault").await, used.output("backup_role", "arn").await);
    let account = &used.world.account;
    until(async || {
        let start = backup.start_backup_job().backup_vault_name(&vault);
        let start = start.resource_arn(format!("arn:aws:dynamodb:eu-west-3:{account}:table/t"));
        // A new role is not known everywhere at once.
        start.iam_role_arn(&role).send().await.ok()
    })
    .await;
    until(async || {
        let points = backup.list_recovery_points_by_backup_vault().backup_vault_name(&vault);
        let points = points.send().await.expect("points");
        let point = points.recovery_points().first()?;
        (point.status()?.as_str() == "COMPLETED").then_some(())
    })
    .await;
}

/// The addresses of what is there, sorted.
async fn addresses(used: &Used) -> Vec<String> {
    let objects = used.objects().await;
    let mut all: Vec<String> =
        objects.iter().filter_map(|object| object.address().map(ToOwned::to_owned)).collect();
    all.sort();
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_used_stack_goes_once_it_is_said_what_becomes_of_its_data() {
    let used = Used::new(&clinic());
    let templates = crate::root().join("templates/network.yaml");
    crate::copy_stack_files(used.folder.path());
    std::fs::create_dir(used.folder.path().join("templates")).expect("a folder");
    std::fs::copy(templates, used.folder.path().join("templates/network.yaml")).expect("copied");
    let stack = used.stack();
    used.world.apply(&stack).await.expect("apply");
    fill(&used).await;
    let all = addresses(&used).await;

    // Without a decision: nothing has been touched, not even by a lease.
    used.journal(true);
    let output = used.infra(&["destroy", "--yes", "--no-lock"]);
    assert_eq!(output.status.code(), Some(1), "{}", used.said(&output));
    assert_eq!(used.journal(false)["calls"], json!([]), "calls that change something");
    assert_snapshot!("destroy_without_decision", used.said(&output));
    let output = used.infra(&["destroy", "--yes", "--no-lock", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    assert_snapshot!("destroy_without_decision_json", said_errors(&used, &output));
    assert_eq!(addresses(&used).await, all);

    // What holds data stays, with what that needs.
    let output = used.infra(&["destroy", "--yes", "--keep-data"]);
    assert_eq!(output.status.code(), Some(0), "{}", used.said(&output));
    let text = used.said(&output);
    let shown = text.split("-- stderr").next().unwrap_or_default();
    assert_snapshot!("destroy_keep_data", shown);
    let objects = used.objects().await;
    let retained =
        |object: &LiveObject| object.tags.get("infra:retain").is_some_and(|v| v == "true");
    assert!(objects.iter().all(retained), "what is there is retained");
    let backups = used.name("backups").await;
    let versions = used.s3().await.list_object_versions().bucket(backups).send().await;
    let versions = versions.expect("versions");
    assert_eq!((versions.versions().len(), versions.delete_markers().len()), (3, 1));
    let output = used.infra(&["destroy", "--yes", "--force"]);
    assert!(output.status.success(), "{}", used.said(&output));
    assert!(used.said(&output).contains("Nothing to delete."), "{}", used.said(&output));

    // The next apply takes it all up again; then everything goes.
    used.world.apply(&stack).await.expect("apply again");
    assert_eq!(summary(&used.world.plan(&stack).await.expect("plan")), [""; 0]);
    let output = used.infra(&["destroy", "--yes", "--force", "--json"]);
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", used.said(&output));
    let last: Value = serde_json::from_str(out.lines().last().expect("a line")).expect("JSON");
    assert_eq!(
        (&last["event"], &last["success"], &last["remains"]),
        (&"outcome".into(), &true.into(), &json!({ "left": [], "kept": [] }))
    );
    assert_eq!(addresses(&used).await, [""; 0]);
    let config = used.world.config("eu-west-3").await;
    let groups = logs::Client::new(&config).describe_log_groups().send().await.expect("groups");
    let groups: Vec<_> = groups.log_groups().iter().filter_map(|g| g.log_group_name()).collect();
    assert_eq!(groups, ["/aws/ecs/containerinsights/other/performance"]);
}

/// The errors of a JSON stream.
fn said_errors(used: &Used, output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).replace(&used.world.account, "ACCOUNT");
    let line = text.lines().last().unwrap_or_default().to_owned();
    let value: Value = serde_json::from_str(&line).expect("JSON");
    serde_json::to_string_pretty(&value).expect("JSON")
}

const NETWORK: &str = "stack: shop\nregion: eu-west-3\nenvironments: { dev: {} }\nresources:\n  \
                       net: { kind: ec2.vpc, cidr: 10.0.0.0/16 }\n  \
                       part:\n    kind: ec2.subnet\n    vpc: ${net}\n    cidr: 10.0.1.0/24\n    \
                       zone: eu-west-3a\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_else_has_in_a_subnet_is_named_and_not_waited_for() {
    let used = Used::new(NETWORK);
    used.world.apply(&used.stack()).await.expect("apply");
    let subnet = used.object("part").await;
    let ec2 = ec2::Client::new(&used.world.config("eu-west-3").await);
    let make =
        ec2.create_network_interface().subnet_id(subnet.id()).description("of the neighbours");
    let made = make.send().await.expect("an interface");
    let id = made.network_interface().and_then(|it| it.network_interface_id()).expect("an id");

    let begun = Instant::now();
    let output = used.infra(&["destroy", "--yes"]);
    assert_eq!(output.status.code(), Some(1), "{}", used.said(&output));
    assert!(begun.elapsed() < Duration::from_mins(1), "given up early");
    assert_snapshot!("destroy_with_a_foreign_interface", used.said(&output));

    ec2.delete_network_interface().network_interface_id(id).send().await.expect("deleted");

    // A service's interface goes with its owner, if anybody deletes that.
    let make = ec2.create_nat_gateway().subnet_id(subnet.id());
    let made = make.connectivity_type(ec2::types::ConnectivityType::Private).send().await;
    let made = made.expect("a NAT gateway").nat_gateway.and_then(|it| it.nat_gateway_id);
    let nat = made.expect("an id");
    let begun = Instant::now();
    let output = used.infra(&["destroy", "--yes"]);
    assert_eq!(output.status.code(), Some(1), "{}", used.said(&output));
    assert!(begun.elapsed() < Duration::from_mins(1), "given up early");
    let advice = format!("→ delete NAT gateway {nat} if nobody needs it, then run again\n");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(&advice), "{said}");

    ec2.delete_nat_gateway().nat_gateway_id(nat).send().await.expect("deleted");
    let output = used.infra(&["destroy", "--yes"]);
    assert!(output.status.success(), "{}", used.said(&output));
    assert!(used.said(&output).contains("\n0 objects left.\n"), "{}", used.said(&output));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orphans_go_alone_and_apply_loses_no_data_by_itself() {
    let bucket = "  files: { kind: s3.bucket, name: \"shop-files-${account}\" }\n";
    let used = Used::new(&format!("{NETWORK}{bucket}  alerts: {{ kind: sns.topic }}\n"));
    used.world.apply(&used.stack()).await.expect("apply");
    let name = used.name("files").await;
    let put = used.s3().await.put_object().bucket(&name).key("one").body(b"some".to_vec().into());
    put.send().await.expect("PutObject");

    used.write(NETWORK);
    used.journal(true);
    let output = used.infra(&["apply", "--yes", "--no-lock"]);
    assert_eq!(output.status.code(), Some(1), "{}", used.said(&output));
    assert_eq!(used.journal(false)["calls"], json!([]), "calls that change something");
    assert_snapshot!("apply_without_decision", used.said(&output));
    let output = used.infra(&["destroy", "--yes", "--orphans"]);
    assert_eq!(output.status.code(), Some(1), "{}", used.said(&output));
    let output = used.infra(&["destroy", "--yes", "--orphans", "--force"]);
    assert!(output.status.success(), "{}", used.said(&output));
    assert!(used.said(&output).contains("\n0 objects left.\n"), "{}", used.said(&output));
    assert_eq!(addresses(&used).await, ["net", "part"]);
    let output = used.infra(&["destroy", "--yes"]);
    assert!(output.status.success(), "{}", used.said(&output));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn protected_objects_stop_a_destroy_before_the_first_delete() {
    let bucket = |lifecycle: &str| {
        format!("{NETWORK}  topic: {{ kind: sns.topic, lifecycle: {{ {lifecycle} }} }}\n")
    };
    let used = Used::new(&bucket("protect: true"));
    used.world.apply(&used.stack()).await.expect("apply");
    used.journal(true);
    for arguments in
        [&["destroy", "--yes", "--no-lock"][..], &["destroy", "--yes", "--no-lock", "--keep-data"]]
    {
        let output = used.infra(arguments);
        assert_eq!(output.status.code(), Some(1), "{}", used.said(&output));
        assert!(used.said(&output).contains("a protected resource would be lost"));
    }
    assert_eq!(used.journal(false)["calls"], json!([]), "calls that change something");
    used.write(&bucket("retain: true"));
    let output = used.infra(&["destroy", "--yes"]);
    assert!(output.status.success(), "{}", used.said(&output));
    assert_snapshot!(
        "destroy_with_a_retained_object",
        used.said(&output).split("-- stderr").next().unwrap_or_default()
    );
    assert_eq!(addresses(&used).await, ["topic"]);
}

/// What AWS itself protects, in a network.
const GUARDED: &str =
    "  other: { kind: ec2.subnet, vpc: \"${net}\", cidr: 10.0.2.0/24, zone: eu-west-3b }
  group: { kind: ec2.security_group, description: All of it, vpc: \"${net}\" }
  places: { kind: rds.subnet_group, subnets: [\"${part}\", \"${other}\"] }
  database:
    kind: rds.instance
    engine: mysql
    version: \"8.4\"
    class: db.t4g.micro
    storage: { gb: 20 }
    master_user: clerk
    subnet_group: ${places}
    security_groups: [\"${group}\"]
    deletion_protection: true
  balancer:
    kind: elbv2.load_balancer
    subnets: [\"${part}\", \"${other}\"]
    security_groups: [\"${group}\"]
    deletion_protection: true
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_aws_protects_stops_a_run_before_the_first_delete_or_is_lifted() {
    let records = "  records: { kind: logs.log_group, deletion_protection: true }\n";
    let used = Used::new(&format!("{NETWORK}{GUARDED}{records}"));
    used.world.apply(&used.stack()).await.expect("apply");
    let all = addresses(&used).await;

    // `--force` speaks of data, not of protection.
    used.journal(true);
    let output = used.infra(&["destroy", "--yes", "--no-lock", "--force"]);
    assert_eq!(output.status.code(), Some(1), "{}", used.said(&output));
    assert_snapshot!("destroy_of_what_aws_protects", used.said(&output));
    used.write(&format!("{NETWORK}{GUARDED}"));
    let output = used.infra(&["apply", "--yes", "--no-lock", "--force"]);
    assert_eq!(output.status.code(), Some(1), "{}", used.said(&output));
    assert_snapshot!("apply_without_what_aws_protects", used.said(&output));
    assert_eq!(used.journal(false)["calls"], json!([]), "calls that change something");
    assert_eq!(addresses(&used).await, all);

    let output = used.infra(&["apply", "--yes", "--force", "--override-protection"]);
    assert!(output.status.success(), "{}", used.said(&output));
    assert!(!addresses(&used).await.contains(&"records".to_owned()));

    // A database that sleeps takes no change: it is started for its end.
    let output = used.infra(&["sleep", "--yes"]);
    assert!(output.status.success(), "{}", used.said(&output));
    assert_eq!(used.object("database").await.spec["stopped"], true);
    let output = used.infra(&["destroy", "--yes", "--force", "--override-protection"]);
    assert!(output.status.success(), "{}", used.said(&output));
    let said = used.said(&output);
    assert!(said.contains("AWS's protection is lifted (deletion_protection)"), "{said}");
    assert!(said.contains("\n0 objects left.\n"), "{said}");
    assert_eq!(addresses(&used).await, [""; 0]);
}
