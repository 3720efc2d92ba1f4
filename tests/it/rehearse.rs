//! Killed anywhere, answers lost, throttled: a second run always ends where an undisturbed one does.

use std::path::PathBuf;

use infra::local::control::Blow;
use infra::model;
use infra::rehearse::{self, Act, Call, Findings, Options};
use tempfile::TempDir;

fn call(environment: &str, variables: &[(&str, &str)]) -> Call {
    let owned = |text: &str| text.to_owned();
    Call {
        program: PathBuf::from(env!("CARGO_BIN_EXE_infra")),
        options: vec![owned("--env"), owned(environment)],
        variables: variables.iter().map(|(name, value)| (owned(name), owned(value))).collect(),
    }
}

fn model(environment: &str) -> model::Options {
    model::Options { environment: Some(environment.to_owned()), ..model::Options::default() }
}

async fn findings(options: Options) -> Findings {
    rehearse::rehearse(options, |_| ()).await.unwrap_or_else(|error| panic!("{error}"))
}

/// The whole enumeration is `infra rehearse stacks/healthcare.yaml --env prod --all`.
#[tokio::test]
async fn the_healthcare_system_survives_a_sample_of_crashes() {
    let file = crate::root().join("stacks/healthcare.yaml");
    let groups = rehearse::GROUPS.to_vec();
    let call = call("dev", &[]);
    let found =
        findings(Options { file, model: model("dev"), call, groups, points: Some(12), lanes: 2 })
            .await;
    assert!(found.is_success(), "{}", serde_json::to_string_pretty(&found).expect("JSON"));
    assert_eq!(found.checks.len(), 19);
}

/// A way out, a schedule and an alarm: killed at any call and run again, sleep ends asleep and wake
/// awake, with everything that was there.
#[tokio::test]
async fn an_environment_falls_asleep_and_wakes_although_it_is_killed() {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("night.yaml");
    let text = "
stack: night
region: eu-west-3
environments: { dev: { night: { nat: remove } } }
resources:
  net: { kind: ec2.vpc, cidr: 10.0.0.0/16 }
  inner: { kind: ec2.subnet, vpc: '${net}', cidr: 10.0.0.0/24, zone: eu-west-3a }
  nat: { kind: ec2.nat_gateway, subnet: '${inner}', connectivity: private }
  routes:
    kind: ec2.route_table
    vpc: ${net}
    routes: [{ destination: 192.168.0.0/16, nat_gateway: '${nat}' }]
  nightly: { kind: events.rule, schedule: rate(1 day) }
";
    std::fs::write(&file, text).expect("written");
    let groups = vec![(Act::Sleep, Blow::Halt), (Act::Wake, Blow::Halt)];
    let (call, model) = (call("dev", &[]), model("dev"));
    let found = findings(Options { file, model, call, groups, points: None, lanes: 2 }).await;
    assert!(found.is_success(), "{}", serde_json::to_string_pretty(&found).expect("JSON"));
    let tried: Vec<usize> = found.checks.iter().rev().take(2).map(|check| check.tried).collect();
    assert!(tried.iter().all(|tried| *tried >= 8), "{tried:?}");
}

#[tokio::test]
async fn a_kind_that_tags_late_is_found_out() {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("net.yaml");
    let text = "stack: net\nregion: eu-west-3\nresources:\n  \
                net: { kind: ec2.vpc, cidr: 10.0.0.0/16 }\n";
    std::fs::write(&file, text).expect("written");
    let groups = vec![(Act::Apply, Blow::Halt)];
    for (planted, survives) in [(None, true), (Some("ec2.vpc"), false)] {
        let variables: Vec<_> =
            planted.map(|kind| ("INFRA_PLANT_LATE_TAGS", kind)).into_iter().collect();
        let (file, groups, call) = (file.clone(), groups.clone(), call("default", &variables));
        let found = findings(Options {
            file,
            model: model("default"),
            call,
            groups,
            points: None,
            lanes: 2,
        })
        .await;
        let text = serde_json::to_string_pretty(&found).expect("JSON");
        assert_eq!(found.is_success(), survives, "{text}");
        assert_eq!(text.contains("2 instead of 1 of eu-west-3 ec2:vpc"), !survives, "{text}");
    }
}
