//! Plans as people and programs see them: whole outputs, made by hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use infra::kind::{LiveObject, Status, Tags};
use infra::model::Address;
use infra::plan::{Action, Change, Item, Plan, Reason};
use infra::report::plan_json::PlanReport;
use infra::report::{Report, plan};
use serde_json::{Value, json};

fn a_plan(items: Vec<Item>) -> Plan {
    Plan {
        stack: "shop".into(),
        environment: "dev".into(),
        account: "123456789012".into(),
        region: "eu-west-3".into(),
        asleep: false,
        items,
        outputs: BTreeMap::new(),
    }
}

fn item(address: &str, kind: &str, action: Action, reason: Reason) -> Item {
    Item {
        address: Address::new(address),
        kind: kind.into(),
        region: "eu-west-3".into(),
        action,
        reason,
        changes: Vec::new(),
        tags: Tags::new(),
        untag: Vec::new(),
        desired: None,
        live: None,
        depends_on: Vec::new(),
        loses_data: false,
        holds: None,
    }
}

fn create(address: &str, kind: &str, desired: Value) -> Item {
    Item { desired: Some(desired), ..item(address, kind, Action::Create, Reason::Missing) }
}

fn changing(address: &str, kind: &str, action: Action, changes: Vec<Change>) -> Item {
    let paths = changes.iter().filter(|c| action == Action::Update || c.replaces);
    let reason = Reason::Differs(paths.map(|change| change.path.clone()).collect());
    Item {
        changes,
        live: Some(Arc::new(live(kind, "an-id"))),
        ..item(address, kind, action, reason)
    }
}

fn going(address: &str, kind: &str, action: Action, reason: Reason, id: &str) -> Item {
    Item { live: Some(Arc::new(live(kind, id))), ..item(address, kind, action, reason) }
}

fn live(kind: &str, id: &str) -> LiveObject {
    LiveObject {
        kind: kind.into(),
        region: "eu-west-3".into(),
        spec: json!({}),
        outputs: json!({ "id": id }),
        tags: Tags::new(),
        status: Status::Usable,
    }
}

fn differs(path: &str, before: Value, after: Value) -> Change {
    let some = |value: Value| (!value.is_null()).then_some(value);
    Change { path: path.into(), before: some(before), after: some(after), replaces: false }
}

fn forces(path: &str, before: Value, after: Value) -> Change {
    Change { replaces: true, ..differs(path, before, after) }
}

/// One of everything.
fn everything() -> Plan {
    let policy = |action: &str, extra: bool| {
        let mut statements = vec![json!({
            "Effect": "Allow", "Action": [action, "s3:ListBucket"],
            "Resource": ["arn:aws:s3:::shop-dev-exports", "arn:aws:s3:::shop-dev-exports/*"],
        })];
        if extra {
            statements.push(json!({
                "Effect": "Allow", "Action": "s3:GetObject", "Resource": "home/${aws:username}/*",
            }));
        }
        json!({ "Version": "2012-10-17", "Statement": statements })
    };
    let long = |end: &str| format!("{}{end}", "a-very-long-value-".repeat(8));
    let retained = Item {
        action: Action::Keep,
        ..going("history", "logs.log_group", Action::Keep, Reason::Retained, "history")
    };
    let mut plan = a_plan(vec![
        create(
            "network/vpc",
            "ec2.vpc",
            json!({ "cidr": "10.0.0.0/16", "dns_hostnames": false, "note": "", "zones": [] }),
        ),
        create(
            "network/private/a",
            "ec2.subnet",
            json!({ "vpc": "${vpc.id}", "cidr": "10.0.1.0/24", "zone": "eu-west-3a" }),
        ),
        Item {
            region: "eu-central-1".into(),
            ..create(
                "copies",
                "s3.bucket",
                json!({
                    "name": "shop-dev-copies",
                    "lifecycle": [
                        { "id": "cold", "transitions": [{ "days": 30, "class": "GLACIER" }] },
                        { "id": "gone", "expire_days": 365, "prefix": "export/" },
                    ],
                    "password": "(secret)",
                }),
            )
        },
        changing(
            "orders",
            "ecs.service",
            Action::Update,
            vec![
                differs("desired_count", json!(2), json!(4)),
                differs("health_check.grace_period", Value::Null, json!(60)),
                differs("subnets", json!(["subnet-1"]), json!(["subnet-1", "${b.id}"])),
                differs("image", json!(long("one")), json!(long("two"))),
                differs("tags.Owner", json!("Ada"), json!("Grace")),
                differs("tags.Temporary", json!("yes"), Value::Null),
            ],
        ),
        changing(
            "exporter",
            "iam.role",
            Action::Update,
            vec![
                differs("policy", policy("s3:PutObject", false), policy("s3:*", true)),
                differs("description", json!("Writes\nexports."), json!("Writes\nall exports.")),
            ],
        ),
        changing(
            "network/gateway",
            "ec2.nat_gateway",
            Action::Replace { delete_first: false },
            vec![
                forces("subnet", json!("subnet-0123456789abcdef0"), json!("${public_b.id}")),
                differs("name", json!("nat"), json!("nat-b")),
            ],
        ),
        Item {
            loses_data: true,
            holds: None,
            ..changing(
                "db",
                "rds.instance",
                Action::Replace { delete_first: true },
                vec![forces("engine", json!("mysql"), json!("postgres"))],
            )
        },
        Item {
            live: Some(Arc::new(live(
                "ecs.cluster",
                "arn:aws:ecs:eu-west-3:123456789012:cluster/x",
            ))),
            ..item(
                "cluster",
                "ecs.cluster",
                Action::Replace { delete_first: false },
                Reason::Failed("provisioning was refused".into()),
            )
        },
        Item {
            changes: vec![differs("retention_days", json!(7), json!(30))],
            ..going("logs", "logs.log_group", Action::Adopt, Reason::Adopted, "/ecs/shop")
        },
        going("alerts", "sns.topic", Action::Retag, Reason::Moved("topic".into()), "t"),
        item("same", "sns.topic", Action::Keep, Reason::Same),
        item("network/same", "ec2.vpc", Action::Keep, Reason::Same),
        Item {
            loses_data: true,
            holds: None,
            ..going("uploads", "s3.bucket", Action::Delete, Reason::Orphan, "shop-dev-uploads")
        },
        going("network/old", "ec2.subnet", Action::Delete, Reason::Leftover, "subnet-1"),
        retained,
        going("key", "kms.key", Action::Keep, Reason::NeededBy("history".into()), "k"),
    ]);
    plan.outputs.insert("url".into(), json!("http://${alb.dns_name}"));
    plan.outputs.insert("bucket".into(), json!("shop-dev-copies"));
    plan
}

fn printed(color: bool, json: bool, plan: &Plan) -> String {
    let (report, captured) = Report::captured(color, json);
    report.plan(plan);
    assert_eq!(captured.err(), "");
    captured.out()
}

#[test]
fn a_plan_of_everything() {
    insta::assert_snapshot!("everything", printed(false, false, &everything()));
}

#[test]
fn a_plan_of_everything_with_styles() {
    let text = printed(true, false, &everything()).replace('\u{1b}', "␛");
    insta::assert_snapshot!("everything_styled", text);
}

#[test]
fn a_plan_of_everything_as_json() {
    let line = printed(false, true, &everything());
    assert_eq!(line.matches('\n').count(), 1, "one line for one result");
    let value: Value = serde_json::from_str(&line).unwrap();
    insta::assert_snapshot!("everything_json", serde_json::to_string_pretty(&value).unwrap());
}

#[test]
fn a_plan_of_everything_as_markdown() {
    let text = plan::markdown(&everything());
    assert!(!text.contains('\u{1b}'), "no styles in Markdown");
    insta::assert_snapshot!("everything_markdown", text);
}

#[test]
fn a_plan_that_changes_nothing() {
    let same = || item("a", "sns.topic", Action::Keep, Reason::Same);
    insta::assert_snapshot!(
        printed(false, false, &a_plan(vec![same(), same()])),
        @"No changes. The account matches the stack file."
    );
    let nothing = a_plan(vec![same()]);
    assert!(!nothing.has_changes() && !PlanReport::new(&nothing).changes);
}

#[test]
fn drift_of_everything() {
    let drift = a_plan(vec![
        changing(
            "orders",
            "ecs.service",
            Action::Update,
            vec![
                differs("desired_count", json!(2), json!(4)),
                differs("tags.Owner", Value::Null, json!("Grace")),
                differs("note", json!("one\ntwo"), json!("one\nthree")),
            ],
        ),
        changing(
            "network/a",
            "ec2.subnet",
            Action::Replace { delete_first: false },
            vec![forces("cidr", json!("10.0.1.0/24"), json!("10.0.2.0/24"))],
        ),
        create("topic", "sns.topic", json!({ "name": "topic" })),
        item("same", "sns.topic", Action::Keep, Reason::Same),
    ]);
    let (report, captured) = Report::captured(false, false);
    report.drift(&drift);
    insta::assert_snapshot!("drift", captured.out());
}

#[test]
fn a_plan_survives_being_saved() {
    let plan = everything();
    let text = serde_json::to_string(&plan).unwrap();
    let read: Plan = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), text);
}
