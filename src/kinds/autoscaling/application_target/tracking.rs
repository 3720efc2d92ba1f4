//! A metric that is kept near a value.

use std::collections::BTreeMap;

use aws_sdk_applicationautoscaling::types::{
    CustomizedMetricSpecification, MetricDimension, MetricStatistic, MetricType,
    PredefinedMetricSpecification, TargetTrackingScalingPolicyConfiguration,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::Result;
use crate::kind::{from_word, to_word};

/// A metric that is kept near a value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tracking {
    /// The value, such as 60 for 60 %.
    value: f64,
    /// One of AWS's own metrics, such as `ECSServiceAverageCPUUtilization`.
    metric: Option<String>,
    /// For `ALBRequestCountPerTarget`, which target group:
    /// `${balancer.full_name}/${targets.full_name}`.
    #[schemars(length(min = 1, max = 1023))]
    label: Option<String>,
    /// Any other metric. It has to go down when the size goes up.
    custom: Option<Custom>,
    /// Seconds from one growth to the next; AWS's own default for the service when left out.
    #[schemars(range(min = 0))]
    scale_out_cooldown: Option<i32>,
    /// Seconds from one shrinking to the next; AWS's own default for the service when left out.
    #[schemars(range(min = 0))]
    scale_in_cooldown: Option<i32>,
    /// Whether the size only ever grows by this policy.
    #[serde(default)]
    only_out: bool,
}

/// A metric of CloudWatch's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Custom {
    /// The namespace, such as `AWS/SQS`.
    namespace: String,
    /// The metric's name.
    name: String,
    /// What of it: `QueueName: work`.
    #[serde(default)]
    dimensions: BTreeMap<String, String>,
    /// What counts of its values.
    #[serde(default)]
    statistic: Statistic,
    /// Its unit, if it was published with several.
    unit: Option<String>,
}

/// What counts of a metric's values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Statistic {
    #[default]
    Average,
    Maximum,
    Minimum,
    SampleCount,
    Sum,
}

impl Tracking {
    pub(super) fn problem(&self) -> Option<String> {
        if self.metric.is_some() == self.custom.is_some() {
            return Some("`tracking` needs exactly one of `metric` and `custom`".to_owned());
        }
        let metric = self.metric.as_deref()?;
        if !MetricType::values().contains(&metric) {
            let known = MetricType::values().join(", ");
            return Some(format!("`{metric}` is none of AWS's own metrics: {known}"));
        }
        let counts_requests = metric == "ALBRequestCountPerTarget";
        (counts_requests != self.label.is_some())
            .then(|| "`label` goes with `ALBRequestCountPerTarget`, and that with it".to_owned())
    }

    pub(super) fn send(&self) -> Result<TargetTrackingScalingPolicyConfiguration> {
        let metric = self.metric.as_deref().map(|metric| {
            PredefinedMetricSpecification::builder()
                .predefined_metric_type(metric.into())
                .set_resource_label(self.label.clone())
                .build()
        });
        Ok(TargetTrackingScalingPolicyConfiguration::builder()
            .target_value(self.value)
            .set_predefined_metric_specification(metric.transpose()?)
            .set_customized_metric_specification(
                self.custom.as_ref().map(Custom::send).transpose()?,
            )
            .set_scale_out_cooldown(self.scale_out_cooldown)
            .set_scale_in_cooldown(self.scale_in_cooldown)
            .disable_scale_in(self.only_out)
            .build()?)
    }

    pub(super) fn read(found: &TargetTrackingScalingPolicyConfiguration) -> Result<Self> {
        let metric = found.predefined_metric_specification();
        let label = metric.and_then(PredefinedMetricSpecification::resource_label);
        Ok(Self {
            value: found.target_value(),
            metric: metric.map(|it| it.predefined_metric_type().as_str().to_owned()),
            label: label.filter(|text| !text.is_empty()).map(Into::into),
            custom: found.customized_metric_specification().map(Custom::read).transpose()?,
            scale_out_cooldown: found.scale_out_cooldown(),
            scale_in_cooldown: found.scale_in_cooldown(),
            only_out: found.disable_scale_in().unwrap_or_default(),
        })
    }
}

impl Custom {
    fn send(&self) -> Result<CustomizedMetricSpecification> {
        let mut all = Vec::with_capacity(self.dimensions.len());
        for (name, value) in &self.dimensions {
            all.push(MetricDimension::builder().name(name).value(value).build()?);
        }
        Ok(CustomizedMetricSpecification::builder()
            .namespace(&self.namespace)
            .metric_name(&self.name)
            .set_dimensions((!all.is_empty()).then_some(all))
            .statistic(MetricStatistic::from(to_word(&self.statistic).as_str()))
            .set_unit(self.unit.clone())
            .build())
    }

    fn read(found: &CustomizedMetricSpecification) -> Result<Self> {
        let dimensions = found.dimensions().iter();
        let statistic = found.statistic().map_or("Average", MetricStatistic::as_str);
        Ok(Self {
            namespace: found.namespace().unwrap_or_default().to_owned(),
            name: found.metric_name().unwrap_or_default().to_owned(),
            dimensions: dimensions.map(|it| (it.name().into(), it.value().into())).collect(),
            statistic: from_word(statistic)?,
            unit: found.unit().map(Into::into),
        })
    }
}
