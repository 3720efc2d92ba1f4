//! `scheduler.schedule`: `CreateScheduleGroup`, `CreateSchedule`, and `UpdateSchedule`, which writes
//! the whole schedule each time.

mod list;
mod target;

use aws_sdk_scheduler::types::{
    ActionAfterCompletion, FlexibleTimeWindow, FlexibleTimeWindowMode, ScheduleState,
};
use aws_smithy_types::DateTime;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{client, list as tag_list, tag};
use crate::aws::{Absent, Aws, Error, Result, eventually};
use crate::kind::timetable::{Moment, Timetable};
use crate::kind::{
    Arn, Charge, Charges, Kind, Live, Look, Name, Problem, Ref, Scope, Tags, UsageName, default,
};
use crate::kinds::events::task::TASK_HOURS;
use crate::kinds::kms::Key;
use target::Target;

/// Starts something at certain times, in any time zone, once or again and again.
///
/// AWS keeps tags for groups of schedules alone. So each schedule has a group to itself, with its own
/// name, which bears the tags and goes with it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// The name of the schedule and of its group.
    #[schemars(regex(pattern = r"^[0-9a-zA-Z_.-]+$"))]
    name: Name<64>,
    /// What the schedule is for.
    #[schemars(length(min = 1, max = 512))]
    description: Option<String>,
    /// When: `cron(0 2 * * ? *)`, `rate(5 minutes)`, or once: `at(2027-01-31T04:00:00)`.
    expression: Timetable,
    /// The zone in which the expression is meant, such as `Europe/Paris`; summer time is kept.
    #[serde(default = "utc")]
    #[schemars(length(min = 1, max = 50), regex(pattern = r"^[A-Za-z0-9_+/-]+$"))]
    time_zone: String,
    /// Minutes within which AWS may start it, at a time of its own; on time when left out.
    #[schemars(range(min = 1, max = 1440))]
    flexible_minutes: Option<i32>,
    /// From when on: `2027-01-31T04:00:00Z`. AWS takes none that lies more than five minutes back: take
    /// it out of the file with the next change after that.
    start: Option<Moment>,
    /// Until when.
    end: Option<Moment>,
    /// Whether the schedule does anything.
    #[serde(default = "default::yes")]
    enabled: bool,
    /// What is started.
    target: Target,
    /// The key that encrypts the schedule; AWS's own when left out.
    kms_key: Option<Ref<Key, Arn>>,
    /// Whether AWS deletes the schedule when it has run for the last time. The next plan would make it
    /// again: take it out of the file then.
    #[serde(default)]
    delete_when_done: bool,
}

/// What AWS decides about a schedule.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The name of the schedule and of its group.
    name: String,
    /// The ARN of the schedule's group, by which a role's trust policy can name it (`aws:SourceArn`).
    arn: String,
    /// The ARN of the schedule itself.
    schedule_arn: String,
}

fn utc() -> String {
    "UTC".to_owned()
}

/// What passes while a new group is not known everywhere.
const NEW_GROUP: &[(&str, &str)] = &[("ResourceNotFoundException", "")];

impl Kind for Schedule {
    const NAME: &'static str = "scheduler.schedule";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = Some("scheduler:schedule-group/");
    const EVENTUAL: &'static [(&'static str, &'static str)] = &[
        // A role that was made a moment ago.
        ("ValidationException", "must allow AWS EventBridge Scheduler to assume the role"),
    ];
    const ASLEEP: &'static [(&'static str, &'static str)] = &[("enabled", "false")];
    const USAGE: &'static [UsageName] = &[
        UsageName::new("invocations", "How often a month it starts its target, in millions."),
        TASK_HOURS,
    ];

    fn charges(&self, look: &Look<'_>) -> Charges {
        let started = Charge::used("invocations", "scheduler.invocations", "invocations");
        let tasks = self.target.ecs.iter().flat_map(|task| task.charges(look));
        Charges::Listed(std::iter::once(started).chain(tasks).collect())
    }

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        list::schedules(aws, scope).await
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let group = client(aws).create_schedule_group().name(&*new.name);
        group.set_tags(Some(tag_list(tags)?)).send().await?;
        eventually(NEW_GROUP, || eventually(Self::EVENTUAL, || new.create(aws))).await?;
        Ok(Outputs::of(aws, &new.name))
    }

    /// A group that was made without its schedule, or has lost it, gets it now.
    async fn update(aws: &Aws, _: &Live<Self>, now: &Self) -> Result<()> {
        match now.update(aws).await.absent()? {
            Some(()) => Ok(()),
            None => now.create(aws).await,
        }
    }

    /// A group takes its schedule along.
    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        client(aws).delete_schedule_group().name(&was.outputs.name).send().await?;
        Ok(())
    }

    async fn gone(aws: &Aws, was: &Live<Self>) -> Result<bool> {
        let group = client(aws).get_schedule_group().name(&was.outputs.name).send().await;
        Ok(group.map_err(Error::from).absent()?.is_none())
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tag(aws, &was.outputs.arn, set, remove).await
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.expression.is_once() && (self.start.is_some() || self.end.is_some()) {
            let path = if self.start.is_some() { "start" } else { "end" };
            problems.push(Problem::at(path, "a single time has neither `start` nor `end`"));
        }
        let bounds = [&self.start, &self.end].map(|one| one.as_ref().and_then(Moment::seconds));
        if let [Some(start), Some(end)] = bounds
            && start >= end
        {
            problems.push(Problem::at("end", "it ends before it starts"));
        }
        problems.extend(self.target.problem().map(|text| Problem::at("target", text)));
        problems
    }
}

impl Outputs {
    fn of(aws: &Aws, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            arn: aws.arn("scheduler", &format!("schedule-group/{name}")),
            schedule_arn: aws.arn("scheduler", &format!("schedule/{name}/{name}")),
        }
    }
}

/// A call that writes the whole schedule: those that create and update one take the same.
macro_rules! written {
    ($schedule:ident, $call:expr) => {
        $call
            .name(&*$schedule.name)
            .group_name(&*$schedule.name)
            .set_description($schedule.description.clone())
            .schedule_expression(&*$schedule.expression)
            .schedule_expression_timezone(&$schedule.time_zone)
            .flexible_time_window($schedule.window()?)
            .set_start_date(date($schedule.start.as_ref()))
            .set_end_date(date($schedule.end.as_ref()))
            .state(if $schedule.enabled { ScheduleState::Enabled } else { ScheduleState::Disabled })
            .target($schedule.target.send()?)
            .set_kms_key_arn($schedule.kms_key.as_ref().map(ToString::to_string))
            .action_after_completion(if $schedule.delete_when_done {
                ActionAfterCompletion::Delete
            } else {
                ActionAfterCompletion::None
            })
    };
}

impl Schedule {
    async fn create(&self, aws: &Aws) -> Result<()> {
        written!(self, client(aws).create_schedule()).send().await?;
        Ok(())
    }

    async fn update(&self, aws: &Aws) -> Result<()> {
        written!(self, client(aws).update_schedule()).send().await?;
        Ok(())
    }

    fn window(&self) -> Result<FlexibleTimeWindow> {
        let mode = match self.flexible_minutes {
            Some(_) => FlexibleTimeWindowMode::Flexible,
            None => FlexibleTimeWindowMode::Off,
        };
        let window = FlexibleTimeWindow::builder().mode(mode);
        Ok(window.set_maximum_window_in_minutes(self.flexible_minutes).build()?)
    }
}

fn date(moment: Option<&Moment>) -> Option<DateTime> {
    moment.and_then(Moment::seconds).map(DateTime::from_secs)
}
