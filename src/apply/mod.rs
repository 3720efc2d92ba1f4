//! Plan → AWS.
//!
//! A plan becomes steps ([`steps`]): create, update, complete, unlink, delete, and waiting for what
//! is on its way. The scheduler ([`engine`]) runs a step as soon as the steps that it needs are
//! done, a bounded number of calls at a time. A call that AWS has *accepted* frees its place; what
//! depends on the object starts when the object is *usable*.
//!
//! Everything that happens is an [`Event`]. Whoever shows, records or sends the run on reads those,
//! and nothing else. No event holds a secret or a value of a spec.

mod clock;
pub mod deadline;
mod engine;
mod error;
mod event;
pub mod history;
mod holdings;
mod known;
mod late;
pub mod lock;
mod retry;
mod steps;
mod stop;
mod work;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;

use crate::aws::Session;
use crate::kinds;
use crate::model::{Address, Outputs, Reference, Stack};
use crate::plan::saved::Withheld;
use crate::plan::{Action, Plan};

pub use error::Failure;
pub use event::{Event, Verb};
pub use holdings::{HoldingsError, look_into};
pub use stop::{Stop, on_signals};

/// How an apply is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many calls are made at a time. Waiting for AWS to get an object ready counts for none.
    pub parallelism: usize,
    /// Whether the data goes with the objects that go and hold any. Without, AWS refuses to delete
    /// those that it deletes empty only.
    pub delete_data: bool,
    /// From what the jitter of retries is drawn: equal seeds wait equally long.
    pub seed: u64,
    /// Items of the plan, by their place, that are not carried out, and with them all that needs
    /// them.
    pub withheld: BTreeMap<usize, Withheld>,
    /// For a plan that somebody has reviewed: each object is looked at right before its step, and
    /// this is what becomes of the others when it is not what the plan was made for.
    pub on_moved: Option<OnMoved>,
}

/// What becomes of the other steps when an object is not what a reviewed plan was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnMoved {
    /// They go on.
    GoOn,
    /// No more are started.
    Stop,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            parallelism: 16,
            delete_data: false,
            seed: u64::from(std::process::id()),
            withheld: BTreeMap::new(),
            on_moved: None,
        }
    }
}

/// What an apply asks of the stack file.
pub(crate) trait Declared: Sync {
    /// The spec at an address, with every expression evaluated whose inputs are known.
    fn resolve(&self, address: &Address, known: &dyn Outputs) -> Option<Result<Value, String>>;
    /// What the declaration at an address needs.
    fn references(&self, address: &Address) -> Vec<Reference>;
    /// Fields that are left as they are.
    fn ignored(&self, address: &Address) -> &[String];
    /// How long the object may take, where the declaration says so.
    fn timeout(&self, address: &Address) -> Option<Duration>;
    /// The stack's outputs.
    fn outputs(&self, known: &dyn Outputs) -> BTreeMap<String, Value>;
}

impl Declared for Stack {
    fn resolve(&self, address: &Address, known: &dyn Outputs) -> Option<Result<Value, String>> {
        self.get(address).map(|resource| resource.resolve(known))
    }

    fn references(&self, address: &Address) -> Vec<Reference> {
        let Some(resource) = self.get(address) else { return Vec::new() };
        let named = resource.lifecycle.depends_on.iter();
        let named = named.map(|to| Reference { to: to.clone(), late: false });
        resource.references.iter().cloned().chain(named).collect()
    }

    fn ignored(&self, address: &Address) -> &[String] {
        self.get(address).map_or(&[], |resource| resource.lifecycle.ignore.as_slice())
    }

    fn timeout(&self, address: &Address) -> Option<Duration> {
        self.get(address)?.lifecycle.timeout
    }

    fn outputs(&self, known: &dyn Outputs) -> BTreeMap<String, Value> {
        Stack::outputs(self, known)
    }
}

/// No stack file: a destroy needs none.
impl Declared for () {
    fn resolve(&self, _: &Address, _: &dyn Outputs) -> Option<Result<Value, String>> {
        None
    }

    fn references(&self, _: &Address) -> Vec<Reference> {
        Vec::new()
    }

    fn ignored(&self, _: &Address) -> &[String] {
        &[]
    }

    fn timeout(&self, _: &Address) -> Option<Duration> {
        None
    }

    fn outputs(&self, _: &dyn Outputs) -> BTreeMap<String, Value> {
        BTreeMap::new()
    }
}

/// How an apply ended.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Outcome {
    /// What was done, whole, in the order in which it ended.
    pub done: Vec<Done>,
    /// What failed.
    pub failed: Vec<Failure>,
    /// What was not tried because something that it needs failed.
    pub skipped: Vec<Skipped>,
    /// What was not tried, or not waited for, because the run was stopped.
    pub left: Vec<Left>,
    /// Whether the run was stopped.
    pub interrupted: bool,
    /// The stack's outputs. What could not be known keeps its `${…}`.
    pub outputs: BTreeMap<String, Value>,
}

impl Outcome {
    /// Whether everything was done.
    pub fn is_success(&self) -> bool {
        self.failed.is_empty() && self.skipped.is_empty() && self.left.is_empty()
    }
}

/// An item of the plan whose steps are all done.
#[derive(Clone, Debug, Serialize)]
pub struct Done {
    /// Where in the stack.
    pub address: Address,
    /// The kind's name.
    pub kind: String,
    /// What was done.
    pub action: Action,
    /// From the first step's start to the last one's end.
    pub elapsed_ms: u64,
}

/// A step that was not tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// Where in the stack.
    pub address: Address,
    /// The kind's name.
    pub kind: String,
    /// The step.
    pub step: Verb,
    /// The address whose failure is the cause.
    pub because: Address,
}

/// A step that a stopped run left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Left {
    /// Where in the stack.
    pub address: Address,
    /// The kind's name.
    pub kind: String,
    /// The step.
    pub step: Verb,
    /// Whether it had begun: AWS may still bring it to its end.
    pub begun: bool,
}

/// Makes the account match the plan. `stack` is what the plan was made from; a destroy needs none.
///
/// Returns when everything is done, has failed or hangs on something that failed, or when `stop`
/// says so. The events end when it returns.
pub async fn apply(
    stack: Option<&Stack>,
    plan: &Plan,
    session: &Session,
    options: &Options,
    events: UnboundedSender<Event>,
    stop: Stop,
) -> Outcome {
    let declared: &dyn Declared = match stack {
        Some(stack) => stack,
        None => &(),
    };
    let regions = plan.items.iter().map(|item| item.region.as_str());
    let regions: BTreeSet<&str> = regions.collect();
    let regions = regions.into_iter().map(|name| (name.to_owned(), session.region(name)));
    let context = engine::Context {
        plan,
        declared,
        regions: regions.collect(),
        find: kinds::find,
        options,
        clock: &clock::Real::new(),
    };
    context.run(&events, &stop).await
}
