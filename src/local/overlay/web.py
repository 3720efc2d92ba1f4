"""The HTTP server, and the middleware between the wire and moto."""

import functools
import io
import json
import re
import socket
import struct
import threading
import time
import traceback

from moto.server import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import DechunkedInput, ThreadedWSGIServer

import atlas
import calls
import cbor
import consistency
import control
import faults
import journal
import pagesizes
import parameters
import tokens
from faults import Reset

CREDENTIAL = re.compile(r"Credential=(\d{12})/")


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
        try:
            status, headers, answer = run(self.server.app, environ)
        except Reset:
            self.reset()
            return
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

    def reset(self):
        """Ends the connection with a reset, as a host that dies does."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        socket.close(self.connection.detach())

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


# From moto outwards: a call that is held or refused has not got to what lies further in.
OF_ATLAS = [faults.layer, journal.layer]
LAYERS = [tokens.layer, consistency.layer, pagesizes.layer, parameters.layer, faults.layer, journal.layer]


class Middleware:
    """Everything that is done to a request before moto sees it, and to its answer."""

    def __init__(self, moto, facts):
        self.moto = moto
        self.facts = facts
        self.server = None
        self.last_request = time.monotonic()
        self.through = self.guarded
        for layer in LAYERS:
            self.through = functools.partial(layer, inner=self.through)
        self.through_atlas = atlas.answer
        for layer in OF_ATLAS:
            self.through_atlas = functools.partial(layer, inner=self.through_atlas)

    def __call__(self, environ, start_response):
        self.last_request = time.monotonic()
        path = environ.get("PATH_INFO", "")
        if path.startswith("/infra/"):
            status, headers, body = self.control(environ)
        elif path.startswith("/api/"):
            status, headers, body = self.through_atlas(atlas.Call(environ))
        elif path == "/moto-api/reset":
            control.forget()
            status, headers, body = self.guarded(calls.Call(environ))
        else:
            account(environ)
            call = self.layered
            if environ.get("HTTP_SMITHY_PROTOCOL") == "rpc-v2-cbor":
                status, headers, body = cbor.translated(call, environ)
            else:
                status, headers, body = call(environ)
        start_response(status, headers)
        return [body]

    def control(self, environ):
        if environ["PATH_INFO"] == "/infra/stop":
            self.stop()
            environ["PATH_INFO"] = "/infra/health"
        status, answer = control.answer(environ, self.facts)
        return status, [("Content-Type", "application/json")], json.dumps(answer).encode()

    def stop(self):
        """Returns at once: `shutdown` waits for the loop that may be calling this."""
        threading.Thread(target=self.server.shutdown, daemon=True).start()

    def layered(self, environ):
        return self.through(calls.Call(environ))

    def guarded(self, call):
        """moto's answer; where moto has no code, an error in the protocol of the request."""
        trouble = None
        environ = call.environ
        try:
            with calls.ALONE:
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
            elif status[:3] == "404" and not body and not kind.startswith("application/x") and call.service != "s3":
                trouble = ("501 Not Implemented", "NotImplemented", "no such route in the local AWS")
        return calls.refusal(call, *trouble) if trouble else (status, headers, body)


def html(status, body):
    """What an HTML error page of the framework means."""
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body.decode("utf-8", "replace"))).strip()[-300:]
    if "NotImplemented" in text or status[:3] in ("404", "405"):
        return "501 Not Implemented", "NotImplemented", f"the local AWS has no code for this: {text}"
    return "500 Internal Server Error", "InternalFailure", text


def account(environ):
    """An access key id of twelve digits names the account, so that each test can have its own."""
    found = CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    if found and "HTTP_X_MOTO_ACCOUNT_ID" not in environ:
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = found.group(1)
