//! `atlas.cluster`: `createCluster`, `updateCluster`.

mod check;
mod wire;

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::wire::Shown;
use super::api::tags::{changed, to_atlas};
use super::{Api, Project, api, part, read, rows};
use crate::aws::{Aws, Class, Error, Result};
use crate::kind::charge::HOURS;
use crate::kind::field::Id;
use crate::kind::{
    Auto, Charge, Charges, Holding, Immutable, Kind, Live, Look, Name, Problem, Ref, Scope, Status,
    Tags, UsageName, default,
};

/// A replica set of MongoDB in Atlas, on AWS machines in the region of the resource.
///
/// A paused cluster costs its disks alone, and cannot be changed: Atlas takes `paused: false` first.
/// It resumes it after 30 days by itself, and pauses none that was resumed within the hour.
///
/// When a cluster with backups is deleted, its snapshots stay in the project until their time is over.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cluster {
    /// The project, which has to be one of this stack.
    project: Immutable<Ref<Project, Id>>,
    /// The cluster's name. Host names begin with its first 23 characters, which no other cluster of
    /// the project may have.
    #[schemars(regex(pattern = "^[a-zA-Z0-9][a-zA-Z0-9-]*$"))]
    name: Name<64>,
    /// The size of the machines: `M0` (free, shared, and never changed), `M10` and up; what is
    /// between them is an `atlas.flex_cluster`. When left out, `compute_scaling` decides between its
    /// limits.
    #[serde(default)]
    #[schemars(regex(
        pattern = "^(M0|M[1-9]0|M1[04]0|M[23]00|R[4568]0|R[2347]00|M[4568]0_NVME|M[24]00_NVME)$"
    ))]
    tier: Auto<String>,
    /// Machines that hold the data and can be elected: 3, 5 or 7.
    #[serde(default = "three")]
    #[schemars(range(min = 3, max = 7))]
    nodes: i64,
    /// Disk of each machine in GB. When left out, it is what Atlas gives to the tier, or has scaled
    /// it to.
    #[serde(default)]
    #[schemars(range(min = 10, max = 4096))]
    disk_gb: Auto<i64>,
    /// Whether disks grow by themselves when they are 90 % full.
    #[serde(default = "default::yes")]
    disk_scaling: bool,
    /// Between which tiers the cluster goes by itself; `tier` is then better left out.
    compute_scaling: Option<ComputeScaling>,
    /// MongoDB's major version, such as `8.0`: Atlas's choice when left out. It goes up by one
    /// version at a time, and not down again.
    #[serde(default)]
    #[schemars(regex(pattern = r"^([7-9]|[1-9]\d)\.\d$"))]
    version: Auto<String>,
    /// Whether Atlas takes snapshots, by the schedule of `atlas.backup_schedule` or its own.
    #[serde(default = "default::yes")]
    backup: bool,
    /// Whether the data of any minute can be restored, as far back as the schedule says. Needs
    /// `backup`.
    #[serde(default)]
    point_in_time: bool,
    /// Whether Atlas refuses to delete the cluster, until this is taken away again or a run overrides
    /// protection.
    #[serde(default = "default::yes")]
    termination_protection: bool,
    /// Whether the cluster stands still. A new one begins awake: the run after the one that makes it
    /// pauses it.
    #[serde(default)]
    paused: bool,
}

/// The tiers between which a cluster goes by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComputeScaling {
    /// The smallest; when left out, the cluster does not get smaller by itself.
    min: Option<String>,
    /// The largest.
    max: String,
}

/// What Atlas decides about a cluster.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The cluster's id, 24 hexadecimal digits.
    id: String,
    /// The cluster's name.
    name: String,
    /// The id of its project.
    project: String,
    /// The connection string `mongodb+srv://…` without user and password, for drivers that look up
    /// the hosts.
    srv: Option<String>,
    /// The connection string `mongodb://…` with all hosts.
    standard: Option<String>,
    /// As `srv`, by way of a peering connection, where the project has custom DNS for it.
    private_srv: Option<String>,
    /// As `standard`, by way of a peering connection, where the project has custom DNS for it.
    private: Option<String>,
}

fn three() -> i64 {
    3
}

impl Kind for Cluster {
    const NAME: &'static str = "atlas.cluster";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = None;
    // The first cluster fixes the range of Atlas's network, which a connection names.
    const AFTER: &'static [&'static str] = &["atlas.peering"];
    const TIMEOUT: Duration = Duration::from_mins(90);
    const DATA: bool = true;
    const PROTECTION: &'static [(&'static str, &'static str)] =
        &[("termination_protection", "false"), ("paused", "false")];
    const ASLEEP: &'static [(&'static str, &'static str)] = &[("paused", "true")];
    const USAGE: &'static [UsageName] =
        &[HOURS, UsageName::new("backup_gb", "GB of snapshots that Atlas keeps.")];

    fn charges(&self, _look: &Look<'_>) -> Charges {
        let Some(tier) = self.tier.as_deref() else {
            return Charges::Listed(vec![Charge::unknown(
                "machines",
                "atlas.hour",
                "Atlas chooses the tier",
            )]);
        };
        if tier == "M0" {
            return Charges::Free;
        }
        let mut charges = Vec::new();
        if self.paused {
            let why = "what Atlas takes for the disks of a paused cluster is not known";
            charges.push(Charge::unknown("disks", "atlas.disk.gb", why));
        } else {
            // The price of a tier is that of three machines.
            let sets = i32::try_from(self.nodes).map_or(1.0, f64::from) / 3.0;
            charges.push(Charge::hourly("machines", format!("atlas.hour:{tier}"), sets));
        }
        if let (Some(_), false) = (*self.disk_gb, self.paused) {
            let why = "how much of the disk comes with the tier is not known";
            charges.push(Charge::unknown("disk beyond the tier's", "atlas.disk.gb", why));
        }
        if self.backup {
            charges.push(Charge::used("snapshots", "atlas.backup.gb", "backup_gb"));
        }
        Charges::Listed(charges)
    }

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        let mut found = Vec::new();
        for (_, row) in rows(aws, scope, "ListClusters", "clusters").await? {
            let cluster: Shown = read("a cluster", row)?;
            if cluster.region().as_deref() == Some(aws.region())
                && scope.wants(&cluster.tags(), &cluster.name)
            {
                found.push(cluster.live());
            }
        }
        Ok(found)
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let mut body = json!({
            "name": *new.name,
            "clusterType": "REPLICASET",
            "replicationSpecs": [new.replication(aws.region(), None)],
            "terminationProtectionEnabled": new.termination_protection,
            "tags": to_atlas(tags),
        });
        if !new.is_free() {
            body["backupEnabled"] = new.backup.into();
            body["pitEnabled"] = new.point_in_time.into();
        }
        if let Some(version) = &*new.version {
            body["mongoDBMajorVersion"] = version.as_str().into();
        }
        // A name is taken once in a project: a second cluster cannot come of it.
        let path = format!("/groups/{}/clusters", part(&new.project));
        let made = api(aws).await?.post("CreateCluster", &path, &body).await?;
        Ok(read::<Shown>("CreateCluster", made)?.outputs())
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        let (api, path) = (api(aws).await?, path(&was.outputs));
        let (was, live) = (&was.spec, was);
        let changes = now.changes(was, aws.region());
        let is_changed = changes.as_object().is_some_and(|changes| !changes.is_empty());
        // Atlas takes `paused` in a call of its own.
        if was.paused && !now.paused {
            api.patch("UpdateCluster", &path, &json!({ "paused": false })).await?;
        }
        if is_changed {
            if was.paused && now.paused {
                let message =
                    "a paused cluster cannot be changed: apply with `paused: false` first";
                return Err(Error::new(Class::Refused, "PausedCluster", message));
            }
            if was.is_free() || now.is_free() {
                let message = "Atlas changes no free cluster, and makes none of another one: make a \
                               second one and take the data over";
                return Err(Error::new(Class::Refused, "FreeCluster", message));
            }
            if was.paused {
                idle(&api, live).await?;
            }
            api.patch("UpdateCluster", &path, &changes).await?;
        }
        if !was.paused && now.paused {
            if is_changed {
                idle(&api, live).await?;
            }
            api.patch("UpdateCluster", &path, &json!({ "paused": true })).await?;
        }
        Ok(())
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        let keep = if was.spec.backup { "?retainBackups=true" } else { "" };
        let path = format!("{}{keep}", path(&was.outputs));
        let deleted = api(aws).await?.delete("DeleteCluster", &path).await;
        deleted.map_err(|mut error| {
            if error.code == "CANNOT_TERMINATE_CLUSTER_WHEN_TERMINATION_PROTECTION_ENABLED" {
                error.message.push_str("; `--override-protection` lifts it");
            }
            error
        })
    }

    /// Atlas takes all tags at once, and none while the cluster is paused.
    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        let (api, path) = (api(aws).await?, path(&was.outputs));
        let now: Shown = api.get("GetCluster", &path).await?;
        let body = json!({ "tags": changed(&now.tags, set, remove) });
        api.patch("UpdateCluster", &path, &body).await.map(drop)
    }

    async fn settle(aws: &Aws, outputs: &mut Outputs) -> Result<Status> {
        let now: Shown = api(aws).await?.get("GetCluster", &path(outputs)).await?;
        *outputs = now.outputs();
        Ok(now.status())
    }

    async fn gone(aws: &Aws, was: &Live<Self>) -> Result<bool> {
        // Not found is gone, which the engine sees to.
        api(aws).await?.get::<Value>("GetCluster", &path(&was.outputs)).await.map(|_| false)
    }

    /// What is in the databases, only the databases tell.
    async fn holds(_: &Aws, was: &Live<Self>) -> Result<Option<Holding>> {
        let stays = if was.spec.backup { ", of which the snapshots stay" } else { "" };
        let what = format!("the databases of {}{stays}", was.outputs.name);
        Ok(Some(Holding { what, needs: std::collections::BTreeSet::new() }))
    }

    fn check(&self) -> Vec<Problem> {
        self.problems()
    }

    fn check_together(all: &[(&str, &Self)]) -> Vec<(usize, Problem)> {
        check::together(all)
    }
}

fn path(outputs: &Outputs) -> String {
    format!("/groups/{}/clusters/{}", part(&outputs.project), part(&outputs.name))
}

/// Waits until Atlas has done what it was told.
async fn idle(api: &Api, cluster: &Live<Cluster>) -> Result<()> {
    const LOOK: Duration = Duration::from_secs(10);
    for look in 0..Cluster::TIMEOUT.as_secs() / LOOK.as_secs() {
        let now: Shown = api.get("GetCluster", &path(&cluster.outputs)).await?;
        if now.status() == Status::Usable {
            return Ok(());
        }
        // The local Atlas is quick.
        tokio::time::sleep(if look < 5 { LOOK / 50 } else { LOOK }).await;
    }
    let message = "the cluster is still being changed";
    Err(Error::new(Class::Busy, "UPDATING", message))
}
