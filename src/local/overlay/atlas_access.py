"""MongoDB Atlas: who gets in. Database users, and the addresses that a project lets in."""

import ipaddress

from atlas import Refused, route
from atlas_clusters import clusters
from atlas_projects import find

KEPT = ("roles", "scopes", "labels")
BUILT_IN = {
    "atlasAdmin",
    "backup",
    "clusterMonitor",
    "dbAdmin",
    "dbAdminAnyDatabase",
    "enableSharding",
    "read",
    "readAnyDatabase",
    "readWrite",
    "readWriteAnyDatabase",
}
PASSWORD = 8
COMMENT = 80


def users(organization, group):
    return find(organization, group).all("database-user")


def one(organization, group, database, name):
    found = users(organization, group).get(f"{database}/{name}")
    if found is None:
        raise Refused(404, "USER_NOT_FOUND", f"No user with username {name} exists.", name)
    return found


def shown(row):
    return {**{name: value for name, value in row.items() if name != "password"}, "links": []}


def checked(project, row):
    if len(row.get("password") or "") < PASSWORD:
        raise Refused(400, "PASSWORD_TOO_SHORT", f"The password must be at least {PASSWORD} characters.")
    if not row.get("roles"):
        raise Refused(400, "ATLAS_MISSING_ROLES", "At least one role has to be given.")
    for role in row["roles"]:
        if role["roleName"] not in BUILT_IN:
            raise Refused(400, "UNSUPPORTED_ROLE", f"Role {role['roleName']} is not supported.", role["roleName"])
    for scope in row["scopes"]:
        if scope["name"] not in clusters(project):
            raise Refused(404, "CLUSTER_NOT_FOUND", f"No cluster named {scope['name']} exists.", scope["name"])
    return row


@route("GET", "/groups/{group}/databaseUsers", "ListDatabaseUsers", gives="CloudDatabaseUser")
def list_database_users(organization, _, group):
    return [shown(row) for row in users(organization, group).values()]


@route(
    "POST", "/groups/{group}/databaseUsers", "CreateDatabaseUser", takes="CloudDatabaseUser", gives="CloudDatabaseUser", status=201
)
def create_database_user(organization, body, group):
    name = f"{body['databaseName']}/{body['username']}"
    if name in users(organization, group):
        raise Refused(409, "USER_ALREADY_EXISTS", f"The user {body['username']} already exists.", body["username"])
    row = {
        "databaseName": body["databaseName"],
        "username": body["username"],
        "awsIAMType": "NONE",
        "ldapAuthType": "NONE",
        "oidcAuthType": "NONE",
        "x509Type": "NONE",
        "password": body.get("password"),
        **{each: body.get(each, []) for each in KEPT},
    }
    users(organization, group)[name] = row = checked(find(organization, group), row)
    return shown(row)


@route("GET", "/groups/{group}/databaseUsers/{database}/{name}", "GetDatabaseUser", gives="CloudDatabaseUser")
def get_database_user(organization, _, group, database, name):
    return shown(one(organization, group, database, name))


@route(
    "PATCH",
    "/groups/{group}/databaseUsers/{database}/{name}",
    "UpdateDatabaseUser",
    takes="CloudDatabaseUser",
    gives="CloudDatabaseUser",
)
def update_database_user(organization, body, group, database, name):
    row = one(organization, group, database, name)
    new = {**row, **{each: body[each] for each in (*KEPT, "password") if each in body}}
    row.update(checked(find(organization, group), new))
    return shown(row)


@route("DELETE", "/groups/{group}/databaseUsers/{database}/{name}", "DeleteDatabaseUser")
def delete_database_user(organization, _, group, database, name):
    one(organization, group, database, name)
    del users(organization, group)[f"{database}/{name}"]


# Addresses


def entries(organization, group):
    return find(organization, group).all("access-list-entry")


@route("GET", "/groups/{group}/accessList", "ListAccessListEntries", gives="NetworkPermissionEntry")
def list_access_list(organization, _, group):
    return list(entries(organization, group).values())


@route("POST", "/groups/{group}/accessList", "CreateAccessListEntry", takes="[NetworkPermissionEntry]", gives="NetworkPermissionEntry", status=201)
def create_access_list(organization, body, group):
    """Adds entries, and changes the comments of those that are there."""
    rows = entries(organization, group)
    for entry in body:
        given = [entry.get(name) for name in ("cidrBlock", "ipAddress", "awsSecurityGroup")]
        if sum(1 for each in given if each) != 1:
            raise Refused(400, "INVALID_NETWORK_PERMISSION", "Give a CIDR block, an address, or a security group.")
        if entry.get("awsSecurityGroup"):
            detail = "Cannot use aws security groups as whitelist entries without a vpc peering connection."
            raise Refused(400, "CANNOT_USE_AWS_SECURITY_GROUP_WITHOUT_VPC_PEERING_CONNECTION", detail)
        if len(entry.get("comment") or "") > COMMENT:
            raise Refused(400, "INVALID_ATTRIBUTE", f"A comment has at most {COMMENT} characters.", "comment")
        try:
            block = str(ipaddress.ip_network(entry.get("cidrBlock") or entry.get("ipAddress")))
        except ValueError:
            raise Refused(400, "INVALID_CIDR_BLOCK", "The cidr block must be in valid CIDR notation.") from None
        row = {"cidrBlock": block, "groupId": group, "comment": entry.get("comment", ""), "links": []}
        if block.endswith(("/32", "/128")):
            row["ipAddress"] = block.partition("/")[0]
        rows[block] = row
    return list(rows.values())


@route("DELETE", "/groups/{group}/accessList/{block}", "DeleteAccessListEntry")
def delete_access_list(organization, _, group, block):
    rows = entries(organization, group)
    block = block if "/" in block else f"{block}/32"
    if block not in rows:
        detail = f"The address {block} is not on the access list."
        raise Refused(404, "ATLAS_NETWORK_PERMISSION_ENTRY_NOT_FOUND", detail, block)
    del rows[block]
