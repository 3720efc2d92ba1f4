"""MongoDB Atlas: its networks (containers), and their connections to networks of the account on the local AWS, where they
appear and wait to be accepted."""

import ipaddress
import re
import time
import types

from moto.ec2.models import ec2_backends
from moto.ec2.models.vpc_peering_connections import VPCPeeringConnection
from moto.ec2.utils import random_vpc_peering_connection_id

from atlas import Refused, new_id, route
from atlas_projects import find
from own import phase

# The account in which Atlas has its networks.
ATLAS = "999999999999"
PRIVATE = [ipaddress.ip_network(each) for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]


class Peer:
    def __init__(self, project, container, body):
        self.id, self.container, self.body = new_id(), container, body
        self.account, self.region = body["awsAccountId"], body["accepterRegionName"]
        self.since = time.monotonic()
        self.connection, self.ending = None, None
        self.accepted = None

    def look(self):
        """Goes on: a connection is asked for a step after the peer is, and follows what the other side does."""
        if self.ending is None and self.connection is None and phase(self.since, ["INITIATING", "ASKED"]) == "ASKED":
            self.connection = ask(self)

    @property
    def state(self):
        self.look()
        if self.ending is not None:
            return phase(self.ending, ["TERMINATING", "GONE"])
        if self.connection is None:
            return "INITIATING"
        code = self.connection._status.code
        if code == "active":
            self.accepted = self.accepted or time.monotonic()
            return phase(self.accepted, ["FINALIZING", "AVAILABLE"])
        return "PENDING_ACCEPTANCE" if code == "pending-acceptance" else "FAILED"

    def shown(self):
        state = self.state
        return {
            **self.body,
            "id": self.id,
            "providerName": "AWS",
            "connectionId": self.connection and self.connection.id,
            "statusName": state,
            "errorStateName": "REJECTED" if state == "FAILED" else None,
        }


def ask(peer):
    """The request, as the account that is asked sees it."""
    backend = ec2_backends[peer.account][peer.region]
    network = types.SimpleNamespace(
        id=f"vpc-{peer.container['id'][-17:]}",
        owner_id=ATLAS,
        region=re.sub("_", "-", peer.container["regionName"]).lower(),
        cidr_block=peer.container["atlasCidrBlock"],
        ec2_backend=backend,
    )
    connection = VPCPeeringConnection(
        backend, random_vpc_peering_connection_id(), network, backend.get_vpc(peer.body["vpcId"])
    )
    connection._status.pending()
    backend.vpc_pcxs[connection.id] = connection
    return connection


def peers(project):
    rows = project.all("peering")
    for name, peer in list(rows.items()):
        if peer.state == "GONE":
            if peer.connection:
                peer.connection._status.deleted(ATLAS)
            del rows[name]
    return rows


def one(organization, group, name):
    found = peers(find(organization, group)).get(name)
    if found is None:
        raise Refused(404, "PEER_NOT_FOUND", f"No peer with ID {name} exists in group {group}.", name, group)
    return found


@route("GET", "/groups/{group}/containers", "ListPeeringContainers", gives="AWSCloudProviderContainer")
def list_containers(organization, _, group):
    return list(find(organization, group).all("container").values())


@route(
    "POST",
    "/groups/{group}/containers",
    "CreatePeeringContainer",
    takes="AWSCloudProviderContainer",
    gives="AWSCloudProviderContainer",
    status=201,
)
def create_container(organization, body, group):
    rows = find(organization, group).all("container")
    if body["regionName"] in rows:
        detail = f"A container exists in {body['regionName']}."
        raise Refused(409, "CONTAINERS_IN_USE", detail, body["regionName"])
    block = ipaddress.ip_network(body["atlasCidrBlock"])
    if not 21 <= block.prefixlen <= 24:
        raise Refused(400, "ATLAS_CIDR_BLOCK_WRONG_SIZE", "Atlas CIDR must be between /21 and /24.")
    if not any(block.subnet_of(each) for each in PRIVATE):
        detail = f"Atlas CIDR {block} must be in private range."
        raise Refused(400, "ATLAS_CIDR_BLOCK_NOT_PRIVATE", detail, str(block))
    rows[body["regionName"]] = row = {**body, "id": new_id(), "provisioned": False}
    return row


@route("GET", "/groups/{group}/peers", "ListPeeringConnections", gives="AwsNetworkPeeringConnectionSettings")
def list_peers(organization, _, group):
    return [peer.shown() for peer in peers(find(organization, group)).values()]


@route(
    "POST",
    "/groups/{group}/peers",
    "CreatePeeringConnection",
    takes="AwsNetworkPeeringConnectionSettings",
    gives="AwsNetworkPeeringConnectionSettings",
    status=201,
)
def create_peer(organization, body, group):
    project = find(organization, group)
    containers = {row["id"]: row for row in project.all("container").values()}
    if body["containerId"] not in containers:
        raise Refused(404, "CONTAINER_NOT_FOUND", "No such container exists.", body["containerId"])
    same = ("awsAccountId", "vpcId")
    if any(all(peer.body[key] == body[key] for key in same) for peer in peers(project).values()):
        raise Refused(409, "DUPLICATE_PEER", "A peering connection to this network exists.", body["vpcId"])
    peer = Peer(project, containers[body["containerId"]], body)
    project.all("peering")[peer.id] = peer
    return peer.shown()


@route("GET", "/groups/{group}/peers/{name}", "GetPeeringConnection", gives="AwsNetworkPeeringConnectionSettings")
def get_peer(organization, _, group, name):
    return one(organization, group, name).shown()


@route("DELETE", "/groups/{group}/peers/{name}", "DeletePeeringConnection")
def delete_peer(organization, _, group, name):
    peer = one(organization, group, name)
    if peer.ending is None:
        peer.ending = time.monotonic()
