//! `atlas.backup_schedule`: `updateBackupSchedule`.

mod wire;

use futures::future::try_join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::wire::{live, shown};
use super::api::part;
use super::marker::{Marker, marked};
use super::{Cluster, Project, api, check_project, rows};
use crate::aws::{Absent, Aws, Error, Result};
use crate::kind::field::{Id, NameOutput};
use crate::kind::{Immutable, Kind, Live, Problem, Ref, Scope, Set, Tags};

/// When Atlas takes snapshots of a cluster, and for how long they and the data of each minute stay.
///
/// Every cluster with backups has a schedule; this takes over the cluster's, and says so in the
/// cluster's tag `infra:schedule`. Deleting it leaves the schedule as it is: snapshots go on.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BackupSchedule {
    /// The project, which has to be one of this stack.
    project: Immutable<Ref<Project, Id>>,
    /// The cluster. It has to have `backup`.
    cluster: Immutable<Ref<Cluster, NameOutput>>,
    /// The hour (UTC) at which snapshots are taken.
    #[serde(default)]
    #[schemars(range(min = 0, max = 23))]
    hour: i64,
    /// The minute of that hour.
    #[serde(default)]
    #[schemars(range(min = 0, max = 59))]
    minute: i64,
    /// For how many days the data of any minute can be restored, where the cluster has
    /// `point_in_time`. No more than hourly snapshots are kept for.
    #[serde(default = "week")]
    #[schemars(range(min = 1, max = 365))]
    restore_days: i64,
    /// Which snapshots are taken. Rarer ones are kept for as long as more frequent ones, or longer.
    #[schemars(length(min = 1))]
    policies: Set<Policy>,
    /// Copies of snapshots in other regions.
    #[serde(default)]
    copies: Set<Copy>,
}

/// Snapshots of one frequency.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// How often.
    every: Frequency,
    /// Hourly: every 1, 2, 4, 6, 8 or 12 hours. Weekly: from 1, Monday, to 7. Monthly: the day from 1
    /// to 28, or 40 for the last. Yearly: the month, on its first day.
    #[serde(default = "one")]
    interval: i64,
    /// For how many `unit`s a snapshot is kept.
    #[schemars(range(min = 1))]
    keep: i64,
    /// What `keep` counts.
    #[serde(default)]
    unit: Unit,
}

/// How often a snapshot is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Frequency {
    Hourly,
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

/// What the time of a snapshot is counted in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    #[default]
    Days,
    Weeks,
    Months,
    Years,
}

/// Copies in another region.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Copy {
    /// The region, as AWS spells it: `eu-central-1`.
    to: String,
    /// Which snapshots are copied.
    #[schemars(length(min = 1))]
    of: Set<Frequency>,
    /// Whether the data of each minute can be restored there as well.
    #[serde(default)]
    point_in_time: bool,
}

/// What Atlas decides about a schedule.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The id of the cluster, 24 hexadecimal digits: a cluster has one schedule.
    id: String,
}

fn week() -> i64 {
    7
}

fn one() -> i64 {
    1
}

/// The cluster's tag that says whose its schedule is.
pub(super) const MARKER: &str = "infra:schedule";

impl Kind for BackupSchedule {
    const NAME: &'static str = "atlas.backup_schedule";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = None;
    const GLOBAL: bool = true;
    const TAGS: bool = false;
    const FREE: bool = true;

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        let clusters = rows(aws, scope, "ListClusters", "clusters").await?;
        let found = clusters.iter().filter_map(|(group, row)| {
            let tags = marked(&group.tags(), row, MARKER)
                .or_else(|| scope.is_anybodys().then(Tags::new))?;
            let name = row["name"].as_str()?;
            Some(async move {
                let shown = shown(&*api(aws).await?, &group.id, name).await.absent()?;
                shown.map(|shown| live(&group.id, name, tags, &shown)).transpose()
            })
        });
        Ok(try_join_all(found).await?.into_iter().flatten().collect())
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let api = api(aws).await?;
        let cluster = new.marker().set(&api, tags, &[]).await?;
        new.put(&api, &cluster).await?;
        let id = cluster["id"].as_str().ok_or_else(|| Error::missing("id of the cluster"))?;
        Ok(Outputs { id: id.to_owned() })
    }

    async fn update(aws: &Aws, _: &Live<Self>, now: &Self) -> Result<()> {
        let api = api(aws).await?;
        let cluster: Value = api.get("GetCluster", &now.marker().path).await?;
        now.put(&api, &cluster).await
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        was.spec.marker().clear(&*api(aws).await?).await
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        let mut tags = was.tags.clone();
        tags.extend(set.clone());
        was.spec.marker().set(&*api(aws).await?, &tags, remove).await.map(drop)
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems: Vec<Problem> = check_project(&self.project).into_iter().collect();
        for policy in self.policies.iter() {
            let (allowed, message) = match policy.every {
                Frequency::Hourly => (&[1, 2, 4, 6, 8, 12][..], "1, 2, 4, 6, 8 or 12 hours"),
                Frequency::Daily => (&[1][..], "1"),
                Frequency::Weekly => (&[1, 2, 3, 4, 5, 6, 7][..], "1 to 7, the day"),
                Frequency::Yearly => {
                    (&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12][..], "1 to 12, the month")
                }
                Frequency::Monthly if (1..=28).contains(&policy.interval) => continue,
                Frequency::Monthly => (&[40][..], "1 to 28, the day, or 40 for the last one"),
            };
            if !allowed.contains(&policy.interval) {
                let message = format!("{} is not its `interval`: {message}", policy.interval);
                problems.push(Problem::at("policies", message));
            }
        }
        let hourly = |policy: &&Policy| policy.every == Frequency::Hourly;
        if self.policies.iter().filter(hourly).count() > 1 {
            problems.push(Problem::at("policies", "there is one hourly policy at most"));
        }
        problems
    }
}

impl BackupSchedule {
    fn marker(&self) -> Marker {
        let path = format!("/groups/{}/clusters/{}", part(&self.project), part(&self.cluster));
        Marker { key: MARKER, path, read: "GetCluster", write: "UpdateCluster" }
    }
}
