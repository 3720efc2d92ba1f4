"""Network interfaces that AWS makes for its own services, and that keep their subnet and groups in use."""

import random

from moto.ec2.exceptions import EC2ClientError, InvalidSecurityGroupNotFoundError
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.responses import EC2Response
from moto.ec2.utils import random_eni_attach_id, random_public_ip

import states
from patch import around

NetworkInterface.private_dns_name = None


def free_address(subnet, holder):
    """An address of the subnet that nothing has; the first four and the last one are AWS's own."""
    with states.LOCK:
        count = subnet.cidr.num_addresses
        if len(subnet._subnet_ips) >= count - 5:
            text = f"There are not enough free addresses in subnet '{subnet.id}'."
            raise EC2ClientError("InsufficientFreeAddressesInSubnet", text)
        address = None
        while address is None or address in subnet._subnet_ips:
            address = str(subnet.cidr[random.randrange(4, count - 1)])
        subnet.request_ip(address, holder)
        return address


def make(backend, subnet, description, groups=None, public=False, **facts):
    """An interface of a service in this subnet."""
    subnet = backend.get_subnet(subnet) if isinstance(subnet, str) else subnet
    interface = backend.create_network_interface(subnet, None, group_ids=list(groups or []), description=description)
    return keep(interface, description, public=public, **facts)


def keep(interface, description, kind="interface", requester="amazon-aws", public=False):
    """Makes an interface one that its service manages."""
    subnet = interface.subnet
    address = free_address(subnet, interface)
    interface.private_ip_address = address
    interface.private_ip_addresses = [{"Primary": True, "PrivateIpAddress": address}]
    if interface.private_dns_name:
        host = f"ip-{address.replace('.', '-')}"
        interface.private_dns_name = f"{host}.{interface.ec2_backend.region_name}.compute.internal"
        interface.private_ip_addresses[0]["PrivateDnsName"] = interface.private_dns_name
    interface.description, interface.interface_type, interface.status = description, kind, "in-use"
    interface.requester_managed, interface.requester_id = True, requester
    interface.service_attachment = random_eni_attach_id().replace("eni-attach", "ela-attach")
    if public:
        interface.public_ip = random_public_ip()
    return interface


def check_groups(backend, groups):
    for group in groups:
        if backend.get_security_group_from_id(group) is None:
            raise InvalidSecurityGroupNotFoundError(group)


def set_groups(backend, ids, groups):
    """The interfaces `ids` have these security groups from now on."""
    for identity in ids:
        if identity in backend.enis:
            backend.enis[identity]._group_set = [backend.get_security_group_from_id(group) for group in groups]


def drop(backend, ids):
    """The interfaces end, and their addresses are free again."""
    for identity in list(ids):
        interface = backend.enis.pop(identity, None)
        if interface is not None:
            interface.subnet.del_subnet_ip(interface.private_ip_address)



@around(EC2Response)
def delete_network_interface(inner, self):
    identity = self._get_param("NetworkInterfaceId")
    interface = self.ec2_backend.enis.get(identity)
    if interface is not None and interface.status == "in-use":
        raise EC2ClientError("InvalidParameterValue", f"Network interface '{identity}' is currently in use.")
    return inner(self)


def attachment(self):
    """What a service attached has no instance."""
    if self.__dict__.get("service_attachment"):
        return {
            "AttachmentId": self.service_attachment,
            "DeleteOnTermination": False,
            "DeviceIndex": 1,
            "InstanceOwnerId": self.requester_id,
            "Status": "attached",
        }
    return ATTACHMENT.fget(self)


ATTACHMENT = NetworkInterface.attachment
NetworkInterface.attachment = property(attachment)


@around(NetworkInterface)
def get_filter_value(inner, self, filter_name, method_name=None):
    own = {
        "interface-type": self.interface_type,
        "mac-address": self.mac_address,
        "owner-id": self.owner_id,
        "private-dns-name": self.private_dns_name,
        "requester-id": self.requester_id,
        "requester-managed": str(self.requester_managed).lower(),
        "status": self.status,
    }
    if filter_name == "group-id":  # an instance's groups count as well
        return [group.id for group in self.group_set]
    if filter_name == "association.public-ip":
        return self.public_ip
    return own[filter_name] if filter_name in own else inner(self, filter_name, method_name)
