//! Clusters as AWS lists them: `DescribeDBClusters`.

use aws_sdk_docdb::types::DbCluster;

use super::{Cluster, Log, Outputs, StorageType};
use crate::aws::{Absent, Aws, Error, Result, all_pages};
use crate::kind::{Auto, Live, Ref, Scope, Tags};
use crate::kinds::docdb::{client, tags_of};
use crate::kinds::rds::shared::deletion::Ending;
use crate::kinds::rds::shared::state::{is_stopped, status};
use crate::kinds::rds::shared::version::Version;

/// What AWS calls DocumentDB among the engines of RDS.
pub(super) const ENGINE: &str = "docdb";

/// The scope's clusters. The list shows those of other engines too, such as Aurora's.
pub(super) async fn clusters(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Cluster>>> {
    let all = client(aws).describe_db_clusters().into_paginator().items().send();
    let mut found = Vec::new();
    for cluster in all_pages(all).await? {
        let outputs = outputs(&cluster)?;
        if cluster.engine() != Some(ENGINE) {
            continue;
        }
        let (arn, name) = (&outputs.arn, &outputs.name);
        if let Some(tags) = scope.tags_if_wanted(arn, name, tags_of(aws, arn)).await? {
            found.push(read(&cluster, outputs, tags));
        }
    }
    Ok(found)
}

/// The cluster of that name, if there is one.
pub(in crate::kinds::docdb) async fn one(aws: &Aws, name: &str) -> Result<Option<DbCluster>> {
    let answer = client(aws).describe_db_clusters().db_cluster_identifier(name).send().await;
    let answer = answer.map_err(Error::from).absent()?;
    Ok(answer.and_then(|answer| answer.db_clusters.unwrap_or_default().into_iter().next()))
}

pub(super) fn outputs(cluster: &DbCluster) -> Result<Outputs> {
    let text =
        |text: Option<&str>, what| text.map(ToOwned::to_owned).ok_or_else(|| Error::missing(what));
    let secret = cluster.master_user_secret();
    Ok(Outputs {
        name: text(cluster.db_cluster_identifier(), "DBClusterIdentifier")?,
        arn: text(cluster.db_cluster_arn(), "DBClusterArn")?,
        resource_id: text(cluster.db_cluster_resource_id(), "DbClusterResourceId")?,
        endpoint: cluster.endpoint().map(ToOwned::to_owned),
        reader_endpoint: cluster.reader_endpoint().map(ToOwned::to_owned),
        port: cluster.port(),
        master_secret: secret.and_then(|secret| secret.secret_arn()).map(ToOwned::to_owned),
    })
}

fn read(cluster: &DbCluster, outputs: Outputs, tags: Tags) -> Live<Cluster> {
    let secret_key = cluster.master_user_secret().and_then(|secret| secret.kms_key_id());
    let own_group = cluster.db_cluster_parameter_group().filter(|it| !it.starts_with("default."));
    let groups = cluster.vpc_security_groups().iter();
    let logs = cluster.enabled_cloudwatch_logs_exports().iter();
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    Live {
        spec: Cluster {
            name: outputs.name.as_str().into(),
            version: Version::padded(cluster.engine_version().unwrap_or_default()),
            master_user: text(cluster.master_username()).into(),
            master_secret_key: Auto(secret_key.map(Ref::from)).into(),
            subnet_group: Ref::from(text(cluster.db_subnet_group())).into(),
            security_groups: groups
                .filter_map(|group| group.vpc_security_group_id())
                .map(Ref::from)
                .collect(),
            port: cluster.port().unwrap_or_default(),
            parameter_group: own_group.map(Ref::from),
            encrypted: cluster.storage_encrypted().unwrap_or_default().into(),
            kms_key: Auto(cluster.kms_key_id().map(Ref::from)).into(),
            // AWS says nothing of the standard.
            storage_type: match cluster.storage_type() {
                Some("iopt1") => StorageType::Iopt1,
                _ => StorageType::Standard,
            },
            backup_days: cluster.backup_retention_period().unwrap_or_default(),
            backup_window: Auto(cluster.preferred_backup_window().map(ToOwned::to_owned)),
            maintenance_window: Auto(cluster.preferred_maintenance_window().map(ToOwned::to_owned)),
            log_exports: logs
                .filter_map(|log| match log.as_str() {
                    "audit" => Some(Log::Audit),
                    "profiler" => Some(Log::Profiler),
                    _ => None,
                })
                .collect(),
            deletion_protection: cluster.deletion_protection().unwrap_or_default(),
            final_snapshot: Ending::of(&tags).final_snapshot,
            stopped: is_stopped(cluster.status()),
        },
        status: status(cluster.status()),
        outputs,
        tags,
    }
}
