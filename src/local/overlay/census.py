"""Everything that an account has, by what the services themselves hold: tagged or not, whoever made it."""

from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.awslambda.models import lambda_backends
from moto.backup.models import backup_backends
from moto.budgets.models import budgets_backends
from moto.cloudtrail.models import cloudtrail_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.config.models import config_backends
from moto.ec2.models import ec2_backends
from moto.ecr.models import ecr_backends
from moto.ecs.models import ecs_backends
from moto.elbv2.models import elbv2_backends
from moto.events.models import events_backends
from moto.guardduty.models import guardduty_backends
from moto.iam.models import iam_backends
from moto.kms.models import kms_backends
from moto.logs.models import logs_backends
from moto.route53.models import route53_backends
from moto.s3.models import s3_backends
from moto.scheduler.models import scheduler_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sns.models import sns_backends
from moto.wafv2.models import wafv2_backends

import atlas
import budgets
import config_
import states
from backup import selections
from recovery import kept, points

OF_SERVICES = "/aws-service-role/"


def take(account):
    """Names or ids, sorted, by `SERVICE:WHAT`, with the region in front of what belongs to one; nothing that a new
    account has already, and nothing that only the record of a deletion is left of."""
    found = {}
    for service, (backends, look) in SERVICES.items():
        for region, backend in list((dict.get(backends, account) or {}).items()):
            is_global = region.startswith("aws")
            states.catch_up(account, states.GLOBAL if is_global else region)
            for what, names in look(backend).items():
                if names:
                    found[f"{'' if is_global else region + ' '}{service}:{what}"] = sorted(map(str, names))
    return dict(sorted((found | atlas.take(account)).items()))


def rows(held):
    """A copy, since others go on changing what there is."""
    return list(dict.values(held)) if isinstance(held, dict) else list(held)


def ec2(backend):
    first = {vpc.id for vpc in rows(backend.vpcs) if vpc.is_default}
    groups = [group for each in rows(backend.groups) for group in rows(each)]
    groups = [group for group in groups if not (group.is_default and group.vpc_id in first)]
    tables = [each for each in rows(backend.route_tables) if not (each.main_association_id and each.vpc_id in first)]
    subnets = [subnet for each in rows(backend.subnets) for subnet in rows(each)]
    instances = [each for made in rows(backend.reservations) for each in made.instances]
    gateways = rows(backend.internet_gateways)
    return {
        "vpc": [each.id for each in rows(backend.vpcs) if not each.is_default],
        "subnet": [each.id for each in subnets if not (each.default_for_az and each.vpc_id in first)],
        "security-group": [each.id for each in groups],
        "security-group-rule": [rule.id for each in groups for rule in each.ingress_rules + each.egress_rules],
        "route-table": [each.id for each in tables],
        "route": [f"{each.id} {name.rpartition('~')[2]}" for each in tables for name in list(each._routes)],
        "route-table-association": [name for each in tables for name in each.all_associations_ids],
        "network-acl": [each.id for each in rows(backend.network_acls) if not (each.default and each.vpc_id in first)],
        "network-interface": list(backend.enis),
        "internet-gateway": [each.id for each in gateways],
        "internet-gateway-attachment": [f"{each.id} {each.vpc.id}" for each in gateways if each.vpc],
        "egress-only-internet-gateway": list(backend.egress_only_internet_gateways),
        "nat-gateway": [each.id for each in rows(backend.nat_gateways) if each.state != "deleted"],
        "elastic-ip": [each.allocation_id or each.public_ip for each in rows(backend.addresses)],
        "vpc-endpoint": [each.id for each in rows(backend.vpc_end_points) if each.state != "deleted"],
        "vpc-flow-log": list(backend.flow_logs),
        "instance": [each.id for each in instances if each._state.name != "terminated"],
        "volume": list(backend.volumes),
        "launch-template": list(backend.launch_templates),
    }


def elbv2(backend):
    balancers = rows(backend.load_balancers)
    listeners = [listener for each in balancers for listener in rows(each.listeners)]
    return {
        "load-balancer": [each.arn for each in balancers],
        "listener": [each.arn for each in listeners],
        "listener-rule": [rule.arn for each in listeners for rule in rows(each.rules)],
        "target-group": [each.arn for each in rows(backend.target_groups)],
    }


def ecs(backend):
    definitions = [each for family in rows(backend.task_definitions) for each in rows(family)]
    tasks = [task for each in rows(backend.tasks) for task in rows(each)]
    return {
        "cluster": [each.name for each in rows(backend.clusters) if each.status == "ACTIVE"],
        "service": [each.arn for each in rows(backend.services) if each.status == "ACTIVE"],
        "task": [each.task_arn for each in tasks if each.last_status != "STOPPED"],
        "task-definition": [each.arn for each in definitions if each.status == "ACTIVE"],
    }


def iam(backend):
    roles = [role for role in rows(backend.roles) if not role.path.startswith(OF_SERVICES)]
    policies = [arn for arn in list(backend.managed_policies) if f"::{backend.account_id}:" in arn]
    return {
        "role": [each.name for each in roles],
        "role-policy": [f"{each.name} {policy}" for each in roles for policy in list(each.policies)],
        "role-policy-attachment": [f"{each.name} {policy}" for each in roles for policy in list(each.managed_policies)],
        "policy": policies,
        "instance-profile": [each.name for each in rows(backend.instance_profiles)],
        "user": list(backend.users),
        "group": list(backend.groups),
        "oidc-provider": list(backend.open_id_providers),
    }


def kms(backend):
    keys = [key for key in rows(backend.keys) if key.key_state != "PendingDeletion"]
    keys = [key for key in keys if not any(name.startswith("alias/aws/") for name in list(key.aliases))]
    return {"key": [each.id for each in keys], "alias": [name for each in keys for name in list(each.aliases)]}


def logs(backend):
    filters = list(backend.filters.metric_filters)
    groups = rows(backend.groups)
    return {
        "log-group": [each.name for each in groups],
        "metric-filter": [f"{each['logGroupName']} {each['filterName']}" for each in filters],
        "subscription-filter": [f"{each.name} {name}" for each in groups for name in list(each.subscription_filters)],
        "resource-policy": list(backend.resource_policies),
    }


def events(backend):
    rules = [(bus.name, rule) for bus in rows(backend.event_buses) for rule in rows(bus.rules)]
    return {
        "event-bus": [name for name in list(backend.event_buses) if name != "default"],
        "rule": [f"{bus}/{rule.name}" for bus, rule in rules],
        "target": [f"{bus}/{rule.name} {target['Id']}" for bus, rule in rules for target in list(rule.targets)],
    }


def backup(backend):
    plans = [each.backup_plan_id for each in rows(backend.plans) if each.deletion_date is None]
    return {
        "backup-vault": list(backend.vaults),
        "recovery-point": [arn for vault in rows(backend.vaults) for arn in points(vault)],
        "backup-plan": plans,
        "restore-testing-plan": list(kept(backend, "restore_testing_plans")),
        "backup-selection": [each for plan in plans for each in list(selections(backend, plan))],
    }


def scaling(backend):
    return {
        "scalable-target": [each.resource_id for held in rows(backend.targets) for each in rows(held)],
        "scaling-policy": [f"{each.resource_id} {each.policy_name}" for each in rows(backend.policies)],
        "scheduled-action": [
            f"{each.resource_id} {each.scheduled_action_name}" for each in list(backend.scheduled_actions)
        ],
    }


def scheduler(backend):
    groups = rows(backend.schedule_groups)
    return {
        "schedule-group": [each.name for each in groups if each.name != "default"],
        "schedule": [f"{each.name}/{name}" for each in groups for name in list(each.schedules)],
    }


def route53(backend):
    zones = rows(backend.zones)
    records = [(each.resource_id, record) for each in zones for record in list(each.rrsets)]
    records = [(zone, each) for zone, each in records if each.type != "SOA"]
    return {
        "hosted-zone": [each.resource_id for each in zones],
        "record": [f"{zone} {each.name} {each.type} {each.set_identifier or ''}".rstrip() for zone, each in records],
        "health-check": list(backend.health_checks),
    }


def listed(what, attribute, name="name"):
    """The look at a service with one sort of things."""
    return lambda backend: {what: [getattr(each, name) for each in rows(getattr(backend, attribute))]}


SERVICES = {
    "application-autoscaling": (applicationautoscaling_backends, scaling),
    "backup": (backup_backends, backup),
    "budgets": (budgets_backends, lambda backend: {"budget": budgets.names(backend)}),
    "cloudtrail": (cloudtrail_backends, listed("trail", "trails", "arn")),
    "cloudwatch": (
        cloudwatch_backends,
        # Dashboards belong to no region, and are kept in one.
        lambda backend: {"alarm": list(backend.alarms), "dashboard": list(vars(backend).get("all_dashboards", ()))},
    ),
    "config": (config_backends, config_.census),
    "ec2": (ec2_backends, ec2),
    "ecr": (ecr_backends, listed("repository", "repositories")),
    "ecs": (ecs_backends, ecs),
    "elbv2": (elbv2_backends, elbv2),
    "events": (events_backends, events),
    "guardduty": (guardduty_backends, lambda backend: {"detector": list(backend.detectors)}),
    "iam": (iam_backends, iam),
    "kms": (kms_backends, kms),
    "lambda": (
        lambda_backends,
        lambda backend: {"function": [each.function_name for each in backend.list_functions()]},
    ),
    "logs": (logs_backends, logs),
    "route53": (route53_backends, route53),
    "s3": (s3_backends, listed("bucket", "buckets")),
    "scheduler": (scheduler_backends, scheduler),
    "secretsmanager": (
        secretsmanager_backends,
        lambda backend: {"secret": [each.name for each in rows(backend.secrets) if not each.is_deleted()]},
    ),
    "sns": (
        sns_backends,
        lambda backend: {"topic": list(backend.topics), "subscription": list(backend.subscriptions)},
    ),
    "wafv2": (wafv2_backends, listed("web-acl", "wacls")),
}
