//! What would be lost: a plan knows which kinds hold data, the account how much is there.

use futures::{StreamExt, TryStreamExt, stream};

use crate::aws::{self, Session};
use crate::kinds;
use crate::model::Address;
use crate::plan::Plan;

/// Objects looked into at once.
const CONCURRENCY: usize = 16;

/// An object could not be looked into.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot tell what {kind} `{address}` holds, so nothing was changed: {error}; the role or user \
     that runs this has to be able to list it"
)]
pub struct HoldingsError {
    address: Address,
    kind: String,
    error: aws::Error,
}

/// Looks into every object that a plan takes away, and notes in the plan what it holds: one that
/// holds nothing loses nothing.
pub async fn look_into(plan: &mut Plan, session: &Session) -> Result<(), HoldingsError> {
    let going = plan.items.iter().enumerate().filter(|(_, item)| item.loses_data);
    let looks = going.map(|(place, item)| async move {
        let (kind, live) = (kinds::find(&item.kind)?, item.live.as_deref()?);
        Some(match kind.holds(&session.region(&item.region), live).await {
            Ok(held) => Ok((place, held)),
            Err(error) if error.is_not_found() => Ok((place, None)),
            Err(error) => {
                let (address, kind) = (item.address.clone(), item.kind.clone());
                Err(HoldingsError { address, kind, error })
            }
        })
    });
    let found: Vec<_> = stream::iter(looks.collect::<Vec<_>>())
        .buffered(CONCURRENCY)
        .filter_map(std::future::ready)
        .try_collect()
        .await?;
    for (place, held) in found {
        let item = &mut plan.items[place];
        item.loses_data = held.is_some();
        item.holds = held;
    }
    Ok(())
}
