"""DocumentDB: the engine `docdb` of the RDS API, with the states of its clusters, instances and snapshots."""

import time

import settings
from moto.core.resource_tagging import TaggedResource
from moto.rds import utils
from moto.rds.exceptions import (
    DBClusterNotFoundError,
    DBClusterParameterGroupNotFoundError,
    DBClusterToBeDeletedHasActiveMembers,
    DBSubnetGroupNotFoundError,
    InvalidDBClusterStateFault,
    InvalidParameterCombination,
    RDSClientError,
)
from moto.rds.models import DBCluster, DBClusterSnapshot, DBInstance, DBInstanceClustered, RDSBackend
from moto.rds.responses import RDSResponse

from own import phase
from patch import around

ENGINE = "docdb"
PARAMETERS = {
    "audit_logs": "disabled",
    "change_stream_log_retention_duration": "10800",
    "profiler": "disabled",
    "profiler_sampling_rate": "1.0",
    "profiler_threshold_ms": "100",
    "tls": "enabled",
    "ttl_monitor": "enabled",
}
# Without a restart these do not apply.
STATIC = {"tls"}


def one_more(owner, name):
    """The engine is one more of those that this method lists."""
    inner = getattr(owner, name)
    setattr(owner, name, staticmethod(lambda: sorted([*inner(), ENGINE])))


def with_default(owner, name, value):
    inner = getattr(owner, name)

    def default(engine, *args, **kwargs):
        return value if engine == ENGINE else inner(engine, *args, **kwargs)

    setattr(owner, name, staticmethod(default))


one_more(utils.ClusterEngine, "list_cluster_engines")
one_more(utils.DbInstanceEngine, "valid_db_instance_engine")
with_default(DBCluster, "default_engine_version", "5.0.0")
for each in (DBCluster, DBInstance):
    with_default(each, "default_port", 27017)
    with_default(each, "default_allocated_storage", 1)
DBInstance.default_engine_versions[ENGINE] = "5.0.0"


class Passing:
    """A status that follows from when something was asked for; the last state stays."""

    passed = (0.0, ("available",))
    deleted_at = None

    def pass_through(self, *states):
        self.passed = (time.monotonic(), states)

    @property
    def status(self):
        return phase(*self.passed)

    @status.setter
    def status(self, value):
        """moto's own idea of it."""

    def delete(self):
        self.pass_through("deleting")
        self.deleted_at = time.monotonic()

    def is_gone(self):
        return self.deleted_at is not None and time.monotonic() - self.deleted_at >= settings.step


# moto takes the service from the module of a class.
MODULE = DBCluster.__module__


class Cluster(Passing, DBCluster):
    __module__ = MODULE

    @property
    def endpoint(self):
        return super().endpoint.replace(".rds.", ".docdb.")

    @property
    def reader_endpoint(self):
        return super().reader_endpoint.replace(".rds.", ".docdb.")


class Instance(Passing, DBInstanceClustered):
    __module__ = MODULE

    @property
    def address(self):
        return super().address.replace(".rds.", ".docdb.")


class Snapshot(Passing, DBClusterSnapshot):
    __module__ = MODULE


def ours(backend, name):
    """The cluster, if it is one of this engine."""
    cluster = backend.clusters.get(name or "")
    return cluster if isinstance(cluster, Cluster) else None


def settle(backend):
    """Forgets what has been deleted."""
    for rows in (backend.clusters, backend.databases):
        for name, row in list(rows.items()):
            if isinstance(row, Passing) and row.is_gone():
                rows.pop(name, None)


def settled(name):
    @around(RDSBackend, name)
    def outer(inner, self, *args, **kwargs):
        settle(self)
        return inner(self, *args, **kwargs)


def check_groups(backend, subnets, parameters):
    if subnets and subnets not in backend.subnet_groups:
        raise DBSubnetGroupNotFoundError(subnets)
    if parameters and not parameters.startswith("default.") and parameters not in backend.db_cluster_parameter_groups:
        raise DBClusterParameterGroupNotFoundError(parameters)


@around(RDSBackend)
def create_db_cluster(inner, self, kwargs):
    name = kwargs["db_cluster_identifier"]
    if name in self.clusters:
        raise RDSClientError("DBClusterAlreadyExistsFault", "DB Cluster already exists")
    if kwargs.get("engine") != ENGINE:
        return inner(self, kwargs)
    check_groups(self, kwargs.get("db_subnet_group_name"), kwargs.get("db_cluster_parameter_group_name"))
    cluster = inner(self, kwargs)
    cluster.__class__ = Cluster
    cluster.pass_through("creating", "available")
    if not kwargs.get("db_cluster_parameter_group_name"):
        cluster.parameter_group = f"default.docdb{'.'.join(cluster.engine_version.split('.')[:2])}"
    return cluster


@around(RDSBackend)
def modify_db_cluster(inner, self, kwargs):
    name = kwargs["db_cluster_identifier"]
    if name not in self.clusters:
        raise DBClusterNotFoundError(name)
    cluster = ours(self, name)
    if cluster is None:
        return inner(self, kwargs)
    expect(cluster, "available")
    check_groups(self, None, kwargs.get("db_cluster_parameter_group_name"))
    inner(self, kwargs)
    logs = kwargs.get("cloudwatch_logs_export_configuration") or {}
    kept = set(cluster.enabled_cloudwatch_logs_exports) - set(logs.get("DisableLogTypes") or [])
    cluster.enabled_cloudwatch_logs_exports = sorted(kept | set(logs.get("EnableLogTypes") or []))
    cluster.pass_through("modifying", "available")
    return cluster


def expect(cluster, state):
    if cluster.status != state:
        found = f"DbCluster {cluster.db_cluster_identifier} is in {cluster.status} state"
        raise InvalidDBClusterStateFault(f"{found} but expected it to be one of {state}.")


@around(RDSResponse, "delete_db_cluster")
def check_final_snapshot(inner, self):
    """It is named, or said not to be wanted."""
    skipped = str(self.params.get("SkipFinalSnapshot")).lower() == "true"
    named = bool(self.params.get("FinalDBSnapshotIdentifier"))
    if ours(self.backend, self.params.get("DBClusterIdentifier")) and skipped == named:
        raise InvalidParameterCombination(
            "FinalDBSnapshotIdentifier cannot be specified when deleting a cluster and SkipFinalSnapshot is enabled."
            if named
            else "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
        )
    return inner(self)


@around(RDSBackend)
def delete_db_cluster(inner, self, cluster_identifier, snapshot_name=None):
    cluster = ours(self, cluster_identifier)
    if cluster is None:
        return inner(self, cluster_identifier, snapshot_name)
    if cluster.deletion_protection:
        raise InvalidParameterCombination(
            "Cannot delete protected Cluster, please disable deletion protection and try again."
        )
    if any(member.status != "deleting" for member in cluster.members):
        raise DBClusterToBeDeletedHasActiveMembers()
    expect(cluster, "available")
    if snapshot_name:
        self.create_db_cluster_snapshot(cluster_identifier, snapshot_name, tags=[])
    if cluster.manage_master_user_password:
        cluster.master_user_secret.delete_secret()
    for name, snapshot in list(self.cluster_snapshots.items()):
        if snapshot.snapshot_type == "automated" and snapshot.cluster is cluster:
            self.cluster_snapshots.pop(name)
    cluster.delete()
    return cluster


@around(RDSBackend)
def stop_db_cluster(inner, self, cluster_identifier):
    return turned(inner, self, cluster_identifier, "available", ("stopping", "stopped"))


@around(RDSBackend)
def start_db_cluster(inner, self, cluster_identifier):
    return turned(inner, self, cluster_identifier, "stopped", ("starting", "available"))


def turned(inner, backend, name, before, states):
    cluster = ours(backend, name)
    if cluster is None:
        return inner(backend, name)
    expect(cluster, before)
    for each in (cluster, *cluster.members):
        each.pass_through(*states)
    return cluster


@around(RDSBackend)
def create_db_instance(inner, self, db_kwargs):
    if db_kwargs.get("engine") != ENGINE:
        return inner(self, db_kwargs)
    cluster = ours(self, db_kwargs.get("db_cluster_identifier"))
    if cluster is None:
        raise DBClusterNotFoundError(db_kwargs.get("db_cluster_identifier"))
    if cluster.status == "deleting":
        expect(cluster, "available")
    instance = inner(self, db_kwargs)
    instance.__class__ = Instance
    instance.pass_through("creating", "available")
    return instance


@around(RDSBackend)
def modify_db_instance(inner, self, db_instance_identifier, db_kwargs):
    instance = inner(self, db_instance_identifier, db_kwargs)
    if isinstance(instance, Instance):
        instance.pass_through("modifying", "available")
    return instance


@around(RDSBackend)
def reboot_db_instance(inner, self, db_instance_identifier):
    instance = inner(self, db_instance_identifier)
    if isinstance(instance, Instance):
        instance.pass_through("rebooting", "available")
    return instance


@around(RDSBackend)
def delete_db_instance(inner, self, db_instance_identifier, *args, **kwargs):
    instance = self.databases.get(db_instance_identifier)
    if not isinstance(instance, Instance):
        return inner(self, db_instance_identifier, *args, **kwargs)
    if instance.status in ("deleting", "creating"):
        raise RDSClientError(
            "InvalidDBInstanceState",
            f"Instance {db_instance_identifier} is already being deleted."
            if instance.status == "deleting"
            else f"Instance {db_instance_identifier} is in creating state.",
        )
    inner(self, db_instance_identifier, *args, **kwargs)
    instance.delete()
    self.databases[db_instance_identifier] = instance
    settle(self)
    return instance


@around(RDSBackend)
def create_db_cluster_snapshot(inner, self, db_cluster_identifier, *args, **kwargs):
    cluster = ours(self, db_cluster_identifier)
    if cluster is not None:
        expect(cluster, "available")
    snapshot = inner(self, db_cluster_identifier, *args, **kwargs)
    if cluster is not None:
        snapshot.__class__ = Snapshot
        snapshot.__dict__.pop("status", None)
        snapshot.pass_through("creating", "available")
    return snapshot


# Groups


@around(RDSBackend)
def delete_subnet_group(inner, self, subnet_name):
    used = [each.db_subnet_group_name for each in list(self.clusters.values())]
    if subnet_name in used:
        raise RDSClientError(
            "InvalidDBSubnetGroupStateFault",
            f"Cannot delete the subnet group '{subnet_name}' because at least one database cluster is using it.",
        )
    return inner(self, subnet_name)


@around(RDSBackend)
def delete_db_cluster_parameter_group(inner, self, db_cluster_parameter_group_name):
    if any(each.parameter_group == db_cluster_parameter_group_name for each in list(self.clusters.values())):
        raise RDSClientError(
            "InvalidDBParameterGroupState", "One or more database clusters are still members of this parameter group."
        )
    return inner(self, db_cluster_parameter_group_name)


@around(RDSBackend)
def describe_db_cluster_parameters(inner, self, db_cluster_parameter_group_name):
    """Those that were never set have their defaults."""
    group = self.db_cluster_parameter_groups.get(db_cluster_parameter_group_name)
    family = group.db_parameter_group_family if group else db_cluster_parameter_group_name.removeprefix("default.")
    if not family.startswith(ENGINE):
        return inner(self, db_cluster_parameter_group_name)
    changed = {each["ParameterName"]: each for each in inner(self, db_cluster_parameter_group_name)} if group else {}
    return [
        {
            "ParameterName": name,
            "ParameterValue": default,
            "Source": "user" if name in changed else "system",
            "ApplyType": "static" if name in STATIC else "dynamic",
            "ApplyMethod": "pending-reboot",
            "DataType": "string",
            "IsModifiable": True,
            **changed.get(name, {}),
        }
        for name, default in PARAMETERS.items()
    ]


@around(RDSBackend)
def iter_tagged_resources(inner, self):
    yield from inner(self)
    for word, rows in (("subgrp", self.subnet_groups), ("cluster-pg", self.db_cluster_parameter_groups)):
        for row in list(rows.values()):
            tags = {tag["Key"]: tag["Value"] for tag in row.get_tags()}
            yield TaggedResource(arn=row.arn, tags=tags, resource_type=f"rds:{word}")


for operation in (
    "describe_db_clusters",
    "describe_db_instances",
    "create_db_cluster",
    "create_db_instance",
    "create_db_cluster_snapshot",
    "modify_db_cluster",
    "modify_db_instance",
    "delete_db_cluster",
    "delete_db_instance",
    "start_db_cluster",
    "stop_db_cluster",
    "delete_subnet_group",
    "delete_db_cluster_parameter_group",
    "iter_tagged_resources",
):
    settled(operation)
