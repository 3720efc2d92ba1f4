//! What an apply reports while it runs.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::Address;
use crate::plan::Action;

/// What a step does to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// An object that exists is not usable yet: it is waited for.
    Wait,
    /// References that hold others back are taken out of an object that is to go or to change.
    Unlink,
    /// The object is made.
    Create,
    /// Fields or tags change in place.
    Update,
    /// Fields are set that refer to objects made after this one.
    Complete,
    /// The object, or the old one after a replacement, goes.
    Delete,
}

impl Verb {
    /// The verb as it stands in a sentence about the object.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wait => "wait for",
            Self::Unlink => "unlink",
            Self::Create => "create",
            Self::Update => "update",
            Self::Complete => "complete",
            Self::Delete => "delete",
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Something that happened. Never holds a secret, nor a value of a spec.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The run begins.
    Begun {
        /// How many steps there are.
        steps: usize,
    },
    /// A step is tried for the first time.
    Started {
        /// Where in the stack.
        address: Address,
        /// The kind's name.
        kind: String,
        /// What the plan does to the object.
        action: Action,
        /// The step.
        step: Verb,
    },
    /// AWS has taken the request; the object may not be usable yet.
    Accepted {
        /// Where in the stack.
        address: Address,
        /// The step.
        step: Verb,
    },
    /// The object is not where it has to be; reported once per state.
    Waiting {
        /// Where in the stack.
        address: Address,
        /// The step.
        step: Verb,
        /// AWS's word for the state.
        what: String,
    },
    /// The step did not work and is tried again.
    Retrying {
        /// Where in the stack.
        address: Address,
        /// The step.
        step: Verb,
        /// AWS's code, message and request id.
        error: String,
        /// How often it was tried.
        attempt: u32,
        /// When it is tried again.
        after_ms: u64,
    },
    /// Something holds an object that is to go; reported once for each set of such things.
    Blocked {
        /// Where in the stack.
        address: Address,
        /// The step.
        step: Verb,
        /// What they are: `network interface eni-1 of NAT gateway nat-1`.
        by: Vec<String>,
    },
    /// The step is done: the object is usable, or gone.
    Done {
        /// Where in the stack.
        address: Address,
        /// The kind's name.
        kind: String,
        /// The step.
        step: Verb,
        /// What names the object in AWS.
        id: String,
        /// Since the step started.
        elapsed_ms: u64,
    },
    /// The step failed for good.
    Failed {
        /// Where in the stack.
        address: Address,
        /// The kind's name.
        kind: String,
        /// The step.
        step: Verb,
        /// AWS's code, message and request id.
        error: String,
        /// What to do next.
        advice: String,
    },
    /// The step is not tried.
    Skipped {
        /// Where in the stack.
        address: Address,
        /// The kind's name.
        kind: String,
        /// The step.
        step: Verb,
        /// The address whose failure is the cause.
        because: Address,
    },
    /// The run was asked to stop.
    Stopping {
        /// Whether it leaves at once, without waiting for what is in flight.
        now: bool,
    },
    /// The run has ended.
    Ended {
        /// Items that were done.
        done: usize,
        /// Steps that failed.
        failed: usize,
        /// Steps that were not tried because of those.
        skipped: usize,
        /// Steps that were left because the run was stopped.
        left: usize,
    },
}
