"""What the tests of the local AWS share. The server's address is in `LOCAL_AWS`."""

import contextlib
import os
import random
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError


def client(service, account=None, region="eu-west-3"):
    """A boto3 client that acts in this account: the access key id is its number. It never retries."""
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=os.environ["LOCAL_AWS"],
        aws_access_key_id=account or new_account(),
        aws_secret_access_key="local",
        config=Config(retries={"total_max_attempts": 1}, inject_host_prefix=False, s3={"addressing_style": "path"}),
    )


def new_account():
    return str(random.randrange(10**11, 10**12))


def until(check, seconds=10):
    """Calls `check` until it answers something true, and returns that."""
    deadline = time.monotonic() + seconds
    while True:
        answer = check()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"nothing true within {seconds} s")
        time.sleep(0.02)


@contextlib.contextmanager
def refused(code):
    """The block has to end in a refusal by AWS with this code."""
    try:
        yield
    except ClientError as error:
        found = error.response["Error"]["Code"]
        if found != code:
            raise AssertionError(f"refused with {found}, not {code}: {error}") from error
    else:
        raise AssertionError(f"not refused with {code}")
