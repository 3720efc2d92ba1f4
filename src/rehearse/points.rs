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

    /// What comes before it in a life.
    pub(super) fn before(self) -> &'static [Self] {
        match self {
            Self::Apply => &[],
            Self::Sleep | Self::Update | Self::Destroy => &[Self::Apply],
            Self::Wake => &[Self::Apply, Self::Sleep],
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
}
