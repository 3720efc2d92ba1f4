//! Checks as Route 53 lists them: `ListHealthChecks`.

use std::collections::BTreeMap;

use aws_sdk_route53::types::{HealthCheckConfig, TagResourceType};

use super::{AlarmOf, HealthCheck, InsufficientData, Outputs, check, client};
use crate::aws::{Aws, Error, Result, all_pages};
use crate::kind::{Auto, Live, Ref, Scope, Set, Status, Tags, from_word};
use crate::kinds::route53::owned;

/// The scope's checks: one list, and their tags.
pub(super) async fn checks(aws: &Aws, scope: &Scope) -> Result<Vec<Live<HealthCheck>>> {
    let checks = all_pages(client(aws).list_health_checks().into_paginator().items().send());
    let mut configs = BTreeMap::new();
    let mut listed = Vec::new();
    for check in checks.await? {
        let Outputs { id, arn } = outputs(check.id());
        listed.push((id.clone(), arn, check.caller_reference().to_owned()));
        configs.extend(check.health_check_config.map(|config| (id, config)));
    }
    let owned = owned(aws, scope, &TagResourceType::Healthcheck, listed).await?;
    let found = owned.into_iter().map(|(id, tags)| {
        let config = configs.get(&id).ok_or_else(|| Error::missing("HealthCheckConfig"))?;
        read(aws, &id, config, tags)
    });
    found.collect()
}

fn read(aws: &Aws, id: &str, config: &HealthCheckConfig, tags: Tags) -> Result<Live<HealthCheck>> {
    let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(ToOwned::to_owned);
    let regions: Set<String> =
        config.regions().iter().map(|region| region.as_str().to_owned()).collect();
    let alarm = config.alarm_identifier().map(|alarm| {
        let region = Some(alarm.region().as_str()).filter(|region| *region != aws.region());
        let data = config.insufficient_data_health_status();
        let data = data.map(|word| from_word::<InsufficientData>(word.as_str())).transpose()?;
        Ok::<_, Error>(AlarmOf {
            name: alarm.name().into(),
            region: region.map(ToOwned::to_owned),
            insufficient_data: data.unwrap_or_default(),
        })
    });
    Ok(Live {
        spec: HealthCheck {
            r#type: from_word::<super::Type>(config.r#type().as_str())?.into(),
            domain_name: text(config.fully_qualified_domain_name()),
            ip_address: text(config.ip_address()).into(),
            port: Auto(config.port()),
            path: text(config.resource_path()),
            search_string: text(config.search_string()),
            request_interval: config.request_interval().unwrap_or(30).into(),
            failure_threshold: config.failure_threshold().unwrap_or(3),
            measure_latency: config.measure_latency().unwrap_or_default().into(),
            // Only an endpoint that is asked by HTTPS has it.
            sni: config.enable_sni().filter(|_| is_https(config)).unwrap_or(true),
            // All of them is what is asked from when none is named.
            regions: if regions.len() == check::REGIONS.len() { Set::default() } else { regions },
            children: config.child_health_checks().iter().map(|id| Ref::new(id.as_str())).collect(),
            healthy_children: config.health_threshold(),
            alarm: alarm.transpose()?,
            inverted: config.inverted().unwrap_or_default(),
            disabled: config.disabled().unwrap_or_default(),
        },
        outputs: outputs(id),
        tags,
        status: Status::Usable,
    })
}

fn is_https(config: &HealthCheckConfig) -> bool {
    config.r#type().as_str().starts_with("HTTPS")
}

pub(super) fn outputs(id: &str) -> Outputs {
    Outputs { id: id.to_owned(), arn: format!("arn:aws:route53:::healthcheck/{id}") }
}
