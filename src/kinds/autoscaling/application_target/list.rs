//! Targets as AWS lists them, by service: `DescribeScalableTargets`, `DescribeScalingPolicies`,
//! `DescribeScheduledActions`.

use std::collections::BTreeMap;

use aws_sdk_applicationautoscaling::types::{
    ScalableTarget, ScalingPolicy as AwsPolicy, ScheduledAction as AwsAction, ServiceNamespace,
    SuspendedState,
};
use futures::future::{try_join, try_join_all};
use futures::{StreamExt, TryStreamExt, stream};

use super::{
    ApplicationTarget, ECS, Outputs, Resource, ScalingPolicy, ScheduledAction, TASKS, client,
    tags_of,
};
use crate::aws::{Absent, Aws, Error, Result, all_pages};
use crate::kind::{Live, Ref, Scope, Status, Tags};

/// Calls about single targets under way at once.
const AT_ONCE: usize = 8;

/// The scope's targets. AWS lists them by service: first those of ECS, the others when there have to
/// be more. Tags are read where the sweep does not account for all that are declared.
pub(super) async fn targets(aws: &Aws, scope: &Scope) -> Result<Vec<Live<ApplicationTarget>>> {
    let others = ServiceNamespace::values().iter().copied().filter(|name| *name != ECS);
    let mut live: Vec<Live<ApplicationTarget>> = Vec::new();
    for services in [vec![ECS], others.collect()] {
        let lists = services.into_iter().map(|service| of_service(aws, service));
        let listed: Vec<ScalableTarget> =
            try_join_all(lists).await?.into_iter().flatten().collect();
        let swept = listed.iter().filter(|one| is_swept(scope, one)).count();
        let all = live.len() + swept < scope.declared;
        let mine = listed.into_iter().filter(|one| all || is_swept(scope, one));
        let tagged = stream::iter(mine.map(|target| with_tags(aws, scope, target)));
        let tagged: Vec<_> = tagged.buffered(AT_ONCE).try_collect().await?;
        live.extend(read(aws, tagged.into_iter().flatten().collect()).await?);
        let is_found = |arn: &String| live.iter().any(|one| one.outputs.arn == *arn);
        if live.len() >= scope.declared && scope.swept.keys().all(is_found) {
            break;
        }
    }
    Ok(live)
}

async fn of_service(aws: &Aws, service: &str) -> Result<Vec<ScalableTarget>> {
    let list = client(aws).describe_scalable_targets().service_namespace(service.into());
    all_pages(list.into_paginator().items().send()).await
}

fn is_swept(scope: &Scope, target: &ScalableTarget) -> bool {
    target.scalable_target_arn().is_some_and(|arn| scope.swept.contains_key(arn))
}

/// A target with its tags, if it is the scope's. Those of before 2023 have no ARN, and no tags.
async fn with_tags(
    aws: &Aws,
    scope: &Scope,
    target: ScalableTarget,
) -> Result<Option<(ScalableTarget, Tags)>> {
    let Some(arn) = target.scalable_target_arn() else { return Ok(None) };
    let tags = match scope.trusted(arn) {
        Some(tags) => tags.clone(),
        None => tags_of(aws, arn).await.absent()?.unwrap_or_default(),
    };
    Ok(scope.owns(&tags).then_some((target, tags)))
}

/// Targets with what hangs on them, in two lists for each service.
async fn read(
    aws: &Aws,
    targets: Vec<(ScalableTarget, Tags)>,
) -> Result<Vec<Live<ApplicationTarget>>> {
    let mut by_service: BTreeMap<String, Vec<(ScalableTarget, Tags)>> = BTreeMap::new();
    for (target, tags) in targets {
        let service = target.service_namespace().as_str().to_owned();
        by_service.entry(service).or_default().push((target, tags));
    }
    let mut live = Vec::new();
    for (service, targets) in by_service {
        // One target's own lists are shorter than its service's.
        let only = match &targets[..] {
            [(target, _)] => Some(target.resource_id().to_owned()),
            _ => None,
        };
        let (policies, actions) =
            try_join(policies(aws, &service, only.clone()), actions(aws, &service, only)).await?;
        for (target, tags) in targets {
            live.push(one(aws, &target, tags, &policies, &actions)?);
        }
    }
    Ok(live)
}

async fn policies(aws: &Aws, service: &str, only: Option<String>) -> Result<Vec<AwsPolicy>> {
    let list = client(aws).describe_scaling_policies().service_namespace(service.into());
    all_pages(list.set_resource_id(only).into_paginator().items().send()).await
}

async fn actions(aws: &Aws, service: &str, only: Option<String>) -> Result<Vec<AwsAction>> {
    let list = client(aws).describe_scheduled_actions().service_namespace(service.into());
    all_pages(list.set_resource_id(only).into_paginator().items().send()).await
}

fn one(
    aws: &Aws,
    target: &ScalableTarget,
    tags: Tags,
    policies: &[AwsPolicy],
    actions: &[AwsAction],
) -> Result<Live<ApplicationTarget>> {
    let arn = target.scalable_target_arn().ok_or_else(|| Error::missing("ScalableTargetARN"))?;
    let place = Resource {
        namespace: target.service_namespace().as_str().to_owned(),
        id: target.resource_id().to_owned(),
        dimension: target.scalable_dimension().as_str().to_owned(),
    };
    let is_service = place.dimension == TASKS;
    let service = is_service.then(|| Ref::new(aws.arn(ECS, &place.id)));
    let policies: Vec<&AwsPolicy> = policies
        .iter()
        .filter(|one| {
            one.resource_id() == place.id && one.scalable_dimension() == target.scalable_dimension()
        })
        .collect();
    let actions = actions.iter().filter(|one| {
        one.resource_id() == place.id
            && one.scalable_dimension() == Some(target.scalable_dimension())
    });
    let suspended = target.suspended_state();
    let is = |part: fn(&SuspendedState) -> Option<bool>| suspended.and_then(part) == Some(true);
    Ok(Live {
        spec: ApplicationTarget {
            service: service.into(),
            resource: (!is_service).then(|| place.clone()).into(),
            min: target.min_capacity(),
            max: target.max_capacity(),
            suspended: is(SuspendedState::dynamic_scaling_in_suspended)
                || is(SuspendedState::dynamic_scaling_out_suspended)
                || is(SuspendedState::scheduled_scaling_suspended),
            policies: policies
                .iter()
                .map(|one| Ok((one.policy_name().to_owned(), ScalingPolicy::read(one)?)))
                .collect::<Result<_>>()?,
            scheduled_actions: actions
                .map(|one| (one.scheduled_action_name().to_owned(), ScheduledAction::read(one)))
                .collect(),
        },
        outputs: Outputs::of(arn.to_owned(), place.clone(), arns(policies)),
        tags,
        status: Status::Usable,
    })
}

/// The ARNs of a target's policies, by their names.
pub(super) async fn policy_arns(aws: &Aws, target: &Outputs) -> Result<BTreeMap<String, String>> {
    let of = Some(target.resource_id.clone());
    let policies = policies(aws, &target.namespace, of).await?;
    let is_mine = |one: &&AwsPolicy| one.scalable_dimension().as_str() == target.dimension;
    Ok(arns(policies.iter().filter(is_mine)))
}

fn arns<'a>(policies: impl IntoIterator<Item = &'a AwsPolicy>) -> BTreeMap<String, String> {
    let policies = policies.into_iter();
    policies.map(|one| (one.policy_name().to_owned(), one.policy_arn().to_owned())).collect()
}
