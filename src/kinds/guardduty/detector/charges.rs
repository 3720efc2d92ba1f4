//! What a detector costs, by what there is to look at: <https://aws.amazon.com/guardduty/pricing/>, at
//! the price of the first step and without the first month, which is free.

use super::Detector;
use super::feature::Feature;
use crate::kind::{Charge, UsageName};

pub(super) const USAGE: &[UsageName] = &[
    UsageName::new("events", "Events of CloudTrail a month, without those on data, in millions."),
    UsageName::new("gb", "GB a month of flow logs and of answers to DNS queries."),
    UsageName::new("malware_gb", "GB a month of volumes that are looked through for malware."),
    UsageName::new("eks_events", "Calls to Kubernetes a month, in millions."),
    UsageName::new("lambda_gb", "GB a month of flow logs of functions."),
    UsageName::new("rds_vcpus", "vCPUs of the databases whose logins are watched."),
    UsageName::new("runtime_vcpus", "vCPUs of the machines and containers that have an agent."),
    UsageName::new("s3_events", "Events on objects in S3 a month, in millions."),
];

impl Detector {
    /// One that is off costs nothing.
    pub(super) fn charged(&self) -> Vec<Charge> {
        if !self.enabled {
            return Vec::new();
        }
        let logs = [
            Charge::used("CloudTrail", "guardduty.events", "events"),
            Charge::used("flow logs and DNS", "guardduty.gb", "gb"),
        ];
        logs.into_iter().chain(self.features.iter().map(|feature| feature.charge())).collect()
    }
}

impl Feature {
    fn charge(self) -> Charge {
        match self {
            Self::EbsMalwareProtection => {
                Charge::used("volumes", "guardduty.malware_gb", "malware_gb")
            }
            Self::EksAuditLogs => Charge::used("Kubernetes", "guardduty.eks_events", "eks_events"),
            Self::LambdaNetworkLogs => {
                Charge::used("functions", "guardduty.lambda_gb", "lambda_gb")
            }
            Self::RdsLoginEvents => Charge::used("databases", "guardduty.rds_vcpu", "rds_vcpus"),
            Self::RuntimeMonitoring => {
                Charge::used("agents", "guardduty.runtime_vcpu", "runtime_vcpus")
            }
            Self::S3DataEvents => Charge::used("buckets", "guardduty.s3_events", "s3_events"),
        }
    }
}
