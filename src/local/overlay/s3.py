"""S3: what a new bucket has without being asked, tags in the create call, and lifecycle and replication
rules as they were written."""

import json
import re

import xmltodict
from moto.core.responses import ActionResult
from moto.s3.exceptions import InvalidBucketName, NoSuchLifecycleConfiguration, S3ClientError
from moto.s3.models import FakeBucket, PublicAccessBlock, S3Backend
from moto.s3.responses import S3Response

from patch import around

ENCRYPTION = {"Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": "false"}}


NAME = re.compile(r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
ADDRESS = re.compile(r"^\d+\.\d+\.\d+\.\d+$")


@around(FakeBucket)
def __init__(inner, self, *args, **kwargs):
    inner(self, *args, **kwargs)
    self.encryption = ENCRYPTION
    self.public_access_block = PublicAccessBlock(True, True, True, True)
    self.ownership_rule = "BucketOwnerEnforced"


@around(S3Backend)
def create_bucket(inner, self, bucket_name, *args, **kwargs):
    if not NAME.match(bucket_name) or ".." in bucket_name or ADDRESS.match(bucket_name):
        raise InvalidBucketName()
    return inner(self, bucket_name, *args, **kwargs)


@around(S3Backend)
def put_bucket_policy(inner, self, bucket_name, policy):
    try:
        statements = json.loads(policy)["Statement"]
    except (ValueError, KeyError, TypeError):
        raise S3ClientError("MalformedPolicy", "Policies must be valid JSON and have a Statement") from None
    for statement in statements if isinstance(statements, list) else [statements]:
        if not ({"Principal", "NotPrincipal"} & set(statement)):
            raise S3ClientError("MalformedPolicy", "Missing required field Principal")
        if statement.get("Effect") not in ("Allow", "Deny"):
            raise S3ClientError("MalformedPolicy", "Invalid effect")
    return inner(self, bucket_name, policy)


@around(S3Backend)
def delete_bucket_encryption(inner, self, bucket_name):
    """Encryption cannot be switched off, only set back."""
    self.get_bucket(bucket_name).encryption = ENCRYPTION


@around(FakeBucket)
def get_permission(inner, self, action, resource):
    """A Deny under a condition is not a Deny. The conditions that stacks write are about requests over plain
    HTTP or from elsewhere, neither of which there is here."""
    whole = self.policy
    if whole is None:
        return inner(self, action, resource)
    policy = json.loads(whole)
    statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    policy["Statement"] = [each for each in statements if each["Effect"] != "Deny" or "Condition" not in each]
    if not policy["Statement"]:
        from moto.iam.access_control import PermissionResult

        return PermissionResult.NEUTRAL
    view = FakeBucket.__new__(FakeBucket)
    view.policy = json.dumps(policy).encode()
    return inner(view, action, resource)


@around(S3Response)
def _bucket_response_put(inner, self, request, bucket_name, querystring):
    new = not querystring and bucket_name not in self.backend.buckets
    answer = inner(self, request, bucket_name, querystring)
    if new and bucket_name in self.backend.buckets and self.body:
        tags = created_with(self.body)
        if tags:
            self.backend.put_bucket_tagging(bucket_name, tags)
    if "lifecycle" in querystring:
        bucket = self.backend.get_bucket(bucket_name)
        bucket.lifecycle_as_written = self.body
        bucket.smallest = request.headers.get("x-amz-transition-default-minimum-object-size")
    if "replication" in querystring:
        self.backend.get_bucket(bucket_name).replication_as_written = self.body
    return answer


def created_with(body):
    """The tags of a `CreateBucketConfiguration`."""
    configuration = xmltodict.parse(body).get("CreateBucketConfiguration") or {}
    tags = (configuration.get("Tags") or {}).get("Tag") or []
    return {tag["Key"]: tag.get("Value") or "" for tag in (tags if isinstance(tags, list) else [tags])}


@around(S3Response)
def all_buckets(inner, self):
    """With the region of each bucket, and in pages where the request asks for them."""
    self.data["Action"] = "ListAllMyBuckets"
    self._authenticate_and_authorize_s3_action()
    found = self.backend.list_buckets(
        prefix=self._get_param("prefix"), bucket_region=self._get_param("bucket-region"), max_buckets=None
    )
    found.sort(key=lambda bucket: bucket.name)
    start = int(self._get_param("continuation-token") or 0)
    end = start + int(self._get_param("max-buckets") or 10_000)
    page = {
        "Owner": {"ID": "bcaf1ffd86f41161ca5fb16fd081034f", "DisplayName": "webfile"},
        "Buckets": [
            {
                "Name": bucket.name,
                "CreationDate": bucket.creation_date_ISO8601,
                "BucketRegion": bucket.region_name,
                "BucketArn": bucket.arn,
            }
            for bucket in found[start:end]
        ],
    }
    if end < len(found):
        page["ContinuationToken"] = str(end)
    self.data["Action"] = "ListBuckets"
    return self.serialized(ActionResult(page))


@around(S3Response)
def get_bucket_lifecycle(inner, self):
    """moto forgets what it has no field for, such as sizes and numbers of noncurrent versions."""
    bucket = self.backend.get_bucket(self.bucket_name)
    if not bucket.rules:
        raise NoSuchLifecycleConfiguration(bucket_name=self.bucket_name)
    self.data["Action"] = "GetBucketLifecycleConfiguration"
    smallest = bucket.smallest or "all_storage_classes_128K"
    headers = {"Content-Type": "application/xml", "x-amz-transition-default-minimum-object-size": smallest}
    return 200, headers, bucket.lifecycle_as_written


@around(S3Response)
def get_bucket_versioning(inner, self):
    """moto names the answer after the operation, and readers that look at the name do not find it."""
    status, headers, body = inner(self)
    return status, headers, body.replace("GetBucketVersioningResponse", "VersioningConfiguration")


@around(S3Response)
def get_bucket_replication(inner, self):
    """moto forgets what it has no field for, such as storage classes, keys and delete markers."""
    answer = inner(self)
    return answer[0], answer[1], self.backend.get_bucket(self.bucket_name).replication_as_written
