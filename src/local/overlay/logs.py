"""CloudWatch Logs: encryption, deletion protection, class, retention values, metric filters and saved queries."""

from moto.core.exceptions import JsonRESTError
from moto.core.utils import unix_time
from moto.logs.exceptions import ResourceNotFoundException
from moto.logs.models import LogGroup, LogsBackend
from moto.logs.responses import LogsResponse
from moto.moto_api._internal import mock_random

from own import operations
from patch import added, around

DAYS = {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}


def invalid(message):
    return JsonRESTError("InvalidParameterException", message)


def group(response):
    name = response._get_param("logGroupName") or response._get_param("logGroupIdentifier")
    if name is None:
        name = response._get_param("resourceIdentifier")
    name = name.removesuffix(":*").partition(":log-group:")[2] or name
    if name not in response.logs_backend.groups:
        raise ResourceNotFoundException()
    return response.logs_backend.groups[name]


@around(LogsResponse)
def create_log_group(inner, self):
    answer = inner(self)
    made = group(self)
    made.log_group_class = self._get_param("logGroupClass") or "STANDARD"
    made.deletion_protection = bool(self._get_param("deletionProtectionEnabled"))
    return answer


@added(LogsResponse)
def associate_kms_key(self):
    group(self).kms_key_id = self._get_param("kmsKeyId")
    return ""


@added(LogsResponse)
def disassociate_kms_key(self):
    group(self).kms_key_id = None
    return ""


@added(LogsResponse)
def put_log_group_deletion_protection(self):
    group(self).deletion_protection = bool(self._get_param("deletionProtectionEnabled"))
    return ""


@around(LogsBackend)
def put_retention_policy(inner, self, log_group_name, retention_in_days):
    if retention_in_days not in DAYS:
        raise invalid(f"1 validation error detected: retentionInDays must be one of {sorted(DAYS)}")
    return inner(self, log_group_name, retention_in_days)


@around(LogsBackend)
def delete_log_group(inner, self, log_group_name):
    found = self.groups.get(log_group_name)
    if found is not None and getattr(found, "deletion_protection", False):
        raise JsonRESTError("ValidationException", "The log group is protected against deletion.")
    inner(self, log_group_name)
    self.tagger.delete_all_tags_for_resource(found.arn)
    filters = self.filters.metric_filters
    filters[:] = [each for each in filters if each["logGroupName"] != log_group_name]


@around(LogGroup)
def to_describe_dict(inner, self):
    from moto.logs.models import logs_backends

    filters = logs_backends[self.account_id][self.region].filters.metric_filters
    return {
        **inner(self),
        "metricFilterCount": sum(each["logGroupName"] == self.name for each in filters),
        "logGroupClass": getattr(self, "log_group_class", "STANDARD"),
        "deletionProtectionEnabled": getattr(self, "deletion_protection", False),
    }


@around(LogsBackend)
def put_metric_filter(inner, self, filter_name, filter_pattern, log_group_name, metric_transformations):
    if log_group_name not in self.groups:
        raise ResourceNotFoundException()
    self.filters.delete_filter(filter_name, log_group_name)
    inner(self, filter_name, filter_pattern, log_group_name, metric_transformations)


@around(LogsBackend)
def delete_metric_filter(inner, self, filter_name=None, log_group_name=None):
    if not any(
        each["filterName"] == filter_name and each["logGroupName"] == log_group_name
        for each in self.filters.metric_filters
    ):
        raise ResourceNotFoundException()
    return inner(self, filter_name, log_group_name)


# Saved queries

operation = operations(LogsResponse, lambda response: response.logs_backend)


def queries(backend):
    return backend.__dict__.setdefault("query_definitions", {})


@operation
def put_query_definition(backend, params):
    name = params.get("queryDefinitionId") or str(mock_random.uuid4())
    if params.get("queryDefinitionId") and name not in queries(backend):
        raise ResourceNotFoundException()
    queries(backend)[name] = {**params, "queryDefinitionId": name, "lastModified": int(unix_time() * 1000)}
    return {"queryDefinitionId": name}


@operation
def describe_query_definitions(backend, params):
    prefix = params.get("queryDefinitionNamePrefix") or ""
    rows = [row for row in list(queries(backend).values()) if row["name"].startswith(prefix)]
    return {"queryDefinitions": rows}


@operation
def delete_query_definition(backend, params):
    return {"success": queries(backend).pop(params["queryDefinitionId"], None) is not None}
