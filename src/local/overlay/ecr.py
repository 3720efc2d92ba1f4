"""ECR: a scanning configuration without `scanOnPush` means that nothing is scanned; pull-through cache rules."""

from moto.core.exceptions import JsonRESTError
from moto.core.utils import utcnow
from moto.ecr.models import ECRBackend
from moto.ecr.responses import ECRResponse

from own import operations
from patch import around

operation = operations(ECRResponse, lambda response: response.ecr_backend)


@around(ECRBackend)
def put_image_scanning_configuration(inner, self, registry_id, repository_name, image_scan_config):
    return inner(self, registry_id, repository_name, {"scanOnPush": False, **(image_scan_config or {})})


def rules(backend):
    return backend.__dict__.setdefault("pull_through_cache_rules", {})


@operation
def create_pull_through_cache_rule(backend, params):
    prefix = params["ecrRepositoryPrefix"]
    if prefix in rules(backend):
        raise JsonRESTError(
            "PullThroughCacheRuleAlreadyExistsException", f"A pull through cache rule for '{prefix}' already exists."
        )
    now = utcnow()
    rules(backend)[prefix] = {**params, "registryId": backend.account_id, "createdAt": now, "updatedAt": now}
    return rules(backend)[prefix]


def find_rule(backend, prefix):
    if prefix not in rules(backend):
        raise JsonRESTError("PullThroughCacheRuleNotFoundException", f"There is no rule for the prefix '{prefix}'.")
    return rules(backend)[prefix]


@operation
def describe_pull_through_cache_rules(backend, params):
    prefixes = params.get("ecrRepositoryPrefixes")
    found = [find_rule(backend, each) for each in prefixes] if prefixes else list(rules(backend).values())
    return {"pullThroughCacheRules": found}


@operation
def delete_pull_through_cache_rule(backend, params):
    rule = find_rule(backend, params["ecrRepositoryPrefix"])
    del rules(backend)[params["ecrRepositoryPrefix"]]
    return rule
