//! The end of a database: `DeleteDBInstance`.

use super::{Instance, list};
use crate::aws::{Aws, Class, Error, Result, all_pages};
use crate::kind::Live;
use crate::kinds::rds::client;
use crate::kinds::rds::shared::deletion::snapshot_name;
use crate::kinds::rds::shared::state::{starting, without_snapshot};

/// Deletes a database, with a last snapshot if it is to have one. When AWS refuses that for one that
/// is stopped, it is started, and the error says to call again.
pub(super) async fn delete(aws: &Aws, was: &Live<Instance>) -> Result<()> {
    let (name, keep) = (&was.outputs.name, was.spec.final_snapshot);
    let deleted = client(aws)
        .delete_db_instance()
        .db_instance_identifier(name)
        .skip_final_snapshot(!keep)
        .set_final_db_snapshot_identifier(
            keep.then(|| snapshot_name(name, &was.outputs.resource_id)),
        )
        .delete_automated_backups(!was.spec.keep_backups)
        .send()
        .await;
    match deleted.map_err(Error::from) {
        Err(error) if error.class == Class::Busy => {
            let instance = list::one(aws, name).await?;
            match instance.as_ref().and_then(|it| it.db_instance_status()) {
                Some("deleting") | None => Ok(()),
                Some("stopped") => {
                    client(aws).start_db_instance().db_instance_identifier(name).send().await?;
                    Err(starting(name))
                }
                state if keep => Err(without_snapshot(name, state).unwrap_or(error)),
                Some(_) => Err(error),
            }
        }
        other => other.map(drop),
    }
}

/// How many backups AWS has made of it by itself.
pub(super) async fn backups(aws: &Aws, name: &str) -> Result<usize> {
    let backups = client(aws).describe_db_snapshots().db_instance_identifier(name);
    let backups = backups.snapshot_type("automated").into_paginator().items().send();
    Ok(all_pages(backups).await?.len())
}
