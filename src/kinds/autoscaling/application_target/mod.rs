//! `autoscaling.application_target`: `RegisterScalableTarget`, which makes and changes a target,
//! `PutScalingPolicy`, `PutScheduledAction`.

mod action;
mod list;
mod policy;
mod steps;
mod tracking;

use std::collections::BTreeMap;

use aws_sdk_applicationautoscaling::types::{ScalableDimension, ServiceNamespace, SuspendedState};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{client, map, tag, tags_of};
use crate::aws::{Aws, Class, Error, Result};
use crate::kind::{Arn, Immutable, Kind, Live, Problem, Ref, Scope, Status, Tags, ownership};
use crate::kinds::ecs::Service;
use action::ScheduledAction;
use policy::ScalingPolicy;

/// Something whose size AWS changes by itself, between two bounds: as metrics ask for it, and at
/// certain times.
///
/// The size is then no longer the stack file's: an `ecs.service` that is scaled needs
/// `lifecycle: { ignore: [desired_count] }`, or each apply would set it back.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplicationTarget {
    /// The ECS service whose number of tasks is changed.
    service: Immutable<Option<Ref<Service, Arn>>>,
    /// What is changed when it is no ECS service.
    resource: Immutable<Option<Resource>>,
    /// The smallest size.
    #[schemars(range(min = 0))]
    min: i32,
    /// The largest size.
    #[schemars(range(min = 0))]
    max: i32,
    /// Whether nothing is changed for now, neither as metrics ask for it nor at certain times.
    #[serde(default)]
    suspended: bool,
    /// By name, how the size follows metrics.
    #[serde(default)]
    policies: BTreeMap<String, ScalingPolicy>,
    /// By name, when the bounds change.
    #[serde(default)]
    scheduled_actions: BTreeMap<String, ScheduledAction>,
}

/// Something of a service's that has a size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// The service: `dynamodb`, `rds`, `lambda`, `elasticache`, `sagemaker`, `appstream` …
    namespace: String,
    /// What it is, in the words of Application Auto Scaling: `table/orders`, `cluster:shop`.
    #[schemars(length(min = 1, max = 1600))]
    id: String,
    /// Which of its sizes: `dynamodb:table:ReadCapacityUnits`.
    dimension: String,
}

/// What AWS decides about a target.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The target's ARN.
    arn: String,
    /// The service that what is scaled belongs to: `ecs`.
    namespace: String,
    /// What is scaled, in the words of Application Auto Scaling: `service/CLUSTER/NAME`.
    resource_id: String,
    /// Which of its sizes: `ecs:service:DesiredCount`.
    dimension: String,
    /// The ARNs of the policies, by their names: what an alarm does to scale in steps.
    policy_arns: BTreeMap<String, String>,
}

const ECS: &str = "ecs";
const TASKS: &str = "ecs:service:DesiredCount";

/// What passes while the target is new, or AWS's own role for it.
const NEW_TARGET: &[(&str, &str)] =
    &[("ObjectNotFoundException", ""), ("FailedResourceAccessException", "")];

impl Kind for ApplicationTarget {
    const NAME: &'static str = "autoscaling.application_target";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = Some("application-autoscaling:scalable-target/");
    const CLAIMS: &'static [&'static str] = &["service", "resource"];
    const EVENTUAL: &'static [(&'static str, &'static str)] = &[
        // AWS makes its own role for the first target of a service.
        ("ValidationException", "Unable to assume IAM role"),
        // A service that was made a moment ago.
        ("ValidationException", "ECS service doesn't exist"),
        ("FailedResourceAccessException", ""),
    ];
    const ASLEEP: &'static [(&'static str, &'static str)] = &[("suspended", "true")];
    const FREE: bool = true;

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        list::targets(aws, scope).await
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let place = new.place();
        refuse_foreign(aws, &place, tags).await?;
        let arn = new.register(aws, &place, Some(tags)).await?;
        policy::change(aws, &place, &BTreeMap::new(), &new.policies).await?;
        action::change(aws, &place, &BTreeMap::new(), &new.scheduled_actions).await?;
        Ok(Outputs::of(arn, place, BTreeMap::new()))
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        let (was, place) = (&was.spec, now.place());
        if (was.min, was.max, was.suspended) != (now.min, now.max, now.suspended) {
            now.register(aws, &place, None).await?;
        }
        policy::change(aws, &place, &was.policies, &now.policies).await?;
        action::change(aws, &place, &was.scheduled_actions, &now.scheduled_actions).await
    }

    /// A target takes its policies and scheduled actions along.
    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        let place = was.spec.place();
        let call = client(aws).deregister_scalable_target().resource_id(&place.id);
        let call = call.service_namespace(place.namespace()).scalable_dimension(place.dimension());
        call.send().await?;
        Ok(())
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tag(aws, &was.outputs.arn, set, remove).await
    }

    /// Policies have their ARNs now.
    async fn settle(aws: &Aws, outputs: &mut Outputs) -> Result<Status> {
        outputs.policy_arns = list::policy_arns(aws, outputs).await?;
        Ok(Status::Usable)
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        match (&*self.service, &*self.resource) {
            (None, None) | (Some(_), Some(_)) => {
                let text = "a target is either a `service` or a `resource`";
                problems.push(Problem::at("", text));
            }
            (None, Some(resource)) => problems.extend(resource.problem()),
            (Some(_), None) => {}
        }
        if self.min > self.max {
            problems.push(Problem::at("min", "`min` is more than `max`"));
        }
        for (name, policy) in &self.policies {
            let wrong = policy.problem().map(|text| format!("`{name}`: {text}"));
            problems.extend(wrong.map(|text| Problem::at("policies", text)));
        }
        for (name, action) in &self.scheduled_actions {
            let wrong = action.problem().map(|text| format!("`{name}`: {text}"));
            problems.extend(wrong.map(|text| Problem::at("scheduled_actions", text)));
        }
        problems
    }
}

impl ApplicationTarget {
    /// What is scaled, as AWS names it: an ECS service's ARN ends in `service/CLUSTER/NAME`.
    fn place(&self) -> Resource {
        if let Some(resource) = &*self.resource {
            return resource.clone();
        }
        let arn = self.service.as_ref().map(|arn| arn.as_str()).unwrap_or_default();
        let id = arn.rsplit(':').next().unwrap_or_default().to_owned();
        Resource { namespace: ECS.to_owned(), id, dimension: TASKS.to_owned() }
    }

    async fn register(&self, aws: &Aws, place: &Resource, tags: Option<&Tags>) -> Result<String> {
        let all = SuspendedState::builder()
            .dynamic_scaling_in_suspended(self.suspended)
            .dynamic_scaling_out_suspended(self.suspended)
            .scheduled_scaling_suspended(self.suspended)
            .build();
        let call = client(aws)
            .register_scalable_target()
            .service_namespace(place.namespace())
            .resource_id(&place.id)
            .scalable_dimension(place.dimension())
            .min_capacity(self.min)
            .max_capacity(self.max)
            .suspended_state(all)
            .set_tags(tags.map(map));
        let answer = call.send().await?;
        answer.scalable_target_arn.ok_or_else(|| Error::missing("ScalableTargetARN"))
    }
}

impl Outputs {
    fn of(arn: String, place: Resource, policy_arns: BTreeMap<String, String>) -> Self {
        let Resource { namespace, id, dimension } = place;
        Self { arn, namespace, resource_id: id, dimension, policy_arns }
    }
}

impl Resource {
    fn namespace(&self) -> ServiceNamespace {
        self.namespace.as_str().into()
    }

    fn dimension(&self) -> ScalableDimension {
        self.dimension.as_str().into()
    }

    fn problem(&self) -> Option<Problem> {
        let at = |text: String| Some(Problem::at("resource", text));
        if !ServiceNamespace::values().contains(&self.namespace.as_str()) {
            let known = ServiceNamespace::values().join(", ");
            return at(format!("`{}` is none of AWS's namespaces: {known}", self.namespace));
        }
        if self.dimension == TASKS {
            return at("an ECS service is named by `service: ${…}`".to_owned());
        }
        let mut known = ScalableDimension::values().iter();
        if !known.any(|one| *one == self.dimension)
            || !self.dimension.starts_with(&format!("{}:", self.namespace))
        {
            let of = &self.namespace;
            return at(format!("`{}` is no dimension of the namespace `{of}`", self.dimension));
        }
        None
    }
}

/// `RegisterScalableTarget` changes what is there already, whoever made it.
async fn refuse_foreign(aws: &Aws, place: &Resource, tags: &Tags) -> Result<()> {
    let find = client(aws).describe_scalable_targets().service_namespace(place.namespace());
    let find = find.resource_ids(&place.id).scalable_dimension(place.dimension());
    let there = find.send().await?.scalable_targets.unwrap_or_default();
    let Some(there) = there.first() else { return Ok(()) };
    let found = match there.scalable_target_arn() {
        Some(arn) => tags_of(aws, arn).await?,
        None => Tags::new(),
    };
    let keys = [ownership::STACK, ownership::ENVIRONMENT, ownership::ADDRESS];
    if keys.iter().all(|key| found.get(*key) == tags.get(*key)) {
        return Ok(());
    }
    let message = format!("`{}` already is a scalable target, and not this stack's", place.id);
    Err(Error::new(Class::Exists, "ResourceAlreadyExistsException", message))
}
