//! Metric filters: `PutMetricFilter`, `DeleteMetricFilter`, `DescribeMetricFilters`.

use std::collections::BTreeMap;

use aws_sdk_cloudwatchlogs::types::{
    MetricFilter as AwsMetricFilter, MetricTransformation, StandardUnit,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::client;
use crate::aws::{Aws, Result};
use crate::kind::Set;
use crate::kinds::cloudwatch::UNITS;

/// A metric that counts matching events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetricFilter {
    /// The filter's name, unique in its group.
    name: String,
    /// What an event has to match: `?ERROR ?Exception`, `{ $.level = "error" }`.
    pattern: String,
    /// The metric's name.
    metric: String,
    /// The metric's namespace.
    namespace: String,
    /// What a match adds to the metric: a number, or a field such as `$.size`.
    #[serde(default = "one")]
    value: String,
    /// What is reported for a time without a match; nothing when left out.
    default_value: Option<f64>,
    /// The metric's unit.
    #[serde(default = "none")]
    #[schemars(extend("enum" = UNITS))]
    unit: String,
    /// The metric's dimensions, and the fields that hold their values: `Path: $.path`.
    #[serde(default)]
    dimensions: BTreeMap<String, String>,
}

fn one() -> String {
    "1".to_owned()
}

fn none() -> String {
    "None".to_owned()
}

impl MetricFilter {
    /// Makes the filter of a group, or brings the one of its name to this.
    pub async fn put(&self, aws: &Aws, group: &str) -> Result<()> {
        let transformation = MetricTransformation::builder()
            .metric_name(&self.metric)
            .metric_namespace(&self.namespace)
            .metric_value(&self.value)
            .set_default_value(self.default_value)
            .unit(StandardUnit::from(self.unit.as_str()))
            .set_dimensions(Some(self.dimensions.clone().into_iter().collect()))
            .build()?;
        let put = client(aws).put_metric_filter().log_group_name(group).filter_name(&self.name);
        let put = put.filter_pattern(&self.pattern).metric_transformations(transformation);
        put.send().await?;
        Ok(())
    }

    /// What AWS would refuse about it.
    pub fn problem(&self) -> Option<String> {
        let both = self.default_value.is_some() && !self.dimensions.is_empty();
        let name = &self.name;
        both.then(|| {
            format!("the filter `{name}` has `dimensions`: a `default_value` is not for it")
        })
    }

    /// A filter as AWS shows it; none when it makes no metric.
    pub fn read(filter: &AwsMetricFilter) -> Option<Self> {
        let transformation = filter.metric_transformations().first()?;
        let dimensions = transformation.dimensions().cloned().unwrap_or_default();
        Some(Self {
            name: filter.filter_name()?.to_owned(),
            pattern: filter.filter_pattern().unwrap_or_default().to_owned(),
            metric: transformation.metric_name().to_owned(),
            namespace: transformation.metric_namespace().to_owned(),
            value: transformation.metric_value().to_owned(),
            default_value: transformation.default_value(),
            unit: transformation.unit().map_or_else(none, |unit| unit.as_str().to_owned()),
            dimensions: dimensions.into_iter().collect(),
        })
    }
}

/// Brings a group's filters from `was` to `now`.
pub async fn change(
    aws: &Aws,
    group: &str,
    was: &Set<MetricFilter>,
    now: &Set<MetricFilter>,
) -> Result<()> {
    for filter in now.minus(was) {
        filter.put(aws, group).await?;
    }
    for gone in was.minus(now).filter(|gone| !now.iter().any(|kept| kept.name == gone.name)) {
        let delete = client(aws).delete_metric_filter().log_group_name(group);
        delete.filter_name(&gone.name).send().await?;
    }
    Ok(())
}
