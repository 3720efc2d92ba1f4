//! What a detector looks at beyond the logs that all do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::Set;

/// Something that is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Feature {
    /// Volumes of instances that behave strangely, for malware.
    EbsMalwareProtection,
    /// Calls to Kubernetes in EKS.
    EksAuditLogs,
    /// Traffic of functions.
    LambdaNetworkLogs,
    /// Logins to Aurora databases.
    RdsLoginEvents,
    /// Processes, files and connections in instances and containers.
    RuntimeMonitoring,
    /// Use of objects in buckets.
    #[serde(rename = "S3_DATA_EVENTS")]
    S3DataEvents,
}

/// Where AWS looks after the agents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Agent {
    /// Instances.
    #[serde(rename = "EC2_AGENT_MANAGEMENT")]
    Ec2AgentManagement,
    /// Tasks on Fargate.
    EcsFargateAgentManagement,
    /// Clusters of EKS.
    EksAddonManagement,
}

/// What AWS turns on by itself for a new detector.
pub(super) fn usual() -> Set<Feature> {
    use Feature::{
        EbsMalwareProtection, EksAuditLogs, LambdaNetworkLogs, RdsLoginEvents, S3DataEvents,
    };
    Set::new([EbsMalwareProtection, EksAuditLogs, LambdaNetworkLogs, RdsLoginEvents, S3DataEvents])
}

pub(super) const AGENTS: [Agent; 3] =
    [Agent::Ec2AgentManagement, Agent::EcsFargateAgentManagement, Agent::EksAddonManagement];
