//! A cluster as Atlas's JSON has it.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Cluster, ComputeScaling, Outputs};
use crate::kind::{Auto, Live, Ref, Status, Tags};
use crate::kinds::atlas::api::tags::{Tag, from_atlas};
use crate::kinds::atlas::{backup_schedule, from_region, to_region};

/// What the provider of shared machines is called.
const SHARED: &str = "TENANT";
const FREE: &str = "M0";

/// `ClusterDescription20240805`, as far as it is read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shown {
    id: String,
    pub name: String,
    group_id: String,
    #[serde(default)]
    replication_specs: Vec<Replication>,
    #[serde(rename = "mongoDBMajorVersion")]
    major_version: Option<String>,
    #[serde(default)]
    backup_enabled: bool,
    #[serde(default)]
    pit_enabled: bool,
    #[serde(default)]
    termination_protection_enabled: bool,
    #[serde(default)]
    paused: bool,
    state_name: String,
    #[serde(default)]
    connection_strings: Strings,
    #[serde(default)]
    pub tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Replication {
    #[serde(default)]
    region_configs: Vec<RegionConfig>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RegionConfig {
    region_name: Option<String>,
    #[serde(default)]
    electable_specs: Hardware,
    #[serde(default)]
    auto_scaling: Scaling,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Hardware {
    instance_size: Option<String>,
    node_count: Option<i64>,
    #[serde(rename = "diskSizeGB")]
    disk_size: Option<f64>,
}

#[derive(Default, Deserialize)]
struct Scaling {
    #[serde(default)]
    compute: Compute,
    #[serde(rename = "diskGB", default)]
    disk: Enabled,
}

#[derive(Default, Deserialize)]
struct Enabled {
    enabled: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Compute {
    enabled: Option<bool>,
    scale_down_enabled: Option<bool>,
    min_instance_size: Option<String>,
    max_instance_size: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Strings {
    standard: Option<String>,
    standard_srv: Option<String>,
    private: Option<String>,
    private_srv: Option<String>,
}

impl Shown {
    fn config(&self) -> Option<&RegionConfig> {
        self.replication_specs.first()?.region_configs.first()
    }

    /// AWS's name of the region.
    pub fn region(&self) -> Option<String> {
        self.config()?.region_name.as_deref().map(from_region)
    }

    /// Without the one that says whose the schedule is.
    pub fn tags(&self) -> Tags {
        let mut tags = from_atlas(&self.tags);
        tags.remove(backup_schedule::MARKER);
        tags
    }

    pub fn status(&self) -> Status {
        match self.state_name.as_str() {
            "DELETING" => Status::Deleting,
            // A cluster that heals itself is used meanwhile.
            "IDLE" | "REPAIRING" => Status::Usable,
            state => Status::Pending(state.to_owned()),
        }
    }

    pub fn outputs(&self) -> Outputs {
        let Strings { standard, standard_srv, private, private_srv } = &self.connection_strings;
        Outputs {
            id: self.id.clone(),
            name: self.name.clone(),
            project: self.group_id.clone(),
            srv: standard_srv.clone(),
            standard: standard.clone(),
            private_srv: private_srv.clone(),
            private: private.clone(),
        }
    }

    pub fn live(self) -> Live<Cluster> {
        let config = self.config();
        let hardware = config.map(|config| &config.electable_specs);
        let tier = hardware.and_then(|hardware| hardware.instance_size.clone());
        let is_free = tier.as_deref() == Some(FREE);
        let scaling = config.map(|config| &config.auto_scaling);
        let compute = scaling.map(|scaling| &scaling.compute);
        // Disks are whole gigabytes, those of a free cluster are not for us to choose.
        #[allow(clippy::cast_possible_truncation)]
        let disk = hardware.and_then(|hardware| hardware.disk_size).map(|size| size as i64);
        Live {
            spec: Cluster {
                project: Ref::from(self.group_id.as_str()).into(),
                name: self.name.as_str().into(),
                nodes: hardware.and_then(|hardware| hardware.node_count).unwrap_or(3),
                disk_gb: Auto(disk.filter(|_| !is_free)),
                // A free cluster has none to scale: as good as the default.
                disk_scaling: is_free
                    || scaling.is_some_and(|scaling| scaling.disk.enabled.unwrap_or_default()),
                compute_scaling: compute.filter(|compute| compute.enabled == Some(true)).and_then(
                    |compute| {
                        let falls = compute.scale_down_enabled.unwrap_or_default();
                        let min = compute.min_instance_size.clone().filter(|_| falls);
                        Some(ComputeScaling { min, max: compute.max_instance_size.clone()? })
                    },
                ),
                tier: Auto(tier),
                version: Auto(self.major_version.clone()),
                backup: self.backup_enabled,
                point_in_time: self.pit_enabled,
                termination_protection: self.termination_protection_enabled,
                paused: self.paused,
            },
            tags: self.tags(),
            status: self.status(),
            outputs: self.outputs(),
        }
    }
}

impl Cluster {
    pub(super) fn is_free(&self) -> bool {
        self.tier.as_deref() == Some(FREE)
    }

    /// The machines. Where the file does not say which, they stay as they are.
    pub(super) fn replication(&self, region: &str, was: Option<&Self>) -> Value {
        let region = to_region(region);
        if self.is_free() {
            return json!({ "regionConfigs": [{
                "providerName": SHARED,
                "backingProviderName": "AWS",
                "regionName": region,
                "priority": 7,
                "electableSpecs": { "instanceSize": FREE },
            }] });
        }
        let scaling = self.compute_scaling.as_ref();
        let begins = || scaling.map(|scaling| scaling.min.clone().unwrap_or(scaling.max.clone()));
        let tier = self.tier.0.clone().or_else(|| was?.tier.0.clone()).or_else(begins);
        let mut hardware = json!({ "instanceSize": tier, "nodeCount": self.nodes });
        if let Some(size) = self.disk_gb.or_else(|| was?.disk_gb.0) {
            hardware["diskSizeGB"] = size.into();
        }
        let mut compute = json!({ "enabled": scaling.is_some() });
        if let Some(ComputeScaling { min, max }) = scaling {
            compute["maxInstanceSize"] = max.as_str().into();
            compute["scaleDownEnabled"] = min.is_some().into();
            if let Some(min) = min {
                compute["minInstanceSize"] = min.as_str().into();
            }
        }
        json!({ "regionConfigs": [{
            "providerName": "AWS",
            "regionName": region,
            "priority": 7,
            "electableSpecs": hardware,
            "autoScaling": { "compute": compute, "diskGB": { "enabled": self.disk_scaling } },
        }] })
    }

    /// What `updateCluster` is told, beside `paused`.
    pub(super) fn changes(&self, was: &Self, region: &str) -> Value {
        let mut body = json!({});
        let tier = self.tier.is_some() && self.tier != was.tier;
        let disk = self.disk_gb.is_some() && self.disk_gb != was.disk_gb;
        let scaling =
            self.disk_scaling != was.disk_scaling || self.compute_scaling != was.compute_scaling;
        if tier || disk || scaling || self.nodes != was.nodes {
            body["replicationSpecs"] = json!([self.replication(region, Some(was))]);
        }
        if let Some(version) = self.version.as_ref().filter(|_| self.version != was.version) {
            body["mongoDBMajorVersion"] = version.as_str().into();
        }
        for (name, now, was) in [
            ("backupEnabled", self.backup, was.backup),
            ("pitEnabled", self.point_in_time, was.point_in_time),
            (
                "terminationProtectionEnabled",
                self.termination_protection,
                was.termination_protection,
            ),
        ] {
            if now != was {
                body[name] = now.into();
            }
        }
        body
    }
}
