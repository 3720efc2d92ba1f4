//! Changes of a cluster: `ModifyDBCluster`, `StartDBCluster`, `StopDBCluster`.

use aws_sdk_docdb::types::CloudwatchLogsExportConfiguration;
use futures::FutureExt;

use super::{Cluster, Log, StorageType, one};
use crate::aws::{Aws, Class, Error, Result};
use crate::kind::{Live, to_word};
use crate::kinds::docdb::{client, tag};
use crate::kinds::rds::shared::deletion::Ending;
use crate::kinds::rds::shared::state::{change, in_time, is_stopped, unless_there};

/// Brings a cluster to `now`: it is started if it has to be, changed, and stopped if it is to be.
pub(super) async fn to(aws: &Aws, was: &Live<Cluster>, now: &Cluster) -> Result<()> {
    let name = was.outputs.name.as_str();
    let (was_ending, ending) = (of(&was.spec), of(now));
    if was_ending != ending {
        let (set, remove) = ending.change();
        tag(aws, &was.outputs.arn, &set, &remove).await?;
    }
    let same =
        Cluster { final_snapshot: now.final_snapshot, stopped: now.stopped, ..was.spec.clone() };
    let changes = to_json(&same) != to_json(now);
    let modify = async {
        in_time(|| modify(aws, &was.spec, now, name)).await?;
        in_time(|| applied(aws, now, name)).await
    };
    let modify = changes.then(|| modify.boxed());
    let stopped = (was.spec.stopped, now.stopped);
    change(stopped, modify, || start(aws, name), || stop(aws, name)).await
}

fn of(cluster: &Cluster) -> Ending {
    Ending { final_snapshot: cluster.final_snapshot, keep_backups: false }
}

fn to_json(cluster: &Cluster) -> serde_json::Value {
    serde_json::to_value(cluster).unwrap_or_default()
}

async fn modify(aws: &Aws, was: &Cluster, now: &Cluster, name: &str) -> Result<()> {
    let modify = client(aws).modify_db_cluster().db_cluster_identifier(name);
    let logs = (was.log_exports != now.log_exports).then(|| {
        CloudwatchLogsExportConfiguration::builder()
            .set_enable_log_types(logs(now.log_exports.minus(&was.log_exports)))
            .set_disable_log_types(logs(was.log_exports.minus(&now.log_exports)))
            .build()
    });
    let upgrade = was.version != now.version;
    let group =
        (upgrade || was.parameter_group != now.parameter_group).then(|| parameter_group(now));
    modify
        .apply_immediately(true)
        .set_engine_version(upgrade.then(|| now.version.to_string()))
        .set_allow_major_version_upgrade(upgrade.then_some(true))
        .set_db_cluster_parameter_group_name(group)
        .set_vpc_security_group_ids(
            (was.security_groups != now.security_groups).then(|| group_ids(now)),
        )
        .set_port((was.port != now.port).then_some(now.port))
        .set_storage_type((was.storage_type != now.storage_type).then(|| word(now.storage_type)))
        .set_backup_retention_period(
            (was.backup_days != now.backup_days).then_some(now.backup_days),
        )
        .set_preferred_backup_window(
            now.backup_window.0.clone().filter(|_| was.backup_window != now.backup_window),
        )
        .set_preferred_maintenance_window(
            now.maintenance_window
                .0
                .clone()
                .filter(|_| was.maintenance_window != now.maintenance_window),
        )
        .set_cloudwatch_logs_export_configuration(logs)
        .set_deletion_protection(
            (was.deletion_protection != now.deletion_protection).then_some(now.deletion_protection),
        )
        .send()
        .await?;
    Ok(())
}

/// Whether what takes its time is done: right after the call, the cluster still looks as it was.
async fn applied(aws: &Aws, now: &Cluster, name: &str) -> Result<()> {
    let cluster = one(aws, name).await?.ok_or_else(|| Error::missing("cluster just changed"))?;
    let version = cluster.engine_version().is_some_and(|version| now.version.is(version));
    if version && cluster.port() == Some(now.port) {
        return Ok(());
    }
    let state = cluster.status().unwrap_or("modifying");
    Err(Error::new(Class::Busy, "Modifying", format!("{name} is {state}")))
}

async fn start(aws: &Aws, name: &str) -> Result<()> {
    let start = client(aws).start_db_cluster().db_cluster_identifier(name).send().await;
    unless_there(start.map(drop).map_err(Error::from), async { Ok(!stopped(aws, name).await?) })
        .await
}

async fn stop(aws: &Aws, name: &str) -> Result<()> {
    let stop = client(aws).stop_db_cluster().db_cluster_identifier(name).send().await;
    unless_there(stop.map(drop).map_err(Error::from), stopped(aws, name)).await
}

/// Whether it is stopped, or is being stopped.
async fn stopped(aws: &Aws, name: &str) -> Result<bool> {
    let cluster = one(aws, name).await?.ok_or_else(|| Error::missing("cluster to be changed"))?;
    Ok(is_stopped(cluster.status()))
}

/// The wanted parameter group, or AWS's own for the version.
fn parameter_group(cluster: &Cluster) -> String {
    let own = || format!("default.docdb{}", cluster.version.family(2));
    cluster.parameter_group.as_ref().map_or_else(own, ToString::to_string)
}

pub(super) fn group_ids(cluster: &Cluster) -> Vec<String> {
    cluster.security_groups.iter().map(ToString::to_string).collect()
}

pub(super) fn word(storage: StorageType) -> String {
    to_word(&storage)
}

/// `None` for no logs.
pub(super) fn logs<'a>(logs: impl Iterator<Item = &'a Log>) -> Option<Vec<String>> {
    let words: Vec<String> = logs.map(to_word).collect();
    (!words.is_empty()).then_some(words)
}
