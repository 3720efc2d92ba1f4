//! What a backup plan backs up: `CreateBackupSelection`, `DeleteBackupSelection`. AWS cannot change one.

use std::collections::BTreeSet;

use aws_sdk_backup::types::{
    BackupSelection, Condition as AwsCondition, ConditionParameter, ConditionType, Conditions,
};
use futures::future::try_join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::client;
use super::condition::Condition;
use crate::aws::{Absent, Aws, Error, Result, all_pages, eventually};
use crate::kind::{Any, Arn, Problem, Ref, Set};
use crate::kinds::iam::Role;

/// What is backed up: whatever is among `resources` or has one of `tags`, meets all `conditions` and
/// is not among `not_resources`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Selection {
    /// The selection's name, unique in its plan.
    #[schemars(regex(pattern = r"^[a-zA-Z0-9_.-]{1,50}$"))]
    name: String,
    /// The role that AWS Backup takes on.
    role: Ref<Role, Arn>,
    /// ARNs, or patterns of them: `arn:aws:rds:*:*:cluster:*`, `*` for everything.
    #[serde(default)]
    #[schemars(length(max = 500))]
    resources: Set<Ref<Any, Arn>>,
    /// ARNs, or patterns of them, of what is left out.
    #[serde(default)]
    #[schemars(length(max = 500))]
    not_resources: Set<Ref<Any, Arn>>,
    /// Tags of which one suffices.
    #[serde(default)]
    tags: Set<Tagged>,
    /// Conditions on tags which all have to be met.
    #[serde(default)]
    conditions: Set<Condition<Operator>>,
}

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tagged {
    /// The tag's key.
    key: String,
    /// The tag's value.
    value: String,
}

/// How a tag's value is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Operator {
    #[default]
    StringEquals,
    StringNotEquals,
    StringLike,
    StringNotLike,
}

/// A role that was made a moment ago cannot be used at once.
pub(super) const ROLE_NOT_READY: &[(&str, &str)] = &[
    ("InvalidParameterValueException", "cannot be assumed"),
    ("InvalidParameterValueException", "is not authorized to call"),
];

/// What AWS would refuse about a plan's selections.
pub(super) fn check(selections: &[Selection]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut seen = BTreeSet::new();
    for selection in selections {
        let name = &selection.name;
        if !seen.insert(name) {
            let message = format!("two selections have the name `{name}`");
            problems.push(Problem::at("selections", message));
        }
        if selection.resources.is_empty() && selection.tags.is_empty() {
            let message = format!("the selection `{name}` selects nothing");
            problems.push(
                Problem::at("selections", message).help(
                    "give `resources` (`*` for everything that meets `conditions`) or `tags`",
                ),
            );
        }
    }
    problems
}

pub(super) async fn create(aws: &Aws, plan: &str, selection: &Selection) -> Result<()> {
    let wanted = write(selection)?;
    let create =
        client(aws).create_backup_selection().backup_plan_id(plan).backup_selection(wanted);
    eventually(ROLE_NOT_READY, || async { Ok(create.clone().send().await?) }).await?;
    Ok(())
}

pub(super) async fn delete(aws: &Aws, plan: &str, id: &str) -> Result<()> {
    let delete = client(aws).delete_backup_selection().backup_plan_id(plan).selection_id(id);
    delete.send().await.map_err(Error::from).absent()?;
    Ok(())
}

/// The ids of a plan's selections.
pub(super) async fn ids(aws: &Aws, plan: &str) -> Result<Vec<String>> {
    let list = client(aws).list_backup_selections().backup_plan_id(plan).into_paginator();
    let list = all_pages(list.items().send()).await?;
    Ok(list.into_iter().filter_map(|item| item.selection_id).collect())
}

/// A plan's selections with their ids.
pub(super) async fn all(aws: &Aws, plan: &str) -> Result<Vec<(String, Selection)>> {
    let ids = ids(aws, plan).await?;
    let found = try_join_all(ids.into_iter().map(|id| find(aws, plan, id))).await?;
    Ok(found.into_iter().flatten().collect())
}

async fn find(aws: &Aws, plan: &str, id: String) -> Result<Option<(String, Selection)>> {
    let get = client(aws).get_backup_selection().backup_plan_id(plan).selection_id(&id);
    let answer = get.send().await.map_err(Error::from).absent()?;
    let selection = answer.and_then(|answer| answer.backup_selection);
    Ok(selection.map(|selection| (id, read(&selection))))
}

fn write(selection: &Selection) -> Result<BackupSelection> {
    let arns = |refs: &Set<Ref<Any, Arn>>| {
        (!refs.is_empty()).then(|| refs.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    let tag = |tag: &Tagged| {
        let condition = AwsCondition::builder().condition_type(ConditionType::Stringequals);
        Ok(condition.condition_key(&tag.key).condition_value(&tag.value).build()?)
    };
    let tags = selection.tags.iter().map(tag).collect::<Result<Vec<_>>>()?;
    let of = |operator: Operator| {
        Condition::send(&selection.conditions, operator, |key, value| {
            Ok(ConditionParameter::builder().condition_key(key).condition_value(value).build())
        })
    };
    let conditions = Conditions::builder()
        .set_string_equals(of(Operator::StringEquals)?)
        .set_string_not_equals(of(Operator::StringNotEquals)?)
        .set_string_like(of(Operator::StringLike)?)
        .set_string_not_like(of(Operator::StringNotLike)?)
        .build();
    Ok(BackupSelection::builder()
        .selection_name(&selection.name)
        .iam_role_arn(selection.role.as_str())
        .set_resources(arns(&selection.resources))
        .set_not_resources(arns(&selection.not_resources))
        .set_list_of_tags((!tags.is_empty()).then_some(tags))
        .set_conditions((!selection.conditions.is_empty()).then_some(conditions))
        .build()?)
}

fn read(selection: &BackupSelection) -> Selection {
    let refs = |arns: &[String]| arns.iter().map(|arn| arn.as_str().into()).collect();
    let tags = selection.list_of_tags().iter().map(|tag| Tagged {
        key: tag.condition_key().to_owned(),
        value: tag.condition_value().to_owned(),
    });
    let conditions = selection.conditions().map(|all| {
        [
            (Operator::StringEquals, all.string_equals()),
            (Operator::StringNotEquals, all.string_not_equals()),
            (Operator::StringLike, all.string_like()),
            (Operator::StringNotLike, all.string_not_like()),
        ]
    });
    let conditions = conditions.into_iter().flatten().flat_map(|(operator, all)| {
        all.iter().map(move |one| {
            let value = one.condition_value().unwrap_or_default();
            Condition::read(operator, one.condition_key().unwrap_or_default(), value)
        })
    });
    Selection {
        name: selection.selection_name().to_owned(),
        role: selection.iam_role_arn().into(),
        resources: refs(selection.resources()),
        not_resources: refs(selection.not_resources()),
        tags: tags.collect(),
        conditions: conditions.collect(),
    }
}
