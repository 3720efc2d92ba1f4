"""Route 53: a caller reference is used once, a record is deleted by all of its values, and the order of records."""

import copy
import re

from moto.route53.exceptions import InvalidInput, Route53ClientError
from moto.route53.models import FakeZone, Route53Backend

from patch import around


@around(Route53Backend)
def create_hosted_zone(inner, self, name, *args, **kwargs):
    reference = kwargs.get("caller_reference")
    if reference and any(zone.caller_reference == reference for zone in list(self.zones.values())):
        raise Route53ClientError(
            "HostedZoneAlreadyExists", "A hosted zone has already been created with the specified caller reference."
        )
    return inner(self, name, *args, **kwargs)


@around(Route53Backend)
def change_resource_record_sets(inner, self, zoneid, change_list):
    try:
        return inner(self, zoneid, change_list)
    except InvalidInput as error:
        deleted = re.search(r"\[Action=DELETE, Name=([^,]*), Type=([^,]*),", error.message)
        if not deleted:
            raise
        name = deleted.group(1).rstrip(".") + "."
        records = list(self.get_hosted_zone(zoneid).rrsets)
        there = any(each.name == name and each.type == deleted.group(2) for each in records)
        reason = "the values provided do not match the current values" if there else "it was not found"
        raise Route53ClientError(
            "InvalidChangeBatch",
            f"[Tried to delete resource record set [name='{name}', type='{deleted.group(2)}'] but {reason}]",
        ) from None


@around(FakeZone)
def get_record_sets(inner, self, start_type, start_name):
    """By name with the labels turned round; an asterisk is shown as its octal code."""
    records = sorted(list(self.rrsets), key=place)
    if start_name:
        start = (labels(start_name), start_type or "")
        records = [each for each in records if place(each)[: len(start)] >= start]
    return [shown(each) for each in records]


def place(record):
    return (labels(record.name), record.type, record.set_identifier or "")


def labels(name):
    return name.replace("\\052", "*").rstrip(".").lower().split(".")[::-1]


def shown(record):
    if "*" not in record.name:
        return record
    record = copy.copy(record)
    record.name = record.name.replace("*", "\\052")
    return record
