//! What single objects cost that no stack file declares.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::estimate::{Share, of_plan};
use super::{Prices, Sum};
use crate::diagnostic::Diagnostics;
use crate::kind::{LiveObject, Tags};
use crate::model::{Address, unknown_stack};
use crate::plan::{Action, Item, Plan, Reason};

/// What a month of each object costs.
pub fn of_objects(
    account: &str,
    region: &str,
    objects: &[Arc<LiveObject>],
    prices: &Prices,
) -> Result<Vec<(Share, Sum)>, Diagnostics> {
    let regions = BTreeSet::from([region.to_owned()]);
    let stack = unknown_stack(("unmanaged", "account"), region, &regions, false)?;
    // The estimate knows objects by their addresses: each gets its number.
    let address = |place: usize| Address::new(&format!("o{place}"));
    let items = objects.iter().enumerate().map(|(place, object)| Item {
        address: address(place),
        kind: object.kind.clone(),
        region: object.region.clone(),
        action: Action::Keep,
        reason: Reason::Same,
        changes: Vec::new(),
        tags: Tags::new(),
        untag: Vec::new(),
        desired: None,
        live: Some(Arc::clone(object)),
        depends_on: Vec::new(),
        loses_data: false,
        holds: None,
    });
    let plan = Plan {
        stack: stack.name.clone(),
        environment: stack.environment.clone(),
        account: account.to_owned(),
        region: region.to_owned(),
        asleep: false,
        items: items.collect(),
        outputs: BTreeMap::new(),
    };
    let estimate = of_plan(&stack, &plan, prices);
    let by_address: BTreeMap<&Address, _> =
        estimate.lines.iter().map(|line| (&line.address, (line.share, line.running))).collect();
    let none = (Share::NotPriced, Sum::default());
    let cost = |place| by_address.get(&address(place)).copied().unwrap_or(none);
    Ok((0..objects.len()).map(cost).collect())
}
