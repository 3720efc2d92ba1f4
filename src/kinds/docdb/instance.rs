//! `docdb.instance`: `CreateDBInstance`.

use std::time::Duration;

use aws_sdk_docdb::types::DbInstance;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cluster::{StorageType, one as cluster_of, start};
use super::{Cluster, client, list, tag, tags_of};
use crate::aws::{Absent, Aws, Class, Error, Result, all_pages};
use crate::kind::charge::HOURS;
use crate::kind::field::NameOutput;
use crate::kind::{
    Arn, Auto, Charge, Charges, Immutable, Kind, Live, Look, Name, Ref, Scope, Status, Tags,
    UsageName, default,
};
use crate::kinds::kms::Key;
use crate::kinds::rds::shared::state::{TIMEOUT, in_time, is_stopped, settled, status};

/// An instance of a DocumentDB cluster: what reads and writes its storage. The first one takes
/// writes, all others are copies that take over when it fails.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Instance {
    /// The instance's name, in small letters.
    #[schemars(regex(pattern = r"^[a-z](-?[a-z0-9])*$"))]
    name: Name<63>,
    /// The cluster that it belongs to.
    cluster: Immutable<Ref<Cluster, NameOutput>>,
    /// How much processor and memory it has: `db.t4g.medium`, `db.r6g.large`. A change is an outage
    /// of the instance.
    #[schemars(regex(pattern = r"^db\."))]
    class: String,
    /// The zone that it stands in, such as `eu-west-3a`; AWS chooses one of the subnet group's when
    /// left out.
    #[serde(default)]
    zone: Immutable<Auto<String>>,
    /// Which instance takes over first when the one that takes writes fails: the one with the lowest
    /// number, from 0 to 15.
    #[serde(default = "default::int::<1>")]
    #[schemars(range(min = 0, max = 15))]
    promotion_tier: i32,
    /// When AWS may maintain it each week, in UTC: `sun:03:00-sun:04:00`.
    #[serde(default)]
    #[schemars(regex(
        pattern = r"^(mon|tue|wed|thu|fri|sat|sun):[0-2][0-9]:[0-5][0-9]-(mon|tue|wed|thu|fri|sat|sun):[0-2][0-9]:[0-5][0-9]$"
    ))]
    maintenance_window: Auto<String>,
    /// Whether AWS keeps seven days of what queries waited for.
    #[serde(default)]
    performance_insights: bool,
    /// The key that encrypts that; RDS's own when left out.
    #[serde(default)]
    performance_insights_key: Immutable<Auto<Ref<Key, Arn>>>,
    /// The authority that signs its certificate: `rds-ca-rsa2048-g1`. A change restarts the instance.
    #[serde(default)]
    certificate_authority: Auto<String>,
}

/// What AWS decides about an instance.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The instance's name.
    name: String,
    /// The instance's ARN.
    arn: String,
    /// The host name of this instance alone. Clients rather use the cluster's.
    endpoint: Option<String>,
    /// The zone that it stands in.
    zone: Option<String>,
}

impl Kind for Instance {
    const NAME: &'static str = "docdb.instance";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = Some("rds:db:");
    const TIMEOUT: Duration = TIMEOUT;
    const USAGE: &'static [UsageName] = &[HOURS];

    fn charges(&self, look: &Look<'_>) -> Charges {
        // A cluster that is stopped has its machines stopped; one that does without charges for reads
        // and writes pays more for them.
        let cluster = look.referred(&self.cluster);
        let item = match &cluster {
            Some(cluster) if cluster.storage_type == StorageType::Iopt1 => "docdb.iopt1.hour",
            _ => "docdb.hour",
        };
        let running = if cluster.is_some_and(|cluster| cluster.stopped) { 0.0 } else { 1.0 };
        let item = format!("{item}:{}", self.class);
        Charges::Listed(vec![Charge::hourly("machine", item, running)])
    }

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        // The list shows databases of other engines too.
        let all = client(aws).describe_db_instances().into_paginator().items().send();
        let mut found = Vec::new();
        for instance in all_pages(all).await?.iter().filter(|it| it.engine() == Some("docdb")) {
            let outputs = outputs(instance)?;
            let (arn, name) = (&outputs.arn, &outputs.name);
            if let Some(tags) = scope.tags_if_wanted(arn, name, tags_of(aws, arn)).await? {
                found.push(read(instance, outputs, tags));
            }
        }
        Ok(found)
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let made = client(aws)
            .create_db_instance()
            .db_instance_identifier(&*new.name)
            .db_cluster_identifier(new.cluster.as_str())
            .engine("docdb")
            .db_instance_class(&new.class)
            .set_availability_zone((**new.zone).clone())
            .promotion_tier(new.promotion_tier)
            .set_preferred_maintenance_window(new.maintenance_window.0.clone())
            .enable_performance_insights(new.performance_insights)
            .set_performance_insights_kms_key_id(
                new.performance_insights_key.as_ref().map(ToString::to_string),
            )
            .set_ca_certificate_identifier(new.certificate_authority.0.clone())
            .set_tags(Some(list(tags)))
            .send()
            .await;
        match made.map_err(Error::from) {
            Ok(made) => outputs(made.db_instance().ok_or_else(|| Error::missing("DBInstance"))?),
            Err(error) => Err(if_stopped(aws, new, error).await),
        }
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        if is_asleep(aws, now).await? {
            return Err(stopped(now));
        }
        in_time(|| modify(aws, &was.spec, now, &was.outputs.name)).await
    }

    /// AWS deletes no instance of a stopped cluster: it is started, and the call made again.
    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        let name = &was.outputs.name;
        let deleted = client(aws).delete_db_instance().db_instance_identifier(name).send().await;
        match deleted.map_err(Error::from) {
            Err(error) if error.class == Class::Busy => {
                let gone = one(aws, name).await?;
                if gone.is_none_or(|one| one.db_instance_status() == Some("deleting")) {
                    return Ok(());
                }
                if is_asleep(aws, &was.spec).await? {
                    return Err(start(aws, &was.spec.cluster).await);
                }
                Err(error)
            }
            other => other.map(drop),
        }
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tag(aws, &was.outputs.arn, set, remove).await
    }

    async fn settle(aws: &Aws, known: &mut Outputs) -> Result<Status> {
        let Some(instance) = one(aws, &known.name).await? else {
            return Ok(Status::Pending("not visible yet".to_owned()));
        };
        *known = outputs(&instance)?;
        let pending = instance.pending_modified_values();
        let changes_wait = pending.is_some_and(|changes| {
            changes.db_instance_class().is_some() || changes.ca_certificate_identifier().is_some()
        });
        Ok(settled(instance.db_instance_status(), changes_wait))
    }

    async fn gone(aws: &Aws, was: &Live<Self>) -> Result<bool> {
        Ok(one(aws, &was.outputs.name).await?.is_none())
    }
}

async fn modify(aws: &Aws, was: &Instance, now: &Instance, name: &str) -> Result<()> {
    let window = now.maintenance_window.0.clone();
    let authority = now.certificate_authority.0.clone();
    client(aws)
        .modify_db_instance()
        .db_instance_identifier(name)
        .apply_immediately(true)
        .set_db_instance_class((was.class != now.class).then(|| now.class.clone()))
        .set_promotion_tier(
            (was.promotion_tier != now.promotion_tier).then_some(now.promotion_tier),
        )
        .set_preferred_maintenance_window(
            window.filter(|_| was.maintenance_window != now.maintenance_window),
        )
        .set_enable_performance_insights(
            (was.performance_insights != now.performance_insights)
                .then_some(now.performance_insights),
        )
        .set_ca_certificate_identifier(
            authority.filter(|_| was.certificate_authority != now.certificate_authority),
        )
        .send()
        .await?;
    Ok(())
}

/// Whether the instance's cluster is stopped.
async fn is_asleep(aws: &Aws, instance: &Instance) -> Result<bool> {
    let cluster = cluster_of(aws, &instance.cluster).await?;
    Ok(cluster.is_some_and(|cluster| is_stopped(cluster.status())))
}

/// The error to report when AWS takes no instance because the cluster is stopped.
async fn if_stopped(aws: &Aws, new: &Instance, error: Error) -> Error {
    let is_stopped = error.class == Class::Busy && is_asleep(aws, new).await.unwrap_or_default();
    if is_stopped { stopped(new) } else { error }
}

fn stopped(instance: &Instance) -> Error {
    let message = format!(
        "the cluster {} is stopped, and AWS neither changes its instances nor takes more of them; \
         apply with `stopped: false` first",
        &**instance.cluster
    );
    Error::new(Class::Refused, "ClusterStopped", message)
}

async fn one(aws: &Aws, name: &str) -> Result<Option<DbInstance>> {
    let answer = client(aws).describe_db_instances().db_instance_identifier(name).send().await;
    let answer = answer.map_err(Error::from).absent()?;
    Ok(answer.and_then(|answer| answer.db_instances.unwrap_or_default().into_iter().next()))
}

fn outputs(instance: &DbInstance) -> Result<Outputs> {
    let name = instance.db_instance_identifier();
    let name = name.ok_or_else(|| Error::missing("DBInstanceIdentifier"))?;
    let arn = instance.db_instance_arn().ok_or_else(|| Error::missing("DBInstanceArn"))?;
    let endpoint = instance.endpoint().and_then(|endpoint| endpoint.address());
    Ok(Outputs {
        name: name.to_owned(),
        arn: arn.to_owned(),
        endpoint: endpoint.map(ToOwned::to_owned),
        zone: instance.availability_zone().map(ToOwned::to_owned),
    })
}

fn read(instance: &DbInstance, outputs: Outputs, tags: Tags) -> Live<Instance> {
    let text = |text: Option<&str>| text.map(ToOwned::to_owned);
    let cluster = instance.db_cluster_identifier().unwrap_or_default();
    Live {
        spec: Instance {
            name: outputs.name.as_str().into(),
            cluster: Ref::from(cluster).into(),
            class: instance.db_instance_class().unwrap_or_default().to_owned(),
            zone: Auto(outputs.zone.clone()).into(),
            promotion_tier: instance.promotion_tier().unwrap_or(1),
            maintenance_window: Auto(text(instance.preferred_maintenance_window())),
            performance_insights: instance.performance_insights_enabled().unwrap_or_default(),
            performance_insights_key: Auto(
                instance.performance_insights_kms_key_id().map(Ref::from),
            )
            .into(),
            certificate_authority: Auto(text(instance.ca_certificate_identifier())),
        },
        status: status(instance.db_instance_status()),
        outputs,
        tags,
    }
}
