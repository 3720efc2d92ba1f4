"""AWS Backup: jobs and recovery points through their states, vaults that hold something, restore tests."""

import json
import unittest

from support import accepted, client, new_account, refused, until

TRUST = {"Effect": "Allow", "Principal": {"Service": "backup.amazonaws.com"}, "Action": "sts:AssumeRole"}
# What AWS Backup says of a role while it does not know it.
UNKNOWN_ROLE = "InvalidParameterValueException"


class Backup(unittest.TestCase):
    def setUp(self):
        self.account = new_account()
        self.backup = client("backup", self.account)
        self.backup.create_backup_vault(BackupVaultName="vault")
        trust = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
        iam = client("iam", self.account)
        self.role = iam.create_role(RoleName="role", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        self.table = f"arn:aws:dynamodb:eu-west-3:{self.account}:table/table"

    def start(self, **more):
        return accepted(
            UNKNOWN_ROLE,
            lambda: self.backup.start_backup_job(
                BackupVaultName="vault", ResourceArn=self.table, IamRoleArn=self.role, **more
            ),
        )["BackupJobId"]

    def job(self, job):
        return self.backup.describe_backup_job(BackupJobId=job)

    def point(self, **more):
        job = self.start(**more)
        until(lambda: self.job(job)["State"] == "COMPLETED")
        return self.job(job)["RecoveryPointArn"]

    def points(self, vault="vault"):
        return self.backup.list_recovery_points_by_backup_vault(BackupVaultName=vault)["RecoveryPoints"]

    def test_a_job_ends_in_a_recovery_point(self):
        seen = []
        job = self.start(RecoveryPointTags={"a": "b"})

        def is_over():
            seen.append(self.job(job)["State"])
            return seen[-1] == "COMPLETED"

        until(is_over)
        self.assertLessEqual(set(seen), {"CREATED", "RUNNING", "COMPLETED"})
        point = self.points()[0]
        self.assertEqual((point["Status"], point["ResourceType"]), ("COMPLETED", "DynamoDB"))
        self.assertEqual(self.backup.list_tags(ResourceArn=point["RecoveryPointArn"])["Tags"], {"a": "b"})
        found = self.backup.describe_backup_vault(BackupVaultName="vault")
        self.assertEqual(found["NumberOfRecoveryPoints"], 1)
        jobs = self.backup.list_backup_jobs(ByState="COMPLETED")["BackupJobs"]
        self.assertEqual([each["BackupJobId"] for each in jobs], [job])

    def test_tags_come_from_the_resource(self):
        client("dynamodb", self.account).create_table(
            TableName="table",
            AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
            Tags=[{"Key": "stack", "Value": "s"}],
        )
        point = self.point()
        self.assertEqual(self.backup.list_tags(ResourceArn=point)["Tags"], {"stack": "s"})
        tagging = client("resourcegroupstaggingapi", self.account)

        def tagged():
            rows = tagging.get_resources(TagFilters=[{"Key": "stack"}])["ResourceTagMappingList"]
            return point in [row["ResourceARN"] for row in rows]

        until(tagged)

    def test_a_vault_that_holds_something(self):
        point = self.point()
        with refused("InvalidRequestException"):
            self.backup.delete_backup_vault(BackupVaultName="vault")
        self.backup.delete_recovery_point(BackupVaultName="vault", RecoveryPointArn=point)
        until(lambda: not self.points())
        with refused("ResourceNotFoundException"):
            self.backup.describe_recovery_point(BackupVaultName="vault", RecoveryPointArn=point)
        self.backup.delete_backup_vault(BackupVaultName="vault")

    def test_the_same_token_is_the_same_job(self):
        self.assertEqual(self.start(IdempotencyToken="1"), self.start(IdempotencyToken="1"))
        self.assertNotEqual(self.start(IdempotencyToken="1"), self.start(IdempotencyToken="2"))

    def test_a_lock_fails_what_is_kept_too_short_or_too_long(self):
        self.backup.put_backup_vault_lock_configuration(
            BackupVaultName="vault", MinRetentionDays=7, MaxRetentionDays=30
        )
        for days, end in ((1, "FAILED"), (None, "FAILED"), (10, "COMPLETED")):
            job = self.start(Lifecycle={"DeleteAfterDays": days} if days else {})
            until(lambda: self.job(job)["State"] == end)
        self.assertEqual(len(self.points()), 1)

    def test_a_copy_to_another_region(self):
        point = self.point(RecoveryPointTags={"a": "b"})
        other = client("backup", self.account, region="eu-west-1")
        other.create_backup_vault(BackupVaultName="copies")
        vault = other.describe_backup_vault(BackupVaultName="copies")["BackupVaultArn"]
        job = self.backup.start_copy_job(
            RecoveryPointArn=point, SourceBackupVaultName="vault", DestinationBackupVaultArn=vault, IamRoleArn=self.role
        )["CopyJobId"]
        until(lambda: self.backup.describe_copy_job(CopyJobId=job)["CopyJob"]["State"] == "COMPLETED")
        copied = other.list_recovery_points_by_backup_vault(BackupVaultName="copies")["RecoveryPoints"]
        self.assertEqual([each["ResourceArn"] for each in copied], [self.table])
        self.assertEqual(other.list_tags(ResourceArn=copied[0]["RecoveryPointArn"])["Tags"], {"a": "b"})
        with refused("InvalidRequestException"):
            other.delete_backup_vault(BackupVaultName="copies")

    def test_a_restore(self):
        point = self.point()
        metadata = self.backup.get_recovery_point_restore_metadata(BackupVaultName="vault", RecoveryPointArn=point)
        job = self.backup.start_restore_job(
            RecoveryPointArn=point, Metadata=metadata["RestoreMetadata"], IamRoleArn=self.role
        )["RestoreJobId"]
        until(lambda: self.backup.describe_restore_job(RestoreJobId=job)["Status"] == "COMPLETED")
        with refused("ResourceNotFoundException"):
            self.backup.start_restore_job(RecoveryPointArn=point + "-other", Metadata={}, IamRoleArn=self.role)

    def test_restore_tests(self):
        plan = {
            "RestoreTestingPlanName": "p",
            "ScheduleExpression": "cron(0 5 ? * SUN *)",
            "RecoveryPointSelection": {
                "Algorithm": "LATEST_WITHIN_WINDOW",
                "IncludeVaults": ["*"],
                "RecoveryPointTypes": ["SNAPSHOT"],
            },
        }
        arn = self.backup.create_restore_testing_plan(RestoreTestingPlan=plan, Tags={"a": "b"})["RestoreTestingPlanArn"]
        self.assertEqual(self.backup.list_tags(ResourceArn=arn)["Tags"], {"a": "b"})
        with refused("AlreadyExistsException"):
            self.backup.create_restore_testing_plan(RestoreTestingPlan=plan)
        found = self.backup.get_restore_testing_plan(RestoreTestingPlanName="p")["RestoreTestingPlan"]
        self.assertEqual((found["StartWindowHours"], found["RecoveryPointSelection"]["SelectionWindowDays"]), (24, 30))
        self.backup.update_restore_testing_plan(
            RestoreTestingPlanName="p",
            RestoreTestingPlan={
                "ScheduleExpression": "cron(0 6 ? * SUN *)",
                "RecoveryPointSelection": plan["RecoveryPointSelection"],
            },
        )
        found = self.backup.get_restore_testing_plan(RestoreTestingPlanName="p")["RestoreTestingPlan"]
        self.assertEqual(found["ScheduleExpression"], "cron(0 6 ? * SUN *)")
        chosen = {
            "RestoreTestingSelectionName": "s",
            "ProtectedResourceType": "DynamoDB",
            "IamRoleArn": self.role,
            "ProtectedResourceArns": ["*"],
        }
        accepted(
            UNKNOWN_ROLE,
            lambda: self.backup.create_restore_testing_selection(
                RestoreTestingPlanName="p", RestoreTestingSelection=chosen
            ),
        )
        with refused("InvalidRequestException"):
            self.backup.delete_restore_testing_plan(RestoreTestingPlanName="p")
        listed = self.backup.list_restore_testing_selections(RestoreTestingPlanName="p")["RestoreTestingSelections"]
        self.assertEqual([each["RestoreTestingSelectionName"] for each in listed], ["s"])
        self.backup.delete_restore_testing_selection(RestoreTestingPlanName="p", RestoreTestingSelectionName="s")
        self.backup.delete_restore_testing_plan(RestoreTestingPlanName="p")
        self.assertEqual(self.backup.list_restore_testing_plans()["RestoreTestingPlans"], [])

    def test_a_role_that_does_not_exist(self):
        with refused("InvalidParameterValueException"):
            self.backup.start_backup_job(
                BackupVaultName="vault", ResourceArn=self.table, IamRoleArn=self.role + "-other"
            )


if __name__ == "__main__":
    unittest.main()
