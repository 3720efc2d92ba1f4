//! How a service's changes are rolled out, and how far a roll-out has come.

use aws_sdk_ecs::types::{
    Deployment as AwsDeployment, DeploymentAlarms, DeploymentCircuitBreaker,
    DeploymentConfiguration, DeploymentRolloutState, Service as AwsService, ServiceEvent,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::Result;
use crate::kind::field::NameOutput;
use crate::kind::{Problem, Ref, Set, Status, default};
use crate::kinds::cloudwatch::Alarm;

/// How a change is rolled out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// Percent of the desired tasks that are kept running while it lasts.
    #[serde(default = "all")]
    #[schemars(range(min = 0, max = 100))]
    minimum_percent: i32,
    /// Percent of the desired tasks that may run while it lasts.
    #[serde(default = "twice")]
    #[schemars(range(min = 100, max = 200))]
    maximum_percent: i32,
    /// Whether it is given up when new tasks keep failing.
    #[serde(default = "default::yes")]
    circuit_breaker: bool,
    /// Whether the last good state is brought back when it is given up.
    #[serde(default = "default::yes")]
    rollback: bool,
    /// Alarms that make it be given up.
    #[serde(default)]
    alarms: Set<Ref<Alarm, NameOutput>>,
}

fn all() -> i32 {
    100
}

fn twice() -> i32 {
    200
}

impl Default for Deployment {
    fn default() -> Self {
        Self {
            minimum_percent: all(),
            maximum_percent: twice(),
            circuit_breaker: true,
            rollback: true,
            alarms: Set::default(),
        }
    }
}

impl Deployment {
    /// What AWS would refuse, or never do.
    pub(super) fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.minimum_percent == 100 && self.maximum_percent == 100 {
            let text = "no task could be replaced: none may stop and none may start";
            problems.push(Problem::at("deployment", text));
        }
        if !self.rollback && !self.circuit_breaker && self.alarms.is_empty() {
            let text = "without a circuit breaker and alarms nothing is ever given up";
            problems.push(Problem::at("deployment.rollback", text));
        }
        problems
    }

    /// The settings as AWS takes them.
    pub(super) fn send(&self) -> Result<DeploymentConfiguration> {
        let breaker = DeploymentCircuitBreaker::builder()
            .enable(self.circuit_breaker)
            .rollback(self.circuit_breaker && self.rollback)
            .build();
        let alarms = DeploymentAlarms::builder()
            .set_alarm_names(Some(self.alarms.iter().map(ToString::to_string).collect()))
            .enable(!self.alarms.is_empty())
            .rollback(!self.alarms.is_empty() && self.rollback)
            .build()?;
        Ok(DeploymentConfiguration::builder()
            .minimum_healthy_percent(self.minimum_percent)
            .maximum_percent(self.maximum_percent)
            .deployment_circuit_breaker(breaker)
            .alarms(alarms)
            .build())
    }

    /// The settings that AWS shows.
    pub(super) fn read(found: &DeploymentConfiguration) -> Self {
        let breaker = found.deployment_circuit_breaker();
        let alarms = found.alarms().filter(|alarms| alarms.enable());
        let is_on = breaker.is_some_and(DeploymentCircuitBreaker::enable);
        // Without a breaker and alarms there is nothing that could be given up.
        let rollback = match (is_on, breaker, alarms) {
            (true, Some(breaker), _) => breaker.rollback(),
            (_, _, Some(alarms)) => alarms.rollback(),
            _ => true,
        };
        Self {
            minimum_percent: found.minimum_healthy_percent().unwrap_or(all()),
            maximum_percent: found.maximum_percent().unwrap_or(twice()),
            circuit_breaker: is_on,
            rollback,
            alarms: alarms
                .into_iter()
                .flat_map(DeploymentAlarms::alarm_names)
                .map(Ref::new)
                .collect(),
        }
    }
}

fn primary(found: &AwsService) -> Option<&AwsDeployment> {
    found.deployments().iter().find(|deployment| deployment.status() == Some("PRIMARY"))
}

/// Why the deployment just started will come to nothing, when it will.
pub(super) fn given_up(found: &AwsService) -> Option<String> {
    let primary = primary(found)?;
    let reason = primary.rollout_state_reason().unwrap_or_default();
    let has_failed = primary.rollout_state() == Some(&DeploymentRolloutState::Failed);
    // A roll back is a deployment of its own, which says so.
    if !has_failed && !reason.contains("rolling back") {
        return None;
    }
    let events = found.events().iter().filter_map(ServiceEvent::message);
    let last = events.take(3).collect::<Vec<_>>().join("; ");
    Some(if last.is_empty() { reason.to_owned() } else { format!("{reason} ({last})") })
}

/// A failed deployment that leaves nothing running will never be usable; one beside older tasks
/// is put right by the next change.
pub(super) fn status(found: &AwsService) -> Status {
    if found.status() == Some("DRAINING") {
        return Status::Deleting;
    }
    let Some(primary) = primary(found) else { return Status::Usable };
    let reason = primary.rollout_state_reason().unwrap_or_default();
    let counts = format!("{} of {} tasks running", found.running_count(), found.desired_count());
    match primary.rollout_state() {
        Some(DeploymentRolloutState::Failed) if found.running_count() == 0 => {
            Status::Failed(reason.to_owned())
        }
        Some(DeploymentRolloutState::InProgress) => Status::Pending(counts),
        _ if found.deployments().len() > 1 => Status::Pending(counts),
        _ if found.running_count() != found.desired_count() => Status::Pending(counts),
        _ => Status::Usable,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::types::builders::DeploymentBuilder;

    use super::*;

    fn service(running: i32, deployments: Vec<AwsDeployment>) -> AwsService {
        AwsService::builder()
            .status("ACTIVE")
            .desired_count(2)
            .running_count(running)
            .set_deployments(Some(deployments))
            .events(ServiceEvent::builder().message("CannotPullContainerError").build())
            .build()
    }

    fn primary(state: DeploymentRolloutState) -> DeploymentBuilder {
        AwsDeployment::builder().status("PRIMARY").rollout_state(state)
    }

    #[test]
    fn a_roll_out_is_over_when_only_its_own_tasks_run() {
        let done = || primary(DeploymentRolloutState::Completed).build();
        let old = AwsDeployment::builder().status("ACTIVE").build();
        assert_eq!(status(&service(2, vec![done()])), Status::Usable);
        let pending = |text: &str| Status::Pending(text.to_owned());
        assert_eq!(status(&service(1, vec![done()])), pending("1 of 2 tasks running"));
        assert_eq!(status(&service(2, vec![done(), old])), pending("2 of 2 tasks running"));
        let begun = primary(DeploymentRolloutState::InProgress).build();
        assert_eq!(status(&service(2, vec![begun])), pending("2 of 2 tasks running"));
    }

    #[test]
    fn what_is_given_up_says_why() {
        let reason = "ECS deployment circuit breaker: tasks failed to start.";
        let failed = primary(DeploymentRolloutState::Failed).rollout_state_reason(reason).build();
        let alone = service(0, vec![failed.clone()]);
        assert_eq!(given_up(&alone), Some(format!("{reason} (CannotPullContainerError)")));
        assert_eq!(status(&alone), Status::Failed(reason.to_owned()));
        // What still runs is not thrown away.
        let old = AwsDeployment::builder().status("ACTIVE").build();
        assert_eq!(
            status(&service(2, vec![failed, old])),
            Status::Pending("2 of 2 tasks running".to_owned())
        );

        let reason = "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1.";
        let back = primary(DeploymentRolloutState::InProgress).rollout_state_reason(reason).build();
        assert!(given_up(&service(2, vec![back])).is_some());
        let begun = primary(DeploymentRolloutState::InProgress).build();
        assert_eq!(given_up(&service(0, vec![begun])), None);
    }
}
