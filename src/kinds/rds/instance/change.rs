//! A new database, and changes of one: `CreateDBInstance`, `ModifyDBInstance`, `StartDBInstance`,
//! `StopDBInstance`.

use aws_sdk_rds::types::CloudwatchLogsExportConfiguration;
use futures::FutureExt;

use super::{Instance, Outputs, StorageType, list};
use crate::aws::{Aws, Error, Result};
use crate::kind::{Live, Tags, ownership, to_word};
use crate::kinds::rds::shared::deletion::Ending;
use crate::kinds::rds::shared::state::{change, in_time, is_stopped, unless_there};
use crate::kinds::rds::shared::version::is_one_of;
use crate::kinds::rds::{client, list as aws_tags, tag};

pub(super) async fn create(aws: &Aws, new: &Instance, tags: &Tags) -> Result<Outputs> {
    let mut tags = of(new).with(tags);
    tags.extend(wanted(new));
    let (insights, storage) = (new.performance_insights_days, &new.storage);
    let answer = client(aws)
        .create_db_instance()
        .db_instance_identifier(&*new.name)
        .engine(to_word(&new.engine))
        .engine_version(&new.version)
        .db_instance_class(&new.class)
        .allocated_storage(storage.gb())
        .set_max_allocated_storage(storage.max_gb())
        .storage_type(to_word(&storage.kind()))
        .set_iops(storage.iops())
        .set_storage_throughput(storage.throughput())
        .multi_az(new.multi_az)
        .set_availability_zone((**new.zone).clone())
        .set_db_name((**new.database).clone())
        .master_username(&**new.master_user)
        .manage_master_user_password(true)
        .set_master_user_secret_kms_key_id(new.master_secret_key.as_ref().map(ToString::to_string))
        .db_subnet_group_name(new.subnet_group.as_str())
        .set_vpc_security_group_ids(Some(group_ids(new)))
        .set_port(new.port.0)
        .publicly_accessible(new.publicly_accessible)
        .set_db_parameter_group_name(new.parameter_group.as_ref().map(ToString::to_string))
        .set_option_group_name(new.option_group.clone())
        .storage_encrypted(*new.encrypted)
        .set_kms_key_id(new.kms_key.as_ref().map(ToString::to_string))
        .backup_retention_period(new.backup_days)
        .set_preferred_backup_window(new.backup_window.0.clone())
        .set_preferred_maintenance_window(new.maintenance_window.0.clone())
        .auto_minor_version_upgrade(new.minor_upgrades)
        .set_enable_cloudwatch_logs_exports(logs(new.log_exports.iter()))
        .enable_performance_insights(insights > 0)
        .set_performance_insights_retention_period((insights > 0).then_some(insights))
        .set_performance_insights_kms_key_id(
            new.performance_insights_key.as_ref().map(ToString::to_string),
        )
        .monitoring_interval(new.monitoring_seconds)
        .set_monitoring_role_arn(new.monitoring_role.as_ref().map(ToString::to_string))
        .enable_iam_database_authentication(new.iam_authentication)
        .set_ca_certificate_identifier(new.certificate_authority.0.clone())
        .deletion_protection(new.deletion_protection)
        .set_tags(Some(aws_tags(&tags)))
        .send()
        .await?;
    list::outputs(answer.db_instance().ok_or_else(|| Error::missing("DBInstance"))?)
}

/// Brings a database to `now`: it is started if it has to be, changed, and stopped if it is to be.
pub(super) async fn to(aws: &Aws, was: &Live<Instance>, now: &Instance) -> Result<()> {
    let name = was.outputs.name.as_str();
    let (mut set, remove) = of(now).change();
    set.extend(wanted(now));
    let is_new = set.iter().any(|(key, value)| was.tags.get(key) != Some(value));
    if is_new || remove.iter().any(|key| was.tags.contains_key(key)) {
        tag(aws, &was.outputs.arn, &set, &remove).await?;
    }
    let same = Instance {
        final_snapshot: now.final_snapshot,
        keep_backups: now.keep_backups,
        stopped: now.stopped,
        ..was.spec.clone()
    };
    let changes = to_json(&same) != to_json(now);
    let modify = changes.then(|| in_time(|| modify(aws, was, now)).boxed());
    let stopped = (was.spec.stopped, now.stopped);
    change(stopped, modify, || start(aws, name), || stop(aws, name)).await
}

fn of(instance: &Instance) -> Ending {
    Ending { final_snapshot: instance.final_snapshot, keep_backups: instance.keep_backups }
}

/// Tags that remember what the file said, where AWS may show more of it: a whole version, a disk that
/// has grown.
fn wanted(instance: &Instance) -> Tags {
    Tags::from([
        (ownership::ENGINE_VERSION.to_owned(), instance.version.clone()),
        (ownership::STORAGE_GB.to_owned(), instance.storage.gb().to_string()),
    ])
}

fn to_json(instance: &Instance) -> serde_json::Value {
    serde_json::to_value(instance).unwrap_or_default()
}

async fn modify(aws: &Aws, live: &Live<Instance>, now: &Instance) -> Result<()> {
    let (was, outputs) = (&live.spec, &live.outputs);
    let shown = outputs.version.as_deref().unwrap_or_default();
    let version = (!is_one_of(&now.version, shown)).then(|| now.version.clone());
    // A disk that has grown by itself stays as large.
    let size = (was.storage.gb() != now.storage.gb()).then(|| now.storage.gb());
    let size =
        size.filter(|size| now.storage.max_gb().is_none() || outputs.storage_gb < Some(*size));
    // AWS wants size and operations together.
    let disk = size.is_some()
        || was.storage.kind() != now.storage.kind()
        || was.storage.iops() != now.storage.iops()
        || was.storage.throughput() != now.storage.throughput();
    // The speed that a disk of another type had is not the new one's, unless somebody orders it.
    let speed = was.storage.kind() == now.storage.kind()
        || now.storage.kind() != StorageType::Gp3
        || was.storage.iops() != now.storage.iops();
    let whole = size.or(outputs.storage_gb).filter(|_| disk);
    let insights = now.performance_insights_days;
    let insights_change = was.performance_insights_days != insights;
    let logs = (was.log_exports != now.log_exports).then(|| {
        CloudwatchLogsExportConfiguration::builder()
            .set_enable_log_types(logs(now.log_exports.minus(&was.log_exports)))
            .set_disable_log_types(logs(was.log_exports.minus(&now.log_exports)))
            .build()
    });
    let monitoring = was.monitoring_seconds != now.monitoring_seconds
        || was.monitoring_role != now.monitoring_role;
    client(aws)
        .modify_db_instance()
        .db_instance_identifier(&outputs.name)
        .apply_immediately(true)
        .set_allow_major_version_upgrade(version.is_some().then_some(true))
        .set_engine_version(version)
        .set_db_instance_class(changed(&was.class, &now.class))
        .set_allocated_storage(whole)
        .set_max_allocated_storage(
            changed(&was.storage.max_gb(), &now.storage.max_gb()).map(|_| now.storage.limit()),
        )
        .set_storage_type(disk.then(|| to_word(&now.storage.kind())))
        .set_iops(now.storage.iops().filter(|_| disk && speed))
        .set_storage_throughput(now.storage.throughput().filter(|_| disk && speed))
        .set_multi_az(changed(&was.multi_az, &now.multi_az))
        .set_db_subnet_group_name(changed(&*was.subnet_group, &*now.subnet_group))
        .set_vpc_security_group_ids(changed(&group_ids(was), &group_ids(now)))
        .set_db_port_number(changed(&was.port, &now.port).and_then(|port| port.0))
        .set_publicly_accessible(changed(&was.publicly_accessible, &now.publicly_accessible))
        .set_db_parameter_group_name(changed(&parameter_group(was), &parameter_group(now)))
        .set_option_group_name(changed(&option_group(was), &option_group(now)))
        .set_backup_retention_period(changed(&was.backup_days, &now.backup_days))
        .set_preferred_backup_window(
            changed(&was.backup_window, &now.backup_window).and_then(|window| window.0),
        )
        .set_preferred_maintenance_window(
            changed(&was.maintenance_window, &now.maintenance_window).and_then(|window| window.0),
        )
        .set_auto_minor_version_upgrade(changed(&was.minor_upgrades, &now.minor_upgrades))
        .set_cloudwatch_logs_export_configuration(logs)
        .set_enable_performance_insights(insights_change.then_some(insights > 0))
        .set_performance_insights_retention_period(
            (insights_change && insights > 0).then_some(insights),
        )
        .set_monitoring_interval(monitoring.then_some(now.monitoring_seconds))
        .set_monitoring_role_arn(
            now.monitoring_role.as_ref().map(ToString::to_string).filter(|_| monitoring),
        )
        .set_enable_iam_database_authentication(changed(
            &was.iam_authentication,
            &now.iam_authentication,
        ))
        .set_ca_certificate_identifier(
            changed(&was.certificate_authority, &now.certificate_authority).and_then(|it| it.0),
        )
        .set_deletion_protection(changed(&was.deletion_protection, &now.deletion_protection))
        .send()
        .await?;
    Ok(())
}

/// The new value, if it is another.
fn changed<T: Clone + PartialEq>(was: &T, now: &T) -> Option<T> {
    (was != now).then(|| now.clone())
}

async fn start(aws: &Aws, name: &str) -> Result<()> {
    let start = client(aws).start_db_instance().db_instance_identifier(name).send().await;
    unless_there(start.map(drop).map_err(Error::from), async { Ok(!stopped(aws, name).await?) })
        .await
}

async fn stop(aws: &Aws, name: &str) -> Result<()> {
    let stop = client(aws).stop_db_instance().db_instance_identifier(name).send().await;
    unless_there(stop.map(drop).map_err(Error::from), stopped(aws, name)).await
}

/// Whether it is stopped, or is being stopped.
async fn stopped(aws: &Aws, name: &str) -> Result<bool> {
    let found =
        list::one(aws, name).await?.ok_or_else(|| Error::missing("database to be changed"))?;
    Ok(is_stopped(found.db_instance_status()))
}

/// The wanted parameter group, or AWS's own for the version.
fn parameter_group(instance: &Instance) -> String {
    let own = || format!("default.{}{}", to_word(&instance.engine), instance.family_version());
    instance.parameter_group.as_ref().map_or_else(own, ToString::to_string)
}

/// The wanted option group, or AWS's own for the version.
fn option_group(instance: &Instance) -> String {
    let version = instance.family_version().replace('.', "-");
    let own = || format!("default:{}-{version}", to_word(&instance.engine));
    instance.option_group.clone().unwrap_or_else(own)
}

fn group_ids(instance: &Instance) -> Vec<String> {
    instance.security_groups.iter().map(ToString::to_string).collect()
}

/// `None` for no logs.
fn logs<'a>(logs: impl Iterator<Item = &'a String>) -> Option<Vec<String>> {
    let logs: Vec<String> = logs.cloned().collect();
    (!logs.is_empty()).then_some(logs)
}
