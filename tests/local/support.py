"""What the tests of the local AWS share: clients of an account of their own, and waiting."""

import contextlib
import os
import random
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError


def new_account():
    """An account that nobody else uses: an access key id of twelve digits is the account's number."""
    return str(random.randrange(10**11, 10**12))


def client(service, account=None, region="eu-west-3"):
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=os.environ["LOCAL_AWS"],
        aws_access_key_id=account or new_account(),
        aws_secret_access_key="secret",
        config=Config(
            retries={"total_max_attempts": 1},
            inject_host_prefix=False,
            s3={"addressing_style": "path"},
        ),
    )


def until(check, seconds=10):
    """The first answer of `check` that is true."""
    deadline = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s")
        time.sleep(0.02)


@contextlib.contextmanager
def refused(code):
    """AWS refuses what is done here, with this code."""
    try:
        yield
    except ClientError as error:
        found = error.response["Error"]["Code"]
        assert found == code, f"refused with {found}, not {code}: {error}"
    else:
        raise AssertionError(f"not refused; {code} expected")


def accepted(code, call):
    """What the call answers once AWS no longer refuses it with this code, as it does while a role is new to it."""

    def attempt():
        try:
            return call()
        except ClientError as error:
            if error.response["Error"]["Code"] != code:
                raise

    return until(attempt)
