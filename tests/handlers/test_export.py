"""The handler of examples/export, with clients that are none: no network."""

import gzip
import json
import logging
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "examples/export"))

import handler

SECRET = {"username": "admin", "password": "hunter2", "host": "db.example", "port": 27017}
PLENTY = lambda: 900_000  # noqa: E731


class S3:
    """Keeps what is whole, and says how much it was given at once."""

    def __init__(self, fails_at=None):
        self.objects, self.uploads, self.largest, self.fails_at = {}, {}, 0, fails_at

    def put_object(self, Bucket, Key, Body, **encryption):
        self.objects[Key] = Body
        self.encryption = encryption

    def create_multipart_upload(self, Bucket, Key, **encryption):
        self.uploads["u"] = {}
        return {"UploadId": "u"}

    def upload_part(self, Bucket, Key, UploadId, PartNumber, Body):
        if PartNumber == self.fails_at:
            raise RuntimeError("no")
        self.largest = max(self.largest, len(Body))
        self.uploads[UploadId][PartNumber] = Body
        return {"ETag": str(PartNumber)}

    def complete_multipart_upload(self, Bucket, Key, UploadId, MultipartUpload):
        parts = self.uploads.pop(UploadId)
        self.objects[Key] = b"".join(parts[part["PartNumber"]] for part in MultipartUpload["Parts"])

    def abort_multipart_upload(self, Bucket, Key, UploadId):
        del self.uploads[UploadId]


class Collection:
    def __init__(self, documents):
        self.documents = documents

    def find(self, query, batch_size):
        assert query == {} and 0 < batch_size <= 1000
        return iter(self.documents)


class Database(dict):
    name = "health"

    def list_collections(self, filter):
        return [{"name": name} for name in self]


def lines(body):
    return [json.loads(line) for line in gzip.decompress(body).splitlines()]


class Export(unittest.TestCase):
    def setUp(self):
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)

    def export(self, database, s3, time_left=PLENTY):
        return handler.export(database, handler.Target(s3, "bucket", "exports/2030-01-06"), json.dumps, time_left)

    def test_collections_become_files_and_a_manifest_says_so(self):
        people = [{"_id": 1, "name": "Zoë"}, {"_id": 2}]
        database = Database(people=Collection(people), empty=Collection([]), **{"system.views": Collection([])})
        s3 = S3()
        manifest = self.export(database, s3)
        self.assertEqual(manifest, {"database": "health", "collections": {"empty": 0, "people": 2}})
        names = {key.removeprefix("exports/2030-01-06/") for key in s3.objects}
        self.assertEqual(names, {"people.jsonl.gz", "empty.jsonl.gz", "manifest.json"})
        self.assertEqual(lines(s3.objects["exports/2030-01-06/people.jsonl.gz"]), people)
        self.assertEqual(json.loads(s3.objects["exports/2030-01-06/manifest.json"]), manifest)

    def test_a_large_collection_is_streamed_in_parts(self):
        self.addCleanup(setattr, handler, "PART", handler.PART)
        handler.PART = 10_000
        # What does not compress.
        documents = [{"_id": number, "noise": hash_of(number)} for number in range(5_000)]
        s3 = S3()
        self.export(Database(noise=Collection(documents)), s3)
        self.assertEqual(lines(s3.objects["exports/2030-01-06/noise.jsonl.gz"]), documents)
        self.assertLess(s3.largest, 100_000)
        self.assertEqual(s3.uploads, {})

    def test_of_a_failure_nothing_is_left(self):
        self.addCleanup(setattr, handler, "PART", handler.PART)
        handler.PART = 10_000
        documents = [{"_id": number, "noise": hash_of(number)} for number in range(5_000)]
        s3 = S3(fails_at=3)
        with self.assertRaises(RuntimeError):
            self.export(Database(noise=Collection(documents)), s3)
        self.assertEqual((s3.objects, s3.uploads), ({}, {}))

    def test_time_that_is_up_ends_the_export(self):
        s3 = S3()
        with self.assertRaisesRegex(handler.ExportError, "time is up"):
            self.export(Database(a=Collection([{"_id": n} for n in range(2_000)])), s3, lambda: 1_000)
        self.assertEqual((s3.objects, s3.uploads), ({}, {}))

    def test_objects_are_encrypted_with_the_key(self):
        s3 = S3()
        handler.Target(s3, "bucket", "exports", "arn:aws:kms:key").put("a", b"")
        self.assertEqual(s3.encryption, {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "arn:aws:kms:key"})


class Connection(unittest.TestCase):
    settings = {"host": None, "port": None}

    def test_it_speaks_tls_and_gives_the_password_beside_the_address(self):
        made = {}

        def make(address, **options):
            made.update(options, address=address)
            return made

        handler.connect(SECRET, self.settings, make)
        self.assertTrue(made["tls"])
        self.assertEqual((made["address"], made["port"]), ("db.example", 27017))
        self.assertEqual((made["username"], made["password"]), ("admin", "hunter2"))

    def test_no_message_holds_the_secret(self):
        def make(address, **options):
            raise ValueError(f"{address} {options}")

        with self.assertRaises(handler.ExportError) as raised:
            handler.connect(SECRET, self.settings, make)
        self.assertNotIn("hunter2", str(raised.exception))
        self.assertTrue(raised.exception.__suppress_context__)

    def test_credentials_in_the_address_are_refused(self):
        with self.assertRaisesRegex(handler.ExportError, "beside it"):
            handler.connect({**SECRET, "uri": "mongodb://admin:hunter2@db"}, self.settings, dict)

    def test_a_secret_that_is_none_is_not_quoted(self):
        class Secrets:
            def get_secret_value(self, SecretId):
                return {"SecretString": "hunter2"}

        with self.assertRaises(handler.ExportError) as raised:
            handler.read_secret(Secrets(), "arn:aws:secretsmanager:secret")
        self.assertNotIn("hunter2", str(raised.exception))

    def test_missing_settings_are_named(self):
        with self.assertRaisesRegex(handler.ExportError, "SECRET_ARN"):
            handler.read_settings({"BUCKET": "b"})


def hash_of(number):
    import hashlib

    return hashlib.sha256(str(number).encode()).hexdigest()


if __name__ == "__main__":
    unittest.main()
