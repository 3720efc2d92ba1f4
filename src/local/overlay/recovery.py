"""AWS Backup: jobs with states, recovery points, restore tests, frameworks and settings."""

import time

from moto.backup.exceptions import (
    AlreadyExistsException,
    InvalidParameterValueException,
    InvalidRequestException,
    ResourceNotFoundException,
)
from moto.backup.models import BackupBackend, Vault, backup_backends
from moto.backup.responses import BackupResponse
from moto.core.exceptions import JsonRESTError
from moto.core.resource_tagging import iter_taggable_backends
from moto.core.utils import utcnow
from moto.moto_api._internal import mock_random

from backup import check_role
from own import operations, page, phase
from patch import around

operation = operations(BackupResponse, lambda response: response.backup_backend)

# what an ARN says -> Backup's word for the type
TYPES = [
    (":ec2:", ":volume/", "EBS"),
    (":ec2:", ":instance/", "EC2"),
    (":rds:", ":db:", "RDS"),
    (":rds:", ":cluster:", "Aurora"),
    (":dynamodb:", ":table/", "DynamoDB"),
    (":elasticfilesystem:", ":file-system/", "EFS"),
    (":fsx:", ":file-system/", "FSx"),
    (":s3:", ":", "S3"),
]


def kept(backend, name):
    """What the account has of this: jobs, plans, ..., by name."""
    return backend.__dict__.setdefault(name, {})


def found(rows, name, what):
    if name not in rows:
        raise ResourceNotFoundException(f"{what} {name} does not exist.")
    return rows[name]


def find_vault(backend, name):
    return found(backend.vaults, name, "Backup vault")


def type_of(backend, arn):
    for service, word, name in TYPES:
        if service in arn and word in arn:
            if name == "Aurora":
                from moto.rds.models import rds_backends

                cluster = rds_backends[backend.account_id][backend.region_name].clusters.get(arn.rpartition(":")[2])
                name = "DocumentDB" if getattr(cluster, "engine", "") == "docdb" else name
            return name
    raise InvalidParameterValueException(f"Invalid ARN: {arn}")


# Recovery points


class Point:
    def __init__(self, backend, vault, arn, resource, role, lifecycle, tags, made_at):
        self.vault, self.arn, self.resource, self.role = vault, arn, resource, role
        self.lifecycle, self.created, self.made_at = lifecycle or {}, utcnow(), made_at
        self.type = type_of(backend, resource)
        self.deleted_at = None
        backend.tag_resource(arn, tags)

    def state(self):
        if self.deleted_at is not None:
            return phase(self.deleted_at, ["DELETING", None])
        return phase(self.made_at, [None, "CREATING", "COMPLETED"])

    def describe(self):
        done = self.state() == "COMPLETED"
        return {
            "RecoveryPointArn": self.arn,
            "BackupVaultName": self.vault.backup_vault_name,
            "BackupVaultArn": self.vault.backup_vault_arn,
            "ResourceArn": self.resource,
            "ResourceType": self.type,
            "IamRoleArn": self.role,
            "Status": self.state(),
            "CreationDate": self.created,
            "InitiationDate": self.created,
            **({"CompletionDate": self.created} if done else {}),
            "BackupSizeInBytes": 1 << 20,
            "Lifecycle": self.lifecycle,
            "EncryptionKeyArn": self.vault.encryption_key_arn,
            "IsEncrypted": True,
            "StorageClass": "WARM",
            "IsParent": False,
            "VaultType": "BACKUP_VAULT",
        }


def points(vault):
    """The recovery points that are there now. Those whose deletion is over are forgotten."""
    rows = vault.__dict__.setdefault("recovery_points", {})
    for arn, point in list(rows.items()):
        if point.deleted_at is not None and point.state() is None:
            rows.pop(arn, None)
    return {arn: point for arn, point in list(rows.items()) if point.state()}


# The serializer takes what an answer says from an attribute of this name, and a list from the one behind it.
Vault.number_of_recovery_points = property(lambda self: len(points(self)))


@around(Vault)
def to_list_dict(inner, self):
    return {**inner(self), "NumberOfRecoveryPoints": len(points(self))}


@around(BackupBackend)
def delete_backup_vault(inner, self, backup_vault_name):
    if points(find_vault(self, backup_vault_name)):
        raise InvalidRequestException(
            f"Backup vault {backup_vault_name} cannot be deleted because it contains recovery points."
        )
    return inner(self, backup_vault_name)


def point_of(backend, params):
    rows = points(find_vault(backend, params["BackupVaultName"]))
    return found(rows, params["RecoveryPointArn"], "Recovery point")


@operation
def list_recovery_points_by_backup_vault(backend, params):
    rows = [each.describe() for each in points(find_vault(backend, params["BackupVaultName"])).values()]
    rows = matching(rows, params, ResourceArn="ByResourceArn", ResourceType="ByResourceType")
    return page(rows, params, "RecoveryPoints")


@operation
def list_recovery_points_by_resource(backend, params):
    rows = [point for vault in list(backend.vaults.values()) for point in points(vault).values()]
    rows = [each.describe() for each in rows if each.resource == params["ResourceArn"]]
    return page(rows, params, "RecoveryPoints")


def matching(rows, params, **filters):
    for key, parameter in filters.items():
        if params.get(parameter):
            rows = [row for row in rows if row.get(key) == params[parameter]]
    return rows


@operation
def describe_recovery_point(backend, params):
    return point_of(backend, params).describe()


@operation
def get_recovery_point_restore_metadata(backend, params):
    point = point_of(backend, params)
    return {
        "BackupVaultArn": point.vault.backup_vault_arn,
        "RecoveryPointArn": point.arn,
        "RestoreMetadata": {"originalArn": point.resource},
        "ResourceType": point.type,
    }


@operation
def update_recovery_point_lifecycle(backend, params):
    point = point_of(backend, params)
    point.lifecycle = params.get("Lifecycle") or {}
    return {"BackupVaultArn": point.vault.backup_vault_arn, "RecoveryPointArn": point.arn, "Lifecycle": point.lifecycle}


@operation
def delete_recovery_point(backend, params):
    point = point_of(backend, params)
    if point.state() != "COMPLETED":
        raise JsonRESTError(
            "InvalidResourceStateException",
            "AWS Backup is already performing an action on this recovery point. It can't perform the action you "
            "requested until the first action finishes.",
        )
    point.deleted_at = time.monotonic()
    backend.tagger.delete_all_tags_for_resource(point.arn)
    points(point.vault)


# Jobs

ACTIVE = ("CREATED", "PENDING", "RUNNING")


class Job:
    """A job that goes through its states by itself; `fields` is what its description says of it for ever."""

    def __init__(self, states, **fields):
        self.id = str(mock_random.uuid4()).upper()
        self.states, self.fields, self.started, self.created = states, fields, time.monotonic(), utcnow()
        self.message = None

    def describe(self, status="State"):
        state = phase(self.started, self.states)
        over = state not in ACTIVE
        return {
            **self.fields,
            "CreationDate": self.created,
            status: state,
            "PercentDone": "100.0" if state == "COMPLETED" else "0.0",
            **({"StatusMessage": self.message} if self.message and over else {}),
            **({"CompletionDate": self.created} if over else {}),
        }

    def fail(self, message):
        self.states, self.message = [*self.states[:-1], "FAILED"], message


def keeps_long_enough(vault, lifecycle):
    """Whether a locked vault takes what is kept so long. What has no end is kept longer than any maximum."""
    days = (lifecycle or {}).get("DeleteAfterDays") or float("inf")
    return (vault.min_retention_days or 0) <= days <= (vault.max_retention_days or float("inf"))


def tags_of(backend, arn):
    for other in iter_taggable_backends(backend.account_id, backend.region_name):
        if other is not backend:
            for resource in list(other.iter_tagged_resources()):
                if resource.arn == arn:
                    return dict(resource.tags)
    return {}


def point_arn(backend, resource, job):
    kind, here = type_of(backend, resource), f"{backend.region_name}:{backend.account_id}"
    hexadecimal = job.lower().replace("-", "")[:17]
    return {
        "EBS": f"arn:aws:ec2:{backend.region_name}::snapshot/snap-{hexadecimal}",
        "EC2": f"arn:aws:ec2:{backend.region_name}::image/ami-{hexadecimal}",
        "RDS": f"arn:aws:rds:{here}:snapshot:awsbackup:job-{job.lower()}",
        "Aurora": f"arn:aws:rds:{here}:cluster-snapshot:awsbackup:job-{job.lower()}",
        "DocumentDB": f"arn:aws:rds:{here}:cluster-snapshot:awsbackup:job-{job.lower()}",
    }.get(kind, f"arn:aws:backup:{here}:recovery-point:{job}")


def once(backend, kind, params, start):
    """The same idempotency token again means the same job."""
    token = params.get("IdempotencyToken")
    jobs = kept(backend, kind)
    for job in list(jobs.values()) if token else []:
        if job.token == token:
            return job
    job = start()
    job.token = token
    jobs[job.id] = job
    return job


@operation
def start_backup_job(backend, params):
    vault = find_vault(backend, params["BackupVaultName"])
    check_role(backend, params["IamRoleArn"])
    resource = params["ResourceArn"]

    def start():
        job = Job(
            ["CREATED", "RUNNING", "COMPLETED"],
            AccountId=backend.account_id,
            BackupVaultName=vault.backup_vault_name,
            BackupVaultArn=vault.backup_vault_arn,
            ResourceArn=resource,
            ResourceType=type_of(backend, resource),
            IamRoleArn=params["IamRoleArn"],
            RecoveryPointLifecycle=params.get("Lifecycle"),
        )
        job.fields["BackupJobId"] = job.id
        if not keeps_long_enough(vault, params.get("Lifecycle")):
            job.fail("The retention period is not within what the lock of the backup vault allows.")
            return job
        arn = point_arn(backend, resource, job.id)
        tags = {**tags_of(backend, resource), **(params.get("RecoveryPointTags") or {})}
        point = Point(backend, vault, arn, resource, params["IamRoleArn"], params.get("Lifecycle"), tags, job.started)
        vault.__dict__.setdefault("recovery_points", {})[arn] = point
        job.fields["RecoveryPointArn"] = arn
        return job

    job = once(backend, "backup_jobs", params, start)
    said = {"RecoveryPointArn": job.fields["RecoveryPointArn"]} if job.fields["ResourceType"] == "EFS" else {}
    return {"BackupJobId": job.id, "CreationDate": job.created, "IsParent": False, **said}


@operation
def describe_backup_job(backend, params):
    return found(kept(backend, "backup_jobs"), params["BackupJobId"], "Backup job").describe()


@operation
def list_backup_jobs(backend, params):
    rows = [job.describe() for job in list(kept(backend, "backup_jobs").values())]
    filters = {"State": "ByState", "BackupVaultName": "ByBackupVaultName", "ResourceArn": "ByResourceArn"}
    return page(matching(rows, params, ResourceType="ByResourceType", **filters), params, "BackupJobs")


@operation
def stop_backup_job(backend, params):
    job = found(kept(backend, "backup_jobs"), params["BackupJobId"], "Backup job")
    if phase(job.started, job.states) not in ACTIVE:
        raise InvalidRequestException("The job is over and cannot be stopped.")
    job.states, job.started = ["ABORTING", "ABORTED"], time.monotonic()
    vault = backend.vaults.get(job.fields["BackupVaultName"])
    if vault:
        vault.recovery_points.pop(job.fields.get("RecoveryPointArn"), None)


@operation
def start_copy_job(backend, params):
    source = find_vault(backend, params["SourceBackupVaultName"])
    point = found(points(source), params["RecoveryPointArn"], "Recovery point")
    check_role(backend, params["IamRoleArn"])
    parts = params["DestinationBackupVaultArn"].split(":")
    other = backup_backends[parts[4]][parts[3]]
    target = find_vault(other, parts[-1])

    def start():
        job = Job(
            ["CREATED", "RUNNING", "COMPLETED"],
            AccountId=backend.account_id,
            SourceBackupVaultArn=source.backup_vault_arn,
            SourceRecoveryPointArn=point.arn,
            DestinationBackupVaultArn=target.backup_vault_arn,
            ResourceArn=point.resource,
            ResourceType=point.type,
            IamRoleArn=params["IamRoleArn"],
        )
        job.fields["CopyJobId"] = job.id
        if not keeps_long_enough(target, params.get("Lifecycle")):
            job.fail("The retention period is not within what the lock of the destination vault allows.")
            return job
        arn = point_arn(other, point.resource, job.id)
        copy = Point(
            other, target, arn, point.resource, params["IamRoleArn"], params.get("Lifecycle"),
            backend.list_tags(point.arn), job.started,
        )  # fmt: skip
        copy.type = point.type
        target.__dict__.setdefault("recovery_points", {})[arn] = copy
        job.fields["DestinationRecoveryPointArn"] = arn
        return job

    job = once(backend, "copy_jobs", params, start)
    return {"CopyJobId": job.id, "CreationDate": job.created, "IsParent": False}


@operation
def describe_copy_job(backend, params):
    return {"CopyJob": found(kept(backend, "copy_jobs"), params["CopyJobId"], "Copy job").describe()}


@operation
def list_copy_jobs(backend, params):
    rows = [job.describe() for job in list(kept(backend, "copy_jobs").values())]
    filters = {"State": "ByState", "ResourceArn": "ByResourceArn", "DestinationBackupVaultArn": "ByDestinationVaultArn"}
    return page(matching(rows, params, **filters), params, "CopyJobs")


@operation
def start_restore_job(backend, params):
    arn = params["RecoveryPointArn"]
    rows = {arn: point for vault in list(backend.vaults.values()) for arn, point in points(vault).items()}
    point = found(rows, arn, "Recovery point")
    if point.state() != "COMPLETED":
        raise InvalidRequestException("The recovery point cannot be restored in its state.")
    check_role(backend, params.get("IamRoleArn"))

    def start():
        job = Job(
            ["PENDING", "RUNNING", "COMPLETED"],
            AccountId=backend.account_id,
            RecoveryPointArn=arn,
            SourceResourceArn=point.resource,
            BackupVaultArn=point.vault.backup_vault_arn,
            ResourceType=params.get("ResourceType") or point.type,
            IamRoleArn=params.get("IamRoleArn"),
            RecoveryPointCreationDate=point.created,
        )
        job.fields["RestoreJobId"] = job.id
        job.metadata = params.get("Metadata") or {}
        return job

    return {"RestoreJobId": once(backend, "restore_jobs", params, start).id}


@operation
def describe_restore_job(backend, params):
    return found(kept(backend, "restore_jobs"), params["RestoreJobId"], "Restore job").describe("Status")


@operation
def get_restore_job_metadata(backend, params):
    job = found(kept(backend, "restore_jobs"), params["RestoreJobId"], "Restore job")
    return {"RestoreJobId": job.id, "Metadata": job.metadata}


@operation
def list_restore_jobs(backend, params):
    rows = [job.describe("Status") for job in list(kept(backend, "restore_jobs").values())]
    return page(matching(rows, params, Status="ByStatus", ResourceType="ByResourceType"), params, "RestoreJobs")


# Restore tests


def testing_plan(backend, params):
    return found(kept(backend, "restore_testing_plans"), params["RestoreTestingPlanName"], "Restore testing plan")


def fill_testing_plan(plan, given):
    chosen = {"ExcludeVaults": [], "SelectionWindowDays": 30, **given.get("RecoveryPointSelection", {})}
    defaults = {"ScheduleExpressionTimezone": "Etc/UTC", "StartWindowHours": 24}
    plan.update({**defaults, **plan, **given, "RecoveryPointSelection": chosen})


@operation
def create_restore_testing_plan(backend, params):
    given, plans = params["RestoreTestingPlan"], kept(backend, "restore_testing_plans")
    name, request = given["RestoreTestingPlanName"], params.get("CreatorRequestId")
    if name in plans and not (request and plans[name].get("CreatorRequestId") == request):
        raise AlreadyExistsException(f"Restore testing plan {name} already exists.")
    if name not in plans:
        here = f"{backend.region_name}:{backend.account_id}"
        arn = f"arn:aws:backup:{here}:restore-testing-plan:{name}-{mock_random.uuid4()}"
        plan = {"RestoreTestingPlanArn": arn, "CreationTime": utcnow(), "CreatorRequestId": request, "selections": {}}
        fill_testing_plan(plan, given)
        plans[name] = plan
        backend.tag_resource(arn, params.get("Tags"))
    return plans[name]


@operation
def get_restore_testing_plan(backend, params):
    return {"RestoreTestingPlan": testing_plan(backend, params)}


@operation
def update_restore_testing_plan(backend, params):
    plan = testing_plan(backend, params)
    fill_testing_plan(plan, params["RestoreTestingPlan"])
    plan["LastUpdateTime"] = utcnow()
    return {**plan, "UpdateTime": plan["LastUpdateTime"]}


@operation
def delete_restore_testing_plan(backend, params):
    plan = testing_plan(backend, params)
    if plan["selections"]:
        raise InvalidRequestException("All restore testing selections must be deleted before their plan.")
    del kept(backend, "restore_testing_plans")[params["RestoreTestingPlanName"]]
    backend.tagger.delete_all_tags_for_resource(plan["RestoreTestingPlanArn"])


@operation
def list_restore_testing_plans(backend, params):
    return page(list(kept(backend, "restore_testing_plans").values()), params, "RestoreTestingPlans")


def testing_selection(backend, params):
    rows = testing_plan(backend, params)["selections"]
    return found(rows, params["RestoreTestingSelectionName"], "Restore testing selection")


@operation
def create_restore_testing_selection(backend, params):
    plan, given = testing_plan(backend, params), params["RestoreTestingSelection"]
    name, request = given["RestoreTestingSelectionName"], params.get("CreatorRequestId")
    check_role(backend, given["IamRoleArn"])
    rows = plan["selections"]
    if name in rows and not (request and rows[name].get("CreatorRequestId") == request):
        raise AlreadyExistsException(f"Restore testing selection {name} already exists.")
    if not (given.get("ProtectedResourceArns") or given.get("ProtectedResourceConditions")):
        raise InvalidParameterValueException("ProtectedResourceArns or ProtectedResourceConditions must be given.")
    rows[name] = {
        "ValidationWindowHours": 0,
        **given,
        "RestoreTestingPlanName": params["RestoreTestingPlanName"],
        "RestoreTestingPlanArn": plan["RestoreTestingPlanArn"],
        "CreationTime": utcnow(),
        "CreatorRequestId": request,
    }
    return rows[name]


@operation
def get_restore_testing_selection(backend, params):
    return {"RestoreTestingSelection": testing_selection(backend, params)}


@operation
def update_restore_testing_selection(backend, params):
    row = testing_selection(backend, params)
    row.update(params["RestoreTestingSelection"])
    return {**row, "UpdateTime": utcnow()}


@operation
def delete_restore_testing_selection(backend, params):
    testing_selection(backend, params)
    del testing_plan(backend, params)["selections"][params["RestoreTestingSelectionName"]]


@operation
def list_restore_testing_selections(backend, params):
    return page(list(testing_plan(backend, params)["selections"].values()), params, "RestoreTestingSelections")


# Frameworks and settings


@operation
def create_framework(backend, params):
    name, rows = params["FrameworkName"], kept(backend, "frameworks")
    if name in rows:
        raise AlreadyExistsException(f"Framework {name} already exists.")
    arn = f"arn:aws:backup:{backend.region_name}:{backend.account_id}:framework:{name}-{mock_random.uuid4()}"
    rows[name] = {**params, "FrameworkArn": arn, "CreationTime": utcnow(), "made_at": time.monotonic()}
    backend.tag_resource(arn, params.get("FrameworkTags"))
    return {"FrameworkName": name, "FrameworkArn": arn}


@operation
def describe_framework(backend, params):
    row = found(kept(backend, "frameworks"), params["FrameworkName"], "Framework")
    deployed = phase(row["made_at"], ["CREATE_IN_PROGRESS", "COMPLETED"])
    return {**row, "DeploymentStatus": deployed, "FrameworkStatus": "ACTIVE"}


@operation
def list_frameworks(backend, params):
    rows = [
        {**row, "NumberOfControls": len(row["FrameworkControls"]), "DeploymentStatus": "COMPLETED"}
        for row in list(kept(backend, "frameworks").values())
    ]
    return page(rows, params, "Frameworks")


@operation
def delete_framework(backend, params):
    row = found(kept(backend, "frameworks"), params["FrameworkName"], "Framework")
    backend.tagger.delete_all_tags_for_resource(row["FrameworkArn"])
    del kept(backend, "frameworks")[params["FrameworkName"]]


OPTED_IN = ["Aurora", "DocumentDB", "DynamoDB", "EBS", "EC2", "EFS", "FSx", "Neptune", "RDS", "S3", "Storage Gateway"]


def region_settings(backend):
    default = {
        "ResourceTypeOptInPreference": dict.fromkeys(OPTED_IN, True),
        "ResourceTypeManagementPreference": {"DynamoDB": False, "EFS": True},
    }
    return backend.__dict__.setdefault("region_settings", default)


@operation
def describe_region_settings(backend, params):
    return region_settings(backend)


@operation
def update_region_settings(backend, params):
    for key, preference in region_settings(backend).items():
        preference.update(params.get(key) or {})
