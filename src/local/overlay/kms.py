"""KMS: the rotation period, a policy that needs no name, and that a key which is about to be deleted refuses changes."""

import json

from moto.core.exceptions import JsonRESTError
from moto.kms.models import KmsBackend
from moto.kms.responses import KmsResponse

from patch import around


@around(KmsResponse)
def enable_key_rotation(inner, self):
    answer = inner(self)
    key(self).rotation_period = self._get_param("RotationPeriodInDays") or 365
    return answer


@around(KmsResponse)
def get_key_rotation_status(inner, self):
    status = json.loads(inner(self))
    if status["KeyRotationEnabled"]:
        status["RotationPeriodInDays"] = getattr(key(self), "rotation_period", 365)
    return json.dumps({"KeyId": key(self).id, **status})


@around(KmsResponse)
def get_key_policy(inner, self):
    return inner(with_policy_name(self))


@around(KmsResponse)
def put_key_policy(inner, self):
    return inner(with_policy_name(self))


def with_policy_name(response):
    """There is one policy, and nobody has to name it."""
    name = response._get_param("PolicyName") or "default"
    given = response._get_param
    response._get_param = lambda key, *rest: name if key == "PolicyName" else given(key, *rest)
    return response


@around(KmsBackend)
def create_key(inner, self, policy, key_usage, *args, **kwargs):
    return inner(self, policy, key_usage or "ENCRYPT_DECRYPT", *args, **kwargs)


def key(response):
    return response.kms_backend.keys[response.kms_backend.get_key_id(response._get_param("KeyId"))]


def refused_while_pending(name):
    inner = getattr(KmsBackend, name)

    def outer(self, key_id, *args, **kwargs):
        key = self.keys.get(self.get_key_id(key_id))
        if key is not None and key.key_state == "PendingDeletion":
            raise JsonRESTError("KMSInvalidStateException", f"{key.arn} is pending deletion.")
        return inner(self, key_id, *args, **kwargs)

    setattr(KmsBackend, name, outer)


for operation in (
    "update_key_description",
    "enable_key_rotation",
    "disable_key_rotation",
    "get_key_rotation_status",
    "enable_key",
    "disable_key",
    "schedule_key_deletion",
):
    refused_while_pending(operation)
