//! `backup.restore_testing_plan`: `CreateRestoreTestingPlan`, `CreateRestoreTestingSelection`.

mod list;
mod name;
mod selection;

use std::collections::BTreeSet;

use aws_sdk_backup::types::{
    RestoreTestingPlanForCreate, RestoreTestingPlanForUpdate, RestoreTestingRecoveryPointSelection,
    RestoreTestingRecoveryPointSelectionAlgorithm, RestoreTestingRecoveryPointType,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Vault, client, map, tag};
use crate::aws::{Aws, Result};
use crate::kind::expression::Schedule;
use crate::kind::{
    Arn, Charge, Charges, Kind, Live, Look, Problem, Ref, Scope, Set, Tags, UsageName, default,
    is_unknown, to_word,
};
use name::PlanName;
use selection::Selection;

/// When AWS Backup restores something by way of trial, and what: a backup that was never restored is
/// a hope. What is restored is deleted again after `validation_window_hours`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RestoreTestingPlan {
    /// The plan's name, unique in its region: letters, digits and `_`. A `-` is taken for `_`.
    name: PlanName,
    /// When tests are made: `cron(0 5 ? * SUN *)`.
    schedule: Schedule,
    /// The time zone of the schedule.
    #[serde(default = "utc")]
    timezone: String,
    /// Hours after the scheduled time within which a test has to begin.
    #[serde(default = "default::int::<24>")]
    #[schemars(range(min = 1, max = 168))]
    start_window_hours: i32,
    /// The vaults whose recovery points are tested: references, ARNs, patterns of them, or `*` for all.
    #[schemars(length(min = 1))]
    vaults: Set<Ref<Vault, Arn>>,
    /// Vaults that are left out: references, ARNs or patterns of them.
    #[serde(default)]
    exclude_vaults: Set<Ref<Vault, Arn>>,
    /// Which recovery points may be taken.
    #[serde(default = "both")]
    #[schemars(length(min = 1))]
    recovery_point_types: Set<PointType>,
    /// Which of them is taken.
    #[serde(default)]
    algorithm: Algorithm,
    /// Days before the test from which recovery points are taken.
    #[serde(default = "default::int::<30>")]
    #[schemars(range(min = 1, max = 365))]
    window_days: i32,
    /// What is restored; nothing when left out.
    #[serde(default)]
    #[schemars(length(max = 30))]
    selections: Set<Selection>,
}

/// A sort of recovery points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PointType {
    Continuous,
    Snapshot,
}

/// Which recovery point is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Algorithm {
    #[default]
    LatestWithinWindow,
    RandomWithinWindow,
}

/// What AWS decides about a plan.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The plan's name.
    name: String,
    /// The plan's ARN.
    arn: String,
}

fn utc() -> String {
    "Etc/UTC".to_owned()
}

fn both() -> Set<PointType> {
    Set::new([PointType::Continuous, PointType::Snapshot])
}

impl Kind for RestoreTestingPlan {
    const NAME: &'static str = "backup.restore_testing_plan";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = Some("backup:restore-testing-plan:");
    const USAGE: &'static [UsageName] = &[
        UsageName::new("tests", "Recovery points a month that are restored."),
        UsageName::new(
            "restored_usd",
            "Dollars a month for what is restored, as long as it stays: machines, volumes, \
             databases; and for reading it from cold storage.",
        ),
    ];

    /// AWS charges for each test, and for what was restored as for any other:
    /// <https://aws.amazon.com/backup/pricing/>.
    fn charges(&self, _look: &Look<'_>) -> Charges {
        if self.selections.is_empty() {
            return Charges::Free;
        }
        Charges::Listed(vec![
            Charge::used("tests", "backup.restore_test", "tests"),
            Charge::used("what is restored", "backup.restored", "restored_usd"),
        ])
    }

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        list::plans(aws, scope).await
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let plan = RestoreTestingPlanForCreate::builder()
            .restore_testing_plan_name(&*new.name)
            .recovery_point_selection(points(new))
            .schedule_expression(&*new.schedule)
            .schedule_expression_timezone(&new.timezone)
            .start_window_hours(new.start_window_hours)
            .build()?;
        let create = client(aws).create_restore_testing_plan().restore_testing_plan(plan);
        let made = create.set_tags(Some(map(tags))).send().await?;
        for selection in &*new.selections {
            selection::create(aws, &new.name, selection).await?;
        }
        Ok(Outputs { name: new.name.to_string(), arn: made.restore_testing_plan_arn })
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        let name = &was.outputs.name;
        if !was.spec.is_like(now) {
            let plan = RestoreTestingPlanForUpdate::builder()
                .recovery_point_selection(points(now))
                .schedule_expression(&*now.schedule)
                .schedule_expression_timezone(&now.timezone)
                .start_window_hours(now.start_window_hours);
            let update = client(aws).update_restore_testing_plan().restore_testing_plan_name(name);
            update.restore_testing_plan(plan.build()).send().await?;
        }
        // AWS changes a part of a selection only: one that differs is made anew.
        for old in was.spec.selections.minus(&now.selections) {
            selection::delete(aws, name, &old.name).await?;
        }
        for new in now.selections.minus(&was.spec.selections) {
            selection::create(aws, name, new).await?;
        }
        Ok(())
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        let name = &was.outputs.name;
        for selection in selection::names(aws, name).await? {
            selection::delete(aws, name, &selection).await?;
        }
        client(aws).delete_restore_testing_plan().restore_testing_plan_name(name).send().await?;
        Ok(())
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tag(aws, &was.outputs.arn, set, remove).await
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if !is_unknown(&self.schedule) && !self.schedule.starts_with("cron(") {
            let message =
                format!("AWS Backup takes cron expressions alone, not `{}`", *self.schedule);
            problems.push(Problem::at("schedule", message));
        }
        if self.vaults.is_empty() {
            let problem = Problem::at("vaults", "a plan without vaults tests nothing");
            problems.push(problem.help("name vaults, or `*` for all"));
        }
        if self.vaults.len() > 1 && self.vaults.iter().any(|vault| vault.as_str() == "*") {
            let problem = Problem::at("vaults", "`*` is all vaults already");
            problems.push(problem.help("name vaults, or `*` alone"));
        }
        let mut seen = BTreeSet::new();
        for one in &*self.selections {
            if !seen.insert(&one.name) {
                let message = format!("two selections have the name `{}`", one.name);
                problems.push(Problem::at("selections", message));
            }
            let problem = one.problem().map(|message| Problem::at("selections", message));
            problems.extend(problem);
        }
        problems
    }
}

impl RestoreTestingPlan {
    /// Whether another one is the same but for its selections.
    fn is_like(&self, other: &Self) -> bool {
        self.schedule == other.schedule
            && self.timezone == other.timezone
            && self.start_window_hours == other.start_window_hours
            && self.vaults == other.vaults
            && self.exclude_vaults == other.exclude_vaults
            && self.recovery_point_types == other.recovery_point_types
            && self.algorithm == other.algorithm
            && self.window_days == other.window_days
    }
}

/// Which recovery points a plan takes.
fn points(plan: &RestoreTestingPlan) -> RestoreTestingRecoveryPointSelection {
    let arns = |refs: &Set<Ref<Vault, Arn>>| refs.iter().map(ToString::to_string).collect();
    let types = plan.recovery_point_types.iter();
    let types = types.map(|one| RestoreTestingRecoveryPointType::from(to_word(one).as_str()));
    let algorithm = to_word(&plan.algorithm);
    RestoreTestingRecoveryPointSelection::builder()
        .algorithm(RestoreTestingRecoveryPointSelectionAlgorithm::from(algorithm.as_str()))
        .set_include_vaults(Some(arns(&plan.vaults)))
        .set_exclude_vaults(Some(arns(&plan.exclude_vaults)))
        .set_recovery_point_types(Some(types.collect()))
        .selection_window_days(plan.window_days)
        .build()
}
