//! What rules and schedules have in common: a task that is run, and how long delivery is tried.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::field::Id;
use crate::kind::{Arn, Charge, Look, Ref, Set, UsageName, default};
use crate::kinds::ec2::{SecurityGroup, Subnet};
use crate::kinds::ecs::TaskDefinition;

/// A task to run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ecs {
    /// The task definition, with or without its revision.
    pub task_definition: Ref<TaskDefinition, Arn>,
    /// How many tasks.
    #[serde(default = "default::int::<1>")]
    #[schemars(range(min = 1, max = 10))]
    pub count: i32,
    /// What they run on.
    #[serde(default)]
    pub launch_type: LaunchType,
    /// The version of Fargate, such as `1.4.0`; the latest when left out.
    pub platform_version: Option<String>,
    /// The subnets that the tasks are put in.
    #[serde(default)]
    #[schemars(length(max = 16))]
    pub subnets: Set<Ref<Subnet, Id>>,
    /// The tasks' security groups.
    #[serde(default)]
    #[schemars(length(max = 5))]
    pub security_groups: Set<Ref<SecurityGroup, Id>>,
    /// Whether the tasks get public addresses, which they need in a public subnet.
    #[serde(default)]
    pub assign_public_ip: bool,
    /// The task group, for limits and placement.
    pub group: Option<String>,
    /// Whether commands can be run in the tasks' containers.
    #[serde(default)]
    pub execute_command: bool,
    /// Whether tasks get tags with the names of their cluster and service.
    #[serde(default)]
    pub managed_tags: bool,
    /// Whether tasks get the tags of their task definition.
    #[serde(default)]
    pub propagate_tags: bool,
}

/// Under `usage`: for how long tasks run that are started now and then.
pub const TASK_HOURS: UsageName = UsageName::new(
    "task_hours",
    "Hours a month for which each of its tasks runs: 1.5 for 3 minutes a day.",
);

impl Ecs {
    /// What is charged for the tasks.
    pub fn charges(&self, look: &Look<'_>) -> Vec<Charge> {
        if self.launch_type != LaunchType::Fargate {
            return Vec::new();
        }
        if let Some(definition) = look.referred(&self.task_definition) {
            return definition.sometimes(f64::from(self.count), TASK_HOURS.name);
        }
        let why = "the task definition is not of this stack";
        vec![Charge::unknown("tasks", "fargate.vcpu_hour", why)]
    }
}

/// What a task runs on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LaunchType {
    #[default]
    Fargate,
    Ec2,
    External,
}

/// How long delivery is tried; AWS's own limits when left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Retry {
    /// For at most so many seconds.
    #[schemars(range(min = 60, max = 86_400))]
    pub age_seconds: i32,
    /// At most so often.
    #[schemars(range(min = 0, max = 185))]
    pub attempts: i32,
}

impl Default for Retry {
    fn default() -> Self {
        Self { age_seconds: 86_400, attempts: 185 }
    }
}

impl Ecs {
    /// What AWS would refuse about it.
    pub fn problem(&self) -> Option<&'static str> {
        let is_fargate = self.launch_type == LaunchType::Fargate;
        if is_fargate && self.subnets.is_empty() {
            return Some("`ecs.subnets` is missing: Fargate runs in a VPC");
        }
        let has_fargate_words = self.platform_version.is_some() || self.assign_public_ip;
        (!is_fargate && has_fargate_words)
            .then_some("`platform_version` and `assign_public_ip` are for Fargate")
    }
}

/// Writes and reads what rules and schedules have in common in the types of a service's SDK: makes the
/// functions `send_task`, `read_task`, `send_retry` and `read_retry` where it stands.
macro_rules! in_sdk {
    ($sdk:ident) => {
        fn send_task(
            task: &$crate::kinds::events::task::Ecs,
        ) -> $crate::aws::Result<$sdk::types::EcsParameters> {
            use $crate::kinds::events::task::LaunchType;
            use $sdk::types::{AssignPublicIp, AwsVpcConfiguration, NetworkConfiguration};
            let public = if task.assign_public_ip {
                AssignPublicIp::Enabled
            } else {
                AssignPublicIp::Disabled
            };
            let is_fargate = task.launch_type == LaunchType::Fargate;
            let groups = task.security_groups.iter().map(ToString::to_string);
            let network = AwsVpcConfiguration::builder()
                .set_subnets(Some(task.subnets.iter().map(ToString::to_string).collect()))
                .set_security_groups(Some(groups.collect()))
                .set_assign_public_ip(is_fargate.then_some(public))
                .build()?;
            let network = NetworkConfiguration::builder().awsvpc_configuration(network).build();
            let launch_type = $crate::kind::to_word(&task.launch_type);
            let tags = $sdk::types::PropagateTags::TaskDefinition;
            Ok($sdk::types::EcsParameters::builder()
                .task_definition_arn(task.task_definition.as_str())
                .task_count(task.count)
                .launch_type($sdk::types::LaunchType::from(launch_type.as_str()))
                .set_platform_version(task.platform_version.clone())
                .set_network_configuration((!task.subnets.is_empty()).then_some(network))
                .set_group(task.group.clone())
                .enable_execute_command(task.execute_command)
                .enable_ecs_managed_tags(task.managed_tags)
                .set_propagate_tags(task.propagate_tags.then_some(tags))
                .build()?)
        }

        fn read_task(
            task: &$sdk::types::EcsParameters,
        ) -> $crate::aws::Result<$crate::kinds::events::task::Ecs> {
            use $sdk::types::{AssignPublicIp, AwsVpcConfiguration, LaunchType};
            let network = task.network_configuration().and_then(|it| it.awsvpc_configuration());
            let subnets = network.map(AwsVpcConfiguration::subnets).unwrap_or_default();
            let groups = network.map(AwsVpcConfiguration::security_groups).unwrap_or_default();
            // AWS's own default, for a target that says nothing.
            let launch_type = task.launch_type().map_or("EC2", LaunchType::as_str);
            // One SDK says whether there is a value, the other does not.
            let is_on = |flag: Option<bool>| flag.unwrap_or_default();
            Ok($crate::kinds::events::task::Ecs {
                task_definition: task.task_definition_arn().into(),
                count: task.task_count().unwrap_or(1),
                launch_type: $crate::kind::from_word(launch_type)?,
                platform_version: task.platform_version().map(Into::into),
                subnets: subnets.iter().map(|id| id.as_str().into()).collect(),
                security_groups: groups.iter().map(|id| id.as_str().into()).collect(),
                assign_public_ip: network.and_then(AwsVpcConfiguration::assign_public_ip)
                    == Some(&AssignPublicIp::Enabled),
                group: task.group().map(Into::into),
                execute_command: is_on(task.enable_execute_command().into()),
                managed_tags: is_on(task.enable_ecs_managed_tags().into()),
                propagate_tags: task.propagate_tags().is_some(),
            })
        }

        fn send_retry(retry: &$crate::kinds::events::task::Retry) -> $sdk::types::RetryPolicy {
            $sdk::types::RetryPolicy::builder()
                .maximum_event_age_in_seconds(retry.age_seconds)
                .maximum_retry_attempts(retry.attempts)
                .build()
        }

        fn read_retry(
            retry: Option<&$sdk::types::RetryPolicy>,
        ) -> $crate::kinds::events::task::Retry {
            let (mut read, policy) = ($crate::kinds::events::task::Retry::default(), retry);
            if let Some(seconds) = policy.and_then(|it| it.maximum_event_age_in_seconds()) {
                read.age_seconds = seconds;
            }
            if let Some(attempts) = policy.and_then(|it| it.maximum_retry_attempts()) {
                read.attempts = attempts;
            }
            read
        }
    };
}
pub(in crate::kinds) use in_sdk;
