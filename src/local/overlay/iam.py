"""IAM: a trust policy has to be one, what something else still uses cannot be deleted, and new accounts are cheap."""

import copy
import json
import re

from moto.iam import models
from moto.iam.exceptions import (
    DeleteConflictException,
    EntityAlreadyExists,
    InvalidInput,
    MalformedPolicyDocument,
    NotFoundException,
)
from moto.iam.models import IAMBackend

from patch import around

models.SERVICE_NAME_CONVERSION.update({
    "ecs": "ECS",
    "elasticloadbalancing": "ElasticLoadBalancing",
    "rds": "RDS",
    "elasticache": "ElastiCache",
    "backup": "Backup",
    "config": "Config",
})

prototypes = {}


@around(IAMBackend)
def _init_aws_policies(inner, self):
    """AWS's own policies are read once, not for each account, which takes most of a second. An account has copies
    of its own, because each counts its attachments."""
    if self.partition not in prototypes:
        prototypes[self.partition] = inner(self)
    policies = [copy.copy(policy) for policy in prototypes[self.partition]]
    for policy in policies:
        policy.account_id = self.account_id
    return policies


# Only an account's own principals are looked up: nothing is known about the others.
OWN = re.compile(r"^arn:aws:iam::(\d{12}):(role|user)/(?:.*/)?([^/]+)$")


@around(IAMBackend)
def create_role(inner, self, role_name, assume_role_policy_document, *args, **kwargs):
    check(self, assume_role_policy_document)
    return inner(self, role_name, assume_role_policy_document, *args, **kwargs)


@around(IAMBackend)
def update_assume_role_policy(inner, self, role_name, policy_document):
    self.get_role(role_name)
    check(self, policy_document)
    return inner(self, role_name, policy_document)


def check(backend, document):
    try:
        statements = json.loads(document)["Statement"]
    except (ValueError, KeyError, TypeError):
        raise MalformedPolicyDocument("This policy contains invalid Json") from None
    for statement in statements if isinstance(statements, list) else [statements]:
        if "Principal" not in statement and "NotPrincipal" not in statement:
            raise MalformedPolicyDocument("Missing required field Principal")
        for arn in unknown_principals(backend, statement):
            raise MalformedPolicyDocument(f'Invalid principal in policy: "AWS":"{arn}"')


def unknown_principals(backend, statement):
    """The roles and users of this account that the statement names and that do not exist."""
    principal = statement.get("Principal", statement.get("NotPrincipal"))
    named = principal.get("AWS", []) if isinstance(principal, dict) else []
    for arn in named if isinstance(named, list) else [named]:
        own = OWN.match(arn)
        if own and own.group(1) == backend.account_id:
            known = backend.users.values() if own.group(2) == "user" else backend.roles.values()
            if all(each.arn != arn for each in list(known)):
                yield arn


def conflict(what):
    return DeleteConflictException(f"Cannot delete entity, must {what} first.")


@around(IAMBackend)
def delete_policy(inner, self, policy_arn):
    policy = self.get_policy(policy_arn)
    bounded = [*list(self.roles.values()), *list(self.users.values())]
    if policy.attachment_count > 0 or any(boundary(each) == policy.arn for each in bounded):
        raise DeleteConflictException("Cannot delete a policy attached to entities.")
    if len(policy.versions) > 1:
        raise DeleteConflictException(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "
            "The default version is deleted with the policy."
        )
    return inner(self, policy_arn)


def boundary(entity):
    found = getattr(entity, "permissions_boundary", None)
    return found.get("PermissionsBoundaryArn") if isinstance(found, dict) else found


@around(IAMBackend)
def delete_user(inner, self, user_name):
    user = self.get_user(user_name)
    if any(user in group.users for group in list(self.groups.values())):
        raise conflict("remove users from group")
    for held, words in (
        (user.access_keys, "delete access keys"),
        (user.password, "delete login profile"),
        (user.mfa_devices, "delete MFA device"),
        (user.ssh_public_keys, "delete SSH public keys"),
        (user.signing_certificates, "delete signing certificates"),
    ):
        if held:
            raise conflict(words)
    return inner(self, user_name)


@around(IAMBackend)
def delete_group(inner, self, group_name):
    group = self.groups.get(group_name)
    if group is not None:
        for held, words in (
            (group.users, "remove users from group"),
            (group.managed_policies, "detach all policies"),
            (group.policies, "delete policies"),
        ):
            if held:
                raise conflict(words)
    return inner(self, group_name)


@around(IAMBackend)
def remove_role_from_instance_profile(inner, self, profile_name, role_name):
    """A role that is not in the profile is not found."""
    profile = self.get_instance_profile(profile_name)
    if all(role.name != role_name for role in profile.roles):
        raise NotFoundException(f"Role {role_name} is not in instance profile {profile_name}")
    return inner(self, profile_name, role_name)


@around(IAMBackend)
def create_service_linked_role(inner, self, service_name, description, suffix):
    try:
        return inner(self, service_name, description, suffix)
    except EntityAlreadyExists:
        message = f"Service role name of {service_name} has been taken in this account, please try a different suffix."
        raise InvalidInput(message) from None
