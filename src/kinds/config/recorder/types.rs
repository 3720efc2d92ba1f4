//! What is recorded, and when: `ConfigurationRecorder`.

use aws_sdk_config::types::{
    ConfigurationRecorder, ExclusionByResourceTypes, MaximumExecutionFrequency, RecordingFrequency,
    RecordingGroup, RecordingMode, RecordingStrategy, RecordingStrategyType, ResourceType,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Recorder, own_role_arn};
use crate::aws::{Aws, Result};
use crate::kind::{Set, from_word, to_word};

/// When changes are recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Frequency {
    /// Each when it happens.
    #[default]
    Continuous,
    /// What has changed in a day, if anything. It costs less where much changes.
    Daily,
}

/// How often something is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Interval {
    #[serde(rename = "One_Hour")]
    OneHour,
    #[serde(rename = "Three_Hours")]
    ThreeHours,
    #[serde(rename = "Six_Hours")]
    SixHours,
    #[serde(rename = "Twelve_Hours")]
    TwelveHours,
    #[serde(rename = "TwentyFour_Hours")]
    TwentyFourHours,
}

impl Interval {
    pub(super) fn write(self) -> MaximumExecutionFrequency {
        MaximumExecutionFrequency::from(to_word(&self).as_str())
    }

    pub(super) fn read(found: Option<&MaximumExecutionFrequency>) -> Result<Option<Self>> {
        found.map(|one| from_word(one.as_str())).transpose()
    }
}

pub(super) fn write(aws: &Aws, name: &str, now: &Recorder) -> Result<ConfigurationRecorder> {
    let types = |types: &Set<String>| {
        Some(types.iter().map(|one| ResourceType::from(one.as_str())).collect::<Vec<_>>())
    };
    let group = RecordingGroup::builder();
    let (group, strategy) = if now.resource_types.is_empty() && now.without_types.is_empty() {
        let group = group.all_supported(true).include_global_resource_types(now.global_types);
        (group, RecordingStrategyType::AllSupportedResourceTypes)
    } else if now.resource_types.is_empty() {
        let without = ExclusionByResourceTypes::builder();
        let without = without.set_resource_types(types(&now.without_types)).build();
        let group = group.exclusion_by_resource_types(without);
        (group, RecordingStrategyType::ExclusionByResourceTypes)
    } else {
        let group = group.set_resource_types(types(&now.resource_types));
        (group, RecordingStrategyType::InclusionByResourceTypes)
    };
    let strategy = RecordingStrategy::builder().use_only(strategy).build();
    let frequency = RecordingFrequency::from(to_word(&now.frequency).as_str());
    let role = now.role.as_ref().map_or_else(|| own_role_arn(aws), ToString::to_string);
    Ok(ConfigurationRecorder::builder()
        .name(name)
        .role_arn(role)
        .recording_group(group.recording_strategy(strategy).build())
        .recording_mode(RecordingMode::builder().recording_frequency(frequency).build()?)
        .build())
}
