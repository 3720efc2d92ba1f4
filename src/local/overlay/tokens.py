"""Client tokens: a create call that is repeated with its token answers again, and makes nothing."""

import threading
from collections import OrderedDict

import calls

IGNORED = ("Version", "Action")
# AWS keeps tokens for a day; the oldest are forgotten when there are this many.
MOST = 20_000
# an operation, or all others of a service: its token, and how it refuses the token of another request
TOKENS = {
    "ec2": ("ClientToken", "400", "IdempotentParameterMismatch"),
    "ecs:RunTask": ("clientToken", "400", "ConflictException"),
    "ecs:CreateService": ("clientToken", "400", "InvalidParameterException"),
    "fsx": ("ClientRequestToken", "400", "IncompatibleParameterError"),
    "backup:CreateBackupPlan": ("CreatorRequestId", "400", "AlreadyExistsException"),
    "backup:CreateBackupSelection": ("CreatorRequestId", "400", "AlreadyExistsException"),
    "backup:CreateBackupVault": ("CreatorRequestId", "400", "AlreadyExistsException"),
    "imagebuilder": ("clientToken", "400", "IdempotentParameterMismatchException"),
    "scheduler": ("ClientToken", "409", "ConflictException"),
    "elasticfilesystem:CreateAccessPoint": ("ClientToken", "409", "AccessPointAlreadyExists"),
    "acm:RequestCertificate": ("IdempotencyToken", None, None),
    "secretsmanager:CreateSecret": ("ClientRequestToken", "400", "ResourceExistsException"),
    "secretsmanager:PutSecretValue": ("ClientRequestToken", "400", "ResourceExistsException"),
}
REASONS = {"400": "Bad Request", "409": "Conflict"}
LOCK = threading.Lock()
known = OrderedDict()


class Token:
    def __init__(self, asked):
        self.asked = asked
        self.answer = None
        # Two requests with one token at once: the second waits for what the first makes.
        self.turn = threading.Lock()


# Here a token belongs to the object that it made, and ends with it; elsewhere it lasts.
OF_OBJECTS = ("secretsmanager", "backup")


def layer(call, inner):
    if call.service in OF_OBJECTS and call.operation.startswith("Delete"):
        forget(lambda identity: identity[0] == call.account and identity[2].startswith(call.service))
    if call.name not in TOKENS and call.service not in TOKENS:
        return inner(call)
    word, status, code = TOKENS.get(call.name) or TOKENS[call.service]
    value = call.fields.get(word)
    if not value or not call.mutating:
        return inner(call)
    asked = {name: each for name, each in call.fields.items() if name != word and name not in IGNORED}
    asked = (call.environ.get("PATH_INFO"), repr(sorted(asked.items())))
    # On ECS a token is one of its cluster.
    identity = (call.account, call.region, call.name, value, call.fields.get("cluster"))
    while True:
        token = find(identity, asked)
        with token.turn:
            if token.answer is None:
                if known.get(identity) is not token:
                    continue
                return first(identity, token, call, inner)
        if token.asked == asked:
            return token.answer
        if code is None:
            return inner(call)
        message = f"The request uses the same client token as a previous, but non-identical request: {value}"
        return calls.refusal(call, f"{status} {REASONS[status]}", code, message)


def find(identity, asked):
    with LOCK:
        if identity not in known:
            known[identity] = Token(asked)
            if len(known) > MOST:
                known.popitem(last=False)
        return known[identity]


def first(identity, token, call, inner):
    """Only what succeeds uses its token up."""
    try:
        answer = inner(call)
        if answer[0][0] == "2":
            token.answer = answer
        return answer
    finally:
        if token.answer is None:
            with LOCK:
                known.pop(identity, None)


def forget(which=lambda identity: True):
    with LOCK:
        for identity in [each for each in known if which(each)]:
            del known[identity]
