//! `logs.log_group`: `CreateLogGroup`, `PutRetentionPolicy`, `PutMetricFilter`.

mod list;
mod metric_filter;
mod settings;

use aws_sdk_cloudwatchlogs::types::{LogGroup as AwsLogGroup, LogGroupClass};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{client, map, tag};
use crate::aws::{Aws, Result, eventually};
use crate::kind::{
    Arn, Charge, Charges, Holding, Immutable, Kind, Live, Look, Name, Problem, Ref, Scope, Set,
    Tags, UsageName, default,
};
use crate::kinds::kms::Key;
pub(in crate::kinds) use list::delete_made_by_service;
use metric_filter::MetricFilter;

/// A group of log streams in CloudWatch Logs, with the metrics that are drawn from it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogGroup {
    /// The group's name, such as `/ecs/shop`.
    name: Name<512>,
    /// Days after which events are deleted; 0 keeps them for ever.
    #[serde(default = "default::int::<30>")]
    #[schemars(extend("enum" = [0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731,
        1096, 1827, 2192, 2557, 2922, 3288, 3653]))]
    retention_days: i32,
    /// The key that encrypts the events; CloudWatch's own when left out.
    kms_key: Option<Ref<Key, Arn>>,
    /// `STANDARD`, or `INFREQUENT_ACCESS` for half the price and fewer features: no metric filters.
    #[serde(default)]
    class: Immutable<Class>,
    /// Whether AWS refuses to delete the group, until this is taken away again or a run overrides
    /// protection.
    #[serde(default)]
    deletion_protection: bool,
    /// Metrics counted from matching events.
    #[serde(default)]
    metric_filters: Set<MetricFilter>,
}

/// The class of a log group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Class {
    #[default]
    Standard,
    InfrequentAccess,
}

/// What AWS decides about a log group.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The group's name.
    name: String,
    /// The group's ARN, without `:*` at its end.
    arn: String,
}

impl Kind for LogGroup {
    const NAME: &'static str = "logs.log_group";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = Some("logs:log-group:");
    const EVENTUAL: &'static [(&'static str, &'static str)] = &[("OperationAbortedException", "")];
    const DATA: bool = true;
    const PROTECTION: &'static [(&'static str, &'static str)] = &[("deletion_protection", "false")];
    const USAGE: &'static [UsageName] = &[
        UsageName::new("ingested_gb", "GB a month that are written to it."),
        UsageName::new("stored_gb", "GB that it keeps, compressed."),
    ];

    fn charges(&self, _look: &Look<'_>) -> Charges {
        let ingested = match *self.class {
            Class::Standard => "logs.ingested_gb",
            Class::InfrequentAccess => "logs.infrequent.ingested_gb",
        };
        Charges::Listed(vec![
            Charge::used("events written", ingested, "ingested_gb"),
            Charge::used("events kept", "logs.stored_gb", "stored_gb"),
        ])
    }

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        list::groups(aws, scope).await
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        client(aws)
            .create_log_group()
            .log_group_name(&*new.name)
            .log_group_class(match *new.class {
                Class::Standard => LogGroupClass::Standard,
                Class::InfrequentAccess => LogGroupClass::InfrequentAccess,
            })
            .set_kms_key_id(new.kms_key.as_ref().map(ToString::to_string))
            .set_deletion_protection_enabled(new.deletion_protection.then_some(true))
            .set_tags(Some(map(tags)))
            .send()
            .await?;
        eventually(Self::EVENTUAL, || settings::set_retention(aws, new)).await?;
        for filter in &*new.metric_filters {
            eventually(Self::EVENTUAL, || filter.put(aws, &new.name)).await?;
        }
        let arn = aws.arn("logs", &format!("log-group:{}", &*new.name));
        Ok(Outputs { name: new.name.to_string(), arn })
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        if was.spec.retention_days != now.retention_days {
            settings::set_retention(aws, now).await?;
        }
        if was.spec.kms_key != now.kms_key {
            settings::set_key(aws, now).await?;
        }
        if was.spec.deletion_protection != now.deletion_protection {
            settings::set_protection(aws, now).await?;
        }
        let (before, after) = (&was.spec.metric_filters, &now.metric_filters);
        metric_filter::change(aws, &now.name, before, after).await
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        client(aws).delete_log_group().log_group_name(&*was.spec.name).send().await?;
        Ok(())
    }

    async fn created(aws: &Aws, was: &Live<Self>) -> Result<Option<i64>> {
        let list = client(aws).describe_log_groups().log_group_name_prefix(&*was.spec.name);
        let answer = list.send().await?;
        let name = Some(was.spec.name.as_str());
        let same = answer.log_groups().iter().find(|group| group.log_group_name() == name);
        Ok(same.and_then(AwsLogGroup::creation_time).map(|millis| millis / 1000))
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tag(aws, &was.outputs.arn, set, remove).await
    }

    /// Deleting a group deletes its events, so that there is nothing to empty.
    async fn holds(aws: &Aws, was: &Live<Self>) -> Result<Option<Holding>> {
        list::events(aws, &was.spec.name).await
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if *self.class == Class::InfrequentAccess && !self.metric_filters.is_empty() {
            problems.push(
                Problem::at("metric_filters", "a group of infrequent access has no metric filters")
                    .help("leave `class` out, or the filters"),
            );
        }
        let wrong = self.metric_filters.iter().filter_map(MetricFilter::problem);
        problems.extend(wrong.map(|message| Problem::at("metric_filters", message)));
        problems
    }
}
