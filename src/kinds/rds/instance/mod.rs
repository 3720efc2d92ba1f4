//! `rds.instance`: `CreateDBInstance`, `ModifyDBInstance`, `StopDBInstance`.

mod change;
mod end;
mod list;
mod storage;

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shared::deletion;
use super::shared::state::{TIMEOUT, once_it_runs, settled};
use super::{ParameterGroup, SubnetGroup, tag};
use crate::aws::{Aws, Result};
use crate::kind::charge::{HOURS, RESERVED};
use crate::kind::field::{Id, NameOutput};
use crate::kind::{
    Arn, Auto, Charge, Charges, Holding, Immutable, Kind, Live, Look, Name, Problem, Ref, Scope,
    Set, Status, Tags, UsageName, default, to_word,
};
use crate::kinds::ec2::SecurityGroup;
use crate::kinds::iam::Role;
use crate::kinds::kms::Key;
use storage::{Storage, StorageType};

/// A database: `mysql`, `postgres` or `mariadb`. AWS makes the password of its master user and keeps
/// it in Secrets Manager: see `master_secret`. Every change is made at once, not in the maintenance
/// window.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Instance {
    /// The database's name in AWS, in small letters.
    #[schemars(regex(pattern = r"^[a-z](-?[a-z0-9])*$"))]
    name: Name<63>,
    /// The engine: `mysql`, `postgres` or `mariadb`.
    engine: Immutable<Engine>,
    /// The engine's version. `8.4` stands for any `8.4.x`, and `17` for any `17.x`: that the database
    /// then has the newest of them is no difference. A newer one upgrades the database in place, with
    /// an outage; there is no way back.
    #[schemars(regex(pattern = r"^[0-9]+(\.[0-9]+)*$"))]
    version: String,
    /// How much processor and memory it has: `db.t4g.micro`, `db.m7g.large`. A change is an outage.
    #[schemars(regex(pattern = r"^db\."))]
    class: String,
    /// Its disk.
    storage: Storage,
    /// Whether there is a copy in a second zone that takes over when the first one fails.
    #[serde(default)]
    multi_az: bool,
    /// The zone that it stands in, such as `eu-west-3a`, for one without a copy; AWS chooses one of the
    /// subnet group's when left out.
    #[serde(default)]
    zone: Immutable<Auto<String>>,
    /// A database to make in it, to begin with.
    #[serde(default)]
    #[schemars(regex(pattern = r"^[a-zA-Z][a-zA-Z0-9_]{0,62}$"))]
    database: Immutable<Auto<String>>,
    /// The name of the master user, which cannot be changed.
    #[schemars(regex(pattern = r"^[a-zA-Z][a-zA-Z0-9_]{0,15}$"))]
    master_user: Immutable<String>,
    /// The key that encrypts the secret with the master user's password; Secrets Manager's own when
    /// left out.
    #[serde(default)]
    master_secret_key: Immutable<Auto<Ref<Key, Arn>>>,
    /// The subnets that it stands in. AWS moves a database to those of another network only.
    subnet_group: Ref<SubnetGroup, NameOutput>,
    /// The security groups that say who reaches it.
    #[schemars(length(min = 1))]
    security_groups: Set<Ref<SecurityGroup, Id>>,
    /// The port that it listens on; the engine's own when left out. A change restarts it.
    #[serde(default)]
    #[schemars(range(min = 1150, max = 65535))]
    port: Auto<i32>,
    /// Whether it has an address in the internet.
    #[serde(default)]
    publicly_accessible: bool,
    /// The parameters of its engine; AWS's defaults when left out. It has to be restarted, by hand,
    /// before those of another group take effect.
    parameter_group: Option<Ref<ParameterGroup, NameOutput>>,
    /// The name of its option group; AWS's default when left out.
    option_group: Option<String>,
    /// Whether the storage and the backups are encrypted.
    #[serde(default = "yes")]
    encrypted: Immutable<bool>,
    /// The key that encrypts them; RDS's own when left out.
    #[serde(default)]
    kms_key: Immutable<Auto<Ref<Key, Arn>>>,
    /// Days, up to 35, for which the database as it was at any second can be had back; 0 makes no
    /// backups.
    #[serde(default = "default::int::<7>")]
    #[schemars(range(min = 0, max = 35))]
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
    /// Whether AWS upgrades it to newer minor versions by itself.
    #[serde(default = "default::yes")]
    minor_upgrades: bool,
    /// Logs that go to CloudWatch Logs, into `/aws/rds/instance/<name>/<log>`: `error`, `general`,
    /// `slowquery`, `audit` for `mysql` and `mariadb`, `postgresql` and `upgrade` for `postgres`.
    #[serde(default)]
    log_exports: Set<String>,
    /// Days for which AWS keeps what queries waited for: 7, 31 times a number of months, or 731; 0
    /// keeps nothing.
    #[serde(default)]
    #[schemars(range(min = 0, max = 731))]
    performance_insights_days: i32,
    /// The key that encrypts that; RDS's own when left out.
    #[serde(default)]
    performance_insights_key: Immutable<Auto<Ref<Key, Arn>>>,
    /// Seconds between measurements of the operating system; 0 makes none.
    #[serde(default)]
    #[schemars(extend("enum" = [0, 1, 5, 10, 15, 30, 60]))]
    monitoring_seconds: i32,
    /// The role with which RDS writes the measurements: it trusts `monitoring.rds.amazonaws.com`.
    monitoring_role: Option<Ref<Role, Arn>>,
    /// Whether database users can be IAM users and roles.
    #[serde(default)]
    iam_authentication: bool,
    /// The authority that signs its certificate: `rds-ca-rsa2048-g1`. A change may restart it.
    #[serde(default)]
    certificate_authority: Auto<String>,
    /// Whether AWS refuses to delete the database, until this is taken away again or a run overrides
    /// protection.
    #[serde(default)]
    deletion_protection: bool,
    /// Whether a snapshot is made before the database is deleted. It stays, and costs, until somebody
    /// deletes it.
    #[serde(default = "default::yes")]
    final_snapshot: bool,
    /// Whether the backups that AWS made by itself stay until their days are over when the database
    /// is deleted.
    #[serde(default)]
    keep_backups: bool,
    /// Whether it is stopped: then only the storage and backups cost. AWS starts a database again
    /// after seven days; it then shows as a difference, and the next run stops it. A stopped database
    /// is started for other changes, as AWS takes none of it before. A new one runs: the run after the
    /// one that makes it stops it.
    #[serde(default)]
    stopped: bool,
}

/// The engine of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    Mysql,
    Postgres,
    Mariadb,
}

/// What AWS decides about a database.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The database's name in AWS.
    name: String,
    /// The database's ARN.
    arn: String,
    /// What AWS calls this very database, `db-…`: another one of the same name has another.
    resource_id: String,
    /// The version that it has, with all of its parts.
    version: Option<String>,
    /// The host name under which it is reached.
    endpoint: Option<String>,
    /// The port that it listens on.
    port: Option<i32>,
    /// The zone that it stands in.
    zone: Option<String>,
    /// The size of its disk in GiB, which may have grown by itself.
    storage_gb: Option<i32>,
    /// The ARN of the secret with the master user's name and password. AWS changes the password
    /// every seven days.
    master_secret: Option<String>,
}

fn yes() -> Immutable<bool> {
    true.into()
}

impl Kind for Instance {
    const NAME: &'static str = "rds.instance";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = Some("rds:db:");
    const TIMEOUT: Duration = TIMEOUT;
    // A new role is not known everywhere at once.
    const EVENTUAL: &'static [(&'static str, &'static str)] =
        &[("InvalidParameterValue", "IAM role ARN value is invalid")];
    const DATA: bool = true;
    const PROTECTION: &'static [(&'static str, &'static str)] =
        &[("deletion_protection", "false"), ("stopped", "false")];
    const ASLEEP: &'static [(&'static str, &'static str)] = &[("stopped", "true")];
    const USAGE: &'static [UsageName] = &[
        HOURS,
        RESERVED,
        UsageName::new(
            "backup_gb",
            "GB of backups beyond the size of the disk, which are charged.",
        ),
    ];

    fn charges(&self, _look: &Look<'_>) -> Charges {
        let zones = if self.multi_az { "multi" } else { "single" };
        let running = if self.stopped { 0.0 } else { 1.0 };
        let hour = format!("rds.{}.{zones}.hour:{}", to_word(&*self.engine), self.class);
        let mut charges = vec![Charge::hourly("machine", hour, running).reservable()];
        charges.extend(self.storage.charges(zones));
        if self.backup_days > 0 {
            charges.push(Charge::used("backups", "rds.backup.gb", "backup_gb"));
        }
        Charges::Listed(charges)
    }

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        list::instances(aws, scope).await
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        change::create(aws, new, tags).await
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        change::to(aws, was, now).await
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        once_it_runs(|| end::delete(aws, was)).await
    }

    async fn created(aws: &Aws, was: &Live<Self>) -> Result<Option<i64>> {
        let found = list::one(aws, &was.spec.name).await?;
        Ok(found.and_then(|it| it.instance_create_time).map(|time| time.secs()))
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tag(aws, &was.outputs.arn, set, remove).await
    }

    async fn settle(aws: &Aws, known: &mut Outputs) -> Result<Status> {
        let Some(instance) = list::one(aws, &known.name).await? else {
            return Ok(Status::Pending("not visible yet".to_owned()));
        };
        *known = list::outputs(&instance)?;
        Ok(settled(instance.db_instance_status(), list::changes_wait(&instance)))
    }

    async fn gone(aws: &Aws, was: &Live<Self>) -> Result<bool> {
        Ok(list::one(aws, &was.outputs.name).await?.is_none())
    }

    async fn holds(aws: &Aws, was: &Live<Self>) -> Result<Option<Holding>> {
        let backups = end::backups(aws, &was.outputs.name).await?;
        let what = match was.outputs.storage_gb {
            Some(size) => format!("a database on a disk of {size} GiB"),
            None => "a database".to_owned(),
        };
        Ok(Some(deletion::holding(&what, backups, was.spec.final_snapshot)))
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = self.storage.problems();
        let parts = self.version.split('.').count();
        if self.minor_upgrades && parts > self.engine.parts() {
            let family = self.family_version();
            let message =
                format!("AWS upgrades {} to newer minor versions by itself", self.version);
            let help = format!("give `version: \"{family}\"`, or `minor_upgrades: false`");
            problems.push(Problem::at("version", message).help(help));
        }
        if (self.monitoring_seconds > 0) != self.monitoring_role.is_some() {
            let message = "`monitoring_seconds` and `monitoring_role` go together";
            problems.push(Problem::at("monitoring_role", message));
        }
        if self.multi_az && self.zone.is_some() {
            let message = "AWS chooses the zones of a database that has a copy";
            problems.push(Problem::at("zone", message).help("leave `zone` out, or `multi_az`"));
        }
        problems
    }
}

impl Engine {
    /// How many parts of a version name a family, whose members follow one another without a break.
    fn parts(self) -> usize {
        match self {
            Self::Mysql | Self::Mariadb => 2,
            Self::Postgres => 1,
        }
    }
}

impl Instance {
    /// The parts of the version that name its family.
    fn family_version(&self) -> String {
        let parts: Vec<&str> = self.version.split('.').take(self.engine.parts()).collect();
        parts.join(".")
    }
}
