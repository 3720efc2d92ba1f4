"""Eventual consistency: for `settings.lag` seconds not every reader knows what is new.

A connection sees what it made itself, as if it spoke to one host of the service; every other one has to wait (and the
maker too, where `settings.own_writes` is off). A new role or instance profile is unknown to all other services whoever asks. What reads its
own writes on AWS (S3, SNS, Logs, Secrets Manager, ECS ...) is left alone.
"""

import json
import re
import threading
import time
import xml.etree.ElementTree as ElementTree

import calls
import settings

# How many times `lag` the tagging API is behind.
TAGS_LAG = 3

# EC2: what makes an id, the prefix of the id, and what AWS says while it does not know the id
NEW_IDS = {
    "CreateVpc": ("vpc", "InvalidVpcID.NotFound", "The vpc ID '{}' does not exist"),
    "CreateSubnet": ("subnet", "InvalidSubnetID.NotFound", "The subnet ID '{}' does not exist"),
    "CreateSecurityGroup": ("sg", "InvalidGroup.NotFound", "The security group '{}' does not exist"),
    "CreateRouteTable": ("rtb", "InvalidRouteTableID.NotFound", "The routeTable ID '{}' does not exist"),
    "CreateInternetGateway": ("igw", "InvalidInternetGatewayID.NotFound", "The internetGateway ID '{}' does not exist"),
    "CreateEgressOnlyInternetGateway": ("eigw", "InvalidGatewayID.NotFound", "The gateway ID '{}' does not exist"),
    "CreateNatGateway": ("nat", "NatGatewayNotFound", "The Nat Gateway {} was not found"),
    "AllocateAddress": ("eipalloc", "InvalidAllocationID.NotFound", "The allocation ID '{}' does not exist"),
    "CreateVpcEndpoint": ("vpce", "InvalidVpcEndpointId.NotFound", "The Vpc Endpoint Id '{}' does not exist"),
    "CreateNetworkAcl": ("acl", "InvalidNetworkAclID.NotFound", "The networkAcl ID '{}' does not exist"),
    "CreateNetworkInterface": (
        "eni",
        "InvalidNetworkInterfaceID.NotFound",
        "The networkInterface ID '{}' does not exist",
    ),
    "CreateVpcPeeringConnection": (
        "pcx",
        "InvalidVpcPeeringConnectionID.NotFound",
        "The vpcPeeringConnection ID '{}' does not exist",
    ),
    "CreateDhcpOptions": ("dopt", "InvalidDhcpOptionID.NotFound", "The dhcpOption ID '{}' does not exist"),
    "RunInstances": ("i", "InvalidInstanceID.NotFound", "The instance ID '{}' does not exist"),
    "CreateVolume": ("vol", "InvalidVolume.NotFound", "The volume '{}' does not exist."),
    "CreateSnapshot": ("snap", "InvalidSnapshot.NotFound", "The snapshot '{}' does not exist."),
    "CreateImage": ("ami", "InvalidAMIID.NotFound", "The image id '[{}]' does not exist"),
    "CreateLaunchTemplate": ("lt", "InvalidLaunchTemplateId.NotFound", "The launch template '{}' does not exist"),
}
# What a service says of a role that has not reached it: for one operation, or for all others of the service.
NOT_A_PRINCIPAL = ("400", "MalformedPolicyDocument", 'Invalid principal in policy: "AWS":"{}"')
NOT_A_PROFILE = (
    "400",
    "InvalidParameterValue",
    "Value ({}) for parameter iamInstanceProfile.arn is invalid. Invalid IAM Instance Profile ARN",
)
ROLE_UNKNOWN = {
    "ecs:RegisterTaskDefinition": ("400", "ClientException", "Role is not valid"),
    "ecs": (
        "400",
        "InvalidParameterException",
        "Unable to assume the role '{}'. Please verify that the role being passed has the proper trust relationship.",
    ),
    "events": (
        "400",
        "ValidationException",
        "Provided role '{}' cannot be assumed by principal 'events.amazonaws.com'.",
    ),
    "scheduler": (
        "400",
        "ValidationException",
        "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.",
    ),
    "backup:PutBackupVaultAccessPolicy": (
        "400",
        "InvalidParameterValueException",
        "Policy contains an invalid principal: {}",
    ),
    "backup": ("400", "InvalidParameterValueException", "IAM Role {} cannot be assumed by AWS Backup"),
    "lambda": (
        "400",
        "InvalidParameterValueException",
        "The role defined for the function cannot be assumed by Lambda.",
    ),
    "states": (
        "400",
        "AccessDeniedException",
        "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the "
        "provided role.",
    ),
    "sts": ("403", "AccessDenied", "User is not authorized to perform: sts:AssumeRole on resource: {}"),
    "kms": (
        "400",
        "MalformedPolicyDocumentException",
        "Policy contains a statement with one or more invalid principals.",
    ),
    "secretsmanager": (
        "400",
        "MalformedPolicyDocumentException",
        "This resource policy contains an unsupported principal.",
    ),
    "ecr": (
        "400",
        "InvalidParameterException",
        "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Principal not found'",
    ),
    "s3:PutBucketPolicy": ("400", "MalformedPolicy", "Invalid principal in policy"),
    "sns": ("400", "InvalidParameter", "Invalid parameter: Policy Error: PrincipalNotFound"),
    "sqs": ("400", "InvalidAttributeValue", "Invalid value for the parameter Policy."),
    "ec2:RunInstances": NOT_A_PROFILE,
    "ec2:AssociateIamInstanceProfile": NOT_A_PROFILE,
    "ec2:ReplaceIamInstanceProfileAssociation": NOT_A_PROFILE,
    "iam:CreateRole": NOT_A_PRINCIPAL,
    "iam:UpdateAssumeRolePolicy": NOT_A_PRINCIPAL,
    "rds": (
        "400",
        "InvalidParameterValue",
        "IAM role ARN value is invalid or does not include the required permissions for: ENHANCED_MONITORING",
    ),
}

LOCK = threading.Lock()
# account -> what is new in it, by id
fresh = {}
# (account, region) -> what the tagging API knew at a moment
tagged = {}


class New:
    def __init__(self, call, service, code, message, status="400 Bad Request"):
        self.until = time.monotonic() + settings.of(call.account, "lag")
        self.connection, self.service = call.connection, service
        self.code, self.message, self.status = code, message, status

    def hidden_from(self, call):
        knows = settings.of(call.account, "own_writes") and self.connection == call.connection
        return self.service == call.service and not knows


def layer(call, inner):
    lag = settings.of(call.account, "lag")
    if not lag and not fresh:
        return inner(call)
    new = still_new(call.account)
    if new:
        refused = unknown(call, new)
        if refused:
            return refused
    if call.mutating and lag:
        remember_tags(call)
    answer = inner(call)
    if answer[0][0] != "2":
        return answer
    if call.mutating:
        if lag:
            note(call, answer[2])
        return answer
    hidden = [each for each, what in new.items() if what.hidden_from(call)]
    return without(answer, hidden) if hidden else answer


def still_new(account):
    known = fresh.get(account)
    if not known:
        return {}
    now = time.monotonic()
    with LOCK:
        for identity in [each for each, what in known.items() if what.until < now]:
            del known[identity]
        if not known:
            fresh.pop(account, None)
        return dict(known)


# Reading


def unknown(call, new):
    """The refusal of a call that names what it cannot know yet."""
    for identity, what in new.items():
        if what.hidden_from(call) and names(call, identity):
            return calls.refusal(call, what.status, what.code, what.message.format(identity))
        asks = call.mutating or call.service == "sts"
        if asks and identity.startswith("arn:") and identity.encode() in spoken(call):
            said = ROLE_UNKNOWN.get(call.name) or ROLE_UNKNOWN.get(call.service)
            if said:
                status = "403 Forbidden" if said[0] == "403" else "400 Bad Request"
                return calls.refusal(call, status, said[1], said[2].format(identity))
    return None


def names(call, identity):
    """Whether a parameter is this id. That a filter asks for it is no matter: nothing is found."""
    fields = call.form if call.form_encoded else call.fields
    if call.service == "kms":
        return str(fields.get("KeyId") or fields.get("TargetKeyId") or "").rpartition("/")[2] == identity
    if call.service == "iam":
        return fields.get("RoleName") == identity
    return any(value == identity and not name.startswith("Filter.") for name, value in fields.items())


def spoken(call):
    """The request's text; a form is percent-encoded."""
    if not call.form_encoded:
        # A policy is JSON within JSON.
        return call.body.replace(b"\\/", b"/")
    return "\n".join(call.form.values()).encode()


def without(answer, hidden):
    """The lists of an answer without what the reader does not know yet."""
    status, headers, body = answer
    if not any(each.encode() in body for each in hidden) or not body.lstrip().startswith(b"<"):
        return answer
    root = ElementTree.fromstring(body)
    space = root.tag.partition("}")[0].removeprefix("{") if root.tag.startswith("{") else ""
    if space:
        ElementTree.register_namespace("", space)
    drop(root, set(hidden))
    body = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return status, [each for each in headers if each[0].lower() != "content-length"], body


def drop(parent, hidden):
    for child in list(parent):
        listed = child.tag.rpartition("}")[2] in ("item", "member")
        if listed and (child.text in hidden or any(each.text in hidden for each in child)):
            parent.remove(child)
        else:
            drop(child, hidden)


# Remembering


def note(call, body):
    """What this call has made."""
    made = {}
    if call.service == "ec2" and call.operation in NEW_IDS:
        prefix, code, message = NEW_IDS[call.operation]
        for found in set(re.findall(rf">({prefix}-[0-9a-f]{{8,17}})<".encode(), body)):
            if found.decode() not in call.form.values():
                made[found.decode()] = New(call, "ec2", code, message)
    elif call.name == "iam:CreateRole":
        name = call.form["RoleName"]
        made[name] = New(call, "iam", "NoSuchEntity", "The role with name {} cannot be found.", "404 Not Found")
        arn = re.search(rb"<Arn>([^<]+)</Arn>", body)
        if arn:
            made[arn.group(1).decode()] = New(call, "", "", "")
    elif call.name == "iam:CreateInstanceProfile":
        arn = re.search(rb"<Arn>([^<]+)</Arn>", body)
        if arn:
            made[arn.group(1).decode()] = New(call, "", "", "")
    elif call.name == "kms:CreateKey":
        identity = json.loads(body)["KeyMetadata"]["KeyId"]
        made[identity] = New(call, "kms", "NotFoundException", "Key '{}' does not exist")
    if made:
        with LOCK:
            fresh.setdefault(call.account, {}).update(made)


# The tagging API


class Tagged:
    """What the tagging API knew at a moment."""

    def __init__(self, resources):
        self.resources = resources
        self.taken = self.changed = time.monotonic()


def tags_lag(account):
    return TAGS_LAG * settings.of(account, "lag")


def remember_tags(call):
    """Before a change: what the tagging API goes on showing for a while."""
    import tagging

    now, place = time.monotonic(), (call.account, call.region)
    known = tagged.get(place)
    if known is None or now - known.taken > tags_lag(call.account):
        with calls.ALONE:
            known = tagged[place] = Tagged(tagging.snapshot(*place))
    known.changed = now


def tags_before(account, region):
    """What the tagging API still shows, where that is not what there is."""
    known = tagged.get((account, region))
    if known and time.monotonic() - known.changed > tags_lag(account):
        tagged.pop((account, region), None)
        known = None
    return known and known.resources


def forget():
    with LOCK:
        fresh.clear()
        tagged.clear()
