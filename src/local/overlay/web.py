"""The HTTP server, and the middleware between the wire and moto."""

import io
import json
import re
import threading
import time
import traceback

from moto.server import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import DechunkedInput, ThreadedWSGIServer

import cbor

CREDENTIAL = re.compile(r"Credential=(\d{12})/")
SCOPE = re.compile(r"Credential=[^/]+/\d{8}/[^/]*/([^/]+)/aws4_request")


class Handler(MotoRequestHandler):
    """HTTP/1.1 with connections that are kept alive, which werkzeug's own handler does not do.

    It can, because the request's body is read whole before the application runs and the answer is sent
    whole, with its length, in one write.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def run_wsgi(self):
        if self.headers.get("Expect", "").lower().strip() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        environ = self.make_environ()
        if environ.get("wsgi.input_terminated"):
            body = DechunkedInput(self.rfile).read()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        environ.pop("wsgi.input_terminated", None)
        status, headers, answer = run(self.server.app, environ)
        names = {name.lower() for name, _ in headers}
        if "content-length" not in names and not (status[0] == "1" or status[:3] in ("204", "304")):
            headers.append(("Content-Length", str(len(answer))))
        self.send_response(int(status[:3]), status[4:])
        for name, value in headers:
            self.send_header(name, value)
        self._headers_buffer.append(b"\r\n")
        if self.command != "HEAD":
            self._headers_buffer.append(answer)
        self.flush_headers()

    def log_request(self, *args):
        """Requests are not logged: only what goes wrong is worth reading."""


def run(app, environ):
    """Calls a WSGI application; returns its status line, headers and whole body."""
    started = []

    def start_response(status, headers, exc_info=None):
        started[:] = [status, list(headers)]
        return lambda data: None

    parts = app(environ, start_response)
    try:
        body = b"".join(parts)
    finally:
        if hasattr(parts, "close"):
            parts.close()
    return started[0], started[1], body


def serve(host, port, facts):
    """A server that listens already; `facts` is what the health request answers."""
    app = Middleware(DomainDispatcherApplication(create_backend_app), facts)
    server = ThreadedWSGIServer(host, port, app, handler=Handler)
    server.daemon_threads = True
    server.block_on_close = False
    app.server = server
    return server


class Middleware:
    """Everything that is done to a request before moto sees it, and to its answer."""

    def __init__(self, moto, facts):
        self.moto = moto
        self.facts = facts
        self.server = None
        self.last_request = time.monotonic()

    def __call__(self, environ, start_response):
        self.last_request = time.monotonic()
        path = environ.get("PATH_INFO", "")
        if path.startswith("/infra/"):
            status, headers, body = self.control(path)
        else:
            account(environ)
            call = self.guarded
            if environ.get("HTTP_SMITHY_PROTOCOL") == "rpc-v2-cbor":
                status, headers, body = cbor.translated(call, environ)
            else:
                status, headers, body = call(environ)
        start_response(status, headers)
        return [body]

    def control(self, path):
        if path == "/infra/stop":
            self.stop()
        elif path != "/infra/health":
            return "404 Not Found", [("Content-Type", "application/json")], b"{}"
        return "200 OK", [("Content-Type", "application/json")], json.dumps(self.facts).encode()

    def stop(self):
        """Returns at once: `shutdown` waits for the loop that may be calling this."""
        threading.Thread(target=self.server.shutdown, daemon=True).start()

    def guarded(self, environ):
        """moto's answer; where moto has no code, an error in the protocol of the request."""
        trouble = None
        try:
            status, headers, body = run(self.moto, environ)
        except (NotImplementedError, ModuleNotFoundError) as error:
            # A service that the project does not use may need packages that are not installed.
            trouble = ("501 Not Implemented", "NotImplemented", str(error))
        except Exception as error:  # moto's own defects: said as what they are
            traceback.print_exc()
            trouble = ("500 Internal Server Error", "InternalFailure", f"{type(error).__name__}: {error}")
        else:
            kind = dict((name.lower(), value) for name, value in headers).get("content-type", "")
            if status[0] in "45" and body[:200].lstrip().lower().startswith((b"<!doctype html", b"<html")):
                trouble = html(status, body)
            elif status[:3] == "404" and not body and not kind.startswith("application/x") and "s3" != service(environ):
                trouble = ("501 Not Implemented", "NotImplemented", "no such route in the local AWS")
        return refusal(environ, *trouble) if trouble else (status, headers, body)


def html(status, body):
    """What an HTML error page of the framework means."""
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body.decode("utf-8", "replace"))).strip()[-300:]
    if "NotImplemented" in text or status[:3] in ("404", "405"):
        return "501 Not Implemented", "NotImplemented", f"the local AWS has no code for this: {text}"
    return "500 Internal Server Error", "InternalFailure", text


def refusal(environ, status, code, message):
    """An error body that the client's SDK can read."""
    name = service(environ)
    target = environ.get("HTTP_X_AMZ_TARGET")
    form = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
    if target or not (form or name == "s3"):
        body = json.dumps({"__type": code, "message": message}).encode()
        return status, [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-errortype", code)], body
    text = message.replace("&", "&amp;").replace("<", "&lt;")
    if name == "ec2":
        body = f"<Response><Errors><Error><Code>{code}</Code><Message>{text}</Message></Error></Errors><RequestID>local</RequestID></Response>"
    elif name == "s3":
        body = f"<Error><Code>{code}</Code><Message>{text}</Message></Error>"
    else:
        body = f"<ErrorResponse><Error><Type>Receiver</Type><Code>{code}</Code><Message>{text}</Message></Error><RequestId>local</RequestId></ErrorResponse>"
    return status, [("Content-Type", "text/xml")], body.encode()


def service(environ):
    """The service that the request was signed for."""
    found = SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    return found.group(1) if found else ""


def account(environ):
    """An access key id of twelve digits names the account, so that each test can have its own."""
    found = CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    if found and "HTTP_X_MOTO_ACCOUNT_ID" not in environ:
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = found.group(1)
