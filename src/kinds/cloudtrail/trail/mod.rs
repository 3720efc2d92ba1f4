//! `cloudtrail.trail`: `CreateTrail`, `UpdateTrail`; selectors and logging in calls of their own.

mod list;
mod selectors;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{client, tag, tags_of};
use crate::aws::{self, Aws, Error, Result};
use crate::kind::field::NameOutput;
use crate::kind::{
    Arn, Charge, Charges, Kind, Live, Look, Name, Problem, Ref, Scope, Set, Tags, UsageName,
    default, is_unknown,
};
use crate::kinds::iam::Role;
use crate::kinds::kms::Key;
use crate::kinds::logs::LogGroup;
use crate::kinds::s3::Bucket;
use crate::kinds::sns::Topic;

/// A record of who called which operation of AWS, in a bucket.
///
/// A trail of all regions shows up in each of them; it belongs to the region where it is declared.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trail {
    /// The trail's name, at least three characters: letters and digits, with single `.`, `_` or `-`
    /// between them.
    #[schemars(regex(pattern = r"^[A-Za-z0-9]+([._-][A-Za-z0-9]+)*$"), length(min = 3))]
    name: Name<128>,
    /// The bucket that the log files are put in. Its policy has to let `cloudtrail.amazonaws.com` do
    /// `s3:GetBucketAcl`, and `s3:PutObject` below `AWSLogs/`.
    bucket: Ref<Bucket, NameOutput>,
    /// What the log files' keys begin with; nothing when left out.
    #[schemars(length(min = 1, max = 200))]
    prefix: Option<String>,
    /// The key that encrypts the log files; that of S3 when left out. Its policy has to let
    /// `cloudtrail.amazonaws.com` do `kms:GenerateDataKey*` and `kms:DescribeKey`.
    kms_key: Option<Ref<Key, Arn>>,
    /// Whether calls in all regions are recorded, and not just those in the trail's own.
    #[serde(default = "default::yes")]
    multi_region: bool,
    /// Whether calls to services without regions, such as IAM, are recorded.
    #[serde(default = "default::yes")]
    global_events: bool,
    /// Whether AWS adds digests, by which changed and deleted log files are found out.
    #[serde(default = "default::yes")]
    log_file_validation: bool,
    /// Where the events go besides, within minutes, so that alarms can watch them.
    logs: Option<Logs>,
    /// The topic that is told of each new log file. Its policy has to let
    /// `cloudtrail.amazonaws.com` publish.
    topic: Option<Ref<Topic, Arn>>,
    /// Which events are recorded; all of management, and none on data, when left out.
    #[serde(default = "selectors::management")]
    #[schemars(length(min = 1, max = 5))]
    events: Set<selectors::Selector>,
    /// Which events are recorded, said by the fields of events, in place of `events`.
    #[serde(default)]
    advanced_events: Set<selectors::Advanced>,
    /// What AWS looks for in the stream of events: unusual rates of calls, and of errors. It costs
    /// for each event that is looked at.
    #[serde(default)]
    insights: Set<selectors::Insight>,
    /// Whether events are recorded now.
    #[serde(default = "default::yes")]
    logging: bool,
}

/// A log group for events, and the role that writes to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Logs {
    /// The log group.
    group: Ref<LogGroup, Arn>,
    /// The role by which CloudTrail writes: it needs `logs:CreateLogStream` and
    /// `logs:PutLogEvents`, and has to trust `cloudtrail.amazonaws.com`.
    role: Ref<Role, Arn>,
}

/// What AWS decides about a trail.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The trail's name.
    name: String,
    /// The trail's ARN.
    arn: String,
}

/// What a trail says for a moment after it was made.
const NEW: &[(&str, &str)] = &[("ConflictException", ""), ("TrailNotFoundException", "")];

impl Kind for Trail {
    const NAME: &'static str = "cloudtrail.trail";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = Some("cloudtrail:trail/");
    /// Policies and roles that were just written are not seen everywhere at once.
    const EVENTUAL: &'static [(&'static str, &'static str)] = &[
        ("InsufficientEncryptionPolicyException", ""),
        ("InsufficientS3BucketPolicyException", ""),
        ("InsufficientSnsTopicPolicyException", ""),
        ("InvalidCloudWatchLogsLogGroupArnException", ""),
        ("InvalidCloudWatchLogsRoleArnException", ""),
        ("S3BucketDoesNotExistException", ""),
    ];
    const USAGE: &'static [UsageName] = &[
        UsageName::new("data_events", "Events on data a month, in hundreds of thousands."),
        UsageName::new(
            "management_events",
            "Events of management a month, in hundreds of thousands, that another trail of the \
             account records already; 0 for the only trail.",
        ),
    ];

    fn charges(&self, _look: &Look<'_>) -> Charges {
        Charges::Listed(vec![
            Charge::used("events on data", "cloudtrail.data_events", "data_events"),
            Charge::used(
                "further copies of management events",
                "cloudtrail.management_events",
                "management_events",
            ),
        ])
    }

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        list::trails(aws, scope).await
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let answer = client(aws)
            .create_trail()
            .name(&*new.name)
            .s3_bucket_name(new.bucket.as_str())
            .set_s3_key_prefix(new.prefix.clone())
            .set_kms_key_id(new.kms_key.as_ref().map(ToString::to_string))
            .is_multi_region_trail(new.multi_region)
            .include_global_service_events(new.global_events)
            .enable_log_file_validation(new.log_file_validation)
            .set_cloud_watch_logs_log_group_arn(new.logs.as_ref().map(Logs::group_arn))
            .set_cloud_watch_logs_role_arn(new.logs.as_ref().map(|logs| logs.role.to_string()))
            .set_sns_topic_name(new.topic.as_ref().map(ToString::to_string))
            .set_tags_list(Some(super::list(tags)?))
            .send()
            .await?;
        let arn = answer.trail_arn.ok_or_else(|| Error::missing("TrailARN"))?;
        let plain = new.events == selectors::management() && new.advanced_events.is_empty();
        if !plain {
            aws::eventually(NEW, || selectors::put(aws, &arn, new)).await?;
        }
        if !new.insights.is_empty() {
            aws::eventually(NEW, || selectors::put_insights(aws, &arn, new)).await?;
        }
        if new.logging {
            aws::eventually(NEW, || set_logging(aws, &arn, true)).await?;
        }
        Ok(Outputs { name: new.name.to_string(), arn })
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        let (arn, was) = (&was.outputs.arn, &was.spec);
        if was.basics() != now.basics() {
            set_basics(aws, arn, now).await?;
        }
        if (&was.events, &was.advanced_events) != (&now.events, &now.advanced_events) {
            selectors::put(aws, arn, now).await?;
        }
        if was.insights != now.insights {
            selectors::put_insights(aws, arn, now).await?;
        }
        if was.logging != now.logging {
            set_logging(aws, arn, now.logging).await?;
        }
        Ok(())
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        client(aws).delete_trail().name(&was.outputs.arn).send().await?;
        Ok(())
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tag(aws, &was.outputs.arn, set, remove).await
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = selectors::check(&self.events, &self.advanced_events);
        if self.multi_region && !self.global_events {
            problems.push(
                Problem::at("global_events", "a trail of all regions records global events too")
                    .help("leave it out, or set `multi_region: false`"),
            );
        }
        if !is_unknown(&self.name) && self.name.len() < 3 {
            problems.push(Problem::at("name", "a trail's name has at least three characters"));
        }
        problems
    }
}

impl Trail {
    /// What `UpdateTrail` writes.
    fn basics(&self) -> impl PartialEq {
        (
            (self.bucket.clone(), self.prefix.clone(), self.kms_key.clone()),
            (self.multi_region, self.global_events, self.log_file_validation),
            (self.logs.clone(), self.topic.clone()),
        )
    }
}

impl Logs {
    /// The group's ARN as CloudTrail wants it: with all its streams.
    fn group_arn(&self) -> String {
        format!("{}:*", self.group.trim_end_matches(":*"))
    }
}

/// What is left out would stay as it is; what is empty goes.
async fn set_basics(aws: &Aws, arn: &str, now: &Trail) -> Result<()> {
    let text = |text: Option<String>| Some(text.unwrap_or_default());
    client(aws)
        .update_trail()
        .name(arn)
        .s3_bucket_name(now.bucket.as_str())
        .set_s3_key_prefix(text(now.prefix.clone()))
        .set_kms_key_id(text(now.kms_key.as_ref().map(ToString::to_string)))
        .is_multi_region_trail(now.multi_region)
        .include_global_service_events(now.global_events)
        .enable_log_file_validation(now.log_file_validation)
        .set_cloud_watch_logs_log_group_arn(text(now.logs.as_ref().map(Logs::group_arn)))
        .set_cloud_watch_logs_role_arn(text(now.logs.as_ref().map(|logs| logs.role.to_string())))
        .set_sns_topic_name(text(now.topic.as_ref().map(ToString::to_string)))
        .send()
        .await?;
    Ok(())
}

async fn set_logging(aws: &Aws, arn: &str, on: bool) -> Result<()> {
    if on {
        client(aws).start_logging().name(arn).send().await?;
    } else {
        client(aws).stop_logging().name(arn).send().await?;
    }
    Ok(())
}
