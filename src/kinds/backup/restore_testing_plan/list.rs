//! Plans as AWS Backup lists them: `ListRestoreTestingPlans`, `GetRestoreTestingPlan`.

use aws_sdk_backup::types::{RestoreTestingPlanForList, RestoreTestingRecoveryPointSelection};
use futures::future::try_join_all;

use super::name::PlanName;
use super::{Outputs, RestoreTestingPlan, both, client, selection, utc};
use crate::aws::{Absent, Aws, Error, Result, all_pages};
use crate::kind::expression::Schedule;
use crate::kind::{Live, Ref, Scope, Set, Status, Tags, from_word};
use crate::kinds::backup::tags_of;

/// The scope's plans: one list, and calls for each of them.
pub(super) async fn plans(aws: &Aws, scope: &Scope) -> Result<Vec<Live<RestoreTestingPlan>>> {
    // Names in the file may have a `-` where those in AWS have a `_`.
    let names = scope.names.iter().map(|name| PlanName::from(name.as_str()).to_string());
    let scope = Scope { names: names.collect(), ..scope.clone() };
    let listed = client(aws).list_restore_testing_plans().into_paginator().items().send();
    let listed = all_pages(listed).await?;
    let found = try_join_all(listed.iter().map(|plan| find(aws, &scope, plan))).await?;
    Ok(found.into_iter().flatten().collect())
}

async fn find(
    aws: &Aws,
    scope: &Scope,
    plan: &RestoreTestingPlanForList,
) -> Result<Option<Live<RestoreTestingPlan>>> {
    let (name, arn) = (plan.restore_testing_plan_name(), plan.restore_testing_plan_arn());
    match scope.tags_if_wanted(arn, name, tags_of(aws, arn)).await.absent()?.flatten() {
        Some(tags) => read(aws, name, tags).await,
        None => Ok(None),
    }
}

async fn read(aws: &Aws, name: &str, tags: Tags) -> Result<Option<Live<RestoreTestingPlan>>> {
    let get = client(aws).get_restore_testing_plan().restore_testing_plan_name(name).send().await;
    let plan = get.map_err(Error::from).absent()?.and_then(|answer| answer.restore_testing_plan);
    let Some(plan) = plan else { return Ok(None) };
    let selections = selection::all(aws, name).await?;
    let points = plan.recovery_point_selection();
    let refs = |arns: &[String]| arns.iter().map(|arn| Ref::new(arn.as_str())).collect();
    let types = points.map(|points| {
        let types = points.recovery_point_types().iter().map(|one| from_word(one.as_str()));
        types.collect::<Result<Set<_>>>()
    });
    let algorithm = points.and_then(|points| points.algorithm());
    let algorithm = algorithm.map(|one| from_word(one.as_str())).transpose()?;
    Ok(Some(Live {
        spec: RestoreTestingPlan {
            name: name.into(),
            schedule: Schedule::new(plan.schedule_expression()),
            timezone: plan.schedule_expression_timezone().map_or_else(utc, Into::into),
            start_window_hours: if plan.start_window_hours() > 0 {
                plan.start_window_hours()
            } else {
                24
            },
            vaults: points.map(|points| refs(points.include_vaults())).unwrap_or_default(),
            exclude_vaults: points.map(|points| refs(points.exclude_vaults())).unwrap_or_default(),
            recovery_point_types: types.transpose()?.unwrap_or_else(both),
            algorithm: algorithm.unwrap_or_default(),
            window_days: points
                .map(RestoreTestingRecoveryPointSelection::selection_window_days)
                .filter(|days| *days > 0)
                .unwrap_or(30),
            selections: selections.into_iter().collect(),
        },
        outputs: Outputs { name: name.to_owned(), arn: plan.restore_testing_plan_arn },
        tags,
        status: Status::Usable,
    }))
}
