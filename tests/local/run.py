"""Runs the tests of the local AWS against a server of its own, several at once: each test has its own account.

    python tests/local/run.py OVERLAY_DIR [--strict] [--jobs N] [-k PATTERN ...]

Every other argument is for the server. Exits with 1 if a test failed.
"""

import argparse
import concurrent.futures
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("overlay")
    parser.add_argument("--jobs", type=int, default=6)
    parser.add_argument("-k", action="append")
    args, for_server = parser.parse_known_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        state = os.path.join(scratch, "server.json")
        server = subprocess.Popen([sys.executable, args.overlay, "--state", state, *for_server])
        try:
            os.environ["LOCAL_AWS"] = endpoint(server, state)
            failed, count = run(args.jobs, args.k)
        finally:
            server.terminate()
            server.wait(10)
    print(f"{count} tests in {time.monotonic() - began:.0f} s, {failed} failed")
    sys.exit(1 if failed or not count else 0)


def endpoint(server, state):
    """The address of the server, once it listens."""
    deadline = time.monotonic() + 60
    while not os.path.exists(state):
        if server.poll() is not None or time.monotonic() > deadline:
            sys.exit("the server did not start")
        time.sleep(0.05)
    with open(state, encoding="utf-8") as file:
        return json.load(file)["endpoint"]


def run(jobs, patterns):
    """Prints each failure when it happens; answers how many there were, and how many tests."""
    sys.path.insert(0, HERE)
    loader = unittest.TestLoader()
    loader.testNamePatterns = patterns and [each if "*" in each else f"*{each}*" for each in patterns]
    names = [test.id() for test in tests(loader.discover(HERE))]
    failed = 0
    with concurrent.futures.ProcessPoolExecutor(jobs, multiprocessing.get_context("fork")) as pool:
        for name, seconds, trouble in pool.map(one, names):
            if trouble:
                failed += 1
                print(f"FAIL {name} ({seconds:.1f} s)\n{trouble}", flush=True)
            elif os.environ.get("VERBOSE"):
                print(f"{seconds:5.1f} s {name}", flush=True)
    return failed, len(names)


def tests(suite):
    for each in suite:
        if isinstance(each, unittest.TestSuite):
            yield from tests(each)
        else:
            yield each


def one(name):
    result = unittest.TestResult()
    began = time.monotonic()
    unittest.defaultTestLoader.loadTestsFromName(name).run(result)
    return name, time.monotonic() - began, "\n".join(text for _, text in result.failures + result.errors)


if __name__ == "__main__":
    main()
