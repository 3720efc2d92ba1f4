//! What can be read on a machine about itself.

use aws_sdk_ec2::types::{
    HttpTokensState, InstanceMetadataOptionsResponse, InstanceMetadataTagsState,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::default;

/// The metadata service of a machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Metadata {
    /// Whether requests need no session token (version 1): forged requests can then read the
    /// credentials of the role.
    #[serde(default)]
    pub v1: bool,
    /// How many network hops answers go: containers need 2.
    #[serde(default = "default::int::<1>")]
    #[schemars(range(min = 1, max = 64))]
    pub hops: i32,
    /// Whether the machine's tags can be read there.
    #[serde(default)]
    pub tags: bool,
}

impl Default for Metadata {
    fn default() -> Self {
        Self { v1: false, hops: 1, tags: false }
    }
}

impl Metadata {
    /// Whether session tokens are needed, as AWS takes it.
    pub fn tokens(&self) -> HttpTokensState {
        if self.v1 { HttpTokensState::Optional } else { HttpTokensState::Required }
    }

    /// Whether the tags can be read, as AWS takes it.
    pub fn tags(&self) -> InstanceMetadataTagsState {
        if self.tags {
            InstanceMetadataTagsState::Enabled
        } else {
            InstanceMetadataTagsState::Disabled
        }
    }

    /// The options as AWS shows them.
    pub fn read(options: &InstanceMetadataOptionsResponse) -> Self {
        Self {
            v1: options.http_tokens() == Some(&HttpTokensState::Optional),
            hops: options.http_put_response_hop_limit().unwrap_or(1),
            tags: options.instance_metadata_tags() == Some(&InstanceMetadataTagsState::Enabled),
        }
    }
}
