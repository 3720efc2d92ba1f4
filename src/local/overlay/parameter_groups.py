"""Parameter groups of RDS and DocumentDB: the parameters that an engine has, their defaults, and taking them back."""

from moto.rds.exceptions import (
    DBClusterParameterGroupNotFoundError,
    DBParameterGroupNotFoundError,
    InvalidParameterCombination,
    InvalidParameterValue,
    RDSClientError,
)
from moto.rds.models import RDSBackend
from moto.rds.responses import ActionResult, RDSResponse

from patch import added, around

AT_ONCE = 20
# By the start of a family, some of the engine's parameters: the default, and whether it needs a restart.
MYSQL = {
    "character_set_server": ("utf8mb4", "dynamic"),
    "general_log": ("0", "dynamic"),
    "long_query_time": ("10", "dynamic"),
    "max_connections": ("{DBInstanceClassMemory/12582880}", "dynamic"),
    "performance_schema": ("0", "static"),
    "require_secure_transport": ("0", "dynamic"),
    "slow_query_log": ("0", "dynamic"),
}
POSTGRES = {
    "log_min_duration_statement": ("-1", "dynamic"),
    "max_connections": ("LEAST({DBInstanceClassMemory/9531392},5000)", "static"),
    "rds.force_ssl": ("1", "dynamic"),
    "shared_preload_libraries": ("pg_stat_statements", "static"),
    "work_mem": ("4096", "dynamic"),
}
DOCDB = {
    "audit_logs": ("disabled", "dynamic"),
    "change_stream_log_retention_duration": ("10800", "dynamic"),
    "profiler": ("disabled", "dynamic"),
    "profiler_sampling_rate": ("1.0", "dynamic"),
    "profiler_threshold_ms": ("100", "dynamic"),
    "tls": ("enabled", "static"),
    "ttl_monitor": ("enabled", "dynamic"),
}
ENGINES = {"docdb": DOCDB, "mariadb": MYSQL, "mysql": MYSQL, "postgres": POSTGRES}


def parameters_of(family):
    found = (known for engine, known in ENGINES.items() if (family or "").startswith(engine))
    return next(found, None)


def shown(family, changed, source=None):
    """All parameters of the family with what was changed, or only those of one source."""
    rows = []
    for name, (default, apply_type) in parameters_of(family).items():
        row = {
            "ParameterName": name,
            "ParameterValue": default,
            "Source": "user" if name in changed else "system",
            "ApplyType": apply_type,
            "DataType": "string",
            "IsModifiable": True,
            "ApplyMethod": "pending-reboot",
            **changed.get(name, {}),
        }
        rows.append(row)
    return [row for row in rows if source in (None, row["Source"])]


def check(family, sent):
    """What a change of parameters is refused for."""
    known = parameters_of(family)
    if len(sent) > AT_ONCE:
        raise RDSClientError("InvalidParameterValue", f"At most {AT_ONCE} parameters are changed at once.")
    for each in sent if known else []:
        name = each["ParameterName"]
        if name not in known:
            raise InvalidParameterValue(f"Could not find parameter with name: {name}")
        if each.get("ApplyMethod") == "immediate" and known[name][1] == "static":
            text = f"cannot use immediate apply method for static parameter parameter name: {name}"
            raise InvalidParameterCombination(text)


def take_back(group, family, params):
    """Parameters are as the engine has them again: those named, or all."""
    sent = [each.original_dict() for each in params.get("Parameters", [])]
    if str(params.get("ResetAllParameters")).lower() == "true":
        group.parameters.clear()
    check(family, sent)
    for each in sent:
        group.parameters.pop(each["ParameterName"], None)


# Of instances


def group_of(backend, name):
    if name not in backend.db_parameter_groups:
        raise DBParameterGroupNotFoundError(name)
    return backend.db_parameter_groups[name]


@around(RDSResponse, "describe_db_parameters")
def describe_db_parameters(inner, self):
    name = self.params.get("DBParameterGroupName")
    group = group_of(self.backend, name)
    if parameters_of(group.family) is None:
        return inner(self)
    return ActionResult({"Parameters": shown(group.family, group.parameters, self.params.get("Source"))})


@around(RDSBackend)
def modify_db_parameter_group(inner, self, db_parameter_group_name, db_parameter_group_parameters):
    check(group_of(self, db_parameter_group_name).family, db_parameter_group_parameters)
    return inner(self, db_parameter_group_name, db_parameter_group_parameters)


@added(RDSResponse)
def reset_db_parameter_group(self):
    group = group_of(self.backend, self.params.get("DBParameterGroupName"))
    take_back(group, group.family, self.params)
    return ActionResult({"DBParameterGroupName": group.name})


# Of clusters


def cluster_group_of(backend, name):
    if name not in backend.db_cluster_parameter_groups:
        raise DBClusterParameterGroupNotFoundError(name)
    return backend.db_cluster_parameter_groups[name]


@around(RDSBackend)
def describe_db_cluster_parameters(inner, self, db_cluster_parameter_group_name):
    group = self.db_cluster_parameter_groups.get(db_cluster_parameter_group_name)
    default = db_cluster_parameter_group_name.removeprefix("default.")
    family = group.db_parameter_group_family if group else default
    if parameters_of(family) is None:
        return inner(self, db_cluster_parameter_group_name)
    return shown(family, group.parameters if group else {})


@around(RDSBackend)
def modify_db_cluster_parameter_group(inner, self, name, parameters):
    check(cluster_group_of(self, name).db_parameter_group_family, parameters)
    return inner(self, name, parameters)


@added(RDSResponse)
def reset_db_cluster_parameter_group(self):
    group = cluster_group_of(self.backend, self.params.get("DBClusterParameterGroupName"))
    take_back(group, group.db_parameter_group_family, self.params)
    return ActionResult({"DBClusterParameterGroupName": group.name})
