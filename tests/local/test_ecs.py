"""ECS tasks start and stop, deployments complete or fail, and what is in use stays."""

import unittest

from networks import Network
from support import refused, until

BREAKER = {"deploymentCircuitBreaker": {"enable": True, "rollback": False}}
ROLLBACK = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}


def rollout(service, position=0):
    return service["deployments"][position]["rolloutState"]


class Services(unittest.TestCase):
    def setUp(self):
        self.net = Network()
        self.net.cluster()

    def stable(self, running=2):
        def check():
            now = self.net.service_now()
            counts = (now["runningCount"], now["pendingCount"], len(now["deployments"]))
            return now if counts == (running, 0, 1) and rollout(now) == "COMPLETED" else None

        return until(check)

    def test_tasks_start_and_the_deployment_completes(self):
        self.net.service(taskDefinition=self.net.task_definition())
        self.stable()
        tasks = self.net.ecs.list_tasks(cluster="main", serviceName="web")["taskArns"]
        found = self.net.ecs.describe_tasks(cluster="main", tasks=tasks)["tasks"]
        self.assertEqual([task["lastStatus"] for task in found], ["RUNNING"] * 2)
        interfaces = self.net.interfaces()
        self.assertEqual({each["SubnetId"] for each in interfaces}, set(self.net.subnets))
        self.assertTrue(all(each["RequesterManaged"] for each in interfaces))
        with refused("DependencyViolation"):
            self.net.ec2.delete_subnet(SubnetId=self.net.subnets[0])

    def test_an_update_replaces_the_tasks(self):
        self.net.service(taskDefinition=self.net.task_definition())
        first = self.stable()["deployments"][0]["id"]
        before = self.net.ecs.list_tasks(cluster="main", serviceName="web")["taskArns"]
        self.net.ecs.update_service(cluster="main", service="web", taskDefinition=self.net.task_definition("nginx:2"))
        now = self.stable()
        self.assertNotEqual(now["deployments"][0]["id"], first)
        self.assertTrue(now["taskDefinition"].endswith(":2"))
        after = self.net.ecs.list_tasks(cluster="main", serviceName="web")["taskArns"]
        self.assertFalse(set(before) & set(after))
        self.assertEqual(len(self.net.interfaces()), 2)

    def test_scaling_keeps_the_deployment(self):
        self.net.service(taskDefinition=self.net.task_definition())
        first = self.stable()["deployments"][0]["id"]
        self.net.ecs.update_service(cluster="main", service="web", desiredCount=3)
        self.assertEqual(self.stable(3)["deployments"][0]["id"], first)
        self.net.ecs.update_service(cluster="main", service="web", desiredCount=0)
        self.stable(0)

    def test_the_circuit_breaker_ends_a_deployment_that_cannot_start(self):
        definition = self.net.task_definition("registry.example.com/does-not-exist:1")
        self.net.service(taskDefinition=definition, deploymentConfiguration=BREAKER)
        until(lambda: rollout(self.net.service_now()) == "FAILED")
        first = self.net.service_now()["deployments"][0]
        self.assertGreaterEqual(first["failedTasks"], 3)
        self.assertIn("circuit breaker", first["rolloutStateReason"])
        stopped = self.net.ecs.list_tasks(cluster="main", serviceName="web", desiredStatus="STOPPED")["taskArns"]
        task = self.net.ecs.describe_tasks(cluster="main", tasks=stopped[:1])["tasks"][0]
        self.assertIn("CannotPullContainerError", task["stoppedReason"])

    def test_without_circuit_breaker_it_stays_in_progress(self):
        definition = self.net.task_definition(executionRoleArn=f"arn:aws:iam::{self.net.account}:role/nobody")
        self.net.service(taskDefinition=definition)
        until(lambda: self.net.service_now()["deployments"][0]["failedTasks"] >= 3)
        self.assertEqual(rollout(self.net.service_now()), "IN_PROGRESS")
        self.assertEqual(self.net.service_now()["runningCount"], 0)

    def test_the_circuit_breaker_rolls_back(self):
        good = self.net.task_definition(executionRoleArn=self.net.role())
        self.net.service(taskDefinition=good, deploymentConfiguration=ROLLBACK)
        self.stable()
        bad = self.net.task_definition("does-not-exist")
        self.net.ecs.update_service(cluster="main", service="web", taskDefinition=bad)
        until(lambda: self.net.service_now()["taskDefinition"] == good)
        self.assertEqual(self.stable()["taskDefinition"], good)

    def test_deletion_waits_for_the_tasks(self):
        self.net.service(taskDefinition=self.net.task_definition())
        self.stable()
        with refused("ClusterContainsServicesException"):
            self.net.ecs.delete_cluster(cluster="main")
        with refused("InvalidParameterException"):
            self.net.ecs.delete_service(cluster="main", service="web")
        self.net.ecs.delete_service(cluster="main", service="web", force=True)
        self.assertEqual(self.net.ecs.list_services(cluster="main")["serviceArns"], [])
        until(lambda: self.net.service_now()["status"] == "INACTIVE")
        self.assertEqual(self.net.interfaces(), [])
        self.net.ecs.delete_cluster(cluster="main")

    def test_what_a_service_needs(self):
        definition = self.net.task_definition()
        with refused("InvalidParameterException"):
            self.net.ecs.create_service(cluster="main", serviceName="web", taskDefinition=definition, desiredCount=1)
        group = self.net.elbv2.create_target_group(
            Name="idle", Protocol="HTTP", Port=80, VpcId=self.net.vpc, TargetType="ip"
        )["TargetGroups"][0]["TargetGroupArn"]
        balancers = [{"targetGroupArn": group, "containerName": "app", "containerPort": 80}]
        with refused("InvalidParameterException"):
            self.net.service(taskDefinition=definition, loadBalancers=balancers)


class Tasks(unittest.TestCase):
    def setUp(self):
        self.net = Network()
        self.net.cluster()

    def run_task(self, **settings):
        wanted = {
            "cluster": "main",
            "taskDefinition": self.net.task_definition(),
            "launchType": "FARGATE",
            "networkConfiguration": self.net.placement(),
            **settings,
        }
        return self.net.ecs.run_task(**wanted)["tasks"][0]["taskArn"]

    def task(self, arn):
        return self.net.ecs.describe_tasks(cluster="main", tasks=[arn])["tasks"][0]

    def test_a_task_with_a_command_ends_by_itself(self):
        command = {"containerOverrides": [{"name": "app", "command": ["migrate"]}]}
        arn = self.run_task(overrides=command)
        until(lambda: self.task(arn)["lastStatus"] == "STOPPED")
        self.assertEqual(self.task(arn)["containers"][0]["exitCode"], 0)
        self.assertEqual(self.net.interfaces(), [])

    def test_a_task_runs_until_it_is_stopped(self):
        arn = self.run_task()
        until(lambda: self.task(arn)["lastStatus"] == "RUNNING")
        with refused("ClusterContainsTasksException"):
            self.net.ecs.delete_cluster(cluster="main")
        self.net.ecs.stop_task(cluster="main", task=arn)
        until(lambda: self.task(arn)["lastStatus"] == "STOPPED")
        self.assertEqual(self.task(arn)["stopCode"], "UserInitiated")
        self.net.ecs.delete_cluster(cluster="main")

    def test_what_is_not_there(self):
        with refused("InvalidParameterException"):
            self.net.ecs.stop_task(cluster="main", task="0" * 32)
        answer = self.net.ecs.describe_tasks(cluster="main", tasks=["0" * 32])
        self.assertEqual(answer["failures"][0]["reason"], "MISSING")


if __name__ == "__main__":
    unittest.main()
