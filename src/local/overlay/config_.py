"""Config: recorders with ARN, tags and frequency, channels that keep what they are not told, roles and buckets that have to
let it in, scopes of rules."""

import json

from moto.config.models import ConfigBackend, ConfigRule
from moto.config.responses import ConfigResponse
from moto.core.exceptions import JsonRESTError
from moto.iam.models import iam_backends
from moto.moto_api._internal import mock_random
from moto.s3.models import s3_backends

from patch import around

PRINCIPAL = "config.amazonaws.com"


def check_role(backend, arn):
    roles = iam_backends[backend.account_id][backend.partition].roles.values()
    role = next((each for each in roles if each.arn == arn), None)
    if role is None or PRINCIPAL not in str(role.assume_role_policy_document):
        raise JsonRESTError("InvalidRoleException", "Role provided is not valid: it cannot be assumed by Config.")


@around(ConfigResponse)
def put_configuration_recorder(inner, self):
    """Tags count only where the recorder is new."""
    backend, asked = self.config_backend, self._get_param("ConfigurationRecorder")
    asked = {"name": "default", **asked}
    check_role(backend, asked["roleARN"])
    before = backend.recorders.get(asked["name"])
    backend.put_configuration_recorder(asked)
    made = backend.recorders[asked["name"]]
    made._own = own = before._own if before else {}
    mode = asked.get("recordingMode") or {"recordingFrequency": "CONTINUOUS"}
    if not before:
        here = f"{backend.region_name}:{backend.account_id}"
        name = f"{asked['name']}/{mock_random.get_random_hex(16)}"
        own["arn"] = f"arn:{backend.partition}:config:{here}:configuration-recorder/{name}"
        own["tags"] = {tag["Key"]: tag.get("Value", "") for tag in self._get_param("Tags") or []}
    own["mode"] = mode
    return ""


@around(ConfigBackend)
def describe_configuration_recorders(inner, self, *args, **kwargs):
    shown = inner(self, *args, **kwargs)
    for each in shown:
        own = self.recorders[each["name"]]._own
        each.update(arn=own["arn"], recordingMode=own["mode"], recordingScope="PAID")
    return shown


class Tagged:
    """A recorder as what is tagged by its ARN."""

    def __init__(self, recorder):
        self.tags = recorder._own["tags"]


@around(ConfigBackend)
def _match_arn(inner, self, resource_arn):
    for recorder in self.recorders.values():
        if recorder._own["arn"] == resource_arn:
            return Tagged(recorder)
    return inner(self, resource_arn)


@around(ConfigBackend)
def put_delivery_channel(inner, self, delivery_channel):
    """What is left out stays as it was; the bucket has to let the files in."""
    wanted = {"name": "default", **delivery_channel}
    before = self.delivery_channels.get(wanted["name"])
    if before is not None:
        wanted = {**before.to_dict(), **wanted}
    bucket = s3_backends[self.account_id][self.partition].buckets.get(wanted.get("s3BucketName"))
    if bucket is None:
        raise JsonRESTError("NoSuchBucketException", f"Cannot find a S3 bucket with name {wanted.get('s3BucketName')}.")
    if PRINCIPAL not in str(bucket.policy or ""):
        message = f"Insufficient delivery policy to s3 bucket: {bucket.name}, unable to write to bucket."
        raise JsonRESTError("InsufficientDeliveryPolicyException", message)
    inner(self, wanted)


@around(ConfigBackend)
def put_config_rule(inner, self, config_rule, tags=None):
    if not self.recorders:
        raise JsonRESTError("NoAvailableConfigurationRecorderException", "There is no configuration recorder.")
    name = config_rule.get("ConfigRuleName")
    kept = self.config_rules[name].tags if name in self.config_rules else None
    inner(self, config_rule, tags)
    if kept is not None:
        self.config_rules[name].tags = kept


@around(ConfigRule)
def to_dict(inner, self):
    """A tag is in the scope, by its own words."""
    shown = inner(self)
    shown.pop("Tags", None)
    if self.scope is not None:
        key, value = next(iter((self.scope.tags or {}).items()), (None, None))
        scope = {
            "ComplianceResourceTypes": self.scope.compliance_resource_types,
            "ComplianceResourceId": self.scope.compliance_resource_id,
            "TagKey": key,
            "TagValue": value,
        }
        shown["Scope"] = {word: each for word, each in scope.items() if each}
    return json.loads(json.dumps(shown))


def listed(backend):
    """For the tagging API."""
    for recorder in list(backend.recorders.values()):
        own = recorder._own
        yield own["arn"], own["tags"]
    for rule in list(backend.config_rules.values()):
        yield rule.config_rule_arn, rule.tags


def census(backend):
    return {
        "configuration-recorder": list(backend.recorders),
        "delivery-channel": list(backend.delivery_channels),
        "config-rule": list(backend.config_rules),
    }


