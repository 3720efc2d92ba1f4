//! Records as Route 53 lists them: one list of zones, and one of each zone's records.

use aws_sdk_route53::types::{HostedZone as AwsZone, ResourceRecordSet, RrType};
use futures::{StreamExt, TryStreamExt, stream};

use super::fields::{Alias, Fields, Geolocation, five_minutes};
use super::{Record, marker, outputs};
use crate::aws::{Absent, Aws, Result};
use crate::kind::{Live, Scope, Status, from_word, is_unknown};
use crate::kinds::route53::domain::{is_in, normal};
use crate::kinds::route53::{hosted_zone, reference, sets};

/// How many zones are read that are neither ours nor named.
const OTHERS: usize = 25;
/// Zones read at once: Route 53 takes five calls a second from an account.
const CONCURRENCY: usize = 4;
/// The records that AWS puts into every zone: name servers, and start of authority.
const OWN: i64 = 2;

/// The scope's records.
pub(super) async fn records(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Record>>> {
    let zones = hosted_zone::all(aws).await?;
    let ids = wanted(&zones, scope).into_iter().map(|zone| hosted_zone::id(zone).to_owned());
    let found = stream::iter(ids.collect::<Vec<_>>())
        .map(|id| in_zone(aws, scope, id))
        .buffered(CONCURRENCY)
        .try_collect::<Vec<_>>();
    Ok(found.await?.into_iter().flatten().collect())
}

/// The scope's records in one zone.
async fn in_zone(aws: &Aws, scope: &Scope, zone: String) -> Result<Vec<Live<Record>>> {
    // A zone that has just gone has no records.
    let sets = sets::of_zone(aws, &zone).await.absent()?.unwrap_or_default();
    let marks = marker::all(&sets);
    let start = sets.iter().find(|set| *set.r#type() == RrType::Soa);
    let domain = start.map(|set| normal(set.name())).unwrap_or_default();
    let owned = sets.iter().filter_map(|set| {
        let name = normal(set.name());
        let mark = marker::name((&name, set.r#type().as_str(), set.set_identifier()));
        let tags = marks.get(&mark);
        if scope.is_anybodys() {
            // The zone's own records, and marks, are nobody's.
            let is_zones = matches!(set.r#type(), RrType::Ns | RrType::Soa) && name == domain;
            return (!is_zones && marker::read(set).is_none())
                .then(|| (set, tags.cloned().unwrap_or_default()));
        }
        Some((set, tags.filter(|tags| scope.owns(tags))?.clone()))
    });
    let live = owned.map(|(set, tags)| {
        let spec = read(&zone, set)?;
        let outputs = outputs(&spec);
        Ok(Live { spec, outputs, tags, status: Status::Usable })
    });
    live.collect()
}

/// The zones that may have records of the scope.
fn wanted<'a>(zones: &'a [AwsZone], scope: &Scope) -> Vec<&'a AwsZone> {
    let names: Vec<String> =
        scope.names.iter().filter(|name| !is_unknown(name)).map(|name| normal(name)).collect();
    let (near, others): (Vec<&AwsZone>, Vec<&AwsZone>) = zones.iter().partition(|zone| {
        let domain = normal(zone.name());
        names.iter().any(|name| is_in(name, &domain))
            || reference::owner(zone.caller_reference(), scope).is_some()
    });
    let others: Vec<&AwsZone> = others
        .into_iter()
        .filter(|zone| zone.resource_record_set_count().is_none_or(|count| count > OWN))
        .collect();
    // The search for one record whose name is known ends in its zone.
    let is_for_one = scope.declared == usize::MAX && !names.is_empty();
    let too_many = others.len() > OTHERS && !scope.is_anybodys();
    let others = if is_for_one || too_many { Vec::new() } else { others };
    near.into_iter().chain(others).collect()
}

/// A record as AWS shows it.
fn read(zone: &str, set: &ResourceRecordSet) -> Result<Record> {
    let values = set.resource_records().iter().map(|value| value.value().to_owned());
    let alias = set.alias_target().map(|target| Alias {
        zone: target.hosted_zone_id().to_owned(),
        name: target.dns_name().to_owned(),
        evaluate_target_health: target.evaluate_target_health(),
    });
    let failover = set.failover().map(|word| from_word(word.as_str())).transpose()?;
    let owned = |text: Option<&str>| text.map(ToOwned::to_owned);
    let geolocation = set.geo_location().map(|place| Geolocation {
        continent: owned(place.continent_code()),
        country: owned(place.country_code()),
        subdivision: owned(place.subdivision_code()),
    });
    let fields = Fields {
        zone: crate::kind::Ref::new(zone).into(),
        name: set.name().into(),
        r#type: from_word(set.r#type().as_str())?,
        ttl: set.ttl().unwrap_or_else(five_minutes),
        values: values.collect(),
        alias,
        set_identifier: owned(set.set_identifier()),
        weight: set.weight(),
        failover,
        latency_region: set.region().map(|region| region.as_str().to_owned()),
        geolocation,
        multivalue: set.multi_value_answer().unwrap_or_default(),
        health_check: set.health_check_id().map(Into::into),
    };
    Ok(Record(fields.normal()))
}
