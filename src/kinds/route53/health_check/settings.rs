//! A check's settings as AWS takes them: `HealthCheckConfig`, `UpdateHealthCheck`.

use aws_sdk_route53::types::{
    AlarmIdentifier, CloudWatchRegion, HealthCheckConfig, HealthCheckRegion, HealthCheckType,
    InsufficientDataHealthStatus, ResettableElementName,
};

use super::{AlarmOf, HealthCheck, Type, client};
use crate::aws::{Aws, Result};
use crate::kind::to_word;

impl Type {
    /// Whether an endpoint is asked.
    pub(super) fn is_endpoint(self) -> bool {
        !matches!(self, Self::Calculated | Self::CloudwatchMetric)
    }

    /// Whether it is asked over HTTP, with or without TLS.
    pub(super) fn is_http(self) -> bool {
        self.is_endpoint() && self != Self::Tcp
    }

    pub(super) fn is_https(self) -> bool {
        matches!(self, Self::Https | Self::HttpsStrMatch)
    }

    pub(super) fn searches(self) -> bool {
        matches!(self, Self::HttpStrMatch | Self::HttpsStrMatch)
    }

    fn port(self) -> Option<i32> {
        if self.is_https() {
            return Some(443);
        }
        self.is_http().then_some(80)
    }
}

/// The settings of a new check.
pub(super) fn of(aws: &Aws, check: &HealthCheck) -> Result<HealthCheckConfig> {
    let kind = *check.r#type;
    let endpoint = kind.is_endpoint();
    let data = check.alarm.as_ref().map(status);
    let config = HealthCheckConfig::builder()
        .r#type(HealthCheckType::from(to_word(&kind).as_str()))
        .set_ip_address((*check.ip_address).clone())
        .set_fully_qualified_domain_name(check.domain_name.clone())
        .set_port((*check.port).or(kind.port()))
        .set_resource_path(check.path.clone())
        .set_search_string(check.search_string.clone())
        .set_request_interval(endpoint.then_some(*check.request_interval))
        .set_failure_threshold(endpoint.then_some(check.failure_threshold))
        .set_measure_latency(endpoint.then_some(*check.measure_latency))
        .set_enable_sni(kind.is_https().then_some(check.sni))
        .set_regions((!check.regions.is_empty()).then(|| regions(check)))
        .set_child_health_checks((!check.children.is_empty()).then(|| children(check)))
        .set_health_threshold(check.healthy_children)
        .set_alarm_identifier(check.alarm.as_ref().map(|alarm| identifier(aws, alarm)).transpose()?)
        .set_insufficient_data_health_status(data)
        .inverted(check.inverted)
        .disabled(check.disabled);
    Ok(config.build()?)
}

/// Brings a check from `was` to `now`, in one call. What is not said stays as it is.
pub(super) async fn change(
    aws: &Aws,
    id: &str,
    was: &HealthCheck,
    now: &HealthCheck,
) -> Result<()> {
    let kind = *now.r#type;
    let gone = |was: bool, now: bool, what| (was && !now).then_some(what);
    let reset = [
        gone(was.path.is_some(), now.path.is_some(), ResettableElementName::ResourcePath),
        gone(
            was.domain_name.is_some(),
            now.domain_name.is_some(),
            ResettableElementName::FullyQualifiedDomainName,
        ),
        gone(!was.regions.is_empty(), !now.regions.is_empty(), ResettableElementName::Regions),
        gone(
            !was.children.is_empty(),
            !now.children.is_empty(),
            ResettableElementName::ChildHealthChecks,
        ),
    ];
    let reset: Vec<ResettableElementName> = reset.into_iter().flatten().collect();
    let alarm = now.alarm.as_ref().map(|alarm| identifier(aws, alarm)).transpose()?;
    client(aws)
        .update_health_check()
        .health_check_id(id)
        .set_reset_elements((!reset.is_empty()).then_some(reset))
        .set_fully_qualified_domain_name(now.domain_name.clone())
        .set_port((*now.port).filter(|_| was.port != now.port))
        .set_resource_path(now.path.clone())
        .set_search_string(now.search_string.clone())
        .set_failure_threshold(kind.is_endpoint().then_some(now.failure_threshold))
        .set_enable_sni(kind.is_https().then_some(now.sni))
        .set_regions((!now.regions.is_empty()).then(|| regions(now)))
        .set_child_health_checks((!now.children.is_empty()).then(|| children(now)))
        .set_health_threshold(now.healthy_children)
        .set_alarm_identifier(alarm)
        .set_insufficient_data_health_status(now.alarm.as_ref().map(status))
        .inverted(now.inverted)
        .disabled(now.disabled)
        .send()
        .await?;
    Ok(())
}

fn regions(check: &HealthCheck) -> Vec<HealthCheckRegion> {
    check.regions.iter().map(|region| region.as_str().into()).collect()
}

fn children(check: &HealthCheck) -> Vec<String> {
    check.children.iter().map(ToString::to_string).collect()
}

fn identifier(aws: &Aws, alarm: &AlarmOf) -> Result<AlarmIdentifier> {
    let region = alarm.region.as_deref().unwrap_or_else(|| aws.region());
    let identifier = AlarmIdentifier::builder().name(alarm.name.as_str());
    Ok(identifier.region(CloudWatchRegion::from(region)).build()?)
}

fn status(alarm: &AlarmOf) -> InsufficientDataHealthStatus {
    to_word(&alarm.insufficient_data).as_str().into()
}
