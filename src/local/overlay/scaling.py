"""Application Auto Scaling: tags, targets that take their policies and scheduled actions along, policies that keep their
ARN, all of AWS's namespaces, and pages."""

import json

import botocore.session
from moto.applicationautoscaling import models, responses
from moto.applicationautoscaling.exceptions import AWSValidationException
from moto.applicationautoscaling.models import ApplicationAutoscalingBackend, FakeApplicationAutoscalingPolicy
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.core.exceptions import JsonRESTError
from moto.core.resource_tagging import TaggedResource

from own import operations
from paging import paged
from patch import around

MODEL = botocore.session.get_session().get_service_model("application-autoscaling")
NAMESPACES = set(MODEL.shape_for("ServiceNamespace").enum)
DIMENSIONS = set(MODEL.shape_for("ScalableDimension").enum)
NOTHING = dict.fromkeys(
    ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended"), False
)


class NotFound(JsonRESTError):
    code = 400

    def __init__(self, message, code="ObjectNotFoundException"):
        super().__init__(code, message)


@around(ApplicationAutoScalingResponse)
def _validate_params(inner, self):
    namespace, dimension = self._get_param("ServiceNamespace"), self._get_param("ScalableDimension")
    if namespace not in NAMESPACES or (dimension is not None and dimension not in DIMENSIONS):
        raise AWSValidationException("1 validation error detected: Member must satisfy enum value set")


@around(models, "_target_params_are_valid")
def target_params_are_valid(inner, namespace, r_id, dimension):
    if not (dimension or "").startswith(f"{namespace}:"):
        raise AWSValidationException("Unsupported service namespace, resource type or scalable dimension")
    return True


def place(backend, params, required=True):
    target = backend.targets.get(params["ScalableDimension"], {}).get(params["ResourceId"])
    if target is None and required:
        where = f"{params['ServiceNamespace']}, {params['ResourceId']}, {params['ScalableDimension']}"
        raise NotFound(f"No scalable target registered for {where}")
    return target


@around(ApplicationAutoScalingResponse)
def register_scalable_target(inner, self):
    params = json.loads(self.body)
    backend = self.applicationautoscaling_backend
    is_new = place(backend, params, required=False) is None
    if is_new and None in (params.get("MinCapacity"), params.get("MaxCapacity")):
        raise AWSValidationException("MinCapacity and MaxCapacity must be specified for a new scalable target")
    answer = inner(self)
    target = place(backend, params)
    target.suspended_state = {**NOTHING, **(target.suspended_state or {})}
    if is_new:
        target.tags = dict(params.get("Tags") or {})
    return answer


def of(held, target, dimension):
    """Whether a policy or scheduled action is one of a target."""
    return held.resource_id == target.resource_id and held.scalable_dimension == dimension


@around(ApplicationAutoscalingBackend)
def deregister_scalable_target(inner, self, namespace, r_id, dimension):
    target = self.targets.get(dimension, {}).get(r_id)
    if target is None:
        raise NotFound(f"No scalable target registered for {namespace}, {r_id}, {dimension}")
    inner(self, namespace, r_id, dimension)
    for key, policy in list(self.policies.items()):
        if of(policy, target, dimension):
            policy.delete_alarms(self.account_id, self.region_name)
            del self.policies[key]
    self.scheduled_actions = [each for each in self.scheduled_actions if not of(each, target, dimension)]


@around(ApplicationAutoscalingBackend)
def put_scaling_policy(inner, self, **kwargs):
    where = {
        "ServiceNamespace": kwargs["service_namespace"],
        "ResourceId": kwargs["resource_id"],
        "ScalableDimension": kwargs["scalable_dimension"],
    }
    place(self, where)
    key = FakeApplicationAutoscalingPolicy.formulate_key(*where.values(), kwargs["policy_name"])
    before = self.policies.get(key)
    if before is not None and before.policy_type != (kwargs["policy_type"] or before.policy_type):
        raise AWSValidationException("The type of a scaling policy cannot be changed")
    if before is not None:
        before.delete_alarms(self.account_id, self.region_name)
    policy = inner(self, **kwargs)
    if before is not None:
        policy.policy_arn = before.policy_arn
    return policy


@around(ApplicationAutoscalingBackend)
def describe_scaling_policies(inner, self, **kwargs):
    """moto takes a part of an id for the id."""
    wanted = kwargs["resource_id"]
    token, found = inner(self, **{**kwargs, "resource_id": None, "max_results": 10**6})
    return token, [policy for policy in found if not wanted or policy.resource_id == wanted]


@around(ApplicationAutoscalingBackend)
def delete_scaling_policy(inner, self, policy_name, service_namespace, resource_id, scalable_dimension):
    key = FakeApplicationAutoscalingPolicy.formulate_key(
        service_namespace, resource_id, scalable_dimension, policy_name
    )
    if key not in self.policies:
        raise NotFound(f"No scaling policy found for {key}")
    return inner(self, policy_name, service_namespace, resource_id, scalable_dimension)


@around(ApplicationAutoScalingResponse)
def put_scheduled_action(inner, self):
    place(self.applicationautoscaling_backend, json.loads(self.body))
    return inner(self)


@around(responses, "_build_scheduled_action")
def build_scheduled_action(inner, action):
    return {name: value for name, value in inner(action).items() if value is not None}


@around(ApplicationAutoScalingResponse)
def describe_scalable_targets(inner, self):
    """All of them: the pages are made below."""
    self._validate_params()
    targets = self.applicationautoscaling_backend.describe_scalable_targets(
        self._get_param("ServiceNamespace"), self._get_param("ResourceIds"), self._get_param("ScalableDimension")
    )
    return json.dumps({"ScalableTargets": [responses._build_target(target) for target in targets]})


paged(ApplicationAutoScalingResponse, "describe_scalable_targets", "ScalableTargets", ("MaxResults", "NextToken", "NextToken", 50))
for name, key in (("describe_scaling_policies", "ScalingPolicies"), ("describe_scheduled_actions", "ScheduledActions")):
    paged(ApplicationAutoScalingResponse, name, key, ("MaxResults", "NextToken", "NextToken", 10))


# Tags

operation = operations(ApplicationAutoScalingResponse, lambda response: response.applicationautoscaling_backend)


def every(backend):
    return [target for held in list(backend.targets.values()) for target in list(held.values())]


def tags(backend, arn):
    for target in every(backend):
        if target.arn == arn:
            return target.__dict__.setdefault("tags", {})
    raise NotFound(f"Scalable target {arn} does not exist", "ResourceNotFoundException")


@operation
def list_tags_for_resource(backend, params):
    return {"Tags": tags(backend, params["ResourceARN"])}


@operation
def tag_resource(backend, params):
    tags(backend, params["ResourceARN"]).update(params["Tags"])


@operation
def untag_resource(backend, params):
    for key in params["TagKeys"]:
        tags(backend, params["ResourceARN"]).pop(key, None)


class Targets:
    """A region's scalable targets, for the tagging API, in which moto's do not take part."""

    def __init__(self, scaling):
        self.scaling = scaling

    def iter_tagged_resources(self):
        for target in every(self.scaling):
            found = dict(tags(self.scaling, target.arn))
            kind = "application-autoscaling:scalable-target"
            yield TaggedResource(arn=target.arn, tags=found, resource_type=kind)

    def owns_arn(self, arn):
        return ":application-autoscaling:" in arn

    def tag_resource(self, arn, given):
        tags(self.scaling, arn).update(given)

    def untag_resource(self, arn, tag_keys):
        for key in tag_keys:
            tags(self.scaling, arn).pop(key, None)
