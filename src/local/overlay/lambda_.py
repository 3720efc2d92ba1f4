"""Lambda: states of a function and of its changes, statements with one id, runtimes that exist, all of a function's
settings, and pages of functions."""

import functools
import re

import botocore.session
from moto.awslambda.exceptions import InvalidParameterValueException, LambdaClientError
from moto.awslambda.models import LambdaBackend, LambdaFunction
from moto.awslambda.policy import Policy
from moto.awslambda.responses import LambdaResponse

import states
from paging import paged
from patch import around

# A new function's and a change's states: the attribute, what it passes through, where it ends.
MAKING = ("state", "Pending", "Active")
CHANGING = ("last_update_status", "InProgress", "Successful")


@around(Policy)
def add_statement(inner, self, raw, qualifier=None):
    before = {each.get("Sid") for each in self.statements}
    statement, revision = inner(self, raw, qualifier)
    if statement["Sid"] in before:
        self.statements.pop()
        raise conflict(
            f"The statement id ({statement['Sid']}) provided already exists. Please provide a new statement id, or "
            "remove the existing statement.",
        )
    principal = statement["Principal"]
    if isinstance(principal, str) and principal != "*":
        if re.fullmatch(r"\d{12}", principal):
            principal = f"arn:aws:iam::{principal}:root"
        statement["Principal"] = {"AWS": principal}
    auth = statement.pop("FunctionUrlAuthType", None)
    if auth:
        conditions = statement.setdefault("Condition", {})
        conditions.setdefault("StringEquals", {})["lambda:FunctionUrlAuthType"] = auth
    return statement, revision


def conflict(message):
    error = LambdaClientError("ResourceConflictException", message)
    error.code = 409
    return error


def steady(function):
    """Refuses to change what is being made or changed."""
    cannot = "The operation cannot be performed at this time."
    if function.state == "Pending":
        raise conflict(f"{cannot} The function is currently in the following state: Pending")
    if function.__dict__.get("last_update_status") == "InProgress":
        raise conflict(f"{cannot} An update is in progress for resource: {function.function_arn}")


@around(LambdaBackend)
def update_function_code(inner, self, function_name, qualifier, body):
    function = self.get_function(function_name, qualifier)
    steady(function)
    answer = inner(self, function_name, qualifier, body)
    if body.get("Architectures"):
        function.architectures = body["Architectures"]
    states.pass_through(self, function, *CHANGING)
    return {**answer, **function.get_configuration()}


@around(LambdaBackend)
def update_function_configuration(inner, self, function_name, qualifier, body):
    function = self.get_function(function_name, qualifier)
    steady(function)
    inner(self, function_name, qualifier, body)
    states.pass_through(self, function, *CHANGING)
    return function.get_configuration()


@around(LambdaBackend)
def put_function_concurrency(inner, self, function_name, reserved_concurrency):
    steady(self.get_function(function_name))
    return inner(self, function_name, reserved_concurrency)


@around(LambdaFunction)
def get_code(inner, self):
    """Zero is a number as well."""
    answer = inner(self)
    if self.reserved_concurrency is not None:
        answer["Concurrency"] = {"ReservedConcurrentExecutions": self.reserved_concurrency}
    return answer


@functools.cache
def runtimes():
    return set(botocore.session.get_session().get_service_model("lambda").shape_for("Runtime").enum)


@around(LambdaBackend)
def create_function(inner, self, spec):
    runtime = spec.get("Runtime")
    if runtime and runtime not in runtimes():
        raise InvalidParameterValueException(
            f"Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set"
        )
    made = inner(self, spec)
    function = self.get_function(spec["FunctionName"])
    function.logging = made.logging = spec.get("LoggingConfig")
    function.dead_letter = made.dead_letter = spec.get("DeadLetterConfig")
    states.pass_through(self, function, *MAKING)
    made.state = function.state
    return made


@around(LambdaFunction)
def get_configuration(inner, self, *args, **kwargs):
    group = f"/aws/lambda/{self.function_name}"
    logging = {"LogFormat": "Text", "LogGroup": group, **(getattr(self, "logging", None) or {})}
    if logging["LogFormat"] == "JSON":
        logging = {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO", **logging}
    config = {**inner(self, *args, **kwargs), "LoggingConfig": logging}
    if "LastUpdateStatus" in config:
        config["LastUpdateStatus"] = self.__dict__.get("last_update_status", "Successful")
    if (self.__dict__.get("dead_letter") or {}).get("TargetArn"):
        config["DeadLetterConfig"] = self.dead_letter
    return {name: value for name, value in config.items() if value not in (None, "")}


@around(LambdaFunction)
def update_configuration(inner, self, config_updates):
    if config_updates.get("LoggingConfig"):
        self.logging = config_updates["LoggingConfig"]
    if "DeadLetterConfig" in config_updates:
        self.dead_letter = config_updates["DeadLetterConfig"]
    if "KMSKeyArn" in config_updates:
        self.kms_key_arn = config_updates["KMSKeyArn"]
    if config_updates.get("TracingConfig"):
        self.tracing_config = config_updates["TracingConfig"]
    if config_updates.get("EphemeralStorage"):
        self.ephemeral_storage = config_updates["EphemeralStorage"]["Size"]
    return inner(self, config_updates)


paged(LambdaResponse, "list_functions", "Functions", ("MaxItems", "Marker", "NextMarker", 50))
