//! `ec2.volume`: `CreateVolume`, `ModifyVolume`, `AttachVolume`.

mod attachment;
mod list;

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{ResourceType, Volume as AwsVolume, VolumeAttachment};
use aws_smithy_types::DateTime;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::disk::{self, Shape};
use super::{Instance, NOT_YET, client, owned, tag, tagged};
use crate::aws::{Absent, Aws, Result, all_pages, eventually};
use crate::kind::field::Id;
use crate::kind::{
    Arn, Auto, Blocker, Charges, Holding, Immutable, Kind, Late, Live, Look, Problem, Ref, Scope,
    Status, Tags,
};
use crate::kinds::kms::Key;
use attachment::{NOT_READY, attach, detach, holder};
use list::{one, outputs, read, status};

/// A disk that outlives the machine which has it. A machine that is replaced goes before its successor
/// gets the disk; one that stays and runs has to unmount it before another machine can have it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Volume {
    /// The availability zone: that of the machine.
    zone: Immutable<String>,
    /// Its size in GiB: the snapshot's when left out. It can grow, not shrink; the file system on it
    /// then has to be told. AWS takes four changes of a volume a day, each when the last is complete.
    #[serde(default)]
    size: Auto<i32>,
    /// `gp3` or `gp2`; `io1` or `io2` for a promised speed; `st1`, `sc1` and `standard` for magnetic
    /// disks.
    #[serde(default = "gp3")]
    #[schemars(extend("enum" = ["gp2", "gp3", "io1", "io2", "sc1", "st1", "standard"]))]
    r#type: String,
    /// Operations per second, for `gp3` (3000 when left out), `io1` and `io2`.
    #[serde(default)]
    iops: Auto<i32>,
    /// MiB per second, for `gp3`: 125 when left out.
    #[serde(default)]
    #[schemars(range(min = 125, max = 2000))]
    throughput: Auto<i32>,
    /// Whether it is encrypted. It cannot be off in an account that encrypts all volumes.
    #[serde(default = "encrypted")]
    encrypted: Immutable<bool>,
    /// The key that encrypts it; the account's key for EBS when left out.
    #[serde(default)]
    kms_key: Immutable<Auto<Ref<Key, Arn>>>,
    /// The snapshot that it is made from, `snap-…`.
    snapshot: Immutable<Option<String>>,
    /// The machine that has it, in the same zone. A machine is there before it gets its volumes: what
    /// first runs on it has to wait for the device.
    #[serde(default)]
    instance: Late<Option<Ref<Instance, Id>>>,
    /// The name under which the machine has it, such as `/dev/sdf`. Many machines show it under
    /// another one, `/dev/nvme1n1`.
    #[serde(default)]
    #[schemars(regex(pattern = r"^(/dev/)?(sd|xvd)[a-z]{1,2}[0-9]{0,2}$"))]
    device: Late<Option<String>>,
}

/// What AWS decides about a volume.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The volume's id, `vol-…`.
    id: String,
    /// The volume's ARN.
    arn: String,
}

fn gp3() -> String {
    "gp3".to_owned()
}

fn encrypted() -> Immutable<bool> {
    true.into()
}

impl Kind for Volume {
    const NAME: &'static str = "ec2.volume";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = Some("ec2:volume/");
    const CLAIMS: &'static [&'static str] = &["instance", "device"];
    const EVENTUAL: &'static [(&'static str, &'static str)] = NOT_YET;
    const DATA: bool = true;

    fn charges(&self, _look: &Look<'_>) -> Charges {
        Charges::Listed(self.shape().charges())
    }

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        let volumes = client(aws).describe_volumes().set_filters(Some(owned(scope)));
        let volumes = all_pages(volumes.into_paginator().items().send()).await?;
        // A volume that goes with its machine is a part of the machine.
        let is_part = |volume: &AwsVolume| {
            volume.attachments().iter().any(|it| it.delete_on_termination() == Some(true))
        };
        let there = volumes.into_iter().filter(|volume| {
            status(volume) != Status::Deleting && !(scope.is_anybodys() && is_part(volume))
        });
        there.map(|volume| read(aws, &volume)).collect()
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        // The SDK adds a client token: its own retries make one volume.
        let answer = client(aws)
            .create_volume()
            .availability_zone(&*new.zone)
            .set_size(*new.size)
            .volume_type(new.r#type.as_str().into())
            .set_iops(*new.iops)
            .set_throughput(*new.throughput)
            .encrypted(*new.encrypted)
            .set_kms_key_id(new.kms_key.as_ref().map(ToString::to_string))
            .set_snapshot_id((*new.snapshot).clone())
            .tag_specifications(tagged(ResourceType::Volume, tags))
            .send()
            .await?;
        let outputs = outputs(aws, answer.volume_id)?;
        if new.instance.is_some() {
            eventually(NOT_READY, || attach(aws, &outputs.id, new)).await?;
        }
        Ok(outputs)
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        let id = &was.outputs.id;
        if was.spec.shape() != now.shape() {
            disk::modify(aws, id, &was.spec.shape(), &now.shape()).await?;
        }
        if was.spec.instance != now.instance || was.spec.device != now.device {
            if was.spec.instance.is_some() {
                detach(aws, id, false).await?;
            }
            attach(aws, id, now).await?;
        }
        Ok(())
    }

    /// A volume that a machine still has mounted does not let go of itself; what is on it is to go.
    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        detach(aws, &was.outputs.id, true).await?;
        client(aws).delete_volume().volume_id(&was.outputs.id).send().await?;
        Ok(())
    }

    async fn created(aws: &Aws, was: &Live<Self>) -> Result<Option<i64>> {
        let answer = client(aws).describe_volumes().volume_ids(&was.outputs.id).send().await?;
        Ok(answer.volumes().first().and_then(|it| it.create_time()).map(DateTime::secs))
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tag(aws, &was.outputs.id, set, remove).await
    }

    async fn settle(aws: &Aws, known: &mut Outputs) -> Result<Status> {
        let volume = one(aws, &known.id).await?;
        let pending = Status::Pending("not visible yet".to_owned());
        Ok(volume.as_ref().map_or(pending, status))
    }

    async fn gone(aws: &Aws, was: &Live<Self>) -> Result<bool> {
        Ok(one(aws, &was.outputs.id).await.absent()?.flatten().is_none())
    }

    /// AWS does not tell what is on a volume, nor whether anything is.
    async fn holds(_: &Aws, was: &Live<Self>) -> Result<Option<Holding>> {
        let size = was.spec.size.unwrap_or_default();
        let what = format!("whatever is on a disk of {size} GiB (its snapshots stay)");
        Ok(Some(Holding { what, needs: BTreeSet::new() }))
    }

    async fn blockers(aws: &Aws, was: &Live<Self>) -> Vec<Blocker> {
        let volume = one(aws, &was.outputs.id).await.ok().flatten();
        let held = volume.as_ref().and_then(holder).and_then(VolumeAttachment::instance_id);
        let blocker = |id: &str| Blocker { what: format!("instance {id}"), remedy: None };
        held.map(blocker).into_iter().collect()
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = self.shape().check("");
        if self.size.is_none() && self.snapshot.is_none() {
            let help = "give `size`, or the `snapshot` that it is made from";
            problems.push(Problem::at("size", "how big the volume is is not said").help(help));
        }
        if self.kms_key.is_some() && !*self.encrypted {
            problems.push(Problem::at("kms_key", "a volume that is not encrypted has no key"));
        }
        if self.instance.is_some() != self.device.is_some() {
            let text = "`instance` and `device` go together";
            problems.push(Problem::at("device", text));
        }
        problems
    }

    fn check_together(all: &[(&str, &Self)]) -> Vec<(usize, Problem)> {
        let mut problems = Vec::new();
        for (index, (_, one)) in all.iter().enumerate() {
            let same = |other: &&(&str, &Self)| {
                one.device.is_some()
                    && other.1.device == one.device
                    && other.1.instance == one.instance
            };
            if let Some((other, _)) = all.iter().take(index).find(same) {
                let text = format!("`{other}` has this device of the same machine");
                problems.push((index, Problem::at("device", text)));
            }
        }
        problems
    }
}

impl Volume {
    fn shape(&self) -> Shape<'_> {
        let (size, iops, throughput) = (*self.size, *self.iops, *self.throughput);
        Shape { r#type: &self.r#type, size, iops, throughput }
    }
}
