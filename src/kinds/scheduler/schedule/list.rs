//! Schedules as AWS shows them: `ListScheduleGroups`, and `GetSchedule` for each, as its list says
//! next to nothing.

use aws_sdk_scheduler::operation::get_schedule::GetScheduleOutput;
use aws_sdk_scheduler::types::{
    ActionAfterCompletion, FlexibleTimeWindow, ScheduleGroupState, ScheduleState,
};
use futures::{StreamExt, TryStreamExt, stream};

use super::super::tags_of;
use super::{Moment, Outputs, Schedule, Target, Timetable, client, utc};
use crate::aws::{Absent, Aws, Error, Result, all_pages};
use crate::kind::{Live, Scope, Status, Tags};

/// Calls about single schedules under way at once.
const AT_ONCE: usize = 8;

/// The scope's schedules: those of the groups that it knows by tags or by name.
pub(super) async fn schedules(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Schedule>>> {
    if scope.swept.is_empty() && scope.names.is_empty() && !scope.is_anybodys() {
        return Ok(Vec::new());
    }
    let groups = client(aws).list_schedule_groups().into_paginator().items().send();
    let mut found = Vec::new();
    for group in all_pages(groups).await? {
        let (Some(arn), Some(name)) = (group.arn(), group.name()) else { continue };
        // The group that AWS gives to everybody is nobody's.
        let is_aws = scope.is_anybodys() && name == "default";
        if is_aws || group.state() == Some(&ScheduleGroupState::Deleting) {
            continue;
        }
        let tags = async { Ok(tags_of(aws, arn).await.absent()?.unwrap_or_default()) };
        if let Some(tags) = scope.tags_if_wanted(arn, name, tags).await? {
            found.push((name.to_owned(), tags));
        }
    }
    let read = found.into_iter().map(|(name, tags)| read(aws, scope, name, tags));
    let found: Vec<Option<_>> = stream::iter(read).buffered(AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

async fn read(
    aws: &Aws,
    scope: &Scope,
    name: String,
    tags: Tags,
) -> Result<Option<Live<Schedule>>> {
    let get = client(aws).get_schedule().group_name(&name).name(&name).send().await;
    let spec = match get.map_err(Error::from).absent()? {
        Some(found) => spec(&name, &found)?,
        // Somebody else's group, whose schedules have other names.
        None if scope.is_anybodys() => return Ok(None),
        None => nothing(&name),
    };
    Ok(Some(Live { spec, outputs: Outputs::of(aws, &name), tags, status: Status::Usable }))
}

fn spec(name: &str, found: &GetScheduleOutput) -> Result<Schedule> {
    let window = found.flexible_time_window();
    Ok(Schedule {
        name: name.into(),
        description: found.description().filter(|text| !text.is_empty()).map(Into::into),
        expression: Timetable::new(found.schedule_expression().unwrap_or_default()),
        time_zone: found.schedule_expression_timezone().map_or_else(utc, Into::into),
        flexible_minutes: window.and_then(FlexibleTimeWindow::maximum_window_in_minutes),
        start: found.start_date().map(|date| Moment::at(date.secs())),
        end: found.end_date().map(|date| Moment::at(date.secs())),
        enabled: found.state() != Some(&ScheduleState::Disabled),
        target: Target::read(found.target().ok_or_else(|| Error::missing("Target"))?)?,
        kms_key: found.kms_key_arn().map(Into::into),
        delete_when_done: found.action_after_completion() == Some(&ActionAfterCompletion::Delete),
    })
}

/// What a group without a schedule amounts to: one that never starts anything.
fn nothing(name: &str) -> Schedule {
    Schedule {
        name: name.into(),
        description: None,
        expression: Timetable::new("at(1970-01-01T00:00:00)"),
        time_zone: utc(),
        flexible_minutes: None,
        start: None,
        end: None,
        enabled: false,
        target: Target::nothing(),
        kms_key: None,
        delete_when_done: false,
    }
}
