//! Log groups as AWS lists them, and whether they hold anything: `DescribeLogGroups`,
//! `DescribeMetricFilters`, `DescribeLogStreams`.

use aws_sdk_cloudwatchlogs::types::{
    LogGroup as AwsLogGroup, LogGroupClass, MetricFilter as AwsMetricFilter, OrderBy,
};

use super::{Class, LogGroup, MetricFilter, Outputs, client};
use crate::aws::{Absent, Aws, Error, Result, all_pages};
use crate::kind::{Holding, Live, Scope, Status, Tags};

/// The scope's groups: a call for all of them, one for their filters.
pub(super) async fn groups(aws: &Aws, scope: &Scope) -> Result<Vec<Live<LogGroup>>> {
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

/// What a group holds. AWS does not count events; streams have one when they say of the last.
pub(super) async fn events(aws: &Aws, group: &str) -> Result<Option<Holding>> {
    let streams = client(aws).describe_log_streams().log_group_name(group);
    let page = streams.order_by(OrderBy::LastEventTime).descending(true).send().await?;
    let used = page.log_streams().iter().filter(|stream| stream.last_event_timestamp().is_some());
    let (count, more) = (used.count(), page.next_token().is_some());
    let (one, many) = ("log stream with events", "log streams with events");
    Ok(Holding::count(count, more, one, many))
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

/// The group's ARN as the tagging API knows it. `arn` has `:*` at its end, for policies.
fn arn_of(group: &AwsLogGroup) -> Option<&str> {
    let with_streams = group.arn().and_then(|arn| arn.strip_suffix(":*"));
    group.log_group_arn().or(with_streams)
}

async fn tags_of(aws: &Aws, arn: &str) -> Result<Tags> {
    let answer = client(aws).list_tags_for_resource().resource_arn(arn).send().await?;
    Ok(answer.tags.unwrap_or_default().into_iter().collect())
}
