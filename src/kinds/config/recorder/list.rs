//! Recorders as AWS lists them: `DescribeConfigurationRecorders`, its status, the channel, the rules.

use aws_sdk_config::types::{
    ConfigurationRecorder, DeliveryChannel, ExclusionByResourceTypes, RecordingGroup, ResourceType,
};

use super::types::Interval;
use super::{DEFAULT, Outputs, Recorder, channel, client, own_role_arn, prefix, rules, tags_of};
use crate::aws::{Absent, Aws, Error, Result};
use crate::kind::{Live, Scope, Set, Status, Tags, from_word};

/// The recorders of users: services have their own, which do not count.
async fn of_users(aws: &Aws) -> Result<Vec<ConfigurationRecorder>> {
    let answer = client(aws).describe_configuration_recorders().send().await?;
    let mut all = answer.configuration_recorders.unwrap_or_default();
    all.retain(|one| one.service_principal().is_none());
    Ok(all)
}

/// Names and ARNs, with the channel's name as we would give it.
pub(super) async fn outputs(aws: &Aws) -> Result<Vec<Outputs>> {
    let all = of_users(aws).await?;
    all.iter().map(|one| identity(one, DEFAULT)).collect()
}

fn identity(one: &ConfigurationRecorder, channel: &str) -> Result<Outputs> {
    let name = one.name().ok_or_else(|| Error::missing("name"))?.to_owned();
    let arn = one.arn().ok_or_else(|| Error::missing("arn"))?.to_owned();
    Ok(Outputs { name, arn, channel: channel.to_owned() })
}

/// The region's recorder, if it is of interest: ours, or in the way of a declaration.
pub(super) async fn recorders(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Recorder>>> {
    let mut found = Vec::new();
    for one in of_users(aws).await? {
        let arn = one.arn().ok_or_else(|| Error::missing("arn"))?;
        let tags = match scope.trusted(arn) {
            Some(tags) => Some(tags.clone()),
            None if scope.declared > 0 || scope.swept.contains_key(arn) => {
                tags_of(aws, arn).await.absent()?
            }
            None => None,
        };
        let Some(tags) = tags.filter(|tags| scope.declared > 0 || scope.owns(tags)) else {
            continue;
        };
        found.push(read(aws, &one, tags).await?);
    }
    Ok(found)
}

async fn read(aws: &Aws, one: &ConfigurationRecorder, tags: Tags) -> Result<Live<Recorder>> {
    let channel = channel::get(aws).await?;
    let rules = rules::all(aws, &prefix(&tags)).await?;
    let status = client(aws).describe_configuration_recorder_status().send().await?;
    let mut statuses = status.configuration_recorders_status().iter();
    let recording = statuses.find(|status| status.name() == one.name());
    let group = one.recording_group();
    let types = |types: &[ResourceType]| {
        types.iter().map(|one| one.as_str().to_owned()).collect::<Set<String>>()
    };
    let without = group.and_then(RecordingGroup::exclusion_by_resource_types);
    let without = without.map(ExclusionByResourceTypes::resource_types).unwrap_or_default();
    let frequency = one.recording_mode().map(|mode| mode.recording_frequency().as_str());
    let own_role = own_role_arn(aws);
    let properties = channel.as_ref().and_then(|it| it.config_snapshot_delivery_properties());
    let text = |get: fn(&DeliveryChannel) -> Option<&str>| {
        channel.as_ref().and_then(get).filter(|text| !text.is_empty())
    };
    Ok(Live {
        spec: Recorder {
            role: one.role_arn().filter(|arn| *arn != own_role).map(Into::into),
            resource_types: types(group.map(RecordingGroup::resource_types).unwrap_or_default()),
            without_types: types(without),
            global_types: group.is_some_and(|group| group.include_global_resource_types),
            frequency: frequency.map(from_word).transpose()?.unwrap_or_default(),
            bucket: text(DeliveryChannel::s3_bucket_name).unwrap_or_default().into(),
            prefix: text(DeliveryChannel::s3_key_prefix).map(Into::into),
            kms_key: text(DeliveryChannel::s3_kms_key_arn).map(Into::into),
            topic: text(DeliveryChannel::sns_topic_arn).map(Into::into),
            snapshots: Interval::read(properties.and_then(|all| all.delivery_frequency()))?,
            rules,
            recording: recording.is_some_and(|status| status.recording),
        },
        outputs: identity(one, text(DeliveryChannel::name).unwrap_or(DEFAULT))?,
        tags,
        status: Status::Usable,
    })
}
