//! `ec2.internet_gateway`: `CreateInternetGateway`, `AttachInternetGateway`.

use aws_sdk_ec2::types::{InternetGateway as AwsInternetGateway, ResourceType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::interfaces::{blockers, interfaces};
use super::{NOT_YET, Vpc, client, filter, owned, tag, tagged, tags};
use crate::aws::{Aws, Error, Result, all_pages, eventually};
use crate::kind::field::Id;
use crate::kind::{Blocker, Kind, Live, Ref, Scope, Status, Tags};

/// A network's way to the internet and back. What uses it has a public address, and a route to it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InternetGateway {
    /// The network that it is attached to. A network has one gateway at most.
    vpc: Option<Ref<Vpc, Id>>,
}

/// What AWS decides about an internet gateway.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The gateway's id, `igw-…`.
    id: String,
    /// The gateway's ARN.
    arn: String,
}

impl Kind for InternetGateway {
    const NAME: &'static str = "ec2.internet_gateway";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = Some("ec2:internet-gateway/");
    const EVENTUAL: &'static [(&'static str, &'static str)] = NOT_YET;
    const FREE: bool = true;

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        let gateways = client(aws).describe_internet_gateways().set_filters(Some(owned(scope)));
        let gateways = gateways.into_paginator().items().send();
        let mut gateways = all_pages(gateways).await?;
        if scope.is_anybodys() {
            // The default network comes with one.
            let default = client(aws).describe_vpcs().filters(filter("is-default", ["true"]));
            let default = default.send().await?.vpcs.unwrap_or_default();
            let is_default = |vpc: Option<&str>| default.iter().any(|one| one.vpc_id() == vpc);
            gateways.retain(|it| !it.attachments().iter().any(|at| is_default(at.vpc_id())));
        }
        gateways.into_iter().map(|gateway| read(aws, gateway)).collect()
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let answer = client(aws)
            .create_internet_gateway()
            .tag_specifications(tagged(ResourceType::InternetGateway, tags))
            .send()
            .await?;
        let id = answer.internet_gateway.and_then(|gateway| gateway.internet_gateway_id);
        let id = id.ok_or_else(|| Error::missing("internetGatewayId"))?;
        if let Some(vpc) = &new.vpc {
            eventually(NOT_YET, || attach(aws, &id, vpc)).await?;
        }
        Ok(outputs(aws, id))
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        if was.spec.vpc != now.vpc {
            detach(aws, was).await?;
            if let Some(vpc) = &now.vpc {
                attach(aws, &was.outputs.id, vpc).await?;
            }
        }
        Ok(())
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        detach(aws, was).await?;
        let delete = client(aws).delete_internet_gateway();
        delete.internet_gateway_id(&was.outputs.id).send().await?;
        Ok(())
    }

    /// The interfaces in its network that have a public address.
    async fn blockers(aws: &Aws, was: &Live<Self>) -> Vec<Blocker> {
        let Some(vpc) = &was.spec.vpc else { return Vec::new() };
        let mut found = interfaces(aws, "vpc-id", vpc).await;
        found.retain(|found| found.association().is_some());
        blockers(aws, &found).await
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tag(aws, &was.outputs.id, set, remove).await
    }
}

fn outputs(aws: &Aws, id: String) -> Outputs {
    Outputs { arn: aws.arn("ec2", &format!("internet-gateway/{id}")), id }
}

async fn attach(aws: &Aws, id: &str, vpc: &str) -> Result<()> {
    client(aws).attach_internet_gateway().internet_gateway_id(id).vpc_id(vpc).send().await?;
    Ok(())
}

/// AWS refuses this as long as public addresses are in use in the network.
async fn detach(aws: &Aws, was: &Live<InternetGateway>) -> Result<()> {
    let Some(vpc) = &was.spec.vpc else { return Ok(()) };
    let detach = client(aws).detach_internet_gateway().internet_gateway_id(&was.outputs.id);
    match detach.vpc_id(vpc.as_str()).send().await.map_err(Error::from) {
        Err(error) if error.code != "Gateway.NotAttached" => Err(error),
        _ => Ok(()),
    }
}

fn read(aws: &Aws, gateway: AwsInternetGateway) -> Result<Live<InternetGateway>> {
    let attachment = gateway.attachments().first();
    Ok(Live {
        spec: InternetGateway { vpc: attachment.and_then(|a| a.vpc_id()).map(Into::into) },
        tags: tags(gateway.tags()),
        outputs: outputs(
            aws,
            gateway.internet_gateway_id.ok_or_else(|| Error::missing("internetGatewayId"))?,
        ),
        status: Status::Usable,
    })
}
