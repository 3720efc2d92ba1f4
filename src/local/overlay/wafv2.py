"""WAF: web ACLs in front of load balancers, what keeps one from going, settings that are taken away, tags."""

from moto.core.exceptions import JsonRESTError
from moto.elbv2.models import elbv2_backends
from moto.wafv2.models import GLOBAL_REGION, FakeWebACL, WAFV2Backend, wafv2_backends
from moto.wafv2.responses import WAFV2Response

from own import operations
from patch import around

US_EAST_1 = "us-east-1"
operation = operations(WAFV2Response, lambda response: response.wafv2_backend)


def refused(code, message):
    return JsonRESTError(code, message)


def missing():
    message = "AWS WAF couldn't perform the operation because your resource doesn't exist."
    return refused("WAFNonexistentItemException", message)


@around(WAFV2Backend)
def create_web_acl(inner, self, name, visibility_config, default_action, scope, description, tags, rules, *more):
    """Names are unique in a scope; those of rules and priorities in a web ACL."""
    if self._is_duplicate_name(name):
        raise refused("WAFDuplicateItemException", "The name of the web ACL is taken.")
    check_rules(rules)
    return inner(self, name, visibility_config, default_action, scope, description, tags, rules, *more)


def check_rules(rules):
    for word in ("Name", "Priority"):
        if len({rule[word] for rule in rules}) < len(rules):
            raise refused("WAFInvalidParameterException", f"Error reason: rules have the same {word}.")
    for rule in rules:
        if ("ManagedRuleGroupStatement" in rule["Statement"]) == ("Action" in rule):
            raise refused("WAFInvalidParameterException", "Error reason: a rule has an action or an override action.")


@around(WAFV2Backend)
def update_web_acl(inner, self, name, acl_id, default_action, rules, description, *more):
    """Everything is written: what is left out goes."""
    check_rules(rules or [])
    token = inner(self, name, acl_id, default_action, rules or [], description or "", *more)
    if not rules:
        self.get_web_acl(None, name, acl_id).rules = []
    return token


@around(FakeWebACL)
def to_dict(inner, self):
    """As it was written, and nothing that was not."""
    shown = {key: value for key, value in inner(self).items() if value is not None}
    rules = [{key: value for key, value in rule.items() if value is not None} for rule in shown["Rules"]]
    for rule in rules:
        rate = rule["Statement"].get("RateBasedStatement")
        if rate is not None:
            rate.setdefault("EvaluationWindowSec", 300)
    shown.pop("LockToken", None)
    return {**shown, "Rules": rules}


@around(WAFV2Backend)
def delete_web_acl(inner, self, name, scope, acl_id, lock_token):
    acl = self.get_web_acl(None, name, acl_id)
    if acl.associated_resources:
        message = "AWS WAF couldn't perform the operation because your resource is being used by another resource."
        raise refused("WAFAssociatedItemException", message)
    inner(self, name, scope, acl_id, lock_token)
    self.logging_configurations.pop(acl.arn, None)
    self.tagging_service.delete_all_tags_for_resource(acl.arn)


def is_there(backend, arn):
    """Whether there is a load balancer of this ARN; other resources are not looked up."""
    if ":loadbalancer/app/" not in arn:
        return ":elasticloadbalancing:" not in arn
    return arn in elbv2_backends[backend.account_id][backend.region_name].load_balancers


@around(WAFV2Backend)
def associate_web_acl(inner, self, web_acl_arn, resource_arn):
    """A resource has one web ACL: the latest."""
    if web_acl_arn not in self.wacls or not is_there(self, resource_arn):
        raise missing()
    for acl in self.wacls.values():
        acl.associated_resources = [arn for arn in acl.associated_resources if arn != resource_arn]
    inner(self, web_acl_arn, resource_arn)


@around(WAFV2Backend)
def disassociate_web_acl(inner, self, resource_arn):
    if not is_there(self, resource_arn):
        raise missing()
    inner(self, resource_arn)


@operation
def list_resources_for_web_acl(backend, params):
    """Of one type: load balancers, unless another is named. One that is gone is no longer there."""
    acl = backend.wacls.get(params["WebACLArn"])
    if acl is None:
        raise missing()
    balancers = params.get("ResourceType", "APPLICATION_LOAD_BALANCER") == "APPLICATION_LOAD_BALANCER"
    acl.associated_resources = [arn for arn in acl.associated_resources if is_there(backend, arn)]
    return {"ResourceArns": [arn for arn in acl.associated_resources if (":loadbalancer/" in arn) == balancers]}


@around(WAFV2Backend)
def put_logging_configuration(inner, self, arn, log_destination_configs, *more):
    acls = list(self.wacls) + list(wafv2_backends[self.account_id][GLOBAL_REGION].wacls)
    if arn not in acls:
        raise missing()
    for each in log_destination_configs:
        if "aws-waf-logs-" not in each or each.endswith(":*"):
            raise refused("WAFInvalidParameterException", "Error reason: The ARN isn't valid. field: LOG_DESTINATION")
    return inner(self, arn, log_destination_configs, *more)


@around(WAFV2Response)
def list_tags_for_resource(inner, self):
    arn = self._get_param("ResourceARN")
    region = GLOBAL_REGION if ":global/" in arn else arn.split(":")[3]
    backend = wafv2_backends[self.current_account][region]
    if "/webacl/" in arn and arn not in backend.wacls:
        raise missing()
    return inner(self)


def listed(backend):
    """For the tagging API: those of CloudFront are in one region."""
    backends = [backend]
    if backend.region_name == US_EAST_1:
        backends.append(wafv2_backends[backend.account_id][GLOBAL_REGION])
    for each in backends:
        for arn in [*each.wacls, *each.ip_sets, *each.rule_groups]:
            yield arn, each.tagging_service.get_tag_dict_for_resource(arn)
