"""What a request asks for: its account, region, service and operation, whatever the protocol."""

import functools
import json
import re
import threading
from urllib.parse import parse_qs, parse_qsl

import botocore.session

CREDENTIAL = re.compile(r"(?:Credential=|X-Amz-Credential=)([^/&%]+)(?:/|%2F)\d{8}(?:/|%2F)([^/%]*)(?:/|%2F)([^/%]+)")
# moto's objects are not made for threads: whoever reads or changes them does so alone. Else a list that is read while
# another request adds to it ends in an error, half-way through whatever it was for.
ALONE = threading.RLock()
DEFAULT_ACCOUNT = "123456789012"
# Operations that change nothing. `Get…` of a batch and of a log's events have names of their own.
READS = re.compile(
    r"^(Get|List|Describe|Head|BatchGet|BatchCheck|Batch.*Describe|Lookup|Simulate|Assume|Decrypt|Encrypt|ReEncrypt|"
    r"GenerateDataKey|GenerateRandom|GenerateMac|Sign$|Verify|Query|Scan|Select|Search|Filter|Test|Preview|Estimate|"
    r"Validate|Check|DecodeAuthorizationMessage|StartQuery|ReceiveMessage)"
)
# The prefix of the service's actions in IAM, where it is not the name that requests are signed with.
ACTIONS = {"monitoring": "cloudwatch", "tagging": "tag"}
# botocore's models, where they have another name than requests are signed with.
MODELS = {"elasticfilesystem": ["efs"], "apigateway": ["apigateway", "apigatewayv2"], "execute-api": []}
XML = ("s3", "route53", "cloudfront")


class Call:
    """One request. What is expensive to find out is found out when it is asked for."""

    def __init__(self, environ):
        self.environ = environ
        found = CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", "") or environ.get("QUERY_STRING", ""))
        self.key, self.region, self.signed_for = found.groups() if found else ("", "", "")
        self.service = ACTIONS.get(self.signed_for, self.signed_for)
        self.method = environ.get("REQUEST_METHOD", "GET")
        # A port is a connection for as long as this matters.
        self.connection = environ.get("REMOTE_PORT")
        self.form_encoded = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")

    @functools.cached_property
    def account(self):
        given = self.environ.get("HTTP_X_MOTO_ACCOUNT_ID")
        if given:
            return given
        if self.key.startswith(("AKIA", "ASIA", "LSIA")):
            from moto.iam.models import get_account_id_from

            return get_account_id_from(self.key)
        return DEFAULT_ACCOUNT

    @functools.cached_property
    def body(self):
        return self.environ["wsgi.input"].getvalue()

    @functools.cached_property
    def form(self):
        """The fields of a query request; what a JSON request has is in `fields`."""
        if not self.form_encoded:
            return {}
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    @functools.cached_property
    def fields(self):
        """The top level of the request's parameters."""
        if self.form_encoded:
            return self.form
        try:
            found = json.loads(self.body or b"{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @functools.cached_property
    def operation(self):
        target = self.environ.get("HTTP_X_AMZ_TARGET")
        if target:
            return target.rpartition(".")[2]
        if self.form_encoded and "Action" in self.form:
            return self.form["Action"]
        query = parse_qs(self.environ.get("QUERY_STRING", ""), keep_blank_values=True)
        if "Action" in query:
            return query["Action"][0]
        return rest_operation(self, query)

    @functools.cached_property
    def mutating(self):
        if self.service == "ec2" and self.form.get("DryRun") == "true":
            return False
        if not self.operation:
            return self.method not in ("GET", "HEAD", "OPTIONS")
        return not READS.match(self.operation)

    @functools.cached_property
    def name(self):
        return f"{self.service}:{self.operation}"


def rest_operation(call, query):
    """The operation of a REST service that the method, the path and what else is demanded fit best."""
    path = call.environ.get("RAW_URI") or call.environ.get("PATH_INFO", "")
    path = path.partition("?")[0].rstrip("/") or "/"
    best, fit = "", -1
    for name, pattern, literal, flags, needed, headers in routes(call.signed_for).get(call.method, ()):
        if literal + len(flags) + len(needed) + len(headers) <= fit or not pattern.match(path):
            continue
        if any(flag not in query or (value and query[flag] != [value]) for flag, value in flags):
            continue
        if all(each in query for each in needed) and all(each in call.environ for each in headers):
            best, fit = name, literal + len(flags) + len(needed) + len(headers)
    return best


@functools.cache
def routes(signed_for):
    """Method -> the operations of the REST services that sign so, with what each needs to be meant."""
    session = botocore.session.get_session()
    names = MODELS.get(signed_for, [signed_for])
    table = {}
    for service in set(names) & set(session.get_available_services()):
        model = session.get_service_model(service)
        if not model.metadata["protocol"].startswith("rest"):
            continue
        for name in model.operation_names:
            add_route(table, model.operation_model(name))
    return table


def add_route(table, operation):
    path, _, query = operation.http["requestUri"].partition("?")
    flags = [tuple((each + "=").split("=")[:2]) for each in query.split("&") if each]
    shape = operation.input_shape
    needed, headers = [], []
    for member in shape.required_members if shape else ():
        serialization = shape.members[member].serialization
        if serialization.get("location") == "querystring":
            needed.append(serialization["name"])
        elif serialization.get("location") == "header":
            headers.append("HTTP_" + serialization["name"].upper().replace("-", "_"))
    pieces = re.split(r"(\{[^}]+\})", path.rstrip("/") or "/")
    pattern = "".join(
        re.escape(piece) if not piece.startswith("{") else ".+" if piece.endswith("+}") else "[^/]+" for piece in pieces
    )
    # More of the path in words is a better fit than a variable; a longer path than a shorter one.
    literal = 10 * sum(len(piece.split("/")) for piece in pieces if piece and not piece.startswith("{"))
    row = (operation.name, re.compile(f"^{pattern}$"), literal, flags, needed, headers)
    table.setdefault(operation.http["method"], []).append(row)


def refusal(call, status, code, message):
    """An error in the protocol of the request, as the client's SDK reads it."""
    if call.service == "atlas":
        return call.refused(status, code, message)
    target = call.environ.get("HTTP_X_AMZ_TARGET")
    if target or not (call.form_encoded or call.signed_for in XML):
        body = json.dumps({"__type": code, "message": message}).encode()
        return status, [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-errortype", code)], body
    text = message.replace("&", "&amp;").replace("<", "&lt;")
    side = "Receiver" if status[0] == "5" else "Sender"
    if call.signed_for == "ec2":
        error = f"<Errors><Error><Code>{code}</Code><Message>{text}</Message></Error></Errors>"
        body = f"<Response>{error}<RequestID>local</RequestID></Response>"
    elif call.signed_for == "s3":
        body = f"<Error><Code>{code}</Code><Message>{text}</Message></Error>"
    else:
        error = f"<Error><Type>{side}</Type><Code>{code}</Code><Message>{text}</Message></Error>"
        body = f"<ErrorResponse>{error}<RequestId>local</RequestId></ErrorResponse>"
    return status, [("Content-Type", "text/xml")], body.encode()
