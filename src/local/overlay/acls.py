"""Network ACLs with AWS's own last entries, and flow logs with a folder and file options."""

from moto.ec2.exceptions import EC2ClientError, FlowLogAlreadyExists
from moto.ec2.models import EC2Backend
from moto.ec2.models.flow_logs import FlowLogs
from moto.ec2.models.network_acls import NetworkAcl, NetworkAclEntry
from moto.ec2.responses import EC2Response

from patch import around

# AWS's own entry of each direction
LAST = 32767


# ACLs


@around(EC2Backend)
def create_network_acl(inner, self, vpc_id, tags=None, default=False):
    """What no other entry lets through is blocked at last."""
    acl = inner(self, vpc_id, tags, default)
    if not default:
        for egress in (True, False):
            acl.network_acl_entries.append(
                NetworkAclEntry(self, acl.id, LAST, "-1", "deny", egress, "0.0.0.0/0", None, None, None, None, None)
            )
    return acl


def of_number(acl, egress, number):
    found = (each for each in acl.network_acl_entries if (each.egress, each.rule_number) == (egress, number))
    return next(found, None)


@around(EC2Response, "replace_network_acl_entry")
@around(EC2Response, "create_network_acl_entry")
def write(inner, self):
    """moto loses the type of ICMP messages; the numbers from 32767 on are AWS's."""
    number, egress = int(self._get_param("RuleNumber")), self._get_param("Egress")
    if not 1 <= number < LAST:
        raise EC2ClientError("InvalidParameterValue", f"Value ({number}) for parameter ruleNumber is invalid.")
    if self._get_param("CidrBlock") is None and self._get_param("Ipv6CidrBlock") is None:
        raise EC2ClientError("MissingParameter", "The request must contain the parameter cidrBlock or ipv6CidrBlock")
    answer = inner(self)
    entry = of_number(self.ec2_backend.get_network_acl(self._get_param("NetworkAclId")), egress, number)
    icmp = self._get_param("IcmpTypeCode") or {}
    if entry is not None and icmp:
        entry.icmp_code, entry.icmp_type = icmp.get("Code"), icmp.get("Type")
    return answer


@around(EC2Backend)
def delete_network_acl_entry(inner, self, network_acl_id, rule_number, egress):
    if of_number(self.get_network_acl(network_acl_id), egress, rule_number) is None:
        text = f"The network acl entry identified by {rule_number} in {network_acl_id} does not exist"
        raise EC2ClientError("InvalidNetworkAclEntry.NotFound", text)
    return inner(self, network_acl_id, rule_number, egress)


@around(EC2Backend)
def replace_network_acl_association(inner, self, association_id, network_acl_id):
    self.get_network_acl(network_acl_id)
    if all(association_id not in acl._associations for acl in self.network_acls.values()):
        text = f"The association ID '{association_id}' does not exist"
        raise EC2ClientError("InvalidAssociationID.NotFound", text)
    return inner(self, association_id, network_acl_id)


@around(NetworkAcl)
def get_filter_value(inner, self, filter_name, method_name=None):
    return self.id if filter_name == "network-acl-id" else inner(self, filter_name, method_name)


@around(EC2Backend)
def delete_subnet(inner, self, subnet_id):
    """An association ends with its subnet."""
    answer = inner(self, subnet_id)
    for acl in self.network_acls.values():
        gone = [key for key, each in acl._associations.items() if each.subnet_id == subnet_id]
        for key in gone:
            del acl._associations[key]
    return answer


# Flow logs

FlowLogs.destination_options = None


@around(EC2Response)
def create_flow_logs(inner, self):
    """A bucket may be named with a folder."""
    place = self._get_param("LogDestination") or ""
    bucket = place.partition("/")[0]
    in_folder = self._get_param("LogDestinationType") == "s3" and bucket != place
    logs, clashing = list(self.ec2_backend.flow_logs.values()), []
    if in_folder:
        resources = self._get_param("ResourceIds", [])
        if any((each.log_destination, each.resource_id) == (place, own) for each in logs for own in resources):
            raise FlowLogAlreadyExists()
        # Another folder is another place.
        clashing = [each for each in logs if each.log_destination == bucket]
        self.params = {**self.params, "LogDestination": bucket}
    try:
        for each in clashing:
            each.log_destination = None
        answer = inner(self)
    finally:
        for each in clashing:
            each.log_destination = bucket
    for identity in answer.result["FlowLogIds"]:
        log = self.ec2_backend.flow_logs[identity]
        log.destination_options = self._get_param("DestinationOptions")
        if in_folder:
            log.log_destination = place
    return answer
