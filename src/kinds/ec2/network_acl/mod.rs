//! `ec2.network_acl`: `CreateNetworkAcl`, `CreateNetworkAclEntry`, `ReplaceNetworkAclAssociation`.

mod entry;
mod ports;

use std::collections::HashMap;

use aws_sdk_ec2::types::{Filter, NetworkAcl as AwsAcl, NetworkAclAssociation, ResourceType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{NOT_YET, Subnet, Vpc, client, filter, owned, tag, tagged, tags};
use crate::aws::{Absent, Aws, Class, Error, Result, all_pages, eventually};
use crate::kind::field::Id;
use crate::kind::{Immutable, Kind, Live, Problem, Ref, Scope, Set, Status, Tags, is_unknown};
use entry::Entry;

/// What may enter and leave subnets, packet by packet: answers have to be let through as well. What no
/// entry lets through is blocked. Security groups come beside it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NetworkAcl {
    /// The network.
    vpc: Immutable<Ref<Vpc, Id>>,
    /// What may enter the subnets.
    #[serde(default)]
    ingress: Set<Entry>,
    /// What may leave the subnets.
    #[serde(default)]
    egress: Set<Entry>,
    /// The subnets. A subnet has one list: without another, the network's default one, to which it goes
    /// back.
    #[serde(default)]
    subnets: Set<Ref<Subnet, Id>>,
}

/// What AWS decides about a network ACL.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The ACL's id, `acl-…`.
    id: String,
    /// The ACL's ARN.
    arn: String,
}

impl Kind for NetworkAcl {
    const NAME: &'static str = "ec2.network_acl";
    const FREE: bool = true;
    type Outputs = Outputs;
    const ARN: Option<&'static str> = Some("ec2:network-acl/");
    const EVENTUAL: &'static [(&'static str, &'static str)] = NOT_YET;

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        let mut acls = describe(aws, owned(scope)).await?;
        acls.retain(|acl| !scope.is_anybodys() || acl.is_default() != Some(true));
        acls.iter().map(|acl| read(aws, acl)).collect()
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        // The SDK adds a client token: its own retries make one ACL.
        let answer = client(aws)
            .create_network_acl()
            .vpc_id(new.vpc.as_str())
            .tag_specifications(tagged(ResourceType::NetworkAcl, tags))
            .send()
            .await?;
        let id = answer.network_acl.and_then(|acl| acl.network_acl_id);
        let id = id.ok_or_else(|| Error::missing("networkAclId"))?;
        eventually(NOT_YET, || bring(aws, &id, new)).await?;
        Ok(outputs(aws, id))
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        bring(aws, &was.outputs.id, now).await
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        let acl = one(aws, &was.outputs.id).await?;
        let held: Vec<&NetworkAclAssociation> = acl.associations().iter().collect();
        give_back(aws, &was.spec.vpc, &held).await?;
        client(aws).delete_network_acl().network_acl_id(&was.outputs.id).send().await?;
        Ok(())
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tag(aws, &was.outputs.id, set, remove).await
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = entry::check("ingress", &self.ingress);
        problems.extend(entry::check("egress", &self.egress));
        problems
    }

    fn check_together(all: &[(&str, &Self)]) -> Vec<(usize, Problem)> {
        let mut problems = Vec::new();
        let mut seen: HashMap<&str, &str> = HashMap::new();
        for (index, (address, acl)) in all.iter().enumerate() {
            for subnet in acl.subnets.iter().map(|subnet| subnet.as_str()) {
                if let Some(other) = seen.insert(subnet, address) {
                    let named = if is_unknown(subnet) { "this subnet" } else { subnet };
                    let text = format!("`{other}` has {named} too: a subnet has one ACL");
                    problems.push((index, Problem::at("subnets", text)));
                }
            }
        }
        problems
    }
}

fn outputs(aws: &Aws, id: String) -> Outputs {
    Outputs { arn: aws.arn("ec2", &format!("network-acl/{id}")), id }
}

async fn describe(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<AwsAcl>> {
    let acls = client(aws).describe_network_acls().set_filters(Some(filters));
    all_pages(acls.into_paginator().items().send()).await
}

async fn one(aws: &Aws, id: &str) -> Result<AwsAcl> {
    let acls = describe(aws, vec![filter("network-acl-id", [id])]).await?;
    acls.into_iter().find(|acl| acl.network_acl_id() == Some(id)).ok_or_else(|| {
        let message = format!("{id} does not exist");
        Error::new(Class::NotFound, "InvalidNetworkAclID.NotFound", message)
    })
}

/// Brings an ACL to `now`, from what it is at this moment.
async fn bring(aws: &Aws, id: &str, now: &NetworkAcl) -> Result<()> {
    let acl = one(aws, id).await?;
    entry::bring(aws, &acl, false, &now.ingress).await?;
    entry::bring(aws, &acl, true, &now.egress).await?;
    let subnet = |held: &NetworkAclAssociation| held.subnet_id().unwrap_or_default().to_owned();
    let had: Vec<String> = acl.associations().iter().map(subnet).collect();
    let new: Vec<&str> = now
        .subnets
        .iter()
        .map(|subnet| subnet.as_str())
        .filter(|subnet| !had.iter().any(|had| had == subnet))
        .collect();
    if !new.is_empty() {
        let others = describe(aws, vec![filter("association.subnet-id", new.clone())]).await?;
        let others = others.iter().flat_map(AwsAcl::associations);
        for held in others.filter(|held| new.contains(&held.subnet_id().unwrap_or_default())) {
            give(aws, held, id).await?;
        }
    }
    let gone: Vec<&NetworkAclAssociation> = acl
        .associations()
        .iter()
        .filter(|held| !now.subnets.iter().any(|wanted| Some(wanted.as_str()) == held.subnet_id()))
        .collect();
    give_back(aws, &now.vpc, &gone).await
}

/// Subnets go back to the default ACL of their network.
async fn give_back(aws: &Aws, vpc: &str, held: &[&NetworkAclAssociation]) -> Result<()> {
    if held.is_empty() {
        return Ok(());
    }
    let filters = vec![filter("vpc-id", [vpc]), filter("default", ["true"])];
    let found = describe(aws, filters).await?;
    let default = found.iter().find(|acl| acl.is_default() == Some(true));
    let default = default.and_then(AwsAcl::network_acl_id);
    let default = default.ok_or_else(|| Error::missing("default network ACL"))?;
    for held in held {
        // A subnet that is gone, or that another list has by now.
        give(aws, held, default).await.absent()?;
    }
    Ok(())
}

async fn give(aws: &Aws, held: &NetworkAclAssociation, acl: &str) -> Result<()> {
    let replace = client(aws).replace_network_acl_association().network_acl_id(acl);
    replace.set_association_id(held.network_acl_association_id.clone()).send().await?;
    Ok(())
}

fn read(aws: &Aws, acl: &AwsAcl) -> Result<Live<NetworkAcl>> {
    let id = acl.network_acl_id().ok_or_else(|| Error::missing("networkAclId"))?;
    let subnets = acl.associations().iter().filter_map(NetworkAclAssociation::subnet_id);
    Ok(Live {
        spec: NetworkAcl {
            vpc: Ref::from(acl.vpc_id().unwrap_or_default()).into(),
            ingress: entry::read(acl, false),
            egress: entry::read(acl, true),
            subnets: subnets.map(Ref::from).collect(),
        },
        outputs: outputs(aws, id.to_owned()),
        tags: tags(acl.tags()),
        status: Status::Usable,
    })
}
