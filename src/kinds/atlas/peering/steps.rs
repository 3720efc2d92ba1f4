//! The steps that connect two networks, each of which may be done already.

use std::time::Duration;

use aws_sdk_ec2::types::VpcPeeringConnectionStateReasonCode as State;
use serde::Deserialize;
use serde_json::json;

use super::{NOT_YET, Peering, Shown, state};
use crate::aws::{Aws, Class, Error, Result, eventually};
use crate::kinds::atlas::api::{Api, part, read};
use crate::kinds::atlas::to_region;
use crate::kinds::ec2;

/// `AWSCloudProviderContainer`, as far as it is read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Container {
    id: String,
    region_name: Option<String>,
    atlas_cidr_block: Option<String>,
}

/// The connection of a network, if Atlas has one.
pub async fn find(api: &Api, peering: &Peering) -> Result<Option<Shown>> {
    let path = format!("/groups/{}/peers", part(&peering.project));
    for row in api.list("ListPeeringConnections", &path).await? {
        let peer: Shown = read("a peering connection", row)?;
        if peer.is_there() && peer.vpc_id == peering.vpc.as_str() {
            return Ok(Some(peer));
        }
    }
    Ok(None)
}

/// Has Atlas ask for a connection.
pub async fn ask(aws: &Aws, api: &Api, peering: &Peering) -> Result<Shown> {
    let body = json!({
        "providerName": "AWS",
        "containerId": container(aws, api, peering).await?,
        "accepterRegionName": aws.region(),
        "awsAccountId": aws.account(),
        "vpcId": peering.vpc.as_str(),
        "routeTableCidrBlock": peering.vpc_cidr.as_str(),
    });
    let path = format!("/groups/{}/peers", part(&peering.project));
    let made = api.post("CreatePeeringConnection", &path, &body).await?;
    read("CreatePeeringConnection", made)
}

/// Atlas's network in the region. There is one in each project.
async fn container(aws: &Aws, api: &Api, peering: &Peering) -> Result<String> {
    let (region, wanted) = (to_region(aws.region()), peering.atlas_cidr.as_str());
    let path = format!("/groups/{}/containers", part(&peering.project));
    for row in api.list("ListPeeringContainers", &format!("{path}?providerName=AWS")).await? {
        let there: Container = read("a network container", row)?;
        if there.region_name.as_deref() != Some(region.as_str()) {
            continue;
        }
        let range = there.atlas_cidr_block.unwrap_or_default();
        if range != wanted {
            let message = format!(
                "Atlas's network in {} has the range {range} already; say `atlas_cidr: {range}`, or \
                 make the connection before the project has clusters",
                aws.region()
            );
            return Err(Error::new(Class::Refused, "OtherAtlasRange", message));
        }
        return Ok(there.id);
    }
    let body = json!({ "providerName": "AWS", "regionName": region, "atlasCidrBlock": wanted });
    let made = api.post("CreatePeeringContainer", &path, &body).await?;
    read::<Container>("CreatePeeringContainer", made).map(|made| made.id)
}

/// AWS's id of a connection, which Atlas does not know at once.
pub async fn connection(api: &Api, project: &str, peer: &str) -> Result<String> {
    const WAITS: [u64; 9] = [100, 250, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000];
    let path = format!("/groups/{}/peers/{}", part(project), part(peer));
    for wait in WAITS {
        let peer: Shown = api.get("GetPeeringConnection", &path).await?;
        if let Some(error) = peer.error_state_name.filter(|_| peer.status_name == "FAILED") {
            let message = format!("Atlas could not ask for the connection: {error}");
            return Err(Error::new(Class::Refused, "PeeringFailed", message));
        }
        if let Some(id) = peer.connection_id {
            return Ok(id);
        }
        tokio::time::sleep(Duration::from_millis(wait)).await;
    }
    Err(Error::new(Class::Busy, "INITIATING", "Atlas has not asked AWS for the connection yet"))
}

/// Accepts a connection that waits for it.
pub async fn accept(aws: &Aws, id: &str) -> Result<()> {
    let call = || async {
        let accept = ec2::client(aws).accept_vpc_peering_connection();
        accept.vpc_peering_connection_id(id).send().await.map_err(Error::from)
    };
    match eventually(NOT_YET, call).await {
        // It was accepted before, and the answer was lost.
        Err(error) if error.code == "InvalidStateTransition" => {
            let describe = ec2::client(aws).describe_vpc_peering_connections();
            let answer = describe.vpc_peering_connection_ids(id).send().await?;
            let is_active = answer
                .vpc_peering_connections()
                .iter()
                .any(|one| state(one) == Some(&State::Active));
            if is_active { Ok(()) } else { Err(error) }
        }
        answer => answer.map(drop),
    }
}
