//! `ec2.elastic_ip`: `AllocateAddress`.

use aws_sdk_ec2::types::{Address, DomainType, ResourceType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::interfaces::holding;
use super::{NOT_YET, client, owned, tag, tagged, tags};
use crate::aws::{Aws, Error, Result};
use crate::kind::charge::HOURS;
use crate::kind::{
    Blocker, Charge, Charges, Immutable, Kind, Live, Look, Scope, Status, Tags, UsageName,
};

/// A public IPv4 address that stays the same.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ElasticIp {
    /// A pool of addresses that you brought to AWS, `ipv4pool-ec2-…`; AWS's own when left out.
    pool: Immutable<Option<String>>,
}

/// What AWS decides about an address.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The id of the allocation, `eipalloc-…`.
    id: String,
    /// The address's ARN.
    arn: String,
    /// The address.
    public_ip: String,
}

impl Kind for ElasticIp {
    const NAME: &'static str = "ec2.elastic_ip";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = Some("ec2:elastic-ip/");
    // While an address is in use, the network's gateway cannot be detached.
    const AFTER: &'static [&'static str] = &["ec2.internet_gateway"];
    const EVENTUAL: &'static [(&'static str, &'static str)] = NOT_YET;
    const USAGE: &'static [UsageName] = &[HOURS];

    fn charges(&self, _look: &Look<'_>) -> Charges {
        // An address of your own costs nothing.
        match &*self.pool {
            Some(_) => Charges::Free,
            None => Charges::Listed(vec![Charge::hourly("address", "ec2.public_ipv4.hour", 1.0)]),
        }
    }

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        let answer = client(aws).describe_addresses().set_filters(Some(owned(scope))).send();
        let addresses = answer.await?.addresses.unwrap_or_default();
        addresses.into_iter().map(|address| read(aws, address)).collect()
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let answer = client(aws)
            .allocate_address()
            .domain(DomainType::Vpc)
            .set_public_ipv4_pool((*new.pool).clone())
            .tag_specifications(tagged(ResourceType::ElasticIp, tags))
            .send()
            .await?;
        outputs(aws, answer.allocation_id, answer.public_ip)
    }

    async fn update(_: &Aws, _: &Live<Self>, _: &Self) -> Result<()> {
        Ok(())
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        client(aws).release_address().allocation_id(&was.outputs.id).send().await?;
        Ok(())
    }

    async fn blockers(aws: &Aws, was: &Live<Self>) -> Vec<Blocker> {
        holding(aws, "association.public-ip", &was.outputs.public_ip).await
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tag(aws, &was.outputs.id, set, remove).await
    }
}

fn outputs(aws: &Aws, id: Option<String>, public_ip: Option<String>) -> Result<Outputs> {
    let id = id.ok_or_else(|| Error::missing("allocationId"))?;
    let public_ip = public_ip.ok_or_else(|| Error::missing("publicIp"))?;
    Ok(Outputs { arn: aws.arn("ec2", &format!("elastic-ip/{id}")), id, public_ip })
}

fn read(aws: &Aws, address: Address) -> Result<Live<ElasticIp>> {
    let pool = address.public_ipv4_pool().filter(|pool| *pool != "amazon");
    Ok(Live {
        spec: ElasticIp { pool: pool.map(ToOwned::to_owned).into() },
        tags: tags(address.tags()),
        outputs: outputs(aws, address.allocation_id, address.public_ip)?,
        status: Status::Usable,
    })
}
