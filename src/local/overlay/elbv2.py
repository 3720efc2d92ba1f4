"""Elastic Load Balancing: the attributes that a new load balancer or target group has, and deletion protection."""

from moto.elbv2.exceptions import ELBClientError
from moto.elbv2.models import ELBv2Backend, FakeLoadBalancer, FakeTargetGroup

from patch import around

COMMON = {
    "access_logs.s3.enabled": "false",
    "access_logs.s3.bucket": "",
    "access_logs.s3.prefix": "",
    "deletion_protection.enabled": "false",
    "ipv6.deny_all_igw_traffic": "false",
    "zonal_shift.config.enabled": "false",
}
BALANCER = {
    "application": {
        **COMMON,
        "client_keep_alive.seconds": "3600",
        "connection_logs.s3.bucket": "",
        "connection_logs.s3.enabled": "false",
        "connection_logs.s3.prefix": "",
        "idle_timeout.timeout_seconds": "60",
        "load_balancing.cross_zone.enabled": "true",
        "routing.http.desync_mitigation_mode": "defensive",
        "routing.http.drop_invalid_header_fields.enabled": "false",
        "routing.http.preserve_host_header.enabled": "false",
        "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false",
        "routing.http.xff_client_port.enabled": "false",
        "routing.http.xff_header_processing.mode": "append",
        "routing.http2.enabled": "true",
        "waf.fail_open.enabled": "false",
    },
    "network": {
        **COMMON,
        "dns_record.client_routing_policy": "any_availability_zone",
        "load_balancing.cross_zone.enabled": "false",
    },
}
FakeLoadBalancer.VALID_ATTRS = set(FakeLoadBalancer.VALID_ATTRS).union(*BALANCER.values())

GROUP = {
    "stickiness.app_cookie.cookie_name": "",
    "stickiness.app_cookie.duration_seconds": "86400",
    "stickiness.lb_cookie.duration_seconds": "86400",
    "load_balancing.algorithm.anomaly_mitigation": "off",
    "target_group_health.dns_failover.minimum_healthy_targets.count": "1",
    "target_group_health.dns_failover.minimum_healthy_targets.percentage": "off",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": "1",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
}


@around(FakeLoadBalancer)
def __init__(inner, self, *args, **kwargs):
    inner(self, *args, **kwargs)
    self.attrs = dict(BALANCER.get(self.type, COMMON))


@around(FakeTargetGroup, "__init__")
def group_init(inner, self, *args, **kwargs):
    inner(self, *args, **kwargs)
    self.attributes.pop("waf.fail_open.enabled", None)
    if self.protocol in ("HTTP", "HTTPS"):
        self.attributes = {**GROUP, **self.attributes}


@around(ELBv2Backend)
def create_listener(inner, self, load_balancer_arn, *args, **kwargs):
    balancer = self.load_balancers.get(load_balancer_arn)
    port = kwargs["port"] if "port" in kwargs else args[1]
    if balancer is not None and any(str(each.port) == str(port) for each in balancer.listeners.values()):
        raise ELBClientError("DuplicateListener", "A listener already exists on this port for this load balancer")
    return inner(self, load_balancer_arn, *args, **kwargs)


@around(ELBv2Backend)
def delete_load_balancer(inner, self, arn):
    balancer = self.load_balancers.get(arn)
    if balancer is None:
        return
    if balancer.attrs.get("deletion_protection.enabled") == "true":
        raise ELBClientError(
            "OperationNotPermitted",
            f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled",
        )
    for listener in balancer.listeners.values():
        for each in [listener, *listener.rules.values()]:
            self.tagging_service.delete_all_tags_for_resource(each.arn)
    self.tagging_service.delete_all_tags_for_resource(arn)
    inner(self, arn)


@around(ELBv2Backend)
def add_tags(inner, self, resource_arns, tags):
    """Fifty tags for one resource, where moto stops at ten."""
    for arn in resource_arns:
        self._get_resource_by_arn(arn)
        existing = self.tagging_service.get_tag_dict_for_resource(arn)
        if len({*existing, *(tag["Key"] for tag in tags)}) > 50:
            raise ELBClientError("TooManyTags", "A resource can have 50 tags at most")
        self.tagging_service.tag_resource(arn, tags)
