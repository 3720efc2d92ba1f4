"""GuardDuty: one detector in a region, features with their defaults, one by one, and tags."""

from moto.core.exceptions import JsonRESTError
from moto.guardduty import urls
from moto.guardduty.models import Detector, GuardDutyBackend
from moto.guardduty.responses import GuardDutyResponse

from own import operations
from patch import around

urls.url_paths["{0}/tags/(?P<arn>.+)$"] = GuardDutyResponse.dispatch
operation = operations(GuardDutyResponse, lambda response: response.guardduty_backend)

# Always on, and what is on when nobody says otherwise.
BASE = ("CLOUD_TRAIL", "DNS_LOGS", "FLOW_LOGS")
USUAL = ("S3_DATA_EVENTS", "EKS_AUDIT_LOGS", "EBS_MALWARE_PROTECTION", "RDS_LOGIN_EVENTS", "LAMBDA_NETWORK_LOGS")
RUNTIME = "RUNTIME_MONITORING"
AGENTS = ("EKS_ADDON_MANAGEMENT", "ECS_FARGATE_AGENT_MANAGEMENT", "EC2_AGENT_MANAGEMENT")
NOT_OURS = "The request is rejected because the input detectorId is not owned by the current account."


class Refusal(JsonRESTError):
    code = 400

    def __init__(self, message):
        super().__init__("BadRequestException", message)


def off(names):
    return {name: {"name": name, "status": "DISABLED"} for name in names}


def fill(features, given):
    """Takes over what is given; what is not stays as it is."""
    for each in given or []:
        name = each["name"]
        if name not in features:
            raise Refusal(f"The request is rejected because the feature {name} is not known.")
        features[name]["status"] = each["status"]
        agents = {agent["name"]: dict(agent) for agent in features[name].get("additionalConfiguration", [])}
        agents.update({agent["name"]: dict(agent) for agent in each.get("additionalConfiguration") or []})
        if agents:
            features[name]["additionalConfiguration"] = list(agents.values())


@around(GuardDutyBackend)
def create_detector(inner, self, enable, frequency, data_sources, tags, features):
    if self.detectors:
        raise Refusal("The request is rejected because a detector already exists for the current account.")
    all_features = off([*USUAL, RUNTIME])
    all_features[RUNTIME]["additionalConfiguration"] = list(off(AGENTS).values())
    for name in USUAL:
        all_features[name]["status"] = "ENABLED"
    fill(all_features, features)
    made = inner(self, enable, frequency, data_sources, tags, None)
    self.detectors[made].features = all_features
    return made


@around(GuardDutyBackend)
def get_detector(inner, self, detector_id):
    if detector_id not in self.detectors:
        raise Refusal(NOT_OURS)
    return inner(self, detector_id)


@around(GuardDutyBackend)
def update_detector(inner, self, detector_id, enable, frequency, data_sources, features):
    fill(self.get_detector(detector_id).features, features)
    inner(self, detector_id, enable, frequency, data_sources, None)


@around(GuardDutyBackend)
def delete_detector(inner, self, detector_id):
    self.get_detector(detector_id)
    inner(self, detector_id)


@around(Detector)
def to_json(inner, self):
    base = [{"name": name, "status": "ENABLED"} for name in BASE]
    return {**inner(self), "features": [*base, *self.features.values()]}


def tags_of(backend, params):
    arn = params["ResourceArn"]
    if arn.count("/") != 1:
        raise Refusal("The request is rejected because the ARN is not that of a detector.")
    found = backend.detectors.get(arn.rpartition("/")[2])
    if found is None:
        raise Refusal(NOT_OURS)
    return found.tags


@operation
def list_tags_for_resource(backend, params):
    return {"Tags": tags_of(backend, params)}


@operation
def tag_resource(backend, params):
    tags_of(backend, params).update(params["Tags"])


@operation
def untag_resource(backend, params):
    tags = tags_of(backend, params)
    for key in params["TagKeys"]:
        tags.pop(key, None)


def listed(backend):
    """For the tagging API: ARN and tags of each detector."""
    for name, found in list(backend.detectors.items()):
        yield f"arn:{backend.partition}:guardduty:{backend.region_name}:{backend.account_id}:detector/{name}", found.tags
