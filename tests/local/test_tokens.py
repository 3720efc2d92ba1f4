"""Client tokens, and pages."""

import threading
import unittest

from networks import IMAGE
from support import client, new_account, refused, until


class Tokens(unittest.TestCase):
    def setUp(self):
        self.account = new_account()
        self.ec2 = client("ec2", self.account)

    def test_instances(self):
        one = {"ImageId": IMAGE, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1, "ClientToken": "a"}
        first = self.ec2.run_instances(**one)["Instances"][0]["InstanceId"]
        self.assertEqual(self.ec2.run_instances(**one)["Instances"][0]["InstanceId"], first)
        with refused("IdempotentParameterMismatch"):
            self.ec2.run_instances(**{**one, "InstanceType": "t3.small"})
        self.assertNotEqual(self.ec2.run_instances(**{**one, "ClientToken": "b"})["Instances"][0]["InstanceId"], first)
        other = client("ec2")
        self.assertNotEqual(other.run_instances(**one)["Instances"][0]["InstanceId"], first)

    def test_volumes_made_at_once(self):
        made = []

        def make():
            ec2 = client("ec2", self.account)
            answer = ec2.create_volume(AvailabilityZone="eu-west-3a", Size=1, ClientToken="a")
            made.append(answer["VolumeId"])

        threads = [threading.Thread(target=make) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual((len(made), len(set(made))), (6, 1))

    def test_a_refused_request_does_not_use_its_token_up(self):
        with refused("InvalidSubnetID.NotFound"):
            self.ec2.create_nat_gateway(SubnetId="subnet-0123456789abcdef0", ClientToken="a")
        vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = self.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        self.ec2.create_nat_gateway(SubnetId=subnet, ConnectivityType="private", ClientToken="a")

    def test_endpoints(self):
        vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        one = {"VpcId": vpc, "ServiceName": "com.amazonaws.eu-west-3.s3", "ClientToken": "a"}
        first = self.ec2.create_vpc_endpoint(**one)["VpcEndpoint"]["VpcEndpointId"]
        self.assertEqual(self.ec2.create_vpc_endpoint(**one)["VpcEndpoint"]["VpcEndpointId"], first)
        with refused("IdempotentParameterMismatch"):
            self.ec2.create_vpc_endpoint(**{**one, "ServiceName": "com.amazonaws.eu-west-3.dynamodb"})

    def test_secrets(self):
        secrets = client("secretsmanager", self.account)
        one = {"Name": "a", "SecretString": "1", "ClientRequestToken": "a" * 32}
        first = secrets.create_secret(**one)
        self.assertEqual(secrets.create_secret(**one)["ARN"], first["ARN"])
        with refused("ResourceExistsException"):
            secrets.create_secret(**{**one, "SecretString": "2"})
        secrets.delete_secret(SecretId="a", ForceDeleteWithoutRecovery=True)
        secrets.create_secret(**{**one, "SecretString": "2"})
        secrets.describe_secret(SecretId="a")

    def test_backup_plans(self):
        backup = client("backup", self.account)
        backup.create_backup_vault(BackupVaultName="v")
        plan = {"BackupPlanName": "a", "Rules": [{"RuleName": "r", "TargetBackupVaultName": "v"}]}
        first = backup.create_backup_plan(BackupPlan=plan, CreatorRequestId="a")
        again = backup.create_backup_plan(BackupPlan=plan, CreatorRequestId="a")
        self.assertEqual(again["BackupPlanId"], first["BackupPlanId"])
        with refused("AlreadyExistsException"):
            backup.create_backup_plan(BackupPlan={**plan, "BackupPlanName": "b"}, CreatorRequestId="a")


class Pages(unittest.TestCase):
    """What moto answers whole, in each of the protocols."""

    def setUp(self):
        self.account = new_account()

    def check(self, service, operation, rows, size, count, **more):
        paginator = client(service, self.account).get_paginator(operation)
        pages = list(paginator.paginate(PaginationConfig={"PageSize": size}, **more))
        self.assertTrue(all(len(page[rows]) <= size for page in pages), [len(page[rows]) for page in pages])
        self.assertEqual(sum(len(page[rows]) for page in pages), count)

    def test_ec2(self):
        ec2 = client("ec2", self.account)
        for _ in range(7):
            specification = {"ResourceType": "internet-gateway", "Tags": [{"Key": "a", "Value": "b"}]}
            ec2.create_internet_gateway(TagSpecifications=[specification])
        # New ids are not in every list at once.
        until(lambda: len(client("ec2", self.account).describe_internet_gateways()["InternetGateways"]) == 7)
        self.check("ec2", "describe_tags", "Tags", 5, 7, Filters=[{"Name": "key", "Values": ["a"]}])
        self.check("ec2", "describe_internet_gateways", "InternetGateways", 5, 7)

    def test_json(self):
        ssm, events = client("ssm", self.account), client("events", self.account)
        for number in range(7):
            ssm.put_parameter(Name=f"/pages/{number}", Value="a", Type="String")
            events.put_rule(Name=f"r{number}", ScheduleExpression="rate(1 day)")
        named = [{"Key": "Name", "Option": "BeginsWith", "Values": ["/pages"]}]
        self.check("ssm", "describe_parameters", "Parameters", 5, 7, ParameterFilters=named)
        for number in range(7, 23):
            ssm.put_parameter(Name=f"/pages/{number}", Value="a", Type="String")
        self.check("ssm", "describe_parameters", "Parameters", 4, 23, ParameterFilters=named)

    def test_query(self):
        sns, iam = client("sns", self.account), client("iam", self.account)
        for number in range(7):
            iam.create_group(GroupName=f"g{number}")
            sns.create_topic(Name=f"t{number}")
        self.check("iam", "list_groups", "Groups", 3, 7)
        details = client("iam", self.account).get_account_authorization_details(Filter=["Group"], MaxItems=3)
        self.assertEqual((len(details["GroupDetailList"]), details["IsTruncated"]), (3, True))
        balancers = client("elbv2", self.account)
        vpc = client("ec2", self.account).create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        for number in range(5):
            balancers.create_target_group(Name=f"t{number}", Protocol="HTTP", Port=80, VpcId=vpc)
        self.check("elbv2", "describe_target_groups", "TargetGroups", 2, 5)

    def test_rest(self):
        backup = client("backup", self.account)
        for number in range(5):
            backup.create_backup_vault(BackupVaultName=f"vault-{number}")
        self.check("backup", "list_backup_vaults", "BackupVaultList", 2, 5)


if __name__ == "__main__":
    unittest.main()
