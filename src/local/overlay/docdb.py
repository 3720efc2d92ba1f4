"""DocumentDB: the engine `docdb` of the RDS API. Its states are those of `rds.py`."""

from moto.core.resource_tagging import TaggedResource
from moto.ec2.models import ec2_backends
from moto.rds import utils
from moto.rds.exceptions import (
    DBClusterNotFoundError,
    DBClusterParameterGroupNotFoundError,
    DBSubnetGroupNotFoundError,
    InvalidDBClusterStateFault,
    InvalidParameterCombination,
    RDSClientError,
)
from moto.rds.models import DBCluster, DBInstance, DBInstanceClustered, RDSBackend
from moto.rds.responses import RDSResponse

import interfaces
from patch import around

ENGINE = "docdb"
# What a cluster gets whose creator names no version: the latest major one.
LATEST = "8.0.0"


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
with_default(DBCluster, "default_engine_version", LATEST)
for each in (DBCluster, DBInstance):
    with_default(each, "default_port", 27017)
    with_default(each, "default_allocated_storage", 1)
DBInstance.default_engine_versions[ENGINE] = LATEST


# moto takes the service from the module of a class.
MODULE = DBCluster.__module__


class Cluster(DBCluster):
    __module__ = MODULE

    @property
    def endpoint(self):
        return super().endpoint.replace(".rds.", ".docdb.")

    @property
    def reader_endpoint(self):
        return super().reader_endpoint.replace(".rds.", ".docdb.")


class Instance(DBInstanceClustered):
    __module__ = MODULE

    @property
    def address(self):
        return super().address.replace(".rds.", ".docdb.")


def ours(backend, name):
    """The cluster, if it is one of this engine."""
    cluster = backend.clusters.get(name or "")
    return cluster if isinstance(cluster, Cluster) else None


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
    check_groups(self, None, kwargs.get("db_cluster_parameter_group_name"))
    inner(self, kwargs)
    logs = kwargs.get("cloudwatch_logs_export_configuration") or {}
    kept = set(cluster.enabled_cloudwatch_logs_exports) - set(logs.get("DisableLogTypes") or [])
    cluster.enabled_cloudwatch_logs_exports = sorted(kept | set(logs.get("EnableLogTypes") or []))
    if groups := kwargs.get("vpc_security_group_ids"):
        # Those of a cluster are those of its instances' interfaces.
        owned = [each.interface for each in cluster.members if each.__dict__.get("interface")]
        interfaces.set_groups(ec2_backends[self.account_id][self.region_name], owned, groups)
    return cluster


def expect(cluster, state):
    if cluster.status != state:
        found = f"DbCluster {cluster.db_cluster_identifier} is in {cluster.status} state"
        raise InvalidDBClusterStateFault(f"{found} but expected it to be one of {state}.")


@around(RDSResponse, "delete_db_cluster")
def check_deletion(inner, self):
    """The final snapshot is named, or said not to be wanted; what is stopped has to be started first."""
    skipped = str(self.params.get("SkipFinalSnapshot")).lower() == "true"
    named = bool(self.params.get("FinalDBSnapshotIdentifier"))
    cluster = ours(self.backend, self.params.get("DBClusterIdentifier"))
    if cluster and skipped == named:
        raise InvalidParameterCombination(
            "FinalDBSnapshotIdentifier cannot be specified when deleting a cluster and SkipFinalSnapshot is enabled."
            if named
            else "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
        )
    if cluster and not cluster.deletion_protection and all(each.status == "deleting" for each in cluster.members):
        expect(cluster, "available")
    return inner(self)


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
    return instance


@around(RDSBackend)
def create_db_cluster_snapshot(inner, self, db_cluster_identifier, *args, **kwargs):
    cluster = ours(self, db_cluster_identifier)
    # The final one is made while the cluster is deleted.
    if cluster is not None and cluster.status != "deleting":
        expect(cluster, "available")
    return inner(self, db_cluster_identifier, *args, **kwargs)


# Groups


@around(RDSBackend)
def iter_tagged_resources(inner, self):
    yield from inner(self)
    for word, rows in (("subgrp", self.subnet_groups), ("cluster-pg", self.db_cluster_parameter_groups)):
        for row in list(rows.values()):
            tags = {tag["Key"]: tag["Value"] for tag in row.get_tags()}
            yield TaggedResource(arn=row.arn, tags=tags, resource_type=f"rds:{word}")
