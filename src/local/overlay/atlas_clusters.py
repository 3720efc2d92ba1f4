"""MongoDB Atlas: clusters, which pass through `CREATING`, `UPDATING` and `DELETING`."""

import copy
import re
import time

from atlas import Refused, new_id, now, route, tags
from atlas_projects import find
from own import phase

NAME = re.compile(r"^[a-zA-Z0-9][a-zA-Z0-9-]{0,63}$")
PREFIX = 23
VERSIONS = ("7.0", "8.0")
# A cluster that was resumed has to run for so long before it is paused again.
RUNS = 3600
# Storage of each tier where none is named, in GB.
DISKS = {"M0": 0.5, "M10": 10, "M20": 20, "M30": 40}
# What is told of a request as it is.
KEPT = ("backupEnabled", "pitEnabled", "terminationProtectionEnabled", "mongoDBMajorVersion", "tags")


class Cluster:
    def __init__(self, project, body):
        self.project, self.id, self.created = project, new_id(), now()
        self.name = body["name"]
        self.row = {
            "backupEnabled": False,
            "pitEnabled": False,
            "terminationProtectionEnabled": False,
            "mongoDBMajorVersion": VERSIONS[-1],
            "tags": [],
            "paused": False,
        }
        self.states, self.since = ["CREATING", "IDLE"], time.monotonic()
        self.resumed = None
        self.change(body)

    @property
    def state(self):
        return phase(self.since, self.states)

    @property
    def free(self):
        return self.row["replicationSpecs"][0]["regionConfigs"][0]["providerName"] == "TENANT"

    def enter(self, *states):
        self.states, self.since = list(states), time.monotonic()

    def change(self, body):
        row = {**self.row, **{name: copy.deepcopy(body[name]) for name in KEPT if name in body}}
        tags(row["tags"])
        if "replicationSpecs" in body:
            row["replicationSpecs"] = [replication(each) for each in body["replicationSpecs"]]
        if row["mongoDBMajorVersion"] not in VERSIONS:
            raise Refused(400, "DB_VERSION_NOT_SUPPORTED", "MongoDB version not supported.")
        if float(row["mongoDBMajorVersion"]) < float(self.row["mongoDBMajorVersion"]) and "replicationSpecs" in self.row:
            raise Refused(400, "CLUSTER_UPGRADE_INVALID", "Cluster cannot be upgraded, as it is above the version.")
        if row["pitEnabled"] and not row["backupEnabled"]:
            detail = "Point in time restores need cloud backups."
            raise Refused(400, "PIT_ENABLED_WITHOUT_BACKUP", detail)
        config = row["replicationSpecs"][0]["regionConfigs"][0]
        if config["providerName"] == "TENANT" and (row["backupEnabled"] or row["pitEnabled"]):
            raise Refused(400, "TENANT_ATTRIBUTE_READ_ONLY", "Attribute backupEnabled is read-only for tenants.")
        self.row = row

    def shown(self):
        prefix = f"{self.name[:PREFIX].lower().rstrip('-')}.{self.project.id[-5:]}.mongodb.net"
        strings = {}
        if self.state != "CREATING":
            hosts = ",".join(f"{prefix.replace('.', f'-shard-00-0{index}.', 1)}:27017" for index in range(3))
            strings = {"standard": f"mongodb://{hosts}/?ssl=true&authSource=admin", "standardSrv": f"mongodb+srv://{prefix}"}
        return {
            "id": self.id,
            "name": self.name,
            "groupId": self.project.id,
            "clusterType": "REPLICASET",
            "createDate": self.created,
            "mongoDBVersion": f"{self.row['mongoDBMajorVersion']}.12",
            "stateName": self.state,
            "connectionStrings": strings,
            "encryptionAtRestProvider": "NONE",
            "rootCertType": "ISRGROOTX1",
            "versionReleaseSystem": "LTS",
            "links": [],
            **self.row,
        }


def replication(asked):
    """One shard, with what was left out."""
    configs = []
    for config in asked.get("regionConfigs", []):
        config = copy.deepcopy(config)
        hardware = config.setdefault("electableSpecs", {})
        tier = hardware.get("instanceSize")
        if tier is None:
            raise Refused(400, "MISSING_ATTRIBUTE", "The required attribute instanceSize was not specified.", "instanceSize")
        is_free = config.get("providerName") == "TENANT"
        if is_free != (tier == "M0"):
            raise Refused(400, "INVALID_CLUSTER_CONFIGURATION", "The specified cluster configuration is not valid.")
        hardware.setdefault("diskSizeGB", float(DISKS.get(tier, 80)))
        if not is_free:
            if hardware.setdefault("nodeCount", 3) not in (3, 5, 7):
                detail = "The cluster's replication factor must be either 3, 5, or 7."
                raise Refused(400, "CLUSTER_REPLICATION_FACTOR_INVALID", detail)
            hardware.setdefault("ebsVolumeType", "STANDARD")
            scaling = config.setdefault("autoScaling", {})
            scaling.setdefault("diskGB", {"enabled": True})
            check_scaling(scaling.setdefault("compute", {"enabled": False}))
        configs.append(config)
    if len(configs) != 1:
        raise Refused(400, "INVALID_CLUSTER_CONFIGURATION", "The local Atlas has clusters of one region.")
    return {"id": new_id(), "zoneId": new_id(), "zoneName": "Zone 1", "regionConfigs": configs}


def check_scaling(compute):
    if compute.get("enabled") and not compute.get("maxInstanceSize"):
        detail = "Compute auto-scaling max instance size required."
        raise Refused(400, "COMPUTE_AUTO_SCALING_MAX_INSTANCE_SIZE_REQUIRED", detail)
    if compute.get("scaleDownEnabled") and not compute.get("minInstanceSize"):
        detail = "Compute auto-scaling min instance size required."
        raise Refused(400, "COMPUTE_AUTO_SCALING_MIN_INSTANCE_SIZE_REQUIRED", detail)


def clusters(project):
    """Those that are not gone."""
    rows = project.all("cluster")
    for name, cluster in list(rows.items()):
        if cluster.state == "DELETED":
            del rows[name]
            project.all("schedule").pop(name, None)
    return rows


def one(organization, group, name):
    found = clusters(find(organization, group)).get(name)
    if found is None:
        raise Refused(404, "CLUSTER_NOT_FOUND", f"No cluster named {name} exists in group {group}.", name, group)
    return found


@route("GET", "/groups/{group}/clusters", "ListClusters", gives="ClusterDescription20240805")
def list_clusters(organization, _, group):
    return [cluster.shown() for cluster in clusters(find(organization, group)).values()]


@route(
    "POST",
    "/groups/{group}/clusters",
    "CreateCluster",
    takes="ClusterDescription20240805",
    gives="ClusterDescription20240805",
    status=201,
)
def create_cluster(organization, body, group):
    project = find(organization, group)
    name = body.get("name", "")
    if not NAME.match(name):
        detail = f"The cluster name {name} is invalid. The name can only contain ASCII letters, numbers, and hyphens."
        raise Refused(400, "CLUSTER_NAME_INVALID", detail, name)
    if name in clusters(project):
        detail = f"A cluster named {name} is already present in group {group}."
        raise Refused(400, "DUPLICATE_CLUSTER_NAME", detail, name, group)
    if name[:PREFIX].endswith("-"):
        raise Refused(400, "CLUSTER_NAME_PREFIX_INVALID", f'Cluster name "{name}" is invalid.', name)
    if any(other[:PREFIX] == name[:PREFIX] for other in clusters(project)):
        detail = f"Cluster name {name} cannot have same first {PREFIX} characters as another cluster name in same group."
        raise Refused(400, "DUPLICATE_CLUSTER_NAME_PREFIX", detail, name)
    if "replicationSpecs" not in body or "paused" in body:
        raise Refused(400, "INVALID_CLUSTER_CONFIGURATION", "The specified cluster configuration is not valid.")
    project.all("cluster")[name] = cluster = Cluster(project, body)
    return cluster.shown()


@route("GET", "/groups/{group}/clusters/{name}", "GetCluster", gives="ClusterDescription20240805")
def get_cluster(organization, _, group, name):
    return one(organization, group, name).shown()


@route(
    "PATCH",
    "/groups/{group}/clusters/{name}",
    "UpdateCluster",
    takes="ClusterDescription20240805",
    gives="ClusterDescription20240805",
)
def update_cluster(organization, body, group, name):
    cluster = one(organization, group, name)
    if cluster.state == "DELETING":
        detail = f"The cluster {name} has already been requested for deletion."
        raise Refused(400, "CLUSTER_ALREADY_REQUESTED_DELETION", detail, name)
    if cluster.free:
        detail = "Cannot update a M0/M2/M5 cluster through the public API."
        raise Refused(400, "TENANT_CLUSTER_UPDATE_UNSUPPORTED", detail)
    if "paused" in body and len(body) > 1:
        detail = f"Cannot update and pause cluster {name} at the same time."
        raise Refused(409, "CANNOT_UPDATE_AND_PAUSE_CLUSTER", detail, name)
    if "paused" in body:
        pause(cluster, body["paused"])
        return cluster.shown()
    if cluster.row["paused"]:
        detail = f"Cannot update cluster {name} while it is paused or being paused."
        raise Refused(409, "CANNOT_UPDATE_PAUSED_CLUSTER", detail, name)
    cluster.change(body)
    # Tags and protection change nothing on the machines.
    if set(body) - {"tags", "terminationProtectionEnabled"} and cluster.state == "IDLE":
        cluster.enter("UPDATING", "IDLE")
    return cluster.shown()


def pause(cluster, paused):
    if paused == cluster.row["paused"]:
        return
    if cluster.state != "IDLE":
        detail = f"Cannot update and pause cluster {cluster.name} at the same time."
        raise Refused(409, "CANNOT_UPDATE_AND_PAUSE_CLUSTER", detail, cluster.name)
    if paused and cluster.resumed and time.monotonic() - cluster.resumed < RUNS:
        detail = f"Cannot pause cluster {cluster.name}: it was resumed less than 60 minutes ago."
        raise Refused(409, "CANNOT_PAUSE_RECENTLY_RESUMED_CLUSTER", detail, cluster.name)
    cluster.row["paused"] = paused
    cluster.resumed = None if paused else time.monotonic()
    cluster.enter("UPDATING", "IDLE")


@route("DELETE", "/groups/{group}/clusters/{name}", "DeleteCluster")
def delete_cluster(organization, _, group, name):
    cluster = one(organization, group, name)
    if cluster.state == "DELETING":
        detail = f"The cluster {name} has already been requested for deletion."
        raise Refused(400, "CLUSTER_ALREADY_REQUESTED_DELETION", detail, name)
    if cluster.row["terminationProtectionEnabled"]:
        detail = f"Cannot terminate cluster {name} while termination protection is enabled."
        raise Refused(400, "CANNOT_TERMINATE_CLUSTER_WHEN_TERMINATION_PROTECTION_ENABLED", detail, name)
    cluster.enter("DELETING", "DELETED")
