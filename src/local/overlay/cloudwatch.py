"""CloudWatch: the state of a new alarm, pages of alarms, composite alarms, and tags that end with their alarm."""

from moto.cloudwatch.exceptions import ResourceNotFound, ResourceNotFoundException
from moto.cloudwatch.models import CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

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
