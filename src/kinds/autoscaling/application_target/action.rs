//! When a target's bounds change.

use std::collections::BTreeMap;

use aws_sdk_applicationautoscaling::types::{ScalableTargetAction, ScheduledAction as AwsAction};
use aws_smithy_types::DateTime;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{NEW_TARGET, Resource, client};
use crate::aws::{Aws, Result, eventually};
use crate::kind::timetable::{Moment, Timetable};

/// A change of a target's bounds at a certain time. What it leaves is drift that the next apply takes
/// back, unless the target has `lifecycle: { ignore: [min, max] }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduledAction {
    /// When: `cron(0 7 ? * MON-FRI *)`, `rate(1 day)`, or once: `at(2027-01-31T04:00:00)`.
    schedule: Timetable,
    /// The zone in which it is meant, such as `Europe/Paris`.
    #[serde(default = "utc")]
    #[schemars(length(min = 1, max = 50), regex(pattern = r"^[A-Za-z0-9_+/-]+$"))]
    time_zone: String,
    /// From when on: `2027-01-31T04:00:00Z`.
    start: Option<Moment>,
    /// Until when.
    end: Option<Moment>,
    /// The smallest size from then on.
    #[schemars(range(min = 0))]
    min: Option<i32>,
    /// The largest size from then on.
    #[schemars(range(min = 0))]
    max: Option<i32>,
}

const UTC: &str = "UTC";

fn utc() -> String {
    UTC.to_owned()
}

impl ScheduledAction {
    /// What AWS would refuse about it.
    pub(super) fn problem(&self) -> Option<&'static str> {
        if self.min.is_none() && self.max.is_none() {
            return Some("it needs `min` or `max`");
        }
        if let (Some(min), Some(max)) = (self.min, self.max)
            && min > max
        {
            return Some("`min` is more than `max`");
        }
        let is_rate = self.schedule.starts_with("rate(");
        (is_rate && self.time_zone != UTC).then_some("a rate has no time zone")
    }

    pub(super) fn read(found: &AwsAction) -> Self {
        let bounds = found.scalable_target_action();
        Self {
            schedule: Timetable::new(found.schedule()),
            time_zone: found.timezone().map_or_else(utc, Into::into),
            start: found.start_time().map(|time| Moment::at(time.secs())),
            end: found.end_time().map(|time| Moment::at(time.secs())),
            min: bounds.and_then(ScalableTargetAction::min_capacity),
            max: bounds.and_then(ScalableTargetAction::max_capacity),
        }
    }
}

/// Brings a target's scheduled actions from `was` to `now`.
pub(super) async fn change(
    aws: &Aws,
    place: &Resource,
    was: &BTreeMap<String, ScheduledAction>,
    now: &BTreeMap<String, ScheduledAction>,
) -> Result<()> {
    for name in was.keys().filter(|name| !now.contains_key(*name)) {
        let delete = client(aws).delete_scheduled_action().scheduled_action_name(name);
        let delete = delete.service_namespace(place.namespace()).resource_id(&place.id);
        delete.scalable_dimension(place.dimension()).send().await?;
    }
    let date = |moment: &Option<Moment>| {
        moment.as_ref().and_then(Moment::seconds).map(DateTime::from_secs)
    };
    for (name, action) in now.iter().filter(|(name, action)| was.get(*name) != Some(*action)) {
        let bounds = ScalableTargetAction::builder()
            .set_min_capacity(action.min)
            .set_max_capacity(action.max)
            .build();
        let is_rate = action.schedule.starts_with("rate(");
        let put = client(aws)
            .put_scheduled_action()
            .scheduled_action_name(name)
            .service_namespace(place.namespace())
            .resource_id(&place.id)
            .scalable_dimension(place.dimension())
            .schedule(&*action.schedule)
            .set_timezone((!is_rate).then(|| action.time_zone.clone()))
            .set_start_time(date(&action.start))
            .set_end_time(date(&action.end))
            .scalable_target_action(bounds);
        eventually(NEW_TARGET, || async { Ok(put.clone().send().await.map(drop)?) }).await?;
    }
    Ok(())
}
