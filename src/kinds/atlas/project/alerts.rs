//! The alert configurations of a project: `createAlertConfiguration`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::aws::{Absent, Error, Result};
use crate::kind::Set;
use crate::kinds::atlas::api::{Api, part, read};

/// Something that people are told of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alert {
    /// Atlas's name of the event: `OUTSIDE_METRIC_THRESHOLD`, `NO_PRIMARY`, `HOST_DOWN`,
    /// `CPS_SNAPSHOT_FAILED`, …
    #[schemars(regex(pattern = "^[A-Z][A-Z0-9_]*$"))]
    event: String,
    /// For `OUTSIDE_METRIC_THRESHOLD`: the metric, such as `DISK_PARTITION_SPACE_USED_DATA`.
    metric: Option<String>,
    /// Past which value it is an event, for metrics and for events that count.
    threshold: Option<Threshold>,
    /// Which hosts or clusters are looked at; all when left out.
    #[serde(default)]
    only: Set<Matcher>,
    /// Addresses that are told by e-mail.
    #[serde(default)]
    emails: Set<String>,
    /// Members of the project with these roles are told by e-mail, such as `GROUP_OWNER`.
    #[serde(default)]
    roles: Set<String>,
    /// Minutes for which it has to last before anybody is told.
    #[serde(default)]
    #[schemars(range(min = 0))]
    delay_minutes: i64,
    /// Minutes until they are told again.
    #[serde(default = "hour")]
    #[schemars(range(min = 5))]
    repeat_minutes: i64,
}

/// A value and the side of it that is an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// Which side.
    is: Side,
    /// The value.
    value: f64,
    /// What it counts: `RAW`, `HOURS`, `GIGABYTES`, …
    #[serde(default = "raw")]
    units: String,
}

/// A side of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Side {
    GreaterThan,
    LessThan,
}

/// What a host or a cluster has to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Matcher {
    /// What is compared: `CLUSTER_NAME`, `TYPE_NAME`, `HOSTNAME`, …
    field: String,
    /// How: `EQUALS`, `CONTAINS`, `STARTS_WITH`, `ENDS_WITH`, `NOT_EQUALS`, `NOT_CONTAINS` or `REGEX`.
    #[serde(default = "equals")]
    operator: String,
    /// With what.
    value: String,
}

fn hour() -> i64 {
    60
}

fn raw() -> String {
    "RAW".to_owned()
}

fn equals() -> String {
    "EQUALS".to_owned()
}

/// `GroupAlertsConfig`, as far as it is read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    id: String,
    #[serde(default)]
    enabled: bool,
    event_type_name: String,
    metric_threshold: Option<ShownThreshold>,
    threshold: Option<ShownThreshold>,
    #[serde(default)]
    matchers: Vec<ShownMatcher>,
    #[serde(default)]
    notifications: Vec<Notification>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ShownThreshold {
    metric_name: Option<String>,
    operator: Option<Side>,
    threshold: Option<f64>,
    units: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ShownMatcher {
    field_name: String,
    operator: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Notification {
    type_name: String,
    email_address: Option<String>,
    roles: Option<Vec<String>>,
    delay_min: Option<i64>,
    interval_min: Option<i64>,
}

impl Shown {
    fn alert(&self) -> Alert {
        let limit = self.metric_threshold.as_ref().or(self.threshold.as_ref());
        let of = |kind: &'static str| {
            self.notifications.iter().filter(move |told| told.type_name == kind)
        };
        let first = self.notifications.first();
        Alert {
            event: self.event_type_name.clone(),
            metric: self.metric_threshold.as_ref().and_then(|limit| limit.metric_name.clone()),
            threshold: limit.and_then(|limit| {
                let units = limit.units.clone().unwrap_or_else(raw);
                Some(Threshold { is: limit.operator?, value: limit.threshold?, units })
            }),
            only: self
                .matchers
                .iter()
                .map(|it| Matcher {
                    field: it.field_name.clone(),
                    operator: it.operator.clone(),
                    value: it.value.clone(),
                })
                .collect(),
            emails: of("EMAIL").filter_map(|told| told.email_address.clone()).collect(),
            roles: of("GROUP").flat_map(|told| told.roles.clone().unwrap_or_default()).collect(),
            delay_minutes: first.and_then(|told| told.delay_min).unwrap_or_default(),
            repeat_minutes: first.and_then(|told| told.interval_min).unwrap_or_else(hour),
        }
    }
}

impl Alert {
    /// What is wrong with it, if anything.
    pub fn problem(&self) -> Option<String> {
        let of_metric = self.event == "OUTSIDE_METRIC_THRESHOLD";
        if of_metric != self.metric.is_some() || of_metric && self.threshold.is_none() {
            let what = "`metric` and `threshold` go with `OUTSIDE_METRIC_THRESHOLD`";
            return Some(format!("the alert {}: {what}", self.event));
        }
        if self.emails.is_empty() && self.roles.is_empty() {
            return Some(format!(
                "the alert {}: nobody is told: give `emails` or `roles`",
                self.event
            ));
        }
        None
    }

    fn body(&self) -> Value {
        let times = json!({ "delayMin": self.delay_minutes, "intervalMin": self.repeat_minutes });
        let told = |mut more: Value| {
            if let (Some(more), Some(times)) = (more.as_object_mut(), times.as_object()) {
                more.extend(times.clone());
            }
            more
        };
        let emails = self
            .emails
            .iter()
            .map(|address| told(json!({ "typeName": "EMAIL", "emailAddress": address })));
        let mut notifications: Vec<Value> = emails.collect();
        if !self.roles.is_empty() {
            notifications.push(told(json!({
                "typeName": "GROUP",
                "roles": self.roles,
                "emailEnabled": true,
                "smsEnabled": false,
            })));
        }
        let matchers = self
            .only
            .iter()
            .map(|it| json!({ "fieldName": it.field, "operator": it.operator, "value": it.value }));
        let mut body = json!({
            "enabled": true,
            "eventTypeName": self.event,
            "matchers": matchers.collect::<Vec<_>>(),
            "notifications": notifications,
        });
        if let Some(limit) = &self.threshold {
            let mut value =
                json!({ "operator": limit.is, "threshold": limit.value, "units": limit.units });
            if let Some(metric) = &self.metric {
                value["metricName"] = metric.as_str().into();
                value["mode"] = "AVERAGE".into();
                body["metricThreshold"] = value;
            } else {
                body["threshold"] = value;
            }
        }
        body
    }
}

fn path(project: &str) -> String {
    format!("/groups/{}/alertConfigs", part(project))
}

async fn shown(api: &Api, project: &str) -> Result<Vec<Shown>> {
    let rows = api.list("ListAlertConfigurations", &path(project)).await.absent()?;
    let rows = rows.unwrap_or_default().into_iter();
    rows.map(|row| read("an alert", row)).collect::<Result<_, Error>>()
}

/// The alerts that are on.
pub async fn list(api: &Api, project: &str) -> Result<Set<Alert>> {
    let alerts = shown(api, project).await?;
    Ok(alerts.iter().filter(|alert| alert.enabled).map(Shown::alert).collect())
}

/// Makes the project's alerts these and no others. An alert has no name: what it says is what it
/// is, so that one which was made while its answer was lost is found again.
pub async fn set(api: &Api, project: &str, wanted: &Set<Alert>) -> Result<()> {
    let was = shown(api, project).await?;
    for alert in wanted.iter() {
        if !was.iter().any(|it| it.enabled && it.alert() == *alert) {
            api.post("CreateAlertConfiguration", &path(project), &alert.body()).await?;
        }
    }
    for gone in was.iter().filter(|it| !it.enabled || !wanted.contains(&it.alert())) {
        let path = format!("{}/{}", path(project), part(&gone.id));
        api.delete("DeleteAlertConfiguration", &path).await.absent()?;
    }
    Ok(())
}
