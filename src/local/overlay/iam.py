"""IAM: a trust policy has to be one."""

import json

from moto.iam.exceptions import MalformedPolicyDocument
from moto.iam.models import IAMBackend

from patch import around


@around(IAMBackend)
def create_role(inner, self, role_name, assume_role_policy_document, *args, **kwargs):
    check(assume_role_policy_document)
    return inner(self, role_name, assume_role_policy_document, *args, **kwargs)


def check(document):
    try:
        statements = json.loads(document)["Statement"]
    except (ValueError, KeyError, TypeError):
        raise MalformedPolicyDocument("This policy contains invalid Json") from None
    for statement in statements if isinstance(statements, list) else [statements]:
        if "Principal" not in statement and "NotPrincipal" not in statement:
            raise MalformedPolicyDocument("Missing required field Principal")
