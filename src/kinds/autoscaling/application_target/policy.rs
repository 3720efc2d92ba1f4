//! How a target's size follows metrics.

use std::collections::BTreeMap;

use aws_sdk_applicationautoscaling::types::{PolicyType, ScalingPolicy as AwsPolicy};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::steps::Steps;
use super::tracking::Tracking;
use super::{NEW_TARGET, Resource, client};
use crate::aws::{Aws, Result, eventually};

/// How the size follows a metric: one of the two.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScalingPolicy {
    /// A metric is kept near a value. AWS makes the alarms for it.
    tracking: Option<Tracking>,
    /// The size changes in steps. An alarm does it whose action is the policy's ARN:
    /// `${target.policy_arns.busy}`.
    steps: Option<Steps>,
}

impl ScalingPolicy {
    /// What AWS would refuse about it.
    pub(super) fn problem(&self) -> Option<String> {
        match (&self.tracking, &self.steps) {
            (Some(tracking), None) => tracking.problem(),
            (None, Some(steps)) => steps.problem().map(ToOwned::to_owned),
            _ => Some("a policy is either `tracking` or `steps`".to_owned()),
        }
    }

    fn kind(&self) -> PolicyType {
        match self.tracking {
            Some(_) => PolicyType::TargetTrackingScaling,
            None => PolicyType::StepScaling,
        }
    }

    /// Of a policy of another sort there is nothing to read: it is one more than declared.
    pub(super) fn read(found: &AwsPolicy) -> Result<Self> {
        let tracking = found.target_tracking_scaling_policy_configuration();
        let steps = found.step_scaling_policy_configuration();
        Ok(Self {
            tracking: tracking.map(Tracking::read).transpose()?,
            steps: steps.map(Steps::read).transpose()?,
        })
    }
}

/// Brings a target's policies from `was` to `now`.
pub(super) async fn change(
    aws: &Aws,
    place: &Resource,
    was: &BTreeMap<String, ScalingPolicy>,
    now: &BTreeMap<String, ScalingPolicy>,
) -> Result<()> {
    for (name, before) in was {
        // A policy stays of the sort that it was made.
        if now.get(name).is_none_or(|after| after.kind() != before.kind()) {
            let delete = client(aws).delete_scaling_policy().policy_name(name);
            let delete = delete.service_namespace(place.namespace()).resource_id(&place.id);
            delete.scalable_dimension(place.dimension()).send().await?;
        }
    }
    for (name, policy) in now.iter().filter(|(name, policy)| was.get(*name) != Some(*policy)) {
        let put = client(aws)
            .put_scaling_policy()
            .policy_name(name)
            .service_namespace(place.namespace())
            .resource_id(&place.id)
            .scalable_dimension(place.dimension())
            .policy_type(policy.kind())
            .set_target_tracking_scaling_policy_configuration(
                policy.tracking.as_ref().map(Tracking::send).transpose()?,
            )
            .set_step_scaling_policy_configuration(
                policy.steps.as_ref().map(Steps::send).transpose()?,
            );
        eventually(NEW_TARGET, || async { Ok(put.clone().send().await.map(drop)?) }).await?;
    }
    Ok(())
}
