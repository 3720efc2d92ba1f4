//! Saved plans: what was reviewed is applied, and nothing else.

use insta::assert_snapshot;
use serde_json::Value;

use crate::binary::{User, said};

const STACK: &str = "stack: shop
region: eu-west-3
params: { days: { type: integer, default: 7 } }
environments: { dev: {}, prod: {} }
resources:
  log: { kind: logs.log_group, name: \"/shop/${environment}\", retention_days: \"${params.days}\" }
  alerts: { kind: sns.topic }
  net: { kind: ec2.vpc, cidr: 10.0.0.0/16 }
  group: { kind: ec2.security_group, vpc: \"${net}\" }
";
const PLAN: [&str; 6] = ["plan", "stack.yaml", "--env", "dev", "--out", "review"];
const PLAIN: [&str; 5] = ["apply", "stack.yaml", "--env", "dev", "--yes"];

/// Somebody changes something by hand.
async fn by_hand(user: &User, retention: Option<i32>, tag: bool) {
    let aws = user.world.session("eu-west-3").await.region("eu-west-3");
    if let Some(days) = retention {
        let logs = infra::client!(aws, aws_sdk_cloudwatchlogs);
        let put = logs.put_retention_policy().log_group_name("/shop/dev").retention_in_days(days);
        put.send().await.expect("a policy");
    }
    if tag {
        let ec2 = infra::client!(aws, aws_sdk_ec2);
        let ours = aws_sdk_ec2::types::Filter::builder().name("cidr").values("10.0.0.0/16").build();
        let found = ec2.describe_vpcs().filters(ours).send().await.expect("networks");
        let id = found.vpcs()[0].vpc_id().expect("an id").to_owned();
        let tag = aws_sdk_ec2::types::Tag::builder().key("Owner").value("me").build();
        ec2.create_tags().resources(id).tags(tag).send().await.expect("a tag");
    }
}

async fn retention(user: &User) -> Option<i32> {
    let aws = user.world.session("eu-west-3").await.region("eu-west-3");
    let logs = infra::client!(aws, aws_sdk_cloudwatchlogs);
    let groups = logs.describe_log_groups().send().await.expect("log groups");
    groups.log_groups()[0].retention_in_days()
}

/// What differs from run to run made equal.
fn equal(text: &str) -> String {
    let patterns = [
        (r"\d+\.\d s", "0.0 s"),
        (r"(vpc|sg|sgr)-[0-9a-f]{8,}", "$1-1"),
        (r":\d{12}:", ":ACCOUNT:"),
        (r"in account \d{12}", "in account ACCOUNT"),
    ];
    patterns.iter().fold(text.to_owned(), |text, (pattern, with)| {
        regex::Regex::new(pattern).expect("a pattern").replace_all(&text, *with).into_owned()
    })
}

#[test]
fn what_was_reviewed_is_applied_without_a_question_and_once() {
    let user = User::new(STACK);
    let text = user.well(&PLAN);
    assert!(text.contains("Saved: `infra apply review` applies exactly this."), "{text}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = user.path("review").metadata().expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let text = user.well(&["apply", "review"]);
    assert!(text.contains("4 created"), "{text}");
    let text = user.well(&["plan", "stack.yaml", "--env", "dev", "--detailed-exitcode"]);
    assert!(text.contains("No changes."), "{text}");
    let text = user.well(&["apply", "review"]);
    assert!(text.contains("Nothing of the reviewed plan is left to do."), "{text}");
    // A saved plan may be overwritten, anything else may not.
    user.well(&PLAN);
    let text = user.badly(&["plan", "stack.yaml", "--env", "dev", "--out", "stack.yaml"]);
    assert!(text.contains("is no saved plan"), "{text}");
}

#[test]
fn a_reviewed_plan_that_was_half_applied_goes_on() {
    let user = User::new(STACK);
    user.well(&PLAN);
    user.faults(&serde_json::json!([{ "kind": "deny", "operations": ["*:CreateSecurityGroup"] }]));
    let text = user.badly(&["apply", "review"]);
    assert!(text.contains("3 created"), "{text}");
    user.faults(&serde_json::json!([]));
    let text = user.well(&["apply", "review"]);
    assert!(text.contains("Already as planned: "), "{text}");
    assert!(text.contains("Done: 1 created."), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_moved_is_refused_by_name_and_the_others_go_on() {
    let user = User::new(STACK);
    user.well(&PLAIN);
    let changed = STACK
        .replace("default: 7", "default: 14")
        .replace("sns.topic", "sns.topic, display_name: Alerts");
    user.write("stack.yaml", &changed);
    user.well(&PLAN);
    by_hand(&user, Some(3), true).await;

    let text = user.badly(&["apply", "review", "--strict"]);
    assert!(text.contains("nothing was changed"), "{text}");
    assert!(!text.contains("updated"), "{text}");
    let output = user.run(&["apply", "review"]);
    assert_eq!(output.status.code(), Some(1));
    assert_snapshot!(equal(&crate::cli::said(&output)));
    assert_eq!(retention(&user).await, Some(3), "the one that moved is left alone");

    let text = user.well(&["history", "stack.yaml", "--env", "dev", "--json"]);
    let listed: Value = serde_json::from_str(&text).expect("JSON");
    let planned = listed["runs"][0]["run"]["planned"].as_array().expect("what was planned");
    assert_eq!(planned.len(), 1, "{planned:?}");
    let output = user.run(&["apply", "review", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines[0]["event"], "compared");
    assert_eq!(lines[0]["refused"][0]["moved"][0]["path"], "retention_days");
    assert_eq!(
        (&lines[0]["done"][0], &lines[0]["unreviewed"][0]["address"]),
        (&"alerts".into(), &"net".into())
    );
    assert_eq!(lines.last().expect("an end")["failed"][0]["code"], "Moved");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_depends_on_something_that_moved_is_refused_too() {
    let user = User::new(STACK);
    user.well(&PLAIN);
    let more = "  second: { kind: ec2.security_group, vpc: \"${net}\" }\n  \
                third: { kind: sns.topic }\n";
    user.write("stack.yaml", &format!("{STACK}{more}"));
    user.well(&PLAN);
    by_hand(&user, None, true).await;
    let text = user.badly(&["apply", "review"]);
    assert!(text.contains("net: tags.Owner"), "{text}");
    assert!(text.contains("cannot create ec2.security_group `second`: Moved"), "{text}");
    assert!(text.contains("Done: 1 created."), "{text}");
    // What was not reviewed is not touched: a new plan has it.
    let text = user.well(&["plan", "stack.yaml", "--env", "dev"]);
    assert!(text.contains("Plan: 1 to create, 1 to update"), "{text}");
}

#[test]
fn an_object_that_is_gone_or_has_come_is_refused() {
    let user = User::new(STACK);
    user.well(&PLAIN);
    user.write("stack.yaml", &STACK.replace("default: 7", "default: 14"));
    user.well(&PLAN);
    let without: Vec<&str> = STACK.lines().filter(|line| !line.contains(" log:")).collect();
    user.write("other.yaml", &without.join("\n"));
    user.well(&["apply", "other.yaml", "--env", "dev", "--yes"]);
    let text = user.badly(&["apply", "review"]);
    assert!(text.contains("cannot create logs.log_group `log`: Moved"), "{text}");
    assert!(text.contains("object"), "{text}");
}

#[test]
fn a_plan_is_bound_to_account_region_environment_and_sources() {
    let user = User::new(STACK);
    user.well(&PLAN);
    let refused = |arguments: &[&str], expected: &str| {
        let text = user.badly(&[&["apply", "review"], arguments].concat());
        assert!(text.contains(expected), "{arguments:?}: {text}");
    };
    refused(&["--env", "prod"], "made for environment dev, not for prod");
    refused(&["--region", "eu-west-1"], "made for region eu-west-3, not for eu-west-1");
    refused(&["--param", "days=3"], "not made with `--param days`");
    refused(&["--adopt", "log"], "are part of a plan");
    let mut elsewhere = user.infra(&["apply", "review"]);
    elsewhere.env("AWS_ACCESS_KEY_ID", "999999999999");
    let text = said(&elsewhere.output().expect("run"));
    let expected = format!("made for account {}, not for 999999999999", user.world.account);
    assert!(text.contains(&expected), "{text}");

    user.write("stack.yaml", &format!("{STACK}# a word more\n"));
    refused(&[], "stack.yaml, or a template of it, changed since this plan was made: plan again");
    user.write("stack.yaml", STACK);
    let text = user.badly(&["apply", "stack.yaml", "--env", "dev", "--yes", "--strict"]);
    assert!(text.contains("--strict goes with a saved plan"), "{text}");
    user.well(&["apply", "review"]);
}

#[test]
fn templates_and_parameters_are_part_of_what_a_plan_is_made_from() {
    let user = User::new("stack: shop\nregion: eu-west-3\nresources:\n  a: { template: one }\n");
    let template = "template: one\nresources:\n  log: { kind: logs.log_group }\n";
    std::fs::create_dir(user.path("templates")).expect("a folder");
    user.write("templates/one.yaml", template);
    user.well(&["plan", "stack.yaml", "--out", "review"]);
    user.write(
        "templates/one.yaml",
        &template.replace("log_group", "log_group, retention_days: 3"),
    );
    let text = user.badly(&["apply", "review"]);
    assert!(text.contains("or a template of it, changed"), "{text}");

    let user = User::new(STACK);
    let days = ["--param", "days=30"];
    user.well(&[&PLAN[..], &days].concat());
    let text = user.well(&["apply", "review"]);
    assert!(text.contains("4 created"), "{text}");
    let text = user.well(&[&["plan", "stack.yaml", "--env", "dev"][..], &days].concat());
    assert!(text.contains("No changes."), "{text}");
}

#[test]
fn a_file_that_is_no_whole_plan_is_named_so() {
    let user = User::new(STACK);
    user.well(&PLAN);
    let whole = std::fs::read_to_string(user.path("review")).expect("the plan");
    let refused = |text: &str, expected: &str| {
        user.write("review", text);
        let said = user.badly(&["apply", "review"]);
        assert!(said.contains(expected), "{said}");
    };
    refused(&whole[..whole.len() / 2], "the saved plan is damaged");
    refused(&whole.replace("\"sources\"", "\"source\""), "the saved plan is damaged");
    refused(&whole.replace("\"infra_plan\": 1", "\"infra_plan\": 2"), "plan again");
    let other = whole.replace(env!("CARGO_PKG_VERSION"), "9.9.9");
    refused(&other, "saved by version 9.9.9 of this program");
    let report = user.well(&["plan", "stack.yaml", "--env", "dev", "--json"]);
    refused(&report, "neither a stack file nor a saved plan");
    // Whoever alters it keeps something from being applied, and no more.
    user.write("review", &whole.replace("\"retention_days\": 7", "\"retention_days\": 1"));
    let text = user.badly(&["apply", "review"]);
    assert!(text.contains("desired.retention_days"), "{text}");
}
