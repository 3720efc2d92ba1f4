//! Where the recorder's files go: `PutDeliveryChannel`.

use aws_sdk_config::types::{ConfigSnapshotDeliveryProperties, DeliveryChannel};

use super::{Recorder, client};
use crate::aws::{Absent, Aws, Error, Result};

pub(super) fn differs(was: &Recorder, now: &Recorder) -> bool {
    (&was.bucket, &was.prefix, &was.kms_key, &was.topic, was.snapshots)
        != (&now.bucket, &now.prefix, &now.kms_key, &now.topic, now.snapshots)
}

/// Whether something is taken away, which AWS does only with the channel.
pub(super) fn loses(was: &Recorder, now: &Recorder) -> bool {
    was.prefix.is_some() && now.prefix.is_none()
        || was.kms_key.is_some() && now.kms_key.is_none()
        || was.topic.is_some() && now.topic.is_none()
        || was.snapshots.is_some() && now.snapshots.is_none()
}

pub(super) async fn put(aws: &Aws, name: &str, now: &Recorder) -> Result<()> {
    let snapshots = now.snapshots.map(|every| {
        ConfigSnapshotDeliveryProperties::builder().delivery_frequency(every.write()).build()
    });
    let channel = DeliveryChannel::builder()
        .name(name)
        .s3_bucket_name(now.bucket.as_str())
        .set_s3_key_prefix(now.prefix.clone())
        .set_s3_kms_key_arn(now.kms_key.as_ref().map(ToString::to_string))
        .set_sns_topic_arn(now.topic.as_ref().map(ToString::to_string))
        .set_config_snapshot_delivery_properties(snapshots);
    client(aws).put_delivery_channel().delivery_channel(channel.build()).send().await?;
    Ok(())
}

pub(super) async fn delete(aws: &Aws, name: &str) -> Result<()> {
    let deleted = client(aws).delete_delivery_channel().delivery_channel_name(name).send().await;
    deleted.map_err(Error::from).map(drop).absent()?;
    Ok(())
}

/// The region's only one, if it is there.
pub(super) async fn get(aws: &Aws) -> Result<Option<DeliveryChannel>> {
    let answer = client(aws).describe_delivery_channels().send().await?;
    Ok(answer.delivery_channels.unwrap_or_default().into_iter().next())
}
