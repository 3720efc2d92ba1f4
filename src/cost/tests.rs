//! Published figures, with their arithmetic, and what is not known.

use std::path::Path;

use super::{Estimate, Position, Prices, check_budget, currency, of_stack};
use crate::model::{self, Stack};

fn stack(text: &str) -> Stack {
    let text = format!("stack: shop\nregion: eu-west-3\n{text}");
    model::load_str("shop.yaml", &text, Path::new("."), &model::Options::default())
        .unwrap_or_else(|mistakes| panic!("{}", mistakes.render(false)))
}

fn estimate(text: &str) -> Estimate {
    of_stack(&stack(text), &Prices::embedded())
}

/// What the resource at an address costs, running and asleep, in cents that are known.
fn costs(estimate: &Estimate, address: &str) -> (String, String) {
    let line = estimate.lines.iter().find(|line| line.address.as_str() == address);
    let line = line.unwrap_or_else(|| panic!("{address} is not in {:?}", estimate.lines));
    (format!("{:.2}", line.running.usd), format!("{:.2}", line.asleep.usd))
}

/// Whether two amounts are the same within one per cent.
fn about(found: f64, published: f64) {
    let off = (found - published).abs() / published;
    assert!(off <= 0.01, "{found} is not {published}");
}

/// The known dollars of one charge.
fn charge(estimate: &Estimate, address: &str, what: &str) -> f64 {
    let line = estimate.lines.iter().find(|line| line.address.as_str() == address).expect("a line");
    let item = line.items.iter().find(|item| item.what == what).expect("a charge");
    match item.position {
        Position::Known(usd) => usd,
        ref other => panic!("{what}: {other:?}"),
    }
}

const TASK: &str = "
  task:
    kind: ecs.task_definition
    cpu: 256
    memory: 512
    containers: [{ name: web, image: nginx }]
  cluster: { kind: ecs.cluster, container_insights: disabled }
  network: { kind: ec2.vpc, cidr: 10.0.0.0/16 }
  subnet: { kind: ec2.subnet, vpc: \"${network}\", cidr: 10.0.0.0/24, zone: eu-west-3a }
  group: { kind: ec2.security_group, description: All of it, vpc: \"${network}\" }
  other: { kind: ec2.subnet, vpc: \"${network}\", cidr: 10.0.1.0/24, zone: eu-west-3b }
";

#[test]
fn a_task_on_fargate_all_month() {
    let found = estimate(&format!(
        "resources:{TASK}  service: {{ kind: ecs.service, cluster: \"${{cluster}}\", \
         task_definition: \"${{task}}\", subnets: [\"${{subnet}}\"] }}\n"
    ));
    // 0.25 vCPU × 730 h × 0.04656 = 8.50
    about(charge(&found, "service", "vCPU"), 8.50);
    // 0.5 GB × 730 h × 0.00511 = 1.87
    about(charge(&found, "service", "memory"), 1.87);
    // 8.50 + 1.87 = 10.37; no task runs while it sleeps.
    assert_eq!(costs(&found, "service"), ("10.36".to_owned(), "0.00".to_owned()));
    about(found.running.usd, 10.37);
    assert!(found.running.is_whole(), "{:?}", found.running);
}

#[test]
fn a_task_of_three_minutes_a_day() {
    // 3 min × 365 days / 12 months = 1.52 h a month
    let found = estimate(&format!(
        "resources:{TASK}  nightly:
    kind: events.rule
    schedule: cron(0 2 * * ? *)
    usage: {{ task_hours: 1.52 }}
    targets:
      - {{ id: task, arn: \"${{cluster}}\", role: \"arn:aws:iam::123456789012:role/events\",
          ecs: {{ task_definition: \"${{task}}\", subnets: [\"${{subnet}}\"] }} }}\n"
    ));
    // 1.52 h × (0.25 × 0.04656 + 0.5 × 0.00511) = 0.0216
    assert_eq!(costs(&found, "nightly").0, "0.02");
}

#[test]
fn a_load_balancer_with_two_capacity_units() {
    let found = estimate(&format!(
        "resources:{TASK}  balancer:
    kind: elbv2.load_balancer
    subnets: [\"${{subnet}}\", \"${{other}}\"]
    security_groups: [\"${{group}}\"]
    usage: {{ lcu: 2 }}\n"
    ));
    // 730 h × 0.02646 = 19.32
    about(charge(&found, "balancer", "load balancer"), 19.32);
    // 2 LCU × 730 h × 0.0084 = 12.26
    about(charge(&found, "balancer", "capacity units"), 12.26);
    // 19.32 + 12.26 = 31.58
    assert_eq!(costs(&found, "balancer").0, "31.58");
}

#[test]
fn a_reserved_database() {
    let found = estimate(
        "resources:
  database:
    kind: rds.instance
    engine: mysql
    version: \"8.4\"
    class: db.t3.small
    multi_az: true
    master_user: admin
    storage: { gb: 30, type: gp2 }
    subnet_group: databases
    security_groups: [sg-1]
    usage: { reserved: one_year_no_upfront, backup_gb: 0 }
",
    );
    // db.t3.small Multi-AZ, one year without upfront payment: 730 h × 0.0535 = 39.05
    about(charge(&found, "database", "machine"), 39.05);
    // 30 GB of gp2 in two zones: 30 × 0.266 = 7.98
    about(charge(&found, "database", "disk"), 7.98);
    // 39.05 + 7.98 = 47.03
    about(found.running.usd, 47.03);
}

#[test]
fn six_reserved_instances() {
    let found = estimate(
        "resources:
  node:
    kind: ec2.instance
    for_each: [1, 2, 3, 4, 5, 6]
    image: ami-0123456789abcdef0
    type: t3a.small
    subnet: subnet-1
    security_groups: [sg-1]
    root: { size: 10 }
    usage: { reserved: one_year_no_upfront }
",
    );
    // 6 × 730 h × 0.0150 = 65.70
    let machines: f64 =
        (1..=6).map(|node| charge(&found, &format!("node-{node}"), "machine")).sum();
    about(machines, 65.70);
    // Each with 10 GB of gp3: 10 × 0.0928 = 0.93. A reservation is paid for asleep as well.
    assert_eq!(costs(&found, "node-1"), ("11.88".to_owned(), "11.88".to_owned()));
}

#[test]
fn what_has_no_price_is_unknown() {
    let found = estimate(
        "resources:\n  key: { kind: kms.key, region: ap-south-1 }\n  gateway: { kind: ec2.nat_gateway, region: ap-south-1, connectivity: private, subnet: subnet-1, usage: { gb: 10 } }\n",
    );
    assert_eq!(costs(&found, "key").0, "1.00");
    // Neither the hours nor the data of the gateway have a price there.
    assert_eq!((found.running.unknown, found.running.by_use), (2, 1));
    let line = found.lines.iter().find(|line| line.address.as_str() == "gateway").expect("a line");
    let unknown = Position::Unknown("no price in ap-south-1".to_owned());
    assert!(line.items.iter().all(|item| item.position == unknown), "{:?}", line.items);
}

#[test]
fn use_that_is_not_stated_is_not_zero() {
    let found = estimate("resources:\n  logs: { kind: logs.log_group }\n");
    assert_eq!((found.running.usd, found.running.by_use), (0.0, 2));
    assert!(!found.running.is_whole());
    let used = "usage: { ingested_gb: 10, stored_gb: 100 }";
    let found = estimate(&format!("resources:\n  logs: {{ kind: logs.log_group, {used} }}\n"));
    // 10 × 0.5985 + 100 × 0.0315 = 9.135
    assert!(found.running.is_whole());
    about(found.running.usd, 9.135);
}

#[test]
fn a_function_by_its_calls() {
    // https://aws.amazon.com/lambda/pricing/: 100,000 calls a month of 0.35 s each.
    let function = |more: &str| {
        format!(
            "resources:\n  f: {{ kind: lambda.function, code: {{ bucket: b, key: k }}, runtime: \
             python3.13, handler: a.b, role: \"arn:aws:iam::123456789012:role/f\", {more} }}\n"
        )
    };
    let used = "usage: { requests: 0.1, seconds: 35000 }";
    let found = estimate(&function(&format!("memory: 512, {used}")));
    // 0.1 million × 0.20 = 0.02
    about(charge(&found, "f", "requests"), 0.02);
    // 35,000 s × 0.5 GB = 17,500 GB-seconds × 0.0000166667 = 0.2917
    about(charge(&found, "f", "memory while it runs"), 0.2917);
    assert!(found.running.is_whole(), "{:?}", found.running);
    let found = estimate(&function(&format!("memory: 512, architecture: arm64, {used}")));
    // 17,500 GB-seconds × 0.0000133334 = 0.2333
    about(charge(&found, "f", "memory while it runs"), 0.2333);
    let found =
        estimate(&function(&format!("region: us-east-1, ephemeral_storage: 10240, {used}")));
    // 35,000 s × 9.5 GB × 0.0000000309 = 0.01027
    about(charge(&found, "f", "disk while it runs"), 0.01027);
    let unsaid = estimate(&function("memory: 512"));
    assert_eq!((unsaid.running.usd, unsaid.running.by_use), (0.0, 2));
}

#[test]
fn a_web_acl_by_its_rules_and_requests() {
    let found = estimate(
        "resources:
  acl:
    kind: wafv2.web_acl
    usage: { requests: 10, captchas: 5 }
    rules:
      - { name: common, managed: { group: AWSManagedRulesCommonRuleSet } }
      - { name: flood, rate: { limit: 1000 }, action: captcha }
      - { name: bots, managed: { group: AWSManagedRulesBotControlRuleSet } }
",
    );
    // https://aws.amazon.com/waf/pricing/: 5.00 + 3 rules × 1.00 + 10 million × 0.60 = 14.00, and five
    // thousand riddles × 0.40 = 2.00
    assert_eq!(costs(&found, "acl").0, "16.00");
    // What Bot Control costs beyond that is not known.
    assert_eq!((found.running.unknown, found.running.by_use), (1, 0));
}

#[test]
fn what_watches_costs_by_what_there_is_to_see() {
    let text = "resources:
  detector:
    kind: guardduty.detector
    region: us-east-1
    features: [S3_DATA_EVENTS]
    usage: { events: 2, gb: 30 }
  recorder:
    kind: config.recorder
    bucket: logs
    rules: [{ name: keys, rule: ACCESS_KEYS_ROTATED }]
    usage: { items: 4000, evaluations: 20 }
  off: { kind: guardduty.detector, enabled: false, region: eu-west-3 }
";
    let found = estimate(text);
    // https://aws.amazon.com/guardduty/pricing/: 2 million × 4.00 + 30 GB × 1.00 = 38.00; nothing is
    // said of events on objects.
    assert_eq!(costs(&found, "detector").0, "38.00");
    // https://aws.amazon.com/config/pricing/: 4,000 × 0.003 + 20 thousand × 1.00 = 32.00
    assert_eq!(costs(&found, "recorder").0, "32.00");
    assert_eq!((found.running.unknown, found.running.by_use), (0, 1));
    let off = found.lines.iter().find(|line| line.address.as_str() == "off").expect("a line");
    assert_eq!(off.share, super::Share::Free);
    // Once a day: 4,000 × 0.012 = 48.00
    let daily = estimate(&text.replace("bucket: logs", "bucket: logs\n    frequency: DAILY"));
    about(charge(&daily, "recorder", "recorded changes"), 48.0);
}

#[test]
fn backups_that_are_made_and_tried() {
    let found = estimate(
        "resources:
  nightly:
    kind: dlm.policy
    role: \"arn:aws:iam::123456789012:role/dlm\"
    target_tags: { Backup: \"true\" }
    schedules:
      - name: daily
        every_hours: 24
        keep_count: 7
        copies: [{ region: eu-central-1, keep: { number: 7, unit: days } }]
    usage: { snapshot_gb: 200 }
  trial:
    kind: backup.restore_testing_plan
    schedule: cron(0 5 ? * SUN *)
    vaults: [\"*\"]
    selections:
      - { name: volumes, role: \"arn:aws:iam::123456789012:role/backup\", resource_type: EBS, resources: [\"*\"] }
    usage: { tests: 4, restored_usd: 0.5 }
  none: { kind: backup.restore_testing_plan, schedule: cron(0 5 ? * SUN *), vaults: [\"*\"] }
",
    );
    // https://aws.amazon.com/ebs/pricing/: 200 GB × 0.053 = 10.60; of the copies nothing is said.
    assert_eq!(costs(&found, "nightly").0, "10.60");
    // https://aws.amazon.com/backup/pricing/: 4 × 1.50 + 0.50 = 6.50
    assert_eq!(costs(&found, "trial").0, "6.50");
    assert_eq!(costs(&found, "none").0, "0.00");
    assert_eq!((found.running.unknown, found.running.by_use), (0, 1));
}

#[test]
fn what_goes_for_the_night_costs_nothing_asleep() {
    let text = "resources:\n  gateway: { kind: ec2.nat_gateway, connectivity: private, subnet: subnet-1, usage: { gb: 0 } }\n";
    let stays = estimate(text);
    assert_eq!(costs(&stays, "gateway"), ("36.50".to_owned(), "36.50".to_owned()));
    let goes =
        estimate(&format!("environments: {{ dev: {{ night: {{ nat: remove }} }} }}\n{text}"));
    assert_eq!(costs(&goes, "gateway"), ("36.50".to_owned(), "0.00".to_owned()));
}

#[test]
fn a_budget_is_kept_or_not() {
    let text = "currency: { EUR: 0.5 }\nbudget: { monthly: 10, currency: EUR }\nresources:\n  key: { kind: kms.key, usage: { requests: 0 } }\n  gateway: { kind: ec2.nat_gateway, connectivity: private, subnet: subnet-1, usage: { gb: 0 } }\n";
    let stack = stack(text);
    let found = of_stack(&stack, &Prices::embedded());
    let budget = stack.budget.as_ref().expect("a budget");
    // (1.00 + 36.50) × 0.5 = 18.75 EUR
    let over = check_budget(&found, budget, &stack.rates).expect("a rate").expect("over it");
    assert_eq!(over.error(&found).message, "a month costs 18.75 EUR, and the budget is 10.00 EUR");
    let enough = model::Budget { monthly: 18.75, ..budget.clone() };
    assert_eq!(check_budget(&found, &enough, &stack.rates).expect("a rate"), None);
    assert!(currency("CHF", None, &stack.rates).is_err());
}

#[test]
fn every_price_has_a_source_and_a_unit() {
    let prices = Prices::embedded();
    for (region, all) in &prices.prices {
        for (item, (usd, source)) in all {
            assert!(*usd > 0.0, "{item} in {region}");
            assert!(prices.sources.contains_key(source), "{item} in {region}: {source}");
            let (name, _) = super::prices::name_and_variant(item);
            assert!(prices.items.contains_key(name), "{item} in {region} has no unit");
        }
    }
}

#[test]
fn kinds_name_what_can_be_used() {
    for kind in crate::kinds::all() {
        let mut names: Vec<&str> = kind.usage().iter().map(|usage| usage.name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "{} names something twice", kind.name());
    }
}
