//! Brings a bucket's settings from what they are to what they shall be.

use super::{Bucket, lifecycle, policy, replication, settings};
use crate::aws::{Aws, Result};

/// Sets what a new bucket does not have by itself.
pub(super) async fn configure(aws: &Aws, new: &Bucket) -> Result<()> {
    settings::put_public_access_block(aws, new).await?;
    settings::put_encryption(aws, new).await?;
    if new.versioning {
        settings::put_versioning(aws, new).await?;
    }
    if !new.lifecycle_rules.is_empty() {
        lifecycle::put(aws, new).await?;
    }
    if new.tls_only || new.policy.is_some() {
        policy::put(aws, new).await?;
    }
    if new.replication.is_some() {
        replication::put(aws, new).await?;
    }
    Ok(())
}

/// Changes what differs.
pub(super) async fn bring(aws: &Aws, was: &Bucket, now: &Bucket) -> Result<()> {
    let is_replication_new = was.replication != now.replication;
    if is_replication_new && now.replication.is_none() {
        // Versioning cannot stop before replication has.
        replication::put(aws, now).await?;
    }
    if was.versioning != now.versioning {
        settings::put_versioning(aws, now).await?;
    }
    if was.encryption != now.encryption {
        settings::put_encryption(aws, now).await?;
    }
    if was.public_access_block != now.public_access_block {
        settings::put_public_access_block(aws, now).await?;
    }
    if was.object_ownership != now.object_ownership {
        settings::put_ownership(aws, now).await?;
    }
    if was.lifecycle_rules != now.lifecycle_rules {
        lifecycle::put(aws, now).await?;
    }
    if was.tls_only != now.tls_only || was.policy != now.policy {
        policy::put(aws, now).await?;
    }
    if is_replication_new && now.replication.is_some() {
        replication::put(aws, now).await?;
    }
    Ok(())
}
