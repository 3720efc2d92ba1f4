"""Resource Groups Tagging API: the kinds of resources that moto does not list, and how AWS pages."""

import threading

from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.cloudtrail.models import cloudtrail_backends
from moto.config.models import config_backends
from moto.core.resource_tagging import TaggedResource
from moto.ec2.models import EC2Backend
from moto.ecr.models import ecr_backends
from moto.elbv2.models import ELBv2Backend
from moto.events.models import EventsBackend
from moto.backup.models import BackupBackend
from moto.guardduty.models import guardduty_backends
from moto.logs.models import LogsBackend
from moto.resourcegroupstaggingapi import models as api
from moto.route53.models import route53_backends
from moto.s3.models import S3Backend
from moto.scheduler.models import scheduler_backends
from moto.wafv2.models import wafv2_backends

import config_
import consistency
import guardduty
import wafv2
from recovery import kept, points
from scaling import Targets
from scheduler import Groups

# Where the tagging API shows what has no region.
GLOBAL_TAGS = "us-east-1"
# What the listing that this thread makes shows instead of what there is.
READING = threading.local()


def install():
    for backend, corrected in (
        (EC2Backend, ec2),
        (ELBv2Backend, elbv2),
        (EventsBackend, events),
        (BackupBackend, backup),
        (LogsBackend, logs),
    ):
        wrap(backend, corrected)
    api.iter_taggable_backends = with_ecr(api.iter_taggable_backends)
    let_tag()
    page_as_aws()


def wrap(backend, corrected):
    """Replaces a backend's listing by `corrected(backend, the listing so far)`."""
    inner = backend.iter_tagged_resources
    backend.iter_tagged_resources = lambda self: corrected(self, list(inner(self)))


# moto's own word for a type -> the word in AWS's ARNs
EC2_WORDS = {"flow-logs": "vpc-flow-log", "managed-prefix-lists": "prefix-list", "spot-instance-request": "spot-instances-request"}


class OnlyTagged:
    """An EC2 backend without the thousands of public images, and their snapshots, that nobody has tagged."""

    def __init__(self, ec2):
        self.ec2 = ec2

    def __getattr__(self, name):
        all_of_them = getattr(self.ec2, name)
        if name not in ("amis", "snapshots"):
            return all_of_them
        return {identity: all_of_them[identity] for identity in list(self.ec2.tags) if identity in all_of_them}


every = EC2Backend.iter_tagged_resources
EC2Backend.iter_tagged_resources = lambda self: every(OnlyTagged(self))


def ec2(self, listed):
    for resource in listed:
        word = resource.resource_type.partition(":")[2]
        if word in EC2_WORDS:
            resource.arn = resource.arn.replace(f":{word}/", f":{EC2_WORDS[word]}/")
            resource.resource_type = f"ec2:{EC2_WORDS[word]}"
        yield resource
    missing = {
        "elastic-ip": [address.allocation_id for address in list(self.addresses)],
        "network-acl": list(self.network_acls),
        "vpc-endpoint": list(self.vpc_end_points),
        "launch-template": list(self.launch_templates),
        "dhcp-options": list(self.dhcp_options_sets),
        "egress-only-internet-gateway": list(self.egress_only_internet_gateways),
        "security-group-rule": [
            rule.id
            for groups in list(self.groups.values())
            for group in list(groups.values())
            for rule in group.ingress_rules + group.egress_rules
        ],
        "key-pair": [key.id for key in list(self.key_pairs.values())],
    }
    for word, ids in missing.items():
        for identity in ids:
            tags = self.tags.get(identity) if identity else None
            if tags:
                arn = f"arn:{self.partition}:ec2:{self.region_name}:{self.account_id}:{word}/{identity}"
                yield TaggedResource(arn=arn, tags=dict(tags), resource_type=f"ec2:{word}")


def elbv2(self, listed):
    yield from listed
    for balancer in list(self.load_balancers.values()):
        for listener in list(balancer.listeners.values()):
            yield TaggedResource(
                arn=listener.arn,
                tags=self.tagging_service.get_tag_dict_for_resource(listener.arn),
                resource_type="elasticloadbalancing:listener",
            )
            for rule in list(listener.rules.values()):
                yield TaggedResource(
                    arn=rule.arn,
                    tags=self.tagging_service.get_tag_dict_for_resource(rule.arn),
                    resource_type="elasticloadbalancing:listener-rule",
                )


def let_tag():
    """`TagResources` and `UntagResources` where moto has only one of them, or neither."""

    def tag_resource(self, arn, tags):
        self.add_tags(resource_arns=[arn], tags=[{"Key": k, "Value": v} for k, v in tags.items()])

    def untag_resource(self, arn, tag_keys):
        self.remove_tags(resource_arns=[arn], tag_keys=tag_keys)

    ELBv2Backend.tag_resource = tag_resource
    ELBv2Backend.untag_resource = untag_resource
    EC2Backend.untag_resource = lambda self, arn, tag_keys: self.delete_tags(
        [arn.rpartition("/")[2]], dict.fromkeys(tag_keys)
    )


def events(self, listed):
    yield from listed
    for bus in list(self.event_buses.values()):
        for rule in list(bus.rules.values()):
            yield TaggedResource(
                arn=rule.arn, tags=self.tagger.get_tag_dict_for_resource(rule.arn), resource_type="events:rule"
            )


def backup(self, listed):
    yield from listed
    for plan in list(self.plans.values()):
        if plan.deletion_date is None:
            yield TaggedResource(
                arn=plan.backup_plan_arn,
                tags=self.tagger.get_tag_dict_for_resource(plan.backup_plan_arn),
                resource_type="backup:backup-plan",
            )
    for plan in list(kept(self, "restore_testing_plans").values()):
        arn = plan["RestoreTestingPlanArn"]
        tags = self.tagger.get_tag_dict_for_resource(arn)
        yield TaggedResource(arn=arn, tags=tags, resource_type="backup:restore-testing-plan")
    for vault in list(self.vaults.values()):
        for arn in points(vault):
            # Snapshots and images belong to other services.
            if ":backup:" in arn:
                tags = self.tagger.get_tag_dict_for_resource(arn)
                yield TaggedResource(arn=arn, tags=tags, resource_type="backup:recovery-point")


def logs(self, listed):
    """AWS says `log-group:NAME` here; the `:*` at the end is for policies."""
    for resource in listed:
        resource.arn = resource.arn.removesuffix(":*")
        resource.resource_type = "logs:log-group"
        yield resource


class Repositories:
    """moto's ECR does not take part in the tagging API at all."""

    def __init__(self, ecr):
        self.ecr = ecr

    def iter_tagged_resources(self):
        for repository in list(self.ecr.repositories.values()):
            yield TaggedResource(
                arn=repository.arn,
                tags=self.ecr.tagger.get_tag_dict_for_resource(repository.arn),
                resource_type="ecr:repository",
            )

    def owns_arn(self, arn):
        return ":ecr:" in arn

    def tag_resource(self, arn, tags):
        self.ecr.tag_resource(arn, [{"Key": k, "Value": v} for k, v in tags.items()])

    def untag_resource(self, arn, tag_keys):
        self.ecr.untag_resource(arn, tag_keys)


class Listed:
    """Another service of moto's that does not take part: one that is there is listed, and tagged by itself alone."""

    def __init__(self, of_account, region, rows):
        used = dict.get(*of_account)
        self.backend = used[region] if used else None
        self.rows = rows

    def iter_tagged_resources(self):
        for arn, tags in self.rows(self.backend) if self.backend else ():
            service, word = arn.split(":")[2], arn.split(":")[5].partition("/")[0]
            yield TaggedResource(arn=arn, tags=tags, resource_type=f"{service}:{word}")

    def owns_arn(self, arn):
        return False


def trails(backend):
    for trail in list(backend.trails.values()):
        yield trail.arn, backend.tagging_service.get_tag_dict_for_resource(trail.arn)


def zones(backend):
    """Hosted zones and health checks, which have no region."""
    for word, held in (("hostedzone", backend.zones), ("healthcheck", backend.health_checks)):
        for identity in list(held):
            if tags := dict(backend.resource_tags.get(identity, {})):
                yield f"arn:{backend.partition}:route53:::{word}/{identity}", tags


OTHERS = [
    (cloudtrail_backends, trails),
    (config_backends, config_.listed),
    (guardduty_backends, guardduty.listed),
    (wafv2_backends, wafv2.listed),
]


def with_ecr(inner):
    def backends(account_id, region_name):
        if getattr(READING, "before", None) is not None:
            yield Before(READING.before)
            return
        for backend in inner(account_id, region_name):
            yield Buckets(backend, region_name) if isinstance(backend, S3Backend) else backend
        yield Repositories(ecr_backends[account_id][region_name])
        yield Groups(scheduler_backends[account_id][region_name])
        yield Targets(applicationautoscaling_backends[account_id][region_name])
        for backends, rows in OTHERS:
            yield Listed((backends, account_id), region_name, rows)
        if region_name == GLOBAL_TAGS:
            yield Listed((route53_backends, account_id), "aws", zones)

    return backends


class Before:
    """What there was to list a moment ago."""

    def __init__(self, resources):
        self.resources = resources

    def iter_tagged_resources(self):
        yield from self.resources


def snapshot(account_id, region_name):
    """What there is to list now."""
    return [
        TaggedResource(arn=each.arn, tags=dict(each.tags), resource_type=each.resource_type, extra=each.extra)
        for backend in api.iter_taggable_backends(account_id, region_name)
        for each in backend.iter_tagged_resources()
    ]


class Buckets:
    """One region's view of the buckets: moto lists those of all regions in each."""

    def __init__(self, s3, region):
        self.s3, self.region = s3, region

    def iter_tagged_resources(self):
        for resource in list(self.s3.iter_tagged_resources()):
            bucket = self.s3.buckets.get(resource.arn.rpartition(":")[2])
            if bucket and bucket.region_name == self.region:
                yield resource

    def __getattr__(self, name):
        return getattr(self.s3, name)


def page_as_aws():
    """The last page has an empty token; the pages of one listing show one moment; the number of
    tags ends a page only where `TagsPerPage` is given."""
    backend = api.ResourceGroupsTaggingAPIBackend
    generator, pages = backend._get_resources_generator, backend.get_resources

    def one_moment(self, *args, **kwargs):
        READING.before = consistency.tags_before(self.account_id, self.region_name)
        try:
            return iter(list(generator(self, *args, **kwargs)))
        finally:
            READING.before = None

    def get_resources(self, *args, **kwargs):
        if kwargs.get("tags_per_page") is None or kwargs["tags_per_page"] == 100:
            kwargs["tags_per_page"] = float("inf")
        token, found = pages(self, *args, **kwargs)
        return token or "", found

    backend._get_resources_generator = one_moment
    backend.get_resources = get_resources
