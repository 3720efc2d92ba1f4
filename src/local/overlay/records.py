"""Route 53's records: a batch of changes takes effect as a whole or not at all, what may stand beside what, values that
are quoted, and the order in which records are listed."""

import copy
import re

from moto.route53.exceptions import Route53ClientError
from moto.route53.models import FakeZone, RecordSet, Route53Backend
from moto.route53.responses import Route53
from moto.route53.utils import validate_domain_name

from patch import around
from route53 import LOCK

POLICIES = {
    "weight": "weighted",
    "region": "latency",
    "failover": "failover",
    "geo_location": "geolocation",
    "multi_value_answer": "multivalue answer",
}
STRINGS = re.compile(r'\s*"((?:[^"\\]|\\.)*)"\s*')


@around(Route53Backend)
def change_resource_record_sets(inner, self, zoneid, change_list):
    zone = self.get_hosted_zone(zoneid)
    with LOCK:
        records = list(zone.rrsets)
        problems = [text for change in change_list if (text := made(self, zone, records, change))]
        if not problems:
            problems = [text for name in sorted({each.name for each in records}) if (text := beside(zone, records, name))]
        if problems:
            raise Route53ClientError("InvalidChangeBatch", f"[{', '.join(problems)}]")
        zone.rrsets = records


def made(backend, zone, records, change):
    """Makes one change of a batch in a list of records; what is wrong with it otherwise."""
    action, given = change["Action"], change["ResourceRecordSet"]
    validate_domain_name(given["Name"], code="InvalidChangeBatch")
    record = RecordSet({**given, "ResourceRecords": [each["Value"] for each in given.get("ResourceRecords") or []]})
    record.name = full(given["Name"])
    found = next((each for each in records if key(each) == key(record)), None)
    if action == "DELETE":
        if found is None:
            return f"Tried to delete resource record set {said(record)} but it was not found"
        if content(found) != content(record):
            reason = "the values provided do not match the current values"
            return f"Tried to delete resource record set {said(record)} but {reason}"
        if record.name == full(zone.name) and record.type in ("NS", "SOA"):
            return f"A HostedZone must contain at least one {record.type} record for the zone itself."
        records.remove(found)
        return None
    if action == "CREATE" and found is not None:
        return f"Tried to create resource record set {said(record)} but it already exists"
    if text := wrong(backend, zone, record):
        return text
    if found is not None:
        records[records.index(found)] = record
    else:
        records.append(record)
    return None


def full(name):
    return name.replace("\\052", "*").rstrip(".").lower() + "."


def key(record):
    return full(record.name), record.type, record.set_identifier


def said(record):
    words = f"name='{record.name}', type='{record.type}'"
    return f"[{words}, set-identifier='{record.set_identifier}']" if record.set_identifier else f"[{words}]"


def content(record):
    names = ("weight", "region", "failover", "geo_location", "multi_value_answer", "health_check_id")
    rest = ["" if (value := getattr(record, name)) in (None, "") else str(value) for name in names]
    target = record.alias_target or {}
    alias = (target.get("HostedZoneId"), full(target["DNSName"]), str(target.get("EvaluateTargetHealth"))) if target else ()
    return sorted(record.records or []), str(record.ttl or ""), alias, rest


def wrong(backend, zone, record):
    apex = full(zone.name)
    if record.name != apex and not record.name.endswith("." + apex):
        return f"RRSet with DNS name {record.name} is not permitted in zone {apex}"
    if any(len(label) > 63 for label in record.name.split(".")) or len(record.name) > 255:
        return f"FATAL problem: DomainLabelTooLong encountered with '{record.name}'"
    if bool(record.alias_target) == bool(record.records) or bool(record.alias_target) == (record.ttl is not None):
        return "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords]]"
    if record.health_check_id and record.health_check_id not in backend.health_checks:
        return f"The health check {record.health_check_id} does not exist"
    if record.type == "CNAME" and record.name == apex:
        return f"RRSet of type CNAME with DNS name {apex} is not permitted at apex in zone {apex}"
    if record.type == "CNAME" and len(record.records or []) > 1:
        return f"RRSet of type CNAME with DNS name {record.name} has more than one value"
    if bool(record.set_identifier) != bool(policy(record)):
        return f"RRSet with DNS name {record.name}, type {record.type} needs both a set identifier and a routing policy"
    if record.type in ("TXT", "SPF"):
        for value in record.records or []:
            strings = STRINGS.findall(value)
            if not strings or STRINGS.sub("", value):
                return f"Invalid Resource Record: FATAL problem: InvalidCharacterString (Value should be enclosed in quotation marks) encountered with '{value}'"
            if any(len(re.sub(r"\\(\d{3}|.)", "x", each)) > 255 for each in strings):
                return f"Invalid Resource Record: FATAL problem: CharacterStringTooLong (Value is too long) encountered with '{value}'"
    return None


def policy(record):
    held = {word: getattr(record, name) for name, word in POLICIES.items()}
    return next((word for word, value in held.items() if value is not None and value is not False), None)


def beside(zone, records, name):
    """What cannot stand beside each other under one name."""
    here = [each for each in records if each.name == name]
    types = {each.type for each in here}
    if "CNAME" in types and len(types) > 1:
        other = sorted(types - {"CNAME"})[0]
        return (
            f"RRSet of type {other} with DNS name {name} is not permitted because a conflicting RRSet of type  CNAME "
            f"with the same DNS name already exists in zone {zone.name}"
        )
    for each in sorted(types):
        policies = {policy(record) for record in here if record.type == each}
        if len(policies) > 1:
            word = sorted(map(str, policies))[0]
            return (
                f"RRSet with DNS name {name}, type {each} cannot be created as other RRSets exist with the same name "
                f"and type and the policy {word}"
            )
    return None


@around(FakeZone)
def get_record_sets(inner, self, start_type, start_name):
    """By name with the labels turned round; an asterisk is shown as its octal code."""
    records = sorted(list(self.rrsets), key=place)
    if start_name:
        start = (labels(start_name), start_type or "")
        records = [each for each in records if place(each)[: len(start)] >= start]
    return [shown(each) for each in records]


@around(Route53)
def list_resource_record_sets(inner, self):
    """Pages go on at a set identifier too."""
    answer, start = inner(self), self._get_param("StartRecordIdentifier")
    result = answer.result
    if start:
        zone, most = self.backend.get_hosted_zone(self._get_param("HostedZoneId")), result["MaxItems"]
        first = (labels(self._get_param("StartRecordName")), self._get_param("StartRecordType"), start)
        left = [shown(each) for each in sorted(list(zone.rrsets), key=place) if place(each) >= first]
        following = left[most] if len(left) > most else None
        result["ResourceRecordSets"] = left[:most]
        result["IsTruncated"] = following is not None
        result["NextRecordName"] = following.name if following else None
        result["NextRecordType"] = following.type if following else None
    else:
        following = None
        if result["IsTruncated"]:
            zone = self.backend.get_hosted_zone(self._get_param("HostedZoneId"))
            first = self._get_param("StartRecordName"), self._get_param("StartRecordType")
            following = zone.get_record_sets(first[1], first[0])[result["MaxItems"]]
    result["NextRecordIdentifier"] = following.set_identifier if following else None
    return answer


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
