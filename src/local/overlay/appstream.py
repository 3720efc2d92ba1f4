"""AppStream 2.0: fleets, stacks, image builders, and which fleet serves which stack."""

import time

from moto.core.utils import utcnow

import cbor
from own import Backend, page, phase, service

# The Rust SDK and boto3 both may speak CBOR to it.
cbor.SERVICES["PhotonAdminProxyService"] = "appstream"


class AppStream(Backend):
    SERVICE_NAMESPACE = "appstream"
    KINDS = {"fleet": "fleets", "stack": "stacks", "image-builder": "builders"}

    def __init__(self, region_name, account_id):
        super().__init__(region_name, account_id)
        # pairs of a fleet's and a stack's name
        self.associations = {}


operation, refusal = service("appstream", AppStream)


def find(rows, name, what):
    row = rows.get(name)
    if row is None or is_gone(row):
        raise refusal("ResourceNotFoundException", f"{what} {name} does not exist.")
    return row


def is_gone(row):
    return bool(row.get("passed")) and phase(*row["passed"]) is None


def create(backend, word, rows, params, *states):
    name = params["Name"]
    if name in rows and not is_gone(rows[name]):
        raise refusal("ResourceAlreadyExistsException", f"The {word} {name} already exists.")
    arn = backend.arn(word, name)
    row = {key: value for key, value in params.items() if key != "Tags"}
    rows[name] = {**row, "Arn": arn, "CreatedTime": utcnow(), "passed": (time.monotonic(), states) if states else None}
    backend.tag_resource(arn, params.get("Tags"))
    return rows[name]


def pass_through(row, *states):
    row["passed"] = (time.monotonic(), states)


def state(row):
    return phase(*row["passed"])


def expect(row, *states):
    if state(row) not in states:
        raise refusal(
            "OperationNotPermittedException", f"{row['Name']} is {state(row)}; it has to be {' or '.join(states)}."
        )


def listed(rows, params, key, show, what):
    for name, row in list(rows.items()):
        if is_gone(row):
            rows.pop(name, None)
    names = params.get("Names")
    found = [find(rows, name, what) for name in names] if names else list(rows.values())
    return page([show(row) for row in found], params, key)


def change(row, params, *kept):
    """What the request names is set; `AttributesToDelete` says what is taken away."""
    row.update({key: value for key, value in params.items() if key not in ("Name", "AttributesToDelete", *kept)})
    for name in params.get("AttributesToDelete") or []:
        for key in [key for key in row if key.upper() == name.replace("_", "").removesuffix("SECURITYGROUPIDS")]:
            row.pop(key)


# Fleets


def fleet(backend, name):
    return find(backend.fleets, name, "Fleet")


def show_fleet(row):
    desired = (row.get("ComputeCapacity") or {}).get("DesiredInstances", 0)
    running = desired if state(row) == "RUNNING" else 0
    return {
        "FleetType": "ON_DEMAND",
        "MaxUserDurationInSeconds": 57600,
        "DisconnectTimeoutInSeconds": 900,
        "IdleDisconnectTimeoutInSeconds": 0,
        "EnableDefaultInternetAccess": False,
        "StreamView": "APP",
        "Platform": "WINDOWS_SERVER_2019",
        "FleetErrors": [],
        **row,
        "State": state(row),
        "ComputeCapacityStatus": {"Desired": desired, "Running": running, "InUse": 0, "Available": running},
    }


@operation
def create_fleet(backend, params):
    if not (params.get("ImageName") or params.get("ImageArn")):
        raise refusal("InvalidParameterCombinationException", "An image has to be given by its name or its ARN.")
    if params.get("FleetType") != "ELASTIC" and not params.get("ComputeCapacity"):
        raise refusal("InvalidParameterCombinationException", "ComputeCapacity is required for this type of fleet.")
    return {"Fleet": show_fleet(create(backend, "fleet", backend.fleets, params, "STOPPED"))}


@operation
def describe_fleets(backend, params):
    return listed(backend.fleets, params, "Fleets", show_fleet, "Fleet")


@operation
def update_fleet(backend, params):
    row = fleet(backend, params["Name"])
    # A running fleet takes these only.
    free = {"Name", "DisplayName", "Description", "ComputeCapacity", "ImageName", "ImageArn", "AttributesToDelete",
            "IdleDisconnectTimeoutInSeconds", "DisconnectTimeoutInSeconds", "MaxUserDurationInSeconds"}  # fmt: skip
    if state(row) != "STOPPED" and set(params) - free:
        raise refusal("ResourceInUseException", f"The fleet {row['Name']} has to be stopped.")
    change(row, params, "DeleteVpcConfig")
    if params.get("DeleteVpcConfig"):
        row.pop("VpcConfig", None)
    return {"Fleet": show_fleet(row)}


@operation
def start_fleet(backend, params):
    row = fleet(backend, params["Name"])
    expect(row, "STOPPED")
    pass_through(row, "STARTING", "RUNNING")


@operation
def stop_fleet(backend, params):
    row = fleet(backend, params["Name"])
    if state(row) in ("RUNNING", "STARTING"):
        pass_through(row, "STOPPING", "STOPPED")


@operation
def delete_fleet(backend, params):
    row = fleet(backend, params["Name"])
    if state(row) != "STOPPED":
        raise refusal("ResourceInUseException", f"The fleet {row['Name']} has to be stopped.")
    if any(pair[0] == row["Name"] for pair in list(backend.associations)):
        raise refusal("ResourceInUseException", f"The fleet {row['Name']} is associated with a stack.")
    forget(backend, backend.fleets, row)


def forget(backend, rows, row):
    backend.tagger.delete_all_tags_for_resource(row["Arn"])
    rows.pop(row["Name"], None)


# Stacks


def stack(backend, name):
    return find(backend.stacks, name, "Stack")


def show_stack(row):
    return {"StackErrors": [], **row}


@operation
def create_stack(backend, params):
    return {"Stack": show_stack(create(backend, "stack", backend.stacks, params))}


@operation
def describe_stacks(backend, params):
    return listed(backend.stacks, params, "Stacks", show_stack, "Stack")


@operation
def update_stack(backend, params):
    row = stack(backend, params["Name"])
    change(row, params, "DeleteStorageConnectors")
    if params.get("DeleteStorageConnectors"):
        row.pop("StorageConnectors", None)
    return {"Stack": show_stack(row)}


@operation
def delete_stack(backend, params):
    row = stack(backend, params["Name"])
    if any(pair[1] == row["Name"] for pair in list(backend.associations)):
        raise refusal("ResourceInUseException", f"The stack {row['Name']} is associated with a fleet.")
    forget(backend, backend.stacks, row)


# Which fleet serves which stack


@operation
def associate_fleet(backend, params):
    pair = (fleet(backend, params["FleetName"])["Name"], stack(backend, params["StackName"])["Name"])
    # A stack has one fleet.
    if any(other[1] == pair[1] and other != pair for other in list(backend.associations)):
        raise refusal("LimitExceededException", f"The stack {pair[1]} has a fleet already.")
    backend.associations[pair] = True


@operation
def disassociate_fleet(backend, params):
    pair = (fleet(backend, params["FleetName"])["Name"], stack(backend, params["StackName"])["Name"])
    if pair not in backend.associations:
        raise refusal("ResourceNotFoundException", "The fleet is not associated with the stack.")
    backend.associations.pop(pair, None)


@operation
def list_associated_fleets(backend, params):
    return page([pair[0] for pair in list(backend.associations) if pair[1] == params["StackName"]], params, "Names")


@operation
def list_associated_stacks(backend, params):
    return page([pair[1] for pair in list(backend.associations) if pair[0] == params["FleetName"]], params, "Names")


# Image builders


def builder(backend, params):
    return find(backend.builders, params["Name"], "Image builder")


def show_builder(row):
    return {
        "EnableDefaultInternetAccess": False,
        "Platform": "WINDOWS_SERVER_2019",
        "ImageBuilderErrors": [],
        **row,
        "State": state(row),
    }


@operation
def create_image_builder(backend, params):
    if not (params.get("ImageName") or params.get("ImageArn")):
        raise refusal("InvalidParameterCombinationException", "An image has to be given by its name or its ARN.")
    row = create(backend, "image-builder", backend.builders, params, "PENDING", "RUNNING")
    return {"ImageBuilder": show_builder(row)}


@operation
def describe_image_builders(backend, params):
    return listed(backend.builders, params, "ImageBuilders", show_builder, "Image builder")


@operation
def start_image_builder(backend, params):
    row = builder(backend, params)
    expect(row, "STOPPED")
    pass_through(row, "PENDING", "RUNNING")
    return {"ImageBuilder": show_builder(row)}


@operation
def stop_image_builder(backend, params):
    row = builder(backend, params)
    expect(row, "RUNNING")
    pass_through(row, "STOPPING", "STOPPED")
    return {"ImageBuilder": show_builder(row)}


@operation
def delete_image_builder(backend, params):
    row = builder(backend, params)
    expect(row, "STOPPED", "RUNNING", "FAILED")
    backend.tagger.delete_all_tags_for_resource(row["Arn"])
    pass_through(row, "DELETING", None)
    shown = {**show_builder(row), "State": "DELETING"}
    return {"ImageBuilder": shown}
