"""EC2 networking: security groups as AWS shows them, NAT gateways and endpoints that clean up after themselves, and
the refusals to delete what something else still uses."""

import itertools
import json

from moto.core.responses import ActionResult
from moto.ec2.exceptions import (
    DependencyViolationError,
    EC2ClientError,
    InvalidNetworkAclIdError,
    InvalidPermissionNotFoundError,
)
from moto.ec2.models import EC2Backend
from moto.ec2.models.security_groups import SecurityGroup, SecurityGroupRule
from moto.ec2.models.vpcs import VPCEndPoint
from moto.ec2.responses import EC2Response
from moto.ec2.utils import is_tag_filter, tag_filter_matches

import interfaces
import states
from patch import around

# Security groups


def what(rule):
    """What a rule allows: its description is no part of that."""
    peer = rule.source_group.get("GroupId")
    source = rule.ip_range.get("CidrIp"), rule.ip_range.get("CidrIpv6"), peer, rule.prefix_list_id
    ports = (None, None) if rule.ip_protocol == "-1" else (rule.from_port, rule.to_port)
    return (rule.ip_protocol, *ports, *source)


SecurityGroupRule.__eq__ = lambda self, other: what(self) == what(other)
SecurityGroupRule.description = property(
    lambda self: self.ip_range.get("Description") or self.source_group.get("Description") or self.of_prefix_list
)
SecurityGroupRule.of_prefix_list = None


@around(SecurityGroupRule, "__init__")
def rule(inner, self, ec2_backend, ip_protocol, group_id, from_port, to_port, *rest, **named):
    """Protocols other than TCP and UDP do without ports; the description of a prefix list is kept."""
    ports = (-1 if from_port is None else from_port, -1 if to_port is None else to_port)
    inner(self, ec2_backend, ip_protocol, group_id, *ports, *rest, **named)
    prefix_list = named.get("prefix_list_id") or (rest[2] if len(rest) > 2 else None)
    self.of_prefix_list = (prefix_list or {}).get("Description")


@around(SecurityGroup)
def _flattened_rules(inner, self, rules):
    views = inner(self, rules)
    for view in views:
        for shown in view.prefix_list_ids:
            for rule in rules:
                same = (rule.ip_protocol, rule.from_port, rule.to_port) == (view.ip_protocol, view.from_port, view.to_port)
                if same and rule.prefix_list_id == shown["PrefixListId"] and rule.of_prefix_list:
                    shown["Description"] = rule.of_prefix_list
    return views


@around(EC2Backend)
def _sg_update_description(inner, self, security_rule, rule):
    """A description that is left out is taken away."""
    text = security_rule.description
    if rule.prefix_list_id:
        rule.of_prefix_list = text
        return
    peer = rule.ip_range or rule.source_group
    peer.pop("Description", None)
    if text:
        peer["Description"] = text


@around(EC2Backend)
def revoke_security_group_egress(inner, self, group_name_or_id, ip_protocol, from_port, to_port, ip_ranges, **named):
    """moto takes no notice of IPv6 ranges in a VPC that has none itself."""
    group = self.get_security_group_by_name_or_id(group_name_or_id)
    ipv6 = [each for each in ip_ranges if "CidrIpv6" in each]
    for each in ipv6:
        gone = SecurityGroupRule(self, ip_protocol, group.id, from_port, to_port, each)
        if gone not in group.egress_rules:
            raise InvalidPermissionNotFoundError()
        group.egress_rules.remove(gone)
    others = [each for each in ip_ranges if each not in ipv6]
    if others or not ipv6 or named.get("source_groups") or named.get("prefix_list_ids"):
        inner(self, group_name_or_id, ip_protocol, from_port, to_port, others, **named)


@around(EC2Backend)
def create_security_group(inner, self, name, *args, **kwargs):
    """The default group of a VPC lets its members talk to each other; `sg-` is for ids."""
    if name.startswith("sg-"):
        text = f"Invalid value '{name}' for groupName. It cannot start with 'sg-'."
        raise EC2ClientError("InvalidParameterValue", text)
    group = inner(self, name, *args, **kwargs)
    if group.is_default:
        peer = {"GroupId": group.id, "UserId": self.account_id}
        group.ingress_rules.append(SecurityGroupRule(self, "-1", group.id, None, None, None, peer, is_egress=False))
    return group


@around(EC2Response, "create_security_group")
def create_group(inner, self):
    answer = inner(self)
    group = self.ec2_backend.get_security_group_from_id(answer.result["GroupId"])
    answer.result["Tags"] = group.get_tags()
    return answer


@around(EC2Response, "authorize_security_group_egress")
@around(EC2Response, "authorize_security_group_ingress")
def authorize(inner, self):
    """The answer names the rules of every permission, not of the last one."""
    name = self._get_param("GroupId") or self._get_param("GroupName")
    group = self.ec2_backend.get_security_group_by_name_or_id(name)
    before = {rule.id for rule in rules_of(group)} if group else set()
    answer = inner(self)
    group = self.ec2_backend.get_security_group_by_name_or_id(name)
    answer.result["SecurityGroupRules"] = [rule for rule in rules_of(group) if rule.id not in before]
    return answer


def rules_of(group):
    return [*group.egress_rules, *group.ingress_rules]


@around(EC2Backend)
def modify_security_group_rules(inner, self, group_id, rules):
    """A rule is replaced as a whole, whatever kind of peer it has."""
    group = self.get_security_group_by_name_or_id(group_id)
    simple = {}
    for identity, new in rules.items():
        rule = group.get_rule(identity) if group else None
        if rule is None or ("CidrIpv4" in new and "CidrIp" in rule.ip_range and new.get("IpProtocol") != "-1"):
            simple[identity] = new
            continue
        rule.ip_protocol = new.get("IpProtocol", rule.ip_protocol)
        ports = (None, None) if rule.ip_protocol == "-1" else (int(new["FromPort"]), int(new["ToPort"]))
        rule.from_port, rule.to_port = ports
        description = {"Description": new["Description"]} if new.get("Description") else {}
        rule.ip_range, rule.source_group, rule.prefix_list_id = {}, {}, new.get("PrefixListId")
        if "CidrIpv4" in new:
            rule.ip_range = {"CidrIp": new["CidrIpv4"], **description}
        elif "CidrIpv6" in new:
            rule.ip_range = {"CidrIpv6": new["CidrIpv6"], **description}
        elif "ReferencedGroupId" in new:
            rule.source_group = {"GroupId": new["ReferencedGroupId"], "UserId": self.account_id, **description}
    if simple:
        inner(self, group_id, simple)
        for identity, new in simple.items():
            if not new.get("Description"):
                group.get_rule(identity).ip_range.pop("Description", None)


# Who uses what


def refuse(kind, identity):
    raise DependencyViolationError(f"The {kind} '{identity}' has dependencies and cannot be deleted.")


@around(EC2Backend)
def delete_subnet(inner, self, subnet_id):
    if any(eni.subnet.id == subnet_id for eni in list(self.enis.values())):
        refuse("subnet", subnet_id)
    return inner(self, subnet_id)


@around(EC2Backend)
def delete_security_group(inner, self, name=None, group_id=None):
    group = self.get_security_group_by_name_or_id(group_id or name)
    if group is not None:
        others = (each for groups in list(self.groups.values()) for each in list(groups.values()) if each is not group)
        in_use = itertools.chain(
            (rule.source_group.get("GroupId") for each in others for rule in rules_of(each)),
            (each.id for eni in list(self.enis.values()) for each in eni.group_set),
        )
        if group.id in set(in_use):
            raise DependencyViolationError(f"resource {group.id} has a dependent object")
    return inner(self, name, group_id)


@around(EC2Response, "delete_security_group")
def delete_group(inner, self):
    group = self.ec2_backend.get_security_group_from_id(self._get_param("GroupId"))
    if group is not None and group.is_default:
        raise EC2ClientError("CannotDelete", f"The group {group.id} is the default of its VPC and stays with it.")
    return inner(self)


@around(EC2Backend)
def delete_vpc(inner, self, vpc_id):
    gateways = any(gateway.vpc and gateway.vpc.id == vpc_id for gateway in self.internet_gateways.values())
    groups = any(not group.is_default for group in self.groups.get(vpc_id, {}).values())
    endpoints = any(endpoint.vpc_id == vpc_id for endpoint in list(self.vpc_end_points.values()))
    acls = [acl for acl in list(self.network_acls.values()) if acl.vpc_id == vpc_id]
    if vpc_id in self.vpcs and (gateways or groups or endpoints or any(not acl.default for acl in acls)):
        refuse("vpc", vpc_id)
    answer = inner(self, vpc_id)
    self.groups.pop(vpc_id, None)
    for acl in acls:
        self.network_acls.pop(acl.id, None)
    return answer


@around(EC2Backend)
def detach_internet_gateway(inner, self, internet_gateway_id, vpc_id):
    if any(eni.public_ip and eni.subnet.vpc_id == vpc_id for eni in list(self.enis.values())):
        raise DependencyViolationError(
            f"Network {vpc_id} has some mapped public address(es). Please unmap those public address(es) before "
            "detaching the gateway."
        )
    return inner(self, internet_gateway_id, vpc_id)


@around(EC2Backend)
def release_address(inner, self, address=None, allocation_id=None):
    for each in self.addresses:
        if allocation_id is not None and each.allocation_id == allocation_id and each.association_id:
            raise EC2ClientError("InvalidIPAddress.InUse", f"Address {each.public_ip} is in use.")
    return inner(self, address, allocation_id)


@around(EC2Response)
def delete_route_table(inner, self):
    """The main table of a VPC goes with it, and not before."""
    table = self.ec2_backend.get_route_table(self._get_param("RouteTableId"))
    if table.main_association_id is not None:
        refuse("routeTable", table.id)
    return inner(self)


@around(EC2Backend)
def describe_network_acls(inner, self, network_acl_ids=None, filters=None):
    for identity in network_acl_ids or []:
        if identity not in self.network_acls:
            raise InvalidNetworkAclIdError(identity)
    return inner(self, network_acl_ids, filters)


@around(EC2Backend)
def describe_vpc_peering_connections(inner, self, vpc_peering_ids=None):
    for identity in vpc_peering_ids or []:
        if identity not in self.vpc_pcxs:
            text = f"The vpcPeeringConnection ID '{identity}' does not exist"
            raise EC2ClientError("InvalidVpcPeeringConnectionID.NotFound", text)
    return inner(self, vpc_peering_ids)


# NAT gateways


@around(EC2Backend, "create_nat_gateway")
def make_nat_gateway(inner, self, subnet_id, allocation_id, tags=None, connectivity_type=None):
    gateway = inner(self, subnet_id, allocation_id, tags, connectivity_type or "public")
    interface = interfaces.keep(gateway._eni, f"Interface for NAT Gateway {gateway.id}", "nat_gateway")
    interface._group_set = []
    gateway.private_ip = gateway.address_set[0]["privateIp"] = interface.private_ip_address
    states.pass_through(self, gateway, "state", "pending", "available")
    return gateway


@around(EC2Backend)
def describe_nat_gateways(inner, self, filters, nat_gateway_ids):
    """moto takes no notice of filters by tag."""
    for identity in nat_gateway_ids or []:
        if identity not in self.nat_gateways:
            raise EC2ClientError("NatGatewayNotFound", f"The Nat Gateway {identity} was not found")
    tags = {name: values for name, values in (filters or {}).items() if is_tag_filter(name)}
    return [
        gateway
        for gateway in inner(self, filters, nat_gateway_ids)
        if all(tag_filter_matches(gateway, name, values) for name, values in tags.items())
    ]


@around(EC2Backend)
def delete_nat_gateway(inner, self, nat_gateway_id):
    gateway = self.nat_gateways.get(nat_gateway_id)
    if gateway is None:
        raise EC2ClientError("NatGatewayNotFound", f"The Nat Gateway {nat_gateway_id} was not found")
    if gateway.state not in ("deleting", "deleted"):
        states.pass_through(self, gateway, "state", "deleting", "deleted", then=lambda: let_go(self, gateway))
    return gateway


def let_go(backend, gateway):
    """A gateway that is deleted has neither its interface nor its address any more."""
    for address in list(backend.addresses):
        if address.eni is gateway._eni:
            backend.disassociate_address(association_id=address.association_id)
    interfaces.drop(backend, [gateway._eni.id])


# Subnets


@around(EC2Response)
def modify_subnet_attribute(inner, self):
    subnet = self.ec2_backend.get_subnet(self._get_param("SubnetId"))
    options = subnet.private_dns_name_options_on_launch
    hostname = self._get_param("PrivateDnsHostnameTypeOnLaunch")
    if hostname:
        options["HostnameType"] = hostname
    aaaa = self._get_param("EnableResourceNameDnsAAAARecordOnLaunch.Value")
    if aaaa is not None:
        options["EnableResourceNameDnsAAAARecord"] = aaaa
    return inner(self)


# Endpoints


@around(EC2Response)
def create_vpc_endpoint(inner, self):
    interfaces.check_groups(self.ec2_backend, self._get_param("SecurityGroupIds", []))
    answer = inner(self)
    endpoint = answer.result["VpcEndpoint"]
    if not has_interfaces(endpoint):
        endpoint.private_dns_enabled = False
    return answer


def has_interfaces(endpoint):
    return (endpoint.vpc_endpoint_type or "Gateway").lower() == "interface"


@around(EC2Backend, "create_vpc_endpoint")
def make_vpc_endpoint(inner, self, *args, **kwargs):
    """A gateway is there at once; an interface endpoint is not."""
    endpoint = inner(self, *args, **kwargs)
    if has_interfaces(endpoint):
        if not endpoint.security_group_ids:
            endpoint.security_group_ids = [self.get_default_security_group(endpoint.vpc_id).id]
        for identity in endpoint.network_interface_ids:
            interfaces.keep(self.enis[identity], of_endpoint(endpoint), "vpc_endpoint")
        interfaces.set_groups(self, endpoint.network_interface_ids, endpoint.security_group_ids)
        states.pass_through(self, endpoint, "state", "pending", "available")
    return endpoint


def of_endpoint(endpoint):
    return f"VPC Endpoint Interface {endpoint.id}"


@around(EC2Response)
def modify_vpc_endpoint(inner, self):
    backend, identity = self.ec2_backend, self._get_param("VpcEndpointId")
    endpoint = backend.describe_vpc_endpoints(vpc_end_point_ids=[identity])[0]
    interfaces.check_groups(backend, self._get_param("AddSecurityGroupIds", []))
    tables, subnets = set(endpoint.route_table_ids or []), set(endpoint.subnet_ids or [])
    answer = inner(self)
    if self._get_param("ResetPolicy"):
        endpoint.policy_document = json.dumps(VPCEndPoint.DEFAULT_POLICY)
    private = self._get_param("PrivateDnsEnabled")
    if private is not None:
        endpoint.private_dns_enabled = private
    prefixes = endpoint.destination_prefix_list_id
    if prefixes:
        now = set(endpoint.route_table_ids or [])
        for table in now - tables:
            backend.create_route(table, None, gateway_id=identity, destination_prefix_list_id=prefixes)
        for table in tables - now:
            backend.delete_route(table, prefixes)
    if subnets != set(endpoint.subnet_ids or []):
        keep_interfaces(backend, endpoint)
    interfaces.set_groups(backend, endpoint.network_interface_ids, endpoint.security_group_ids)
    return answer


def keep_interfaces(backend, endpoint):
    """One network interface for each subnet of the endpoint."""
    mine = {identity: backend.enis[identity].subnet.id for identity in endpoint.network_interface_ids}
    wanted = set(endpoint.subnet_ids)
    for identity, subnet in mine.items():
        if subnet not in wanted:
            interfaces.drop(backend, [identity])
            endpoint.network_interface_ids.remove(identity)
    for subnet in wanted - set(mine.values()):
        interface = interfaces.make(backend, subnet, of_endpoint(endpoint), endpoint.security_group_ids, kind="vpc_endpoint")
        endpoint.network_interface_ids.append(interface.id)


@around(EC2Response)
def delete_vpc_endpoints(inner, self):
    backend = self.ec2_backend
    wanted = self._get_param("VpcEndpointIds", [])
    unknown = [identity for identity in wanted if identity not in backend.vpc_end_points]
    for endpoint in [backend.vpc_end_points[identity] for identity in wanted if identity not in unknown]:
        if endpoint.state != "deleting":
            states.course(backend, endpoint, *end_of(backend, endpoint))
    return ActionResult({
        "Unsuccessful": [
            {
                "ResourceId": identity,
                "Error": {
                    "Code": "InvalidVpcEndpoint.NotFound",
                    "Message": f"The Vpc Endpoint Id '{identity}' does not exist",
                },
            }
            for identity in unknown
        ]
    })


def end_of(backend, endpoint):
    """Its routes go at once, its interfaces with the endpoint itself."""

    def begin():
        backend.delete_vpc_endpoints(vpce_ids=[endpoint.id] if not has_interfaces(endpoint) else [])
        endpoint.state = "deleting"

    def end():
        interfaces.drop(backend, endpoint.network_interface_ids)
        backend.vpc_end_points.pop(endpoint.id, None)

    return begin, end


@around(VPCEndPoint)
def get_filter_value(inner, self, filter_name, method_name=None):
    own = {"vpc-endpoint-id": self.id, "vpc-id": self.vpc_id, "service-name": self.service_name}
    return own[filter_name] if filter_name in own else inner(self, filter_name, method_name)
