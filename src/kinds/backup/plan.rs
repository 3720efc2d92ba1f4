//! `backup.plan`: `CreateBackupPlan`, `UpdateBackupPlan`, which writes all rules each time.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_backup::types::{
    AdvancedBackupSetting, BackupPlan, BackupPlanInput, BackupRule, BackupRuleInput, CopyAction,
    Lifecycle as AwsLifecycle,
};
use futures::future::try_join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::selection::{self, Selection};
use super::{Vault, client, map, tag, tags_of};
use crate::aws::{Absent, Aws, Error, Result, all_pages};
use crate::kind::expression::Schedule;
use crate::kind::field::NameOutput;
use crate::kind::{Arn, Kind, Live, Name, Problem, Ref, Scope, Set, Status, Tags, is_unknown};

/// When backups are made, where they are put and how long they are kept; and of what.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The plan's name.
    #[schemars(regex(pattern = r"^[a-zA-Z0-9_.-]{1,50}$"))]
    name: Name<50>,
    /// When backups are made, and how long they are kept.
    #[schemars(length(min = 1))]
    rules: Set<Rule>,
    /// What is backed up.
    #[serde(default)]
    selections: Set<Selection>,
    /// Whether Windows instances are backed up by Volume Shadow Copy, so that applications are
    /// consistent.
    #[serde(default)]
    windows_vss: bool,
}

/// One series of backups.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The rule's name, unique in its plan.
    #[schemars(regex(pattern = r"^[a-zA-Z0-9_.-]{1,50}$"))]
    name: String,
    /// The vault that the recovery points are put in.
    vault: Ref<Vault, NameOutput>,
    /// When backups are made: `cron(0 3 * * ? *)`.
    schedule: Schedule,
    /// The time zone of the schedule.
    #[serde(default = "utc")]
    timezone: String,
    /// Minutes after the scheduled time within which a backup has to begin.
    #[serde(default = "eight_hours")]
    #[schemars(range(min = 60, max = 52_560_000))]
    start_window_minutes: i64,
    /// Minutes after the scheduled time within which a backup has to end: at least an hour more
    /// than the start window.
    #[serde(default = "seven_days")]
    #[schemars(range(min = 120, max = 52_560_000))]
    completion_window_minutes: i64,
    /// How long recovery points are kept; for ever when left out.
    #[serde(default)]
    lifecycle: Lifecycle,
    /// Whether the state of any moment of the last days can be restored, where the service can do
    /// it: at most 35 days, never in cold storage.
    #[serde(default)]
    continuous: bool,
    /// Copies in other vaults, of this region or others.
    #[serde(default)]
    copies: Set<Copy>,
    /// Tags that the recovery points get.
    #[serde(default)]
    recovery_point_tags: BTreeMap<String, String>,
}

/// How long recovery points are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lifecycle {
    /// Days until a recovery point is moved to cold storage, where the service can do it; it then
    /// has to stay there for 90 days.
    #[schemars(range(min = 1, max = 36_500))]
    cold_storage_after_days: Option<i64>,
    /// Days until a recovery point is deleted; never when left out.
    #[schemars(range(min = 1, max = 36_500))]
    delete_after_days: Option<i64>,
    /// Whether snapshots of volumes go to cold storage too, as full copies.
    #[serde(default)]
    archive: bool,
}

/// A copy in another vault.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Copy {
    /// The vault.
    vault: Ref<Vault, Arn>,
    /// How long the copy is kept; for ever when left out.
    #[serde(default)]
    lifecycle: Lifecycle,
}

/// What AWS decides about a plan.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The plan's id.
    id: String,
    /// The plan's ARN.
    arn: String,
    /// The id of the plan's latest version.
    version: String,
}

fn utc() -> String {
    "Etc/UTC".to_owned()
}

fn eight_hours() -> i64 {
    480
}

fn seven_days() -> i64 {
    10_080
}

/// Days that a recovery point has to stay in cold storage.
const COLD_DAYS: i64 = 90;
/// Minutes by which the completion window has to be longer than the start window.
const WINDOW_MINUTES: i64 = 60;
/// Days that continuous backups can be kept.
const CONTINUOUS_DAYS: i64 = 35;

impl Kind for Plan {
    const NAME: &'static str = "backup.plan";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = Some("backup:backup-plan:");
    const FREE: bool = true;

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        let swept = scope.swept.iter().filter(|(_, tags)| scope.owns(tags)).map(|(arn, _)| async {
            let tags = scope.tags_if_wanted(arn, "", tags_of(aws, arn)).await.absent()?.flatten();
            match (arn.rsplit_once(':'), tags) {
                (Some((_, id)), Some(tags)) => read(aws, id.to_owned(), tags).await,
                _ => Ok(None),
            }
        });
        let swept: Vec<_> = try_join_all(swept).await?.into_iter().flatten().collect();
        if scope.are_all(swept.iter().map(|plan| &plan.tags)) {
            return Ok(swept);
        }
        let plans = client(aws).list_backup_plans().into_paginator().items().send();
        let mut found = Vec::new();
        for plan in all_pages(plans).await? {
            let arn = plan.backup_plan_arn().ok_or_else(|| Error::missing("BackupPlanArn"))?;
            let name = plan.backup_plan_name().unwrap_or_default();
            if scope.is_anybodys() && name.starts_with("aws/") {
                continue;
            }
            let tags = scope.tags_if_wanted(arn, name, tags_of(aws, arn)).await?;
            // Names are not unique: a foreign plan with the same name is in nobody's way.
            if let (Some(tags), Some(id)) =
                (tags.filter(|tags| scope.owns(tags)), plan.backup_plan_id)
            {
                found.push((id, tags));
            }
        }
        let found = found.into_iter().map(|(id, tags)| read(aws, id, tags));
        Ok(try_join_all(found).await?.into_iter().flatten().collect())
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let create = client(aws).create_backup_plan().backup_plan(write(new)?);
        let answer = create.set_backup_plan_tags(Some(map(tags))).send().await?;
        let outputs = Outputs {
            id: answer.backup_plan_id.ok_or_else(|| Error::missing("BackupPlanId"))?,
            arn: answer.backup_plan_arn.ok_or_else(|| Error::missing("BackupPlanArn"))?,
            version: answer.version_id.unwrap_or_default(),
        };
        for selection in &*new.selections {
            selection::create(aws, &outputs.id, selection).await?;
        }
        Ok(outputs)
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        let id = &was.outputs.id;
        if (&was.spec.rules, was.spec.windows_vss) != (&now.rules, now.windows_vss) {
            let update = client(aws).update_backup_plan().backup_plan_id(id);
            update.backup_plan(write(now)?).send().await?;
        }
        if was.spec.selections != now.selections {
            // AWS cannot change a selection.
            for (selection, live) in selection::all(aws, id).await? {
                if !now.selections.contains(&live) {
                    selection::delete(aws, id, &selection).await?;
                }
            }
            for selection in now.selections.minus(&was.spec.selections) {
                selection::create(aws, id, selection).await?;
            }
        }
        Ok(())
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        let id = &was.outputs.id;
        for selection in selection::ids(aws, id).await? {
            selection::delete(aws, id, &selection).await?;
        }
        client(aws).delete_backup_plan().backup_plan_id(id).send().await?;
        Ok(())
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tag(aws, &was.outputs.arn, set, remove).await
    }

    async fn settle(aws: &Aws, outputs: &mut Outputs) -> Result<Status> {
        let plan = client(aws).get_backup_plan().backup_plan_id(&outputs.id).send().await?;
        outputs.version = plan.version_id.unwrap_or_default();
        Ok(Status::Usable)
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems: Vec<Problem> = self.rules.iter().flat_map(Rule::check).collect();
        let mut seen = BTreeSet::new();
        for rule in &*self.rules {
            if !seen.insert(&rule.name) {
                let message = format!("two rules have the name `{}`", rule.name);
                problems.push(Problem::at("rules", message));
            }
        }
        problems.extend(selection::check(&self.selections));
        problems
    }
}

impl Rule {
    /// What AWS would refuse about the rule.
    fn check(&self) -> Vec<Problem> {
        let name = &self.name;
        let at = |message: String| Problem::at("rules", format!("rule `{name}`: {message}"));
        let mut problems: Vec<Problem> = self.lifecycle.problem().map(at).into_iter().collect();
        problems.extend(self.copies.iter().filter_map(|copy| {
            let problem = copy.lifecycle.problem()?;
            Some(at(format!("in the copy to `{}`, {problem}", copy.vault)))
        }));
        let least = self.start_window_minutes + WINDOW_MINUTES;
        if self.completion_window_minutes < least {
            problems.push(at(format!(
                "`completion_window_minutes: {}` has to be at least {least}, an hour \
                 more than `start_window_minutes: {}`",
                self.completion_window_minutes, self.start_window_minutes
            )));
        }
        if !is_unknown(&self.schedule) && !self.schedule.starts_with("cron(") {
            problems.push(at(format!(
                "AWS Backup takes cron expressions alone, not `{}`",
                *self.schedule
            )));
        }
        let keeps = self.lifecycle.delete_after_days;
        if self.continuous
            && (self.lifecycle.cold_storage_after_days.is_some()
                || keeps.is_none_or(|days| days > CONTINUOUS_DAYS))
        {
            problems.push(at(format!(
                "continuous backups are never in cold storage, and `delete_after_days` has to be \
                 at most {CONTINUOUS_DAYS}"
            )));
        }
        problems
    }
}

impl Lifecycle {
    /// What AWS would refuse about it.
    fn problem(&self) -> Option<String> {
        let cold = self.cold_storage_after_days?;
        let delete = self.delete_after_days.filter(|delete| *delete < cold + COLD_DAYS)?;
        Some(format!(
            "`delete_after_days: {delete}` is less than {COLD_DAYS} days after \
             `cold_storage_after_days: {cold}`. AWS keeps what it moves to cold storage there for \
             at least {COLD_DAYS} days: delete after {} days or later, or leave \
             `cold_storage_after_days` out and keep the recovery points warm",
            cold + COLD_DAYS
        ))
    }

    fn write(&self) -> Option<AwsLifecycle> {
        let lifecycle = AwsLifecycle::builder()
            .set_move_to_cold_storage_after_days(self.cold_storage_after_days)
            .set_delete_after_days(self.delete_after_days)
            .set_opt_in_to_archive_for_supported_resources(self.archive.then_some(true))
            .build();
        (*self != Self::default()).then_some(lifecycle)
    }

    fn read(lifecycle: Option<&AwsLifecycle>) -> Self {
        let Some(lifecycle) = lifecycle else { return Self::default() };
        // AWS's word for "never" is -1.
        let days = |days: Option<i64>| days.filter(|days| *days > 0);
        Self {
            cold_storage_after_days: days(lifecycle.move_to_cold_storage_after_days()),
            delete_after_days: days(lifecycle.delete_after_days()),
            archive: lifecycle.opt_in_to_archive_for_supported_resources().unwrap_or_default(),
        }
    }
}

const VSS: (&str, &str, &str) = ("EC2", "WindowsVSS", "enabled");

fn write(plan: &Plan) -> Result<BackupPlanInput> {
    let (resource, option, enabled) = VSS;
    let vss = AdvancedBackupSetting::builder()
        .resource_type(resource)
        .backup_options(option, enabled)
        .build();
    Ok(BackupPlanInput::builder()
        .backup_plan_name(&*plan.name)
        .set_rules(Some(plan.rules.iter().map(write_rule).collect::<Result<_>>()?))
        .set_advanced_backup_settings(plan.windows_vss.then(|| vec![vss]))
        .build()?)
}

fn write_rule(rule: &Rule) -> Result<BackupRuleInput> {
    let copy = |copy: &Copy| {
        let action = CopyAction::builder().destination_backup_vault_arn(copy.vault.as_str());
        Ok(action.set_lifecycle(copy.lifecycle.write()).build()?)
    };
    let copies = rule.copies.iter().map(copy).collect::<Result<Vec<_>>>()?;
    let tags: HashMap<_, _> = rule.recovery_point_tags.clone().into_iter().collect();
    Ok(BackupRuleInput::builder()
        .rule_name(&rule.name)
        .target_backup_vault_name(rule.vault.as_str())
        .schedule_expression(&*rule.schedule)
        .schedule_expression_timezone(&rule.timezone)
        .start_window_minutes(rule.start_window_minutes)
        .completion_window_minutes(rule.completion_window_minutes)
        .set_lifecycle(rule.lifecycle.write())
        .enable_continuous_backup(rule.continuous)
        .set_copy_actions((!copies.is_empty()).then_some(copies))
        .set_recovery_point_tags((!tags.is_empty()).then_some(tags))
        .build()?)
}

/// The plan with that id, unless it has gone since it was listed.
async fn read(aws: &Aws, id: String, tags: Tags) -> Result<Option<Live<Plan>>> {
    let plan = client(aws).get_backup_plan().backup_plan_id(&id).send().await;
    let answer = plan.map_err(Error::from).absent()?;
    let Some(answer) = answer.filter(|it| it.deletion_date().is_none()) else { return Ok(None) };
    let plan: &BackupPlan = answer.backup_plan().ok_or_else(|| Error::missing("BackupPlan"))?;
    let selections = selection::all(aws, &id).await?;
    let (resource, option, enabled) = VSS;
    let is_vss = |setting: &AdvancedBackupSetting| {
        let options = setting.backup_options();
        setting.resource_type() == Some(resource)
            && options.and_then(|o| o.get(option)).is_some_and(|value| value == enabled)
    };
    Ok(Some(Live {
        spec: Plan {
            name: plan.backup_plan_name().into(),
            rules: plan.rules().iter().map(read_rule).collect(),
            selections: selections.into_iter().map(|(_, selection)| selection).collect(),
            windows_vss: plan.advanced_backup_settings().iter().any(is_vss),
        },
        outputs: Outputs {
            id,
            arn: answer.backup_plan_arn.clone().unwrap_or_default(),
            version: answer.version_id.clone().unwrap_or_default(),
        },
        tags,
        status: Status::Usable,
    }))
}

fn read_rule(rule: &BackupRule) -> Rule {
    let copy = |copy: &CopyAction| Copy {
        vault: copy.destination_backup_vault_arn().into(),
        lifecycle: Lifecycle::read(copy.lifecycle()),
    };
    let tags = rule.recovery_point_tags().cloned().unwrap_or_default();
    Rule {
        name: rule.rule_name().to_owned(),
        vault: rule.target_backup_vault_name().into(),
        schedule: Schedule::new(rule.schedule_expression().unwrap_or_default()),
        timezone: rule.schedule_expression_timezone().map_or_else(utc, Into::into),
        start_window_minutes: rule.start_window_minutes().unwrap_or_else(eight_hours),
        completion_window_minutes: rule.completion_window_minutes().unwrap_or_else(seven_days),
        lifecycle: Lifecycle::read(rule.lifecycle()),
        continuous: rule.enable_continuous_backup().unwrap_or_default(),
        copies: rule.copy_actions().iter().map(copy).collect(),
        recovery_point_tags: tags.into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(fields: serde_json::Value) -> Vec<String> {
        let mut rule = serde_json::json!({
            "name": "daily", "vault": "shop", "schedule": "cron(0 3 * * ? *)",
        });
        rule.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let plan = serde_json::json!({ "name": "shop", "rules": [rule] });
        let plan: Plan = serde_json::from_value(plan).unwrap();
        plan.check().into_iter().map(|problem| problem.message).collect()
    }

    #[test]
    fn cold_storage_lasts_ninety_days() {
        let lifecycle = |cold: i64, delete: i64| {
            rule(serde_json::json!({
                "lifecycle": { "cold_storage_after_days": cold, "delete_after_days": delete },
            }))
        };
        let [message] = &lifecycle(7, 35)[..] else { panic!("one problem") };
        assert!(message.contains("at least 90 days"), "{message}");
        assert!(message.contains("delete after 97 days or later"), "{message}");
        assert_eq!(lifecycle(7, 97), Vec::<String>::new());
    }

    #[test]
    fn a_backup_has_an_hour_after_its_start_window() {
        let windows = |start: i64, completion: i64| {
            rule(serde_json::json!({
                "start_window_minutes": start, "completion_window_minutes": completion,
            }))
        };
        assert_eq!(windows(60, 120), Vec::<String>::new());
        assert_eq!(windows(120, 150).len(), 1);
    }
}
