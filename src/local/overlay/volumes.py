"""EC2 volumes and their snapshots: the states that they pass through, who has them, and how they change."""

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import EC2Backend
from moto.ec2.models.elastic_block_store import Volume, VolumeModification
from moto.ec2.responses import EC2Response

import states
from patch import around

Volume.passing = None
Volume.status = property(lambda self: "in-use" if self.attachment else self.passing or "available")


def ready(backend):
    """While a backend is being made it makes images, with volumes and snapshots."""
    return states.host(backend.account_id, backend.region_name) is backend


def of_request(volume, wanted, kind=None):
    """Speed is kept as well, and has a default."""
    iops, throughput = (3000, 125) if (kind or volume.volume_type) == "gp3" else (None, None)
    volume.iops, volume.throughput = wanted.get("Iops") or iops, wanted.get("Throughput") or throughput


@around(EC2Backend)
def create_volume(inner, self, *args, **kwargs):
    volume = inner(self, *args, **kwargs)
    of_request(volume, {"Iops": volume.iops, "Throughput": volume.throughput})
    if ready(self):
        states.pass_through(self, volume, "passing", "creating", None)
    return volume


@around(EC2Backend)
def delete_volume(inner, self, volume_id):
    volume = self.get_volume(volume_id)
    if volume.passing == "deleting":
        return volume
    if volume.attachment or not ready(self):
        return inner(self, volume_id)
    states.pass_through(self, volume, "passing", "deleting", "gone", then=lambda: inner(self, volume_id))
    return volume


@around(EC2Backend, "copy_snapshot")
@around(EC2Backend, "create_snapshot")
def make_snapshot(inner, self, *args, **kwargs):
    snapshot = inner(self, *args, **kwargs)
    if ready(self):
        states.pass_through(self, snapshot, "status", "pending", "completed")
    return snapshot


# Who has it


@around(EC2Response)
def attach_volume(inner, self):
    """One machine of its zone has it, under a device that is free, once both are there."""
    volume = self.ec2_backend.get_volume(self._get_param("VolumeId"))
    instance, device = self.ec2_backend.get_instance(self._get_param("InstanceId")), self._get_param("Device")
    if volume.attachment:
        raise EC2ClientError("VolumeInUse", f"{volume.id} is already attached to an instance")
    if volume.status != "available":
        raise EC2ClientError("IncorrectState", f"{volume.id} is not 'available'.")
    if instance.state not in ("running", "stopped"):
        raise EC2ClientError("IncorrectState", f"Instance '{instance.id}' is not 'running'.")
    if volume.availability_zone != instance._placement.zone:
        text = f"The volume '{volume.id}' is not in the same availability zone as instance '{instance.id}'"
        raise EC2ClientError("InvalidVolume.ZoneMismatch", text)
    if device in instance.block_device_mapping:
        text = f"Invalid value '{device}' for unixDevice. Attachment point {device} is already in use"
        raise EC2ClientError("InvalidParameterValue", text)
    answer = inner(self)
    states.pass_through(self.ec2_backend, volume.attachment, "status", "attaching", "attached")
    return answer


@around(EC2Response)
def detach_volume(inner, self):
    """It is in use until it is detached."""
    backend, volume = self.ec2_backend, self.ec2_backend.get_volume(self._get_param("VolumeId"))
    held, named = volume.attachment, self._get_param("InstanceId")
    if held is None:
        raise EC2ClientError("IncorrectState", f"Volume '{volume.id}' is in the 'available' state.")
    if named and named != held.instance_id:
        return inner(self)

    def let_go():
        # Its machine may have ended in between.
        if volume.attachment is held:
            backend.detach_volume(volume.id, held.instance_id, held.device)

    if held.status != "detaching":
        states.pass_through(backend, held, "status", "detaching", "detached", then=let_go)
    return ActionResult({
        "VolumeId": volume.id,
        "InstanceId": held.instance_id,
        "Device": held.device,
        "State": "detaching",
        "AttachTime": held.attach_time,
    })


# How it changes

FIGURES = ("size", "volume_type", "iops", "throughput")
VolumeModification.passing = "completed"
VolumeModification.modification_state = property(lambda self: self.passing)
VolumeModification.progress = property(lambda self: 100 if self.passing == "completed" else 0)


def figures(volume):
    return {name: getattr(volume, name) for name in FIGURES}


def put(thing, values, prefix=""):
    for name, value in values.items():
        setattr(thing, prefix + name, value)


@around(EC2Backend)
def modify_volume(inner, self, volume_id, target_size=None, target_volume_type=None, *rest, **named):
    """A volume does not shrink; another type has speeds of its own; a change is over before the next one begins. The
    volume shows it once AWS has made it, and goes on moving its data."""
    volume = self.get_volume(volume_id)
    last = volume.modifications[-1] if volume.modifications else None
    if last and last.passing != "completed":
        text = f"Volume {volume.id} cannot be modified in modification state {last.passing.upper()}"
        raise EC2ClientError("IncorrectModificationState", text)
    if volume.status not in ("available", "in-use"):
        raise EC2ClientError("IncorrectState", f"{volume.id} is not 'available' or 'in-use'.")
    if target_size and int(target_size) < int(volume.size):
        text = f"New size cannot be smaller than existing size, {volume.size} GiB."
        raise EC2ClientError("InvalidParameterValue", text)
    before = figures(volume)
    if target_volume_type and target_volume_type != volume.volume_type:
        of_request(volume, {}, target_volume_type)
    answer = inner(self, volume_id, target_size, target_volume_type, *rest, **named)
    made, after = volume.modifications[-1], figures(volume)
    put(made, before, "original_")
    put(made, after, "target_")

    def turn(values, state):
        put(volume, values)
        made.passing = state

    states.course(
        self,
        made,
        lambda: turn(before, "modifying"),
        lambda: turn(after, "optimizing"),
        lambda: turn(after, "completed"),
    )
    return answer
