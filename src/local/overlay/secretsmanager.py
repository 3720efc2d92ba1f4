"""Secrets Manager: the name of a secret that waits for its deletion is taken in a way of its own, and a description can
be taken away."""

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
