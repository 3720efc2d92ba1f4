//! `ec2.subnet`: `CreateSubnet`, `ModifySubnetAttribute`.

use std::time::Duration;

use aws_sdk_ec2::types::{AttributeBooleanValue, ResourceType, Subnet as AwsSubnet};
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::interfaces::holding;
use super::{NOT_YET, Vpc, client, owned, tag, tagged, tags};
use crate::aws::{Aws, Error, Result, all_pages, eventually};
use crate::kind::field::Id;
use crate::kind::{Blocker, Cidr, Immutable, Kind, Live, Problem, Ref, Scope, Status, Tags};

/// A part of a network, in one availability zone.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subnet {
    /// The network.
    vpc: Immutable<Ref<Vpc, Id>>,
    /// The range of its IPv4 addresses: a part of the network's, from /16 to /28.
    cidr: Immutable<Cidr>,
    /// The availability zone, such as `eu-west-3a`.
    zone: Immutable<String>,
    /// Whether what starts here gets a public address.
    #[serde(default)]
    map_public_ip: bool,
}

/// What AWS decides about a subnet.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The subnet's id, `subnet-…`.
    id: String,
    /// The subnet's ARN.
    arn: String,
}

impl Kind for Subnet {
    const NAME: &'static str = "ec2.subnet";
    type Outputs = Outputs;
    // Interfaces of Lambda functions stay for a while after them.
    const TIMEOUT: Duration = Duration::from_mins(45);
    const ARN: Option<&'static str> = Some("ec2:subnet/");
    const CLAIMS: &'static [&'static str] = &["vpc", "cidr"];
    const EVENTUAL: &'static [(&'static str, &'static str)] = NOT_YET;
    const FREE: bool = true;

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        let subnets = client(aws).describe_subnets().set_filters(Some(owned(scope)));
        let subnets = subnets.into_paginator().items().send();
        let mut subnets = all_pages(subnets).await?;
        subnets.retain(|subnet| !scope.is_anybodys() || subnet.default_for_az() != Some(true));
        subnets.into_iter().map(|subnet| read(aws, subnet)).collect()
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let answer = client(aws)
            .create_subnet()
            .vpc_id(new.vpc.as_str())
            .cidr_block(&**new.cidr)
            .availability_zone(&*new.zone)
            .tag_specifications(tagged(ResourceType::Subnet, tags))
            .send()
            .await?;
        let id = answer.subnet.and_then(|subnet| subnet.subnet_id);
        let id = id.ok_or_else(|| Error::missing("subnetId"))?;
        if new.map_public_ip {
            eventually(NOT_YET, || set_public(aws, &id, true)).await?;
        }
        Ok(outputs(aws, id))
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        if was.spec.map_public_ip != now.map_public_ip {
            set_public(aws, &was.outputs.id, now.map_public_ip).await?;
        }
        Ok(())
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        client(aws).delete_subnet().subnet_id(&was.outputs.id).send().await?;
        Ok(())
    }

    async fn blockers(aws: &Aws, was: &Live<Self>) -> Vec<Blocker> {
        holding(aws, "subnet-id", &was.outputs.id).await
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tag(aws, &was.outputs.id, set, remove).await
    }

    fn check(&self) -> Vec<Problem> {
        super::check_range("cidr", &self.cidr)
    }

    fn check_together(all: &[(&str, &Self)]) -> Vec<(usize, Problem)> {
        let nets = all.iter().enumerate();
        let nets =
            nets.filter_map(|(index, (_, it))| Some((it.vpc.as_str(), it.cidr.net()?, index)));
        let mut nets: Vec<_> = nets.collect();
        nets.sort_unstable();
        // Ranges lie apart or inside each other: in order, what lies inside follows what holds it.
        let mut problems = Vec::new();
        let mut outer: Option<&(&str, IpNet, usize)> = None;
        for inner in &nets {
            match outer {
                Some(outer) if outer.0 == inner.0 && outer.1.contains(&inner.1) => {
                    let (first, second) = (outer.2.min(inner.2), outer.2.max(inner.2));
                    let (mine, theirs) = (all[second].1.cidr.as_str(), all[first].1.cidr.as_str());
                    let message = format!("`{mine}` overlaps `{theirs}` of `{}`", all[first].0);
                    let help = "give each subnet of a network a range of its own";
                    problems.push((second, Problem::at("cidr", message).help(help)));
                }
                _ => outer = Some(inner),
            }
        }
        problems.sort_by_key(|(index, _)| *index);
        problems
    }
}

fn outputs(aws: &Aws, id: String) -> Outputs {
    Outputs { arn: aws.arn("ec2", &format!("subnet/{id}")), id }
}

async fn set_public(aws: &Aws, id: &str, on: bool) -> Result<()> {
    let value = AttributeBooleanValue::builder().value(on).build();
    let modify = client(aws).modify_subnet_attribute().subnet_id(id);
    modify.map_public_ip_on_launch(value).send().await?;
    Ok(())
}

fn read(aws: &Aws, subnet: AwsSubnet) -> Result<Live<Subnet>> {
    Ok(Live {
        tags: tags(subnet.tags()),
        spec: Subnet {
            vpc: Ref::new(subnet.vpc_id.unwrap_or_default()).into(),
            cidr: Cidr::from(subnet.cidr_block.as_deref().unwrap_or_default()).into(),
            zone: subnet.availability_zone.unwrap_or_default().into(),
            map_public_ip: subnet.map_public_ip_on_launch.unwrap_or_default(),
        },
        outputs: outputs(aws, subnet.subnet_id.ok_or_else(|| Error::missing("subnetId"))?),
        status: Status::Usable,
    })
}
