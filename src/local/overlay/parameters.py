"""EC2: what is looked at in every request: `DryRun`, and the names of filters."""

import functools
import html
import re

import botocore.session

import calls

NAMED = re.compile(r"<li>\s*<p>\s*<code>([^<]+)</code>")
FILTER = re.compile(r"^Filter\.\d+\.Name$")
TAG = re.compile(r"^tag(:|$)|^tag-(key|value)$")


def layer(call, inner):
    if call.service != "ec2":
        return inner(call)
    known = None
    for field, name in call.form.items():
        if FILTER.match(field) and not TAG.match(name):
            known = known or filters(call.operation)
            if known and not any(pattern.match(name) for pattern in known):
                message = f"The filter '{name}' is invalid"
                return calls.refusal(call, "400 Bad Request", "InvalidParameterValue", message)
    if call.form.get("DryRun", "").lower() == "true":
        message = "Request would have succeeded, but DryRun flag is set."
        return calls.refusal(call, "412 Precondition Failed", "DryRunOperation", message)
    return inner(call)


@functools.cache
def filters(operation):
    """The filters that AWS documents for an operation: none where it names none. `tag:<key>` has a variable part."""
    model = botocore.session.get_session().get_service_model("ec2")
    if operation not in model.operation_names:
        return ()
    members = model.operation_model(operation).input_shape.members
    shape = members.get("Filters") or members.get("Filter")
    if shape is None:
        return ()
    names = (html.unescape(name).strip() for name in NAMED.findall(shape.documentation))
    # moto's own tests and old clients use both spellings of what AWS has renamed.
    return tuple(re.compile(re.sub(r"<[^>]*>|\\<[^>]*\\>", ".+", re.escape(name)) + "$") for name in names)
