"""CloudTrail: what a bucket's policy has to allow, settings that are taken away, selectors with their defaults, tags that
end with their trail."""

import json

from moto.cloudtrail.exceptions import TrailNotFoundException
from moto.cloudtrail.models import CloudTrailBackend, Trail
from moto.cloudtrail.responses import CloudTrailResponse
from moto.core.exceptions import JsonRESTError
from moto.iam.models import iam_backends
from moto.logs.models import logs_backends
from moto.s3.models import s3_backends

from patch import around

PRINCIPAL = "cloudtrail.amazonaws.com"
DEFAULT = {
    "ReadWriteType": "All",
    "IncludeManagementEvents": True,
    "DataResources": [],
    "ExcludeManagementEventSources": [],
}


def refused(code, message):
    return JsonRESTError(code, message)


def listed(value):
    return value if isinstance(value, list) else [value]


def allows(statement, action):
    services = statement.get("Principal")
    services = listed(services.get("Service", [])) if isinstance(services, dict) else []
    names = {action, "s3:*", action.split("*")[0]}
    return statement.get("Effect") == "Allow" and PRINCIPAL in services and names & set(listed(statement["Action"]))


def check(trail):
    """What AWS looks at when a trail is made or changed."""
    bucket = s3_backends[trail.account_id][trail.partition].get_bucket(trail.bucket_name)
    policy = json.loads(bucket.policy) if bucket.policy else {"Statement": []}
    statements = listed(policy["Statement"])
    for action in ("s3:GetBucketAcl", "s3:PutObject"):
        if not any(allows(each, action) for each in statements):
            message = f"Incorrect S3 bucket policy is detected for bucket: {trail.bucket_name}"
            raise refused("InsufficientS3BucketPolicyException", message)
    if bool(trail.cw_log_group_arn) != bool(trail.cw_role_arn):
        raise refused("InvalidParameterCombinationException", "A log group needs a role, and a role a log group.")
    if trail.cw_log_group_arn:
        name, _, rest = trail.cw_log_group_arn.partition(":log-group:")[2].partition(":")
        if rest != "*" or name not in logs_backends[trail.account_id][trail.region_name].groups:
            message = "CloudTrail cannot validate the specified log group ARN."
            raise refused("InvalidCloudWatchLogsLogGroupArnException", message)
        roles = iam_backends[trail.account_id][trail.partition].roles.values()
        role = next((each for each in roles if each.arn == trail.cw_role_arn), None)
        if role is None or PRINCIPAL not in str(role.assume_role_policy_document):
            message = "Access denied. Check the trust relationships for your role."
            raise refused("InvalidCloudWatchLogsRoleArnException", message)
    if trail.is_multi_region and not trail.include_global_service_events:
        message = "Multi-Region trail must include global service events."
        raise refused("InvalidParameterCombinationException", message)


@around(CloudTrailBackend)
def create_trail(inner, self, name, *args, **kwargs):
    if name in self.trails:
        raise refused("TrailAlreadyExistsException", f"Trail {name} already exists for customer: {self.account_id}")
    trail = inner(self, name, *args, **kwargs)
    try:
        check(trail)
    except JsonRESTError:
        del self.trails[name]
        self.tagging_service.delete_all_tags_for_resource(trail.arn)
        raise
    return trail


@around(CloudTrailBackend)
def update_trail(inner, self, *args, **kwargs):
    """What is empty is taken away."""
    trail = self.get_trail(kwargs["name"])
    before = dict(vars(trail))
    inner(self, *args, **kwargs)
    for word in ("s3_key_prefix", "sns_topic_name", "cw_log_group_arn", "cw_role_arn", "kms_key_id"):
        setattr(trail, word, getattr(trail, word) or None)
    try:
        trail.check_topic_exists()
        check(trail)
    except JsonRESTError:
        vars(trail).update(before)
        raise
    return trail


@around(CloudTrailBackend)
def delete_trail(inner, self, name):
    trail = self.get_trail(name)
    self.tagging_service.delete_all_tags_for_resource(trail.arn)
    del self.trails[trail.trail_name]


def topic_arn(self):
    """A topic is given by its name or its ARN."""
    if not self.sns_topic_name or self.sns_topic_name.startswith("arn:"):
        return self.sns_topic_name
    return f"arn:{self.partition}:sns:{self.region_name}:{self.account_id}:{self.sns_topic_name}"


Trail.topic_arn = property(topic_arn)


@around(Trail)
def description(inner, self, include_region=False):
    found = inner(self, include_region)
    plain = self.event_selectors in ([], [DEFAULT]) and not self.advanced_event_selectors
    found.update(HasCustomEventSelectors=not plain, HasInsightSelectors=bool(self.insight_selectors))
    if found.get("SnsTopicName"):
        found["SnsTopicName"] = self.topic_arn.rpartition(":")[2]
    return {key: value for key, value in found.items() if value is not None}


@around(Trail)
def put_event_selectors(inner, self, event_selectors, advanced_event_selectors):
    if event_selectors and advanced_event_selectors:
        raise refused("InvalidEventSelectorsException", "Either event selectors or advanced event selectors.")
    for each in advanced_event_selectors or []:
        if not any(field["Field"] == "eventCategory" for field in each["FieldSelectors"]):
            raise refused("InvalidEventSelectorsException", "An advanced event selector needs an eventCategory.")
    self.event_selectors = [{**DEFAULT, **each} for each in event_selectors or []]
    self.advanced_event_selectors = advanced_event_selectors or []


@around(Trail)
def get_event_selectors(inner, self):
    if self.advanced_event_selectors:
        return None, self.advanced_event_selectors
    return self.event_selectors or [DEFAULT], None


@around(Trail)
def put_insight_selectors(inner, self, insight_selectors):
    self.insight_selectors = insight_selectors


@around(CloudTrailResponse)
def get_insight_selectors(inner, self):
    if not self.cloudtrail_backend.get_trail(self._get_param("TrailName")).insight_selectors:
        raise refused("InsightNotEnabledException", "Insights are not enabled on the trail.")
    return inner(self)


@around(CloudTrailBackend)
def list_tags(inner, self, resource_id_list):
    for arn in resource_id_list:
        self.get_trail(arn)
    return inner(self, resource_id_list)


@around(CloudTrailBackend)
def remove_tags(inner, self, resource_id, tags_list):
    """By their keys: values are left out."""
    self.tagging_service.untag_resource_using_names(resource_id, [tag["Key"] for tag in tags_list])


@around(CloudTrailBackend)
def get_trail_status(inner, self, name):
    """Also of a trail that another region shows as its shadow."""
    try:
        return inner(self, name)
    except TrailNotFoundException:
        return self.get_trail(name).status
