"""What is new is not known to every reader at once."""

import json
import os
import unittest
import urllib.request

from botocore.exceptions import ClientError
from support import client, new_account, refused, until

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
READ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
OWNER = [{"Key": "owner", "Value": "test"}]


class Lagging(unittest.TestCase):
    """An account whose readers are behind; long enough for a machine that is busy."""

    def setUp(self):
        self.account = new_account()
        self.lag(20)

    def lag(self, seconds, **more):
        body = json.dumps({"account": self.account, "lag": seconds, **more}).encode()
        request = urllib.request.Request(os.environ["LOCAL_AWS"] + "/infra/settings", body, method="POST")
        urllib.request.urlopen(request).close()

    def client(self, service):
        """A new connection, which has made nothing itself."""
        return client(service, self.account)


class Ec2(Lagging):
    def vpc(self, ec2):
        return ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]

    def test_other_connections_do_not_know_a_new_id_yet(self):
        ec2 = self.client("ec2")
        vpc = self.vpc(ec2)
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        other = self.client("ec2")
        with refused("InvalidVpcID.NotFound"):
            other.describe_vpcs(VpcIds=[vpc])
        with refused("InvalidVpcID.NotFound"):
            other.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")
        with refused("InvalidSubnetID.NotFound"):
            other.create_tags(Resources=[subnet], Tags=OWNER)
        by_filter = [{"Name": "vpc-id", "Values": [vpc]}]
        self.assertEqual(other.describe_subnets(Filters=by_filter)["Subnets"], [])
        self.assertNotIn(vpc, [each["VpcId"] for each in other.describe_vpcs()["Vpcs"]])
        self.assertTrue(other.describe_vpcs()["Vpcs"])

    def test_a_client_that_waits_wins(self):
        self.lag(0.3)
        vpc = self.vpc(self.client("ec2"))
        other = self.client("ec2")
        until(lambda: vpc in [each["VpcId"] for each in other.describe_vpcs()["Vpcs"]])
        other.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")

    def test_the_maker_may_lag_too(self):
        self.lag(20, own_writes=False)
        ec2 = self.client("ec2")
        with refused("InvalidVpcID.NotFound"):
            ec2.describe_vpcs(VpcIds=[self.vpc(ec2)])


class Roles(Lagging):
    def role(self):
        iam = self.client("iam")
        return iam, iam.create_role(RoleName="new", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]

    def test_a_new_role_cannot_be_passed_or_assumed_or_trusted(self):
        iam, arn = self.role()
        family = {"family": "a", "containerDefinitions": [{"name": "a", "image": "a", "memory": 128}]}
        ecs, kms = self.client("ecs"), self.client("kms")
        with refused("ClientException"):
            ecs.register_task_definition(**family, taskRoleArn=arn)
        with refused("AccessDenied"):
            self.client("sts").assume_role(RoleArn=arn, RoleSessionName="session")
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "*"}]}
        with refused("MalformedPolicyDocumentException"):
            kms.create_key(Policy=json.dumps(policy))
        with refused("MalformedPolicyDocument"):
            iam.create_role(RoleName="other", AssumeRolePolicyDocument=json.dumps(policy))
        events = self.client("events")
        events.put_rule(Name="a", ScheduleExpression="rate(1 day)")
        target = {"Id": "a", "Arn": f"arn:aws:states:eu-west-3:{self.account}:stateMachine:a", "RoleArn": arn}
        with refused("ValidationException"):
            events.put_targets(Rule="a", Targets=[target])
        self.lag(0)
        ecs.register_task_definition(**family)

    def test_other_connections_do_not_find_it(self):
        iam, _ = self.role()
        iam.put_role_policy(RoleName="new", PolicyName="a", PolicyDocument=json.dumps(READ))
        with refused("NoSuchEntity"):
            self.client("iam").get_role(RoleName="new")
        self.assertEqual(self.client("iam").list_roles()["Roles"], [])
        self.assertEqual(len(iam.list_roles()["Roles"]), 1)

    def test_a_client_that_waits_wins(self):
        self.lag(0.3)
        _, arn = self.role()

        def assumed():
            try:
                return self.client("sts").assume_role(RoleArn=arn, RoleSessionName="session")
            except ClientError:
                return None

        until(assumed)


class Keys(Lagging):
    def test_other_connections_do_not_find_a_new_key(self):
        kms = self.client("kms")
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        kms.describe_key(KeyId=key)
        with refused("NotFoundException"):
            self.client("kms").create_alias(AliasName="alias/a", TargetKeyId=key)


class Tagging(Lagging):
    def found(self):
        answer = self.client("resourcegroupstaggingapi").get_resources(TagFilters=[{"Key": "owner"}])
        return len(answer["ResourceTagMappingList"])

    def test_it_is_behind_in_both_directions(self):
        ec2 = self.client("ec2")
        tags = [{"ResourceType": "internet-gateway", "Tags": OWNER}]
        gateway = ec2.create_internet_gateway(TagSpecifications=tags)["InternetGateway"]["InternetGatewayId"]
        self.assertEqual(self.found(), 0)
        self.lag(0.1)
        until(lambda: self.found() == 1)
        self.lag(20)
        ec2.delete_internet_gateway(InternetGatewayId=gateway)
        self.assertEqual(self.found(), 1)
        self.lag(0.1)
        until(lambda: self.found() == 0)


class Consistent(Lagging):
    def test_what_aws_shows_at_once(self):
        bucket = f"consistent-{self.account}"
        self.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
        self.client("s3").put_object(Bucket=bucket, Key="a", Body=b"1")
        self.assertEqual(self.client("s3").get_object(Bucket=bucket, Key="a")["Body"].read(), b"1")
        arn = self.client("sns").create_topic(Name="a")["TopicArn"]
        self.client("sns").get_topic_attributes(TopicArn=arn)


if __name__ == "__main__":
    unittest.main()
