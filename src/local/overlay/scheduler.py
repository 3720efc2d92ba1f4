"""EventBridge Scheduler: a schedule has to be one."""

import re

from moto.scheduler.exceptions import ValidationException
from moto.scheduler.models import EventBridgeSchedulerBackend

from events import is_schedule
from patch import around

AT = re.compile(r"^at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)$")


def checked(name):
    @around(EventBridgeSchedulerBackend, name)
    def outer(inner, self, *args, **kwargs):
        expression = kwargs["schedule_expression"]
        if not (AT.match(expression) or is_schedule(expression)):
            raise ValidationException(f"Invalid Schedule Expression {expression}.")
        return inner(self, *args, **kwargs)


checked("create_schedule")
checked("update_schedule")
