//! What AWS charges for an object, said from its spec alone: kinds name items of the price list and
//! quantities; prices and sums are made elsewhere.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Kind, Ref};

/// What AWS charges for an object.
#[derive(Clone, Debug, PartialEq)]
pub enum Charges {
    /// Nothing is known about it.
    NotPriced,
    /// AWS charges nothing for the object itself.
    Free,
    /// All that is charged.
    Listed(Vec<Charge>),
}

/// One thing that is charged.
#[derive(Clone, Debug, PartialEq)]
pub struct Charge {
    /// What it is, for people: `vCPU`, `storage`.
    pub what: String,
    /// The item of the price list: `fargate.vcpu_hour`, and after a colon which of many:
    /// `ec2.hour:t3.small`.
    pub item: String,
    /// How many.
    pub count: Count,
    /// Whether they are counted for every hour in which the object runs, and not once a month.
    pub hourly: bool,
    /// Whether there are reservations, which are paid whether the object runs or not.
    pub reservable: bool,
}

/// How many units of something are charged.
#[derive(Clone, Debug, PartialEq)]
pub enum Count {
    /// As many, by the spec.
    Known(f64),
    /// As many as `usage` says under this name, times a factor.
    Used(&'static str, f64),
    /// It cannot be said from the stack file; why.
    Unknown(String),
}

impl Charge {
    /// So many units, once a month.
    pub fn monthly(what: impl Into<String>, item: impl Into<String>, count: f64) -> Self {
        Self {
            what: what.into(),
            item: item.into(),
            count: Count::Known(count),
            hourly: false,
            reservable: false,
        }
    }

    /// So many units for every hour in which the object runs.
    pub fn hourly(what: impl Into<String>, item: impl Into<String>, count: f64) -> Self {
        Self { hourly: true, ..Self::monthly(what, item, count) }
    }

    /// As many units a month as `usage` says under a name.
    pub fn used(what: impl Into<String>, item: impl Into<String>, name: &'static str) -> Self {
        Self { count: Count::Used(name, 1.0), ..Self::monthly(what, item, 0.0) }
    }

    /// As many units as `usage` says under a name, for every hour in which the object runs.
    pub fn used_hourly(
        what: impl Into<String>,
        item: impl Into<String>,
        name: &'static str,
    ) -> Self {
        Self { hourly: true, ..Self::used(what, item, name) }
    }

    /// A number that cannot be said from the stack file; `why` reads like "…, because …".
    pub fn unknown(
        what: impl Into<String>,
        item: impl Into<String>,
        why: impl Into<String>,
    ) -> Self {
        Self { count: Count::Unknown(why.into()), ..Self::monthly(what, item, 0.0) }
    }

    /// The same for several objects.
    #[must_use]
    pub fn times(mut self, factor: f64) -> Self {
        match &mut self.count {
            Count::Known(count) | Count::Used(_, count) => *count *= factor,
            Count::Unknown(_) => {}
        }
        self
    }

    /// The same where there are reservations.
    #[must_use]
    pub fn reservable(self) -> Self {
        Self { reservable: true, ..self }
    }
}

/// A name that `usage` may have on resources of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsageName {
    /// The name.
    pub name: &'static str,
    /// What it counts, and what holds when it is left out.
    pub about: &'static str,
}

impl UsageName {
    /// A name and what it counts.
    pub const fn new(name: &'static str, about: &'static str) -> Self {
        Self { name, about }
    }
}

/// Under `usage`: for how many hours a month something runs.
pub const HOURS: UsageName =
    UsageName::new("hours", "Hours a month in which it runs; 730, the whole month, when left out.");
/// Under `usage`: how it is reserved.
pub const RESERVED: UsageName = UsageName::new(
    "reserved",
    "The reservation that is paid for it: `one_year_no_upfront` or `three_years_no_upfront`.",
);
/// The words that `reserved` takes.
pub const RESERVATIONS: [&str; 2] = ["one_year_no_upfront", "three_years_no_upfront"];

/// The hours of a month, as AWS's own calculator has it.
pub const MONTH: f64 = 730.0;

/// What a stack file says under a resource's `usage`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    /// The numbers, by name.
    pub numbers: BTreeMap<String, f64>,
    /// The reservation, one of [`RESERVATIONS`].
    pub reserved: Option<String>,
}

impl Usage {
    /// For how many hours a month it runs.
    pub fn hours(&self) -> f64 {
        self.numbers.get(HOURS.name).copied().unwrap_or(MONTH)
    }
}

/// Finds the spec of what a reference's text leads to, by that text and the kind's name.
pub type Referred<'a> = dyn Fn(&str, &str) -> Option<Value> + 'a;

/// What a kind can look up when it says what is charged.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    referred: &'a Referred<'a>,
}

impl<'a> Look<'a> {
    /// Looks things up by `referred`.
    pub fn new(referred: &'a Referred<'a>) -> Self {
        Self { referred }
    }

    /// The spec of what a reference leads to; `None` when it is not of this stack, or not known.
    pub fn referred<K: Kind, O>(&self, reference: &Ref<K, O>) -> Option<K> {
        let spec = (self.referred)(reference, K::NAME)?;
        K::deserialize(&spec).ok()
    }
}
