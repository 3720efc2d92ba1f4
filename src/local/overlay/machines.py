"""EC2 instances as AWS makes and changes them: images behind parameters, root volumes, interfaces, what can be changed
only while an instance is stopped, and what moto does not know of."""

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.exceptions import EC2ClientError, InvalidAMIIdError
from moto.ec2.models import EC2Backend
from moto.ec2.models.amis import Ami
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models import iam_instance_profile as profiles
from moto.ec2.models.instances import Instance
from moto.ec2.responses import EC2Response
from moto.ec2.responses import instances as responses
from moto.iam.exceptions import NotFoundException
from moto.ssm.models import ssm_backends

from patch import added, around
from volumes import of_request

PARAMETER = "resolve:ssm:"
# GiB, where neither the request nor an image says
IMAGE_SIZE = 8


# Images


def resolve(backend, image):
    """The image that a parameter names. One of AWS's own images, of which moto does not know all, is there then."""
    name = image.removeprefix(PARAMETER)
    found = ssm_backends[backend.account_id][backend.region_name].get_parameter(name)
    if found is None:
        raise EC2ClientError("InvalidParameterValue", f"Parameter {name} not found.")
    if name.startswith("/aws/service/") and found.value not in backend.amis:
        backend.amis[found.value] = Ami(
            backend,
            found.value,
            name=name.rpartition("/")[2],
            owner_id="137112412989",
            public=True,
            virtualization_type="hvm",
            architecture="arm64" if "arm64" in name else "x86_64",
            root_device_type="ebs",
            root_device_name="/dev/xvda",
            region_name=backend.region_name + "a",
        )
    return found.value


def known(backend, image):
    if image not in backend.amis:
        raise InvalidAMIIdError([image])
    return backend.amis[image]


# Instances


@around(EC2Response)
def run_instances(inner, self):
    """What moto leaves out of the request."""
    backend, asked = self.ec2_backend, self._get_param("ImageId")
    image = None
    if asked:
        resolved = resolve(backend, asked) if asked.startswith(PARAMETER) else asked
        image = known(backend, resolved)
        self.params = {**self.params, "ImageId": resolved}
        complete(self.params, image)
    answer = inner(self)
    specs = self._get_param("NetworkInterfaces", [])
    mappings = {each["DeviceName"]: each.get("Ebs", {}) for each in self._get_param("BlockDeviceMappings", [])}
    tags = {each["ResourceType"]: each.get("Tags", []) for each in self._get_param("TagSpecifications", [])}
    for instance in answer.result.instances:
        instance.disable_api_termination = bool(self._get_param("DisableApiTermination"))
        instance.cpu_credits = self._get_param("CreditSpecification.CpuCredits")
        for device, wanted in mappings.items():
            of_request(backend.volumes[instance.block_device_mapping[device].volume_id], wanted)
        for index, interface in instance.nics.items():
            interface.add_tags({each["Key"]: each["Value"] for each in tags.get("network-interface", [])})
            if index == 0 and not instance.security_groups:
                instance.security_groups = list(interface._group_set)
            if specs and specs[0].get("AssociatePublicIpAddress") is False:
                interface.public_ip_auto_assign, interface.public_ip = False, None
    return answer


def complete(params, image):
    """The root volume is the image's, where the request does not say otherwise."""
    mappings = [{**each, "Ebs": dict(each.get("Ebs", {}))} for each in params.get("BlockDeviceMappings") or []]
    if all(each["DeviceName"] != image.root_device_name for each in mappings):
        mappings.append({"DeviceName": image.root_device_name, "Ebs": {}})
    for each in mappings:
        if each["DeviceName"] == image.root_device_name:
            each["Ebs"].setdefault("VolumeSize", IMAGE_SIZE)
            each["Ebs"].setdefault("DeleteOnTermination", True)
            each["Ebs"].setdefault("VolumeType", "gp3")
    params["BlockDeviceMappings"] = mappings


STOPPED_ONLY = ("InstanceType", "UserData", "Kernel", "Ramdisk", "EbsOptimized")


@around(EC2Response)
def modify_instance_attribute(inner, self):
    """Some attributes want an instance that is stopped; the groups are those of its interface."""
    instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
    for name in STOPPED_ONLY:
        if self._get_param(f"{name}.Value") is not None and instance.state != "stopped":
            text = f"The instance '{instance.id}' is not in the 'stopped' state."
            raise EC2ClientError("IncorrectInstanceState", text)
    groups = self._get_param("Groups", [])
    answer = inner(self)
    if groups:
        instance.nics[0]._group_set = list(instance.security_groups)
    return answer


@around(EC2Response)
def monitor_instances(inner, self):
    return monitored(self, "enabled", "pending")


@around(EC2Response)
def unmonitor_instances(inner, self):
    return monitored(self, "disabled", "disabling")


def monitored(response, state, shown):
    rows = []
    for identity in response._get_param("InstanceIds", []):
        response.ec2_backend.get_instance(identity).monitoring_state = state
        rows.append({"InstanceId": identity, "Monitoring": {"State": shown}})
    return ActionResult({"InstanceMonitorings": rows})


# CPU credits

Instance.cpu_credits = None


def is_burstable(instance):
    return instance.instance_type[:1] == "t" and instance.instance_type[1:2].isdigit()


def credits(instance):
    return instance.cpu_credits or ("standard" if instance.instance_type.startswith("t2.") else "unlimited")


@around(EC2Response)
def describe_instance_credit_specifications(inner, self):
    wanted = self._get_param("InstanceIds", []) or self._filters_from_querystring().get("instance-id")
    instances = [each for each in self.ec2_backend.all_instances() if wanted is None or each.id in wanted]
    rows = [{"InstanceId": each.id, "CpuCredits": credits(each)} for each in instances if is_burstable(each)]
    return ActionResult({"InstanceCreditSpecifications": rows})


@added(EC2Response)
def modify_instance_credit_specification(self):
    done, failed = [], []
    for wanted in self._get_param("InstanceCreditSpecifications", []):
        instance = self.ec2_backend.get_instance(wanted["InstanceId"])
        if is_burstable(instance):
            instance.cpu_credits = wanted["CpuCredits"]
            done.append({"InstanceId": instance.id})
        else:
            error = {"Code": "InstanceCreditSpecification.NotSupported", "Message": "It has no credits."}
            failed.append({"InstanceId": instance.id, "Error": error})
    return ActionResult({
        "SuccessfulInstanceCreditSpecifications": done,
        "UnsuccessfulInstanceCreditSpecifications": failed,
    })


# Interfaces


def association(self):
    """An address that is nobody's belongs to Amazon."""
    found = ASSOCIATION.fget(self)
    if found and "allocationId" not in found:
        found["ipOwnerId"] = "amazon"
    return found


ASSOCIATION = NetworkInterface.association
NetworkInterface.association = property(association)


@around(EC2Response)
def describe_network_interface_attribute(inner, self):
    if self._get_param("Attribute") != "associatePublicIpAddress":
        return inner(self)
    interface = self.ec2_backend.get_network_interface(self._get_param("NetworkInterfaceId"))
    return ActionResult({
        "NetworkInterfaceId": interface.id,
        "AssociatePublicIpAddress": str(interface.public_ip_auto_assign).lower() == "true",
    })


@around(EC2Response)
def modify_network_interface_attribute(inner, self):
    wanted = self._get_param("AssociatePublicIpAddress")
    if wanted is None:
        return inner(self)
    interface = self.ec2_backend.get_network_interface(self._get_param("NetworkInterfaceId"))
    wanted = str(wanted).lower() == "true"
    interface.public_ip_auto_assign = wanted
    if not wanted:
        interface.public_ip = None
    elif interface.instance is not None and interface.instance.state == "running":
        interface.start()
    return EmptyResult()


# Instance profiles


@around(profiles, "filter_iam_instance_profiles")
@around(responses, "filter_iam_instance_profiles")
def profile(inner, *args, **named):
    """EC2 says in its own words that there is none."""
    try:
        return inner(*args, **named)
    except NotFoundException:
        word, value = "arn", named.get("iam_instance_profile_arn")
        if not value:
            word, value = "name", named.get("iam_instance_profile_name")
        what = f"Invalid IAM Instance Profile {'ARN' if word == 'arn' else word}"
        text = f"Value ({value}) for parameter iamInstanceProfile.{word} is invalid. {what}"
        raise EC2ClientError("InvalidParameterValue", text) from None


@around(EC2Backend)
def replace_iam_instance_profile_association(inner, self, association_id, *args, **kwargs):
    """The instance shows the new profile."""
    made = inner(self, association_id, *args, **kwargs)
    made.instance.iam_instance_profile = {"Arn": made.iam_instance_profile.arn, "Id": made.association_id}
    return made
