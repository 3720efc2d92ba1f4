//! Model + snapshot → plan. Pure: no async, no I/O.

mod claims;
mod deletes;
pub mod diff;
mod name;
pub mod night;
pub mod saved;
pub(crate) mod teardown;
pub(crate) mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::diagnostic::Diagnostics;
use crate::kind::{AnyKind, Holding, LiveObject, Tags, deletion, ownership};
use crate::live::Snapshot;
use crate::model::{Address, Stack};
use walk::{Mode, Walk};

/// Why there is no plan.
pub type PlanErrors = Diagnostics;

/// What the command line says about a plan.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Resources that take over a foreign object which has their name.
    pub adopt: BTreeSet<Address>,
    /// Whether protected resources may be deleted and replaced all the same.
    pub override_protection: bool,
    /// For a destroy: whether what the stack file declares stays.
    pub orphans_only: bool,
    /// For a destroy: objects that stay because of the data that they hold.
    pub keep: Vec<Kept>,
}

/// An object that stays because of the data that it holds.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The kind's name.
    pub kind: String,
    /// The object's region.
    pub region: String,
    /// What names the object in AWS.
    pub id: String,
    /// What it holds.
    pub holding: Holding,
}

impl Kept {
    /// Whether it is this object.
    fn is(&self, object: &LiveObject) -> bool {
        (&self.kind, &self.region, self.id.as_str()) == (&object.kind, &object.region, object.id())
    }
}

/// Where kinds are looked up.
pub(crate) type Find = fn(&str) -> Option<&'static dyn AnyKind>;

/// What has to happen for the account to match the stack file.
pub fn plan(stack: &Stack, snapshot: &Snapshot, options: &Options) -> Result<Plan, PlanErrors> {
    Walk::new(stack, snapshot, options, Mode::Plan, crate::kinds::find).plan()
}

/// The objects that become the stack's own, all or those of the `wanted` addresses, and the tags that say
/// so. Nothing else about them changes: the next plan shows what differs from the file.
pub fn adoption(
    stack: &Stack,
    snapshot: &Snapshot,
    options: &Options,
    wanted: &BTreeSet<Address>,
) -> Result<Plan, PlanErrors> {
    let mut plan = plan(stack, snapshot, options)?;
    plan.items.retain(|item| {
        item.action == Action::Adopt && (wanted.is_empty() || wanted.contains(&item.address))
    });
    for item in &mut plan.items {
        item.tags.retain(|key, _| key.starts_with(ownership::PREFIX));
        item.untag.clear();
        item.changes.clear();
        item.desired = item.live.as_ref().map(|live| live.spec.clone());
        item.depends_on.clear();
    }
    plan.outputs.clear();
    Ok(plan)
}

/// What differs in AWS from the file, field by field: objects that are missing, and those whose
/// fields differ, as far as the values to reach are known. Nothing in it is protected, and
/// what follows from a replacement is no difference yet.
pub fn drift(stack: &Stack, snapshot: &Snapshot) -> Result<Plan, PlanErrors> {
    Walk::new(stack, snapshot, &Options::default(), Mode::Drift, crate::kinds::find).plan()
}

/// What has to happen for nothing of an environment to be left, save what is retained. The
/// stack file, if there is one, says what is protected and retained beyond what tags say.
pub fn destroy(
    stack: &str,
    environment: &str,
    region: &str,
    snapshot: &Snapshot,
    file: Option<&Stack>,
    options: &Options,
) -> Result<Plan, PlanErrors> {
    let find = crate::kinds::find;
    let items = deletes::destroy(stack, environment, snapshot, file, options, find)?;
    Ok(Plan {
        stack: stack.to_owned(),
        environment: environment.to_owned(),
        account: snapshot.account.clone(),
        region: region.to_owned(),
        asleep: false,
        items,
        outputs: BTreeMap::new(),
    })
}

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
    /// Whether the environment sleeps once this is done.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asleep: bool,
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
    pub live: Option<Arc<LiveObject>>,
    /// The addresses that this one refers to or depends on. For a delete: those that the live
    /// object refers to.
    pub depends_on: Vec<Address>,
    /// Whether the action destroys data that only this object holds.
    #[serde(default)]
    pub loses_data: bool,
    /// What it holds, where that has been looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holds: Option<Holding>,
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
    /// It is ours and not, or no longer, in the stack file.
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
    /// The environment sleeps, and this goes for the night.
    Asleep,
    /// A run that was cut short made its successor, and did not come to delete it.
    Leftover,
    /// Its address is now of another kind, which is named.
    KindChanged(String),
    /// Its address is now in another region, which is named.
    RegionChanged(String),
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
    /// It is to go, and stays because of what it holds.
    HoldsData(String),
    /// No longer declared, but what is to be retained refers to it.
    NeededBy(Address),
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

impl Plan {
    /// Whether anything has to be done.
    pub fn has_changes(&self) -> bool {
        self.items.iter().any(|item| item.action != Action::Keep)
    }

    /// The databases that are made although the environment sleeps. They run at first: nobody makes
    /// one that is stopped.
    pub fn awake_at_first(&self) -> impl Iterator<Item = &Item> {
        let is_new = |item: &&Item| matches!(item.action, Action::Create | Action::Replace { .. });
        let new = self.items.iter().filter(|_| self.asleep).filter(is_new);
        new.filter(|item| {
            let kind = crate::kinds::find(&item.kind);
            kind.is_some_and(|kind| kind.holds_data() && !kind.asleep().is_empty())
        })
    }

    /// The items that change something.
    pub fn changed(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| item.action != Action::Keep)
    }
}

impl Item {
    /// The field by which AWS refuses to delete the object, which is to go all the same: that
    /// protection is lifted first.
    pub fn lifts(&self) -> Option<&'static str> {
        self.protected_by(crate::kinds::find)
    }

    fn protected_by(&self, find: Find) -> Option<&'static str> {
        let live = self.live.as_deref().filter(|_| self.action.removes())?;
        deletion::protected_by(find(&self.kind)?, &live.spec)
    }

    /// The fields that make the change a replacement.
    pub fn replacing(&self) -> impl Iterator<Item = &str> {
        self.changes.iter().filter(|change| change.replaces).map(|change| change.path.as_str())
    }
}

impl Action {
    /// The action as a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Replace { .. } => "replace",
            Self::Delete => "delete",
            Self::Adopt => "adopt",
            Self::Retag => "retag",
            Self::Keep => "keep",
        }
    }

    /// Whether the object that is there now goes.
    pub fn removes(self) -> bool {
        matches!(self, Self::Delete | Self::Replace { .. })
    }
}
