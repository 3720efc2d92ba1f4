//! An environment that sleeps and wakes.

use infra::kind::ownership;
use infra::model::Stack;
use infra::plan::night::{self, Wish};
use infra::plan::{Action, Plan};
use serde_json::json;

use crate::binary::{User, said};
use crate::world::{World, load_with, summary};
use infra::model::Options;

/// A service behind a load balancer with a way out, an alarm and a schedule. Somebody else scales
/// the service.
const SHOP: &str = r#"
stack: shop
region: eu-west-3
environments:
  dev: { night: { nat: remove, load_balancers: remove } }
resources:
  network:
    template: network
    with: { cidr: 10.0.0.0/16, zones: 2 }
  group:
    kind: ec2.security_group
    description: All of the shop
    vpc: ${network.vpc}
  balancer:
    kind: elbv2.load_balancer
    subnets: ${network.public}
    security_groups: ["${group}"]
  web:
    kind: elbv2.target_group
    port: 80
    vpc: ${network.vpc}
  http:
    kind: elbv2.listener
    load_balancer: ${balancer}
    port: 80
    protocol: HTTP
    default_action: { forward: { target_group: "${web}" } }
  cluster:
    kind: ecs.cluster
  task:
    kind: ecs.task_definition
    cpu: 256
    memory: 512
    containers: [{ name: web, image: "nginx:1", ports: [{ port: 80 }] }]
  service:
    kind: ecs.service
    cluster: ${cluster}
    task_definition: ${task}
    desired_count: 2
    subnets: ${network.private}
    security_groups: ["${group}"]
    load_balancers: [{ target_group: "${web}", container: web, port: 80 }]
    lifecycle: { ignore: [desired_count], depends_on: [http] }
  slow:
    kind: cloudwatch.alarm
    namespace: AWS/ApplicationELB
    metric: TargetResponseTime
    dimensions: { LoadBalancer: "${balancer.dns_name}" }
    statistic: Average
    period: 60
    threshold: 1
    comparison: GreaterThanThreshold
  busy:
    kind: cloudwatch.alarm
    namespace: AWS/ECS
    metric: CPUUtilization
    dimensions: { ClusterName: "${cluster.name}" }
    statistic: Average
    period: 60
    threshold: 80
    comparison: GreaterThanThreshold
  nightly:
    kind: events.rule
    schedule: rate(1 day)
"#;

fn shop() -> Stack {
    load_with("shop.yaml", SHOP, &crate::root().join("stacks"), &Options::default())
        .expect("a stack")
}

async fn turn(world: &World, stack: &Stack, wish: Wish) -> Plan {
    let snapshot = world.snapshot(stack).await.expect("a snapshot");
    let (stack, plan) = night::turn(stack, &snapshot, wish, &infra::plan::Options::default())
        .unwrap_or_else(|errors| panic!("{}", errors.render(false)));
    world.carry_out(&stack, &plan).await.expect("it is carried out");
    plan
}

async fn plan(world: &World, stack: &Stack) -> Plan {
    world.plan_as_it_is(stack).await.expect("a plan")
}

#[tokio::test]
async fn what_sleeps_costs_nothing_and_wakes_as_it_was() {
    let (world, stack) = (World::new(), shop());
    world.apply(&stack).await.expect("apply");
    // The service was scaled since: the file leaves its size alone.
    let mut scaled = stack.clone();
    let service = scaled.resources.values_mut().find(|r| r.address.as_str() == "service");
    let service = service.expect("a service");
    service.lifecycle.ignore.clear();
    service.spec["desired_count"] = 3.into();
    world.apply(&scaled).await.expect("scaled");

    let asleep = turn(&world, &stack, Wish::Asleep).await;
    insta::assert_snapshot!("asleep", summary(&asleep).join("\n"));
    assert!(
        !plan(&world, &stack).await.has_changes(),
        "{:?}",
        summary(&plan(&world, &stack).await)
    );
    let objects = world.snapshot(&stack).await.expect("a snapshot").objects;
    let of = |kind: &str| objects.iter().filter(|object| object.kind == kind).collect::<Vec<_>>();
    assert_eq!(of("ec2.nat_gateway").len() + of("elbv2.load_balancer").len(), 0);
    let service = of("ecs.service")[0];
    assert_eq!(service.spec["desired_count"], 0);
    assert_eq!(service.tags[ownership::ASLEEP], "desired_count=3");
    let again = turn(&world, &stack, Wish::Asleep).await;
    assert!(!again.has_changes(), "{:?}", summary(&again));

    let awake = turn(&world, &stack, Wish::Awake).await;
    insta::assert_snapshot!("awake", summary(&awake).join("\n"));
    assert!(!plan(&world, &stack).await.has_changes());
    let snapshot = world.snapshot(&stack).await.expect("a snapshot");
    assert!(!night::is_asleep(&stack, &snapshot));
    let service = snapshot.objects.iter().find(|object| object.kind == "ecs.service");
    assert_eq!(service.expect("a service").spec["desired_count"], 3);
    world.destroy(&stack).await.expect("destroy");
}

/// A change of the file is applied to an environment that sleeps, which stays asleep.
#[tokio::test]
async fn what_sleeps_can_be_changed_and_sleeps_on() {
    let (world, stack) = (World::new(), shop());
    world.apply(&stack).await.expect("apply");
    turn(&world, &stack, Wish::Asleep).await;
    let text = SHOP.replace("threshold: 80", "threshold: 70");
    let folder = crate::root().join("stacks");
    let changed = load_with("shop.yaml", &text, &folder, &Options::default()).expect("a stack");
    let snapshot = world.snapshot(&changed).await.expect("a snapshot");
    let settled = night::settled(&changed, &snapshot, Wish::AsItIs).expect("a stack");
    let planned = world.plan(&settled).await.expect("a plan");
    let actions: Vec<_> =
        planned.changed().map(|item| (item.address.as_str(), item.action)).collect();
    assert_eq!(actions, [("busy", Action::Update)]);
    world.apply(&settled).await.expect("apply");
    assert!(!plan(&world, &changed).await.has_changes());
    turn(&world, &changed, Wish::Awake).await;
    assert!(!plan(&world, &changed).await.has_changes());
    world.destroy(&changed).await.expect("destroy");
}

/// An environment whose time has come goes, with its file and without it; others stay.
#[test]
fn what_has_expired_is_reaped() {
    let stack = "
stack: shop
region: eu-west-3
environments:
  dev: { ttl: 14h }
  old: { expires: 2026-01-01 }
  prod: { expires: 2026-01-01, protect: true }
resources:
  log: { kind: logs.log_group, name: '/shop/${environment}' }
";
    let user = User::new(stack);
    for environment in ["dev", "old", "prod"] {
        user.well(&["apply", "stack.yaml", "--env", environment, "--yes"]);
    }
    let until = regex::Regex::new(r"until [0-9: -]+ UTC").expect("a pattern");
    let dry = || {
        let text = user.out(&["reap", "stack.yaml", "--dry-run"]);
        until.replace_all(&text, "until TIME").into_owned()
    };
    insta::assert_snapshot!("reap_dry", dry());
    let text = user.well(&["reap", "stack.yaml", "--yes"]);
    assert!(text.contains("1 deleted"), "{text}");
    insta::assert_snapshot!("reaped", dry());
    // Without the file: what was noted at the last apply counts.
    user.well(&["apply", "stack.yaml", "--env", "old", "--yes"]);
    let text = user.well(&["reap", "--account", "--region", "eu-west-3", "--yes"]);
    assert!(text.contains("1 deleted"), "{text}");
    let text = user.well(&["plan", "stack.yaml", "--env", "old"]);
    assert!(text.contains("1 to create"), "{text}");
    let text = user.well(&["plan", "stack.yaml", "--env", "prod"]);
    assert!(text.contains("No changes."), "{text}");
}

#[test]
fn the_schedule_of_nights_is_written() {
    let user =
        User::new("stack: shop\nregion: eu-west-3\nenvironments: { dev: {} }\nresources: {}\n");
    for form in ["github", "cron", "aws"] {
        let zone = "Europe/Paris";
        let text = user.out(&["nightly", "stack.yaml", "--as", form, "--zone", zone]);
        insta::assert_snapshot!(format!("nightly_{form}"), text);
        if form == "aws" {
            user.write("nights.yaml", &text);
            let lists = [
                "image=i",
                r#"subnets=["subnet-1"]"#,
                r#"security_groups=["sg-1"]"#,
                "policies=[]",
            ];
            let params = lists.iter().flat_map(|param| ["--param", param]);
            let all: Vec<&str> = ["validate", "nights.yaml"].into_iter().chain(params).collect();
            user.well(&all);
        }
    }
}

/// AWS and Atlas make no database that is stopped: the run that makes one in an environment that
/// sleeps puts it to sleep as well.
#[test]
fn a_database_that_is_new_in_the_night_sleeps() {
    let network = "stack: shop
region: eu-west-3
environments: { dev: {} }
resources:
  vpc: { kind: ec2.vpc, cidr: 10.0.0.0/16 }
  a: { kind: ec2.subnet, vpc: '${vpc}', cidr: 10.0.0.0/24, zone: eu-west-3a }
  b: { kind: ec2.subnet, vpc: '${vpc}', cidr: 10.0.1.0/24, zone: eu-west-3b }
  group: { kind: ec2.security_group, description: Databases, vpc: '${vpc}' }
  nightly: { kind: events.rule, schedule: rate(1 day) }
";
    let databases = "
  places: { kind: rds.subnet_group, subnets: ['${a}', '${b}'] }
  orders:
    kind: rds.instance
    engine: mysql
    version: '8.4'
    class: db.t4g.micro
    storage: { gb: 20 }
    master_user: clerk
    subnet_group: ${places}
    security_groups: ['${group}']
  records:
    kind: docdb.cluster
    version: '5.0'
    master_user: clerk
    subnet_group: ${more}
    security_groups: ['${group}']
  more: { kind: docdb.subnet_group, subnets: ['${a}', '${b}'] }
  record: { kind: docdb.instance, cluster: '${records}', class: db.t4g.medium }
  atlas: { kind: atlas.project }
  visits: { kind: atlas.cluster, project: '${atlas}', tier: M10, termination_protection: false }
";
    let user = User::new(network);
    let well = |arguments: &[&str]| {
        let mut command = user.infra(arguments);
        command.env("MONGODB_ATLAS_BASE_URL", &user.world.endpoint);
        command.env("MONGODB_ATLAS_PUBLIC_KEY", &user.world.account);
        let output = command.env("MONGODB_ATLAS_PRIVATE_KEY", "local").output().expect("run");
        assert!(output.status.success(), "{arguments:?}\n{}", said(&output));
        said(&output)
    };
    well(&["apply", "stack.yaml", "--yes"]);
    well(&["sleep", "stack.yaml", "--yes"]);
    // The tagging API lags behind what the sleep has written.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while !well(&["plan", "stack.yaml"]).contains("sleeps") {
        assert!(std::time::Instant::now() < deadline, "it does not sleep");
    }
    user.write("stack.yaml", &format!("{network}{databases}"));
    // The first stop and the first start of each take effect, and their answers are lost: the call made again
    // is refused because of the state.
    let lost = ["*:StopDB*", "*:StartDB*"];
    user.faults(&json!([
        { "kind": "reset", "when": "after", "operations": lost, "times": 1, "each": true },
    ]));
    user.begin_journal();
    let applied = well(&["apply", "stack.yaml", "--yes"]);
    assert!(applied.contains("the same run puts it to sleep"), "{applied}");
    assert!(applied.contains("What is new runs: it is put to sleep."), "{applied}");
    for call in ["StopDBInstance", "StopDBCluster"] {
        assert!(user.journal().contains(&call.to_owned()), "{call} in {:?}", user.journal());
    }
    assert!(applied.contains("~ visits"), "{applied}");
    let plan = well(&["plan", "stack.yaml"]);
    assert!(plan.contains("No changes."), "{plan}");
    well(&["wake", "stack.yaml", "--yes"]);
    let plan = well(&["plan", "stack.yaml"]);
    assert!(plan.contains("No changes.") && !plan.contains("sleeps"), "{plan}");
    well(&["destroy", "stack.yaml", "--yes", "--force"]);
}
