"""AWS Backup: changing a plan, its selections, a vault's policy and notifications, and the rules of a lifecycle.
Jobs, recovery points and restore tests are in `recovery.py`."""

import json
from urllib.parse import unquote

from moto.backup import urls
from moto.backup.exceptions import (
    InvalidParameterValueException,
    InvalidRequestException,
    ResourceNotFoundException,
)
from moto.backup.models import BackupBackend, Plan, Vault
from moto.backup.responses import BackupResponse
from moto.core.utils import unix_time
from moto.iam.models import iam_backends
from moto.moto_api._internal import mock_random

from patch import added, around

# The operation is found by the service's model, whatever the route.
urls.url_paths["{0}/(?P<path>.+)$"] = BackupResponse.dispatch


# Plans


def check(backend, plan):
    for rule in plan.get("Rules", []):
        vault = rule.get("TargetBackupVaultName")
        # AWS makes the vault `Default` by itself.
        if vault not in backend.vaults and vault != "Default":
            raise InvalidParameterValueException(f"Backup vault {vault} does not exist.")
        for lifecycle in [rule.get("Lifecycle"), *(copy.get("Lifecycle") for copy in rule.get("CopyActions", []))]:
            cold = (lifecycle or {}).get("MoveToColdStorageAfterDays")
            delete = (lifecycle or {}).get("DeleteAfterDays")
            if cold is not None and cold > 0 and delete is not None and 0 < delete < cold + 90:
                raise InvalidParameterValueException(
                    "DeleteAfterDays must be greater than MoveToColdStorageAfterDays by at least 90 days"
                )


@around(BackupBackend)
def create_backup_plan(inner, self, backup_plan, backup_plan_tags, creator_request_id):
    check(self, backup_plan)
    for plan in self.plans.values():
        # The name of a plan that is deleted is free again.
        if plan.deletion_date is not None:
            plan.backup_plan["BackupPlanName"] = None
    return inner(self, backup_plan, backup_plan_tags, creator_request_id)


@around(BackupBackend)
def get_backup_plan(inner, self, backup_plan_id, version_id=None):
    return live_plan(self, inner(self, backup_plan_id, version_id))


def live_plan(backend, plan):
    if plan is None or plan.deletion_date is not None:
        raise ResourceNotFoundException("Failed reading Backup plan with provided version")
    return plan


@around(BackupBackend)
def delete_backup_plan(inner, self, backup_plan_id):
    plan = live_plan(self, self.plans.get(backup_plan_id))
    if selections(self, backup_plan_id):
        raise InvalidRequestException("Related backup plan selections must be deleted prior to backup plan deletion.")
    self.tagger.delete_all_tags_for_resource(plan.backup_plan_arn)
    return inner(self, backup_plan_id)


@added(BackupResponse)
def update_backup_plan(self):
    backend = self.backup_backend
    plan = live_plan(backend, backend.plans.get(last(self.path)))
    new = json.loads(self.body)["BackupPlan"]
    check(backend, new)
    kept = {rule["RuleName"]: rule["RuleId"] for rule in plan.backup_plan["Rules"]}
    # The constructor fills in what AWS fills in.
    filled = Plan(backup_plan=new, creator_request_id=plan.creator_request_id, backend=backend)
    for rule in new["Rules"]:
        rule["RuleId"] = kept.get(rule["RuleName"], rule["RuleId"])
    plan.backup_plan, plan.version_id = new, filled.version_id
    plan.advanced_backup_settings = filled.advanced_backup_settings
    return json.dumps(plan.to_dict())


# Selections


def selections(backend, plan):
    return backend.__dict__.setdefault("selections", {}).setdefault(plan, {})


def place(response):
    """The plan and, where the path has one, the selection."""
    parts = [unquote(part) for part in response.path.strip("/").split("/")]
    plan = parts[parts.index("plans") + 1]
    live_plan(response.backup_backend, response.backup_backend.plans.get(plan))
    index = parts.index("selections") + 1
    return plan, parts[index] if index < len(parts) else None


def selection(response):
    plan, identity = place(response)
    found = selections(response.backup_backend, plan)
    if identity not in found:
        raise ResourceNotFoundException(f"Cannot find selection {identity}")
    return found, identity


def check_role(backend, arn):
    """A role of this account has to exist."""
    if f":iam::{backend.account_id}:role/" not in (arn or ""):
        return
    for role in list(iam_backends[backend.account_id][backend.partition].roles.values()):
        if role.arn == arn:
            return
    raise InvalidParameterValueException(f"IAM Role {arn} cannot be assumed by AWS Backup")


@added(BackupResponse)
def create_backup_selection(self):
    plan, _ = place(self)
    body = json.loads(self.body)
    check_role(self.backup_backend, body["BackupSelection"].get("IamRoleArn"))
    found = selections(self.backup_backend, plan)
    request = body.get("CreatorRequestId")
    for identity, each in found.items():
        if request and each["CreatorRequestId"] == request:
            return json.dumps({"SelectionId": identity, "BackupPlanId": plan, "CreationDate": each["CreationDate"]})
    identity = str(mock_random.uuid4())
    found[identity] = {
        "BackupSelection": body["BackupSelection"],
        "SelectionId": identity,
        "BackupPlanId": plan,
        "CreationDate": unix_time(),
        "CreatorRequestId": request,
    }
    return json.dumps({key: found[identity][key] for key in ("SelectionId", "BackupPlanId", "CreationDate")})


@added(BackupResponse)
def get_backup_selection(self):
    found, identity = selection(self)
    return json.dumps(found[identity])


@added(BackupResponse)
def list_backup_selections(self):
    plan, _ = place(self)
    rows = []
    for each in selections(self.backup_backend, plan).values():
        row = {key: value for key, value in each.items() if key != "BackupSelection"}
        row["SelectionName"] = each["BackupSelection"]["SelectionName"]
        row["IamRoleArn"] = each["BackupSelection"].get("IamRoleArn")
        rows.append(row)
    return json.dumps({"BackupSelectionsList": rows})


@added(BackupResponse)
def delete_backup_selection(self):
    found, identity = selection(self)
    del found[identity]
    return "{}"


# Vaults


def last(path):
    return unquote(path.rstrip("/").rpartition("/")[2])


def vault(response):
    parts = [unquote(part) for part in response.path.strip("/").split("/")]
    name = parts[parts.index("backup-vaults") + 1]
    if name not in response.backup_backend.vaults:
        raise ResourceNotFoundException(f"Backup vault {name} does not exist.")
    return response.backup_backend.vaults[name]


def aspect(name, keys, missing):
    """Adds Put, Get and Delete for one aspect of a vault, kept as the body that set it."""

    def put(self):
        setattr(vault(self), name, json.loads(self.body))
        return ""

    def get(self):
        found = vault(self)
        if getattr(found, name, None) is None:
            raise ResourceNotFoundException(missing)
        value = {key: getattr(found, name)[key] for key in keys}
        return json.dumps(
            {"BackupVaultName": found.backup_vault_name, "BackupVaultArn": found.backup_vault_arn, **value}
        )

    def delete(self):
        setattr(vault(self), name, None)
        return ""

    for verb, function in (("put", put), ("get", get), ("delete", delete)):
        setattr(BackupResponse, f"{verb}_backup_vault_{name}", function)


aspect("access_policy", ["Policy"], "Backup vault has no access policy associated.")
aspect("notifications", ["SNSTopicArn", "BackupVaultEvents"], "Failed reading notifications from database")


@added(BackupResponse)
def list_tags(self):
    """moto counts on a slash at the end of the path, which not every client sends."""
    return json.dumps({"Tags": self.backup_backend.list_tags(last(self.path))})


@around(BackupBackend)
def create_backup_vault(inner, self, backup_vault_name, backup_vault_tags, encryption_key_arn, creator_request_id):
    """Without a key, the vault is encrypted with the one that AWS manages for Backup."""
    if not encryption_key_arn:
        owner = f"{self.region_name}:{self.account_id}"
        encryption_key_arn = f"arn:{self.partition}:kms:{owner}:key/{mock_random.uuid4()}"
    return inner(self, backup_vault_name, backup_vault_tags, encryption_key_arn, creator_request_id)


@around(BackupBackend)
def delete_backup_vault(inner, self, backup_vault_name):
    if backup_vault_name not in self.vaults:
        raise ResourceNotFoundException(f"Backup vault {backup_vault_name} does not exist.")
    self.tagger.delete_all_tags_for_resource(self.vaults[backup_vault_name].backup_vault_arn)
    return inner(self, backup_vault_name)

