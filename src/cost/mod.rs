//! Model + plan → money: what a month costs, by list prices. Pure: no async, no I/O.
//!
//! A kind says what AWS charges for an object ([`crate::kind::charge`]); `prices.json` says what a
//! unit costs in which region, with its source; this module multiplies and adds up. What has no
//! price, and what depends on use of which the stack file says nothing, is never counted as zero:
//! every sum carries how much of it is not known.

mod estimate;
mod money;
mod objects;
mod part;
pub mod prices;
pub mod refresh;
#[cfg(test)]
mod tests;

pub use estimate::{Estimate, Item, Line, Position, ServiceCost, Share, of_plan, of_stack};
pub use money::{Currency, OverBudget, Sum, check_budget, code_and_rate, currency};
pub use objects::of_objects;
pub use prices::Prices;
