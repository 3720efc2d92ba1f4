"""MongoDB Atlas: flex clusters, on machines that customers share."""

import time

from atlas import Refused, new_id, now, route, tags
from atlas_clusters import NAME, clusters
from atlas_projects import find
from own import phase

VERSION = "8.0.12"


class Flex:
    def __init__(self, project, body):
        self.project, self.id, self.created, self.name = project, new_id(), now(), body["name"]
        self.region = body["providerSettings"]["regionName"]
        self.row = {"terminationProtectionEnabled": False, "tags": []}
        self.enter("CREATING", "IDLE")
        self.change(body)

    @property
    def state(self):
        return phase(self.since, self.states)

    def enter(self, *states):
        self.states, self.since = list(states), time.monotonic()

    def change(self, body):
        row = {**self.row, **{name: body[name] for name in self.row if name in body}}
        tags(row["tags"])
        self.row = row

    def shown(self):
        host = f"{self.name.lower()}.{self.project.id[-5:]}.mongodb.net"
        strings = {}
        if self.state != "CREATING":
            strings = {"standard": f"mongodb://ac-{host}:27017/?ssl=true", "standardSrv": f"mongodb+srv://{host}"}
        return {
            "id": self.id,
            "name": self.name,
            "groupId": self.project.id,
            "clusterType": "REPLICASET",
            "createDate": self.created,
            "mongoDBVersion": VERSION,
            "stateName": self.state,
            "connectionStrings": strings,
            "backupSettings": {"enabled": True},
            "providerSettings": {
                "backingProviderName": "AWS",
                "diskSizeGB": 5.0,
                "providerName": "FLEX",
                "regionName": self.region,
            },
            "versionReleaseSystem": "LTS",
            "links": [],
            **self.row,
        }


def flex(project):
    """Those that are not gone."""
    rows = project.all("flex")
    for name, cluster in list(rows.items()):
        if cluster.state == "DELETED":
            del rows[name]
    return rows


def one(organization, group, name):
    found = flex(find(organization, group)).get(name)
    if found is None:
        raise Refused(404, "CLUSTER_NOT_FOUND", f"No cluster named {name} exists in group {group}.", name, group)
    return found


@route("GET", "/groups/{group}/flexClusters", "ListFlexClusters", gives="FlexClusterDescription20241113")
def list_flex(organization, _, group):
    return [cluster.shown() for cluster in flex(find(organization, group)).values()]


@route(
    "POST",
    "/groups/{group}/flexClusters",
    "CreateFlexCluster",
    takes="FlexClusterDescriptionCreate20241113",
    gives="FlexClusterDescription20241113",
    status=201,
)
def create_flex(organization, body, group):
    project = find(organization, group)
    name = body.get("name", "")
    if not NAME.match(name):
        detail = f"The cluster name {name} is invalid. The name can only contain ASCII letters, numbers, and hyphens."
        raise Refused(400, "CLUSTER_NAME_INVALID", detail, name)
    if name in flex(project) or name in clusters(project):
        detail = f"A cluster named {name} is already present in group {group}."
        raise Refused(400, "DUPLICATE_CLUSTER_NAME", detail, name, group)
    settings = body.get("providerSettings") or {}
    for required in ("backingProviderName", "regionName"):
        if required not in settings:
            detail = f"The required attribute {required} was not specified."
            raise Refused(400, "MISSING_ATTRIBUTE", detail, required)
    project.all("flex")[name] = cluster = Flex(project, body)
    return cluster.shown()


@route("GET", "/groups/{group}/flexClusters/{name}", "GetFlexCluster", gives="FlexClusterDescription20241113")
def get_flex(organization, _, group, name):
    return one(organization, group, name).shown()


@route(
    "PATCH",
    "/groups/{group}/flexClusters/{name}",
    "UpdateFlexCluster",
    takes="FlexClusterDescriptionUpdate20241113",
    gives="FlexClusterDescription20241113",
)
def update_flex(organization, body, group, name):
    cluster = one(organization, group, name)
    refuse_deleted(cluster)
    cluster.change(body)
    return cluster.shown()


@route("DELETE", "/groups/{group}/flexClusters/{name}", "DeleteFlexCluster")
def delete_flex(organization, _, group, name):
    cluster = one(organization, group, name)
    refuse_deleted(cluster)
    if cluster.row["terminationProtectionEnabled"]:
        detail = f"Cannot terminate cluster {name} while termination protection is enabled."
        raise Refused(400, "CANNOT_TERMINATE_CLUSTER_WHEN_TERMINATION_PROTECTION_ENABLED", detail, name)
    cluster.enter("DELETING", "DELETED")


def refuse_deleted(cluster):
    if cluster.state == "DELETING":
        detail = f"The cluster {cluster.name} has already been requested for deletion."
        raise Refused(400, "CLUSTER_ALREADY_REQUESTED_DELETION", detail, cluster.name)
