//! Zones as Route 53 lists them: `ListHostedZones`, `GetHostedZone`.

use aws_sdk_route53::types::{HostedZone as AwsZone, HostedZoneConfig, TagResourceType};
use futures::future::try_join_all;

use super::{HostedZone, Network, Outputs, client};
use crate::aws::{Absent, Aws, Error, Result, all_pages};
use crate::kind::{Live, Scope, Status, Tags};
use crate::kinds::route53::domain::normal;
use crate::kinds::route53::owned;

/// All zones of the account.
pub(in crate::kinds::route53) async fn all(aws: &Aws) -> Result<Vec<AwsZone>> {
    all_pages(client(aws).list_hosted_zones().into_paginator().items().send()).await
}

/// The scope's zones: one list, their tags, and a call for each of them, which alone shows its name
/// servers and networks.
pub(super) async fn zones(aws: &Aws, scope: &Scope) -> Result<Vec<Live<HostedZone>>> {
    let listed = all(aws).await?;
    let listed = listed.iter().map(|zone| {
        let id = id(zone).to_owned();
        (id.clone(), arn(&id), zone.caller_reference().to_owned())
    });
    let owned = owned(aws, scope, &TagResourceType::Hostedzone, listed.collect()).await?;
    let found = owned.into_iter().map(|(id, tags)| read(aws, id, tags));
    Ok(try_join_all(found).await?.into_iter().flatten().collect())
}

async fn read(aws: &Aws, id: String, tags: Tags) -> Result<Option<Live<HostedZone>>> {
    let answer = client(aws).get_hosted_zone().id(&id).send().await.map_err(Error::from);
    let Some(answer) = answer.absent()? else { return Ok(None) };
    let networks = answer.vpcs().iter().map(|vpc| Network::read(aws, vpc)).collect();
    let zone = answer.hosted_zone.ok_or_else(|| Error::missing("HostedZone"))?;
    let config = zone.config();
    let comment = config.and_then(HostedZoneConfig::comment).filter(|text| !text.is_empty());
    let servers = answer.delegation_set.map(|set| set.name_servers).unwrap_or_default();
    Ok(Some(Live {
        spec: HostedZone {
            name: zone.name().into(),
            comment: comment.map(ToOwned::to_owned),
            private: config.is_some_and(HostedZoneConfig::private_zone).into(),
            networks,
        },
        outputs: outputs(&zone, servers),
        tags,
        status: Status::Usable,
    }))
}

/// A zone's id without what AWS puts in front of it.
pub(in crate::kinds::route53) fn id(zone: &AwsZone) -> &str {
    zone.id().rsplit('/').next().unwrap_or_default()
}

fn arn(id: &str) -> String {
    format!("arn:aws:route53:::hostedzone/{id}")
}

pub(super) fn outputs(zone: &AwsZone, servers: Vec<String>) -> Outputs {
    let name_servers = servers.iter().map(|server| normal(server)).collect();
    let id = id(zone);
    Outputs { id: id.to_owned(), arn: arn(id), name: normal(zone.name()), name_servers }
}
