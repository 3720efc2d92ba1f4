//! Record sets: `ListResourceRecordSets`, `ChangeResourceRecordSets`.

use aws_sdk_route53::types::{Change, ChangeAction, ChangeBatch, ResourceRecordSet, RrType};

use super::client;
use super::domain::normal;
use crate::aws::{Aws, Result};

/// What tells one record set of a zone from all others: name, type and set identifier.
pub(super) type Key<'a> = (&'a str, &'a str, Option<&'a str>);

/// All record sets of a zone.
pub(super) async fn of_zone(aws: &Aws, zone: &str) -> Result<Vec<ResourceRecordSet>> {
    let mut list = client(aws).list_resource_record_sets().hosted_zone_id(zone);
    let mut all = Vec::new();
    loop {
        let page = list.send().await?;
        all.extend(page.resource_record_sets);
        if !page.is_truncated {
            return Ok(all);
        }
        list = client(aws)
            .list_resource_record_sets()
            .hosted_zone_id(zone)
            .set_start_record_name(page.next_record_name)
            .set_start_record_type(page.next_record_type)
            .set_start_record_identifier(page.next_record_identifier);
    }
}

/// The record set with that key, as AWS shows it.
pub(super) async fn find(
    aws: &Aws,
    zone: &str,
    (name, kind, identifier): Key<'_>,
) -> Result<Option<ResourceRecordSet>> {
    let list = client(aws).list_resource_record_sets().hosted_zone_id(zone).max_items(1);
    let list = list.start_record_name(name).start_record_type(RrType::from(kind));
    let page = list.set_start_record_identifier(identifier.map(ToOwned::to_owned)).send().await?;
    let is_it = |set: &ResourceRecordSet| {
        normal(set.name()) == name
            && set.r#type().as_str() == kind
            && set.set_identifier() == identifier
    };
    Ok(page.resource_record_sets.into_iter().find(is_it))
}

/// Makes all of the changes, or none.
pub(super) async fn send(
    aws: &Aws,
    zone: &str,
    changes: Vec<(ChangeAction, ResourceRecordSet)>,
) -> Result<()> {
    let mut batch = ChangeBatch::builder();
    for (action, set) in changes {
        batch = batch.changes(Change::builder().action(action).resource_record_set(set).build()?);
    }
    let change = client(aws).change_resource_record_sets().hosted_zone_id(zone);
    change.change_batch(batch.build()?).send().await?;
    Ok(())
}
