"""CloudWatch: the state of a new alarm, pages of alarms, composite alarms, tags that end with their alarm, dashboards of
the account as a whole."""

import json

from moto.cloudwatch.exceptions import DashboardInvalidInputError, ResourceNotFound, ResourceNotFoundException
from moto.cloudwatch.models import CloudWatchBackend, cloudwatch_backends
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult
from moto.core.utils import utcnow

from own import operations
from patch import added, around


@around(CloudWatchBackend)
def put_metric_alarm(inner, self, *args, **kwargs):
    """A new alarm has no data yet; one that is changed keeps its state until it is evaluated, and its tags."""
    before = self.alarms.get(kwargs["name"])
    if before is not None:
        kwargs["tags"] = []
    alarm = inner(self, *args, **kwargs)
    alarm = alarm or self.alarms[kwargs["name"]]
    alarm.state_value = before.state_value if before is not None else "INSUFFICIENT_DATA"
    return alarm


@around(CloudWatchBackend)
def delete_alarms(inner, self, alarm_names):
    missing = [name for name in alarm_names if name not in self.alarms]
    if missing:
        raise ResourceNotFound(f"Alarm(s) with name(s) {', '.join(missing)} not found.")
    for name in alarm_names:
        if name in self.alarms:
            self.tagger.delete_all_tags_for_resource(self.alarms[name].alarm_arn)
    return inner(self, alarm_names)


@around(CloudWatchResponse)
def list_tags_for_resource(inner, self):
    arn = self._get_param("ResourceARN")
    if DASHBOARD in arn:
        tags = dashboard_tagger(self.cloudwatch_backend, arn).get_tag_dict_for_resource(arn)
        return ActionResult({"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]})
    name = arn.partition(":alarm:")[2]
    if name and name not in self.cloudwatch_backend.alarms:
        raise ResourceNotFoundException()
    return inner(self)


@around(CloudWatchResponse)
def describe_alarms(inner, self):
    found = inner(self).result
    types = self._get_param("AlarmTypes", []) or ["MetricAlarm"]
    alarms = [("MetricAlarms", alarm) for alarm in found["MetricAlarms"] if "MetricAlarm" in types]
    alarms += [("CompositeAlarms", alarm) for alarm in found["CompositeAlarms"] if "CompositeAlarm" in types]
    alarms.sort(key=lambda pair: pair[1].name)
    start = int(self._get_param("NextToken") or 0)
    end = start + (self._get_int_param("MaxRecords") or (100 if self._get_param("AlarmNames") else 50))
    page = {"MetricAlarms": [], "CompositeAlarms": []}
    for kind, alarm in alarms[start:end]:
        page[kind].append(alarm)
    if end < len(alarms):
        page["NextToken"] = str(end)
    return ActionResult(page)


@added(CloudWatchResponse)
def put_composite_alarm(self):
    """moto has everything about them but this operation."""
    return self.put_metric_alarm()


# Anomaly detectors and metric streams, which nothing evaluates here

operation = operations(CloudWatchResponse, lambda response: response.cloudwatch_backend)
DETECTOR = ("Namespace", "MetricName", "Stat", "Dimensions")


def kept(backend, name):
    return backend.__dict__.setdefault(name, {})


def detector_key(params):
    single = params.get("SingleMetricAnomalyDetector") or {key: params.get(key) for key in DETECTOR}
    return json.dumps(params.get("MetricMathAnomalyDetector") or {k: single.get(k) for k in DETECTOR}, sort_keys=True)


@operation
def put_anomaly_detector(backend, params):
    kept(backend, "anomaly_detectors")[detector_key(params)] = {**params, "StateValue": "PENDING_TRAINING"}


@operation
def describe_anomaly_detectors(backend, params):
    return {"AnomalyDetectors": list(kept(backend, "anomaly_detectors").values())}


@operation
def delete_anomaly_detector(backend, params):
    if kept(backend, "anomaly_detectors").pop(detector_key(params), None) is None:
        raise ResourceNotFoundException()


@operation
def put_metric_stream(backend, params):
    rows, now = kept(backend, "metric_streams"), utcnow()
    before = rows.get(params["Name"], {"CreationDate": now, "State": "running"})
    here = f"{backend.region_name}:{backend.account_id}"
    arn = f"arn:{backend.partition}:cloudwatch:{here}:metric-stream/{params['Name']}"
    rows[params["Name"]] = {**before, **params, "Arn": arn, "LastUpdateDate": now}
    if params.get("Tags") and before["CreationDate"] == now:
        backend.tagger.tag_resource(arn, params["Tags"])
    return {"Arn": arn}


@operation
def get_metric_stream(backend, params):
    if params["Name"] not in kept(backend, "metric_streams"):
        raise ResourceNotFoundException()
    return kept(backend, "metric_streams")[params["Name"]]


@operation
def list_metric_streams(backend, params):
    return {"Entries": list(kept(backend, "metric_streams").values())}


@operation
def delete_metric_stream(backend, params):
    kept(backend, "metric_streams").pop(params["Name"], None)


# Dashboards belong to no region, and have tags that the tagging API does not show.

DASHBOARD = ":dashboard/"


def home(backend):
    """Where the dashboards of an account are kept."""
    return cloudwatch_backends[backend.account_id]["us-east-1"]


CloudWatchBackend.dashboards = property(lambda self: kept(home(self), "all_dashboards"), lambda self, first: None)


def dashboard_tagger(backend, arn):
    if arn.partition(DASHBOARD)[2] not in backend.dashboards:
        raise ResourceNotFoundException()
    return home(backend).tagger


@around(CloudWatchResponse)
def put_dashboard(inner, self):
    """Tags count only where the dashboard is new."""
    backend, name = self.cloudwatch_backend, self._get_param("DashboardName")
    is_new = name not in backend.dashboards
    try:
        body = json.loads(self._get_param("DashboardBody"))
    except ValueError:
        body = None
    if not isinstance(body, dict) or not isinstance(body.get("widgets"), list):
        raise DashboardInvalidInputError("The dashboard body is invalid: it needs a list of widgets.")
    answer = inner(self)
    if is_new:
        home(backend).tagger.tag_resource(backend.dashboards[name].arn, self._get_param("Tags", []))
    return answer


@around(CloudWatchBackend)
def delete_dashboards(inner, self, dashboards):
    arns = [self.dashboards[name].arn for name in dashboards if name in self.dashboards]
    error = inner(self, dashboards)
    for arn in arns if error is None else []:
        home(self).tagger.delete_all_tags_for_resource(arn)
    return error


@around(CloudWatchBackend)
def tag_resource(inner, self, arn, tags):
    if DASHBOARD not in arn:
        return inner(self, arn, tags)
    tagger = dashboard_tagger(self, arn)
    tagger.tag_resource(arn, tagger.convert_dict_to_tags_input(tags))


@around(CloudWatchBackend)
def untag_resource(inner, self, arn, tag_keys):
    if DASHBOARD not in arn:
        return inner(self, arn, tag_keys)
    dashboard_tagger(self, arn).untag_resource_using_names(arn, tag_keys)
