"""The waiters of boto3, and of the AWS CLI where `AWS_CLI` names its executable."""

import os
import subprocess
import unittest

from networks import Network
from support import client

QUICK = {"Delay": 1, "MaxAttempts": 10}
AWS_CLI = os.environ.get("AWS_CLI")


def words(name):
    """`DBInstanceIdentifier` -> `db-instance-identifier`."""
    text = name.replace("DB", "Db")
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in text).lstrip("-")


class Waiters(unittest.TestCase):
    def setUp(self):
        self.net = Network()
        self.rds = client("rds", self.net.account)

    def wait(self, service, waiter, **names):
        """With boto3; the CLI asks for the same once more."""
        api = self.rds if service == "rds" else getattr(self.net, service)
        api.get_waiter(waiter).wait(**names, WaiterConfig=QUICK)
        if not AWS_CLI:
            return
        command = [AWS_CLI, "--region", "eu-west-3", "--endpoint-url", os.environ["LOCAL_AWS"]]
        command += [service, "wait", waiter.replace("_", "-")]
        for name, value in names.items():
            command += [f"--{words(name)}", *([value] if isinstance(value, str) else value)]
        keys = {"AWS_ACCESS_KEY_ID": self.net.account, "AWS_SECRET_ACCESS_KEY": "secret", "AWS_EC2_METADATA_DISABLED": "true"}
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        done = subprocess.run(command, env={**environment, **keys}, capture_output=True, text=True, timeout=90)
        self.assertEqual(done.returncode, 0, f"{command}: {done.stderr}")

    def test_networks(self):
        net = self.net
        self.wait("ec2", "vpc_available", VpcIds=[net.vpc])
        self.wait("ec2", "subnet_available", SubnetIds=net.subnets)
        _, gateway = net.nat_gateway()
        self.wait("ec2", "nat_gateway_available", NatGatewayIds=[gateway])
        net.ec2.delete_nat_gateway(NatGatewayId=gateway)
        self.wait("ec2", "nat_gateway_deleted", NatGatewayIds=[gateway])

    def test_instances(self):
        net = self.net
        instance = net.instance()
        self.wait("ec2", "instance_running", InstanceIds=[instance])
        net.ec2.stop_instances(InstanceIds=[instance])
        self.wait("ec2", "instance_stopped", InstanceIds=[instance])
        net.ec2.terminate_instances(InstanceIds=[instance])
        self.wait("ec2", "instance_terminated", InstanceIds=[instance])
        volume = net.ec2.create_volume(AvailabilityZone="eu-west-3a", Size=1)["VolumeId"]
        self.wait("ec2", "volume_available", VolumeIds=[volume])
        snapshot = net.ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
        self.wait("ec2", "snapshot_completed", SnapshotIds=[snapshot])
        net.ec2.delete_volume(VolumeId=volume)
        self.wait("ec2", "volume_deleted", VolumeIds=[volume])

    def test_load_balancers(self):
        arn = self.net.load_balancer()
        self.wait("elbv2", "load_balancer_available", LoadBalancerArns=[arn])
        self.net.elbv2.delete_load_balancer(LoadBalancerArn=arn)
        self.wait("elbv2", "load_balancers_deleted", LoadBalancerArns=[arn])

    def test_services_and_tasks(self):
        net = self.net
        net.cluster()
        definition = net.task_definition()
        net.service(taskDefinition=definition)
        self.wait("ecs", "services_stable", cluster="main", services=["web"])
        net.ecs.update_service(cluster="main", service="web", forceNewDeployment=True)
        self.wait("ecs", "services_stable", cluster="main", services=["web"])
        task = net.ecs.run_task(
            cluster="main", taskDefinition=definition, launchType="FARGATE", networkConfiguration=net.placement()
        )["tasks"][0]["taskArn"]
        self.wait("ecs", "tasks_running", cluster="main", tasks=[task])
        net.ecs.stop_task(cluster="main", task=task)
        self.wait("ecs", "tasks_stopped", cluster="main", tasks=[task])
        net.ecs.delete_service(cluster="main", service="web", force=True)
        self.wait("ecs", "services_inactive", cluster="main", services=["web"])

    def test_databases(self):
        account = {"MasterUsername": "root1", "MasterUserPassword": "password1"}
        self.rds.create_db_instance(
            DBInstanceIdentifier="one", Engine="postgres", DBInstanceClass="db.t4g.micro", AllocatedStorage=20, **account
        )
        self.wait("rds", "db_instance_available", DBInstanceIdentifier="one")
        self.rds.create_db_snapshot(DBInstanceIdentifier="one", DBSnapshotIdentifier="copy")
        self.wait("rds", "db_snapshot_available", DBInstanceIdentifier="one", DBSnapshotIdentifier="copy")
        self.rds.delete_db_instance(DBInstanceIdentifier="one", SkipFinalSnapshot=True)
        self.wait("rds", "db_instance_deleted", DBInstanceIdentifier="one")
        self.rds.create_db_cluster(DBClusterIdentifier="many", Engine="aurora-postgresql", **account)
        self.wait("rds", "db_cluster_available", DBClusterIdentifier="many")
        self.rds.delete_db_cluster(DBClusterIdentifier="many", SkipFinalSnapshot=True)
        self.wait("rds", "db_cluster_deleted", DBClusterIdentifier="many")


if __name__ == "__main__":
    unittest.main()
