"""Smithy RPC v2 CBOR, for services that moto knows in awsJson only.

The Rust SDK speaks to CloudWatch in no other protocol. The request is read by botocore's CBOR parser, handed
to moto as awsJson 1.0, and the answer written by botocore's CBOR serializer, which follows the service model:
a double stays a double, and a timestamp is tagged as one.
"""

import base64
import functools
import io
import json
import re

import botocore.session
from botocore.parsers import PROTOCOL_PARSERS
from botocore.serialize import SERIALIZERS

ROUTE = re.compile(r"^/service/([^/]+)/operation/([^/]+)/?$")
SERVICES = {"GraniteServiceVersion20100801": "cloudwatch"}
HEADERS = [("Content-Type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor")]


@functools.cache
def model(service):
    return botocore.session.get_session().get_service_model(service)


def translated(call, environ):
    """Runs one rpc-v2-cbor request through `call`, which understands awsJson."""
    route = ROUTE.match(environ.get("PATH_INFO", ""))
    if not route or route.group(1) not in SERVICES:
        return error("501 Not Implemented", "NotImplemented", f"no rpc-v2-cbor at {environ.get('PATH_INFO')}", None)
    target, name = route.groups()
    service = model(SERVICES[target])
    if name not in service.operation_names:
        return error("404 Not Found", "UnknownOperationException", f"no operation {name}", None)
    operation = service.operation_model(name)

    body = json.dumps(decoded(environ["wsgi.input"].read()), default=plain).encode()
    environ.update({
        "PATH_INFO": "/",
        "RAW_URI": "/",
        "REQUEST_URI": "/",
        "CONTENT_TYPE": "application/x-amz-json-1.0",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_X_AMZ_TARGET": f"{target}.{name}",
        "HTTP_ACCEPT": "application/x-amz-json-1.0",
        "wsgi.input": io.BytesIO(body),
    })
    environ.pop("HTTP_SMITHY_PROTOCOL")
    # With this header set, moto would name errors as the query protocol does and drop their shape.
    environ.pop("HTTP_X_AMZN_QUERY_MODE", None)
    status, headers, answer = call(environ)
    found = {name.lower(): value for name, value in headers}
    raw = {"body": answer, "headers": found, "status_code": int(status[:3])}
    parsed = PROTOCOL_PARSERS["json"]().parse(raw, operation.output_shape)
    if raw["status_code"] >= 300:
        # The SDK takes the code from the header where the service once spoke query.
        return error(status, wire_code(answer), parsed["Error"].get("Message", ""), found.get("x-amzn-query-error"))
    parsed.pop("ResponseMetadata", None)
    return "200 OK", list(HEADERS), encoded(parsed, operation.output_shape)


def wire_code(answer):
    """The `__type` of an awsJson error, which is the name of the error's shape."""
    return json.loads(answer or b"{}").get("__type", "InternalFailure")


def error(status, code, message, query_error):
    out = bytearray(b"\xa2")
    for text in ("__type", code, "message", message):
        out += text_item(text)
    headers = list(HEADERS)
    if query_error:
        headers.append(("x-amzn-query-error", query_error))
    return status, headers, bytes(out)


def text_item(text):
    data = text.encode()
    length = len(data)
    if length < 24:
        return bytes([0x60 | length]) + data
    return b"\x7a" + length.to_bytes(4, "big") + data


def decoded(data):
    """The request's body as plain values; no body is an empty structure."""
    if not data:
        return {}
    parser = PROTOCOL_PARSERS["smithy-rpc-v2-cbor"]()
    return parser.parse_data_item(parser.get_peekable_stream_from_bytes(data))


def encoded(value, shape):
    if shape is None:
        return b""
    out = bytearray()
    SERIALIZERS["smithy-rpc-v2-cbor"]()._serialize_data_item(out, value, shape)
    return bytes(out)


def plain(value):
    """What JSON has no word for: timestamps are seconds, blobs are base64."""
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    return value.timestamp()
