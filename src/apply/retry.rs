//! Which errors pass, and how long to wait before the next try.

use std::time::Duration;

use crate::aws::{Class, Error};
use crate::kind::AnyKind;

use super::event::Verb;

/// How long errors are tried again that pass by themselves.
const EVENTUAL: Duration = Duration::from_mins(2);
/// How long AWS's lists may take to show what a call has just made.
pub(super) const VISIBLE: Duration = Duration::from_secs(5);
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(15);

/// For how long, from the step's first try on, such an error is worth another one; `None` for
/// errors that no waiting helps.
///
/// The SDK has tried throttled and failed calls ten times before they come here.
pub(super) fn patience(
    verb: Verb,
    error: &Error,
    kind: &dyn AnyKind,
    timeout: Duration,
) -> Option<Duration> {
    if error.is_one_of(kind.eventual()) {
        return Some(EVENTUAL.min(timeout));
    }
    match error.class {
        Class::Busy if verb == Verb::Delete => Some(timeout),
        Class::Busy | Class::Throttled | Class::Transient | Class::Unreachable => {
            Some(EVENTUAL.min(timeout))
        }
        // A call of several for one object may have found a part of it made, or gone, by itself: its
        // answer was lost and it was sent again. Another try looks first.
        Class::Exists | Class::NotFound => Some(2 * VISIBLE),
        Class::Denied | Class::Credentials | Class::NotImplemented | Class::Refused => None,
    }
}

/// The wait before the try that follows `attempt`: doubling, and somewhere in its upper half, so
/// that steps which failed together do not come back together.
pub(super) fn backoff(seed: u64, step: usize, attempt: u32) -> Duration {
    let whole = FIRST.saturating_mul(1 << attempt.saturating_sub(1).min(10)).min(LONGEST);
    let drawn = scramble(seed ^ scramble(step as u64) ^ u64::from(attempt)) % 1024;
    whole / 2 + whole / 2 * u32::try_from(drawn).unwrap_or_default() / 1024
}

/// The finalizer of `SplitMix64`: equal in, equal out, and no pattern between.
fn scramble(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The waits between looks at an object: none before the first, then doubling up to 5 s.
pub(super) fn look_intervals() -> impl Iterator<Item = Duration> {
    let longest = Duration::from_secs(5);
    let first = Duration::from_millis(100);
    std::iter::successors(Some(first), move |wait| Some((*wait * 2).min(longest)))
}
