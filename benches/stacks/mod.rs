//! Stacks that are planned without AWS: stack file → model → plan, in an account that matches the
//! file and in an empty one. What is made is dropped after the measurement.

#[path = "../../tests/it/settled.rs"]
mod settled;

use std::fmt::Write as _;
use std::path::Path;

use divan::{Bencher, black_box, counter::ItemsCount};
use infra::live::Snapshot;
use infra::model::{self, Stack};
use infra::plan::{self, Options, Plan};

/// How many resources there are.
const SIZES: [usize; 3] = [100, 1_000, 10_000];
/// How many of them one system has.
const SYSTEM: usize = 20;

/// A stack of many systems: each a network from a template, and beside it groups, logs and alarms
/// that are written out.
fn stack_file(resources: usize) -> String {
    let mut text =
        "stack: bench\nregion: eu-west-3\ntags: { Project: Bench }\nresources:\n".to_owned();
    for system in 0..resources / SYSTEM {
        let second = system % 256;
        let _ = write!(
            text,
            r#"
  network{system}:
    template: network
    with: {{ cidr: 10.{second}.0.0/16, zones: 2, nat: single }}
  web{system}:
    kind: ec2.security_group
    description: Web servers of system {system}
    vpc: ${{network{system}.vpc}}
    ingress:
      - {{ port: 443, cidrs: [0.0.0.0/0], description: HTTPS }}
    egress:
      - {{ port: 5432, groups: ["${{database{system}}}"] }}
  database{system}:
    kind: ec2.security_group
    description: Databases of system {system}
    vpc: ${{network{system}.vpc}}
    ingress:
      - {{ port: 5432, groups: ["${{web{system}}}"] }}
  logs{system}:
    kind: logs.log_group
    for_each: [api, jobs]
    retention_days: 30
  alerts{system}:
    kind: sns.topic
  disk{system}:
    kind: cloudwatch.alarm
    description: The disk of system {system} fills up
    namespace: Bench
    metric: DiskUsed
    dimensions: {{ System: "{system}" }}
    statistic: Average
    period: 300
    comparison: GreaterThanThreshold
    threshold: 80
    evaluation_periods: 3
    alarm_actions: ["${{alerts{system}}}"]
  errors{system}:
    kind: cloudwatch.alarm
    namespace: Bench
    metric: Errors
    statistic: Sum
    period: 60
    comparison: GreaterThanOrEqualToThreshold
    threshold: 5
    evaluation_periods: 2
    alarm_actions: ["${{alerts{system}}}"]
  tasks{system}:
    kind: cloudwatch.alarm
    namespace: Bench
    metric: FailedTasks
    statistic: Sum
    period: 60
    comparison: GreaterThanOrEqualToThreshold
    threshold: 1
    evaluation_periods: 1
    alarm_actions: ["${{alerts{system}}}"]
"#
        );
    }
    text
}

fn load(text: &str) -> Stack {
    let options = model::Options::default();
    model::load_str("bench.yaml", text, Path::new("."), &options)
        .unwrap_or_else(|mistakes| panic!("{}", mistakes.render(false)))
}

fn plan_of(stack: &Stack, snapshot: &Snapshot) -> Plan {
    plan::plan(stack, snapshot, &Options::default())
        .unwrap_or_else(|errors| panic!("{}", errors.render(false)))
}

fn load_and_plan(text: &str, snapshot: &Snapshot) -> (Stack, Plan) {
    let stack = load(text);
    let plan = plan_of(&stack, snapshot);
    (stack, plan)
}

/// A file, and the account that matches it.
fn matching(resources: usize) -> (String, Snapshot) {
    let text = stack_file(resources);
    let stack = load(&text);
    assert_eq!(stack.resources.len(), resources);
    let snapshot = settled::settled(&stack);
    assert!(!plan_of(&stack, &snapshot).has_changes());
    (text, snapshot)
}

/// From the text to the plan that changes nothing.
#[divan::bench(args = SIZES)]
fn load_and_plan_unchanged(bencher: Bencher, resources: usize) {
    let (text, snapshot) = matching(resources);
    bencher
        .counter(ItemsCount::new(resources))
        .bench(|| load_and_plan(black_box(&text), &snapshot));
}

/// From the text to the plan that creates everything.
#[divan::bench(args = SIZES)]
fn load_and_plan_empty(bencher: Bencher, resources: usize) {
    let text = stack_file(resources);
    let snapshot = Snapshot::default();
    bencher
        .counter(ItemsCount::new(resources))
        .bench(|| load_and_plan(black_box(&text), &snapshot));
}

/// The text alone.
#[divan::bench(args = SIZES)]
fn load_only(bencher: Bencher, resources: usize) {
    let text = stack_file(resources);
    bencher.counter(ItemsCount::new(resources)).bench(|| load(black_box(&text)));
}

/// The plan alone.
#[divan::bench(args = SIZES)]
fn plan_unchanged(bencher: Bencher, resources: usize) {
    let (text, snapshot) = matching(resources);
    let stack = load(&text);
    bencher.counter(ItemsCount::new(resources)).bench(|| plan_of(black_box(&stack), &snapshot));
}
