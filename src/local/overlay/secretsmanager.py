"""Secrets Manager: what a secret that waits for its deletion refuses, descriptions that are taken away, rotation."""

import re
import threading

from moto.awslambda.models import LambdaBackend
from moto.secretsmanager.exceptions import InvalidParameterException, InvalidRequestException
from moto.secretsmanager.models import FakeSecret, SecretsManagerBackend

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


RATE = re.compile(r"rate\((\d+) (hour|day)s?\)")


def days(rules):
    """How many days are between two rotations, where the schedule is a rate of days."""
    expression = rules.get("ScheduleExpression", "")
    found = RATE.fullmatch(expression)
    number, unit = (int(found[1]), found[2]) if found else (0, None)
    fine = number >= {"hour": 4, "day": 1}[unit] if found else expression.startswith("cron(")
    if expression and (not fine or rules.get("AutomaticallyAfterDays")):
        raise InvalidParameterException("Invalid rotation rule.")
    return number if unit == "day" else rules.get("AutomaticallyAfterDays", 0)


@around(SecretsManagerBackend)
def rotate_secret(inner, self, secret_id, *args, **kwargs):
    rules = kwargs.get("rotation_rules") or {}
    after = days(rules)
    if after:
        kwargs["rotation_rules"] = {**rules, "AutomaticallyAfterDays": after}
    rotating.now = True
    try:
        answer = inner(self, secret_id, *args, **kwargs)
    finally:
        rotating.now = False
    if rules:
        secret = self.secrets[secret_id]
        secret.rotation_enabled = True
        secret.rotation_rules = {**rules, "AutomaticallyAfterDays": after} if after else rules
    return answer


@around(FakeSecret)
def to_dict(inner, self):
    answer = inner(self)
    if "RotationRules" in answer and getattr(self, "rotation_rules", None):
        answer["RotationRules"] = self.rotation_rules
    return answer


@around(LambdaBackend)
def invoke(inner, self, *args, **kwargs):
    return "" if getattr(rotating, "now", False) else inner(self, *args, **kwargs)
