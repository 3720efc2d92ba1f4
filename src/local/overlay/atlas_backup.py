"""MongoDB Atlas: the backup schedules of clusters."""

import copy

from atlas import Refused, new_id, route
from atlas_clusters import one

UNITS = {"days": 1, "weeks": 7, "months": 31, "years": 366}
ORDER = ("hourly", "daily", "weekly", "monthly", "yearly")
INTERVALS = {"hourly": (1, 2, 4, 6, 8, 12), "daily": (1,), "weekly": range(1, 8), "monthly": (*range(1, 29), 40), "yearly": range(1, 13)}
# What a cluster begins with, as Atlas's own policy is documented.
FIRST = [("hourly", 6, "days", 7), ("daily", 1, "days", 7), ("weekly", 6, "weeks", 4), ("monthly", 40, "months", 12)]


def schedule(organization, group, name):
    cluster = one(organization, group, name)
    if not cluster.row["backupEnabled"]:
        detail = f"No backup schedule exists for cluster {name}."
        raise Refused(404, "RESOURCE_NOT_FOUND", detail, name)
    if not hasattr(cluster, "schedule"):
        cluster.schedule = {
            "referenceHourOfDay": 17,
            "referenceMinuteOfHour": 30,
            "restoreWindowDays": 7,
            "policies": [{"id": new_id(), "policyItems": [item(*each) for each in FIRST]}],
            "copySettings": [],
        }
    return cluster, cluster.schedule


def item(frequency, interval, unit, value):
    return {
        "id": new_id(),
        "frequencyType": frequency,
        "frequencyInterval": interval,
        "retentionUnit": unit,
        "retentionValue": value,
    }


def shown(cluster, row):
    return {
        **row,
        "clusterId": cluster.id,
        "clusterName": cluster.name,
        "autoExportEnabled": False,
        "useOrgAndGroupNamesInExportPrefix": False,
        "links": [],
    }


@route("GET", "/groups/{group}/clusters/{name}/backup/schedule", "GetBackupSchedule", gives="DiskBackupSnapshotSchedule20240805")
def get_backup_schedule(organization, _, group, name):
    return shown(*schedule(organization, group, name))


@route(
    "PATCH",
    "/groups/{group}/clusters/{name}/backup/schedule",
    "UpdateBackupSchedule",
    takes="DiskBackupSnapshotSchedule20240805",
    gives="DiskBackupSnapshotSchedule20240805",
)
def update_backup_schedule(organization, body, group, name):
    cluster, row = schedule(organization, group, name)
    new = {**row, **{key: copy.deepcopy(body[key]) for key in row if key in body}}
    if [policy.get("id") for policy in new["policies"]] != [policy["id"] for policy in row["policies"]]:
        raise Refused(400, "INVALID_BACKUP_POLICY", "Invalid Backup Policy: its id is not the cluster's.")
    check_policies([each for policy in new["policies"] for each in policy["policyItems"]], new["restoreWindowDays"])
    zone = cluster.row["replicationSpecs"][0]["zoneId"]
    if any(setting.get("zoneId") != zone for setting in new["copySettings"]):
        raise Refused(400, "INVALID_BACKUP_POLICY", "Invalid Backup Policy: a copy's zone is not the cluster's.")
    cluster.schedule = new
    return shown(cluster, new)


def check_policies(items, window):
    """Rarer snapshots stay for as long as more frequent ones, and every minute for no longer than the hourly ones."""

    def wrong(why):
        raise Refused(400, "INVALID_BACKUP_POLICY", f"Invalid Backup Policy: {why}")

    days = 0
    for frequency in ORDER:
        of = [each for each in items if each["frequencyType"] == frequency]
        for each in of:
            each.setdefault("id", new_id())
            if each["frequencyInterval"] not in INTERVALS[frequency]:
                wrong(f"{each['frequencyInterval']} is no interval of {frequency} snapshots.")
            kept = each["retentionValue"] * UNITS[each["retentionUnit"]]
            if kept < days:
                wrong(f"{frequency} snapshots are kept for less time than more frequent ones.")
        days = max([days, *(each["retentionValue"] * UNITS[each["retentionUnit"]] for each in of)])
        if frequency == "hourly" and of and window > days:
            wrong("the restore window is longer than hourly snapshots are kept.")
