//! Copies of a secret: `ReplicateSecretToRegions`, `RemoveRegionsFromReplication`.

use aws_sdk_secretsmanager::types::ReplicaRegionType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::{Aws, Result};
use crate::kind::{Arn, Ref};
use crate::kinds::kms;
use crate::kinds::secretsmanager::client;

/// A copy in another region.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Replica {
    /// The region.
    pub(super) region: String,
    /// The key in that region that encrypts the copy; AWS's own when left out.
    pub(super) kms_key: Option<Ref<kms::Key, Arn>>,
}

pub(super) async fn remove_replicas(
    aws: &Aws,
    secret: &str,
    replicas: impl Iterator<Item = &Replica>,
) -> Result<()> {
    let regions: Vec<String> = replicas.map(|replica| replica.region.clone()).collect();
    if !regions.is_empty() {
        let remove = client(aws).remove_regions_from_replication().secret_id(secret);
        remove.set_remove_replica_regions(Some(regions)).send().await?;
    }
    Ok(())
}

/// `None` for no replicas: AWS refuses an empty list.
pub(super) fn aws_replicas<'a>(
    replicas: impl Iterator<Item = &'a Replica>,
) -> Option<Vec<ReplicaRegionType>> {
    let replicas: Vec<ReplicaRegionType> = replicas
        .map(|replica| {
            ReplicaRegionType::builder()
                .region(&replica.region)
                .set_kms_key_id(replica.kms_key.as_ref().map(ToString::to_string))
                .build()
        })
        .collect();
    (!replicas.is_empty()).then_some(replicas)
}
