//! What is known of a step's tries: whether there is to be another one, and what it must know of
//! those before.

use std::time::Duration;

use crate::apply::event::Verb;
use crate::apply::retry::{VISIBLE, patience};
use crate::aws::{Class, Error};
use crate::kind::{AnyKind, Blocker};

/// How long something that nobody takes away by itself may hold an object that is to go: whoever it
/// belongs to may be taking it away at this moment.
const STUCK: Duration = Duration::from_secs(15);

/// A step's tries so far.
#[derive(Default)]
pub(super) struct Tries {
    /// How many were begun.
    pub count: u32,
    /// When the first one was.
    pub started: Duration,
    /// When the last try ended without an answer, so that it may have made an object all the same.
    lost: Option<(Duration, Error)>,
    /// The code of the last error, and since when each try ends with it.
    same: Option<(String, Duration)>,
    /// What holds the object that is to go.
    blocked_by: Vec<String>,
    /// Since when something does that will not go by itself.
    stuck: Option<Duration>,
}

/// What follows a try that failed.
pub(super) enum Next {
    /// Another one within this time.
    Again {
        /// How long it may be put off.
        left: Duration,
        /// What holds the object.
        by: Vec<String>,
    },
    /// None; what to do instead, where more is known of it than the error's code.
    GiveUp(Option<String>),
}

impl Tries {
    /// Notes that a try begins.
    pub(super) fn begin(&mut self, now: Duration) {
        if self.count == 0 {
            self.started = now;
        }
        self.count += 1;
    }

    /// Whether there were others before the one that is under way.
    pub(super) fn again(&self) -> bool {
        self.count > 1
    }

    /// Why an object must not be made yet, although AWS's lists show none.
    pub(super) fn doubt(&self, now: Duration) -> Option<Error> {
        let (when, error) = self.lost.as_ref()?;
        (now.saturating_sub(*when) < VISIBLE).then(|| error.clone())
    }

    /// Notes that a try ended with an error, and decides what follows. An error that ends the step
    /// is told what held the object and how often it was tried.
    pub(super) fn failed(
        &mut self,
        verb: Verb,
        kind: &dyn AnyKind,
        timeout: Duration,
        now: Duration,
        error: &mut Error,
        blockers: Vec<Blocker>,
    ) -> Next {
        let passed = now.saturating_sub(self.started);
        let same = self.same.take().filter(|(code, _)| *code == error.code);
        let (code, since) = same.unwrap_or_else(|| (error.code.clone(), now));
        self.same = Some((code, since));
        // A look that found nothing says again why it looked: the time counts from the call itself.
        let is_lost = matches!(error.class, Class::Transient | Class::Unreachable);
        if is_lost && self.doubt(now).is_none() {
            self.lost = Some((now, error.clone()));
        }
        let by: Vec<String> = blockers.iter().map(|blocker| blocker.what.clone()).collect();
        let remedy = blockers.into_iter().find_map(|blocker| Some((blocker.what, blocker.remedy?)));
        self.stuck = remedy.as_ref().map(|_| self.stuck.unwrap_or(now));
        if let (Some((what, remedy)), Some(since)) = (remedy, self.stuck)
            && now.saturating_sub(since) >= STUCK
        {
            held_by(error, &[what]);
            return Next::GiveUp(Some(remedy));
        }
        // What looks as if another had been at work may come of an answer that was lost just before.
        let is_odd = matches!(error.class, Class::Exists | Class::NotFound);
        let tried = if is_odd { now.saturating_sub(since) } else { passed };
        let left = patience(verb, error, kind, timeout).and_then(|until| until.checked_sub(tried));
        let Some(left) = left else {
            held_by(error, &by);
            if self.again() {
                let (tries, seconds) = (self.count, passed.as_secs());
                error.message.push_str(&format!(" (tried {tries} times in {seconds} s)"));
            }
            return Next::GiveUp(None);
        };
        Next::Again { left, by }
    }

    /// Whether something else holds the object than was said last.
    pub(super) fn is_news(&mut self, by: &[String]) -> bool {
        let news = self.blocked_by != by;
        by.clone_into(&mut self.blocked_by);
        news
    }
}

/// Adds to an error what it is that still uses the object.
fn held_by(error: &mut Error, by: &[String]) {
    if !by.is_empty() {
        error.message.push_str(&format!(" (held by {})", by.join(", ")));
    }
}
