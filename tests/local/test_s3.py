"""S3: conditional writes and deletes, versions in pages, what a bucket holds."""

import unittest
from concurrent.futures import ThreadPoolExecutor

from botocore.exceptions import ClientError

from support import client, new_account, refused


def bucket(s3, versioned=False):
    name = f"test-{new_account()}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
    if versioned:
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


class Conditions(unittest.TestCase):
    def setUp(self):
        self.s3 = client("s3")
        self.bucket = bucket(self.s3)

    def put(self, body, key="key", **condition):
        return self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, **condition)["ETag"]

    def read(self):
        return self.s3.get_object(Bucket=self.bucket, Key="key")["Body"].read()

    def test_a_key_is_made_once(self):
        self.put(b"1", IfNoneMatch="*")
        with refused("PreconditionFailed"):
            self.put(b"2", IfNoneMatch="*")
        self.assertEqual(self.read(), b"1")
        self.s3.delete_object(Bucket=self.bucket, Key="key")
        self.put(b"3", IfNoneMatch="*")

    def test_the_status_of_a_failed_condition_is_412(self):
        self.put(b"1")
        try:
            self.put(b"2", IfNoneMatch="*")
        except ClientError as error:
            self.assertEqual(error.response["ResponseMetadata"]["HTTPStatusCode"], 412)

    def test_a_write_under_an_etag(self):
        with refused("NoSuchKey"):
            self.put(b"1", IfMatch='"0"')
        old = self.put(b"1")
        new = self.put(b"2", IfMatch=old)
        with refused("PreconditionFailed"):
            self.put(b"3", IfMatch=old)
        self.put(b"4", IfMatch=new.strip('"'))
        self.assertEqual(self.read(), b"4")

    def test_only_an_asterisk_can_be_absent(self):
        with refused("NotImplemented"):
            self.put(b"1", IfNoneMatch='"0"')

    def test_a_delete_under_an_etag(self):
        old = self.put(b"1")
        new = self.put(b"2")
        with refused("PreconditionFailed"):
            self.s3.delete_object(Bucket=self.bucket, Key="key", IfMatch=old)
        self.assertEqual(self.read(), b"2")
        self.s3.delete_object(Bucket=self.bucket, Key="key", IfMatch=new)
        with refused("NoSuchKey"):
            self.read()
        with refused("NoSuchKey"):
            self.s3.delete_object(Bucket=self.bucket, Key="key", IfMatch=new)

    def test_a_delete_of_what_has_to_exist(self):
        with refused("PreconditionFailed"):
            self.s3.delete_object(Bucket=self.bucket, Key="key", IfMatch="*")
        self.put(b"1")
        self.s3.delete_object(Bucket=self.bucket, Key="key", IfMatch="*")

    def test_a_copy_and_a_multipart_upload_under_a_condition(self):
        self.put(b"1")
        source = {"Bucket": self.bucket, "Key": "key"}
        self.s3.copy_object(Bucket=self.bucket, Key="copy", CopySource=source, IfNoneMatch="*")
        with refused("PreconditionFailed"):
            self.s3.copy_object(Bucket=self.bucket, Key="copy", CopySource=source, IfNoneMatch="*")
        place = {"Bucket": self.bucket, "Key": "copy"}
        upload = self.s3.create_multipart_upload(**place)["UploadId"]
        part = self.s3.upload_part(**place, UploadId=upload, PartNumber=1, Body=b"x")["ETag"]
        parts = {"Parts": [{"PartNumber": 1, "ETag": part}]}
        with refused("PreconditionFailed"):
            self.s3.complete_multipart_upload(**place, UploadId=upload, MultipartUpload=parts, IfNoneMatch="*")

    def race(self, attempt):
        """How many of twenty that try at the same time succeed; all others lose by the condition."""

        def one(number):
            try:
                attempt(number)
                return "won"
            except ClientError as error:
                return error.response["Error"]["Code"]

        with ThreadPoolExecutor(20) as pool:
            ends = list(pool.map(one, range(20)))
        self.assertLessEqual(set(ends), {"won", "PreconditionFailed", "NoSuchKey"})
        return ends.count("won")

    def test_twenty_race_for_one_key(self):
        for turn in range(5):
            won = self.race(lambda number: self.put(b"%d" % number, key=f"race-{turn}", IfNoneMatch="*"))
            self.assertEqual(won, 1)

    def test_twenty_race_to_replace_one_version(self):
        for _ in range(5):
            etag = self.put(b"start")
            self.assertEqual(self.race(lambda number: self.put(b"by %d" % number, IfMatch=etag)), 1)

    def test_twenty_race_to_delete_one_version(self):
        etag = self.put(b"start")
        won = self.race(lambda _: self.s3.delete_object(Bucket=self.bucket, Key="key", IfMatch=etag))
        self.assertEqual(won, 1)

    def test_a_key_that_is_only_a_delete_marker_is_absent(self):
        self.bucket = bucket(self.s3, versioned=True)
        self.put(b"1")
        self.s3.delete_object(Bucket=self.bucket, Key="key")
        self.put(b"2", IfNoneMatch="*")
        self.assertEqual(self.read(), b"2")

    def test_many_deletes_each_under_its_own_etag(self):
        right, wrong = self.put(b"1", key="right"), self.put(b"2", key="wrong <&>")
        objects = [{"Key": "right", "ETag": right}, {"Key": "wrong <&>", "ETag": right}]
        answer = self.s3.delete_objects(Bucket=self.bucket, Delete={"Objects": objects})
        self.assertEqual([each["Key"] for each in answer["Deleted"]], ["right"])
        self.assertEqual([(e["Key"], e["Code"]) for e in answer["Errors"]], [("wrong <&>", "PreconditionFailed")])
        objects = [{"Key": "wrong <&>", "ETag": wrong}]
        answer = self.s3.delete_objects(Bucket=self.bucket, Delete={"Objects": objects, "Quiet": True})
        self.assertFalse(answer.get("Deleted") or answer.get("Errors"))
        self.assertNotIn("Contents", self.s3.list_objects_v2(Bucket=self.bucket))

    def test_a_thousand_at_most(self):
        objects = [{"Key": str(number)} for number in range(1001)]
        with refused("MalformedXML"):
            self.s3.delete_objects(Bucket=self.bucket, Delete={"Objects": objects})


class Versions(unittest.TestCase):
    def setUp(self):
        self.s3 = client("s3")
        self.bucket = bucket(self.s3, versioned=True)

    def put(self, key, body=b""):
        return self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)["VersionId"]

    def pages(self, size, **more):
        pages = self.s3.get_paginator("list_object_versions").paginate(
            Bucket=self.bucket, PaginationConfig={"PageSize": size}, **more
        )
        return list(pages)

    def rows(self, pages):
        return [
            (each["Key"], each["VersionId"], each["IsLatest"])
            for page in pages
            for kind in ("Versions", "DeleteMarkers")
            for each in page.get(kind, [])
        ]

    def test_pages_of_any_size_show_everything_once(self):
        made = [(key, self.put(key)) for key in ("a", "b", "b", "c/d") for _ in range(3)]
        for key in ("a", "b"):
            made.append((key, self.s3.delete_object(Bucket=self.bucket, Key=key)["VersionId"]))
        for size in (1, 2, 3, 5, 1000):
            rows = self.rows(self.pages(size))
            self.assertEqual(sorted(row[:2] for row in rows), sorted(made), size)
            self.assertEqual(sum(latest for _, _, latest in rows), 3)

    def test_the_newest_comes_first(self):
        made = [self.put("a") for _ in range(20)]
        rows = self.rows(self.pages(7))
        self.assertEqual([version for _, version, _ in rows], made[::-1])
        self.assertEqual([latest for _, _, latest in rows], [True] + [False] * 19)

    def test_a_marker_alone_starts_with_the_next_key(self):
        for key in ("a", "b", "c"):
            self.put(key)
        page = self.s3.list_object_versions(Bucket=self.bucket, KeyMarker="a")
        self.assertEqual([each["Key"] for each in page["Versions"]], ["b", "c"])

    def test_prefixes(self):
        for key in ("a/1", "a/2", "b", "c/1"):
            self.put(key)
        for size in (1, 2, 1000):
            pages = self.pages(size, Delimiter="/")
            groups = [each["Prefix"] for page in pages for each in page.get("CommonPrefixes", [])]
            self.assertEqual((groups, [row[0] for row in self.rows(pages)]), (["a/", "c/"], ["b"]), size)
        self.assertEqual([row[0] for row in self.rows(self.pages(1, Prefix="a/"))], ["a/1", "a/2"])

    def test_a_bucket_goes_once_its_last_version_and_marker_are_gone(self):
        self.put("a")
        self.s3.delete_object(Bucket=self.bucket, Key="a")
        with refused("BucketNotEmpty"):
            self.s3.delete_bucket(Bucket=self.bucket)
        rows = self.rows(self.pages(1000))
        self.assertEqual(len(rows), 2)
        objects = [{"Key": key, "VersionId": version} for key, version, _ in rows]
        self.s3.delete_objects(Bucket=self.bucket, Delete={"Objects": objects[:1]})
        with refused("BucketNotEmpty"):
            self.s3.delete_bucket(Bucket=self.bucket)
        self.s3.delete_objects(Bucket=self.bucket, Delete={"Objects": objects[1:]})
        self.s3.delete_bucket(Bucket=self.bucket)


class Configurations(unittest.TestCase):
    def test_those_of_which_a_bucket_has_many(self):
        s3 = client("s3")
        name = bucket(s3)
        with refused("NoSuchConfiguration"):
            s3.get_bucket_metrics_configuration(Bucket=name, Id="m")
        s3.put_bucket_metrics_configuration(Bucket=name, Id="m", MetricsConfiguration={"Id": "m"})
        self.assertEqual(s3.get_bucket_metrics_configuration(Bucket=name, Id="m")["MetricsConfiguration"], {"Id": "m"})
        listed = s3.list_bucket_metrics_configurations(Bucket=name)["MetricsConfigurationList"]
        self.assertEqual(listed, [{"Id": "m"}])
        s3.delete_bucket_metrics_configuration(Bucket=name, Id="m")
        self.assertNotIn("MetricsConfigurationList", s3.list_bucket_metrics_configurations(Bucket=name))

    def test_a_notification_for_event_bridge(self):
        s3 = client("s3")
        name = bucket(s3)
        wanted = {"EventBridgeConfiguration": {}}
        s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration=wanted)
        self.assertIn("EventBridgeConfiguration", s3.get_bucket_notification_configuration(Bucket=name))
        s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration={})
        self.assertNotIn("EventBridgeConfiguration", s3.get_bucket_notification_configuration(Bucket=name))


if __name__ == "__main__":
    unittest.main()
