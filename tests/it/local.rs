//! The local AWS: that it starts, and that the overlay adds what moto lacks.

use std::process::Command;
use std::time::{Duration, Instant};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_cloudwatch::error::ProvideErrorMetadata;
use aws_sdk_cloudwatch::types::{ComparisonOperator, Dimension, Statistic, Tag};
use aws_sdk_resourcegroupstagging::types::TagFilter;
use infra::local::{self, Running};
use tempfile::TempDir;

/// A server for one test; the folder of its state goes with it.
fn server() -> (Running, TempDir) {
    let folder = TempDir::new().expect("a temporary folder");
    let running = local::start_private(folder.path()).expect("a local AWS");
    (running, folder)
}

async fn client_config(running: &Running, account: &str) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new("eu-west-3"))
        .endpoint_url(&running.endpoint)
        .credentials_provider(aws_sdk_sts::config::Credentials::new(
            account, "x", None, None, "test",
        ))
        .load()
        .await
}

#[tokio::test]
async fn an_alarm_survives_the_way_through_cbor() {
    let (running, _folder) = server();
    let client = aws_sdk_cloudwatch::Client::new(&client_config(&running, "000000000001").await);
    client
        .put_metric_alarm()
        .alarm_name("disk")
        .namespace("App")
        .metric_name("DiskUsed")
        .dimensions(Dimension::builder().name("Host").value("a").build())
        .statistic(Statistic::Average)
        .comparison_operator(ComparisonOperator::GreaterThanThreshold)
        .threshold(80.0)
        .period(60)
        .evaluation_periods(2)
        .actions_enabled(false)
        .tags(Tag::builder().key("infra:stack").value("shop").build())
        .send()
        .await
        .expect("PutMetricAlarm");

    let found = client.describe_alarms().alarm_names("disk").send().await.expect("DescribeAlarms");
    let [alarm] = found.metric_alarms() else { panic!("one alarm, not {found:?}") };
    assert_eq!(alarm.threshold(), Some(80.0));
    assert_eq!(alarm.evaluation_periods(), Some(2));
    assert_eq!(alarm.actions_enabled(), Some(false));
    assert_eq!(alarm.dimensions()[0].value(), Some("a"));
    assert!(alarm.alarm_configuration_updated_timestamp().is_some());

    let arn = alarm.alarm_arn().expect("an ARN");
    let tags = client.list_tags_for_resource().resource_arn(arn).send().await.expect("tags");
    assert_eq!(tags.tags()[0].value(), Some("shop"));

    let error = client.set_alarm_state().alarm_name("none").state_reason("test");
    let error = error.state_value("OK".into()).send().await.expect_err("no such alarm");
    assert_eq!(error.code(), Some("ResourceNotFound"), "{error:?}");
    assert_eq!(error.raw_response().map(|raw| raw.status().as_u16()), Some(404));
    running.stop().expect("the end");
}

#[tokio::test]
async fn an_access_key_of_twelve_digits_is_an_account() {
    let (running, _folder) = server();
    for account in ["000000000002", "000000000003"] {
        let config = client_config(&running, account).await;
        let identity = aws_sdk_sts::Client::new(&config).get_caller_identity().send().await;
        assert_eq!(identity.expect("GetCallerIdentity").account(), Some(account));
        let logs = aws_sdk_cloudwatchlogs::Client::new(&config);
        let before = logs.describe_log_groups().send().await.expect("DescribeLogGroups");
        assert!(before.log_groups().is_empty(), "{account} sees the other's: {before:?}");
        logs.create_log_group().log_group_name("app").send().await.expect("CreateLogGroup");
    }
    running.stop().expect("the end");
}

#[tokio::test]
async fn the_tagging_api_lists_an_elastic_ip() {
    let (running, _folder) = server();
    let config = client_config(&running, "000000000004").await;
    let ec2 = aws_sdk_ec2::Client::new(&config);
    let tag = aws_sdk_ec2::types::Tag::builder().key("infra:stack").value("shop").build();
    let tags = aws_sdk_ec2::types::TagSpecification::builder()
        .resource_type(aws_sdk_ec2::types::ResourceType::ElasticIp)
        .tags(tag)
        .build();
    let address = ec2.allocate_address().tag_specifications(tags).send().await.expect("an address");
    let id = address.allocation_id().expect("its id");

    let tagging = aws_sdk_resourcegroupstagging::Client::new(&config);
    let owned = async |value: &str| {
        let filter = TagFilter::builder().key("infra:stack").values(value).build();
        let found = tagging.get_resources().tag_filters(filter).send().await.expect("GetResources");
        let arns = found.resource_tag_mapping_list().iter();
        arns.filter_map(|row| row.resource_arn().map(str::to_owned)).collect::<Vec<_>>()
    };
    assert_eq!(
        owned("shop").await,
        [format!("arn:aws:ec2:eu-west-3:000000000004:elastic-ip/{id}")]
    );
    assert_eq!(owned("other").await, [""; 0]);

    running.reset().expect("a reset");
    assert_eq!(owned("shop").await, [""; 0]);
    running.stop().expect("the end");
}

/// The overlay's own tests speak through boto3, so that they are independent of our client.
#[test]
fn the_overlay_behaves_as_its_own_tests_say() {
    let root = crate::root();
    let output = Command::new(local::python().expect("an interpreter"))
        .arg(root.join("tests/local/run.py"))
        .arg(root.join("src/local/overlay"))
        .args(["--strict", "--jobs", "3"])
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .expect("the tests");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_server_is_found_again_and_a_stale_state_file_is_not_believed() {
    let (running, folder) = server();
    assert_eq!(local::start_private(folder.path()).expect("the same"), running);
    let state = std::fs::read(folder.path().join("server.json")).expect("a state file");
    running.stop().expect("the end");
    std::fs::write(folder.path().join("server.json"), state).expect("an old state file");
    let next = local::start_private(folder.path()).expect("a new one");
    assert_ne!(next.pid, running.pid);
    next.stop().expect("the end");
}

#[test]
fn a_server_ends_with_the_process_that_started_it() {
    let folder = TempDir::new().expect("a temporary folder");
    // This very test binary, asked for the helper below alone, is the parent.
    let me = std::env::current_exe().expect("this program");
    let done = Command::new(me)
        .args(["--exact", "local::helper_that_starts_a_server_and_leaves", "--nocapture"])
        .env(LEAVE_IN, folder.path())
        .status()
        .expect("the helper");
    assert!(done.success());
    // The server removes its state file when it ends.
    let state = folder.path().join("server.json");
    let deadline = Instant::now() + Duration::from_secs(20);
    while state.exists() {
        assert!(Instant::now() < deadline, "the server outlives its parent");
        std::thread::sleep(Duration::from_millis(50));
    }
}

const LEAVE_IN: &str = "INFRA_TEST_LEAVE_SERVER_IN";

#[test]
fn helper_that_starts_a_server_and_leaves() {
    if let Some(folder) = std::env::var_os(LEAVE_IN) {
        let running = local::start_private(folder.as_ref()).expect("a local AWS");
        assert!(std::path::Path::new(&folder).join("server.json").exists(), "{running:?}");
    }
}
