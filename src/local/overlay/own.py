"""What operations of our own are made of, and whole services that moto does not have."""

import re
import sys
import time
import types

import settings
from moto import backend_index
from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.exceptions import ServiceException
from moto.core.resource_tagging import TaggableResourcesMixin, TaggedResource
from moto.core.responses import ActionResult, BaseResponse
from moto.utilities.tagging_service import TaggingService


def phase(since, states):
    """The state now of what has passed through `states`, each for a step, since that moment; it stays in the last."""
    if settings.step <= 0:
        return states[-1]
    return states[min(int((time.monotonic() - since) / settings.step), len(states) - 1)]


def operations(response, backend):
    """A decorator that makes a function of the backend and the request's parameters an operation. What it returns is
    written as the service's model says."""

    def operation(function):
        def method(self):
            self.parse_parameters(self.normalized_request)
            return ActionResult(function(backend(self), self.params) or {})

        setattr(response, function.__name__, method)
        return function

    return operation


def page(rows, params, key, size="MaxResults", most=1000):
    """One page of rows. A token says how many rows came before."""
    start = int(params.get("NextToken") or 0)
    end = start + min(int(params.get(size) or most), most)
    return {key: rows[start:end], **({"NextToken": str(end)} if end < len(rows) else {})}


class Backend(BaseBackend, TaggableResourcesMixin):
    """What a service of ours keeps for one account and region. Its resources are dictionaries with an `Arn`."""

    SERVICE_NAMESPACE = "own"
    url_bases = []
    url_paths = {}
    # the word for a resource in its ARN -> the service's attribute that has all of them by name
    KINDS = {}

    def __init__(self, region_name, account_id):
        super().__init__(region_name, account_id)
        self.tagger = TaggingService()
        for attribute in self.KINDS.values():
            setattr(self, attribute, {})

    def arn(self, word, name):
        return f"arn:{self.partition}:{self.SERVICE_NAMESPACE}:{self.region_name}:{self.account_id}:{word}/{name}"

    def iter_tagged_resources(self):
        for word, attribute in self.KINDS.items():
            for name in list(getattr(self, attribute)):
                arn = self.arn(word, name)
                yield TaggedResource(arn=arn, tags=self.tags(arn), resource_type=f"{self.SERVICE_NAMESPACE}:{word}")

    def tags(self, arn):
        return self.tagger.get_tag_dict_for_resource(arn)

    def tag_resource(self, arn, tags):
        self.tagger.tag_resource(arn, TaggingService.convert_dict_to_tags_input(tags or {}))

    def untag_resource(self, arn, tag_keys):
        self.tagger.untag_resource_using_names(arn, tag_keys)

    def find(self, arn):
        """Whether there is a resource of this ARN."""
        word, _, name = arn.partition(f":{self.account_id}:")[2].partition("/")
        return word in self.KINDS and name in getattr(self, self.KINDS[word])


def service(name, backend):
    """Lets moto's server know a service: returns the decorator for its operations and the class of its refusals."""

    class Response(BaseResponse):
        def __init__(self):
            super().__init__(service_name=name)

    backends = BackendDict(backend, name)
    module = types.ModuleType(f"moto.{name}")
    setattr(module, f"{name}_backends", backends)
    sys.modules[module.__name__] = module
    backend.url_paths = {"/": Response.dispatch, "/<path:rest>": Response.dispatch}
    backend_index.backend_url_patterns.append((name, re.compile(rf"https?://{name}\.(.+)\.amazonaws\.com")))
    operation = operations(Response, lambda response: backends[response.current_account][response.region])
    # moto takes the service from the module of a refusal.
    refusal = type("Refusal", (ServiceException,), {"__module__": f"{module.__name__}.exceptions"})
    tag_operations(operation, refusal)
    return operation, refusal


def tag_operations(operation, refusal):
    """The three operations on tags by ARN, which are the same in every service of ours."""

    def check(backend, params):
        if not backend.find(params["ResourceArn"]):
            raise refusal("ResourceNotFoundException", f"{params['ResourceArn']} does not exist.")
        return params["ResourceArn"]

    @operation
    def list_tags_for_resource(backend, params):
        return {"Tags": backend.tags(check(backend, params))}

    @operation
    def tag_resource(backend, params):
        backend.tag_resource(check(backend, params), params["Tags"])

    @operation
    def untag_resource(backend, params):
        backend.untag_resource(check(backend, params), params["TagKeys"])
