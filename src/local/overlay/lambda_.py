"""Lambda: statements with one id, runtimes that exist, where a function logs, and pages of functions."""

import functools

import botocore.session
from moto.awslambda.exceptions import InvalidParameterValueException, LambdaClientError
from moto.awslambda.models import LambdaBackend, LambdaFunction
from moto.awslambda.policy import Policy
from moto.awslambda.responses import LambdaResponse

from paging import paged
from patch import around


@around(Policy)
def add_statement(inner, self, raw, qualifier=None):
    before = {each.get("Sid") for each in self.statements}
    statement, revision = inner(self, raw, qualifier)
    if statement["Sid"] in before:
        self.statements.pop()
        error = LambdaClientError(
            "ResourceConflictException",
            f"The statement id ({statement['Sid']}) provided already exists. Please provide a new statement id, or "
            "remove the existing statement.",
        )
        error.code = 409
        raise error
    return statement, revision


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
    self.get_function(spec["FunctionName"]).logging = made.logging = spec.get("LoggingConfig")
    return made


@around(LambdaFunction)
def get_configuration(inner, self, *args, **kwargs):
    group = f"/aws/lambda/{self.function_name}"
    logging = {"LogFormat": "Text", "LogGroup": group, **(getattr(self, "logging", None) or {})}
    return {**inner(self, *args, **kwargs), "LoggingConfig": logging}


@around(LambdaFunction)
def update_configuration(inner, self, config_updates):
    if config_updates.get("LoggingConfig"):
        self.logging = config_updates["LoggingConfig"]
    return inner(self, config_updates)


paged(LambdaResponse, "list_functions", "Functions", ("MaxItems", "Marker", "NextMarker", 50))
