"""EventBridge: a schedule has to be one."""

import re

from moto.core.exceptions import JsonRESTError
from moto.events.models import EventsBackend

from patch import around

FIELD = r"[0-9A-Za-z*?,/#LW-]+"
CRON = re.compile(rf"^cron\({FIELD}( {FIELD}){{5}}\)$")
RATE = re.compile(r"^rate\((1 (minute|hour|day)|[1-9]\d* (minutes|hours|days))\)$")


@around(EventsBackend)
def put_rule(inner, self, *args, **kwargs):
    schedule = kwargs.get("scheduled_expression")
    if schedule and not is_schedule(schedule):
        raise JsonRESTError("ValidationException", "Parameter ScheduleExpression is not valid.")
    return inner(self, *args, **kwargs)


def is_schedule(text):
    fields = text.removeprefix("cron(").removesuffix(")").split()
    one_day_field = len(fields) != 6 or (fields[2] == "?") != (fields[4] == "?")
    return bool(RATE.match(text) or (CRON.match(text) and one_day_field))
