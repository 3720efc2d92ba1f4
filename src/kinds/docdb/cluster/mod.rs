//! `docdb.cluster`: `CreateDBCluster`, `ModifyDBCluster`, `StopDBCluster`.

mod change;
mod end;
mod list;

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ParameterGroup, SubnetGroup, client, list as aws_tags, tag};
use crate::aws::{Aws, Error, Result};
use crate::kind::field::{Id, NameOutput};
use crate::kind::{
    Arn, Auto, Charge, Charges, Holding, Immutable, Kind, Live, Look, Name, Ref, Scope, Set,
    Status, Tags, UsageName, default,
};
use crate::kinds::ec2::SecurityGroup;
use crate::kinds::kms::Key;
use crate::kinds::rds::shared::deletion::{self, Ending};
use crate::kinds::rds::shared::state::{TIMEOUT, once_it_runs, settled};
use crate::kinds::rds::shared::version::Version;
pub(super) use end::start;
pub(super) use list::one;

/// A DocumentDB cluster: the storage and the addresses. Instances, `docdb.instance`, serve them.
/// AWS makes the password of its master user and keeps it in Secrets Manager: see `master_secret`.
///
/// Whether clients have to use TLS is a parameter, `tls`, of its parameter group; they do by default.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cluster {
    /// The cluster's name, in small letters.
    #[schemars(regex(pattern = r"^[a-z](-?[a-z0-9])*$"))]
    name: Name<63>,
    /// The engine's version: `5.0` or `5.0.0`. A newer major version upgrades the cluster in place,
    /// with an outage, and there is no way back; its parameter group has to be of the new version.
    version: Version,
    /// The name of the master user, which cannot be changed.
    #[schemars(regex(pattern = r"^[a-zA-Z][a-zA-Z0-9]{0,62}$"))]
    master_user: Immutable<String>,
    /// The key that encrypts the secret with the master user's password; Secrets Manager's own when
    /// left out.
    #[serde(default)]
    master_secret_key: Immutable<Auto<Ref<Key, Arn>>>,
    /// The subnets that it stands in.
    subnet_group: Immutable<Ref<SubnetGroup, NameOutput>>,
    /// The security groups that say who reaches it.
    #[schemars(length(min = 1))]
    security_groups: Set<Ref<SecurityGroup, Id>>,
    /// The port that it listens on.
    #[serde(default = "default::int::<27017>")]
    #[schemars(range(min = 1150, max = 65535))]
    port: i32,
    /// The parameters of its engine; AWS's defaults when left out. Instances have to be restarted, by
    /// hand, before static ones of another group take effect.
    parameter_group: Option<Ref<ParameterGroup, NameOutput>>,
    /// Whether the storage, the backups and the logs are encrypted.
    #[serde(default = "yes")]
    encrypted: Immutable<bool>,
    /// The key that encrypts them; RDS's own when left out.
    #[serde(default)]
    kms_key: Immutable<Auto<Ref<Key, Arn>>>,
    /// `standard`, which bills reads and writes by their number, or `iopt1`, which costs more and
    /// includes them. AWS allows the change to `iopt1` once in 30 days.
    #[serde(default)]
    pub(super) storage_type: StorageType,
    /// Days, from 1 to 35, for which the cluster as it was at any second can be had back.
    #[serde(default = "default::int::<7>")]
    #[schemars(range(min = 1, max = 35))]
    backup_days: i32,
    /// When the daily backup is made, in UTC, for half an hour at least: `02:00-02:30`.
    #[serde(default)]
    #[schemars(regex(pattern = r"^[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]$"))]
    backup_window: Auto<String>,
    /// When AWS may maintain it each week, in UTC, outside of the backup's time:
    /// `sun:03:00-sun:04:00`.
    #[serde(default)]
    #[schemars(regex(
        pattern = r"^(mon|tue|wed|thu|fri|sat|sun):[0-2][0-9]:[0-5][0-9]-(mon|tue|wed|thu|fri|sat|sun):[0-2][0-9]:[0-5][0-9]$"
    ))]
    maintenance_window: Auto<String>,
    /// Logs that go to CloudWatch Logs, into `/aws/docdb/<name>/audit` and `…/profiler`. The parameters
    /// `audit_logs` and `profiler` have to be on as well.
    #[serde(default)]
    log_exports: Set<Log>,
    /// Whether AWS refuses to delete the cluster, until this is taken away again or a run overrides
    /// protection.
    #[serde(default)]
    deletion_protection: bool,
    /// Whether a snapshot is made before the cluster is deleted. It stays, and costs, until somebody
    /// deletes it.
    #[serde(default = "default::yes")]
    final_snapshot: bool,
    /// Whether its instances are stopped: then only the storage and backups cost. AWS starts a cluster
    /// again after seven days; it then shows as a difference, and the next run stops it. A stopped
    /// cluster is started for other changes and for its end, as AWS takes none of it before; its
    /// instances can neither be changed nor get more until it runs. A new cluster runs until it has
    /// instances: the run after the one that makes it stops it.
    #[serde(default)]
    pub(super) stopped: bool,
}

/// How storage is billed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StorageType {
    #[default]
    Standard,
    Iopt1,
}

/// A log that CloudWatch Logs can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Log {
    Audit,
    Profiler,
}

/// What AWS decides about a cluster.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The cluster's name.
    name: String,
    /// The cluster's ARN.
    arn: String,
    /// What AWS calls this very cluster, `cluster-…`: another one of the same name has another.
    resource_id: String,
    /// The host name of the instance that takes writes.
    endpoint: Option<String>,
    /// The host name under which reads go to all instances in turn.
    reader_endpoint: Option<String>,
    /// The port that it listens on.
    port: Option<i32>,
    /// The ARN of the secret with the master user's name and password. AWS changes the password
    /// every seven days.
    master_secret: Option<String>,
}

fn yes() -> Immutable<bool> {
    true.into()
}

impl Kind for Cluster {
    const NAME: &'static str = "docdb.cluster";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = Some("rds:cluster:");
    const TIMEOUT: Duration = TIMEOUT;
    const DATA: bool = true;
    const PROTECTION: &'static [(&'static str, &'static str)] =
        &[("deletion_protection", "false"), ("stopped", "false")];
    const ASLEEP: &'static [(&'static str, &'static str)] = &[("stopped", "true")];
    const USAGE: &'static [UsageName] = &[
        UsageName::new("gb", "GB of data."),
        UsageName::new("requests", "Reads and writes of the disk a month, in millions."),
        UsageName::new("backup_gb", "GB of backups beyond the size of the data."),
    ];

    fn charges(&self, _look: &Look<'_>) -> Charges {
        let mut charges = vec![Charge::used("backups", "docdb.backup.gb", "backup_gb")];
        match self.storage_type {
            StorageType::Standard => {
                charges.push(Charge::used("data", "docdb.storage.gb", "gb"));
                charges.push(Charge::used("reads and writes", "docdb.io", "requests"));
            }
            StorageType::Iopt1 => charges.push(Charge::used("data", "docdb.iopt1.gb", "gb")),
        }
        Charges::Listed(charges)
    }

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        list::clusters(aws, scope).await
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let ending = Ending { final_snapshot: new.final_snapshot, keep_backups: false };
        let answer = client(aws)
            .create_db_cluster()
            .db_cluster_identifier(&*new.name)
            .engine(list::ENGINE)
            .engine_version(&*new.version)
            .master_username(&**new.master_user)
            .manage_master_user_password(true)
            .set_master_user_secret_kms_key_id(
                new.master_secret_key.as_ref().map(ToString::to_string),
            )
            .db_subnet_group_name(new.subnet_group.as_str())
            .set_vpc_security_group_ids(Some(change::group_ids(new)))
            .port(new.port)
            .set_db_cluster_parameter_group_name(
                new.parameter_group.as_ref().map(ToString::to_string),
            )
            .storage_encrypted(*new.encrypted)
            .set_kms_key_id(new.kms_key.as_ref().map(ToString::to_string))
            .storage_type(change::word(new.storage_type))
            .backup_retention_period(new.backup_days)
            .set_preferred_backup_window(new.backup_window.0.clone())
            .set_preferred_maintenance_window(new.maintenance_window.0.clone())
            .set_enable_cloudwatch_logs_exports(change::logs(new.log_exports.iter()))
            .deletion_protection(new.deletion_protection)
            .set_tags(Some(aws_tags(&ending.with(tags))))
            .send()
            .await?;
        list::outputs(answer.db_cluster().ok_or_else(|| Error::missing("DBCluster"))?)
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        change::to(aws, was, now).await
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        once_it_runs(|| end::delete(aws, was)).await
    }

    async fn created(aws: &Aws, was: &Live<Self>) -> Result<Option<i64>> {
        let found = list::one(aws, &was.spec.name).await?;
        Ok(found.and_then(|it| it.cluster_create_time).map(|time| time.secs()))
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tag(aws, &was.outputs.arn, set, remove).await
    }

    async fn settle(aws: &Aws, known: &mut Outputs) -> Result<Status> {
        let Some(cluster) = one(aws, &known.name).await? else {
            return Ok(Status::Pending("not visible yet".to_owned()));
        };
        *known = list::outputs(&cluster)?;
        Ok(settled(cluster.status(), false))
    }

    async fn gone(aws: &Aws, was: &Live<Self>) -> Result<bool> {
        Ok(one(aws, &was.outputs.name).await?.is_none())
    }

    async fn holds(aws: &Aws, was: &Live<Self>) -> Result<Option<Holding>> {
        let backups = end::backups(aws, &was.outputs.name).await?;
        Ok(Some(deletion::holding("a database", backups, was.spec.final_snapshot)))
    }
}
