"""Elastic Load Balancing: the attributes that a new load balancer or target group has, deletion protection, and the
states and network interfaces of load balancers."""

import inspect

from moto.ec2.exceptions import InvalidSubnetIdError
from moto.elbv2.exceptions import ELBClientError, SubnetNotFoundError
from moto.elbv2.models import ELBv2Backend, FakeAction, FakeListener, FakeLoadBalancer, FakeTargetGroup

import interfaces
import settings
import states
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


@around(FakeListener, "__init__")
def listener_init(inner, self, *args, **kwargs):
    inner(self, *args, **kwargs)
    if self.protocol not in ("HTTPS", "TLS"):
        self.ssl_policy = None
    if self.protocol in ("HTTP", "HTTPS"):
        self.attributes = {"routing.http.response.server.enabled": "true"}


@around(FakeAction, "__init__")
def action_init(inner, self, data):
    """An action is shown with what was left out, and a forward to one group in both of its forms."""
    if data.get("Type") == "forward":
        groups = (data.get("ForwardConfig") or {}).get("TargetGroups", [])
        if data.get("TargetGroupArn") and not groups:
            data["ForwardConfig"] = {"TargetGroups": [{"TargetGroupArn": data["TargetGroupArn"], "Weight": 1}]}
        elif len(groups) == 1:
            data["TargetGroupArn"] = groups[0]["TargetGroupArn"]
    if data.get("Type") == "redirect":
        unchanged = {"Protocol": "#{protocol}", "Port": "#{port}", "Host": "#{host}", "Path": "/#{path}", "Query": "#{query}"}
        data["RedirectConfig"] = {**unchanged, **data["RedirectConfig"]}
    inner(self, data)


CONFIGS = {"path-pattern": "PathPatternConfig", "host-header": "HostHeaderConfig"}


def show_both(rule):
    """A path or host condition is shown in both of its forms."""
    for condition in rule.conditions or []:
        config = CONFIGS.get(condition.get("Field"))
        if config:
            values = condition.get("Values") or (condition.get(config) or {}).get("Values") or []
            condition["Values"], condition[config] = values, {"Values": values}
    return rule


@around(ELBv2Backend)
def create_rule(inner, self, *args, **kwargs):
    return show_both(inner(self, *args, **kwargs))


@around(ELBv2Backend)
def modify_rule(inner, self, *args, **kwargs):
    return show_both(inner(self, *args, **kwargs))


@around(ELBv2Backend)
def delete_target_group(inner, self, target_group_arn):
    """Deleting what is gone is a success."""
    return inner(self, target_group_arn) if target_group_arn in self.target_groups else None


@around(ELBv2Backend)
def create_load_balancer(inner, self, name, **kwargs):
    """The same request again answers the same load balancer; another one of that name is refused."""
    for balancer in self.load_balancers.values():
        if balancer.name == name:
            same = (
                balancer.type == (kwargs.get("loadbalancer_type") or "application")
                and balancer.scheme == (kwargs.get("scheme") or "internet-facing")
                and {subnet.id for subnet in balancer.subnets} == set(kwargs.get("subnet_ids") or [])
            )
            if same:
                return balancer
            raise ELBClientError("DuplicateLoadBalancerName", "A load balancer with the same name already exists")
    subnets = [*(kwargs.get("subnet_ids") or []), *(each["SubnetId"] for each in kwargs.get("subnet_mappings") or [])]
    try:
        zones = [self.ec2_backend.get_subnet(subnet).availability_zone for subnet in subnets]
    except InvalidSubnetIdError as error:
        raise SubnetNotFoundError() from error
    application = (kwargs.get("loadbalancer_type") or "application") == "application"
    if application and len(subnets) < 2:
        text = "At least two subnets in two different Availability Zones must be specified"
        raise ELBClientError("ValidationError", text)
    if len(set(zones)) < len(zones):
        text = "A load balancer cannot be attached to multiple subnets in the same Availability Zone"
        raise ELBClientError("InvalidConfigurationRequest", text)
    check_groups(self, kwargs.get("security_groups"))
    kwargs["scheme"] = kwargs.get("scheme") or "internet-facing"
    tags = kwargs.pop("tags", None)
    balancer = inner(self, name, **kwargs)
    if balancer.type == "network":
        del self.load_balancers[balancer.arn]
        balancer.arn = balancer.arn.replace(":loadbalancer/app/", ":loadbalancer/net/")
        self.load_balancers[balancer.arn] = balancer
    self.tagging_service.tag_resource(balancer.arn, tags)
    if application and not balancer.security_groups and settings.step:
        balancer.security_groups = [self.ec2_backend.get_default_security_group(balancer.vpc_id).id]
    balancer.interfaces = {}
    keep_interfaces(self, balancer)
    if settings.step:
        states.pass_through(self, balancer, "state", "provisioning", "active")
    return balancer


@around(FakeLoadBalancer)
def activate(inner, self):
    """Where states take time, being looked at does not end them."""
    if not settings.step:
        inner(self)


def check_groups(backend, groups):
    for group in groups or []:
        if backend.ec2_backend.get_security_group_from_id(group) is None:
            raise ELBClientError("InvalidSecurityGroup", f"The security group '{group}' does not exist")


def keep_interfaces(backend, balancer):
    """One network interface in each subnet, with the groups of the load balancer."""
    ec2, mine = backend.ec2_backend, balancer.interfaces
    wanted = {subnet.id: subnet for subnet in balancer.subnets}
    for subnet in [subnet for subnet in mine if subnet not in wanted]:
        interfaces.drop(ec2, [mine.pop(subnet)])
    for identity, subnet in wanted.items():
        if identity not in mine:
            mine[identity] = interfaces.make(
                ec2,
                subnet,
                f"ELB {balancer.arn.partition(':loadbalancer/')[2]}",
                kind={"network": "network_load_balancer"}.get(balancer.type, "interface"),
                requester="amazon-elb",
                public=balancer.scheme != "internal",
            ).id
    interfaces.set_groups(ec2, mine.values(), balancer.security_groups or [])


@around(ELBv2Backend)
def set_subnets(inner, self, arn, subnets, subnet_mappings):
    answer = inner(self, arn, subnets, subnet_mappings)
    keep_interfaces(self, self.load_balancers[arn])
    return answer


@around(ELBv2Backend)
def set_security_groups(inner, self, arn, sec_groups):
    inner(self, arn, sec_groups)
    keep_interfaces(self, self.load_balancers[arn])


@around(ELBv2Backend)
def create_listener(inner, self, load_balancer_arn, *args, **kwargs):
    balancer = self.load_balancers.get(load_balancer_arn)
    port = kwargs["port"] if "port" in kwargs else args[1]
    if balancer is not None and any(str(each.port) == str(port) for each in balancer.listeners.values()):
        raise ELBClientError("DuplicateListener", "A listener already exists on this port for this load balancer")
    return inner(self, load_balancer_arn, *args, **kwargs)


def targets(actions):
    """The target groups that actions forward to."""
    for action in actions or []:
        data = getattr(action, "data", action)
        groups = (data.get("ForwardConfig") or {}).get("TargetGroups") or [data]
        yield from (group["TargetGroupArn"] for group in groups if group.get("TargetGroupArn"))


def behind_one_balancer(name, arn_name):
    """A target group is behind one load balancer at most."""

    @around(ELBv2Backend, name)
    def checked(inner, self, *args, **kwargs):
        given = inspect.signature(inner).bind(self, *args, **kwargs).arguments
        _, path = given[arn_name].rpartition(":")[2].split("/", 1)
        own = "/".join(path.split("/")[:3])
        taken = {
            target
            for arn, balancer in self.load_balancers.items()
            if not arn.endswith(own)
            for listener in balancer.listeners.values()
            for actions in [listener.default_actions, *(rule.actions for rule in listener.rules.values())]
            for target in targets(actions)
        }
        both = taken.intersection(targets(given.get("actions")))
        if both:
            text = f"The following target groups cannot be associated with more than one load balancer: {min(both)}"
            raise ELBClientError("TargetGroupAssociationLimit", text)
        return inner(self, *args, **kwargs)


behind_one_balancer("create_listener", "load_balancer_arn")
behind_one_balancer("modify_listener", "arn")
behind_one_balancer("create_rule", "listener_arn")
behind_one_balancer("modify_rule", "rule_arn")


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
    # The load balancer is gone at once; what it had in the subnets takes longer.
    states.later(self, lambda: interfaces.drop(self.ec2_backend, balancer.interfaces.values()))


@around(ELBv2Backend)
def add_tags(inner, self, resource_arns, tags):
    """Fifty tags for one resource, where moto stops at ten."""
    for arn in resource_arns:
        self._get_resource_by_arn(arn)
        existing = self.tagging_service.get_tag_dict_for_resource(arn)
        if len({*existing, *(tag["Key"] for tag in tags)}) > 50:
            raise ELBClientError("TooManyTags", "A resource can have 50 tags at most")
        self.tagging_service.tag_resource(arn, tags)
