"""EC2 instances: the states they pass through, and what ends with an instance."""

import copy

from moto.autoscaling.exceptions import AutoscalingClientError
from moto.autoscaling.responses import AutoScalingResponse
from moto.ec2.exceptions import EC2ClientError, InvalidLaunchTemplateIdNotFound
from moto.ec2.models import EC2Backend
from moto.ec2.models.instances import Instance
from moto.ec2.responses import EC2Response

import states
from patch import around

CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}


def put(instance, name):
    instance._state.name, instance._state.code = name, CODES[name]


@around(Instance)
def prep_nics(inner, self, nic_spec, *args, **kwargs):
    """What is made for an instance ends with it, unless the request says otherwise."""
    given = bool(nic_spec)
    for spec in nic_spec:
        if not spec.get("NetworkInterfaceId"):
            spec.setdefault("DeleteOnTermination", True)
    inner(self, nic_spec, *args, **kwargs)
    if not given:
        for interface in self.nics.values():
            interface.delete_on_termination = True


@around(EC2Backend)
def run_instances(inner, self, *args, **kwargs):
    reservation = inner(self, *args, **kwargs)
    for instance in reservation.instances:
        begin(instance)
    return reservation


def begin(instance):
    states.course(instance.ec2_backend, instance, lambda: put(instance, "pending"), lambda: put(instance, "running"))


def guarded(verb, instance, *allowed):
    if instance.state not in allowed:
        text = f"The instance '{instance.id}' is not in a state from which it can be {verb}."
        raise EC2ClientError("IncorrectInstanceState", text)


@around(Instance)
def start(inner, self):
    guarded("started", self, "stopped", "pending", "running")
    before = copy.copy(self._state)
    if before.name == "stopped":
        inner(self)
        begin(self)
    return before


@around(Instance)
def stop(inner, self):
    guarded("stopped", self, "pending", "running", "stopping", "stopped")
    before = copy.copy(self._state)
    if before.name in ("pending", "running"):
        states.course(self.ec2_backend, self, lambda: put(self, "stopping"), lambda: inner(self))
    return before


@around(Instance)
def terminate(inner, self):
    """Its interfaces and volumes stay until it is terminated."""
    before = copy.copy(self._state)
    if before.name not in ("shutting-down", "terminated"):
        states.course(self.ec2_backend, self, lambda: put(self, "shutting-down"), lambda: finish(inner, self))
    return before


def finish(inner, instance):
    for address in instance.ec2_backend.addresses:
        if address.instance is instance:
            instance.ec2_backend.disassociate_address(association_id=address.association_id)
    inner(instance)
    for interface in instance.nics.values():
        if not interface.delete_on_termination:
            interface.instance = interface.attachment_id = interface.attach_time = None
            interface.status = "available"


# Auto Scaling groups


@around(AutoScalingResponse)
def delete_auto_scaling_group(inner, self):
    group = self.autoscaling_backend.autoscaling_groups.get(self._get_param("AutoScalingGroupName"))
    if group is not None and group.instance_states and not self._get_bool_param("ForceDelete", False):
        text = "You cannot delete an AutoScalingGroup while there are instances still in the group."
        raise AutoscalingClientError("ResourceInUse", text)
    return inner(self)


# Launch templates


@around(EC2Response)
def create_launch_template_version(inner, self):
    """A version made from another one has what the request leaves out."""
    source = self._get_param("SourceVersion")
    answer = inner(self)
    if source:
        made = answer.result["LaunchTemplateVersion"]
        template = self.ec2_backend.get_launch_template(made["LaunchTemplateId"])
        version = template.get_version(made["VersionNumber"])
        version.data = made["LaunchTemplateData"] = {**template.get_version(source).data, **version.data}
    return answer


def known_templates(ids, backend):
    for identity in ids:
        if identity not in backend.launch_templates:
            raise InvalidLaunchTemplateIdNotFound(identity)


@around(EC2Backend)
def describe_launch_templates(inner, self, template_names=None, template_ids=None, filters=None):
    known_templates(template_ids or [], self)
    return inner(self, template_names, template_ids, filters)


@around(EC2Backend)
def delete_launch_template(inner, self, name, tid):
    known_templates([tid] if tid else [], self)
    return inner(self, name, tid)
