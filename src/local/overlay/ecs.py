"""ECS: services whose tasks start and stop, deployments that complete or fail, the fields of a service that moto drops,
and cluster settings."""

import math

from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores, utcnow
from moto.ec2.models import ec2_backends
from moto.ecs.exceptions import (
    ECSException,
    EcsClientException,
    InvalidParameterException,
    ServiceNotFoundException,
)
from moto.ecs.models import EC2ContainerServiceBackend, Task
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.elbv2.models import elbv2_backends
from moto.iam.models import iam_backends
from moto.moto_api._internal import mock_random

import interfaces
import states
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
# An image whose name contains this cannot be pulled.
NO_IMAGE = "does-not-exist"


class Refused(ECSException):
    def __init__(self, code, message):
        super().__init__(code, message)


# Tasks


@around(Task)
def __init__(inner, self, cluster, task_definition, *args, **kwargs):
    """A task with a network of its own has its interface in the next of its subnets."""
    network = kwargs.get("networking_configuration")
    backend = kwargs["backend"]
    if network and task_definition.network_mode == "awsvpc":
        given = network["awsvpcConfiguration"]
        turn = backend.__dict__["turn"] = backend.__dict__.get("turn", -1) + 1
        subnet = given["subnets"][turn % len(given["subnets"])]
        given = {**given, "subnets": [subnet], "securityGroups": given.get("securityGroups") or []}
        kwargs["networking_configuration"] = {**network, "awsvpcConfiguration": given}
    inner(self, cluster, task_definition, *args, **kwargs)
    self.created_at = utcnow()
    self.deployment = None
    self._status = "PROVISIONING"
    for container in self.containers:
        container.exitCode = None
    for attachment in self.attachments:
        details = {detail["name"]: detail["value"] for detail in attachment["details"]}
        interface = network_of(backend).enis[details["networkInterfaceId"]]
        public = kwargs["networking_configuration"]["awsvpcConfiguration"].get("assignPublicIp") == "ENABLED"
        description = f"arn:aws:ecs:{self.region_name}:{backend.account_id}:attachment/{attachment['id']}"
        interfaces.keep(interface, description, public=public)
        details["privateIPv4Address"] = interface.private_ip_address
        details["privateDnsName"] = interface.private_dns_name
        attachment["status"] = "PRECREATED"
        attachment["details"] = [{"name": name, "value": value} for name, value in details.items() if value]


def network_of(backend):
    return ec2_backends[backend.account_id][backend.region_name]


Task.status = property(lambda self: self._status, lambda self, value: setattr(self, "_status", value))
Task.advance = lambda self: None


def alive(task):
    return task.status not in ("DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED")


def trouble(backend, definition):
    """Why a task of this definition cannot start, as its `stopCode` and `stoppedReason`."""
    roles = iam_backends[backend.account_id]["aws"].roles.values()
    arn = getattr(definition, "execution_role_arn", None)
    if arn and arn.split(":")[4] == backend.account_id and all(role.arn != arn for role in roles):
        text = f"ECS was unable to assume the role '{arn}' that was provided for this task. Please verify that the role "
        return "TaskFailedToStart", text + "being passed has the proper trust relationship and permissions."
    for container in definition.container_definitions:
        if NO_IMAGE in container.get("image", ""):
            text = f"CannotPullContainerError: pull image manifest has been retried 1 time(s): {container['image']}: not found"
            return "TaskFailedToStart", text
    return None


def start(backend, task, then=lambda: None):
    """PROVISIONING, PENDING, RUNNING. A task that is no service's ends by itself where it was given a command."""
    definition = backend.describe_task_definition(task.task_definition_arn)
    failure = trouble(backend, definition)

    def go(status):
        task._status = status
        for container in task.containers:
            container.last_status = {"PROVISIONING": "PENDING"}.get(status, status)

    def run():
        go("RUNNING")
        task.started_at, task.connectivity = utcnow(), "CONNECTED"
        for attachment in task.attachments:
            attachment["status"] = "ATTACHED"
        then()

    def fail():
        end(backend, task, *failure)
        then()

    overrides = (task.overrides or {}).get("containerOverrides", [])
    job = any(each.get("command") for each in [*overrides, *definition.container_definitions])
    steps = [lambda: go("PROVISIONING"), lambda: go("PENDING"), fail if failure else run]
    if task.deployment is None and job and not failure:
        steps.append(lambda: stop(backend, task, "EssentialContainerExited", "Essential container in task exited", 0))
    states.course(backend, task, *steps)


def stop(backend, task, code, reason, exit_code=None):
    """STOPPING, DEPROVISIONING, STOPPED; its interface goes with the last."""
    if not alive(task):
        return
    task.desired_status, task.stopped_reason, task.stop_code, task.stopping_at = "STOPPED", reason, code, utcnow()

    def go(status):
        task._status = status

    states.course(
        backend,
        task,
        lambda: go("DEACTIVATING"),
        lambda: go("STOPPING"),
        lambda: go("DEPROVISIONING"),
        lambda: end(backend, task, code, reason, exit_code),
    )


def end(backend, task, code, reason, exit_code=None):
    task._status = task.desired_status = "STOPPED"
    task.stopped_reason, task.stop_code, task.stopped_at = reason, code, utcnow()
    for container in task.containers:
        container.last_status, container.exitCode = "STOPPED", exit_code
    for attachment in task.attachments:
        attachment["status"] = "DELETED"
        ids = [detail["value"] for detail in attachment["details"] if detail["name"] == "networkInterfaceId"]
        interfaces.drop(network_of(backend), ids)


@around(EC2ContainerServiceBackend)
def run_task(inner, self, *args, **kwargs):
    tasks = inner(self, *args, **kwargs)
    for task in tasks:
        start(self, task)
    return tasks


@around(EC2ContainerServiceResponse, "run_task")
def run_task_request(inner, self):
    """What moto needs and AWS does not: a place for the task, and memory for each of its containers."""
    backend, name = self.ecs_backend, self._get_param("cluster", "default")
    definition = backend.describe_task_definition(self._get_param("taskDefinition"))
    strategy = self._get_param("capacityProviderStrategy") or backend._get_cluster(name).default_capacity_provider_strategy
    managed = self._get_param("launchType") == "FARGATE" or (strategy and not self._get_param("launchType"))
    if not managed and not backend.container_instances.get(backend._get_cluster(name).name):
        raise InvalidParameterException("No Container Instances were found in your cluster.")
    failure = trouble(backend, definition)
    if failure and failure[1].startswith("ECS was unable to assume"):
        raise EcsClientException(failure[1])
    return inner(self)


@around(EC2ContainerServiceBackend)
def _calculate_task_resource_requirements(inner, task_definition):
    for container in task_definition.container_definitions:
        if container.get("memory") is None and container.get("memoryReservation") is None:
            return {"CPU": 0, "MEMORY": 0, "PORTS": [], "PORTS_UDP": []}
    return inner(task_definition)


EC2ContainerServiceBackend._calculate_task_resource_requirements = staticmethod(
    EC2ContainerServiceBackend._calculate_task_resource_requirements
)


@around(EC2ContainerServiceBackend)
def stop_task(inner, self, cluster_str, task_str, reason):
    task = self.tasks.get(self._get_cluster(cluster_str).name, {}).get(full_arn(self, cluster_str, task_str))
    if task is None:
        raise InvalidParameterException("The referenced task was not found.")
    if alive(task):
        before = task._status
        inner(self, cluster_str, task_str, reason)
        task._status = before
        stop(self, task, "UserInitiated", reason or "Task stopped by user", None)
    return task


def full_arn(backend, cluster, task):
    identity = task.rpartition("/")[2]
    return next((arn for arn in backend.tasks.get(backend._get_cluster(cluster).name, {}) if arn.endswith(f"/{identity}")), "")


@around(EC2ContainerServiceBackend)
def describe_tasks(inner, self, cluster_str, tasks):
    mine = self.tasks.get(self._get_cluster(cluster_str).name, {})
    if not tasks:
        raise InvalidParameterException("Tasks cannot be empty.")
    return [mine[arn] for arn in (full_arn(self, cluster_str, task) for task in tasks) if arn in mine]


@around(EC2ContainerServiceResponse, "describe_tasks")
def describe_tasks_request(inner, self):
    """What is not there is named."""
    answer = inner(self)
    backend, cluster = self.ecs_backend, self._get_param("cluster", "default")
    for task in self._get_param("tasks", []):
        if not full_arn(backend, cluster, task):
            arn = f"arn:aws:ecs:{backend.region_name}:{backend.account_id}:task/{backend._get_cluster(cluster).name}/"
            answer.result["failures"].append({"arn": arn + task.rpartition("/")[2], "reason": "MISSING"})
    return answer


@around(EC2ContainerServiceBackend)
def list_tasks(inner, self, *args, **kwargs):
    """Those that are to run, where nothing else is asked for."""
    names = ("cluster_str", "container_instance", "family", "started_by", "service_name", "desiredStatus")
    given = {**dict(zip(names, args)), **kwargs}
    given["desiredStatus"] = given.get("desiredStatus") or "RUNNING"
    given["cluster_str"] = given.get("cluster_str") or "default"
    service = given.get("service_name")
    tasks = inner(self, **given)
    return [task for task in tasks if not service or task.group == f"service:{service.rpartition('/')[2]}"]


@around(EC2ContainerServiceBackend)
def iter_tagged_resources(inner, self):
    """A task that has stopped can be described for a while, but is not found by its tags."""
    stopped = {arn for tasks in self.tasks.values() for arn, task in list(tasks.items()) if task.status == "STOPPED"}
    return (resource for resource in inner(self) if resource.arn not in stopped)


# Services


def tasks_of(backend, service, deployment=None):
    """The tasks of a service, or of one of its deployments, that have not stopped."""
    return [
        task
        for task in list(backend.tasks.get(service.cluster_name, {}).values())
        if task.group == f"service:{service.name}"
        and task.status != "STOPPED"
        and task.deployment is not None
        and (deployment is None or task.deployment == deployment["id"])
    ]


def count(backend, service):
    """The numbers that a service and its deployments show follow their tasks."""
    groups = [(deployment, tasks_of(backend, service, deployment)) for deployment in service.deployments]
    for deployment, tasks in groups:
        deployment["runningCount"] = sum(task.status == "RUNNING" for task in tasks)
        deployment["pendingCount"] = sum(task.status in ("PROVISIONING", "PENDING") for task in tasks)
    tasks = tasks_of(backend, service)
    service.running_count = sum(task.status == "RUNNING" for task in tasks)
    service.pending_count = sum(task.status in ("PROVISIONING", "PENDING") for task in tasks)


def launch(backend, service, deployment, number):
    """Starts so many tasks of a deployment."""
    cluster = backend._get_cluster(service.cluster_name)
    definition = backend.describe_task_definition(deployment["taskDefinition"])
    tasks = [
        Task(
            cluster=cluster,
            task_definition=definition,
            container_instance_arn=None,
            resource_requirements=None,
            backend=backend,
            group=f"service:{service.name}",
            started_by=deployment["id"],
            launch_type=service.launch_type or "",
            tags=list(service.tags) if service.propagate_tags == "SERVICE" else [],
            networking_configuration=deployment.get("networkConfiguration"),
            platform_version=service.platform_version,
        )
        for _ in range(number)
    ]
    for task in tasks:
        task.deployment = deployment["id"]
        backend.tasks.setdefault(cluster.name, {})[task.task_arn] = task
    for task in tasks:
        start(backend, task, lambda task=task: arrived(backend, service, deployment, task))


def arrived(backend, service, deployment, task):
    """A task of this deployment runs, or has failed."""
    if task.status == "STOPPED":
        deployment["failedTasks"] += 1
    if deployment is service.deployments[0] and service.status == "ACTIVE":
        judge(backend, service, deployment)
    count(backend, service)


def judge(backend, service, deployment):
    """Whether the deployment has completed, has failed, or needs more tasks."""
    tasks = [task for task in tasks_of(backend, service, deployment) if alive(task)]
    breaker = (service.deployment_configuration or {}).get("deploymentCircuitBreaker") or {}
    threshold = min(max(math.ceil(service.desired_count / 2), 3), 200)
    if sum(task.status == "RUNNING" for task in tasks) >= service.desired_count:
        for old in service.deployments[1:]:
            for task in tasks_of(backend, service, old):
                stop(backend, task, "ServiceSchedulerInitiated", f"Scaling activity initiated by (deployment {deployment['id']})")
        states.later(backend, lambda: complete(backend, service, deployment))
    elif deployment["failedTasks"] >= threshold:
        if breaker.get("enable") and deployment["rolloutState"] == "IN_PROGRESS":
            fail(backend, service, deployment, breaker)
    elif len(tasks) < service.desired_count:
        launch(backend, service, deployment, service.desired_count - len(tasks))


def complete(backend, service, deployment):
    """The only deployment that is left, once it runs what is wanted and the tasks of the others have stopped."""
    if deployment is not service.deployments[0] or service.status != "ACTIVE":
        return
    if any(tasks_of(backend, service, old) for old in service.deployments[1:]):
        states.later(backend, lambda: complete(backend, service, deployment))
        return
    service.deployments = [deployment]
    if deployment["rolloutState"] == "IN_PROGRESS":
        reason = f"ECS deployment {deployment['id']} completed."
        deployment.update(rolloutState="COMPLETED", rolloutStateReason=reason, updatedAt=utcnow())
        service.last_completed = deployment
        say(service, "has reached a steady state.")
    count(backend, service)


def fail(backend, service, deployment, breaker):
    """The circuit breaker: no more tasks; back to the last deployment that completed, where that is wanted."""
    reason = "ECS deployment circuit breaker: tasks failed to start."
    deployment.update(rolloutState="FAILED", rolloutStateReason=reason, updatedAt=utcnow())
    say(service, f"(deployment {deployment['id']}) deployment failed: tasks failed to start.")
    last = service.__dict__.get("last_completed")
    if breaker.get("rollback") and last:
        service.task_definition = last["taskDefinition"]
        service.network_configuration = last.get("networkConfiguration") or service.network_configuration
        deploy(backend, service)
        text = f"ECS deployment circuit breaker: rolling back to deploymentId {last['id']}."
        if service.deployments[0]["rolloutState"] == "IN_PROGRESS":
            service.deployments[0]["rolloutStateReason"] = text


def say(service, text):
    event = {"id": str(mock_random.uuid4()), "createdAt": utcnow(), "message": f"(service {service.name}) {text}"}
    service.events = [event, *service.events][:100]


def deploy(backend, service):
    """A new deployment in front of those that there are; their tasks run until its own do."""
    now, identity = utcnow(), f"ecs-svc/{mock_random.randint(10**18, 10**19 - 1)}"
    for old in service.deployments:
        old["status"] = "ACTIVE"
    first = {
        "id": identity,
        "status": "PRIMARY",
        "taskDefinition": service.task_definition,
        "desiredCount": service.desired_count,
        "runningCount": 0,
        "pendingCount": 0,
        "failedTasks": 0,
        "createdAt": now,
        "updatedAt": now,
        "launchType": service.launch_type,
        "platformVersion": service.platform_version,
        "platformFamily": "Linux",
        "networkConfiguration": service.network_configuration or None,
        "rolloutState": "IN_PROGRESS",
        "rolloutStateReason": f"ECS deployment {identity} in progress.",
    }
    strategy = service.__dict__.get("capacity_provider_strategy")
    if strategy:
        first["capacityProviderStrategy"] = strategy
    service.deployments = [first, *service.deployments]
    judge(backend, service, first)
    count(backend, service)


def scale(backend, service):
    """As many tasks as are wanted, of the deployment that there is."""
    first = service.deployments[0]
    first.update(desiredCount=service.desired_count, updatedAt=utcnow())
    tasks = [task for task in tasks_of(backend, service) if alive(task)]
    for task in tasks[service.desired_count :]:
        stop(backend, task, "ServiceSchedulerInitiated", f"Scaling activity initiated by (deployment {first['id']})")
    judge(backend, service, first)
    count(backend, service)


@around(EC2ContainerServiceResponse)
def create_service(inner, self):
    backend = self.ecs_backend
    cluster = backend._get_cluster(self._get_param("cluster", "default"))
    before = backend.services.get(f"{cluster.name}:{self._get_param('serviceName')}")
    if before is not None and before.status == "ACTIVE":
        raise InvalidParameterException("Creation of service was not idempotent.")
    if before is not None and before.status == "DRAINING":
        raise InvalidParameterException("Unable to Start a service that is still Draining.")
    network = self._get_param("networkConfiguration")
    check(backend, self._get_param("taskDefinition"), network, self._get_param("loadBalancers"))
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
    begin(backend, service)
    return answer


def check(backend, definition, network, balancers):
    """What AWS asks of a service before it takes it."""
    if network:
        network["awsvpcConfiguration"].setdefault("securityGroups", [])
    elif definition and backend.describe_task_definition(definition).network_mode == "awsvpc":
        text = "Network Configuration must be provided when networkMode 'awsvpc' is specified."
        raise InvalidParameterException(text)
    elbv2 = elbv2_backends[backend.account_id][backend.region_name]
    for arn in [each["targetGroupArn"] for each in balancers or [] if each.get("targetGroupArn")]:
        if not elbv2._any_listener_using(arn):
            text = f"The target group with targetGroupArn {arn} does not have an associated load balancer."
            raise InvalidParameterException(text)


def begin(backend, service):
    service.deployments, service.running_count, service.pending_count = [], 0, 0
    if service.task_definition:
        service.task_definition = backend.describe_task_definition(service.task_definition).arn
    if service.deployment_controller["type"] == "ECS":
        deploy(backend, service)
    else:
        service.running_count = service.desired_count


@around(EC2ContainerServiceBackend)
def update_service(inner, self, service_properties):
    wanted = dict(service_properties)
    name = wanted["service"].split("/")[-1]
    found = self._get_service(wanted.get("cluster", "default"), name)
    if found.status != "ACTIVE":
        raise Refused("ServiceNotActiveException", "Service was not ACTIVE.")
    deployment = wanted.get("deployment_configuration")
    if deployment:
        service_properties["deployment_configuration"] = {**found.deployment_configuration, **deployment}
    service_properties.pop("force_new_deployment", None)
    network = wanted.get("network_configuration")
    check(self, wanted.get("task_definition") or found.task_definition, network or found.network_configuration, None)
    service = inner(self, service_properties)
    if service.task_definition:
        service.task_definition = self.describe_task_definition(service.task_definition).arn
    if service.deployment_controller["type"] != "ECS":
        service.running_count, service.pending_count = service.desired_count, 0
    elif set(wanted) - {"cluster", "service", "desired_count"}:
        deploy(self, service)
    else:
        scale(self, service)
    return service


@around(EC2ContainerServiceBackend)
def delete_service(inner, self, cluster_name, service_name, force):
    """DRAINING while its tasks stop, then INACTIVE."""
    service = self._get_service(cluster_name, service_name)
    if service.status != "ACTIVE":
        raise ServiceNotFoundException()
    deleted = inner(self, cluster_name, service_name, force)
    deleted.desired_count = 0
    deleted.status = "DRAINING"
    for task in tasks_of(self, deleted):
        stop(self, task, "ServiceSchedulerInitiated", f"Scaling activity initiated by (service {deleted.name})")
    drain(self, deleted)
    return deleted


def drain(backend, service):
    count(backend, service)
    if tasks_of(backend, service):
        states.later(backend, lambda: drain(backend, service))
    else:
        service.status, service.deployments, service.tags = "INACTIVE", [], []


@around(EC2ContainerServiceBackend)
def list_services(inner, self, cluster_str, *args, **kwargs):
    active = {service.arn for service in self.services.values() if service.status == "ACTIVE"}
    return [arn for arn in inner(self, cluster_str, *args, **kwargs) if arn in active]


@around(EC2ContainerServiceBackend)
def describe_services(inner, self, cluster_str, service_names_or_arns):
    services, failures = inner(self, cluster_str, service_names_or_arns)
    for service in services:
        if service.deployments:
            count(self, service)
    return services, failures


# Clusters


@around(EC2ContainerServiceBackend)
def delete_cluster(inner, self, cluster_str):
    cluster = self._get_cluster(cluster_str)
    if any(each.cluster_arn == cluster.arn and each.status == "ACTIVE" for each in self.services.values()):
        text = "The Cluster cannot be deleted while Services are active."
        raise Refused("ClusterContainsServicesException", text)
    if self.container_instances.get(cluster.name):
        text = "The Cluster cannot be deleted while Container Instances are active or draining."
        raise Refused("ClusterContainsContainerInstancesException", text)
    if any(task.status != "STOPPED" for task in self.tasks.get(cluster.name, {}).values()):
        raise Refused("ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active.")
    cluster.tags = []
    return inner(self, cluster_str)


@added(EC2ContainerServiceResponse)
def update_cluster_settings(self):
    cluster = self.ecs_backend._get_cluster(self._get_param("cluster"))
    new = self._get_param("settings", [])
    names = {setting["name"] for setting in new}
    cluster.settings = [each for each in cluster.settings or [] if each["name"] not in names] + new
    return ActionResult({"cluster": cluster})


@around(EC2ContainerServiceBackend)
def describe_clusters(inner, self, cluster_names):
    """The numbers of a cluster follow its tasks and services."""
    clusters, failures = inner(self, cluster_names)
    for cluster in clusters:
        tasks = list(self.tasks.get(cluster.name, {}).values())
        cluster.running_tasks_count = sum(task.status == "RUNNING" for task in tasks)
        cluster.pending_tasks_count = sum(task.status in ("PROVISIONING", "PENDING") for task in tasks)
    return clusters, failures


# Task definitions


FARGATE = {"256": (512, 2048), "512": (1024, 4096), "1024": (2048, 8192), "2048": (4096, 16384), "4096": (8192, 30720)}


@around(EC2ContainerServiceResponse)
def register_task_definition(inner, self):
    fits_fargate(self)
    answer = inner(self)
    for container in answer.result["taskDefinition"].container_definitions:
        for port in container.get("portMappings", []):
            port.setdefault("protocol", "tcp")
            if answer.result["taskDefinition"].network_mode == "awsvpc":
                port.setdefault("hostPort", port.get("containerPort"))
        container.setdefault("systemControls", [])
    answer.result["tags"] = answer.result["taskDefinition"].tags or []
    return answer


def fits_fargate(request):
    """Fargate has certain sizes only."""
    if "FARGATE" not in (request._get_param("requiresCompatibilities") or []):
        return
    if request._get_param("networkMode") != "awsvpc":
        raise EcsClientException("Fargate only supports network mode 'awsvpc'.")
    cpu, memory = str(request._get_param("cpu") or ""), str(request._get_param("memory") or "")
    if not cpu or not memory:
        missing = "cpu" if not cpu else "memory"
        raise EcsClientException(f"Fargate requires that '{missing}' be defined at the task level.")
    if cpu in FARGATE and memory.isdigit():
        least, most = FARGATE[cpu]
        if not least <= int(memory) <= most or (int(memory) % 1024 and (cpu, memory) != ("256", "512")):
            raise EcsClientException("No Fargate configuration exists for given values.")


@around(EC2ContainerServiceResponse)
def list_task_definitions(inner, self):
    answer = inner(self)
    arns = answer.result["taskDefinitionArns"]
    arns.sort(key=lambda arn: (arn.rpartition(":")[0], int(arn.rpartition(":")[2])))
    if self._get_param("sort") == "DESC":
        arns.reverse()
    return answer
