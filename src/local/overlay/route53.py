"""Route 53: zones and health checks that are made once for a caller reference, health checks as they were given, and
the tags of both, which the tagging API shows in one region alone. Records are in `records.py`."""

import threading

from moto.route53.exceptions import NoSuchHealthCheck, Route53ClientError
from moto.route53.models import HealthCheck, Route53Backend
from moto.route53.responses import Route53
from moto.core.responses import ActionResult

from patch import added, around

# One change at a time, as each zone and check has one version.
LOCK = threading.RLock()
RESET = {"ChildHealthChecks", "FullyQualifiedDomainName", "Regions", "ResourcePath"}
FIXED = ("Type", "RequestInterval", "MeasureLatency")
CHECKS_ENDPOINTS = ("HTTP", "HTTPS", "HTTP_STR_MATCH", "HTTPS_STR_MATCH", "TCP")


def refuse(code, message):
    raise Route53ClientError(code, message)


@around(Route53Backend)
def create_hosted_zone(inner, self, name, *args, **kwargs):
    reference = kwargs.get("caller_reference")
    with LOCK:
        if reference and reference in used(self, "zones"):
            text = "A hosted zone has already been created with the specified caller reference."
            refuse("HostedZoneAlreadyExists", text)
        if kwargs.get("vpcid"):
            associable(self, name, kwargs["vpcid"])
        zone = inner(self, name.lower(), *args, **kwargs)
        used(self, "zones").add(reference)
    return zone


def used(backend, what):
    """The references of what there is and of what there was."""
    return backend.__dict__.setdefault(f"used_by_{what}", set())


def associable(backend, name, vpc):
    for zone in list(backend.zones.values()):
        if zone.private_zone and zone.name == name and any(each["vpc_id"] == vpc for each in zone.vpcs):
            text = f"The VPC {vpc} is already associated with a hosted zone {name}"
            refuse("ConflictingDomainExists", text)


@around(Route53Backend)
def associate_vpc_with_hosted_zone(inner, self, zone_id, vpcid, vpcregion):
    with LOCK:
        associable(self, self.get_hosted_zone(zone_id).name, vpcid)
        return inner(self, zone_id, vpcid, vpcregion)


@around(Route53Backend)
def disassociate_vpc_from_hosted_zone(inner, self, zone_id, vpcid):
    with LOCK:
        zone = self.get_hosted_zone(zone_id)
        if not any(each["vpc_id"] == vpcid for each in zone.vpcs):
            refuse("VPCAssociationNotFound", f"The VPC {vpcid} is not associated with the hosted zone {zone_id}.")
        return inner(self, zone_id, vpcid)


@around(Route53Backend)
def delete_hosted_zone(inner, self, id_):
    """The tags go with the zone; an NS record of a part of it counts as a record of its own."""
    zone = self.get_hosted_zone(id_)
    with LOCK:
        if any(each.type == "NS" and each.name.rstrip(".") != zone.name.rstrip(".") for each in zone.rrsets):
            text = "The hosted zone contains resource records that are not SOA or NS records."
            refuse("HostedZoneNotEmpty", text)
        answer = inner(self, id_)
        self.resource_tags.pop(zone.resource_id, None)
    return answer


def as_given(config):
    """A health check's settings: what was given, and AWS's defaults of the type."""
    kind = config["Type"]
    config = {"Inverted": False, "Disabled": False, **config}
    if kind in CHECKS_ENDPOINTS:
        config = {"RequestInterval": 30, "FailureThreshold": 3, "MeasureLatency": False, **config}
        config.setdefault("EnableSNI", kind.startswith("HTTPS"))
    return {name: value for name, value in config.items() if value not in (None, "", [])}


HealthCheck.health_check_config = property(lambda self: self.settings)


@added(Route53)
def create_health_check(self):
    backend, reference = self.backend, self._get_param("CallerReference")
    settings = as_given(dict(self._get_param("HealthCheckConfig")))
    with LOCK:
        same = [each for each in list(backend.health_checks.values()) if each.caller_reference == reference]
        if same and same[0].settings == settings:
            return ActionResult({"HealthCheck": same[0]})
        if same or reference in used(backend, "checks"):
            refuse("HealthCheckAlreadyExists", "A health check exists with the same caller reference.")
        complete(backend, settings)
        check = backend.create_health_check(reference, {"type": settings["Type"]})
        check.settings = settings
        used(backend, "checks").add(reference)
    return ActionResult({"HealthCheck": check})


def complete(backend, settings):
    kind = settings["Type"]
    if kind in CHECKS_ENDPOINTS and not (settings.get("IPAddress") or settings.get("FullyQualifiedDomainName")):
        refuse("InvalidInput", "Either IPAddress or FullyQualifiedDomainName is required.")
    if kind == "TCP" and not settings.get("Port"):
        refuse("InvalidInput", "Port is required for a TCP health check.")
    if kind.endswith("STR_MATCH") != ("SearchString" in settings):
        refuse("InvalidInput", f"SearchString does not fit a health check of type {kind}.")
    if kind == "CLOUDWATCH_METRIC" and "AlarmIdentifier" not in settings:
        refuse("InvalidInput", "AlarmIdentifier is required for a health check of type CLOUDWATCH_METRIC.")
    if kind not in CHECKS_ENDPOINTS and settings.keys() & {"IPAddress", "Port", "FullyQualifiedDomainName"}:
        refuse("InvalidInput", f"A health check of type {kind} has no endpoint.")
    if 0 < len(settings.get("Regions", [])) < 3:
        refuse("InvalidInput", "A health check needs at least three regions.")
    for child in settings.get("ChildHealthChecks", []):
        if child not in backend.health_checks:
            refuse("InvalidInput", f"A health check with id {child} does not exist.")


@added(Route53)
def update_health_check(self):
    backend, identity = self.backend, self._get_param("HealthCheckId")
    check = backend.get_health_check(identity)
    version = self._get_param("HealthCheckVersion")
    with LOCK:
        if version and int(version) != check.health_check_version:
            refuse("HealthCheckVersionMismatch", "The health check was changed after its version was read.")
        settings = dict(check.settings)
        for name in self._get_param("ResetElements", []):
            if name not in RESET:
                refuse("InvalidInput", f"{name} cannot be reset.")
            settings.pop(name, None)
        given = self.params
        names = CHANGEABLE.keys() & given.keys()
        if ("IPAddress" in names) and "IPAddress" not in settings:
            refuse("InvalidInput", "IPAddress cannot be added to a health check.")
        settings.update({name: CHANGEABLE[name](given[name]) for name in names})
        settings = as_given({**settings, **{name: check.settings.get(name) for name in FIXED}})
        complete(backend, settings)
        check.settings = settings
        check.health_check_version += 1
    return ActionResult({"HealthCheck": check})


def same(value):
    return value


def truth(value):
    return value if isinstance(value, bool) else str(value).lower() == "true"


CHANGEABLE = {
    "IPAddress": same,
    "Port": int,
    "ResourcePath": same,
    "FullyQualifiedDomainName": same,
    "SearchString": same,
    "FailureThreshold": int,
    "Inverted": truth,
    "Disabled": truth,
    "HealthThreshold": int,
    "ChildHealthChecks": same,
    "EnableSNI": truth,
    "Regions": same,
    "AlarmIdentifier": same,
    "InsufficientDataHealthStatus": same,
}


@around(Route53Backend)
def delete_health_check(inner, self, health_check_id):
    with LOCK:
        if health_check_id not in self.health_checks:
            raise NoSuchHealthCheck(health_check_id)
        inner(self, health_check_id)
        self.resource_tags.pop(health_check_id, None)


@around(Route53Backend)
def change_tags_for_resource(inner, self, resource_type, resource_id, add_tags, remove_tag_keys):
    known(self, resource_type, resource_id)
    if len(add_tags or []) > 10 or len(remove_tag_keys or []) > 10:
        refuse("InvalidInput", "At most 10 tags can be added or removed in one request.")
    return inner(self, resource_type, resource_id, add_tags, remove_tag_keys)


@around(Route53Backend)
def list_tags_for_resources(inner, self, resource_type, resource_ids):
    if len(resource_ids) > 10:
        refuse("InvalidInput", "At most 10 resources can be asked for in one request.")
    for identity in resource_ids:
        known(self, resource_type, identity)
    return inner(self, resource_type, resource_ids)


def known(backend, resource_type, identity):
    if resource_type == "healthcheck":
        backend.get_health_check(identity)
    else:
        backend.get_hosted_zone(identity)
