//! What a schedule starts.

use aws_sdk_scheduler::types::{
    DeadLetterConfig, EventBridgeParameters, KinesisParameters, SqsParameters, Target as AwsTarget,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::Result;
use crate::kind::{Any, Arn, Json, Ref};
use crate::kinds::events::task::{self, Ecs, Retry};
use crate::kinds::iam::Role;

/// What is started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// What is started: a function, a topic, a queue, a state machine, for a task its cluster; or any
    /// operation of AWS's: `arn:aws:scheduler:::aws-sdk:rds:stopDBCluster`.
    arn: Ref<Any, Arn>,
    /// The role that Scheduler takes on to do it. It has to trust `scheduler.amazonaws.com`.
    role: Ref<Role, Arn>,
    /// What the target is given. `<aws.scheduler.scheduled-time>` in a text stands for the time.
    input: Option<Json>,
    /// Which task is run, when the target is a cluster.
    pub(super) ecs: Option<Ecs>,
    /// The event that is sent, when the target is an event bus; `input` is its detail.
    event: Option<Event>,
    /// The partition key, when the target is a Kinesis stream.
    #[schemars(length(min = 1, max = 256))]
    partition_key: Option<String>,
    /// The message group, when the target is a first-in-first-out queue.
    #[schemars(length(min = 1, max = 128))]
    message_group: Option<String>,
    /// The queue for what cannot be delivered.
    dead_letter_queue: Option<Ref<Any, Arn>>,
    /// How long delivery is tried.
    #[serde(default)]
    retry: Retry,
}

/// An event for a bus.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// What has happened, for rules' patterns: `Night has come`.
    #[schemars(length(min = 1, max = 128))]
    detail_type: String,
    /// Who says so. Names that begin with `aws.` are AWS's own.
    #[schemars(length(min = 1, max = 256), regex(pattern = r"^[/.A-Za-z0-9_-]+$"))]
    source: String,
}

task::in_sdk!(aws_sdk_scheduler);

impl Target {
    /// What a group without a schedule starts.
    pub(super) fn nothing() -> Self {
        Self {
            arn: Ref::new(""),
            role: Ref::new(""),
            input: None,
            ecs: None,
            event: None,
            partition_key: None,
            message_group: None,
            dead_letter_queue: None,
            retry: Retry::default(),
        }
    }

    /// What AWS would refuse about it.
    pub(super) fn problem(&self) -> Option<&'static str> {
        let kinds = [
            self.ecs.is_some(),
            self.event.is_some(),
            self.partition_key.is_some(),
            self.message_group.is_some(),
        ];
        if kinds.iter().filter(|given| **given).count() > 1 {
            return Some(
                "`ecs`, `event`, `partition_key` and `message_group` are for different targets",
            );
        }
        if self.event.as_ref().is_some_and(|event| event.source.starts_with("aws.")) {
            return Some("`event.source` begins with `aws.`, as only AWS's own events do");
        }
        self.ecs.as_ref().and_then(Ecs::problem)
    }

    pub(super) fn send(&self) -> Result<AwsTarget> {
        let event = self.event.as_ref().map(|event| {
            let event = EventBridgeParameters::builder()
                .detail_type(&event.detail_type)
                .source(&event.source);
            event.build()
        });
        let stream = self.partition_key.as_ref();
        let stream = stream.map(|key| KinesisParameters::builder().partition_key(key).build());
        let group = self.message_group.as_ref();
        let queue = self.dead_letter_queue.as_ref().map(ToString::to_string);
        Ok(AwsTarget::builder()
            .arn(self.arn.as_str())
            .role_arn(self.role.as_str())
            .set_input(self.input.as_ref().map(ToString::to_string))
            .set_ecs_parameters(self.ecs.as_ref().map(send_task).transpose()?)
            .set_event_bridge_parameters(event.transpose()?)
            .set_kinesis_parameters(stream.transpose()?)
            .set_sqs_parameters(group.map(|g| SqsParameters::builder().message_group_id(g).build()))
            .set_dead_letter_config(queue.map(|arn| DeadLetterConfig::builder().arn(arn).build()))
            .retry_policy(send_retry(&self.retry))
            .build()?)
    }

    pub(super) fn read(found: &AwsTarget) -> Result<Self> {
        let event = found.event_bridge_parameters().map(|event| Event {
            detail_type: event.detail_type().to_owned(),
            source: event.source().to_owned(),
        });
        let queue = found.dead_letter_config().and_then(DeadLetterConfig::arn);
        let group = found.sqs_parameters().and_then(SqsParameters::message_group_id);
        Ok(Self {
            arn: found.arn().into(),
            role: found.role_arn().into(),
            input: found.input().map(Json::parse),
            ecs: found.ecs_parameters().map(read_task).transpose()?,
            event,
            partition_key: found.kinesis_parameters().map(|stream| stream.partition_key().into()),
            message_group: group.map(Into::into),
            dead_letter_queue: queue.map(Into::into),
            retry: read_retry(found.retry_policy()),
        })
    }
}
