//! A schedule as Atlas's JSON has it.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{BackupSchedule, Copy, Frequency, Outputs, Policy, week};
use crate::aws::{Class, Error, Result};
use crate::kind::{Live, Ref, Set, Status, Tags, from_word, to_word};
use crate::kinds::atlas::api::{Api, part};
use crate::kinds::atlas::{from_region, to_region};

/// `DiskBackupSnapshotSchedule20240805`, as far as it is read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shown {
    #[serde(default)]
    cluster_id: String,
    reference_hour_of_day: Option<i64>,
    reference_minute_of_hour: Option<i64>,
    restore_window_days: Option<i64>,
    #[serde(default)]
    policies: Vec<ShownPolicy>,
    #[serde(default)]
    copy_settings: Vec<ShownCopy>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ShownPolicy {
    id: Option<String>,
    #[serde(default)]
    policy_items: Vec<ShownItem>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ShownItem {
    frequency_type: String,
    frequency_interval: i64,
    retention_unit: String,
    retention_value: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ShownCopy {
    region_name: Option<String>,
    #[serde(default)]
    frequencies: Vec<String>,
    #[serde(default)]
    should_copy_oplogs: bool,
}

impl BackupSchedule {
    /// Brings the cluster's schedule to this one.
    pub(super) async fn put(&self, api: &Api, cluster: &Value) -> Result<()> {
        let now =
            shown(api, &self.project, &self.cluster).await.map_err(|error| match error.class {
                Class::NotFound => {
                    let message = "the cluster has no backups: say `backup: true` there";
                    Error::new(Class::Refused, "NoBackups", message)
                }
                _ => error,
            })?;
        let items: Vec<Value> = self
            .policies
            .iter()
            .map(|policy| {
                json!({
                    "frequencyType": to_word(&policy.every),
                    "frequencyInterval": policy.interval,
                    "retentionUnit": to_word(&policy.unit),
                    "retentionValue": policy.keep,
                })
            })
            .collect();
        let zone = &cluster["replicationSpecs"][0]["zoneId"];
        let copies: Vec<Value> = self
            .copies
            .iter()
            .map(|copy| {
                let of: Vec<String> = copy.of.iter().map(|of| to_word(of).to_uppercase()).collect();
                json!({
                    "cloudProvider": "AWS",
                    "regionName": to_region(&copy.to),
                    "frequencies": of,
                    "shouldCopyOplogs": copy.point_in_time,
                    "zoneId": zone,
                })
            })
            .collect();
        let id = now.policies.first().and_then(|policy| policy.id.clone());
        let body = json!({
            "referenceHourOfDay": self.hour,
            "referenceMinuteOfHour": self.minute,
            "restoreWindowDays": self.restore_days,
            "policies": [{ "id": id, "policyItems": items }],
            "copySettings": copies,
        });
        let path = path(&self.project, &self.cluster);
        api.patch("UpdateBackupSchedule", &path, &body).await.map(drop)
    }
}

fn path(project: &str, cluster: &str) -> String {
    format!("/groups/{}/clusters/{}/backup/schedule", part(project), part(cluster))
}

/// The schedule of a cluster.
pub async fn shown(api: &Api, project: &str, cluster: &str) -> Result<Shown> {
    api.get("GetBackupSchedule", &path(project, cluster)).await
}

/// What a schedule is to us.
pub fn live(
    project: &str,
    cluster: &str,
    tags: Tags,
    shown: &Shown,
) -> Result<Live<BackupSchedule>> {
    let items = shown.policies.iter().flat_map(|policy| &policy.policy_items);
    let policies = items.map(|item| {
        Ok(Policy {
            every: from_word(&item.frequency_type)?,
            interval: item.frequency_interval,
            keep: item.retention_value,
            unit: from_word(&item.retention_unit)?,
        })
    });
    let copies = shown.copy_settings.iter().map(|copy| {
        let of = copy.frequencies.iter().map(|of| from_word(&of.to_lowercase()));
        Ok(Copy {
            to: from_region(copy.region_name.as_deref().unwrap_or_default()),
            of: Set::new(of.collect::<Result<Vec<Frequency>>>()?),
            point_in_time: copy.should_copy_oplogs,
        })
    });
    Ok(Live {
        spec: BackupSchedule {
            project: Ref::from(project).into(),
            cluster: Ref::from(cluster).into(),
            hour: shown.reference_hour_of_day.unwrap_or_default(),
            minute: shown.reference_minute_of_hour.unwrap_or_default(),
            restore_days: shown.restore_window_days.unwrap_or_else(week),
            policies: Set::new(policies.collect::<Result<Vec<_>>>()?),
            copies: Set::new(copies.collect::<Result<Vec<_>>>()?),
        },
        outputs: Outputs { id: shown.cluster_id.clone() },
        tags,
        status: Status::Usable,
    })
}
