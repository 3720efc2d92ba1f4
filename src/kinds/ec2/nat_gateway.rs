//! `ec2.nat_gateway`: `CreateNatGateway`.

use aws_sdk_ec2::types::{
    ConnectivityType, NatGateway as AwsNatGateway, NatGatewayAddress, NatGatewayState, ResourceType,
};
use aws_smithy_types::DateTime;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ElasticIp, NOT_YET, Subnet, client, owned, tag, tagged, tags};
use crate::aws::{Absent, Aws, Error, Result, all_pages};
use crate::kind::charge::HOURS;
use crate::kind::field::Id;
use crate::kind::{
    Charge, Charges, Immutable, Kind, Live, Look, Problem, Ref, Scope, Status, Tags, UsageName,
};

/// Lets what has no public address reach the internet, or other networks.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NatGateway {
    /// The subnet that it stands in: one with a route to an internet gateway.
    subnet: Immutable<Ref<Subnet, Id>>,
    /// Whether it leads to the internet or, without an address, to private networks.
    #[serde(default)]
    connectivity: Immutable<Connectivity>,
    /// The address under which the internet sees it.
    elastic_ip: Immutable<Option<Ref<ElasticIp, Id>>>,
}

/// Where a NAT gateway leads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Connectivity {
    #[default]
    Public,
    Private,
}

/// What AWS decides about a NAT gateway.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The gateway's id, `nat-…`.
    id: String,
    /// The gateway's ARN.
    arn: String,
    /// The address under which the internet sees it.
    public_ip: Option<String>,
    /// Its address in the subnet.
    private_ip: Option<String>,
}

impl Kind for NatGateway {
    const NAME: &'static str = "ec2.nat_gateway";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = Some("ec2:natgateway/");
    // A public one fails in a network without an internet gateway.
    const AFTER: &'static [&'static str] = &["ec2.internet_gateway"];
    const CLAIMS: &'static [&'static str] = &["elastic_ip"];
    const EVENTUAL: &'static [(&'static str, &'static str)] = NOT_YET;
    const NIGHT: Option<&'static str> = Some("nat");
    const USAGE: &'static [UsageName] =
        &[HOURS, UsageName::new("gb", "GB a month that go through it.")];

    fn charges(&self, _look: &Look<'_>) -> Charges {
        Charges::Listed(vec![
            Charge::hourly("gateway", "ec2.nat_gateway.hour", 1.0),
            Charge::used("data", "ec2.nat_gateway.gb", "gb"),
        ])
    }

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        let gateways = client(aws).describe_nat_gateways().set_filter(Some(owned(scope)));
        let gateways = gateways.into_paginator().items().send();
        let gateways = all_pages(gateways).await?;
        // AWS shows deleted ones for an hour.
        let is_there = |gateway: &&AwsNatGateway| status(gateway) != Status::Deleting;
        gateways.iter().filter(is_there).map(|gateway| read(aws, gateway)).collect()
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        // The SDK adds a client token: its own retries make one gateway. A token that could come
        // again would bring back a deleted gateway.
        let answer = client(aws)
            .create_nat_gateway()
            .subnet_id(new.subnet.as_str())
            .connectivity_type(match *new.connectivity {
                Connectivity::Public => ConnectivityType::Public,
                Connectivity::Private => ConnectivityType::Private,
            })
            .set_allocation_id(new.elastic_ip.as_ref().map(ToString::to_string))
            .tag_specifications(tagged(ResourceType::Natgateway, tags))
            .send()
            .await?;
        outputs(aws, &answer.nat_gateway.ok_or_else(|| Error::missing("natGateway"))?)
    }

    async fn update(_: &Aws, _: &Live<Self>, _: &Self) -> Result<()> {
        Ok(())
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        client(aws).delete_nat_gateway().nat_gateway_id(&was.outputs.id).send().await?;
        Ok(())
    }

    async fn created(aws: &Aws, was: &Live<Self>) -> Result<Option<i64>> {
        let describe = client(aws).describe_nat_gateways().nat_gateway_ids(&was.outputs.id);
        let answer = describe.send().await?;
        Ok(answer.nat_gateways().first().and_then(|it| it.create_time()).map(DateTime::secs))
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tag(aws, &was.outputs.id, set, remove).await
    }

    async fn settle(aws: &Aws, known: &mut Outputs) -> Result<Status> {
        let Some(gateway) = one(aws, &known.id).await? else {
            return Ok(Status::Pending("not visible yet".to_owned()));
        };
        *known = outputs(aws, &gateway)?;
        Ok(status(&gateway))
    }

    async fn gone(aws: &Aws, was: &Live<Self>) -> Result<bool> {
        let gateway = one(aws, &was.outputs.id).await.absent()?.flatten();
        Ok(gateway.is_none_or(|gateway| {
            matches!(gateway.state(), Some(NatGatewayState::Deleted | NatGatewayState::Failed))
        }))
    }

    fn check(&self) -> Vec<Problem> {
        let problem = match (*self.connectivity, self.elastic_ip.is_some()) {
            (Connectivity::Public, false) => "a NAT gateway to the internet needs an address",
            (Connectivity::Private, true) => "a private NAT gateway has no public address",
            (Connectivity::Public, true) | (Connectivity::Private, false) => return Vec::new(),
        };
        let help = "give `elastic_ip`, or `connectivity: private`; not both";
        vec![Problem::at("elastic_ip", problem).help(help)]
    }
}

async fn one(aws: &Aws, id: &str) -> Result<Option<AwsNatGateway>> {
    let answer = client(aws).describe_nat_gateways().nat_gateway_ids(id).send().await?;
    Ok(answer.nat_gateways.unwrap_or_default().into_iter().next())
}

fn status(gateway: &AwsNatGateway) -> Status {
    match gateway.state() {
        Some(NatGatewayState::Available) => Status::Usable,
        Some(NatGatewayState::Deleted | NatGatewayState::Deleting) => Status::Deleting,
        Some(NatGatewayState::Failed) => {
            let code = gateway.failure_code().unwrap_or("failed");
            let message = gateway.failure_message().unwrap_or("AWS gives no reason");
            Status::Failed(format!("{code}: {message}"))
        }
        state => Status::Pending(state.map_or("pending", NatGatewayState::as_str).to_owned()),
    }
}

/// The address that came with the gateway; somebody may have given it more.
fn address(gateway: &AwsNatGateway) -> Option<&NatGatewayAddress> {
    let addresses = gateway.nat_gateway_addresses();
    addresses.iter().find(|one| one.is_primary() == Some(true)).or(addresses.first())
}

fn outputs(aws: &Aws, gateway: &AwsNatGateway) -> Result<Outputs> {
    let id = gateway.nat_gateway_id().ok_or_else(|| Error::missing("natGatewayId"))?;
    let address = address(gateway);
    Ok(Outputs {
        id: id.to_owned(),
        arn: aws.arn("ec2", &format!("natgateway/{id}")),
        public_ip: address.and_then(|a| a.public_ip()).map(ToOwned::to_owned),
        private_ip: address.and_then(|a| a.private_ip()).map(ToOwned::to_owned),
    })
}

fn read(aws: &Aws, gateway: &AwsNatGateway) -> Result<Live<NatGateway>> {
    let address = address(gateway);
    let connectivity = match gateway.connectivity_type() {
        Some(ConnectivityType::Private) => Connectivity::Private,
        _ => Connectivity::Public,
    };
    Ok(Live {
        spec: NatGateway {
            subnet: Ref::from(gateway.subnet_id().unwrap_or_default()).into(),
            connectivity: connectivity.into(),
            elastic_ip: address.and_then(|a| a.allocation_id()).map(Ref::from).into(),
        },
        outputs: outputs(aws, gateway)?,
        tags: tags(gateway.tags()),
        status: status(gateway),
    })
}
