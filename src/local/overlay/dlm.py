"""Data Lifecycle Manager: its policies."""

from moto.core.utils import utcnow
from moto.moto_api._internal import mock_random

from own import Backend, service


class LifecycleManager(Backend):
    SERVICE_NAMESPACE = "dlm"
    KINDS = {"policy": "policies"}


operation, refusal = service("dlm", LifecycleManager)
FIELDS = ("ExecutionRoleArn", "Description", "State", "PolicyDetails")


def policy(backend, params):
    found = backend.policies.get(params["PolicyId"])
    if found is None:
        raise refusal("ResourceNotFoundException", f"Policy {params['PolicyId']} does not exist.")
    return found


def shown(backend, row):
    return {**row, "Tags": backend.tags(row["PolicyArn"]), "DefaultPolicy": False}


@operation
def create_lifecycle_policy(backend, params):
    details = params.get("PolicyDetails")
    if params.get("State") not in ("ENABLED", "DISABLED"):
        raise refusal("InvalidRequestException", "State must be ENABLED or DISABLED.")
    if not params.get("DefaultPolicy") and not (details and (details.get("Schedules") or details.get("EventSource"))):
        raise refusal("InvalidRequestException", "PolicyDetails must have schedules.")
    name = f"policy-0{mock_random.get_random_hex(16)}"
    row = {key: params[key] for key in FIELDS if key in params}
    row["PolicyDetails"] = {"PolicyType": "EBS_SNAPSHOT_MANAGEMENT", **(details or {})}
    now = utcnow()
    row.update(PolicyId=name, PolicyArn=backend.arn("policy", name), DateCreated=now, DateModified=now)
    backend.policies[name] = row
    backend.tag_resource(row["PolicyArn"], params.get("Tags"))
    return {"PolicyId": name}


@operation
def get_lifecycle_policy(backend, params):
    return {"Policy": shown(backend, policy(backend, params))}


@operation
def get_lifecycle_policies(backend, params):
    rows = [shown(backend, row) for row in list(backend.policies.values())]
    wanted, types = params.get("PolicyIds"), set(params.get("ResourceTypes") or [])
    if wanted:
        rows = [shown(backend, policy(backend, {"PolicyId": name})) for name in wanted]
    if params.get("State"):
        rows = [row for row in rows if row["State"] == params["State"]]
    if types:
        rows = [row for row in rows if types & set(row["PolicyDetails"].get("ResourceTypes") or [])]
    for tag in params.get("TargetTags") or []:
        key, _, value = tag.partition("=")
        target = {"Key": key, "Value": value}
        rows = [row for row in rows if target in (row["PolicyDetails"].get("TargetTags") or [])]
    return {"Policies": [{**row, "PolicyType": row["PolicyDetails"]["PolicyType"]} for row in rows]}


@operation
def update_lifecycle_policy(backend, params):
    row = policy(backend, params)
    details = params.get("PolicyDetails")
    row.update({key: params[key] for key in FIELDS if key in params}, DateModified=utcnow())
    if details:
        row["PolicyDetails"] = {"PolicyType": "EBS_SNAPSHOT_MANAGEMENT", **details}


@operation
def delete_lifecycle_policy(backend, params):
    row = policy(backend, params)
    backend.tagger.delete_all_tags_for_resource(row["PolicyArn"])
    del backend.policies[params["PolicyId"]]
