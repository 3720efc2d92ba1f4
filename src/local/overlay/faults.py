"""Faults on demand: what an account's calls meet with besides their answers."""

import collections
import fnmatch
import random
import threading
import time

import calls

EVERYONE = "*"
LOCK = threading.Lock()
rules = {}

BUSY = {
    "atlas": ("429", "RATE_LIMITED", "Too many requests."),
    "ec2": ("503", "RequestLimitExceeded", "Request limit exceeded."),
    "s3": ("503", "SlowDown", "Please reduce your request rate."),
    "lambda": ("429", "TooManyRequestsException", "Rate Exceeded."),
    "apigateway": ("429", "TooManyRequestsException", "Too Many Requests"),
    "sns": ("429", "Throttled", "Rate exceeded"),
    "sqs": ("403", "RequestThrottled", "Request is throttled."),
    "tag": ("400", "ThrottledException", "The request was denied to limit the frequency of submitted requests."),
    "cognito-idp": ("400", "TooManyRequestsException", "Rate exceeded"),
    "kinesis": ("400", "LimitExceededException", "Rate exceeded"),
}
BROKEN = {
    "atlas": "UNEXPECTED_ERROR",
    "ec2": "InternalError",
    "s3": "InternalError",
    "sns": "InternalError",
    "ecs": "ServerException",
    "ecr": "ServerException",
    "events": "InternalException",
    "iam": "ServiceFailure",
    "kms": "KMSInternalException",
    "secretsmanager": "InternalServiceError",
    "tag": "InternalServiceException",
    "dynamodb": "InternalServerError",
    "ssm": "InternalServerError",
}
UNAVAILABLE = {
    "atlas": "SERVICE_UNAVAILABLE",
    "ec2": "Unavailable",
    "backup": "ServiceUnavailableException",
    "logs": "ServiceUnavailableException",
    "kms": "DependencyTimeoutException",
}
DENIED = {"atlas": "USER_UNAUTHORIZED", "ec2": "UnauthorizedOperation", "sns": "AuthorizationError"}
REASONS = {"400": "Bad Request", "403": "Forbidden", "429": "Too Many Requests", "500": "Internal Server Error"}
REASONS["503"] = "Service Unavailable"


class Reset(Exception):
    """The connection ends without an answer."""


class Rule:
    """Which calls meet a fault, and which one. The nth call that matches always meets the same.

    `times` bounds how many do: of all, or with `each` of each operation.
    """

    def __init__(self, row):
        self.row = row
        self.kind = row["kind"]
        if self.kind not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}, not {self.kind}")
        if row.get("when", "before") not in ("before", "after"):
            raise ValueError("when is before or after")
        if str(row.get("status", 500)) not in ("500", "503"):
            raise ValueError("status is 500 or 503")
        self.operations = row.get("operations") or ["*"]
        self.chance = random.Random(row.get("seed", 1))
        self.matched = 0
        self.met = collections.Counter()

    def meets(self, call):
        if row_says(self.row.get("mutating"), call.mutating):
            return False
        if not any(fnmatch.fnmatchcase(call.name, pattern) for pattern in self.operations):
            return False
        with LOCK:
            self.matched += 1
            spared = self.chance.random() >= self.row.get("share", 1)
            if self.matched <= self.row.get("after", 0) or spared:
                return False
            fired = self.met[call.name] if self.row.get("each") else self.met.total()
            if self.row.get("times") is not None and fired >= self.row["times"]:
                return False
            self.met[call.name] += 1
            return True

    def shown(self):
        return {**self.row, "matched": self.matched, "fired": self.met.total()}


def row_says(wanted, is_so):
    return wanted is not None and wanted != is_so


def layer(call, inner):
    """Runs the call with the faults that its account asked for."""
    if not rules:
        return inner(call)
    for rule in [*rules.get(call.account, ()), *rules.get(EVERYONE, ())]:
        if not rule.meets(call):
            continue
        if rule.kind == "latency":
            time.sleep(rule.row.get("seconds", 0.1))
            continue
        if rule.row.get("when") == "after" and rule.kind in ("error", "reset"):
            inner(call)
        return KINDS[rule.kind](call, rule.row)
    return inner(call)


def throttled(call, _):
    # The services that speak query say `Throttling`; those that speak JSON name an exception.
    usual = ("400", "Throttling" if call.form_encoded or call.signed_for in calls.XML else "ThrottlingException")
    status, code, message = BUSY.get(call.service, (*usual, "Rate exceeded"))
    return answer(call, status, code, message)


def failed(call, row):
    if str(row.get("status", 500)) == "503":
        message = "The request has failed due to a temporary failure of the server."
        return answer(call, "503", UNAVAILABLE.get(call.service, "ServiceUnavailable"), message)
    message = "An internal error has occurred. Retry your request."
    return answer(call, "500", BROKEN.get(call.service, "InternalFailure"), message)


def denied(call, _):
    xml = call.form_encoded or call.signed_for in calls.XML
    code = DENIED.get(call.service, "AccessDenied" if xml else "AccessDeniedException")
    is_json = "HTTP_X_AMZ_TARGET" in call.environ
    message = f"User: arn:aws:iam::{call.account}:user/local is not authorized to perform: {call.name}"
    if call.service == "ec2":
        message = "You are not authorized to perform this operation."
    return answer(call, "400" if is_json else "403", code, message)


def cut(call, row):
    raise Reset


def answer(call, status, code, message):
    return calls.refusal(call, f"{status} {REASONS[status]}", code, message)


KINDS = {"latency": None, "throttle": throttled, "error": failed, "deny": denied, "reset": cut, "stop": cut}


def put(account, rows):
    """Replaces the rules of an account."""
    made = [Rule(row) for row in rows]
    if made:
        rules[account] = made
    else:
        rules.pop(account, None)


def shown(account):
    return [rule.shown() for rule in rules.get(account, ())]


def forget():
    rules.clear()
