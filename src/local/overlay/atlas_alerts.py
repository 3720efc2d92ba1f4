"""MongoDB Atlas: what people are told of."""

import copy

from atlas import Refused, new_id, now, route
from atlas_projects import find

OWNERS = {"typeName": "GROUP", "roles": ["GROUP_OWNER"], "emailEnabled": True, "smsEnabled": False}
# Some of those that a project begins with.
PROPOSED = [{"eventTypeName": name, "notifications": [OWNERS]} for name in ("NO_PRIMARY", "CLUSTER_MONGOS_IS_MISSING")]


def alerts(organization, group):
    return find(organization, group).all("alert")


def add(group, rows, body):
    if not body.get("notifications"):
        raise Refused(400, "NOTIFICATION_REQUIRED", "At least one notification must be specified for an alert configuration.")
    if body["eventTypeName"] == "OUTSIDE_METRIC_THRESHOLD" and not body.get("metricThreshold"):
        raise Refused(400, "METRIC_THRESHOLD_REQUIRED", "A metric threshold must be given for this event.")
    row = {"enabled": False, "matchers": [], **copy.deepcopy(body)}
    row.update(id=new_id(), groupId=group, created=now(), updated=now(), links=[])
    for notification in row["notifications"]:
        notification.setdefault("delayMin", 0)
        notification.setdefault("intervalMin", 60)
        notification["notifierId"] = new_id()
    rows[row["id"]] = row
    return row


def propose(project):
    """What a project begins with, unless that is not wanted."""
    for body in PROPOSED:
        add(project.id, project.all("alert"), {**body, "enabled": True})


@route("GET", "/groups/{group}/alertConfigs", "ListAlertConfigurations", gives="GroupAlertsConfig")
def list_alerts(organization, _, group):
    return list(alerts(organization, group).values())


@route("POST", "/groups/{group}/alertConfigs", "CreateAlertConfiguration", takes="GroupAlertsConfig", gives="GroupAlertsConfig", status=201)
def create_alert(organization, body, group):
    return add(group, alerts(organization, group), body)


@route("DELETE", "/groups/{group}/alertConfigs/{name}", "DeleteAlertConfiguration")
def delete_alert(organization, _, group, name):
    if name not in alerts(organization, group):
        raise Refused(404, "ALERT_CONFIG_NOT_FOUND", f"No alert configuration with ID {name} exists.", name)
    del alerts(organization, group)[name]
