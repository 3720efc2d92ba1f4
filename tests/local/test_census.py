"""What an account has, by what the services hold."""

import json
import unittest

from networks import TRUST, Network
from support import accepted, client, new_account, until
from test_control import ask

POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
BACKUP = TRUST.replace("ecs-tasks", "backup")
# What comes with a VPC, and goes with it.
WITH_VPC = {"ec2:network-acl", "ec2:route", "ec2:route-table", "ec2:route-table-association"}
WITH_VPC |= {"ec2:security-group", "ec2:security-group-rule"}


def census(account):
    return ask(f"census?account={account}")


class Census(unittest.TestCase):
    def setUp(self):
        self.account = new_account()

    def client(self, service, region="eu-west-3"):
        return client(service, self.account, region)

    def check(self, *expected, here="eu-west-3 "):
        """These and no others, each with how many there are."""
        found = census(self.account)
        counts = {what: len(names) for what, names in found.items()}
        self.assertEqual(counts, {f"{here}{what}": count for what, count in expected})
        return found

    def test_a_new_account_has_nothing(self):
        self.client("ec2").describe_vpcs()
        self.client("iam").list_policies(MaxItems=1)
        self.client("events").list_rules()
        self.client("kms").list_keys()
        self.client("s3").list_buckets()
        self.assertEqual(census(self.account), {})

    def test_regions(self):
        for region in ("eu-west-1", "eu-west-3"):
            self.client("ec2", region).create_internet_gateway()
        self.client("iam").create_role(RoleName="a", AssumeRolePolicyDocument=TRUST)
        self.client("s3").create_bucket(
            Bucket=f"census-{self.account}", CreateBucketConfiguration={"LocationConstraint": "eu-west-3"}
        )
        found = census(self.account)
        self.assertEqual(
            list(found),
            ["eu-west-1 ec2:internet-gateway", "eu-west-3 ec2:internet-gateway", "iam:role", "s3:bucket"],
        )
        self.assertEqual((found["iam:role"], found["s3:bucket"]), (["a"], [f"census-{self.account}"]))

    def test_networks(self):
        ec2 = self.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        before = census(self.account)
        self.assertEqual(before["eu-west-3 ec2:vpc"], [vpc])
        self.assertEqual({each.split()[1] for each in before}, {"ec2:vpc", *WITH_VPC})
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        association = ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)["AssociationId"]
        group = ec2.create_security_group(GroupName="a", Description="a", VpcId=vpc)["GroupId"]
        everyone = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIp": "10.0.0.0/8"}
        ec2.authorize_security_group_ingress(GroupId=group, **everyone)
        endpoint = ec2.create_vpc_endpoint(
            VpcId=vpc,
            ServiceName="com.amazonaws.eu-west-3.logs",
            VpcEndpointType="Interface",
            SubnetIds=[subnet],
            SecurityGroupIds=[group],
        )["VpcEndpoint"]["VpcEndpointId"]
        gateway = ec2.create_nat_gateway(SubnetId=subnet, ConnectivityType="private")["NatGateway"]["NatGatewayId"]
        ec2.allocate_address(Domain="vpc")
        found = census(self.account)

        def more(what):
            return len(found.get(f"eu-west-3 ec2:{what}", [])) - len(before.get(f"eu-west-3 ec2:{what}", []))

        self.assertIn(association, found["eu-west-3 ec2:route-table-association"])
        self.assertEqual(found["eu-west-3 ec2:vpc-endpoint"], [endpoint])
        self.assertEqual(found["eu-west-3 ec2:nat-gateway"], [gateway])
        counts = {"security-group": 1, "security-group-rule": 2, "route-table": 1, "route": 1, "subnet": 1}
        counts |= {"network-interface": 2, "elastic-ip": 1}
        self.assertEqual({what: more(what) for what in counts}, counts)

        until(lambda: self.available(ec2, gateway, endpoint))
        ec2.delete_nat_gateway(NatGatewayId=gateway)
        ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
        passing = {f"eu-west-3 ec2:{what}" for what in ("nat-gateway", "vpc-endpoint", "network-interface")}
        until(lambda: not passing & set(census(self.account)))

    def available(self, ec2, gateway, endpoint):
        states = [
            ec2.describe_nat_gateways(NatGatewayIds=[gateway])["NatGateways"][0]["State"],
            ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"][0]["State"],
        ]
        return states == ["available", "available"]

    def test_containers_and_load_balancers(self):
        net = Network()
        self.account = net.account
        net.cluster()
        definition = net.task_definition()
        net.ecs.deregister_task_definition(taskDefinition=net.task_definition(family="old"))
        net.service(taskDefinition=definition)
        balancer = net.load_balancer()
        group = net.elbv2.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=net.vpc)["TargetGroups"][0]
        action = {"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}
        listener = net.elbv2.create_listener(
            LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=[action]
        )["Listeners"][0]["ListenerArn"]
        found = {what: len(names) for what, names in census(self.account).items() if " ec2:" not in what}
        expected = {"ecs:cluster": 1, "ecs:service": 1, "ecs:task": 2, "ecs:task-definition": 1, "elbv2:listener": 1}
        expected |= {"elbv2:listener-rule": 1, "elbv2:load-balancer": 1, "elbv2:target-group": 1}
        self.assertEqual(found, {f"eu-west-3 {what}": count for what, count in expected.items()})
        self.assertEqual(census(self.account)["eu-west-3 elbv2:listener"], [listener])
        net.ecs.delete_service(cluster="main", service="web", force=True)
        until(lambda: not {"eu-west-3 ecs:service", "eu-west-3 ecs:task"} & set(census(self.account)))

    def test_roles(self):
        iam = self.client("iam")
        iam.create_role(RoleName="a", AssumeRolePolicyDocument=TRUST)
        iam.put_role_policy(RoleName="a", PolicyName="p", PolicyDocument=json.dumps(POLICY))
        iam.attach_role_policy(RoleName="a", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
        iam.create_service_linked_role(AWSServiceName="ecs.amazonaws.com")
        found = self.check(("iam:role", 1), ("iam:role-policy", 1), ("iam:role-policy-attachment", 1), here="")
        self.assertEqual(found["iam:role-policy"], ["a p"])

    def test_keys_and_secrets(self):
        kms, secrets = self.client("kms"), self.client("secretsmanager")
        key, other = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
        kms.create_alias(AliasName="alias/a", TargetKeyId=key)
        kms.schedule_key_deletion(KeyId=other, PendingWindowInDays=7)
        for name in "ab":
            secrets.create_secret(Name=name, SecretString="1")
        secrets.delete_secret(SecretId="b")
        found = self.check(("kms:alias", 1), ("kms:key", 1), ("secretsmanager:secret", 1))
        self.assertEqual(found["eu-west-3 kms:key"], [key])
        self.assertEqual(found["eu-west-3 secretsmanager:secret"], ["a"])

    def test_watching(self):
        logs, sns, events = self.client("logs"), self.client("sns"), self.client("events")
        logs.create_log_group(logGroupName="g")
        logs.put_metric_filter(
            logGroupName="g",
            filterName="f",
            filterPattern="ERROR",
            metricTransformations=[{"metricName": "m", "metricNamespace": "n", "metricValue": "1"}],
        )
        topic = sns.create_topic(Name="t")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="a@example.com")
        events.put_rule(Name="r", ScheduleExpression="rate(1 day)")
        events.put_targets(Rule="r", Targets=[{"Id": "i", "Arn": topic}])
        self.client("cloudwatch").put_metric_alarm(
            AlarmName="a",
            MetricName="m",
            Namespace="n",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
        )
        self.client("ecr").create_repository(repositoryName="repo")
        found = self.check(
            ("cloudwatch:alarm", 1),
            ("ecr:repository", 1),
            ("events:rule", 1),
            ("events:target", 1),
            ("logs:log-group", 1),
            ("logs:metric-filter", 1),
            ("sns:subscription", 1),
            ("sns:topic", 1),
        )
        self.assertEqual(found["eu-west-3 events:target"], ["default/r i"])
        self.assertEqual(found["eu-west-3 logs:metric-filter"], ["g f"])

    def test_backup(self):
        role = self.client("iam").create_role(RoleName="a", AssumeRolePolicyDocument=BACKUP)["Role"]["Arn"]
        backup = self.client("backup")
        backup.create_backup_vault(BackupVaultName="v")
        rule = {"RuleName": "r", "TargetBackupVaultName": "v"}
        plan = backup.create_backup_plan(BackupPlan={"BackupPlanName": "p", "Rules": [rule]})["BackupPlanId"]
        selection = {"SelectionName": "s", "IamRoleArn": role, "Resources": ["*"]}
        made = accepted(
            "InvalidParameterValueException",
            lambda: backup.create_backup_selection(BackupPlanId=plan, BackupSelection=selection),
        )["SelectionId"]
        found = census(self.account)
        self.assertEqual(found["eu-west-3 backup:backup-vault"], ["v"])
        self.assertEqual(found["eu-west-3 backup:backup-plan"], [plan])
        self.assertEqual(found["eu-west-3 backup:backup-selection"], [made])
        backup.delete_backup_selection(BackupPlanId=plan, SelectionId=made)
        backup.delete_backup_plan(BackupPlanId=plan)
        backup.delete_backup_vault(BackupVaultName="v")
        self.assertEqual(list(census(self.account)), ["iam:role"])


if __name__ == "__main__":
    unittest.main()
