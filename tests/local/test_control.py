"""Faults, the journal of changes, and what else `/infra/…` does."""

import json
import os
import threading
import time
import unittest
import urllib.request

from botocore.exceptions import ClientError, ConnectionClosedError, ConnectionError, HTTPClientError
from support import client, new_account, refused, until

LOST = (ConnectionClosedError, ConnectionError, HTTPClientError)


def ask(path, **body):
    request = urllib.request.Request(os.environ["LOCAL_AWS"] + "/infra/" + path)
    if body:
        request.data, request.method = json.dumps(body).encode(), "POST"
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


class Started:
    """A call on a thread of its own, which may never be answered."""

    def __init__(self, call):
        self.outcome = None

        def run():
            try:
                self.outcome = call()
            except Exception as error:  # the test looks at it
                self.outcome = error

        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()

    def end(self):
        self.thread.join(10)
        return self.outcome


class Faults(unittest.TestCase):
    def setUp(self):
        self.account = new_account()
        self.ec2 = client("ec2", self.account)

    def rules(self, *rules):
        ask("faults", account=self.account, rules=list(rules))

    def code(self, service, operation, **parameters):
        try:
            getattr(client(service, self.account), operation)(**parameters)
        except ClientError as error:
            return error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
        return None

    def test_throttling_has_the_code_of_the_service(self):
        self.rules({"kind": "throttle"})
        for service, operation, expected in [
            ("ec2", "describe_vpcs", ("RequestLimitExceeded", 503)),
            ("s3", "list_buckets", ("SlowDown", 503)),
            ("ecs", "list_clusters", ("ThrottlingException", 400)),
            ("iam", "list_roles", ("Throttling", 400)),
            ("elbv2", "describe_load_balancers", ("Throttling", 400)),
            ("backup", "list_backup_plans", ("ThrottlingException", 400)),
            ("cloudwatch", "describe_alarms", ("ThrottlingException", 400)),
            ("resourcegroupstaggingapi", "get_resources", ("ThrottledException", 400)),
        ]:
            with self.subTest(service):
                self.assertEqual(self.code(service, operation), expected)

    def test_denied_and_failed_calls(self):
        broken = {"kind": "error", "status": 503, "operations": ["ec2:*"]}
        self.rules({"kind": "deny", "operations": ["*:List*"]}, broken)
        self.assertEqual(self.code("iam", "list_roles"), ("AccessDenied", 403))
        self.assertEqual(self.code("ecs", "list_clusters"), ("AccessDeniedException", 400))
        self.assertEqual(self.code("s3", "list_buckets"), ("AccessDenied", 403))
        self.assertEqual(self.code("ec2", "describe_vpcs"), ("Unavailable", 503))
        self.rules({"kind": "deny", "operations": ["ec2:Create*"]}, {"kind": "error"})
        self.assertEqual(self.code("ec2", "create_vpc", CidrBlock="10.0.0.0/16"), ("UnauthorizedOperation", 403))
        self.assertEqual(self.code("ec2", "describe_vpcs"), ("InternalError", 500))

    def test_a_seed_decides_which_calls_are_hit(self):
        def pattern():
            self.rules({"kind": "throttle", "share": 0.3, "seed": 7})
            return [self.code("ec2", "describe_vpcs") is not None for _ in range(20)]

        first = pattern()
        self.assertEqual(first, pattern())
        self.assertIn(True, first)
        self.assertIn(False, first)

    def test_after_times_and_only_what_changes_something(self):
        self.rules({"kind": "throttle", "mutating": True, "after": 1, "times": 1})
        hits = [self.code("ec2", "create_internet_gateway") is not None for _ in range(4)]
        self.assertEqual(hits, [False, True, False, False])
        self.assertIsNone(self.code("ec2", "describe_vpcs"))
        (rule,) = ask(f"faults?account={self.account}")["rules"]
        self.assertEqual((rule["matched"], rule["fired"]), (4, 1))

    def test_so_many_times_of_each_operation(self):
        self.rules({"kind": "throttle", "times": 1, "each": True})
        operations = ["describe_vpcs", "describe_subnets", "describe_vpcs", "describe_subnets"]
        hits = [self.code("ec2", operation) is not None for operation in operations]
        self.assertEqual(hits, [True, True, False, False])

    def test_an_answer_that_is_lost_leaves_its_effect(self):
        for when, made in (("before", 0), ("after", 1)):
            self.rules({"kind": "reset", "when": when, "operations": ["ec2:CreateInternetGateway"]})
            with self.assertRaises(LOST):
                self.ec2.create_internet_gateway()
            # The next connection is another one, to which the gateway may be unknown for a while.
            until(lambda: len(self.ec2.describe_internet_gateways()["InternetGateways"]) == made)

    def test_no_answer_at_all_after_some_calls(self):
        self.rules({"kind": "stop", "after": 2})
        self.ec2.describe_vpcs()
        client("iam", self.account).list_roles()
        for _ in range(2):
            with self.assertRaises(LOST):
                self.ec2.describe_vpcs()
        client("ec2").describe_vpcs()  # another account

    def test_latency(self):
        self.rules({"kind": "latency", "seconds": 0.2})
        began = time.monotonic()
        self.ec2.describe_vpcs()
        self.assertGreater(time.monotonic() - began, 0.2)

    def test_a_rule_has_to_make_sense(self):
        with self.assertRaises(urllib.error.HTTPError):
            self.rules({"kind": "earthquake"})


class Journal(unittest.TestCase):
    def setUp(self):
        self.account = new_account()
        self.ec2 = client("ec2", self.account)

    def journal(self, wait=0):
        return ask(f"journal?account={self.account}&wait={wait}")

    def gateways(self):
        return len(self.ec2.describe_internet_gateways()["InternetGateways"])

    def test_changes_are_numbered_whatever_the_protocol(self):
        ask("journal", account=self.account)
        self.ec2.create_internet_gateway()
        self.ec2.describe_vpcs()
        s3 = client("s3", self.account)
        bucket = f"journal-{self.account}"
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        s3.put_object(Bucket=bucket, Key="a/b", Body=b"")
        s3.copy_object(Bucket=bucket, Key="c", CopySource=f"{bucket}/a/b")
        s3.get_object(Bucket=bucket, Key="a/b")
        client("backup", self.account).create_backup_vault(BackupVaultName="v")
        client("backup", self.account).list_backup_vaults()
        client("ecs", self.account).create_cluster(clusterName="c")
        client("cloudwatch", self.account).delete_alarms(AlarmNames=[])
        client("iam", self.account).create_group(GroupName="g")
        with refused("NoSuchEntity"):
            client("iam", self.account).delete_role(RoleName="none")
        journal = self.journal()
        self.assertEqual(
            [(call["n"], f"{call['service']}:{call['operation']}", call["status"]) for call in journal["calls"]],
            [
                (1, "ec2:CreateInternetGateway", 200),
                (2, "s3:CreateBucket", 200),
                (3, "s3:PutBucketVersioning", 200),
                (4, "s3:PutObject", 200),
                (5, "s3:CopyObject", 200),
                (6, "backup:CreateBackupVault", 200),
                (7, "ecs:CreateCluster", 200),
                (8, "cloudwatch:DeleteAlarms", 200),
                (9, "iam:CreateGroup", 200),
                (10, "iam:DeleteRole", 404),
            ],
        )
        self.assertEqual((journal["total"], journal["halted"]), (10, False))

    def halt(self, when):
        ask("journal", account=self.account, halt_at=2, when=when)
        self.ec2.create_internet_gateway()
        second = Started(self.ec2.create_internet_gateway)
        self.assertTrue(self.journal(wait=10)["halted"])
        read = Started(client("ec2", self.account).describe_vpcs)
        client("ec2").describe_vpcs()  # another account goes on
        self.assertIsNone(read.outcome)
        self.assertIsNone(second.outcome)
        ask("journal", account=self.account, release=True)
        self.assertIsInstance(second.end(), LOST)
        self.assertIsInstance(read.end(), LOST)
        self.assertFalse(self.journal()["halted"])

    def test_halted_before_a_call_takes_effect(self):
        self.halt("before")
        until(lambda: self.gateways() == 1)
        self.assertEqual([call["status"] for call in self.journal()["calls"]], [200, None])

    def test_halted_after_a_call_took_effect(self):
        self.halt("after")
        until(lambda: self.gateways() == 2)
        self.assertEqual([call["status"] for call in self.journal()["calls"]], [200, 200])

    def test_of_calls_at_once_one_is_the_nth(self):
        """Whatever is under way when the halt strikes may take effect, and nobody gets an answer any more."""
        ask("journal", account=self.account, halt_at=5, when="before")
        calls = [Started(client("ec2", self.account).create_internet_gateway) for _ in range(12)]
        until(lambda: self.journal()["held"] + sum(call.outcome is not None for call in calls) == 12)
        ask("journal", account=self.account, release=True)
        answered = sum(isinstance(call.end(), dict) for call in calls)
        journal = self.journal()
        took_effect = sum(call["status"] == 200 for call in journal["calls"])
        self.assertEqual((journal["total"], took_effect), (5, 4))
        until(lambda: self.gateways() == 4)
        self.assertLessEqual(answered, 4)

    def test_a_lost_answer_happens_once(self):
        for when in ("before", "after"):
            ask("journal", account=self.account, halt_at=1, when=when, mode="reset")
            with self.assertRaises(LOST):
                self.ec2.create_internet_gateway()
            self.ec2.create_internet_gateway()
            self.assertFalse(self.journal()["halted"])
            self.assertEqual(self.journal()["total"], 2)
        until(lambda: self.gateways() == 3)

    def test_a_fresh_journal_lets_go_what_the_last_one_held(self):
        ask("journal", account=self.account, halt_at=1)
        held = Started(self.ec2.create_internet_gateway)
        self.journal(wait=10)
        ask("journal", account=self.account)
        self.assertIsInstance(held.end(), LOST)
        self.assertEqual(self.journal()["total"], 0)
        self.assertEqual(self.gateways(), 0)


class JournalUnderLoad(unittest.TestCase):
    """Many clients of one account at once; each of their calls makes something of its own."""

    def setUp(self):
        self.account = new_account()
        self.logs = [client("logs", self.account) for _ in range(8)]
        self.logs[0].describe_log_groups()

    def work(self, name, count):
        """Each client makes `count` groups or gets no answer any more; what each was told is there."""

        def run(number):
            answered = []
            for each in range(count):
                group = f"{name}-{number}-{each}"
                try:
                    self.logs[number].create_log_group(logGroupName=group)
                except LOST:
                    break
                answered.append(group)
            return answered

        return [Started(lambda number=number: run(number)) for number in range(len(self.logs))]

    def all_stand(self, workers):
        """Each is held, or was done before the halt."""
        done = sum(worker.outcome is not None for worker in workers)
        return ask(f"journal?account={self.account}")["held"] + done == len(workers)

    def groups(self, name):
        pages = client("logs", self.account).get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name)
        return {group["logGroupName"] for page in pages for group in page["logGroups"]}

    def check(self, journal, name, answered):
        numbers = [call["n"] for call in journal["calls"]]
        self.assertEqual(numbers, list(range(1, journal["total"] + 1)))
        done = [call for call in journal["calls"] if call["status"] == 200]
        self.assertEqual(len(done), len(self.groups(name)))
        self.assertLessEqual(set(answered), self.groups(name))

    def test_a_halt(self):
        for number, when in ((1, "before"), (7, "after"), (20, "before"), (33, "after")):
            with self.subTest(number=number, when=when):
                name = f"/{when}/{number}"
                ask("journal", account=self.account, halt_at=number, when=when)
                workers = self.work(name, 6)
                self.assertTrue(ask(f"journal?account={self.account}&wait=10")["halted"])
                until(lambda: self.all_stand(workers))
                ask("journal", account=self.account, release=True)
                answered = [group for worker in workers for group in worker.end()]
                journal = ask(f"journal?account={self.account}")
                self.assertEqual((journal["halted"], journal["held"]), (False, 0))
                # Until that call has taken effect, any number of the others' come in and do the same.
                self.assertGreaterEqual(journal["total"], number)
                if when == "before":
                    self.assertEqual(journal["total"], number)
                # The halted call has no answer, nor has what each of the others was about to be told.
                self.assertIn(journal["total"] - len(answered), range(1, 9))
                self.check(journal, name, answered)
                unanswered = [call["n"] for call in journal["calls"] if call["status"] != 200]
                self.assertEqual(unanswered, [number] if when == "before" else [])
                # The account works as before, and a journal that is not told to halt does not.
                ask("journal", account=self.account)
                again = [group for worker in self.work(name + "/again", 3) for group in worker.end()]
                self.assertEqual(len(again), 24)
                self.check(ask(f"journal?account={self.account}"), name + "/again", again)

    def test_the_next_journal_begins_while_the_last_one_halts(self):
        for number in range(1, 5):
            name = f"/next/{number}"
            ask("journal", account=self.account, halt_at=number)
            workers = self.work(name, 2)
            until(lambda: self.all_stand(workers))
            journal = ask("journal", account=self.account, halt_at=1)
            self.assertEqual((journal["total"], journal["halted"], journal["held"]), (0, False, 0))
            for worker in workers:
                worker.end()
            self.assertEqual(len(self.groups(name)), number - 1)


class DryRun(unittest.TestCase):
    def test_nothing_is_changed(self):
        ec2 = client("ec2")
        vpcs = len(ec2.describe_vpcs()["Vpcs"])
        with refused("DryRunOperation"):
            ec2.create_vpc(CidrBlock="10.0.0.0/16", DryRun=True)
        self.assertEqual(len(ec2.describe_vpcs()["Vpcs"]), vpcs)
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        with refused("DryRunOperation"):
            ec2.delete_vpc(VpcId=vpc, DryRun=True)
        until(lambda: vpc in [each["VpcId"] for each in ec2.describe_vpcs()["Vpcs"]])


class Filters(unittest.TestCase):
    def test_a_filter_that_aws_does_not_have_is_refused(self):
        ec2 = client("ec2")
        with refused("InvalidParameterValue"):
            ec2.describe_vpcs(Filters=[{"Name": "no-such-filter", "Values": ["x"]}])
        with refused("InvalidParameterValue"):
            ec2.describe_nat_gateways(Filter=[{"Name": "colour", "Values": ["x"]}])
        ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["x"]}, {"Name": "state", "Values": ["available"]}])
        ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": ["x"]}, {"Name": "tag-key", "Values": ["a"]}])


if __name__ == "__main__":
    unittest.main()
