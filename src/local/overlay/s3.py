"""S3: what a new bucket has without being asked, tags in the create call, configurations as they were written,
conditional writes and deletes, and pages of versions."""

import json
import re
import threading
from xml.sax.saxutils import escape

import xmltodict
from moto.core.responses import ActionResult
from moto.s3.exceptions import (
    InvalidBucketName,
    MalformedXML,
    MissingKey,
    NoSuchLifecycleConfiguration,
    PreconditionFailed,
    S3ClientError,
)
from moto.s3.models import FakeBucket, FakeKey, PublicAccessBlock, S3Backend
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
    kind, kept = kept_configuration(self, bucket_name, querystring)
    if kind:
        kept[querystring["id"][0]] = self.body
        return 200, {}, ""
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
    if "notification" in querystring:
        self.backend.get_bucket(bucket_name).event_bridge = b"EventBridgeConfiguration" in self.body
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


@around(S3Response)
def get_bucket_notification(inner, self):
    """With the element that says that EventBridge gets all events, which moto forgets."""
    status, headers, body = inner(self)
    if not getattr(self.backend.get_bucket(self.bucket_name), "event_bridge", False):
        return status, headers, body
    inside = re.search(r"<NotificationConfiguration[^>]*>(.*)</NotificationConfiguration>", text(body), re.S)
    inside = inside.group(1) if inside else ""
    whole = f"<NotificationConfiguration>{inside}<EventBridgeConfiguration/></NotificationConfiguration>"
    return 200, {"Content-Type": "application/xml"}, whole


def text(body):
    return body.decode() if isinstance(body, bytes) else body


# Configurations of which a bucket has many, each with an id, that moto does not have: kept as they were written.

KEPT = {
    "intelligent-tiering": "IntelligentTieringConfiguration",
    "metrics": "MetricsConfiguration",
    "analytics": "AnalyticsConfiguration",
}


def kept_configuration(response, bucket_name, querystring):
    """The kind that the request is about, if any, and the bucket's configurations of this kind."""
    for kind in KEPT:
        if kind in querystring:
            bucket = response.backend.get_bucket(bucket_name)
            return kind, bucket.__dict__.setdefault("kept", {}).setdefault(kind, {})
    return None, None


@around(S3Response)
def _bucket_response_get(inner, self, bucket_name, querystring):
    kind, kept = kept_configuration(self, bucket_name, querystring)
    if not kind:
        return inner(self, bucket_name, querystring)
    headers = {"Content-Type": "application/xml"}
    if "id" in querystring:
        return 200, headers, found_configuration(kept, querystring)
    bodies = "".join(re.sub(r"<\?xml.*?\?>", "", text(each)) for each in kept.values())
    name = f"List{KEPT[kind]}sResult"
    return 200, headers, f"<{name}><IsTruncated>false</IsTruncated>{bodies}</{name}>"


@around(S3Response)
def _bucket_response_delete(inner, self, bucket_name, querystring):
    kind, kept = kept_configuration(self, bucket_name, querystring)
    if not kind:
        return inner(self, bucket_name, querystring)
    found_configuration(kept, querystring)
    del kept[querystring["id"][0]]
    return 204, {}, ""


def found_configuration(kept, querystring):
    if querystring["id"][0] not in kept:
        raise S3ClientError("NoSuchConfiguration", "The specified configuration does not exist.")
    return kept[querystring["id"][0]]


# Conditions. What a condition says and the change that it allows are one step for everybody else.

writing = threading.RLock()


def check_conditions(response, deleting=False):
    match, none_match = response.headers.get("If-Match"), response.headers.get("If-None-Match")
    if not (match or none_match):
        return
    if none_match not in (None, "*") or (match == "*" and not deleting):
        # The status of a code that the service's model does not have is 400.
        raise S3ClientError("NotImplemented", "A header you provided implies functionality that is not implemented")
    found = response.backend.get_object(response.bucket_name, response.parse_key_name())
    if none_match and found is not None:
        raise PreconditionFailed("If-None-Match")
    if match == "*" and found is None:
        raise PreconditionFailed("If-Match")
    if match and match != "*":
        if found is None:
            raise MissingKey
        if match.strip('"') != found.etag.strip('"'):
            raise PreconditionFailed("If-Match")


def alone(name, deleting=False):
    @around(S3Response, name)
    def outer(inner, self, *args, **kwargs):
        with writing:
            check_conditions(self, deleting)
            if deleting and self.headers.get("If-Match") == "*":
                # moto takes the asterisk for an ETag.
                self.headers = {k: v for k, v in self.headers.items() if k.lower() != "if-match"}
            return inner(self, *args, **kwargs)


alone("put_object")
alone("copy_object")
alone("delete_object", deleting=True)


@around(S3Response)
def _key_response_post(inner, self, request, body, bucket_name, query, key_name):
    if not query.get("uploadId"):
        return inner(self, request, body, bucket_name, query, key_name)
    with writing:
        found = self.backend.get_object(bucket_name, key_name)
        # The same completion again succeeds.
        if not (found is not None and found.multipart and found.multipart.id == query["uploadId"][0]):
            check_conditions(self)
        return inner(self, request, body, bucket_name, query, key_name)


@around(S3Response)
def _bucket_response_delete_keys(inner, self, bucket_name, *args, **kwargs):
    """Each object under its own condition, no more than 1000 of them, and no word of success where none is wanted."""
    request = xmltodict.parse(self.body, strip_whitespace=False)["Delete"]
    objects = request.get("Object") or []
    objects = objects if isinstance(objects, list) else [objects]
    if len(objects) > 1000:
        raise MalformedXML()
    with writing:
        failed = [each for each in objects if each.get("ETag") and not matches(self.backend, bucket_name, each)]
        if failed:
            rest = [each for each in objects if each not in failed]
            self.body = xmltodict.unparse({"Delete": {"Object": rest}}).encode()
            # moto refuses an empty list.
            answer = inner(self, bucket_name, *args, **kwargs) if rest else (200, {}, "<DeleteResult></DeleteResult>")
        else:
            answer = inner(self, bucket_name, *args, **kwargs)
    status, headers, body = answer
    body = text(body)
    if str(request.get("Quiet")).strip().lower() == "true":
        body = re.sub(r"<Deleted>.*?</Deleted>", "", body, flags=re.S)
    errors = "".join(
        f"<Error><Key>{escape(each['Key'])}</Key><Code>PreconditionFailed</Code>"
        "<Message>At least one of the pre-conditions you specified did not hold</Message></Error>"
        for each in failed
    )
    before, end, after = body.rpartition("</")
    return status, headers, before + errors + end + after


def matches(backend, bucket_name, wanted):
    found = backend.get_object(bucket_name, wanted["Key"])
    return found is not None and wanted["ETag"].strip('"') in ("*", found.etag.strip('"'))


@around(S3Backend)
def list_object_versions(
    inner, self, bucket_name, delimiter=None, key_marker=None, max_keys=1000, prefix="", version_id_marker=None
):
    """Keys in their order, the newest version first, from behind the marker on. moto drops the first version behind a
    marker that is a key alone, and copies every object of the bucket for every page."""
    bucket = self.get_bucket(bucket_name)
    versions, markers, groups, last = [], [], [], (None, None)
    max_keys = min(1000, max_keys)
    for name in sorted(name for name in list(bucket.keys) if name.startswith(prefix or "")):
        group = None
        if delimiter and delimiter in name[len(prefix) :]:
            group = name[: name.index(delimiter, len(prefix)) + len(delimiter)]
        if key_marker and (group or name) <= key_marker and not (name == key_marker and version_id_marker):
            continue
        if group and groups and groups[-1] == group:
            continue
        rows = [None] if group else list(reversed(bucket.keys.getlist(name, [])))
        skipping = name == key_marker and not group
        for index, version in enumerate(rows):
            if skipping:
                skipping = version.version_id != version_id_marker
                continue
            if len(versions) + len(markers) + len(groups) >= max_keys:
                return (versions, groups, markers, *last) if max_keys else ([], [], [], None, None)
            if group:
                groups.append(group)
                last = (group, None)
                continue
            version.is_latest = index == 0
            (versions if isinstance(version, FakeKey) else markers).append(version)
            last = (name, version.version_id)
    return versions, groups, markers, None, None
