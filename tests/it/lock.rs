//! Two at once: the lease, and the history that runs leave.

use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use infra::apply::Stop;
use infra::apply::lock::{Holder, Lock, LockError, Times};
use infra::aws::Aws;
use tempfile::TempDir;

use crate::cli;
use crate::world::World;

const STACK: &str = "stack: shop\nregion: eu-west-3\nresources:\n  \
                     log: { kind: logs.log_group, name: /shop }\n  \
                     alerts: { kind: sns.topic }\n  \
                     net: { kind: ec2.vpc, cidr: 10.0.0.0/16 }\n  \
                     group: { kind: ec2.security_group, vpc: \"${net}\" }\n";

/// The binary in a world's account.
fn infra(world: &World, home: &TempDir, arguments: &[&str]) -> Command {
    let file = home.path().join("shop.yaml");
    if !file.exists() {
        std::fs::write(&file, STACK).expect("written");
    }
    let mut command = cli::infra(home.path());
    command
        .env("AWS_ACCESS_KEY_ID", &world.account)
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .args(arguments)
        .arg(file)
        .args(["--endpoint-url", &world.endpoint]);
    command
}

fn run(world: &World, home: &TempDir, arguments: &[&str]) -> Output {
    infra(world, home, arguments).output().expect("run")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

async fn home(world: &World) -> Aws {
    world.session("eu-west-3").await.region("eu-west-3")
}

const SHORT: Times = Times { lasts: Duration::from_secs(5), renewed: Duration::from_millis(500) };

async fn take(lock: &Lock, run: &str, within: Duration, stop: &Stop) -> Result<Lock, LockError> {
    let me = Holder { run: run.to_owned(), ..Holder::this("apply") };
    let lease = lock.take(me, within, stop, |_| ()).await?;
    // The process goes away without a word.
    drop(lease);
    Ok(lock.clone())
}

#[tokio::test]
async fn a_lease_keeps_others_out_until_it_is_given_back() {
    let world = World::new();
    let lock = Lock::new(&home(&world).await, "shop", "dev");
    let stop = Stop::new();
    assert_eq!(lock.holder().await.expect("no bucket yet"), None);
    let me = Holder { ci: Some("https://ci.example/7".to_owned()), ..Holder::this("apply") };
    let lease = lock.take(me.clone(), Duration::ZERO, &stop, |_| ()).await.expect("the lease");
    let seen = lock.holder().await.expect("an answer").expect("a holder");
    assert_eq!((&seen.run, &seen.ci, seen.pid), (&me.run, &me.ci, std::process::id()));
    assert!(seen.expires > seen.started);

    let refused = take(&lock, "another", Duration::ZERO, &stop).await.map(drop);
    let message = refused.expect_err("it is held").to_string();
    assert!(message.contains("shop dev is being changed by `infra apply` of"), "{message}");
    assert!(message.contains("https://ci.example/7"), "{message}");
    // Another environment is nobody's concern.
    let other = Lock::new(&home(&world).await, "shop", "prod");
    take(&other, "another", Duration::ZERO, &stop).await.expect("its own lease");

    lease.release().await.expect("released");
    assert_eq!(lock.holder().await.expect("an answer"), None);
    take(&lock, "another", Duration::ZERO, &stop).await.expect("free again");
}

#[tokio::test]
async fn a_lease_is_taken_over_only_after_it_has_expired() {
    let world = World::new();
    let lock = Lock::new(&home(&world).await, "shop", "dev").lasting(SHORT);
    let stop = Stop::new();
    let began = Instant::now();
    take(&lock, "first", Duration::ZERO, &stop).await.expect("the lease");
    take(&lock, "second", Duration::ZERO, &stop).await.map(drop).expect_err("not expired");
    take(&lock, "third", Duration::from_secs(30), &stop).await.expect("expired by then");
    assert!(began.elapsed() >= SHORT.lasts, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_lease_is_renewed_and_whoever_loses_it_begins_nothing_new() {
    let world = World::new();
    let lock = Lock::new(&home(&world).await, "shop", "dev").lasting(SHORT);
    let stop = Stop::new();
    let lease =
        lock.take(Holder::this("apply"), Duration::ZERO, &stop, |_| ()).await.expect("the lease");
    let other = take(&lock, "other", Duration::from_secs(7), &Stop::new()).await.map(drop);
    other.expect_err("it is renewed for longer than it lasts");
    assert!(!lease.is_lost() && !stop.is_asked());

    lock.release().await.expect("taken away").expect("from its holder");
    take(&lock, "other", Duration::ZERO, &Stop::new()).await.expect("free");
    tokio::time::timeout(Duration::from_secs(10), stop.asked_more_than(0)).await.expect("a stop");
    assert!(lease.is_lost());
    let holder = lock.holder().await.expect("an answer");
    lease.release().await.expect("nothing to give back");
    assert_eq!(holder.map(|holder| holder.run), Some("other".to_owned()), "theirs stays");
}

#[tokio::test]
async fn twenty_applies_at_once_make_one_set_of_objects() {
    let (world, folder) = (World::new(), TempDir::new().expect("a folder"));
    let spawn = |_| -> Child {
        let mut command = infra(&world, &folder, &["apply", "--yes", "--lock-timeout", "10m"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started")
    };
    let children: Vec<Child> = (0..20).map(spawn).collect();
    let mut made = 0;
    for child in children {
        let output = child.wait_with_output().expect("ended");
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{out}{err}");
        made += usize::from(out.contains("4 created"));
    }
    assert_eq!(made, 1, "one of them found nothing there");
    let aws = home(&world).await;
    let ec2 = infra::client!(aws, aws_sdk_ec2);
    let ours = aws_sdk_ec2::types::Filter::builder().name("cidr").values("10.0.0.0/16").build();
    let networks = ec2.describe_vpcs().filters(ours).send().await.expect("networks");
    assert_eq!(networks.vpcs().len(), 1);
    let output = run(&world, &folder, &["plan", "--detailed-exitcode"]);
    assert!(output.status.success(), "{}", text(&output.stdout));
    let output = run(&world, &folder, &["lock", "show"]);
    assert_eq!(text(&output.stdout), "Nobody holds it.\n", "{}", text(&output.stderr));
}

#[tokio::test]
async fn a_lease_can_be_shown_and_released_and_runs_leave_a_history() {
    let (world, folder) = (World::new(), TempDir::new().expect("a folder"));
    let output = run(&world, &folder, &["history"]);
    assert_eq!(text(&output.stdout), "No run has changed this environment yet.\n");
    let lock = Lock::new(&home(&world).await, "shop", "default");
    take(&lock, "gone", Duration::ZERO, &Stop::new()).await.expect("the lease");

    let output = run(&world, &folder, &["apply", "--yes", "--lock-timeout", "0s"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("infra lock release"), "{}", text(&output.stderr));
    let output = run(&world, &folder, &["lock", "show"]);
    assert!(text(&output.stdout).starts_with("Held by `infra apply` of"));
    let output = run(&world, &folder, &["lock", "release"]);
    assert_eq!(output.status.code(), Some(1), "there is no terminal to ask on");
    let output = run(&world, &folder, &["lock", "release", "--yes"]);
    assert_eq!(text(&output.stderr), "Released.\n");

    let output = run(&world, &folder, &["apply", "--yes"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let output = run(&world, &folder, &["destroy", "--yes"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let output = run(&world, &folder, &["history", "--json"]);
    let listed: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let runs = listed["runs"].as_array().expect("runs");
    let told: Vec<_> = runs
        .iter()
        .map(|run| {
            let planned = run["run"]["planned"].as_array().map_or(0, Vec::len);
            (run["run"]["command"].as_str().unwrap_or_default(), planned, &run["ending"])
        })
        .collect();
    assert_eq!(told, [("destroy", 4, &"done".into()), ("apply", 4, &"done".into())]);
    let name = runs[1]["run"]["run"].as_str().expect("a name");
    let output = run(&world, &folder, &["history", "show", name]);
    assert!(text(&output.stdout).contains("created   net"), "{}", text(&output.stdout));
    let output = run(&world, &folder, &["history", "show", "nothing"]);
    assert!(text(&output.stderr).contains("has no run `nothing`"), "{}", text(&output.stderr));
}
