//! Databases as AWS lists them: `DescribeDBInstances`.

use aws_sdk_rds::types::{DbInstance, PendingModifiedValues};

use super::storage::Storage;
use super::{Engine, Instance, Outputs};
use crate::aws::{Absent, Aws, Error, Result, all_pages};
use crate::kind::{Auto, Live, Ref, Scope, Tags, from_word, ownership};
use crate::kinds::rds::client;
use crate::kinds::rds::shared::deletion::Ending;
use crate::kinds::rds::shared::state::{is_stopped, status};
use crate::kinds::rds::shared::version::is_one_of;

/// The scope's databases. The list shows those of other engines and the instances of clusters too.
pub(super) async fn instances(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Instance>>> {
    let all = client(aws).describe_db_instances().into_paginator().items().send();
    let mut found = Vec::new();
    for instance in all_pages(all).await? {
        let engine: Option<Engine> = instance.engine().and_then(|word| from_word(word).ok());
        let Some(engine) = engine.filter(|_| instance.db_cluster_identifier().is_none()) else {
            continue;
        };
        let outputs = outputs(&instance)?;
        let tags = tags_of(&instance);
        if scope.wants(&tags, &outputs.name) {
            found.push(read(&instance, engine, outputs, tags));
        }
    }
    Ok(found)
}

/// The database of that name, if there is one.
pub(super) async fn one(aws: &Aws, name: &str) -> Result<Option<DbInstance>> {
    let answer = client(aws).describe_db_instances().db_instance_identifier(name).send().await;
    let answer = answer.map_err(Error::from).absent()?;
    Ok(answer.and_then(|answer| answer.db_instances.unwrap_or_default().into_iter().next()))
}

/// Whether AWS has changes of it to make.
pub(super) fn changes_wait(instance: &DbInstance) -> bool {
    let none = PendingModifiedValues::builder().build();
    let waits = instance.pending_modified_values().is_some_and(|changes| *changes != none);
    waits && !is_stopped(instance.db_instance_status())
}

fn tags_of(instance: &DbInstance) -> Tags {
    let tags = instance.tag_list().iter();
    tags.filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned()))).collect()
}

pub(super) fn outputs(instance: &DbInstance) -> Result<Outputs> {
    let text =
        |text: Option<&str>, what| text.map(ToOwned::to_owned).ok_or_else(|| Error::missing(what));
    let secret = instance.master_user_secret().and_then(|secret| secret.secret_arn());
    let endpoint = instance.endpoint();
    Ok(Outputs {
        name: text(instance.db_instance_identifier(), "DBInstanceIdentifier")?,
        arn: text(instance.db_instance_arn(), "DBInstanceArn")?,
        resource_id: text(instance.dbi_resource_id(), "DbiResourceId")?,
        version: instance.engine_version().map(ToOwned::to_owned),
        endpoint: endpoint.and_then(|it| it.address()).map(ToOwned::to_owned),
        port: endpoint.and_then(aws_sdk_rds::types::Endpoint::port),
        zone: instance.availability_zone().map(ToOwned::to_owned),
        storage_gb: instance.allocated_storage(),
        master_secret: secret.map(ToOwned::to_owned),
    })
}

fn read(instance: &DbInstance, engine: Engine, outputs: Outputs, tags: Tags) -> Live<Instance> {
    let text = |text: Option<&str>| text.map(ToOwned::to_owned);
    let shown = outputs.version.clone().unwrap_or_default();
    let wanted = tags.get(ownership::ENGINE_VERSION).filter(|wanted| is_one_of(wanted, &shown));
    // Where nobody said a version, one that AWS changes by itself is known by its family alone.
    let moves = instance.auto_minor_version_upgrade().unwrap_or_default();
    let parts = if moves { engine.parts() } else { usize::MAX };
    let shown = shown.split('.').take(parts).collect::<Vec<_>>().join(".");
    let secret_key = instance.master_user_secret().and_then(|secret| secret.kms_key_id());
    let group = instance.db_subnet_group().and_then(|group| group.db_subnet_group_name());
    let parameters = instance.db_parameter_groups().first();
    let parameters = parameters.and_then(|group| group.db_parameter_group_name());
    let options = instance.option_group_memberships().first();
    let options = options.and_then(|group| group.option_group_name());
    let insights = instance.performance_insights_enabled().unwrap_or_default();
    let ending = Ending::of(&tags);
    Live {
        spec: Instance {
            name: outputs.name.as_str().into(),
            engine: engine.into(),
            version: wanted.cloned().unwrap_or(shown),
            class: instance.db_instance_class().unwrap_or_default().to_owned(),
            storage: Storage::read(instance, &tags),
            multi_az: instance.multi_az().unwrap_or_default(),
            zone: Auto(outputs.zone.clone()).into(),
            database: Auto(text(instance.db_name())).into(),
            master_user: instance.master_username().unwrap_or_default().to_owned().into(),
            master_secret_key: Auto(secret_key.map(Ref::from)).into(),
            subnet_group: Ref::from(group.unwrap_or_default()),
            security_groups: instance
                .vpc_security_groups()
                .iter()
                .filter_map(|group| group.vpc_security_group_id())
                .map(Ref::from)
                .collect(),
            port: Auto(outputs.port),
            publicly_accessible: instance.publicly_accessible().unwrap_or_default(),
            parameter_group: parameters.filter(|it| !it.starts_with("default.")).map(Ref::from),
            option_group: text(options.filter(|it| !it.starts_with("default:"))),
            encrypted: instance.storage_encrypted().unwrap_or_default().into(),
            kms_key: Auto(instance.kms_key_id().map(Ref::from)).into(),
            backup_days: instance.backup_retention_period().unwrap_or_default(),
            backup_window: Auto(text(instance.preferred_backup_window())),
            maintenance_window: Auto(text(instance.preferred_maintenance_window())),
            minor_upgrades: instance.auto_minor_version_upgrade().unwrap_or_default(),
            log_exports: instance.enabled_cloudwatch_logs_exports().iter().cloned().collect(),
            performance_insights_days: instance
                .performance_insights_retention_period()
                .filter(|_| insights)
                .unwrap_or_default(),
            performance_insights_key: Auto(
                instance.performance_insights_kms_key_id().map(Ref::from),
            )
            .into(),
            monitoring_seconds: instance.monitoring_interval().unwrap_or_default(),
            monitoring_role: instance.monitoring_role_arn().map(Ref::from),
            iam_authentication: instance.iam_database_authentication_enabled().unwrap_or_default(),
            certificate_authority: Auto(text(instance.ca_certificate_identifier())),
            deletion_protection: instance.deletion_protection().unwrap_or_default(),
            final_snapshot: ending.final_snapshot,
            keep_backups: ending.keep_backups,
            stopped: is_stopped(instance.db_instance_status()),
        },
        status: status(instance.db_instance_status()),
        outputs,
        tags,
    }
}
