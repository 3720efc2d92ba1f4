//! What a restore testing plan restores: `CreateRestoreTestingSelection` and its like.

use std::collections::BTreeMap;

use aws_sdk_backup::types::{
    KeyValue, ProtectedResourceConditions, RestoreTestingSelectionForCreate,
    RestoreTestingSelectionForGet,
};
use futures::future::try_join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::client;
use crate::aws::{Absent, Aws, Error, Result, all_pages, eventually};
use crate::kind::{Any, Arn, Ref, Set};
use crate::kinds::backup::condition::Condition;
use crate::kinds::backup::selection::ROLE_NOT_READY;
use crate::kinds::iam::Role;

/// Something of one type that is restored in each test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Selection {
    /// The selection's name, unique in its plan: letters, digits and `_`.
    #[schemars(regex(pattern = r"^[a-zA-Z0-9_]{1,50}$"))]
    pub name: String,
    /// The role that AWS Backup takes on to restore.
    role: Ref<Role, Arn>,
    /// What type of thing is restored.
    #[schemars(extend("enum" = ["Aurora", "DocumentDB", "DynamoDB", "EBS", "EC2", "EFS", "FSx",
        "Neptune", "RDS", "S3"]))]
    resource_type: String,
    /// What it is restored from: references, ARNs, or `*` for all of the type that meet `conditions`.
    #[schemars(length(min = 1, max = 30))]
    resources: Set<Ref<Any, Arn>>,
    /// Conditions on tags, which all have to be met.
    #[serde(default)]
    #[schemars(length(max = 30))]
    conditions: Set<Condition<Operator>>,
    /// Settings of the restored thing in place of those that AWS takes from the original, such as
    /// `dbSubnetGroupName: test`. Names in small letters and capitals as AWS documents them.
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    /// Hours for which the restored thing stays, so that it can be looked at.
    #[serde(default)]
    #[schemars(range(min = 0, max = 168))]
    validation_window_hours: i32,
}

/// How a tag's value is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Operator {
    #[default]
    StringEquals,
    StringNotEquals,
}

impl Selection {
    /// What AWS would refuse about it.
    pub(super) fn problem(&self) -> Option<String> {
        let all = self.resources.iter().any(|one| one.as_str() == "*");
        let name = &self.name;
        if self.resources.is_empty() {
            return Some(format!("the selection `{name}` selects nothing: give `resources`"));
        }
        if all && self.resources.len() > 1 {
            return Some(format!("the selection `{name}` names `*` and more: one or the other"));
        }
        (!all && !self.conditions.is_empty()).then(|| {
            format!(
                "the selection `{name}` has conditions: they go with `resources: [\"*\"]` alone"
            )
        })
    }
}

pub(super) async fn create(aws: &Aws, plan: &str, selection: &Selection) -> Result<()> {
    let wanted = write(selection)?;
    let create = client(aws).create_restore_testing_selection().restore_testing_plan_name(plan);
    let create = create.restore_testing_selection(wanted);
    eventually(ROLE_NOT_READY, || async { Ok(create.clone().send().await?) }).await?;
    Ok(())
}

pub(super) async fn delete(aws: &Aws, plan: &str, name: &str) -> Result<()> {
    let delete = client(aws).delete_restore_testing_selection().restore_testing_plan_name(plan);
    let deleted = delete.restore_testing_selection_name(name).send().await;
    deleted.map(drop).map_err(Error::from).absent().map(drop)
}

/// The names of a plan's selections.
pub(super) async fn names(aws: &Aws, plan: &str) -> Result<Vec<String>> {
    let list = client(aws).list_restore_testing_selections().restore_testing_plan_name(plan);
    let list = all_pages(list.into_paginator().items().send()).await.absent()?.unwrap_or_default();
    Ok(list.into_iter().map(|one| one.restore_testing_selection_name).collect())
}

/// A plan's selections.
pub(super) async fn all(aws: &Aws, plan: &str) -> Result<Vec<Selection>> {
    let names = names(aws, plan).await?;
    let found = try_join_all(names.iter().map(|name| find(aws, plan, name))).await?;
    Ok(found.into_iter().flatten().collect())
}

async fn find(aws: &Aws, plan: &str, name: &str) -> Result<Option<Selection>> {
    let get = client(aws).get_restore_testing_selection().restore_testing_plan_name(plan);
    let answer = get.restore_testing_selection_name(name).send().await.map_err(Error::from);
    let found = answer.absent()?.and_then(|answer| answer.restore_testing_selection);
    Ok(found.as_ref().map(read))
}

fn write(selection: &Selection) -> Result<RestoreTestingSelectionForCreate> {
    let of = |operator: Operator| {
        Condition::send(&selection.conditions, operator, |key, value| {
            Ok(KeyValue::builder().key(key).value(value).build()?)
        })
    };
    let conditions = ProtectedResourceConditions::builder()
        .set_string_equals(of(Operator::StringEquals)?)
        .set_string_not_equals(of(Operator::StringNotEquals)?)
        .build();
    let metadata = selection.metadata.clone().into_iter().collect();
    Ok(RestoreTestingSelectionForCreate::builder()
        .restore_testing_selection_name(&selection.name)
        .iam_role_arn(selection.role.as_str())
        .protected_resource_type(&selection.resource_type)
        .set_protected_resource_arns(Some(
            selection.resources.iter().map(ToString::to_string).collect(),
        ))
        .set_protected_resource_conditions((!selection.conditions.is_empty()).then_some(conditions))
        .set_restore_metadata_overrides((!selection.metadata.is_empty()).then_some(metadata))
        .validation_window_hours(selection.validation_window_hours)
        .build()?)
}

fn read(selection: &RestoreTestingSelectionForGet) -> Selection {
    let conditions = selection.protected_resource_conditions().map(|all| {
        [
            (Operator::StringEquals, all.string_equals()),
            (Operator::StringNotEquals, all.string_not_equals()),
        ]
    });
    let conditions = conditions.into_iter().flatten().flat_map(|(operator, all)| {
        all.iter().map(move |one| Condition::read(operator, one.key(), one.value()))
    });
    let resources = selection.protected_resource_arns().iter();
    let metadata = selection.restore_metadata_overrides().cloned().unwrap_or_default();
    Selection {
        name: selection.restore_testing_selection_name().to_owned(),
        role: selection.iam_role_arn().into(),
        resource_type: selection.protected_resource_type().to_owned(),
        resources: resources.map(|arn| Ref::new(arn.as_str())).collect(),
        conditions: conditions.collect(),
        metadata: metadata.into_iter().collect(),
        validation_window_hours: selection.validation_window_hours(),
    }
}
