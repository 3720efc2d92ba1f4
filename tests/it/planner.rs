//! The planner: stack files beside snapshots made by hand.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use infra::kind::{Holding, LiveObject, Status, ownership};
use infra::live::Snapshot;
use infra::model::{self, Address, Stack};
use infra::plan::{self, Action, Item, Options, Plan, PlanErrors, Reason};
use serde_json::{Value, json};

use crate::settled::settled;

/// A key, a log group that is encrypted with it, and a role that refers to it too.
const FILE: &str = "
stack: shop
region: eu-west-3
tags: { Project: Shop }
resources:
  key: { kind: kms.key }
  web:
    kind: logs.log_group
    retention_days: 7
    kms_key: ${key.arn}
  role:
    kind: iam.role
    trust: { Statement: [{ Effect: Allow, Action: sts:AssumeRole, Principal: '*' }] }
    managed_policies: ['${key.arn}']
";

fn load(text: &str) -> Stack {
    let options = model::Options::default();
    model::load_str("stack.yaml", text, Path::new("."), &options)
        .unwrap_or_else(|mistakes| panic!("{}", mistakes.render(false)))
}

/// What a test does to the account before it plans.
type Change<'a> = &'a dyn Fn(&mut Vec<Arc<LiveObject>>);

const NOTHING: Change<'static> = &|_| {};

/// The plan for a file, in an account that is as an earlier file had it, and then changed.
fn planned(before: &str, change: Change<'_>, now: &str) -> Result<Plan, PlanErrors> {
    planned_with(before, change, now, &Options::default())
}

fn planned_with(
    before: &str,
    change: Change<'_>,
    now: &str,
    options: &Options,
) -> Result<Plan, PlanErrors> {
    let mut snapshot = settled(&load(before));
    change(&mut snapshot.objects);
    plan::plan(&load(now), &snapshot, options)
}

/// What a plan does, one line for each item that does not just stay the same.
fn lines(plan: &Plan) -> Vec<String> {
    plan.items.iter().filter(|item| item.reason != Reason::Same).map(line).collect()
}

fn line(item: &Item) -> String {
    let action = match item.action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Replace { delete_first: true } => "replace, old first:",
        Action::Replace { delete_first: false } => "replace, new first:",
        Action::Delete => "delete",
        Action::Adopt => "adopt",
        Action::Retag => "retag",
        Action::Keep => "keep",
    };
    let changes = item.changes.iter().map(|change| {
        let shown = |value: &Option<Value>| match value {
            None => "-".to_owned(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        let forces = if change.replaces { "!" } else { "" };
        format!("{}{forces}: {} > {}", change.path, shown(&change.before), shown(&change.after))
    });
    let mut parts = vec![format!("{action} {} {:?}", item.address, item.reason)];
    parts.extend(changes);
    parts.join("; ")
}

fn errors(result: Result<Plan, PlanErrors>) -> String {
    match result {
        Ok(plan) => panic!("there is a plan: {:#?}", lines(&plan)),
        Err(errors) => errors.render(false),
    }
}

fn at<'a>(objects: &'a mut [Arc<LiveObject>], address: &str) -> &'a mut LiveObject {
    let found = objects.iter_mut().find(|object| object.address() == Some(address));
    Arc::make_mut(found.expect("it is there"))
}

fn last(objects: &mut [Arc<LiveObject>]) -> &mut LiveObject {
    Arc::make_mut(objects.last_mut().expect("there is one"))
}

/// Another object at the address of one that is there.
fn double(objects: &mut Vec<Arc<LiveObject>>, address: &str, name: &str) {
    let mut double = at(objects, address).clone();
    double.spec["name"] = name.into();
    double.outputs = json!({ "name": name, "arn": format!("arn-of-{name}") });
    objects.push(Arc::new(double));
}

/// One change of file or account, and what is planned for it.
#[track_caller]
fn check(change: Change<'_>, now: &str, expected: &[&str]) {
    let plan = planned(FILE, change, now).unwrap_or_else(|e| panic!("{}", e.render(false)));
    assert_eq!(lines(&plan), expected);
}

#[test]
fn an_empty_account_gets_everything_in_the_order_of_need() {
    let plan = planned(FILE, &|objects| objects.clear(), FILE).unwrap();
    let order: Vec<&str> = plan.items.iter().map(|item| item.address.as_str()).collect();
    assert_eq!(order, ["key", "web", "role"]);
    assert_eq!(lines(&plan)[1], "create web Missing");
    assert_eq!(plan.items[1].depends_on, [Address::new("key")]);
    assert_eq!(plan.items[1].desired.as_ref().unwrap()["kms_key"], "${key.arn}");
    let tags: Vec<_> = plan.items[1].tags.keys().map(String::as_str).collect();
    assert_eq!(tags, ["Project", ownership::ADDRESS, ownership::ENVIRONMENT, ownership::STACK]);
}

#[test]
fn an_account_that_matches_is_left_alone() {
    let plan = planned(FILE, NOTHING, FILE).unwrap();
    assert!(!plan.has_changes(), "{:#?}", lines(&plan));
    assert_eq!(plan.items.len(), 3);
}

#[test]
fn fields_and_tags_change_in_place() {
    check(
        &|objects| {
            let web = at(objects, "web");
            web.spec["retention_days"] = 30.into();
            web.tags.insert("Project".into(), "Other".into());
            web.tags.insert("Extra".into(), "x".into());
            web.tags.insert("aws:cloudformation".into(), "theirs".into());
        },
        FILE,
        &["update web Differs([\"retention_days\", \"tags.Extra\", \"tags.Project\"]); \
           retention_days: 30 > 7; tags.Extra: x > -; tags.Project: Other > Shop"],
    );
}

#[test]
fn what_is_ignored_and_what_the_file_is_silent_about_stays() {
    let ignoring = FILE.replace(
        "retention_days: 7",
        "retention_days: 7\n    lifecycle: { ignore: [retention_days, tags.Extra] }",
    );
    let change: Change<'_> = &|objects| {
        at(objects, "web").spec["retention_days"] = 30.into();
        at(objects, "web").tags.insert("Extra".into(), "x".into());
    };
    check(change, &ignoring, &[]);
    let plan = planned(FILE, change, &ignoring).unwrap();
    let web = plan.items.iter().find(|item| item.address.as_str() == "web").unwrap();
    assert_eq!(web.desired.as_ref().unwrap()["retention_days"], 30);
}

#[test]
fn an_immutable_field_replaces_under_the_next_default_name_and_what_refers_follows() {
    let now = FILE.replace("key: { kind: kms.key }", "key: { kind: kms.key, multi_region: true }");
    check(
        NOTHING,
        &now,
        &[
            "replace, new first: key Differs([\"multi_region\"]); \
             alias: shop-default-key > shop-default-key-r2; multi_region!: false > true",
            "update web Differs([\"kms_key\"]); \
             kms_key: arn:aws:kms.key:::key > ${key.arn}",
            "update role Differs([\"managed_policies\"]); \
             managed_policies: [\"arn:aws:kms.key:::key\"] > [\"${key.arn}\"]",
        ],
    );
}

#[test]
fn a_name_that_the_user_chose_makes_the_old_object_go_first() {
    let named = |class| {
        let fields = format!("retention_days: 7\n    name: /own\n    class: {class}");
        FILE.replace("retention_days: 7", &fields)
    };
    let plan = planned(&named("STANDARD"), NOTHING, &named("INFREQUENT_ACCESS")).unwrap();
    assert_eq!(
        lines(&plan),
        ["replace, old first: web Differs([\"class\"]); class!: STANDARD > INFREQUENT_ACCESS"]
    );
}

#[test]
fn a_generation_of_the_default_name_is_as_good() {
    check(&|objects| at(objects, "web").spec["name"] = "shop-default-web-r7".into(), FILE, &[]);
    let now = FILE.replace("retention_days: 7", "retention_days: 7\n    class: INFREQUENT_ACCESS");
    check(
        &|objects| at(objects, "web").spec["name"] = "shop-default-web-r7".into(),
        &now,
        &["replace, new first: web Differs([\"class\"]); \
           name: shop-default-web-r7 > shop-default-web-r8; class!: STANDARD > INFREQUENT_ACCESS"],
    );
    check(
        &|objects| at(objects, "web").spec["name"] = "custom".into(),
        FILE,
        &["replace, new first: web Differs([\"name\"]); name!: custom > shop-default-web"],
    );
}

#[test]
fn a_failed_object_is_replaced_and_one_on_its_way_out_is_absent() {
    check(
        &|objects| at(objects, "web").status = Status::Failed("no quota".into()),
        FILE,
        &["replace, new first: web Failed(\"no quota\"); \
           name: shop-default-web > shop-default-web-r2"],
    );
    check(&|objects| at(objects, "web").status = Status::Deleting, FILE, &["create web Missing"]);
    check(&|objects| at(objects, "web").status = Status::Pending("new".into()), FILE, &[]);
}

#[test]
fn another_kind_or_region_at_an_address_is_another_object() {
    let trust = "trust: { Statement: [{ Effect: Allow, Action: sts:AssumeRole, Principal: '*' }] }";
    let now = FILE.replace(
        "kind: logs.log_group\n    retention_days: 7\n    kms_key: ${key.arn}",
        &format!("kind: iam.role\n    {trust}"),
    );
    check(NOTHING, &now, &["create web Missing", "delete web KindChanged(\"iam.role\")"]);
    let now = FILE.replace("retention_days: 7", "retention_days: 7\n    region: eu-central-1");
    check(NOTHING, &now, &["create web Missing", "delete web RegionChanged(\"eu-central-1\")"]);
}

#[test]
fn what_is_no_longer_in_the_file_goes_what_refers_first() {
    let nothing = "stack: shop\nregion: eu-west-3\nresources: {}\n";
    let plan = planned(FILE, NOTHING, nothing).unwrap();
    assert_eq!(lines(&plan), ["delete web Orphan", "delete role Orphan", "delete key Orphan"]);
    assert_eq!(plan.items[0].depends_on, [Address::new("key")]);
    assert!(plan.items[0].loses_data && !plan.items[1].loses_data);
}

#[test]
fn what_is_retained_stays_with_what_it_needs() {
    let retaining =
        FILE.replace("retention_days: 7", "retention_days: 7\n    lifecycle: { retain: true }");
    check(
        NOTHING,
        &retaining,
        &["update web Differs([\"tags.infra:retain\"]); tags.infra:retain: - > true"],
    );
    let nothing = "stack: shop\nregion: eu-west-3\nresources: {}\n";
    let plan = planned(&retaining, NOTHING, nothing).unwrap();
    assert_eq!(
        lines(&plan),
        ["delete role Orphan", "keep web Retained", "keep key NeededBy(Address(\"web\"))"]
    );
    let plan = planned(&retaining, NOTHING, FILE).unwrap();
    assert_eq!(
        lines(&plan),
        ["update web Differs([\"tags.infra:retain\"]); tags.infra:retain: true > -"]
    );
    assert_eq!(plan.items[1].untag, [ownership::RETAIN]);
}

#[test]
fn a_move_is_a_change_of_tags() {
    let moved = |fields: &str| {
        FILE.replace("  web:\n", "  site:\n").replace(
            "retention_days: 7",
            &format!("{fields}\n    lifecycle: {{ moved_from: web }}"),
        )
    };
    let plan = planned(FILE, NOTHING, &moved("retention_days: 7")).unwrap();
    assert_eq!(lines(&plan), ["retag site Moved(Address(\"web\"))"]);
    let tags = &plan.items.iter().find(|item| item.action == Action::Retag).unwrap().tags;
    assert_eq!(tags.iter().collect::<Vec<_>>(), [(&ownership::ADDRESS.to_owned(), &"site".into())]);
    check(
        NOTHING,
        &moved("retention_days: 14"),
        &["update site Moved(Address(\"web\")); retention_days: 7 > 14"],
    );
    // Once it has moved, its old name is no reason to replace it.
    check(
        &|objects| {
            at(objects, "web").tags.insert(ownership::ADDRESS.into(), "site".into());
        },
        &FILE.replace("  web:\n", "  site:\n"),
        &[],
    );
}

#[test]
fn what_a_replacement_left_behind_goes() {
    let now = FILE.replace("retention_days: 7", "retention_days: 7\n    class: INFREQUENT_ACCESS");
    check(
        &|objects| {
            double(objects, "web", "shop-default-web-r2");
            last(objects).spec["class"] = "INFREQUENT_ACCESS".into();
        },
        &now,
        &["delete web Leftover"],
    );
    // The file has changed back since: the successor is what is left over.
    check(
        &|objects| {
            double(objects, "web", "shop-default-web-r2");
            last(objects).spec["class"] = "INFREQUENT_ACCESS".into();
        },
        FILE,
        &["delete web Leftover"],
    );
    // The successor never became usable.
    check(
        &|objects| {
            double(objects, "web", "shop-default-web-r2");
            last(objects).status = Status::Failed("no quota".into());
        },
        FILE,
        &["delete web Leftover"],
    );
}

#[test]
fn two_that_claim_one_address_stop_the_run() {
    let result = planned(
        FILE,
        &|objects| double(objects, "web", "twin"),
        &FILE.replace("  web:\n", "  web:\n    name: twin\n"),
    );
    assert_eq!(lines(&result.unwrap()), ["delete web Leftover"]);
    let result = planned(FILE, &|objects| double(objects, "web", "shop-default-web-r2"), FILE);
    insta::assert_snapshot!(errors(result));
}

#[test]
fn a_foreign_object_in_the_way_is_taken_over_only_on_request() {
    let foreign = |tags: &[(&str, &str)]| {
        let tags: Vec<(String, String)> =
            tags.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        move |objects: &mut Vec<Arc<LiveObject>>| {
            at(objects, "web").spec["retention_days"] = 1.into();
            at(objects, "web").tags = tags.iter().cloned().collect();
        }
    };
    let nobodys = foreign(&[("Owner", "Ada")]);
    insta::assert_snapshot!("not_ours", errors(planned(FILE, &nobodys, FILE)));
    let elsewhere = foreign(&[
        (ownership::STACK, "blog"),
        (ownership::ENVIRONMENT, "prod"),
        (ownership::ADDRESS, "logs"),
    ]);
    insta::assert_snapshot!("owned_elsewhere", errors(planned(FILE, &elsewhere, FILE)));

    let adopt = Options { adopt: BTreeSet::from([Address::new("web")]), ..Options::default() };
    let plan = planned_with(FILE, &nobodys, FILE, &adopt).unwrap();
    assert_eq!(
        lines(&plan),
        ["adopt web Adopted; retention_days: 1 > 7; tags.Owner: Ada > -; tags.Project: - > Shop"]
    );
    let other =
        FILE.replace("retention_days: 7", "retention_days: 7\n    class: INFREQUENT_ACCESS");
    insta::assert_snapshot!("unadoptable", errors(planned_with(FILE, &nobodys, &other, &adopt)));
    let nobody = Options { adopt: BTreeSet::from([Address::new("wbe")]), ..Options::default() };
    insta::assert_snapshot!("unknown", errors(planned_with(FILE, NOTHING, FILE, &nobody)));
}

#[test]
fn what_is_protected_is_neither_replaced_nor_deleted() {
    let protected = FILE.replace(
        "retention_days: 7",
        "retention_days: 7\n    class: INFREQUENT_ACCESS\n    lifecycle: { protect: true }",
    );
    let result = planned(FILE, NOTHING, &protected);
    insta::assert_snapshot!("protected_resource", errors(result));
    let forced = Options { override_protection: true, ..Options::default() };
    let plan = planned_with(FILE, NOTHING, &protected, &forced).unwrap();
    assert_eq!(lines(&plan).len(), 1);

    // In a protected environment: all that holds data, save what says otherwise.
    let environment = "stack: shop\nregion: eu-west-3\nenvironments: { default: { protect: true } }\nresources:\n  role:\n";
    let now = FILE
        .replace("stack: shop\nregion: eu-west-3\n", environment.split("resources").next().unwrap())
        .replace(
            "key: { kind: kms.key }",
            "key: { kind: kms.key, multi_region: true, lifecycle: { protect: false } }",
        )
        .replace(
            "  web:\n    kind: logs.log_group\n    retention_days: 7\n    kms_key: ${key.arn}\n",
            "",
        );
    insta::assert_snapshot!("protected_environment", errors(planned(FILE, NOTHING, &now)));
}

#[test]
fn drift_tells_what_differs_and_not_what_would_follow() {
    let stack = load(FILE);
    let mut snapshot = settled(&stack);
    assert!(!plan::drift(&stack, &snapshot).unwrap().has_changes());
    at(&mut snapshot.objects, "key").spec["multi_region"] = true.into();
    at(&mut snapshot.objects, "web").spec["retention_days"] = 1.into();
    snapshot.objects.retain(|object| object.address() != Some("role"));
    snapshot.objects.push(Arc::clone(&snapshot.objects[0]));
    last(&mut snapshot.objects).tags.insert(ownership::ADDRESS.into(), "extra".into());
    let drift = plan::drift(&stack, &snapshot).unwrap();
    assert_eq!(
        drift.changed().map(|item| item.address.as_str()).collect::<Vec<_>>(),
        ["key", "web", "role"]
    );
    snapshot.objects.retain(|object| object.address() != Some("key"));
    let drift = plan::drift(&stack, &snapshot).unwrap();
    assert_eq!(
        lines(&drift),
        [
            "create key Missing",
            "update web Differs([\"retention_days\"]); retention_days: 1 > 7",
            "create role Missing"
        ]
    );
}

#[test]
fn a_plan_is_the_same_whatever_the_order_of_the_snapshot() {
    let stack = load(FILE);
    let mut snapshot = settled(&stack);
    double(&mut snapshot.objects, "web", "shop-default-web-r2");
    last(&mut snapshot.objects).spec["class"] = "INFREQUENT_ACCESS".into();
    let text = |snapshot: &Snapshot| {
        serde_json::to_string(&plan::plan(&stack, snapshot, &Options::default()).unwrap()).unwrap()
    };
    let first = text(&snapshot);
    snapshot.objects.reverse();
    assert_eq!(text(&snapshot), first);
}

/// Objects as `destroy` finds them, without a stack file.
fn alone(address: &str, spec: &Value, arn: &str) -> LiveObject {
    let tag = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    LiveObject {
        kind: "iam.role".into(),
        region: "eu-west-3".into(),
        spec: spec.clone(),
        outputs: json!({ "name": address, "arn": arn }),
        tags: [
            tag(ownership::STACK, "shop"),
            tag(ownership::ENVIRONMENT, "dev"),
            tag(ownership::ADDRESS, address),
        ]
        .into(),
        status: Status::Usable,
    }
}

#[test]
fn destroy_needs_no_file_and_takes_referrers_first() {
    let mut objects = vec![
        alone("a", &json!({ "name": "a" }), "arn-a"),
        alone("b", &json!({ "name": "b", "permissions_boundary": "arn-a" }), "arn-b"),
        alone("c", &json!({ "name": "c", "permissions_boundary": "arn-b" }), "arn-c"),
        alone("other", &json!({ "name": "other" }), "arn-o"),
        alone("kept", &json!({ "name": "kept", "permissions_boundary": "arn-d" }), "arn-k"),
        alone("d", &json!({ "name": "d" }), "arn-d"),
    ];
    objects[3].tags.insert(ownership::ENVIRONMENT.into(), "prod".into());
    objects[4].tags.insert(ownership::RETAIN.into(), "true".into());
    let objects = objects.into_iter().map(Arc::new).collect();
    let snapshot = Snapshot { objects, ..Snapshot::default() };
    let options = Options::default();
    let plan = plan::destroy("shop", "dev", "eu-west-3", &snapshot, None, &options).unwrap();
    assert_eq!(
        lines(&plan),
        [
            "delete c Destroy",
            "delete b Destroy",
            "delete a Destroy",
            "keep kept Retained",
            "keep d NeededBy(Address(\"kept\"))"
        ]
    );
}

#[test]
fn destroy_heeds_the_file() {
    let with = |lifecycle: &str| {
        FILE.replace("retention_days: 7", &format!("retention_days: 7\n    lifecycle: {lifecycle}"))
    };
    let destroyed = |text: &str| {
        let stack = load(text);
        let snapshot = settled(&load(FILE));
        plan::destroy(
            "shop",
            &stack.environment,
            "eu-west-3",
            &snapshot,
            Some(&stack),
            &Options::default(),
        )
    };
    assert_eq!(
        lines(&destroyed(&with("{ retain: true }")).unwrap()),
        ["delete role Destroy", "keep web Retained", "keep key NeededBy(Address(\"web\"))"]
    );
    insta::assert_snapshot!("destroy_protected", errors(destroyed(&with("{ protect: true }"))));
    let whole = FILE.replace("tags:", "environments: { default: { protect: true } }\ntags:");
    insta::assert_snapshot!("destroy_environment", errors(destroyed(&whole)));
}

#[test]
fn destroy_keeps_what_holds_data_with_what_that_needs() {
    let stack = load(FILE);
    let snapshot = settled(&stack);
    let kept = |address: &str, needs: &[&str]| {
        let object = snapshot.objects.iter().find(|object| object.address() == Some(address));
        let object = object.unwrap();
        let needs = needs.iter().map(|&arn| arn.to_owned()).collect();
        plan::Kept {
            kind: object.kind.clone(),
            region: object.region.clone(),
            id: object.id().to_owned(),
            holding: Holding { what: "2 things".into(), needs },
        }
    };
    let destroyed = |keep: Vec<plan::Kept>| {
        let options = Options { keep, ..Options::default() };
        let plan = plan::destroy("shop", "default", "eu-west-3", &snapshot, Some(&stack), &options);
        plan.unwrap()
    };
    let plan = destroyed(vec![kept("web", &[])]);
    assert_eq!(
        lines(&plan),
        [
            "delete role Destroy",
            "update web HoldsData(\"2 things\"); tags.infra:retain: - > true",
            "update key NeededBy(Address(\"web\")); tags.infra:retain: - > true"
        ]
    );
    assert_eq!(plan.items[1].tags, [(ownership::RETAIN.to_owned(), "true".to_owned())].into());
    // What only the data refers to stays as well.
    let key = snapshot.objects.iter().find(|object| object.address() == Some("key")).unwrap();
    let plan = destroyed(vec![kept("role", &[key.outputs["arn"].as_str().unwrap()])]);
    let actions: Vec<_> = plan.items.iter().map(|i| (i.address.as_str(), i.action)).collect();
    assert_eq!(
        actions,
        [("web", Action::Delete), ("role", Action::Update), ("key", Action::Update)]
    );
}

#[test]
fn orphans_are_what_the_file_does_not_declare() {
    let snapshot = settled(&load(FILE));
    let options = Options { orphans_only: true, ..Options::default() };
    let without = FILE.split("  role:").next().unwrap();
    let destroyed = |text: &str| {
        let stack = load(text);
        plan::destroy("shop", "default", "eu-west-3", &snapshot, Some(&stack), &options).unwrap()
    };
    assert_eq!(lines(&destroyed(FILE)), [""; 0]);
    assert_eq!(lines(&destroyed(without)), ["delete role Orphan"]);
    let moved = format!(
        "{without}  moved:\n    kind: iam.role\n    lifecycle: {{ moved_from: role }}\n    \
         trust: {{ Statement: [{{ Effect: Allow, Action: sts:AssumeRole, Principal: '*' }}] }}\n"
    );
    assert_eq!(lines(&destroyed(&moved)), [""; 0]);
}

/// A region has one detector, whoever made it.
const ONE: &str = "
stack: shop
region: eu-west-3
resources:
  guard: { kind: guardduty.detector }
";

#[test]
fn a_kind_of_which_there_is_one_is_never_fought_over() {
    let owned_by = |tags: &[(&str, &str)]| {
        let tags: Vec<(String, String)> =
            tags.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        move |objects: &mut Vec<Arc<LiveObject>>| {
            at(objects, "guard").spec["enabled"] = false.into();
            at(objects, "guard").tags = tags.iter().cloned().collect();
        }
    };
    let nobodys = owned_by(&[("Owner", "Ada")]);
    insta::assert_snapshot!("only_one_not_ours", errors(planned(ONE, &nobodys, ONE)));
    let elsewhere = owned_by(&[
        (ownership::STACK, "blog"),
        (ownership::ENVIRONMENT, "prod"),
        (ownership::ADDRESS, "guard"),
    ]);
    insta::assert_snapshot!("only_one_elsewhere", errors(planned(ONE, &elsewhere, ONE)));
    let options = Options { adopt: BTreeSet::from([Address::new("guard")]), ..Options::default() };
    let plan = planned_with(ONE, &nobodys, ONE, &options).unwrap();
    let adopted = "adopt guard Adopted; enabled: false > true; \
                   tags.Name: - > shop-default-guard; tags.Owner: Ada > -";
    assert_eq!(lines(&plan), [adopted]);
    // One of another region is in nobody's way.
    let far = |objects: &mut Vec<Arc<LiveObject>>| {
        nobodys(objects);
        last(objects).region = "us-east-1".into();
    };
    assert_eq!(lines(&planned(ONE, &far, ONE).unwrap()), ["create guard Missing"]);
}

#[test]
fn a_kind_of_which_there_is_one_is_declared_once_in_a_region() {
    let twice = |region: &str| format!("{ONE}  other: {{ kind: guardduty.detector{region} }}\n");
    insta::assert_snapshot!("only_one", errors(planned(&twice(""), NOTHING, &twice(""))));
    let far = twice(", region: us-east-1");
    assert!(!planned(&far, NOTHING, &far).unwrap().has_changes());
    // Under a new address, the old one makes room first.
    let renamed = ONE.replace("guard:", "sentry:");
    let lines = lines(&planned(ONE, NOTHING, &renamed).unwrap());
    assert_eq!(lines, ["create sentry Missing", "delete guard Orphan"]);
}

/// A list that is known, and a mapping of which one value is not: together they are not known, instead of
/// being a list with less in it.
#[test]
fn what_is_not_known_yet_does_not_vanish_from_a_longer_list() {
    let text = "
stack: shop
region: eu-west-3
resources:
  network:
    template: network
    with:
      nat: none
      routes: '${[{\"destination\": \"192.168.0.0/16\", \"peering\": other.id}]}'
  other: { kind: ec2.vpc, cidr: 10.9.0.0/16 }
";
    let options = model::Options::default();
    let stack = model::load_str("stack.yaml", text, &crate::root(), &options);
    let stack = stack.unwrap_or_else(|mistakes| panic!("{}", mistakes.render(false)));
    let plan = plan::plan(&stack, &Snapshot::default(), &Options::default()).expect("a plan");
    let tables: Vec<&Value> = plan
        .items
        .iter()
        .filter(|item| item.address.as_str().starts_with("network/private_routes"))
        .filter_map(|item| item.desired.as_ref()?.get("routes"))
        .collect();
    assert!(!tables.is_empty());
    for routes in tables {
        assert!(routes.to_string().contains("${"), "waits: {routes}");
    }
}
