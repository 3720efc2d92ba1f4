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
