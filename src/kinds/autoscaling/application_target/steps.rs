//! Steps by which a target's size changes.

use aws_sdk_applicationautoscaling::types::{
    AdjustmentType, MetricAggregationType, StepAdjustment, StepScalingPolicyConfiguration,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::Result;
use crate::kind::{Set, from_word, to_word};

/// Steps by which the size changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Steps {
    /// What a step's `change` is.
    #[serde(default)]
    adjustment: Adjustment,
    /// The steps, by how far the metric is beyond the alarm's threshold.
    #[schemars(length(min = 1, max = 20))]
    steps: Set<Step>,
    /// The least change, when changes are in percent.
    #[schemars(range(min = 1))]
    least: Option<i32>,
    /// Seconds from one change to the next.
    #[schemars(range(min = 0))]
    cooldown: Option<i32>,
    /// What counts of the metric's values.
    #[serde(default)]
    aggregation: Aggregation,
}

/// What a step's change is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Adjustment {
    #[default]
    ChangeInCapacity,
    ExactCapacity,
    PercentChangeInCapacity,
}

/// What counts of a metric's values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Aggregation {
    #[default]
    Average,
    Maximum,
    Minimum,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// From so far beyond the threshold (below it, when negative); without end when left out.
    from: Option<f64>,
    /// To so far beyond it.
    to: Option<f64>,
    /// The change, or the new size.
    change: i32,
}

impl Steps {
    /// Steps follow each other without gap, and without end to the sides that they reach.
    pub(super) fn problem(&self) -> Option<&'static str> {
        let lowest = f64::NEG_INFINITY;
        let mut sorted: Vec<&Step> = self.steps.iter().collect();
        sorted.sort_by(|a, b| a.from.unwrap_or(lowest).total_cmp(&b.from.unwrap_or(lowest)));
        if sorted.iter().any(|step| step.from.is_none() && step.to.is_none()) {
            return Some("a step needs `from` or `to`");
        }
        if sorted.windows(2).any(|two| two[0].to.is_none() || two[0].to != two[1].from) {
            return Some("each step has to begin where the one before it ends");
        }
        if sorted.iter().any(|step| matches!((step.from, step.to), (Some(a), Some(b)) if a >= b)) {
            return Some("a step has to begin before it ends");
        }
        if sorted.first().and_then(|step| step.from).is_some_and(|from| from < 0.0) {
            return Some("the lowest step is below the threshold: leave its `from` out");
        }
        if sorted.last().and_then(|step| step.to).is_some_and(|to| to > 0.0) {
            return Some("the highest step is above the threshold: leave its `to` out");
        }
        let in_percent = self.adjustment == Adjustment::PercentChangeInCapacity;
        (self.least.is_some() && !in_percent).then_some("`least` is for changes in percent")
    }

    pub(super) fn send(&self) -> Result<StepScalingPolicyConfiguration> {
        let mut steps = Vec::with_capacity(self.steps.len());
        for step in &*self.steps {
            let one = StepAdjustment::builder()
                .set_metric_interval_lower_bound(step.from)
                .set_metric_interval_upper_bound(step.to)
                .scaling_adjustment(step.change);
            steps.push(one.build()?);
        }
        Ok(StepScalingPolicyConfiguration::builder()
            .adjustment_type(AdjustmentType::from(to_word(&self.adjustment).as_str()))
            .set_step_adjustments(Some(steps))
            .set_min_adjustment_magnitude(self.least)
            .set_cooldown(self.cooldown)
            .metric_aggregation_type(MetricAggregationType::from(
                to_word(&self.aggregation).as_str(),
            ))
            .build())
    }

    pub(super) fn read(found: &StepScalingPolicyConfiguration) -> Result<Self> {
        let steps = found.step_adjustments().iter().map(|step| Step {
            from: step.metric_interval_lower_bound(),
            to: step.metric_interval_upper_bound(),
            change: step.scaling_adjustment(),
        });
        let aggregation = found.metric_aggregation_type();
        Ok(Self {
            adjustment: found
                .adjustment_type()
                .map_or(Ok(Adjustment::default()), |it| from_word(it.as_str()))?,
            steps: steps.collect(),
            least: found.min_adjustment_magnitude(),
            cooldown: found.cooldown(),
            aggregation: aggregation
                .map_or(Ok(Aggregation::default()), |it| from_word(it.as_str()))?,
        })
    }
}
