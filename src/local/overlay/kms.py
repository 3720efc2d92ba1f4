"""KMS: the rotation period, a policy that needs no name, what a key refuses that is disabled or about to be deleted."""

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


@around(KmsBackend)
def _generate_default_keys(inner, self, alias_name):
    made = inner(self, alias_name)
    if made:
        self.keys[made].key_manager = "AWS"
    return made


def refused(name, position=0, disabled=False):
    """The operation refuses a key that waits for its deletion, and a disabled one where it would use it."""

    @around(KmsBackend, name)
    def outer(inner, self, *args, **kwargs):
        given = kwargs.get("key_id") or (args[position] if len(args) > position else None)
        key = self.keys.get(self.any_id_to_key_id(given)) if given else None
        if key is not None and key.key_state == "PendingDeletion":
            raise JsonRESTError("KMSInvalidStateException", f"{key.arn} is pending deletion.")
        if key is not None and disabled and not key.enabled:
            raise JsonRESTError("DisabledException", f"{key.arn} is disabled.")
        return inner(self, *args, **kwargs)


for operation in (
    "update_key_description",
    "get_key_rotation_status",
    "enable_key",
    "disable_key",
    "schedule_key_deletion",
    "tag_resource",
    "untag_resource",
    "create_alias",
    "update_alias",
):
    refused(operation)
for operation in (
    "enable_key_rotation",
    "disable_key_rotation",
    "encrypt",
    "generate_data_key",
    "sign",
    "create_grant",
):
    refused(operation, disabled=True)
refused("generate_mac", position=1, disabled=True)


@around(KmsBackend)
def decrypt(inner, self, *args, **kwargs):
    plaintext, arn = inner(self, *args, **kwargs)
    key = self.keys[self.get_key_id(arn)]
    if key.key_state == "PendingDeletion":
        raise JsonRESTError("KMSInvalidStateException", f"{key.arn} is pending deletion.")
    if not key.enabled:
        raise JsonRESTError("DisabledException", f"{key.arn} is disabled.")
    return plaintext, arn
