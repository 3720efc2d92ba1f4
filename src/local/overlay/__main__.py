"""The local AWS: moto behind one HTTP server on the loopback interface, with what it lacks added.

    python OVERLAY_DIR --state FILE [--host 127.0.0.1] [--port 0] [--version TEXT]
        [--parent-pid PID] [--idle SECONDS] [--strict] [--step SECONDS] [--lag SECONDS]

Port 0 lets the system choose. Once the server listens, FILE appears, whole, with the address and the
process id as JSON. `GET /infra/health` answers the same; `POST /infra/stop` ends the server;
`POST /moto-api/reset` empties every account. `--strict` makes states and reads take time, as AWS does.
"""

import argparse
import json
import os
import signal
import sys
import threading
import time

# moto reads these when it is imported.
os.environ.update(
    MOTO_IAM_LOAD_MANAGED_POLICIES="true",
    MOTO_ENABLE_AMI_VALIDATION="true",
    MOTO_ENABLE_KEYPAIR_VALIDATION="true",
    MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION="true",
)

import settings  # noqa: E402
import web  # noqa: E402


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--state", required=True)
    parser.add_argument("--parent-pid", type=int)
    parser.add_argument("--idle", type=float)
    parser.add_argument("--version", default="")
    parser.add_argument("--strict", action="store_true")
    parser.add_argument("--step", type=float)
    parser.add_argument("--lag", type=float)
    args = parser.parse_args()
    settings.step = args.step if args.step is not None else settings.STRICT_STEP * args.strict
    settings.lag = args.lag if args.lag is not None else settings.STRICT_LAG * args.strict

    import fixes

    fixes.install()
    facts = {"pid": os.getpid(), "version": args.version}
    server = web.serve(args.host, args.port, facts)
    facts["port"] = server.server_port
    facts["endpoint"] = f"http://{args.host}:{server.server_port}"
    write_whole(args.state, json.dumps(facts))
    if args.parent_pid:
        watch(server, lambda: os.getppid() != args.parent_pid)
    if args.idle:
        watch(server, lambda: time.monotonic() - server.app.last_request > args.idle)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: server.app.stop())
    try:
        server.serve_forever(poll_interval=0.1)
    finally:
        remove_own(args.state)
    # Connections that are kept alive hold their threads; nothing here is worth waiting for.
    sys.stdout.flush()
    os._exit(0)


def write_whole(path, text):
    """A reader finds either no file or the whole of it."""
    temporary = f"{path}.{os.getpid()}"
    with open(temporary, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(temporary, path)


def remove_own(path):
    """Removes the state file unless a later server has already written its own."""
    try:
        with open(path, encoding="utf-8") as file:
            if json.load(file).get("pid") == os.getpid():
                os.remove(path)
    except (OSError, ValueError):
        pass


def watch(server, is_over):
    """Ends the server once `is_over()`."""

    def wait():
        while not is_over():
            time.sleep(0.2)
        server.shutdown()

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    main()
