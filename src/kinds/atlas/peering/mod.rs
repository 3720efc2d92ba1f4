//! `atlas.peering`: `createPeeringContainer`, `createPeeringConnection`, `AcceptVpcPeeringConnection`.

mod steps;

use std::time::Duration;

use aws_sdk_ec2::types::{VpcPeeringConnection, VpcPeeringConnectionStateReasonCode as State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::steps::{accept, ask, connection, find};
use super::api::{part, read};
use super::{Project, api, check_project, rows};
use crate::aws::{Aws, Result, all_pages, eventually};
use crate::kind::field::Id;
use crate::kind::{Cidr, Immutable, Kind, Live, Problem, Ref, Scope, Status, Tags};
use crate::kinds::ec2::{self, Vpc};

/// A connection between a network of yours and the one that Atlas keeps for the clusters of a
/// project in the region. Routes to `atlas_cidr` belong into the route tables of the network, with
/// `peering: ${…}`; Atlas sees to those on its side. The project's `access_list` has to let the
/// network in.
///
/// It is made before the project's clusters: once there is one, Atlas's range is fixed. Its tags are
/// those of the connection on AWS, which is accepted by the same account.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Peering {
    /// The project, which has to be one of this stack.
    project: Immutable<Ref<Project, Id>>,
    /// The network.
    vpc: Immutable<Ref<Vpc, Id>>,
    /// The network's range, or the part of it that Atlas is to reach.
    vpc_cidr: Immutable<Cidr>,
    /// The range of Atlas's network in the region, from /21 to /24, private, and apart from that of
    /// the network.
    atlas_cidr: Immutable<Cidr>,
}

/// What AWS and Atlas decide about a connection.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// AWS's id of the connection, `pcx-…`, for routes.
    id: String,
    /// The connection's ARN.
    arn: String,
    /// Atlas's id of the connection, 24 hexadecimal digits.
    atlas_id: String,
    /// The project's id.
    project: String,
}

/// AWS does not know at once of a connection that Atlas has asked for.
const NOT_YET: &[(&str, &str)] = &[("InvalidVpcPeeringConnectionID.NotFound", "")];

/// `AwsNetworkPeeringConnectionSettings`, as far as it is read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    id: String,
    vpc_id: String,
    connection_id: Option<String>,
    route_table_cidr_block: String,
    status_name: String,
    error_state_name: Option<String>,
}

impl Shown {
    fn is_there(&self) -> bool {
        !matches!(self.status_name.as_str(), "TERMINATING" | "FAILED" | "DELETED")
    }
}

impl Kind for Peering {
    const NAME: &'static str = "atlas.peering";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = Some("ec2:vpc-peering-connection/");
    const CLAIMS: &'static [&'static str] = &["project", "vpc"];
    const TIMEOUT: Duration = Duration::from_mins(20);
    const EVENTUAL: &'static [(&'static str, &'static str)] = NOT_YET;
    const FREE: bool = true;

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        let connections = ec2::client(aws)
            .describe_vpc_peering_connections()
            .set_filters(Some(ec2::owned(scope)))
            .into_paginator()
            .items()
            .send();
        let connections: Vec<_> = all_pages(connections)
            .await?
            .into_iter()
            .filter(|one| is_there(one) && scope.owns(&ec2::tags(one.tags())))
            .collect();
        if connections.is_empty() {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        for (group, row) in rows(aws, scope, "ListPeeringConnections", "peers").await? {
            let peer: Shown = read("a peering connection", row)?;
            let id = peer.connection_id.as_deref();
            let mut same = connections.iter().filter(|_| peer.is_there());
            if let Some(connection) = same.find(|it| it.vpc_peering_connection_id() == id) {
                found.push(live(aws, &group.id, &peer, connection));
            }
        }
        Ok(found)
    }

    /// Every step looks first whether it was done: a network is connected to a project once.
    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let api = api(aws).await?;
        let peer = match find(&api, new).await? {
            Some(peer) => peer,
            None => ask(aws, &api, new).await?,
        };
        let (id, atlas_id) = (connection(&api, &new.project, &peer.id).await?, peer.id);
        eventually(NOT_YET, || async { ec2::tag(aws, &id, tags, &[]).await }).await?;
        accept(aws, &id).await?;
        Ok(outputs(aws, id, atlas_id, &new.project))
    }

    async fn update(_: &Aws, _: &Live<Self>, _: &Self) -> Result<()> {
        Ok(())
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        api(aws).await?.delete("DeletePeeringConnection", &path(&was.outputs)).await
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        ec2::tag(aws, &was.outputs.id, set, remove).await
    }

    async fn settle(aws: &Aws, outputs: &mut Outputs) -> Result<Status> {
        let peer: Shown = api(aws).await?.get("GetPeeringConnection", &path(outputs)).await?;
        if peer.status_name == "PENDING_ACCEPTANCE" {
            accept(aws, &outputs.id).await?;
        }
        Ok(status(&peer))
    }

    async fn gone(aws: &Aws, was: &Live<Self>) -> Result<bool> {
        // Not found is gone, which the engine sees to.
        let peer: Shown = api(aws).await?.get("GetPeeringConnection", &path(&was.outputs)).await?;
        Ok(!peer.is_there() && peer.status_name != "TERMINATING")
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems: Vec<Problem> = check_project(&self.project).into_iter().collect();
        let Some(atlas) = self.atlas_cidr.net() else { return problems };
        if !(21..=24).contains(&atlas.prefix_len()) || atlas.addr().is_ipv6() {
            let message = format!("Atlas allows /21 to /24, not /{}", atlas.prefix_len());
            problems.push(Problem::at("atlas_cidr", message));
        }
        if !is_private(atlas.addr()) {
            let help = "it is part of 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16";
            problems.push(Problem::at("atlas_cidr", "the range is not private").help(help));
        }
        if let Some(vpc) = self.vpc_cidr.net()
            && (vpc.contains(&atlas) || atlas.contains(&vpc))
        {
            let message =
                "it overlaps with the network's own range, so that no route could tell them apart";
            problems.push(Problem::at("atlas_cidr", message));
        }
        problems
    }
}

fn is_private(address: std::net::IpAddr) -> bool {
    matches!(address, std::net::IpAddr::V4(address) if address.is_private())
}

fn outputs(aws: &Aws, id: String, atlas_id: String, project: &str) -> Outputs {
    let arn = aws.arn("ec2", &format!("vpc-peering-connection/{id}"));
    Outputs { id, arn, atlas_id, project: project.to_owned() }
}

fn path(outputs: &Outputs) -> String {
    format!("/groups/{}/peers/{}", part(&outputs.project), part(&outputs.atlas_id))
}

fn state(connection: &VpcPeeringConnection) -> Option<&State> {
    connection.status()?.code()
}

fn is_there(connection: &VpcPeeringConnection) -> bool {
    matches!(
        state(connection),
        Some(
            State::InitiatingRequest
                | State::PendingAcceptance
                | State::Provisioning
                | State::Active
        )
    )
}

fn status(peer: &Shown) -> Status {
    match peer.status_name.as_str() {
        "AVAILABLE" => Status::Usable,
        "FAILED" => Status::Failed(peer.error_state_name.clone().unwrap_or_default()),
        "TERMINATING" => Status::Deleting,
        state => Status::Pending(state.to_owned()),
    }
}

fn live(
    aws: &Aws,
    project: &str,
    peer: &Shown,
    connection: &VpcPeeringConnection,
) -> Live<Peering> {
    let id = connection.vpc_peering_connection_id().unwrap_or_default().to_owned();
    let range = connection.requester_vpc_info().and_then(|atlas| atlas.cidr_block());
    Live {
        spec: Peering {
            project: Ref::from(project).into(),
            vpc: Ref::from(peer.vpc_id.as_str()).into(),
            vpc_cidr: Cidr::from(peer.route_table_cidr_block.as_str()).into(),
            atlas_cidr: Cidr::from(range.unwrap_or_default()).into(),
        },
        outputs: outputs(aws, id, peer.id.clone(), project),
        tags: ec2::tags(connection.tags()),
        status: status(peer),
    }
}
