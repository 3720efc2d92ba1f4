//! What is in a zone: its records, save those two that every zone has.

use aws_sdk_route53::types::{ChangeAction, ResourceRecordSet, RrType};

use super::Outputs;
use crate::aws::{Aws, Result};
use crate::kind::{Holding, Tags, ownership};
use crate::kinds::route53::domain::normal;
use crate::kinds::route53::record::marker;
use crate::kinds::route53::sets::{self, send};

/// How many records go in one batch of changes; AWS takes 1000 values.
const BATCH: usize = 100;
/// How many records are named.
const NAMED: usize = 3;

/// The records that no mark says to be of the zone's own stack.
pub(super) async fn of_others(aws: &Aws, zone: &Outputs, tags: &Tags) -> Result<Option<Holding>> {
    let mut others = records(aws, zone).await?;
    let marks = marker::all(&others);
    let is_ours = |mark: &Tags| {
        let same = |key: &str| mark.get(key) == tags.get(key);
        same(ownership::STACK) && same(ownership::ENVIRONMENT)
    };
    others.retain(|set| {
        let name = normal(set.name());
        let mark = marker::name((&name, set.r#type().as_str(), set.set_identifier()));
        !marks.get(&mark).or_else(|| marks.get(&name)).is_some_and(is_ours)
    });
    let holding = Holding::count(others.len(), false, "record of others", "records of others");
    let named = others.iter().take(NAMED);
    let named = named.map(|set| format!("{} {}", normal(set.name()), set.r#type().as_str()));
    let mut named: Vec<String> = named.collect();
    if others.len() > NAMED {
        named.push("…".to_owned());
    }
    let what = |it: &Holding| format!("{}: {}", it.what, named.join(", "));
    Ok(holding.map(|it| Holding { what: what(&it), ..it }))
}

/// Deletes marks of the zone's own stack that stand beside no record: somebody has deleted that one by
/// hand.
pub(super) async fn tidy(aws: &Aws, zone: &Outputs, tags: &Tags) -> Result<()> {
    if of_others(aws, zone, tags).await?.is_some() {
        return Ok(());
    }
    let left = records(aws, zone).await?;
    if left.iter().all(|set| marker::read(set).is_some()) {
        delete(aws, zone).await?;
    }
    Ok(())
}

/// Deletes all records, for good.
pub(super) async fn delete(aws: &Aws, zone: &Outputs) -> Result<()> {
    for sets in records(aws, zone).await?.chunks(BATCH) {
        let changes = sets.iter().map(|set| (ChangeAction::Delete, set.clone())).collect();
        send(aws, &zone.id, changes).await?;
    }
    Ok(())
}

/// A zone's records but those two.
async fn records(aws: &Aws, zone: &Outputs) -> Result<Vec<ResourceRecordSet>> {
    let mut sets = sets::of_zone(aws, &zone.id).await?;
    sets.retain(|set| {
        let is_own = matches!(set.r#type(), RrType::Ns | RrType::Soa);
        !(is_own && normal(set.name()) == zone.name)
    });
    Ok(sets)
}
