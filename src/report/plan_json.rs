//! Plans as JSON, in a shape that stays: fields are added, never changed or taken away, without a
//! new `format_version`.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::kind::Tags;
use crate::kind::waits;
use crate::plan::{Action, Change, Item, Plan, Reason};

/// A plan as `--json` gives it.
#[derive(Clone, Debug, Serialize)]
pub struct PlanReport<'a> {
    /// The shape's version: 1.
    pub format_version: u32,
    /// The stack's name.
    pub stack: &'a str,
    /// The environment's name.
    pub environment: &'a str,
    /// The account's twelve digits.
    pub account: &'a str,
    /// The stack's home region.
    pub region: &'a str,
    /// Whether the environment sleeps, and stays asleep.
    pub asleep: bool,
    /// Whether anything has to be done.
    pub changes: bool,
    /// How many items have each action.
    pub summary: Summary,
    /// What the plan does to a month's cost: `before`, `after`, `change` and the `currency`; each
    /// with an `amount`, and how many charges are `unknown` or `by_use` and so not in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Value>,
    /// All items, unchanged ones too, in the order of the plan.
    pub items: Vec<ItemReport<'a>>,
    /// The stack's outputs; a text with `${` is known after the apply.
    pub outputs: &'a BTreeMap<String, Value>,
}

/// How many items of a plan have each action.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Created.
    pub create: usize,
    /// Changed in place.
    pub update: usize,
    /// Replaced.
    pub replace: usize,
    /// Deleted.
    pub delete: usize,
    /// Foreign objects taken over.
    pub adopt: usize,
    /// Moved to another address, nothing else.
    pub retag: usize,
    /// No longer declared, and kept.
    pub retained: usize,
    /// As they should be.
    pub unchanged: usize,
    /// Of all these, those that destroy data.
    pub losing_data: usize,
}

/// One item as `--json` gives it.
#[derive(Clone, Debug, Serialize)]
pub struct ItemReport<'a> {
    /// Where in the stack.
    pub address: &'a str,
    /// The kind's name.
    pub kind: &'a str,
    /// The object's region.
    pub region: &'a str,
    /// `create`, `update`, `replace`, `delete`, `adopt`, `retag` or `keep`.
    pub action: &'static str,
    /// For a replacement: whether the old object goes before the new one comes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_first: Option<bool>,
    /// `missing`, `differs`, `failed`, `orphan`, `leftover`, `kind_changed`, `region_changed`,
    /// `destroy`, `moved`, `adopted`, `same`, `retained`, `holds_data` or `needed_by`.
    pub reason: &'static str,
    /// More about the reason: AWS's words for a failure, the old address, the new kind or region,
    /// the address that needs it, what it holds, the fields that differ or force the replacement.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub detail: Value,
    /// Whether data is destroyed that only this object holds.
    pub loses_data: bool,
    /// What it holds, where that has been looked at: before data is lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holds: Option<&'a str>,
    /// The field by which AWS protects it from deletion, where that protection is lifted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifts: Option<&'a str>,
    /// What names the live object in AWS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<&'a str>,
    /// The fields that differ; none for a create and a delete.
    pub changes: Vec<ChangeReport<'a>>,
    /// Tags that are written.
    pub tags: &'a Tags,
    /// Names of tags that are taken away.
    pub untag: &'a [String],
    /// The spec to reach; none for a delete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desired: Option<&'a Value>,
    /// The addresses that this one needs.
    pub depends_on: Vec<&'a str>,
}

/// One change as `--json` gives it.
#[derive(Clone, Debug, Serialize)]
pub struct ChangeReport<'a> {
    /// The field, dotted where it is nested.
    pub path: &'a str,
    /// The live value; null when there is none.
    pub before: Option<&'a Value>,
    /// The value to reach; null when it is taken away.
    pub after: Option<&'a Value>,
    /// Whether the value to reach is known after the apply only.
    pub unknown: bool,
    /// Whether this field forces a replacement.
    pub replaces: bool,
}

impl<'a> PlanReport<'a> {
    /// The report on a plan.
    pub fn new(plan: &'a Plan) -> Self {
        Self {
            format_version: 1,
            stack: &plan.stack,
            environment: &plan.environment,
            account: &plan.account,
            region: &plan.region,
            asleep: plan.asleep,
            changes: plan.has_changes(),
            summary: Summary::of(plan),
            cost: None,
            items: plan.items.iter().map(ItemReport::new).collect(),
            outputs: &plan.outputs,
        }
    }
}

impl Summary {
    /// The counts of a plan.
    pub fn of(plan: &Plan) -> Self {
        let mut summary = Self::default();
        for item in &plan.items {
            let count = match (item.action, &item.reason) {
                (_, Reason::HoldsData(_) | Reason::Retained | Reason::NeededBy(_)) => {
                    &mut summary.retained
                }
                (Action::Create, _) => &mut summary.create,
                (Action::Update, _) => &mut summary.update,
                (Action::Replace { .. }, _) => &mut summary.replace,
                (Action::Delete, _) => &mut summary.delete,
                (Action::Adopt, _) => &mut summary.adopt,
                (Action::Retag, _) => &mut summary.retag,
                (Action::Keep, _) => &mut summary.unchanged,
            };
            *count += 1;
            summary.losing_data += usize::from(item.loses_data);
        }
        summary
    }
}

impl<'a> ItemReport<'a> {
    fn new(item: &'a Item) -> Self {
        let delete_first = match item.action {
            Action::Replace { delete_first } => Some(delete_first),
            _ => None,
        };
        let (reason, detail) = match &item.reason {
            Reason::Missing => ("missing", Value::Null),
            Reason::Differs(fields) => ("differs", fields.as_slice().into()),
            Reason::Failed(why) => ("failed", why.as_str().into()),
            Reason::Asleep => ("asleep", Value::Null),
            Reason::Orphan => ("orphan", Value::Null),
            Reason::Leftover => ("leftover", Value::Null),
            Reason::KindChanged(kind) => ("kind_changed", kind.as_str().into()),
            Reason::RegionChanged(region) => ("region_changed", region.as_str().into()),
            Reason::Destroy => ("destroy", Value::Null),
            Reason::Moved(from) => ("moved", from.as_str().into()),
            Reason::Adopted => ("adopted", Value::Null),
            Reason::Same => ("same", Value::Null),
            Reason::Retained => ("retained", Value::Null),
            Reason::HoldsData(what) => ("holds_data", what.as_str().into()),
            Reason::NeededBy(by) => ("needed_by", by.as_str().into()),
        };
        Self {
            address: item.address.as_str(),
            kind: &item.kind,
            region: &item.region,
            action: item.action.as_str(),
            delete_first,
            reason,
            detail,
            loses_data: item.loses_data,
            holds: item.holds.as_ref().map(|holding| holding.what.as_str()),
            lifts: item.lifts(),
            id: item.live.as_deref().map(crate::kind::LiveObject::id),
            changes: item.changes.iter().map(ChangeReport::new).collect(),
            tags: &item.tags,
            untag: &item.untag,
            desired: item.desired.as_ref(),
            depends_on: item.depends_on.iter().map(crate::model::Address::as_str).collect(),
        }
    }
}

impl<'a> ChangeReport<'a> {
    fn new(change: &'a Change) -> Self {
        Self {
            path: &change.path,
            before: change.before.as_ref(),
            after: change.after.as_ref(),
            unknown: change.after.as_ref().is_some_and(waits),
            replaces: change.replaces,
        }
    }
}
