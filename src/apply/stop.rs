//! Asking a run to stop: once to begin nothing new, twice to leave at once.

use std::sync::Arc;

use tokio::sync::watch;

/// A request to stop that can be made from anywhere.
#[derive(Clone, Debug)]
pub struct Stop(Arc<watch::Sender<u8>>);

impl Default for Stop {
    fn default() -> Self {
        Self::new()
    }
}

impl Stop {
    /// Nobody has asked yet.
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }

    /// Asks: the first time to begin nothing new, from the second on to leave at once.
    pub fn ask(&self) {
        self.0.send_modify(|asked| *asked = asked.saturating_add(1));
    }

    /// Whether nothing new may begin.
    pub fn is_asked(&self) -> bool {
        *self.0.borrow() > 0
    }

    /// Whether what is in flight is not to be waited for.
    pub fn is_now(&self) -> bool {
        *self.0.borrow() > 1
    }

    /// Ends when it was asked more than `times` times.
    pub async fn asked_more_than(&self, times: u8) {
        // The sender lives as long as `self`, so that waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|asked| *asked > times).await;
    }
}

/// Asks a run to stop at every Ctrl-C and SIGTERM, as long as the runtime lives. From then on the
/// signals do nothing else.
pub fn on_signals(stop: &Stop) -> std::io::Result<()> {
    let stop = stop.clone();
    #[cfg(unix)]
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    #[cfg(unix)]
    let mut interrupt = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())?;
    tokio::spawn(async move {
        loop {
            #[cfg(unix)]
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            #[cfg(not(unix))]
            if tokio::signal::ctrl_c().await.is_err() {
                return;
            }
            stop.ask();
        }
    });
    Ok(())
}
