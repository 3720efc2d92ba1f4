"""ECS: services that become stable, the fields of a service that moto drops, and cluster settings."""

from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores, utcnow
from moto.ecs.exceptions import ECSException, InvalidParameterException, ServiceNotFoundException
from moto.ecs.models import EC2ContainerServiceBackend
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.moto_api._internal import mock_random

from patch import added, around

KEPT = (
    "deploymentConfiguration",
    "healthCheckGracePeriodSeconds",
    "enableExecuteCommand",
    "enableECSManagedTags",
    "placementConstraints",
    "placementStrategy",
    "capacityProviderStrategy",
    "serviceConnectConfiguration",
    "volumeConfigurations",
    "availabilityZoneRebalancing",
)
DEPLOYMENT = {
    "maximumPercent": 200,
    "minimumHealthyPercent": 100,
    "deploymentCircuitBreaker": {"enable": False, "rollback": False},
}


class ClusterContainsServicesException(ECSException):
    code = "ClusterContainsServicesException"

    def __init__(self):
        super().__init__("The Cluster cannot be deleted while Services are active.")


@around(EC2ContainerServiceResponse)
def create_service(inner, self):
    backend = self.ecs_backend
    cluster = backend._get_cluster(self._get_param("cluster", "default"))
    before = backend.services.get(f"{cluster.name}:{self._get_param('serviceName')}")
    if before is not None and before.status == "ACTIVE":
        raise InvalidParameterException("Creation of service was not idempotent.")
    answer = inner(self)
    service = answer.result["service"]
    service.enable_execute_command = False
    service.enable_ecs_managed_tags = False
    for name in KEPT:
        value = self._get_param(name)
        if value is not None:
            setattr(service, camelcase_to_underscores(name), value)
    service.deployment_configuration = {**DEPLOYMENT, **(self._get_param("deploymentConfiguration") or {})}
    if service.load_balancers and not hasattr(service, "health_check_grace_period_seconds"):
        service.health_check_grace_period_seconds = 0
    strategy = self._get_param("capacityProviderStrategy") or cluster.default_capacity_provider_strategy
    if strategy and not self._get_param("launchType"):
        service.launch_type = None
        service.capacity_provider_strategy = strategy
    if service.launch_type == "FARGATE" or any(each["capacityProvider"].startswith("FARGATE") for each in strategy or []):
        service.platform_version = service.platform_version or "LATEST"
        service.platform_family = "Linux"
    settle(backend, service, new_deployment=True)
    return answer


@around(EC2ContainerServiceBackend)
def update_service(inner, self, service_properties):
    wanted = dict(service_properties)
    name = wanted["service"].split("/")[-1]
    found = self._get_service(wanted.get("cluster", "default"), name)
    if found.status != "ACTIVE":
        raise ServiceNotActiveException()
    deployment = wanted.get("deployment_configuration")
    if deployment:
        service_properties["deployment_configuration"] = {**found.deployment_configuration, **deployment}
    service = inner(self, service_properties)
    settle(self, service, new_deployment=bool(set(wanted) - {"cluster", "service", "desired_count"}))
    return service


class ServiceNotActiveException(ECSException):
    code = "ServiceNotActiveException"

    def __init__(self):
        super().__init__("Service was not ACTIVE.")


def settle(backend, service, new_deployment):
    """Everything runs at once: one deployment, complete, with as many tasks as are wanted."""
    if service.task_definition:
        service.task_definition = backend.describe_task_definition(service.task_definition).arn
    service.running_count, service.pending_count = service.desired_count, 0
    if service.deployment_controller["type"] != "ECS":
        return
    now = utcnow()
    old = service.deployments[0]
    fresh = new_deployment or not old
    identity = f"ecs-svc/{mock_random.randint(10**18, 10**19 - 1)}" if fresh else old["id"]
    service.deployments = [
        {
            **old,
            "id": identity,
            "status": "PRIMARY",
            "taskDefinition": service.task_definition,
            "desiredCount": service.desired_count,
            "runningCount": service.desired_count,
            "pendingCount": 0,
            "failedTasks": 0,
            "createdAt": now if fresh else old["createdAt"],
            "updatedAt": now,
            "platformVersion": service.platform_version,
            "networkConfiguration": service.network_configuration or None,
            "rolloutState": "COMPLETED",
            "rolloutStateReason": f"ECS deployment {identity} completed.",
        }
    ]


@around(EC2ContainerServiceBackend)
def delete_service(inner, self, cluster_name, service_name, force):
    service = self._get_service(cluster_name, service_name)
    if service.status != "ACTIVE":
        raise ServiceNotFoundException()
    deleted = inner(self, cluster_name, service_name, force)
    deleted.desired_count = deleted.running_count = 0
    deleted.deployments, deleted.tags = [], []
    return deleted


@around(EC2ContainerServiceBackend)
def list_services(inner, self, cluster_str, *args, **kwargs):
    active = {service.arn for service in self.services.values() if service.status == "ACTIVE"}
    return [arn for arn in inner(self, cluster_str, *args, **kwargs) if arn in active]


@around(EC2ContainerServiceBackend)
def delete_cluster(inner, self, cluster_str):
    cluster = self._get_cluster(cluster_str)
    if any(each.cluster_arn == cluster.arn and each.status == "ACTIVE" for each in self.services.values()):
        raise ClusterContainsServicesException()
    cluster.tags = []
    return inner(self, cluster_str)


@added(EC2ContainerServiceResponse)
def update_cluster_settings(self):
    cluster = self.ecs_backend._get_cluster(self._get_param("cluster"))
    new = self._get_param("settings", [])
    names = {setting["name"] for setting in new}
    cluster.settings = [each for each in cluster.settings or [] if each["name"] not in names] + new
    return ActionResult({"cluster": cluster})


@around(EC2ContainerServiceResponse)
def register_task_definition(inner, self):
    answer = inner(self)
    for container in answer.result["taskDefinition"].container_definitions:
        for port in container.get("portMappings", []):
            port.setdefault("protocol", "tcp")
            if answer.result["taskDefinition"].network_mode == "awsvpc":
                port.setdefault("hostPort", port.get("containerPort"))
        container.setdefault("systemControls", [])
    answer.result["tags"] = answer.result["taskDefinition"].tags or []
    return answer


@around(EC2ContainerServiceResponse)
def list_task_definitions(inner, self):
    answer = inner(self)
    arns = answer.result["taskDefinitionArns"]
    arns.sort(key=lambda arn: (arn.rpartition(":")[0], int(arn.rpartition(":")[2])))
    if self._get_param("sort") == "DESC":
        arns.reverse()
    return answer
