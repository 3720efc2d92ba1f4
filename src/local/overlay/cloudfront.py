"""CloudFront: how long distributions are deployed, and what has to be before one can be deleted."""

from moto.cloudfront.exceptions import CloudFrontException
from moto.cloudfront.models import CloudFrontBackend, Distribution
from moto.moto_api._internal import mock_random

import states
from patch import around

Distribution.status = property(lambda self: self._status, lambda self, value: setattr(self, "_status", value))
Distribution.advance = lambda self: None


class Refused(CloudFrontException):
    def __init__(self, code, message):
        super().__init__(code, message)


def deploy(backend, distribution):
    states.pass_through(backend, distribution, "status", "InProgress", "Deployed")


@around(CloudFrontBackend)
def create_distribution_with_tags(inner, self, *args, **kwargs):
    answer = inner(self, *args, **kwargs)
    deploy(self, answer[0])
    return answer


def matches(backend, identity, etag):
    """The version that a change is made from has to be the present one."""
    found = backend.distributions.get(identity)
    if found is not None and etag and etag != found.etag:
        text = "The request failed because it didn't meet the preconditions in one or more request-header fields."
        raise Refused("PreconditionFailed", text)
    return found


@around(CloudFrontBackend)
def update_distribution(inner, self, dist_config, _id, if_match):
    found = matches(self, _id, if_match)
    inner(self, dist_config, _id, if_match)
    found.etag = "E" + mock_random.get_random_string(length=13).upper()
    deploy(self, found)
    return found, found.location, found.etag


@around(CloudFrontBackend)
def delete_distribution(inner, self, distribution_id, if_match):
    found = matches(self, distribution_id, if_match)
    enabled = found is not None and str(found.Enabled).lower() == "true"
    if found is not None and if_match and (enabled or found.status != "Deployed"):
        text = "The distribution you are trying to delete has not been disabled."
        raise Refused("DistributionNotDisabled", text)
    return inner(self, distribution_id, if_match)
