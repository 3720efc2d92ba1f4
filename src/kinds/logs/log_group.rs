//! `logs.log_group`: `CreateLogGroup`, `PutRetentionPolicy`, `PutMetricFilter`.

use aws_sdk_cloudwatchlogs::types::{
    LogGroup as AwsLogGroup, LogGroupClass, MetricFilter as AwsMetricFilter, OrderBy,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::metric_filter::{self, MetricFilter};
use super::{client, map, tag};
use crate::aws::{Absent, Aws, Error, Result, all_pages, eventually};
use crate::kind::{
    Arn, Holding, Immutable, Kind, Live, Name, Problem, Ref, Scope, Set, Status, Tags, default,
};
use crate::kinds::kms::Key;

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
    /// Whether AWS refuses to delete the group until this is taken away again.
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

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        let groups = client(aws).describe_log_groups().into_paginator().items().send();
        let groups = all_pages(groups).await?;
        let mut found = Vec::new();
        for group in groups {
            let (Some(arn), Some(name)) = (arn_of(&group), group.log_group_name()) else {
                continue;
            };
            if let Some(tags) = scope.tags_if_wanted(arn, name, tags_of(aws, arn)).await? {
                found.push((group, tags));
            }
        }
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let filters = client(aws).describe_metric_filters().into_paginator().items().send();
        let filters = all_pages(filters).await?;
        found.into_iter().map(|(group, tags)| read(&group, &filters, tags)).collect()
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
        eventually(Self::EVENTUAL, || set_retention(aws, new)).await?;
        for filter in &*new.metric_filters {
            eventually(Self::EVENTUAL, || filter.put(aws, &new.name)).await?;
        }
        let arn = aws.arn("logs", &format!("log-group:{}", &*new.name));
        Ok(Outputs { name: new.name.to_string(), arn })
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        if was.spec.retention_days != now.retention_days {
            set_retention(aws, now).await?;
        }
        if was.spec.kms_key != now.kms_key {
            set_key(aws, now).await?;
        }
        if was.spec.deletion_protection != now.deletion_protection {
            let put = client(aws).put_log_group_deletion_protection();
            let put = put.log_group_identifier(&*now.name);
            put.deletion_protection_enabled(now.deletion_protection).send().await?;
        }
        let (before, after) = (&was.spec.metric_filters, &now.metric_filters);
        metric_filter::change(aws, &now.name, before, after).await
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        client(aws).delete_log_group().log_group_name(&*was.spec.name).send().await?;
        Ok(())
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tag(aws, &was.outputs.arn, set, remove).await
    }

    /// Deleting a group deletes its events, so that there is nothing to empty. AWS does not count
    /// events; streams have one when they say of the last.
    async fn holds(aws: &Aws, was: &Live<Self>) -> Result<Option<Holding>> {
        let streams = client(aws).describe_log_streams().log_group_name(&*was.spec.name);
        let page = streams.order_by(OrderBy::LastEventTime).descending(true).send().await?;
        let used =
            page.log_streams().iter().filter(|stream| stream.last_event_timestamp().is_some());
        let (count, more) = (used.count(), page.next_token().is_some());
        let (one, many) = ("log stream with events", "log streams with events");
        Ok(Holding::count(count, more, one, many))
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

/// Deletes a group that a service made for an object of ours. One with tags is somebody's own.
pub(in crate::kinds) async fn delete_made_by_service(aws: &Aws, name: &str) -> Result<()> {
    let arn = aws.arn("logs", &format!("log-group:{name}"));
    match tags_of(aws, &arn).await.absent()? {
        Some(tags) if tags.is_empty() => {
            let deleted = client(aws).delete_log_group().log_group_name(name).send().await;
            deleted.map(drop).map_err(Error::from).absent().map(drop)
        }
        _ => Ok(()),
    }
}

async fn set_retention(aws: &Aws, group: &LogGroup) -> Result<()> {
    if group.retention_days == 0 {
        client(aws).delete_retention_policy().log_group_name(&*group.name).send().await?;
    } else {
        let put = client(aws).put_retention_policy().log_group_name(&*group.name);
        put.retention_in_days(group.retention_days).send().await?;
    }
    Ok(())
}

async fn set_key(aws: &Aws, group: &LogGroup) -> Result<()> {
    if let Some(key) = &group.kms_key {
        let associate = client(aws).associate_kms_key().log_group_name(&*group.name);
        associate.kms_key_id(key.as_str()).send().await?;
    } else {
        client(aws).disassociate_kms_key().log_group_name(&*group.name).send().await?;
    }
    Ok(())
}

async fn tags_of(aws: &Aws, arn: &str) -> Result<Tags> {
    let answer = client(aws).list_tags_for_resource().resource_arn(arn).send().await?;
    Ok(answer.tags.unwrap_or_default().into_iter().collect())
}

/// The group's ARN as the tagging API knows it. `arn` has `:*` at its end, for policies.
fn arn_of(group: &AwsLogGroup) -> Option<&str> {
    let with_streams = group.arn().and_then(|arn| arn.strip_suffix(":*"));
    group.log_group_arn().or(with_streams)
}

fn read(group: &AwsLogGroup, filters: &[AwsMetricFilter], tags: Tags) -> Result<Live<LogGroup>> {
    let name = group.log_group_name().ok_or_else(|| Error::missing("logGroupName"))?;
    let arn = arn_of(group).ok_or_else(|| Error::missing("logGroupArn"))?;
    let filters = filters.iter().filter(|filter| filter.log_group_name() == Some(name));
    Ok(Live {
        spec: LogGroup {
            name: name.into(),
            retention_days: group.retention_in_days().unwrap_or_default(),
            kms_key: group.kms_key_id().map(Into::into),
            class: match group.log_group_class() {
                Some(LogGroupClass::InfrequentAccess) => Class::InfrequentAccess.into(),
                _ => Class::Standard.into(),
            },
            deletion_protection: group.deletion_protection_enabled().unwrap_or_default(),
            metric_filters: filters.filter_map(MetricFilter::read).collect(),
        },
        outputs: Outputs { name: name.to_owned(), arn: arn.to_owned() },
        tags,
        status: Status::Usable,
    })
}
