"""SQS: values that an attribute cannot have, and the name of a queue that was deleted a moment ago."""

import time

import settings
from moto.sqs.exceptions import InvalidAttributeValue, SQSException
from moto.sqs.models import SQSBackend

from patch import around

RANGES = {
    "VisibilityTimeout": (0, 43_200),
    "DelaySeconds": (0, 900),
    "MaximumMessageSize": (1_024, 1_048_576),
    "MessageRetentionPeriod": (60, 1_209_600),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "KmsDataKeyReusePeriodSeconds": (60, 86_400),
}


def check(attributes):
    for name, (least, most) in RANGES.items():
        value = attributes.get(name)
        if value is not None and not (str(value).isdigit() and least <= int(value) <= most):
            raise InvalidAttributeValue(name)


@around(SQSBackend)
def create_queue(inner, self, name, tags=None, **kwargs):
    check(kwargs)
    # On AWS the name is taken for 60 seconds, which are twenty steps here.
    taken_until = self.__dict__.get("deleted", {}).get(name, 0) + 20 * settings.step
    if name not in self.queues and time.monotonic() < taken_until:
        raise SQSException(
            "AWS.SimpleQueueService.QueueDeletedRecently",
            "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
        )
    return inner(self, name, tags, **kwargs)


@around(SQSBackend)
def delete_queue(inner, self, queue_name):
    inner(self, queue_name)
    self.__dict__.setdefault("deleted", {})[queue_name] = time.monotonic()


@around(SQSBackend)
def set_queue_attributes(inner, self, queue_name, attributes):
    check(attributes)
    return inner(self, queue_name, attributes)
