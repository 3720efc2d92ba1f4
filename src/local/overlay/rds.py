"""RDS: the states of instances, clusters and snapshots, their network interfaces, and the refusals to delete what they
still use."""

import random
import string

from moto.ec2.models import ec2_backends
from moto.rds.exceptions import (
    DBClusterNotFoundError,
    InvalidDBClusterStateFault,
    InvalidParameterCombination,
    RDSClientError,
)
from moto.rds.models import DBCluster, DBInstance, DBInstanceClustered, DBParameterGroup, RDSBackend

import interfaces
import states
from patch import around

# What a modification changes in a maintenance window, unless it is to be applied immediately.
DEFERRED = {
    "allocated_storage": "AllocatedStorage",
    "db_instance_class": "DBInstanceClass",
    "engine_version": "EngineVersion",
    "iops": "Iops",
    "multi_az": "MultiAZ",
    "storage_throughput": "StorageThroughput",
    "storage_type": "StorageType",
}
# What a cluster is `modifying` for.
CLUSTER = {"db_cluster_instance_class", "engine_version", "master_user_password", "port"}


def wrong_state(text):
    return RDSClientError("InvalidDBInstanceState", text)


def network_of(thing):
    """The subnet group and the security groups of an instance or of its cluster."""
    owner = thing.cluster if isinstance(thing, DBInstanceClustered) else thing
    name = getattr(owner, "_db_subnet_group_name", None) or owner.__dict__.get("db_subnet_group_name")
    return thing.backend.subnet_groups.get(name or ""), owner.vpc_security_group_ids


def plug_in(instance):
    """An interface in one of the subnets of its group."""
    group, security_groups = network_of(instance)
    if group is None:
        return
    ec2 = ec2_backends[instance.account_id][instance.region]
    known = [each for each in security_groups if each in ec2.groups.get(group.vpc_id, {})]
    if not known:
        known = [ec2.get_default_security_group(group.vpc_id).id]
        if not isinstance(instance, DBInstanceClustered):
            instance.vpc_security_group_ids = known
    here = [each for each in group._subnets if each.availability_zone == instance.availability_zone]
    subnet = [*here, *group._subnets][0]
    public = bool(instance.publicly_accessible)
    instance.interface = interfaces.make(ec2, subnet, "RDSNetworkInterface", known, public, requester="amazon-rds").id


def unplug(instance):
    interfaces.drop(ec2_backends[instance.account_id][instance.region], [instance.__dict__.get("interface")])


# Instances


def whole_version(engine, version):
    """The version with all of its parts, the default of those that a shorter one stands for."""
    parts = {"mysql": 3, "mariadb": 3, "postgres": 2}.get(engine)
    if not parts or not version or version.count(".") + 1 >= parts:
        return version
    return f"{version}.4"


def note(instance, kwargs):
    """What moto forgets of a creation or a modification."""
    if kwargs.get("enable_performance_insights") is not None:
        instance.performance_insights_enabled = bool(kwargs["enable_performance_insights"])
        instance.performance_insights_retention_period = kwargs.get("performance_insights_retention_period") or 7
    if kwargs.get("performance_insights_kms_key_id"):
        instance.performance_insights_kms_key_id = kwargs["performance_insights_kms_key_id"]
    if kwargs.get("db_port_number"):
        instance.port = kwargs["db_port_number"]
    if not isinstance(instance, DBInstanceClustered) and instance.storage_type == "gp3" and not instance.iops:
        instance.iops = 3000 if instance.allocated_storage < 400 else 12000


def with_default_group(backend, name):
    """AWS has a group of defaults for each family."""
    if name and name.startswith("default.") and name not in backend.db_parameter_groups:
        family = name.removeprefix("default.")
        text = f"Default parameter group for {family}"
        backend.db_parameter_groups[name] = DBParameterGroup(backend, name, text, family)


@around(RDSBackend)
def create_db_instance(inner, self, db_kwargs):
    version = whole_version(db_kwargs.get("engine"), db_kwargs.get("engine_version"))
    instance = inner(self, {**db_kwargs, "engine_version": version} if version else db_kwargs)
    letters = string.ascii_uppercase + string.digits
    instance.dbi_resource_id = "db-" + "".join(random.choice(letters) for _ in range(26))
    instance.performance_insights_enabled = False
    note(instance, db_kwargs)
    instance.pending_modified_values = {}
    plug_in(instance)
    states.pass_through(self, instance, "status", "creating", "available")
    return instance


@around(RDSBackend)
def modify_db_instance(inner, self, db_instance_identifier, db_kwargs):
    instance = self.describe_db_instances(db_instance_identifier)[0]
    if instance.status != "available":
        raise wrong_state("Database instance is not in available state.")
    if db_kwargs.get("engine_version"):
        version = whole_version(instance.engine, db_kwargs["engine_version"])
        db_kwargs = {**db_kwargs, "engine_version": version}
    with_default_group(self, db_kwargs.get("db_parameter_group_name"))
    note(instance, db_kwargs)
    changes = {key: value for key, value in db_kwargs.items() if key in DEFERRED and value is not None}
    changes = {key: value for key, value in changes.items() if getattr(instance, key, None) != value}
    pending = instance.__dict__.setdefault("pending_modified_values", {})
    if db_kwargs.get("apply_immediately"):
        pending.clear()
        inner(self, db_instance_identifier, db_kwargs)
        if changes:
            states.pass_through(self, instance, "status", "modifying", "available")
    else:
        pending.update({DEFERRED[key]: value for key, value in changes.items()})
        rest = {key: value for key, value in db_kwargs.items() if key not in changes}
        inner(self, db_instance_identifier, rest)
    if instance.__dict__.get("interface") and db_kwargs.get("vpc_security_group_ids"):
        ec2 = ec2_backends[self.account_id][self.region_name]
        interfaces.set_groups(ec2, [instance.interface], db_kwargs["vpc_security_group_ids"])
    return instance


@around(RDSBackend)
def reboot_db_instance(inner, self, db_instance_identifier):
    instance = inner(self, db_instance_identifier)
    if instance.status != "available":
        raise wrong_state(f"Database instance {db_instance_identifier} is not in available state.")
    states.pass_through(self, instance, "status", "rebooting", "available")
    return instance


@around(RDSBackend)
def stop_db_instance(inner, self, db_instance_identifier, db_snapshot_identifier=None):
    instance = inner(self, db_instance_identifier, db_snapshot_identifier)
    states.pass_through(self, instance, "status", "stopping", "stopped")
    return instance


@around(RDSBackend)
def start_db_instance(inner, self, db_instance_identifier):
    instance = inner(self, db_instance_identifier)
    states.pass_through(self, instance, "status", "starting", "available")
    return instance


@around(RDSBackend)
def delete_db_instance(inner, self, db_instance_identifier, final_db_snapshot_identifier=None, **rest):
    instance = self.databases.get(db_instance_identifier)
    if instance is None or instance.deletion_protection:
        return inner(self, db_instance_identifier)  # which refuses
    if instance.status == "deleting":
        raise wrong_state(f"Instance {db_instance_identifier} is already being deleted.")
    alone = not isinstance(instance, DBInstanceClustered) and not instance.is_replica
    if alone and not rest.get("skip_final_snapshot") and not final_db_snapshot_identifier:
        text = "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
        raise InvalidParameterCombination(text)

    def finish():
        unplug(instance)
        inner(self, db_instance_identifier, final_db_snapshot_identifier, **rest)

    states.pass_through(self, instance, "status", "deleting", "deleting", then=finish)
    return instance


@around(RDSBackend)
def create_db_snapshot(inner, self, db_instance_identifier=None, *args, **kwargs):
    instance = self.databases.get(db_instance_identifier)
    if instance is not None and instance.status not in ("available", "deleting", "stopped"):
        text = f"Cannot create a snapshot because the database instance {db_instance_identifier}"
        raise wrong_state(text + " is not currently in the available state.")
    snapshot = inner(self, db_instance_identifier, *args, **kwargs)
    states.pass_through(self, snapshot, "status", "creating", "available")
    return snapshot


# Clusters


DBCluster.status = property(lambda self: self._status, lambda self, value: setattr(self, "_status", value))


def cluster_of(backend, identifier):
    if identifier not in backend.clusters:
        raise DBClusterNotFoundError(identifier)
    return backend.clusters[identifier]


@around(RDSBackend)
def create_db_cluster(inner, self, kwargs):
    cluster = inner(self, kwargs)
    states.pass_through(self, cluster, "status", "creating", "available")
    return cluster


@around(RDSBackend)
def modify_db_cluster(inner, self, kwargs):
    cluster = cluster_of(self, kwargs["db_cluster_identifier"])
    if cluster.status != "available":
        raise InvalidDBClusterStateFault(f"DB cluster is not available for modification with status {cluster.status}.")
    inner(self, kwargs)
    if CLUSTER & {key for key, value in kwargs.items() if value is not None}:
        states.pass_through(self, cluster, "status", "modifying", "available")
    return cluster


def with_members(name, *values):
    """The instances of a cluster stop and start with it."""

    @around(RDSBackend, name)
    def changed(inner, self, cluster_identifier):
        inner(self, cluster_identifier)
        cluster = self.clusters[cluster_identifier]
        for thing in [cluster, *cluster._members]:
            states.pass_through(self, thing, "status", *values)
        return cluster


with_members("stop_db_cluster", "stopping", "stopped")
with_members("start_db_cluster", "starting", "available")


@around(RDSBackend)
def delete_db_cluster(inner, self, cluster_identifier, snapshot_name=None):
    cluster = cluster_of(self, cluster_identifier)
    if cluster.deletion_protection or any(each.status != "deleting" for each in cluster.members):
        return inner(self, cluster_identifier)  # which refuses
    if cluster.status == "deleting":
        raise InvalidDBClusterStateFault(f"DbCluster {cluster_identifier} is already being deleted.")

    def finish():
        inner(self, cluster_identifier, snapshot_name)
        for name, snapshot in list(self.cluster_snapshots.items()):
            if snapshot.snapshot_type == "automated" and snapshot.cluster is cluster:
                self.cluster_snapshots.pop(name)

    states.pass_through(self, cluster, "status", "deleting", "deleting", then=finish)
    return cluster


@around(RDSBackend)
def create_db_cluster_snapshot(inner, self, *args, **kwargs):
    snapshot = inner(self, *args, **kwargs)
    states.pass_through(self, snapshot, "status", "creating", "available")
    return snapshot


# Groups


def check_zones(subnets):
    zones = sorted({subnet.availability_zone for subnet in subnets})
    if len(zones) < 2:
        text = "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Current AZ coverage: "
        text += f"{', '.join(zones)}. Add subnets to cover at least 2 AZs."
        raise RDSClientError("DBSubnetGroupDoesNotCoverEnoughAZs", text)


@around(RDSBackend)
def create_subnet_group(inner, self, subnet_name, description, subnets, tags):
    if subnet_name.lower() in self.subnet_groups:
        raise RDSClientError("DBSubnetGroupAlreadyExists", f"The DB subnet group {subnet_name} already exists.")
    check_zones(subnets)
    return inner(self, subnet_name, description, subnets, tags)


@around(RDSBackend)
def modify_db_subnet_group(inner, self, subnet_name, description, subnets):
    """The group stays, and keeps the subnets that databases stand in."""
    group = self.describe_db_subnet_groups(subnet_name)[0]
    check_zones(subnets)
    left_out = {each.id for each in group._subnets} - {each.id for each in subnets}
    ec2 = ec2_backends[self.account_id][self.region_name]
    for thing in self.databases.values():
        interface = ec2.enis.get(thing.__dict__.get("interface"))
        if network_of(thing)[0] is group and interface is not None and interface.subnet.id in left_out:
            text = f"Some of the subnets to be deleted are currently in use: {interface.subnet.id}"
            raise RDSClientError("SubnetAlreadyInUse", text)
    inner(self, subnet_name, description, subnets)
    self.subnet_groups[group.name] = group
    return group


@around(RDSBackend)
def delete_subnet_group(inner, self, subnet_name):
    group = self.subnet_groups.get(subnet_name)
    for thing in [*self.databases.values(), *self.clusters.values()]:
        if group is not None and network_of(thing)[0] is group:
            text = f"Cannot delete the subnet group '{subnet_name}' because at least one database instance: "
            raise RDSClientError("InvalidDBSubnetGroupStateFault", f"{text}{thing.resource_id} is still using it.")
    return inner(self, subnet_name)


def in_use(name):
    text = f"One or more database instances are still members of this parameter group {name}"
    return RDSClientError("InvalidDBParameterGroupState", text + ", so the group cannot be deleted")


@around(RDSBackend)
def delete_db_parameter_group(inner, self, db_parameter_group_name):
    if any(each.db_parameter_group_name == db_parameter_group_name for each in self.databases.values()):
        raise in_use(db_parameter_group_name)
    return inner(self, db_parameter_group_name)


@around(RDSBackend)
def delete_db_cluster_parameter_group(inner, self, db_cluster_parameter_group_name):
    if any(each.parameter_group == db_cluster_parameter_group_name for each in self.clusters.values()):
        raise in_use(db_cluster_parameter_group_name)
    return inner(self, db_cluster_parameter_group_name)


DBInstance.performance_insights_enabled = False
