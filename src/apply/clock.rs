//! Time, as the scheduler sees it: a test brings its own and waits for nothing.

use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::BoxFuture;

/// Tells the time since some beginning, and lets it pass.
pub(super) trait Clock: Send + Sync {
    /// The time since the beginning.
    fn now(&self) -> Duration;
    /// Ends after `time`.
    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()>;
}

/// The machine's own time.
pub(super) struct Real(Instant);

impl Real {
    /// A clock that begins now.
    pub(super) fn new() -> Self {
        Self(Instant::now())
    }
}

impl Clock for Real {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        tokio::time::sleep(time).boxed()
    }
}

/// A duration as the events give it.
pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
