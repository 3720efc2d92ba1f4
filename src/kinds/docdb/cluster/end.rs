//! The end of a cluster: `DeleteDBCluster`.

use super::{Cluster, one};
use crate::aws::{Aws, Class, Error, Result, all_pages};
use crate::kind::Live;
use crate::kinds::docdb::client;
use crate::kinds::rds::shared::deletion::snapshot_name;
use crate::kinds::rds::shared::state::{starting, without_snapshot};

/// Deletes a cluster, with a last snapshot if it is to have one. AWS deletes none that is stopped: it
/// is started, and the error says to call again.
pub(super) async fn delete(aws: &Aws, was: &Live<Cluster>) -> Result<()> {
    let (name, keep) = (&was.outputs.name, was.spec.final_snapshot);
    let deleted = client(aws)
        .delete_db_cluster()
        .db_cluster_identifier(name)
        .skip_final_snapshot(!keep)
        .set_final_db_snapshot_identifier(
            keep.then(|| snapshot_name(name, &was.outputs.resource_id)),
        )
        .send()
        .await;
    match deleted.map_err(Error::from) {
        Err(error) if error.class == Class::Busy => match one(aws, name).await? {
            Some(cluster) if cluster.status() == Some("deleting") => Ok(()),
            Some(cluster) if cluster.status() == Some("stopped") => Err(start(aws, name).await),
            Some(cluster) if keep => Err(without_snapshot(name, cluster.status()).unwrap_or(error)),
            _ => Err(error),
        },
        other => other.map(drop),
    }
}

/// Starts a stopped cluster that something has to wait for; the error to wait with.
pub(in crate::kinds::docdb) async fn start(aws: &Aws, name: &str) -> Error {
    match client(aws).start_db_cluster().db_cluster_identifier(name).send().await {
        Ok(_) => starting(name),
        Err(error) => error.into(),
    }
}

/// How many backups AWS has made of it by itself: they go with it.
pub(super) async fn backups(aws: &Aws, name: &str) -> Result<usize> {
    let backups = client(aws).describe_db_cluster_snapshots().db_cluster_identifier(name);
    let backups = backups.snapshot_type("automated").into_paginator().items().send();
    Ok(all_pages(backups).await?.len())
}
