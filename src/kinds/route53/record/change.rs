//! Changes of records, each in one batch with that of its mark.

use aws_sdk_route53::types::{
    AliasTarget, ChangeAction, GeoLocation, ResourceRecord, ResourceRecordSet,
    ResourceRecordSetFailover, ResourceRecordSetRegion, RrType,
};

use super::fields::Fields;
use super::{marker, value};
use crate::aws::{Aws, Class, Error, Result};
use crate::kind::{Tags, ownership, to_word};
use crate::kinds::route53::sets::{find, send};

/// Makes a record and its mark. One that is there already is never written over.
pub(super) async fn create(aws: &Aws, new: &Fields, tags: &Tags) -> Result<()> {
    let mark = marker::of(new.key(), tags)?;
    // A mark without a record is what somebody left who deleted the record by hand.
    let batch = vec![(ChangeAction::Create, set(new)?), (ChangeAction::Upsert, mark)];
    match send(aws, &new.zone, batch).await {
        Err(error) if is_invalid(&error) && find(aws, &new.zone, new.key()).await?.is_some() => {
            let (name, kind, _) = new.key();
            let message = format!(
                "the zone {} has a record {name} of type {kind} already; to take it over, write the \
                 mark {} beside it",
                new.zone.as_str(),
                marker::name(new.key())
            );
            Err(Error { class: Class::Exists, message, ..error })
        }
        result => result,
    }
}

/// Brings a record from `was` to `now`. One that gets another type or set identifier goes and comes
/// back in the same batch.
pub(super) async fn update(aws: &Aws, was: &Fields, now: &Fields, tags: &Tags) -> Result<()> {
    let there = vec![(ChangeAction::Upsert, set(now)?)];
    if was.key() == now.key() {
        return send(aws, &now.zone, there).await;
    }
    let mut batch = removal(aws, was, tags).await?;
    batch.push((ChangeAction::Create, set(now)?));
    batch.push((ChangeAction::Upsert, marker::of(now.key(), tags)?));
    match send(aws, &now.zone, batch).await {
        // The answer to an earlier try was lost.
        Err(error) if is_invalid(&error) && is_marked(aws, now, tags).await? => {
            tracing::debug!(%error, "already of the new type or set identifier");
            send(aws, &now.zone, there).await
        }
        result => result,
    }
}

/// Deletes a record and its mark, as they were read. Where they have changed since, they are looked
/// at again: a record whose mark is gone is somebody else's now.
pub(super) async fn delete(aws: &Aws, was: &Fields, tags: &Tags) -> Result<()> {
    let mark = marker::of(was.key(), tags)?;
    let batch = vec![(ChangeAction::Delete, set(was)?), (ChangeAction::Delete, mark)];
    match send(aws, &was.zone, batch).await {
        Err(error) if is_invalid(&error) => {
            let batch = removal(aws, was, tags).await?;
            if batch.is_empty() { Ok(()) } else { send(aws, &was.zone, batch).await }
        }
        result => result,
    }
}

/// Writes a record's mark anew.
pub(super) async fn mark(aws: &Aws, record: &Fields, tags: &Tags) -> Result<()> {
    let mark = marker::of(record.key(), tags)?;
    send(aws, &record.zone, vec![(ChangeAction::Upsert, mark)]).await
}

/// What deletes a record of ours and its mark, as they are now; nothing where the mark is gone.
async fn removal(
    aws: &Aws,
    was: &Fields,
    tags: &Tags,
) -> Result<Vec<(ChangeAction, ResourceRecordSet)>> {
    let name = marker::name(was.key());
    let mark = find(aws, &was.zone, (&name, RrType::Txt.as_str(), None)).await?;
    let Some(mark) = mark.filter(|mark| marker::read(mark).is_some_and(|now| same(&now, tags)))
    else {
        return Ok(Vec::new());
    };
    let record = find(aws, &was.zone, was.key()).await?;
    Ok(record.into_iter().chain([mark]).map(|set| (ChangeAction::Delete, set)).collect())
}

/// Whether a record is there, with the mark that these tags make.
async fn is_marked(aws: &Aws, record: &Fields, tags: &Tags) -> Result<bool> {
    let name = marker::name(record.key());
    let mark = find(aws, &record.zone, (&name, RrType::Txt.as_str(), None)).await?;
    let marked = mark.and_then(|mark| marker::read(&mark)).is_some_and(|now| same(&now, tags));
    Ok(marked && find(aws, &record.zone, record.key()).await?.is_some())
}

/// Whether two marks are of one owner.
fn same(one: &Tags, other: &Tags) -> bool {
    let of = |tags: &Tags, key: &str| tags.get(key).cloned();
    [ownership::STACK, ownership::ENVIRONMENT, ownership::ADDRESS]
        .iter()
        .all(|key| of(one, key) == of(other, key))
}

fn is_invalid(error: &Error) -> bool {
    error.code == "InvalidChangeBatch"
}

/// A record as AWS takes it.
fn set(record: &Fields) -> Result<ResourceRecordSet> {
    let (name, kind, identifier) = record.key();
    let mut set = ResourceRecordSet::builder().name(name).r#type(RrType::from(kind));
    for text in record.values.iter() {
        let text = value::wire(record.r#type, text);
        set = set.resource_records(ResourceRecord::builder().value(text).build()?);
    }
    let alias = record.alias.as_ref().map(|alias| {
        let target = AliasTarget::builder().hosted_zone_id(&alias.zone).dns_name(&alias.name);
        target.evaluate_target_health(alias.evaluate_target_health).build()
    });
    let place = record.geolocation.as_ref().map(|place| {
        GeoLocation::builder()
            .set_continent_code(place.continent.clone())
            .set_country_code(place.country.clone())
            .set_subdivision_code(place.subdivision.clone())
            .build()
    });
    let failover = record.failover.map(|one| to_word(&one).as_str().into());
    let region = record.latency_region.as_deref().map(ResourceRecordSetRegion::from);
    let set = set
        .set_ttl(record.alias.is_none().then_some(record.ttl))
        .set_alias_target(alias.transpose()?)
        .set_set_identifier(identifier.map(ToOwned::to_owned))
        .set_weight(record.weight)
        .set_failover(failover as Option<ResourceRecordSetFailover>)
        .set_region(region)
        .set_geo_location(place)
        .set_multi_value_answer(record.multivalue.then_some(true))
        .set_health_check_id(record.health_check.as_ref().map(ToString::to_string));
    Ok(set.build()?)
}
