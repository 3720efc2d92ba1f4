"""States that an object only passes through, and what happens when it leaves them: `settings.step` seconds in each.

Nothing runs by itself: what is due is done before the next request for its account and region is looked at. The agenda
hangs on moto's EC2 backend, so that it ends with the account when that is reset.
"""

import heapq
import itertools
import threading
import time

from moto.core.responses import BaseResponse
from moto.ec2.models import ec2_backends

import settings
from patch import around

# Where the agenda of services without a region is.
GLOBAL = "us-east-1"
ORDER = itertools.count()
LOCK = threading.RLock()
# When what is being done was due: what follows from it is reckoned from there, not from when somebody looked.
moment = [None]


def host(account, region):
    """The EC2 backend, if there is one already: moto makes it when it is asked for."""
    regions = dict.get(ec2_backends, account)
    return None if regions is None else dict.get(regions, region)


def agenda(backend):
    """What is still to be done in this backend's account and region, whatever its service."""
    region = backend.region_name if "-" in backend.region_name else GLOBAL
    return ec2_backends[backend.account_id][region].__dict__.setdefault("agenda", [])


def course(backend, thing, *steps):
    """Does the first step now and each other a step's time after the one before it. A later course of the same thing
    ends this one: a gateway that is deleted while it is pending never becomes available."""
    with LOCK:
        thing.__dict__["course"] = mine = object()
        take(backend, thing, mine, list(steps), moment[0] or time.monotonic())


def take(backend, thing, mine, steps, now):
    while steps and thing.course is mine:
        steps.pop(0)()
        if steps and settings.step:
            now += settings.step
            heapq.heappush(agenda(backend), (now, next(ORDER), lambda: take(backend, thing, mine, steps, now)))
            return


def pass_through(backend, thing, name, *values, then=None):
    """The attribute `name` takes these values, one after the other; `then` is done with the last."""
    steps = [lambda value=value: setattr(thing, name, value) for value in values]
    if then:
        steps[-1:] = [lambda: (then(), setattr(thing, name, values[-1]))]
    course(backend, thing, *steps)


def later(backend, function):
    """Does this a step's time from now."""
    course(backend, Errand(), lambda: None, function)


class Errand:
    """What `later` is the course of."""


def catch_up(account, region):
    """Does what is due."""
    backend = host(account, region)
    todo = backend.__dict__.get("agenda") if backend else None
    if todo and todo[0][0] <= time.monotonic():
        with LOCK:
            while todo and todo[0][0] <= time.monotonic():
                moment[0], _, act = heapq.heappop(todo)
                try:
                    act()
                finally:
                    moment[0] = None


@around(BaseResponse)
def call_action(inner, self):
    catch_up(self.current_account, self.region)
    catch_up(self.current_account, GLOBAL)
    return inner(self)
