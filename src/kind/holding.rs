//! What stands in the way of deleting an object: the data that it holds, and what others have in it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// What an object holds that goes with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    /// How much, in AWS's words for it: `1,204 objects and versions`, `17 images, 1.2 GB`.
    pub what: String,
    /// ARNs, beyond those that the object's fields refer to, of what the data cannot be read
    /// without.
    pub needs: BTreeSet<String>,
}

impl Holding {
    /// So many things, if there are any; `more` when AWS has more than were counted.
    pub fn count(count: usize, more: bool, one: &str, many: &str) -> Option<Self> {
        let what = match (count, more) {
            (0, _) => return None,
            (1, false) => format!("1 {one}"),
            (count, false) => format!("{} {many}", grouped(count)),
            (count, true) => format!("{} {many} or more", grouped(count)),
        };
        Some(Self { what, needs: BTreeSet::new() })
    }

    /// Says how big it is, where AWS tells.
    #[must_use]
    pub fn size(mut self, bytes: i64) -> Self {
        if bytes > 0 {
            self.what = format!("{}, {}", self.what, size(bytes));
        }
        self
    }

    /// Says for how long it can be had back.
    #[must_use]
    pub fn for_days(mut self, days: i32) -> Self {
        if days > 0 {
            self.what = format!("{} (can be had back for {days} days)", self.what);
        }
        self
    }
}

/// Something that keeps AWS from deleting an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocker {
    /// What it is: `network interface eni-1 of NAT gateway nat-1`.
    pub what: String,
    /// What somebody has to do about it. `None` for what goes by itself, such as the network
    /// interfaces that AWS takes away minutes after whatever had them.
    pub remedy: Option<String>,
}

/// `1204` as `1,204`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes as people say them, with one digit behind the point.
fn size(bytes: i64) -> String {
    let units = [("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000)];
    match units.iter().find(|(_, unit)| bytes >= *unit) {
        Some((name, unit)) => format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit),
        None => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holding_says_how_much() {
        let what = |count, more| {
            Holding::count(count, more, "object or version", "objects and versions")
                .map(|holding| holding.what)
        };
        assert_eq!(what(0, false), None);
        assert_eq!(what(1, false).as_deref(), Some("1 object or version"));
        assert_eq!(what(1204, false).as_deref(), Some("1,204 objects and versions"));
        assert_eq!(what(1000, true).as_deref(), Some("1,000 objects and versions or more"));
        let images = Holding::count(2, false, "image", "images").map(|it| it.size(1_250_000_000));
        assert_eq!(images.map(|it| it.what).as_deref(), Some("2 images, 1.2 GB"));
        assert_eq!((grouped(999), size(999)), ("999".to_owned(), "999 bytes".to_owned()));
        let value = Holding::count(1, false, "value", "values").map(|it| it.for_days(30));
        let told = value.map(|it| it.what);
        assert_eq!(told.as_deref(), Some("1 value (can be had back for 30 days)"));
    }
}
