"""Exports a MongoDB or DocumentDB database to S3: each collection as JSON lines, compressed, under
`s3://$BUCKET/exports/DATE/`, and at last a manifest, which says that the export is whole.

Environment:
  SECRET_ARN   the secret with `username` and `password`, and `host` and `port`, or `uri` (without credentials)
  BUCKET       where the export goes
  DATABASE     the database; that of the secret (`dbname`) when left out
  HOST, PORT   where the secret does not say it, as the one that DocumentDB manages does not
  PREFIX       `exports` when left out
  KMS_KEY      the ARN of the key that encrypts the objects; the bucket's own setting when left out

The role may call `secretsmanager:GetSecretValue` on the secret, and `s3:PutObject` and `s3:AbortMultipartUpload` on
the bucket's `exports/*`. README.md says how `pymongo` comes into the folder.
"""

import datetime
import gzip
import json
import logging
import os
import pathlib

log = logging.getLogger()
log.setLevel(logging.INFO)

HERE = pathlib.Path(__file__).parent
# The authorities of DocumentDB, if they lie here; otherwise those that the system trusts.
AUTHORITIES = HERE / "global-bundle.pem"
# S3 takes parts of 5 MiB and more, and 10 000 of them: 80 GB compressed for each collection.
PART = 8 * 1024 * 1024
# Documents of one answer of the server's.
PAGE = 500
# What is left of the function's time when it gives up, so that it can still tidy up.
RESERVE_MS = 20_000


class ExportError(Exception):
    """What went wrong, in words that hold no secret."""


def main(event, context):
    """What Lambda calls."""
    import boto3

    settings = read_settings(os.environ)
    secret = read_secret(boto3.client("secretsmanager"), settings["secret"])
    client = connect(secret, settings)
    try:
        name = settings["database"] or secret.get("dbname")
        if not name:
            raise ExportError("neither DATABASE nor the secret's `dbname` says which database")
        day = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
        target = Target(boto3.client("s3"), settings["bucket"], f"{settings['prefix']}/{day}", settings["key"])
        return export(client[name], target, dumps(), context.get_remaining_time_in_millis)
    finally:
        client.close()


def read_settings(environment):
    for name in ("SECRET_ARN", "BUCKET"):
        if not environment.get(name):
            raise ExportError(f"the environment variable {name} is missing")
    return {
        "secret": environment["SECRET_ARN"],
        "bucket": environment["BUCKET"],
        "prefix": environment.get("PREFIX", "exports").strip("/"),
        "database": environment.get("DATABASE"),
        "host": environment.get("HOST"),
        "port": environment.get("PORT"),
        "key": environment.get("KMS_KEY"),
    }


def read_secret(secrets, arn):
    text = secrets.get_secret_value(SecretId=arn).get("SecretString")
    try:
        secret = json.loads(text)
        secret["username"], secret["password"]
    except (TypeError, ValueError, KeyError):
        # The error that was raised may quote the secret.
        raise ExportError(f"the secret {arn} is no JSON with `username` and `password`") from None
    return secret


def connect(secret, settings, make=None):
    """A client that speaks TLS alone. The name and password are given beside the address, so that no message that quotes
    the address holds them."""
    if make is None:
        try:
            from pymongo import MongoClient as make
        except ImportError:
            raise ExportError("pymongo is not in the function's folder: README.md says how it gets there") from None
    address = secret.get("uri") or secret.get("host") or settings["host"]
    if not address:
        raise ExportError("neither the secret nor HOST says where the database is")
    if "@" in address:
        raise ExportError("the secret's `uri` has a name and password in it: put them beside it")
    options = {"tls": True, "retryWrites": False, "readPreference": "secondaryPreferred"}
    options |= {"serverSelectionTimeoutMS": 10_000, "appname": "export"}
    if AUTHORITIES.exists():
        options["tlsCAFile"] = str(AUTHORITIES)
    if "://" not in address:
        options["port"] = int(secret.get("port") or settings["port"] or 27017)
    try:
        return make(address, username=secret["username"], password=secret["password"], **options)
    except Exception as error:
        raise ExportError(f"the connection cannot be made: {type(error).__name__}") from None


def dumps():
    """How a document is written: MongoDB Extended JSON, which keeps types."""
    from bson import json_util

    return json_util.dumps


def export(database, target, write, time_left):
    """Exports all collections; answers what the manifest says."""
    manifest = {"database": database.name, "collections": {}}
    # Views are made of other collections; what begins with `system.` is the server's.
    found = database.list_collections(filter={"type": {"$in": ["collection", "timeseries"]}})
    for name in sorted(each["name"] for each in found if not each["name"].startswith("system.")):
        documents = database[name].find({}, batch_size=PAGE)
        count = export_collection(documents, target, f"{name}.jsonl.gz", write, time_left)
        manifest["collections"][name] = count
        log.info("exported %s: %d documents", name, count)
    target.put("manifest.json", json.dumps(manifest).encode())
    return manifest


def export_collection(documents, target, name, write, time_left):
    """Streams one collection; answers how many documents it had. Of one that fails nothing is left."""
    count = 0
    with target.upload(name) as upload, gzip.GzipFile(fileobj=upload, mode="wb", mtime=0) as lines:
        for document in documents:
            lines.write(write(document).encode())
            lines.write(b"\n")
            count += 1
            if count % PAGE == 0 and time_left() < RESERVE_MS:
                raise ExportError(f"the function's time is up after {count} documents of {name}: give it more")
    return count


class Target:
    """A place in a bucket."""

    def __init__(self, s3, bucket, prefix, key=None):
        self.s3, self.bucket, self.prefix = s3, bucket, prefix
        self.encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}

    def where(self, name):
        return {"Bucket": self.bucket, "Key": f"{self.prefix}/{name}"}

    def put(self, name, body):
        self.s3.put_object(**self.where(name), **self.encryption, Body=body)

    def upload(self, name):
        return Upload(self, name)


class Upload:
    """A file that is written to S3 in parts, so that never more than one of them is in memory."""

    def __init__(self, target, name):
        self.s3, self.target, self.name = target.s3, target, name
        self.where = target.where(name)
        self.buffer, self.id, self.parts = bytearray(), None, []

    def __enter__(self):
        return self

    def write(self, data):
        self.buffer += data
        if len(self.buffer) >= PART:
            self.send()
        return len(data)

    def flush(self):
        """Parts have a least size: nothing is sent before that."""

    def send(self):
        if self.id is None:
            made = self.s3.create_multipart_upload(**self.where, **self.target.encryption)
            self.id = made["UploadId"]
        number = len(self.parts) + 1
        sent = self.s3.upload_part(**self.where, UploadId=self.id, PartNumber=number, Body=bytes(self.buffer))
        self.parts.append({"PartNumber": number, "ETag": sent["ETag"]})
        self.buffer.clear()

    def __exit__(self, kind, error, trace):
        if kind is not None:
            self.abort()
        elif self.id is None:
            self.target.put(self.name, bytes(self.buffer))
        else:
            try:
                if self.buffer:
                    self.send()
                done = {"Parts": self.parts}
                self.s3.complete_multipart_upload(**self.where, UploadId=self.id, MultipartUpload=done)
            except Exception:
                self.abort()
                raise

    def abort(self):
        if self.id is not None:
            self.s3.abort_multipart_upload(**self.where, UploadId=self.id)
            self.id = None
