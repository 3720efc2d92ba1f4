"""EventBridge Scheduler: schedules that are one, groups that exist once and take their schedules along, and groups in
the tagging API."""

import re

from moto.core.exceptions import JsonRESTError
from moto.core.resource_tagging import TaggedResource
from moto.scheduler.exceptions import ScheduleGroupNotFound, ValidationException
from moto.scheduler.models import EventBridgeSchedulerBackend, Schedule, ScheduleGroup
from moto.scheduler.responses import EventBridgeSchedulerResponse
from moto.utilities.tagging_service import TaggingService

import states
from events import is_schedule
from patch import around

AT = re.compile(r"^at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)$")


class Conflict(JsonRESTError):
    code = 409

    def __init__(self, message):
        super().__init__("ConflictException", message)


def checked(name):
    @around(EventBridgeSchedulerBackend, name)
    def outer(inner, self, *args, **kwargs):
        expression = kwargs["schedule_expression"]
        if not (AT.match(expression) or is_schedule(expression)):
            raise ValidationException(f"Invalid Schedule Expression {expression}.")
        group = self.get_schedule_group(kwargs["group_name"])
        if group.__dict__.get("state") == "DELETING":
            raise Conflict(f"Schedule group {group.name} is being deleted.")
        if name == "create_schedule" and kwargs["name"] in group.schedules:
            raise Conflict(f"Schedule {kwargs['name']} already exists.")
        return inner(self, *args, **kwargs)


checked("create_schedule")
checked("update_schedule")


@around(EventBridgeSchedulerResponse)
def update_schedule(inner, self):
    answer = inner(self)
    name = self.uri.split("?")[0].split("/")[-1]
    changed = self.scheduler_backend.get_schedule(self._get_param("GroupName"), name)
    changed.action_after_completion = self._get_param("ActionAfterCompletion")
    return answer


@around(Schedule)
def to_dict(inner, self, short=False):
    """What was not given is not shown."""
    shown = inner(self, short)
    shown["ActionAfterCompletion"] = shown["ActionAfterCompletion"] or "NONE"
    return {name: value for name, value in shown.items() if value is not None}


@around(EventBridgeSchedulerBackend)
def create_schedule_group(inner, self, name, tags):
    if name in self.schedule_groups:
        raise Conflict(f"Schedule group {name} already exists.")
    return inner(self, name, tags)


@around(ScheduleGroup, "to_dict")
def group_to_dict(inner, self):
    return {**inner(self), "State": self.__dict__.get("state", "ACTIVE")}


@around(EventBridgeSchedulerBackend)
def delete_schedule_group(inner, self, name):
    group = self.get_schedule_group(name)
    if group.name == "default":
        raise ValidationException("The default schedule group cannot be deleted.")

    def end():
        self.schedule_groups.pop(group.name, None)
        self.tagger.delete_all_tags_for_resource(group.arn)

    states.pass_through(self, group, "state", "DELETING", "DELETED", then=end)


@around(EventBridgeSchedulerBackend)
def list_tags_for_resource(inner, self, resource_arn):
    self.get_schedule_group(resource_arn.rpartition("/")[2])
    return inner(self, resource_arn)


class Groups:
    """A region's schedule groups, for the tagging API, in which moto's do not take part."""

    def __init__(self, scheduler):
        self.scheduler = scheduler

    def iter_tagged_resources(self):
        for group in list(self.scheduler.schedule_groups.values()):
            tags = self.scheduler.tagger.get_tag_dict_for_resource(group.arn)
            yield TaggedResource(arn=group.arn, tags=tags, resource_type="scheduler:schedule-group")

    def owns_arn(self, arn):
        return ":scheduler:" in arn

    def tag_resource(self, arn, tags):
        if arn.rpartition("/")[2] not in self.scheduler.schedule_groups:
            raise ScheduleGroupNotFound(arn)
        self.scheduler.tag_resource(arn, TaggingService.convert_dict_to_tags_input(tags))

    def untag_resource(self, arn, tag_keys):
        self.scheduler.untag_resource(arn, tag_keys)
