//! The networks of a private zone: `AssociateVPCWithHostedZone`, `DisassociateVPCFromHostedZone`.

use aws_sdk_route53::types::{Vpc as AwsVpc, VpcRegion};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::client;
use crate::aws::{Absent, Aws, Error, Result};
use crate::kind::field::Id;
use crate::kind::{Ref, Set};
use crate::kinds::ec2::Vpc;

/// A network that a private zone answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// The VPC.
    vpc: Ref<Vpc, Id>,
    /// The VPC's region; the stack's home region when left out.
    region: Option<String>,
}

impl Network {
    /// The network as AWS takes it.
    pub(super) fn vpc(&self, aws: &Aws) -> AwsVpc {
        let region = self.region.as_deref().unwrap_or_else(|| aws.region());
        AwsVpc::builder().vpc_id(self.vpc.as_str()).vpc_region(VpcRegion::from(region)).build()
    }

    /// A network as AWS shows it.
    pub(super) fn read(aws: &Aws, vpc: &AwsVpc) -> Self {
        let region = vpc.vpc_region().map(VpcRegion::as_str).filter(|name| *name != aws.region());
        let vpc = vpc.vpc_id().unwrap_or_default().into();
        Self { vpc, region: region.map(ToOwned::to_owned) }
    }

    pub(super) async fn associate(&self, aws: &Aws, zone: &str) -> Result<()> {
        let associate = client(aws).associate_vpc_with_hosted_zone().hosted_zone_id(zone);
        associate.vpc(self.vpc(aws)).send().await?;
        Ok(())
    }

    async fn disassociate(&self, aws: &Aws, zone: &str) -> Result<()> {
        let end = client(aws).disassociate_vpc_from_hosted_zone().hosted_zone_id(zone);
        let ended = end.vpc(self.vpc(aws)).send().await;
        ended.map(drop).map_err(Error::from).absent().map(drop)
    }
}

/// Brings a zone's networks from `was` to `now`: what is new first, since one has to stay.
pub(super) async fn change(
    aws: &Aws,
    zone: &str,
    was: &Set<Network>,
    now: &Set<Network>,
) -> Result<()> {
    for network in now.minus(was) {
        network.associate(aws, zone).await?;
    }
    for network in was.minus(now) {
        network.disassociate(aws, zone).await?;
    }
    Ok(())
}
