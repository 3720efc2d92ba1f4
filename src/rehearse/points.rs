//! The points at which a run can be cut: every call that changes something, before and after it
//! takes effect.

use std::fmt;

use super::told;
use crate::local::control::{Blow, When};

/// What is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    /// The stack is made.
    Apply,
    /// It is put to sleep.
    Sleep,
    /// It wakes.
    Wake,
    /// It becomes a varied one.
    Update,
    /// It is destroyed.
    Destroy,
}

impl Act {
    /// The command line.
    pub fn command(self) -> &'static [&'static str] {
        match self {
            Self::Sleep => &["sleep", "--yes"],
            Self::Wake => &["wake", "--yes"],
            Self::Apply | Self::Update => &["apply", "--yes", "--force", "--override-protection"],
            Self::Destroy => &["destroy", "--yes", "--force", "--override-protection"],
        }
    }

    /// What is still missing before it, in a life whose last act so far is known.
    pub(super) fn before(self, last: Option<Self>) -> &'static [Self] {
        match (self, last) {
            (Self::Wake, None) => &[Self::Apply, Self::Sleep],
            (Self::Wake, Some(Self::Apply)) => &[Self::Sleep],
            (Self::Sleep | Self::Update | Self::Destroy, None) => &[Self::Apply],
            (Self::Update | Self::Destroy, Some(Self::Sleep)) => &[Self::Wake],
            _ => &[],
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Sleep => "sleep",
            Self::Wake => "wake",
            Self::Update => "update",
            Self::Destroy => "destroy",
        }
    }
}

/// One way to cut a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Point {
    pub act: Act,
    pub blow: Blow,
    pub when: When,
    /// Which of the calls that change something, counted from 1.
    pub number: usize,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} call {}", self.act.name(), told(self.when, self.blow), self.number)
    }
}

/// How a group is called.
pub(super) fn describe(act: Act, blow: Blow) -> String {
    let what = match blow {
        Blow::Halt => "killed before and after each change, run again",
        Blow::Reset => "connection lost before and after each change",
    };
    format!("{}: {what}", act.name())
}

/// All points of runs that make so many changes.
pub(super) fn all(groups: &[(Act, Blow)], counts: &[(Act, usize)]) -> Vec<Point> {
    let mut points = Vec::new();
    for &(act, blow) in groups {
        let count = counts.iter().find(|(of, _)| *of == act).map_or(0, |(_, count)| *count);
        for number in 1..=count {
            points.extend([When::Before, When::After].map(|when| Point {
                act,
                blow,
                when,
                number,
            }));
        }
    }
    points
}

/// Some of the points, spread evenly; all without a limit.
pub(super) fn sample(points: &[Point], most: Option<usize>) -> Vec<Point> {
    let most = most.unwrap_or(points.len()).min(points.len());
    let sparse = 2 * most <= points.len();
    let chosen = (0..most).map(|nth| {
        // From the middle of each stretch; before and after follow each other, and are taken in turn.
        let at = (2 * nth + 1) * points.len() / (2 * most);
        if sparse { points[at - at % 2 + nth % 2] } else { points[at] }
    });
    chosen.collect()
}

/// Points of several acts as lives, each with one point of each act at most, in the acts' order. So
/// one run leaves behind what the next begins with, instead of its being made for each.
pub(super) fn lives(groups: &[Vec<Point>]) -> Vec<Vec<Point>> {
    let longest = groups.iter().map(Vec::len).max().unwrap_or_default();
    let life = |nth: usize| {
        let mut life: Vec<Point> = groups.iter().filter_map(|g| g.get(nth)).copied().collect();
        life.sort_by_key(|point| point.act);
        life
    };
    (0..longest).map(life).collect()
}

#[cfg(test)]
mod tests {
    use super::super::GROUPS;
    use super::*;

    #[test]
    fn every_call_is_a_point_before_and_after_and_a_sample_is_spread() {
        let points = all(&GROUPS, &[(Act::Apply, 3), (Act::Sleep, 1), (Act::Destroy, 1)]);
        let shown: Vec<String> = points.iter().map(ToString::to_string).collect();
        assert_eq!(shown.len(), 2 * (2 * 3 + 2 + 2));
        assert_eq!(shown[0], "apply killed before call 1");
        assert_eq!(shown[5], "apply killed after call 3");
        assert_eq!(shown.last().expect("some"), "destroy answer lost after call 1");
        assert_eq!(sample(&points, None).len(), points.len());
        let four: Vec<String> = sample(&points, Some(4)).iter().map(ToString::to_string).collect();
        assert_eq!(
            four,
            [
                "apply killed before call 2",
                "sleep killed after call 1",
                "apply connection lost before call 2",
                "sleep answer lost after call 1"
            ]
        );
    }

    #[test]
    fn a_life_has_a_point_of_each_act_and_what_lies_between_is_run() {
        let groups =
            [(Act::Apply, Blow::Halt), (Act::Wake, Blow::Halt), (Act::Destroy, Blow::Halt)];
        let counts = [(Act::Apply, 1), (Act::Wake, 1), (Act::Destroy, 2)];
        let groups = groups.map(|group| all(&[group], &counts));
        let shown = lives(&groups).into_iter().map(|life| {
            let mut last = None;
            let acts = life.into_iter().map(|point| {
                let before: Vec<&str> = point.act.before(last).iter().map(|a| a.name()).collect();
                last = Some(point.act);
                format!("({}) {point}", before.join(" "))
            });
            acts.collect::<Vec<_>>().join(", ")
        });
        assert_eq!(
            shown.collect::<Vec<_>>(),
            [
                "() apply killed before call 1, (sleep) wake killed before call 1, \
                 () destroy killed before call 1",
                "() apply killed after call 1, (sleep) wake killed after call 1, \
                 () destroy killed after call 1",
                "(apply) destroy killed before call 2",
                "(apply) destroy killed after call 2",
            ]
        );
        assert_eq!(Act::Update.before(Some(Act::Sleep)), [Act::Wake]);
    }
}
