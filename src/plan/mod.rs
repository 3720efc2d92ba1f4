//! Model + snapshot → plan. Pure: no async, no I/O.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::kind::{LiveObject, Tags};
use crate::model::Address;

/// What has to happen for the account to match the stack file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// The stack's name.
    pub stack: String,
    /// The environment's name.
    pub environment: String,
    /// The account's twelve digits.
    pub account: String,
    /// The stack's home region.
    pub region: String,
    /// One item per resource and per orphan, in the order of the graph: what is depended on first,
    /// deletes of orphans last and in their own order.
    pub items: Vec<Item>,
    /// The stack's outputs; a text with `${` is known after the apply.
    pub outputs: BTreeMap<String, Value>,
}

/// What happens to one address.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Item {
    /// Where in the stack.
    pub address: Address,
    /// The kind's name.
    pub kind: String,
    /// The object's region.
    pub region: String,
    /// What is done.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// Fields that differ, in the order of the schema. For a create: none.
    pub changes: Vec<Change>,
    /// Tags to write, beyond or instead of those that the object has. For a create: all.
    pub tags: Tags,
    /// Names of tags to take away.
    pub untag: Vec<String>,
    /// The spec to reach: canonical, waiting texts kept, secrets hidden. `None` for a delete.
    pub desired: Option<Value>,
    /// The object as it is. `None` for a create.
    pub live: Option<LiveObject>,
    /// The addresses that this one refers to or depends on.
    pub depends_on: Vec<Address>,
}

/// What is done to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It does not exist.
    Create,
    /// Fields or tags change in place.
    Update,
    /// A new object takes its place: made before the old one goes unless it claims the same name.
    Replace {
        /// Whether the old object has to go first.
        delete_first: bool,
    },
    /// It is ours and in no stack file.
    Delete,
    /// A foreign object becomes ours, and is brought to the spec.
    Adopt,
    /// It moves to another address: tags alone.
    Retag,
    /// Nothing.
    Keep,
}

/// Why an item has its action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// In the file, not in the account.
    Missing,
    /// Fields differ; for a replace, the ones that force it.
    Differs(Vec<String>),
    /// The object will never be usable; AWS's reason.
    Failed(String),
    /// In the account, not in the file.
    Orphan,
    /// Everything is to be destroyed.
    Destroy,
    /// `moved_from` names its old address.
    Moved(Address),
    /// The user asked to adopt it.
    Adopted,
    /// Nothing differs.
    Same,
    /// No longer declared, but to be retained.
    Retained,
}

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The field, dotted where it is nested: `health_check.interval`, `tags.Owner`.
    pub path: String,
    /// The live value; `None` when it has none.
    pub before: Option<Value>,
    /// The value to reach; `None` to take it away.
    pub after: Option<Value>,
    /// Whether the change replaces the object.
    pub replaces: bool,
}
