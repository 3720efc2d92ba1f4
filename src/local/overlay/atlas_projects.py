"""MongoDB Atlas: organizations and projects."""

import re

from atlas import Refused, new_id, now, route, tags

NAME = re.compile(r"^[\w .(),:&@+'-]{1,64}$")


class Project:
    """A project; in Atlas's paths a group. `kept` is what other files keep in it, by sort and name."""

    def __init__(self, organization, name, labels):
        self.organization = organization
        self.id, self.created = new_id(), now()
        self.name, self.tags = name, labels
        self.kept = {}

    def all(self, sort):
        return self.kept.setdefault(sort, {})

    def census(self):
        import atlas_clusters
        import atlas_flex
        import atlas_network

        atlas_clusters.clusters(self)
        atlas_flex.flex(self)
        atlas_network.peers(self)
        return {sort: [str(name) for name in rows] for sort, rows in self.kept.items()}

    def shown(self):
        return {
            "id": self.id,
            "name": self.name,
            "orgId": self.organization.id,
            "created": self.created,
            "clusterCount": len(self.all("cluster")),
            "tags": self.tags,
            "links": [],
        }


def find(organization, group):
    project = organization.projects.get(group)
    if project is None:
        raise Refused(404, "GROUP_NOT_FOUND", f"No group with ID {group} exists.", group)
    return project


@route("GET", "/orgs", "ListOrganizations", gives="AtlasOrganization")
def list_organizations(organization, _):
    return [{"id": organization.id, "name": "Local", "isDeleted": False, "links": []}]


@route("GET", "/groups", "ListProjects", gives="Group")
def list_projects(organization, _):
    return [project.shown() for project in organization.projects.values()]


@route("POST", "/groups", "CreateProject", takes="Group", gives="Group")
def create_project(organization, body):
    name = named(organization, body["name"])
    if body["orgId"] != organization.id:
        raise Refused(401, "NOT_ORG_GROUP_CREATOR", "The currently logged in user does not have the role to create projects.")
    project = Project(organization, name, tags(body.get("tags", [])))
    organization.projects[project.id] = project
    if body.get("withDefaultAlertsSettings", True):
        import atlas_alerts

        atlas_alerts.propose(project)
    return project.shown()


def named(organization, name):
    if not NAME.match(name):
        raise Refused(400, "INVALID_GROUP_NAME", f"Group name {name} is invalid.", name)
    if any(project.name == name for project in organization.projects.values()):
        raise Refused(409, "GROUP_ALREADY_EXISTS", f'A group with name "{name}" already exists.', name)
    return name


@route("GET", "/groups/{group}", "GetProject", gives="Group")
def get_project(organization, _, group):
    return find(organization, group).shown()


@route("PATCH", "/groups/{group}", "UpdateProject", takes="GroupUpdate", gives="Group")
def update_project(organization, body, group):
    project = find(organization, group)
    if body.get("name", project.name) != project.name:
        project.name = named(organization, body["name"])
    if "tags" in body:
        project.tags = tags(body["tags"])
    return project.shown()


@route("DELETE", "/groups/{group}", "DeleteProject")
def delete_project(organization, _, group):
    project = find(organization, group)
    project.census()
    if project.all("cluster") or project.all("flex"):
        detail = "Cannot close group while it has active Atlas clusters; please terminate all clusters."
        raise Refused(409, "CANNOT_CLOSE_GROUP_ACTIVE_ATLAS_CLUSTERS", detail)
    if project.all("peering"):
        detail = "Cannot close group while there are active peering connections in the group."
        raise Refused(409, "CANNOT_CLOSE_GROUP_ACTIVE_PEERING_CONNECTIONS", detail)
    del organization.projects[group]
