"""MongoDB Atlas: the wire. Authentication, media types, routes, and the check of every body against MongoDB's own
description of its API (`atlas_schemas.json`), of what comes in as of what goes out.

Each account of the local AWS has an organization of its own. A service account is `mdb_sa_id_ACCOUNT` with any secret; an
API key has the account's twelve digits as its public part and `local` as its private one.
"""

import base64
import hashlib
import itertools
import json
import os
import re
import secrets
import time
import traceback
from urllib.parse import parse_qs, parse_qsl, unquote

import calls

ROOT = "/api/atlas/v2"
TOKEN = "/api/oauth/token"
MEDIA = re.compile(r"^application/vnd\.atlas\.(\d{4}-\d\d-\d\d)\+json$")
FIRST_VERSION = "2023-01-01"
LIFETIME = 3600
REALM = "MMS Public API"
PRIVATE_KEY = "local"
REASONS = {
    200: "OK",
    201: "Created",
    202: "Accepted",
    204: "No Content",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    406: "Not Acceptable",
    409: "Conflict",
    415: "Unsupported Media Type",
    429: "Too Many Requests",
    500: "Internal Server Error",
}
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "atlas_schemas.json"), encoding="utf-8") as file:
    SCHEMAS = json.load(file)

# account -> its organization
organizations = {}
# access token -> the account, and when it ends
tokens = {}
# nonce of a digest -> the last count that it was used with
nonces = {}
ROUTES = []
NUMBERS = itertools.count(1)


class Refused(Exception):
    """What Atlas answers instead: `{"detail", "error", "errorCode", "parameters", "reason"}`."""

    def __init__(self, status, code, detail, *parameters):
        super().__init__(detail)
        self.status, self.code, self.detail, self.parameters = status, code, detail, parameters


class Organization:
    """What an account has. `kept` is by sort of thing; services of other files keep theirs in it."""

    def __init__(self, account):
        self.account = account
        self.id = f"{int(account):024x}"
        self.projects = {}


def organization(account):
    return organizations.setdefault(account, Organization(account))


def new_id():
    """24 hexadecimal digits, as MongoDB's object ids: the time, then what is different each time."""
    return f"{int(time.time()):08x}{next(NUMBERS):016x}"


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def route(method, path, operation, takes=None, gives=None, status=200):
    """A decorator that makes a function of the organization, the body and the path's parts an operation."""
    pattern = re.compile("^" + re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path) + "$")

    def add(function):
        ROUTES.append((method, pattern, operation, takes, gives, status, function))
        return function

    return add


class Call(calls.Call):
    """One request to Atlas, as the layers know requests."""

    def __init__(self, environ):
        super().__init__(environ)
        self.service = self.signed_for = "atlas"
        self.region = ""
        path = (environ.get("RAW_URI") or environ.get("REQUEST_URI") or environ.get("PATH_INFO", "")).partition("?")[0]
        self.route, self.parts = None, {}
        for each in ROUTES:
            found = each[1].match(path.removeprefix(ROOT)) if path.startswith(ROOT + "/") else None
            if each[0] == self.method and found:
                self.route, self.parts = each, {name: unquote(value) for name, value in found.groupdict().items()}
                break
        if path == TOKEN:
            self.operation = "GetAccessToken"
        else:
            self.operation = self.route[2] if self.route else ""
        self.path = path
        self.account = speaker(environ.get("HTTP_AUTHORIZATION", "")) or calls.DEFAULT_ACCOUNT

    def refused(self, status, code, message):
        """What faults answer."""
        return refusal(Refused(int(status[:3]), code, message))


def speaker(header):
    """The account that a request says it is of, whether or not that is so."""
    scheme, _, rest = header.partition(" ")
    if scheme == "Bearer":
        return tokens.get(rest, (None, 0))[0]
    if scheme == "Basic":
        found = re.match(r"mdb_sa_id_(\d{12}):", base64.b64decode(rest + "==").decode("utf-8", "replace"))
        return found and found.group(1)
    found = re.search(r'username="(\d{12})"', rest)
    return found and found.group(1)


def answer(call):
    """The status line, the headers and the body of the answer."""
    try:
        with calls.ALONE:
            return operate(call)
    except Refused as error:
        return refusal(error)
    except Exception as error:  # our own defects: said as what they are
        traceback.print_exc()
        return refusal(Refused(500, "UNEXPECTED_ERROR", f"{type(error).__name__}: {error}"))


def operate(call):
    if call.path == TOKEN:
        return grant(call)
    authenticate(call)
    accept = call.environ.get("HTTP_ACCEPT", "")
    wanted = MEDIA.match(accept)
    if not wanted or wanted.group(1) < FIRST_VERSION:
        raise Refused(406, "INVALID_VERSION_DATE", f"Accept has to name a version of the API, not {accept}.", accept)
    if call.route is None:
        raise Refused(404, "RESOURCE_NOT_FOUND", f"Cannot find resource {call.path}.", call.path)
    _, _, operation, takes, gives, status, function = call.route
    body = None
    if takes:
        kind = call.environ.get("CONTENT_TYPE", "")
        if not (MEDIA.match(kind) or kind == "application/json"):
            raise Refused(415, "UNSUPPORTED_MEDIA_TYPE", f"Content-Type cannot be {kind}.", kind)
        try:
            body = json.loads(call.body)
        except ValueError:
            raise Refused(400, "MALFORMED_JSON", "Received JSON is malformed.") from None
        # `[X]` is a list as the whole body.
        for each in body if takes.startswith("[") else [body]:
            check(takes.strip("[]"), each, "request")
    query = {name: values[0] for name, values in parse_qs(call.environ.get("QUERY_STRING", "")).items()}
    found = function(organization(call.account), body, **call.parts)
    if gives is None:
        return reply(204 if found is None else status, found)
    if isinstance(found, list):
        for row in found:
            check(gives, row, operation)
        found = paged(found, query)
    else:
        check(gives, found, operation)
    return reply(status, found)


def paged(rows, query):
    size, number = int(query.get("itemsPerPage", 100)), int(query.get("pageNum", 1))
    if not 1 <= size <= 500:
        raise Refused(400, "INVALID_QUERY_PARAMETER", "itemsPerPage is from 1 to 500.", "itemsPerPage")
    return {"links": [], "results": rows[(number - 1) * size : number * size], "totalCount": len(rows)}


def reply(status, body, headers=()):
    head = [("Content-Type", "application/vnd.atlas.2025-03-12+json"), *headers]
    return f"{status} {REASONS[status]}", head, b"" if body is None else json.dumps(body).encode()


def refusal(error):
    body = {
        "detail": error.detail,
        "error": error.status,
        "errorCode": error.code,
        "parameters": list(error.parameters),
        "reason": REASONS.get(error.status, "Service Unavailable"),
    }
    headers = []
    if error.status == 401:
        nonce = secrets.token_urlsafe(24)
        nonces[nonce] = 0
        challenge = f'Digest realm="{REALM}", domain="", nonce="{nonce}", algorithm=MD5, qop="auth", stale=false'
        headers.append(("WWW-Authenticate", challenge))
    if error.status == 429:
        headers.append(("Retry-After", "1"))
    head = [("Content-Type", "application/json"), *headers]
    return f"{error.status} {body['reason']}", head, json.dumps(body).encode()


# Who asks


def grant(call):
    form = dict(parse_qsl(call.body.decode()))
    account = speaker(call.environ.get("HTTP_AUTHORIZATION", ""))
    if call.method != "POST" or form.get("grant_type") != "client_credentials":
        return "400 Bad Request", [("Content-Type", "application/json")], b'{"error": "unsupported_grant_type"}'
    if not account:
        body = {"error": "invalid_client", "error_description": "Client authentication failed."}
        return "401 Unauthorized", [("Content-Type", "application/json")], json.dumps(body).encode()
    token = f"mdb_{account}_{secrets.token_urlsafe(24)}"
    tokens[token] = (account, time.monotonic() + LIFETIME)
    body = {"access_token": token, "expires_in": LIFETIME, "token_type": "Bearer"}
    return "200 OK", [("Content-Type", "application/json")], json.dumps(body).encode()


def authenticate(call):
    scheme, _, rest = call.environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme == "Bearer" and tokens.get(rest, (None, 0))[1] > time.monotonic():
        return
    if scheme == "Digest" and proves(call, rest):
        return
    raise Refused(401, "UNAUTHORIZED", "You are not authorized for this resource.")


def proves(call, header):
    """Whether a digest is right, and its count was not used before: RFC 7616."""
    said = {name: quoted or plain for name, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', header)}
    uri, query = call.path, call.environ.get("QUERY_STRING", "")
    if said.get("uri") != (f"{uri}?{query}" if query else uri) or said.get("nonce") not in nonces:
        return False

    def md5(text):
        return hashlib.md5(text.encode()).hexdigest()

    who = md5(f"{said['username']}:{REALM}:{PRIVATE_KEY}")
    what = md5(f"{call.method}:{said['uri']}")
    wanted = md5(f"{who}:{said['nonce']}:{said['nc']}:{said['cnonce']}:auth:{what}")
    count = int(said["nc"], 16)
    if said.get("response") != wanted or count <= nonces[said["nonce"]]:
        return False
    nonces[said["nonce"]] = count
    return True


# What MongoDB's description says of a body


def check(schema, value, where, path=""):
    """A request that says what the description does not know is refused; an answer of ours is a defect."""

    def wrong(code, detail, *parameters):
        if where == "request":
            raise Refused(400, code, detail, *parameters)
        raise AssertionError(f"the answer to {where}: {detail}")

    rules = SCHEMAS["schemas"][schema]
    if not isinstance(value, dict):
        wrong("INVALID_JSON", f"{path or schema} has to be an object.")
    for name, each in value.items():
        rule = rules["fields"].get(name)
        if rule is None:
            wrong("INVALID_ATTRIBUTE", f"Invalid attribute {name} specified.", name)
        words = rule.split()
        if ("read" if where == "request" else "write") in words and where != "request":
            wrong("ATTRIBUTE_WRITE_ONLY", f"The attribute {name} is not shown.", name)
        check_value(words, each, where, f"{path}.{name}".lstrip("."), wrong)
    if where == "request":
        for name in rules.get("required", []):
            if value.get(name) is None:
                wrong("MISSING_ATTRIBUTE", f"The required attribute {name} was not specified.", name)


TYPES = {"string": str, "integer": int, "number": (int, float), "boolean": bool}


def check_value(words, value, where, path, wrong):
    if words[0] == "list":
        if not isinstance(value, list):
            wrong("INVALID_ATTRIBUTE", f"{path} has to be a list.", path)
        for index, each in enumerate(value):
            check_value(words[1:], each, where, f"{path}[{index}]", wrong)
        return
    if value is None:
        return
    if words[0] == "enum":
        if value not in words[1].split("|"):
            wrong("INVALID_ENUM_VALUE", f"An invalid enumeration value {value} was specified for {path}.", str(value), path)
        return
    if words[0] in TYPES:
        is_wrong_number = isinstance(value, bool) and words[0] in ("integer", "number")
        if is_wrong_number or not isinstance(value, TYPES[words[0]]):
            wrong("INVALID_ATTRIBUTE", f"{path} has to be a {words[0]}.", path)
        return
    check(words[0], value, where, path)


TAG = re.compile(r"^[\w ;@.+-]{1,255}$")


def tags(rows):
    """Tags that Atlas takes: https://www.mongodb.com/docs/atlas/tags/"""
    keys = [row["key"] for row in rows]
    if len(rows) > 50 or len(set(keys)) != len(keys):
        raise Refused(400, "INVALID_ATTRIBUTE", "At most 50 tags, each key once.", "tags")
    for row in rows:
        for text in (row["key"], row["value"]):
            if not TAG.match(text):
                raise Refused(400, "INVALID_ATTRIBUTE", f"A tag cannot be {text}.", "tags")
    return rows


def take(account):
    """What the account has, for the census."""
    projects = organizations[account].projects.values() if account in organizations else []
    found = {"atlas:project": sorted(project.name for project in projects)}
    for project in projects:
        for what, names in project.census().items():
            found.setdefault(f"atlas:{what}", []).extend(f"{project.name}/{name}" for name in names)
    return {what: sorted(names) for what, names in found.items() if names}


def forget():
    organizations.clear()
    tokens.clear()
    nonces.clear()
