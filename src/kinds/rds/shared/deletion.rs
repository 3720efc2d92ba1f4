//! What a database's end leaves. AWS hears of it only in the call that deletes, when the stack file
//! may no longer say: so the object itself remembers it, as tags, where it is not as by default.

use std::collections::BTreeSet;

use crate::kind::{Holding, Tags, ownership};

/// What is left of a database when it is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Whether a last snapshot is made.
    pub final_snapshot: bool,
    /// Whether the backups that AWS made by itself stay until their days are over.
    pub keep_backups: bool,
}

impl Ending {
    /// What an object's tags remember.
    pub fn of(tags: &Tags) -> Self {
        let has = |key| tags.contains_key(key);
        Self {
            final_snapshot: !has(ownership::NO_FINAL_SNAPSHOT),
            keep_backups: has(ownership::KEEP_BACKUPS),
        }
    }

    /// An object's tags with those that remember.
    pub fn with(self, tags: &Tags) -> Tags {
        let mut all = tags.clone();
        all.extend(self.change().0);
        all
    }

    /// The tags to set and those to take away.
    pub fn change(self) -> (Tags, Vec<String>) {
        let tags = [
            (ownership::NO_FINAL_SNAPSHOT, !self.final_snapshot),
            (ownership::KEEP_BACKUPS, self.keep_backups),
        ];
        let (set, remove): (Vec<_>, Vec<_>) = tags.into_iter().partition(|(_, is_set)| *is_set);
        let set = set.into_iter().map(|(key, _)| (key.to_owned(), "yes".to_owned())).collect();
        (set, remove.into_iter().map(|(key, _)| key.to_owned()).collect())
    }
}

/// The name of a database's last snapshot. What AWS calls this very database is in it: another one of
/// the same name, later, does not find the name taken.
pub fn snapshot_name(name: &str, resource_id: &str) -> String {
    let own = resource_id.rsplit('-').next().unwrap_or_default().to_lowercase();
    format!("{name}-final-{own}")
}

/// What a database holds: `what`, and the backups that go with it.
pub fn holding(what: &str, backups: usize, final_snapshot: bool) -> Holding {
    let backups = Holding::count(backups, false, "automated backup", "automated backups");
    let mut what = match backups {
        Some(backups) => format!("{what} with {}", backups.what),
        None => what.to_owned(),
    };
    if final_snapshot {
        what.push_str(" (a last snapshot is made and stays)");
    }
    Holding { what, needs: BTreeSet::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_remember_what_is_not_as_by_default() {
        let plain = Ending { final_snapshot: true, keep_backups: false };
        let other = Ending { final_snapshot: false, keep_backups: true };
        assert_eq!(plain.with(&Tags::new()), Tags::new());
        assert_eq!(Ending::of(&Tags::new()), plain);
        assert_eq!(Ending::of(&other.with(&Tags::new())), other);
        assert_eq!(plain.change().1.len(), 2);
    }

    #[test]
    fn the_last_snapshot_is_of_this_very_database() {
        assert_eq!(snapshot_name("shop-db", "cluster-AB12"), "shop-db-final-ab12");
    }

    #[test]
    fn a_holding_says_what_stays() {
        assert_eq!(holding("20 GB", 0, false).what, "20 GB");
        let kept = "a database with 2 automated backups (a last snapshot is made and stays)";
        assert_eq!(holding("a database", 2, true).what, kept);
    }
}
