//! What a schedule starts.

use aws_sdk_scheduler::types::{
    AssignPublicIp, AwsVpcConfiguration, DeadLetterConfig, EcsParameters, EventBridgeParameters,
    KinesisParameters, LaunchType as AwsLaunchType, NetworkConfiguration, PropagateTags,
    RetryPolicy, SqsParameters, Target as AwsTarget,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::Result;
use crate::kind::{Any, Arn, Json, Ref, from_word, to_word};
use crate::kinds::events::task::{Ecs, LaunchType, Retry};
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
        let retry = RetryPolicy::builder()
            .maximum_event_age_in_seconds(self.retry.age_seconds)
            .maximum_retry_attempts(self.retry.attempts);
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
            .retry_policy(retry.build())
            .build()?)
    }

    pub(super) fn read(found: &AwsTarget) -> Result<Self> {
        let (retry, default) = (found.retry_policy(), Retry::default());
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
            retry: Retry {
                age_seconds: retry
                    .and_then(RetryPolicy::maximum_event_age_in_seconds)
                    .unwrap_or(default.age_seconds),
                attempts: retry
                    .and_then(RetryPolicy::maximum_retry_attempts)
                    .unwrap_or(default.attempts),
            },
        })
    }
}

fn send_task(task: &Ecs) -> Result<EcsParameters> {
    let public =
        if task.assign_public_ip { AssignPublicIp::Enabled } else { AssignPublicIp::Disabled };
    let is_fargate = task.launch_type == LaunchType::Fargate;
    let network = AwsVpcConfiguration::builder()
        .set_subnets(Some(task.subnets.iter().map(ToString::to_string).collect()))
        .set_security_groups(Some(task.security_groups.iter().map(ToString::to_string).collect()))
        .set_assign_public_ip(is_fargate.then_some(public))
        .build()?;
    let network = NetworkConfiguration::builder().awsvpc_configuration(network).build();
    Ok(EcsParameters::builder()
        .task_definition_arn(task.task_definition.as_str())
        .task_count(task.count)
        .launch_type(AwsLaunchType::from(to_word(&task.launch_type).as_str()))
        .set_platform_version(task.platform_version.clone())
        .set_network_configuration((!task.subnets.is_empty()).then_some(network))
        .set_group(task.group.clone())
        .enable_execute_command(task.execute_command)
        .enable_ecs_managed_tags(task.managed_tags)
        .set_propagate_tags(task.propagate_tags.then_some(PropagateTags::TaskDefinition))
        .build()?)
}

fn read_task(task: &EcsParameters) -> Result<Ecs> {
    let network = task.network_configuration().and_then(NetworkConfiguration::awsvpc_configuration);
    let subnets = network.map(AwsVpcConfiguration::subnets).unwrap_or_default();
    let groups = network.map(AwsVpcConfiguration::security_groups).unwrap_or_default();
    // AWS's own default, for a target that says nothing.
    let launch_type = task.launch_type().map_or("EC2", AwsLaunchType::as_str);
    Ok(Ecs {
        task_definition: task.task_definition_arn().into(),
        count: task.task_count().unwrap_or(1),
        launch_type: from_word(launch_type)?,
        platform_version: task.platform_version().map(Into::into),
        subnets: subnets.iter().map(|id| id.as_str().into()).collect(),
        security_groups: groups.iter().map(|id| id.as_str().into()).collect(),
        assign_public_ip: network.and_then(AwsVpcConfiguration::assign_public_ip)
            == Some(&AssignPublicIp::Enabled),
        group: task.group().map(Into::into),
        execute_command: task.enable_execute_command().unwrap_or_default(),
        managed_tags: task.enable_ecs_managed_tags().unwrap_or_default(),
        propagate_tags: task.propagate_tags().is_some(),
    })
}
