//! `cloudwatch.alarm`: `PutMetricAlarm`, which writes the whole alarm each time.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::types::{
    ComparisonOperator, Dimension, Metric, MetricAlarm, MetricDataQuery, MetricStat, StandardUnit,
    Statistic as AwsStatistic,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{client, list, tag, tags_of};
use crate::aws::{Aws, Error, Result};
use crate::kind::{
    Any, Arn, Charge, Charges, Kind, Live, Look, Name, Problem, Ref, Scope, Set, Status, Tags,
    default, from_word, to_word,
};

/// Watches one metric, or a calculation over several, and acts when it crosses a threshold.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alarm {
    /// The alarm's name, unique in its region.
    name: Name<255>,
    /// What the alarm means and what to do about it: it stands in every notification.
    #[schemars(length(max = 1024))]
    description: Option<String>,
    /// The metric's namespace, such as `AWS/ECS`. Left out with `metrics`.
    #[schemars(length(max = 255))]
    namespace: Option<String>,
    /// The metric's name. Left out with `metrics`.
    #[schemars(length(max = 255))]
    metric: Option<String>,
    /// Which of the metric's series: `ClusterName: shop`.
    #[serde(default)]
    dimensions: BTreeMap<String, String>,
    /// How the points of a period become one.
    statistic: Option<Statistic>,
    /// A percentile or trimmed statistic in place of `statistic`: `p99`, `tm90`.
    #[schemars(regex(
        pattern = r"^(p|tm|tc|ts|wm)\d{1,2}(\.\d{1,10})?$|^p100$|^(IQM|PR\(.+\)|TM\(.+\)|TC\(.+\)|TS\(.+\)|WM\(.+\))$"
    ))]
    extended_statistic: Option<String>,
    /// Seconds of one period: 10, 20, 30 or a multiple of 60. Left out with `metrics`.
    #[schemars(range(min = 10))]
    period: Option<i32>,
    /// The unit that points have to have; any when left out, which is nearly always right.
    #[schemars(extend("enum" = UNITS))]
    unit: Option<String>,
    /// Metrics and expressions over them, in place of a single metric. Exactly one of them returns
    /// data: the one that is watched.
    #[serde(default)]
    metrics: Set<Query>,
    /// How the value is compared with the threshold.
    comparison: Comparison,
    /// The threshold. Left out when `threshold_metric` is given.
    threshold: Option<f64>,
    /// The id of the `ANOMALY_DETECTION_BAND` among `metrics` that serves as the threshold.
    threshold_metric: Option<String>,
    /// How many of the latest periods are looked at.
    #[serde(default = "default::int::<1>")]
    #[schemars(range(min = 1))]
    evaluation_periods: i32,
    /// How many of these periods have to breach; all when left out.
    #[schemars(range(min = 1))]
    datapoints_to_alarm: Option<i32>,
    /// What a period without data counts as.
    #[serde(default)]
    treat_missing_data: Missing,
    /// Whether the actions are carried out.
    #[serde(default = "default::yes")]
    actions_enabled: bool,
    /// What is told, or done, when the alarm goes off: topics, scaling policies.
    #[serde(default)]
    #[schemars(length(max = 5))]
    alarm_actions: Set<Ref<Any, Arn>>,
    /// What is told, or done, when all is well again.
    #[serde(default)]
    #[schemars(length(max = 5))]
    ok_actions: Set<Ref<Any, Arn>>,
    /// What is told, or done, when there are no data to judge by.
    #[serde(default)]
    #[schemars(length(max = 5))]
    insufficient_data_actions: Set<Ref<Any, Arn>>,
}

/// How the points of a period become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Statistic {
    Average,
    Sum,
    Minimum,
    Maximum,
    SampleCount,
}

/// How the value is compared with the threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Comparison {
    GreaterThanOrEqualToThreshold,
    GreaterThanThreshold,
    LessThanThreshold,
    LessThanOrEqualToThreshold,
    LessThanLowerOrGreaterThanUpperThreshold,
    LessThanLowerThreshold,
    GreaterThanUpperThreshold,
}

/// What a period without data counts as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Missing {
    #[default]
    Missing,
    Breaching,
    NotBreaching,
    Ignore,
}

/// A metric, or an expression over others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// The name by which expressions know it: a small letter, then letters, digits and `_`.
    #[schemars(regex(pattern = r"^[a-z][a-zA-Z0-9_]*$"))]
    id: String,
    /// An expression over other ids: `errors / requests * 100`. Left out for a metric.
    expression: Option<String>,
    /// What graphs call it.
    label: Option<String>,
    /// Whether this is what the alarm watches.
    #[serde(default)]
    return_data: bool,
    /// The metric's namespace. Left out for an expression.
    namespace: Option<String>,
    /// The metric's name. Left out for an expression.
    metric: Option<String>,
    /// Which of the metric's series.
    #[serde(default)]
    dimensions: BTreeMap<String, String>,
    /// How the points of a period become one: `Average`, `Sum`, `p99`. Left out for an expression.
    statistic: Option<String>,
    /// Seconds of one period: 10, 20, 30 or a multiple of 60.
    #[schemars(range(min = 10))]
    period: Option<i32>,
    /// The unit that points have to have; any when left out.
    #[schemars(extend("enum" = UNITS))]
    unit: Option<String>,
}

/// What AWS decides about an alarm.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The alarm's name.
    name: String,
    /// The alarm's ARN.
    arn: String,
}

/// The units of metrics.
pub const UNITS: [&str; 27] = [
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
    "None",
];

impl Kind for Alarm {
    const NAME: &'static str = "cloudwatch.alarm";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = Some("cloudwatch:alarm:");
    const ASLEEP: &'static [(&'static str, &'static str)] = &[("actions_enabled", "false")];

    fn charges(&self, _look: &Look<'_>) -> Charges {
        let queries = || self.metrics.iter();
        let metrics = match queries().filter(|query| query.metric.is_some()).count() {
            0 => 1.0,
            many => i32::try_from(many).map_or(1.0, f64::from),
        };
        let periods = queries().filter_map(|query| query.period).chain(self.period);
        let fast = periods.min().is_some_and(|period| period < 60);
        let item = if fast { "cloudwatch.fast_alarm" } else { "cloudwatch.alarm" };
        // Anomaly detection watches the two bounds of a band as well.
        let bounds = if self.threshold_metric.is_some() { 3.0 } else { 1.0 };
        Charges::Listed(vec![Charge::monthly("metrics watched", item, metrics * bounds)])
    }

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        let mut pages = client(aws).describe_alarms().max_records(100).into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.try_next().await? {
            for alarm in page.metric_alarms() {
                let name = alarm.alarm_name().ok_or_else(|| Error::missing("AlarmName"))?;
                let arn = alarm.alarm_arn().ok_or_else(|| Error::missing("AlarmArn"))?;
                // Application Auto Scaling makes those of its own policies, and keeps them.
                if scope.is_anybodys() && name.starts_with("TargetTracking-") {
                    continue;
                }
                if let Some(tags) = scope.tags_if_wanted(arn, name, tags_of(aws, arn)).await? {
                    found.push(read(alarm, name, arn, tags)?);
                }
            }
        }
        Ok(found)
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        put(aws, new, Some(tags)).await?;
        let arn = aws.arn("cloudwatch", &format!("alarm:{}", *new.name));
        Ok(Outputs { name: new.name.to_string(), arn })
    }

    async fn update(aws: &Aws, _: &Live<Self>, now: &Self) -> Result<()> {
        put(aws, now, None).await
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        client(aws).delete_alarms().alarm_names(&was.outputs.name).send().await?;
        Ok(())
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tag(aws, &was.outputs.arn, set, remove).await
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems =
            if self.metrics.is_empty() { self.check_one() } else { self.check_many() };
        match (&self.threshold, &self.threshold_metric) {
            (None, None) => problems.push(Problem::at("", "an alarm needs a `threshold`")),
            (Some(_), Some(_)) => problems.push(Problem::at(
                "threshold",
                "`threshold` and `threshold_metric` cannot both be given",
            )),
            _ => {}
        }
        if self.datapoints_to_alarm.is_some_and(|points| points > self.evaluation_periods) {
            problems.push(Problem::at(
                "datapoints_to_alarm",
                format!(
                    "{} data points cannot breach in {} evaluation periods",
                    self.datapoints_to_alarm.unwrap_or_default(),
                    self.evaluation_periods
                ),
            ));
        }
        problems
    }
}

impl Alarm {
    /// What AWS would refuse about an alarm on a single metric.
    fn check_one(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (name, given) in [
            ("namespace", self.namespace.is_some()),
            ("metric", self.metric.is_some()),
            ("period", self.period.is_some()),
        ] {
            if !given {
                problems.push(
                    Problem::at("", format!("an alarm on one metric needs a `{name}`"))
                        .help("or give `metrics`, for an alarm on a calculation"),
                );
            }
        }
        if self.statistic.is_some() == self.extended_statistic.is_some() {
            problems
                .push(Problem::at("", "give exactly one of `statistic` and `extended_statistic`"));
        }
        let Some(period) = self.period else { return problems };
        if !is_period(period) {
            problems.push(Problem::at("period", not_a_period(period)));
        }
        let (limit, text) =
            if period < 3600 { (86_400, "one day") } else { (604_800, "seven days") };
        if i64::from(period) * i64::from(self.evaluation_periods) > limit {
            problems.push(
                Problem::at(
                    "evaluation_periods",
                    format!(
                        "{} periods of {period} s are more than {text}, the longest time that an \
                         alarm looks back",
                        self.evaluation_periods
                    ),
                )
                .help("with periods of an hour or more, it is seven days"),
            );
        }
        problems
    }

    /// What AWS would refuse about an alarm on a calculation.
    fn check_many(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (name, given) in [
            ("namespace", self.namespace.is_some()),
            ("metric", self.metric.is_some()),
            ("dimensions", !self.dimensions.is_empty()),
            ("period", self.period.is_some()),
            ("statistic", self.statistic.is_some()),
            ("extended_statistic", self.extended_statistic.is_some()),
            ("unit", self.unit.is_some()),
        ] {
            if given {
                problems.push(Problem::at(
                    name,
                    format!("`{name}` belongs into an item of `metrics` when there are any"),
                ));
            }
        }
        // An alarm on an anomaly band watches the metric beside the band, and both return data.
        let returned = self.metrics.iter().filter(|query| query.return_data).count();
        if self.threshold_metric.is_none() && returned != 1 {
            problems.push(Problem::at(
                "metrics",
                format!("exactly one of `metrics` has to have `return_data: true`, not {returned}"),
            ));
        }
        for query in &*self.metrics {
            let id = &query.id;
            let is_metric = query.metric.is_some() && query.namespace.is_some();
            if query.expression.is_some() == query.metric.is_some() {
                problems.push(Problem::at(
                    "metrics",
                    format!("`{id}` needs either an `expression` or a `metric`"),
                ));
            } else if query.expression.is_none()
                && !(is_metric && query.statistic.is_some() && query.period.is_some())
            {
                problems.push(Problem::at(
                    "metrics",
                    format!("the metric `{id}` needs `namespace`, `statistic` and `period`"),
                ));
            }
            if let Some(period) = query.period.filter(|period| !is_period(*period)) {
                problems.push(Problem::at("metrics", format!("`{id}`: {}", not_a_period(period))));
            }
        }
        problems
    }
}

fn is_period(seconds: i32) -> bool {
    [10, 20, 30].contains(&seconds) || (seconds > 0 && seconds % 60 == 0)
}

fn not_a_period(seconds: i32) -> String {
    format!("a period of {seconds} s is not 10, 20, 30 or a multiple of 60")
}

async fn put(aws: &Aws, alarm: &Alarm, tags: Option<&Tags>) -> Result<()> {
    let is_math = !alarm.metrics.is_empty();
    let name = |statistic: Statistic| AwsStatistic::from(to_word(&statistic).as_str());
    client(aws)
        .put_metric_alarm()
        .alarm_name(&*alarm.name)
        .set_alarm_description(alarm.description.clone())
        .set_namespace(alarm.namespace.clone())
        .set_metric_name(alarm.metric.clone())
        .set_dimensions((!is_math).then(|| dimensions(&alarm.dimensions)))
        .set_statistic(alarm.statistic.map(name))
        .set_extended_statistic(alarm.extended_statistic.clone())
        .set_period(alarm.period)
        .set_unit(alarm.unit.as_deref().map(StandardUnit::from))
        .set_metrics(is_math.then(|| alarm.metrics.iter().map(query).collect()))
        .comparison_operator(ComparisonOperator::from(to_word(&alarm.comparison).as_str()))
        .set_threshold(alarm.threshold)
        .set_threshold_metric_id(alarm.threshold_metric.clone())
        .evaluation_periods(alarm.evaluation_periods)
        .set_datapoints_to_alarm(alarm.datapoints_to_alarm)
        .treat_missing_data(to_word(&alarm.treat_missing_data))
        .actions_enabled(alarm.actions_enabled)
        .set_alarm_actions(Some(arns(&alarm.alarm_actions)))
        .set_ok_actions(Some(arns(&alarm.ok_actions)))
        .set_insufficient_data_actions(Some(arns(&alarm.insufficient_data_actions)))
        .set_tags(tags.map(list).transpose()?)
        .send()
        .await?;
    Ok(())
}

fn arns(actions: &Set<Ref<Any, Arn>>) -> Vec<String> {
    actions.iter().map(ToString::to_string).collect()
}

fn dimensions(dimensions: &BTreeMap<String, String>) -> Vec<Dimension> {
    let one = |(name, value)| Dimension::builder().name(name).value(value).build();
    dimensions.iter().map(one).collect()
}

fn query(query: &Query) -> MetricDataQuery {
    let metric = query.metric.as_ref().map(|name| {
        let metric = Metric::builder()
            .set_namespace(query.namespace.clone())
            .metric_name(name)
            .set_dimensions(Some(dimensions(&query.dimensions)))
            .build();
        MetricStat::builder()
            .metric(metric)
            .set_period(query.period)
            .set_stat(query.statistic.clone())
            .set_unit(query.unit.as_deref().map(StandardUnit::from))
            .build()
    });
    MetricDataQuery::builder()
        .id(&query.id)
        .set_expression(query.expression.clone())
        .set_label(query.label.clone())
        .return_data(query.return_data)
        .set_period(query.period.filter(|_| metric.is_none()))
        .set_metric_stat(metric)
        .build()
}

fn read(alarm: &MetricAlarm, name: &str, arn: &str, tags: Tags) -> Result<Live<Alarm>> {
    let refs = |arns: &[String]| arns.iter().map(|arn| arn.as_str().into()).collect();
    let comparison = alarm.comparison_operator().map_or("", ComparisonOperator::as_str);
    Ok(Live {
        spec: Alarm {
            name: name.into(),
            description: alarm.alarm_description().map(Into::into),
            namespace: alarm.namespace().map(Into::into),
            metric: alarm.metric_name().map(Into::into),
            dimensions: read_dimensions(alarm.dimensions()),
            statistic: alarm.statistic().map(|s| from_word(s.as_str())).transpose()?,
            extended_statistic: alarm.extended_statistic().map(Into::into),
            period: alarm.period(),
            unit: alarm.unit().map(|unit| unit.as_str().to_owned()),
            metrics: alarm.metrics().iter().filter_map(read_query).collect(),
            comparison: from_word(comparison)?,
            threshold: alarm.threshold(),
            threshold_metric: alarm.threshold_metric_id().map(Into::into),
            evaluation_periods: alarm.evaluation_periods().unwrap_or(1),
            datapoints_to_alarm: alarm.datapoints_to_alarm(),
            treat_missing_data: from_word(alarm.treat_missing_data().unwrap_or("missing"))?,
            actions_enabled: alarm.actions_enabled().unwrap_or(true),
            alarm_actions: refs(alarm.alarm_actions()),
            ok_actions: refs(alarm.ok_actions()),
            insufficient_data_actions: refs(alarm.insufficient_data_actions()),
        },
        outputs: Outputs { name: name.to_owned(), arn: arn.to_owned() },
        tags,
        status: Status::Usable,
    })
}

fn read_dimensions(dimensions: &[Dimension]) -> BTreeMap<String, String> {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    dimensions.iter().map(|one| (text(one.name()), text(one.value()))).collect()
}

fn read_query(query: &MetricDataQuery) -> Option<Query> {
    let stat = query.metric_stat();
    let metric = stat.and_then(MetricStat::metric);
    Some(Query {
        id: query.id()?.to_owned(),
        expression: query.expression().map(Into::into),
        label: query.label().map(Into::into),
        // AWS's default is to return.
        return_data: query.return_data().unwrap_or(true),
        namespace: metric.and_then(Metric::namespace).map(Into::into),
        metric: metric.and_then(Metric::metric_name).map(Into::into),
        dimensions: read_dimensions(metric.map(Metric::dimensions).unwrap_or_default()),
        statistic: stat.and_then(MetricStat::stat).map(Into::into),
        period: stat.and_then(MetricStat::period).or_else(|| query.period()),
        unit: stat.and_then(MetricStat::unit).map(|unit| unit.as_str().to_owned()),
    })
}
