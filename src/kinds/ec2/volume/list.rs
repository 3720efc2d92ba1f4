//! Volumes as AWS shows them: `DescribeVolumes`.

use aws_sdk_ec2::types::{
    Volume as AwsVolume, VolumeAttachment, VolumeAttachmentState, VolumeState,
};

use super::super::{client, disk::Shape, tags};
use super::attachment::holder;
use super::{Outputs, Volume};
use crate::aws::{Aws, Error, Result};
use crate::kind::{Auto, Live, Ref, Status};

/// The volume of this id.
pub(super) async fn one(aws: &Aws, id: &str) -> Result<Option<AwsVolume>> {
    let answer = client(aws).describe_volumes().volume_ids(id).send().await?;
    Ok(answer.volumes.unwrap_or_default().into_iter().next())
}

pub(super) fn outputs(aws: &Aws, id: Option<String>) -> Result<Outputs> {
    let id = id.ok_or_else(|| Error::missing("volumeId"))?;
    Ok(Outputs { arn: aws.arn("ec2", &format!("volume/{id}")), id })
}

pub(super) fn status(volume: &AwsVolume) -> Status {
    match volume.state() {
        Some(VolumeState::Creating) => Status::Pending("creating".to_owned()),
        Some(VolumeState::Deleted | VolumeState::Deleting) => Status::Deleting,
        Some(VolumeState::Error) => Status::Failed(
            "AWS could not make it: the key may be missing or not allowed".to_owned(),
        ),
        _ if holder(volume).and_then(VolumeAttachment::state)
            == Some(&VolumeAttachmentState::Attaching) =>
        {
            Status::Pending("attaching".to_owned())
        }
        _ => Status::Usable,
    }
}

pub(super) fn read(aws: &Aws, volume: &AwsVolume) -> Result<Live<Volume>> {
    let shape = Shape::of(volume);
    let leaving = Some(&VolumeAttachmentState::Detaching);
    let held = holder(volume).filter(|held| held.state() != leaving);
    let snapshot = volume.snapshot_id().filter(|id| !id.is_empty());
    Ok(Live {
        spec: Volume {
            zone: volume.availability_zone().unwrap_or_default().to_owned().into(),
            size: Auto(shape.size),
            r#type: shape.r#type.to_owned(),
            iops: Auto(shape.iops),
            throughput: Auto(shape.throughput),
            encrypted: volume.encrypted().unwrap_or_default().into(),
            kms_key: Auto(volume.kms_key_id().map(Ref::from)).into(),
            snapshot: snapshot.map(ToOwned::to_owned).into(),
            instance: held.and_then(|held| held.instance_id()).map(Ref::from).into(),
            device: held.and_then(|held| held.device()).map(ToOwned::to_owned).into(),
        },
        outputs: outputs(aws, volume.volume_id.clone())?,
        tags: tags(volume.tags()),
        status: status(volume),
    })
}
