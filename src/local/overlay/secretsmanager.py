"""Secrets Manager: what a secret that waits for its deletion refuses, descriptions that are taken away, rotation."""

import threading

from moto.awslambda.models import LambdaBackend
from moto.secretsmanager.exceptions import InvalidRequestException
from moto.secretsmanager.models import SecretsManagerBackend

from patch import around


@around(SecretsManagerBackend)
def create_secret(inner, self, name, *args, **kwargs):
    found = self.secrets.get(name)
    if found is not None and found.is_deleted():
        raise InvalidRequestException(
            "You can't create this secret because a secret with this name is already scheduled for deletion."
        )
    return inner(self, name, *args, **kwargs)


@around(SecretsManagerBackend)
def update_secret(inner, self, secret_id, *args, description=None, **kwargs):
    answer = inner(self, secret_id, *args, description=description, **kwargs)
    if description == "":
        self.secrets[secret_id].description = None
    return answer


def refused_while_deleted(name):
    @around(SecretsManagerBackend, name)
    def outer(inner, self, *args, **kwargs):
        secret_id = args[0] if args else kwargs.get("secret_id") or kwargs["arn"]
        found = self.secrets.get(secret_id) if self._is_valid_identifier(secret_id) else None
        if found is not None and found.is_deleted():
            raise InvalidRequestException(
                "You can't perform this operation on the secret because it was marked for deletion."
            )
        return inner(self, *args, **kwargs)


for operation in ("put_secret_value", "tag_resource", "untag_resource", "put_resource_policy"):
    refused_while_deleted(operation)


# Nothing runs rotation functions here: a rotation is promised, and its function has to exist.
rotating = threading.local()


@around(SecretsManagerBackend)
def rotate_secret(inner, self, *args, **kwargs):
    rotating.now = True
    try:
        return inner(self, *args, **kwargs)
    finally:
        rotating.now = False


@around(LambdaBackend)
def invoke(inner, self, *args, **kwargs):
    return "" if getattr(rotating, "now", False) else inner(self, *args, **kwargs)
