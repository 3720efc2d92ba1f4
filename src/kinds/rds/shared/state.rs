//! The states of instances and clusters, and waiting for them.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::aws::{Class, Error, Result};
use crate::kind::Status;

/// How long a database may take to be made, changed, stopped, started or deleted: two instances with
/// much data take most of an hour.
pub const TIMEOUT: Duration = Duration::from_mins(90);

/// What AWS's word for the state of an instance or a cluster means for a plan. A state that a change
/// can mend counts as usable, as nothing would be changed otherwise.
pub fn status(word: Option<&str>) -> Status {
    match word.unwrap_or("creating") {
        "available"
        | "backing-up"
        | "stopped"
        | "storage-config-upgrade"
        | "storage-initialization"
        | "storage-optimization" => Status::Usable,
        word if is_mended_by_a_change(word) => Status::Usable,
        "deleting" | "delete-precheck" => Status::Deleting,
        word if is_lost(word) => Status::Failed(format!("AWS says that it is {word}")),
        word => Status::Pending(word.to_owned()),
    }
}

/// What the word means for an object just made or changed, that has changes to come or not.
pub fn settled(word: Option<&str>, changes_wait: bool) -> Status {
    match (status(word), word) {
        (Status::Usable, Some(word)) if is_mended_by_a_change(word) => {
            Status::Pending(word.to_owned())
        }
        (Status::Usable, _) if changes_wait => Status::Pending("changes are applied".to_owned()),
        (status, _) => status,
    }
}

/// Whether it is stopped, or is being stopped.
pub fn is_stopped(word: Option<&str>) -> bool {
    matches!(word, Some("stopped" | "stopping"))
}

fn is_mended_by_a_change(word: &str) -> bool {
    matches!(word, "storage-full" | "incompatible-option-group" | "incompatible-parameters")
}

fn is_lost(word: &str) -> bool {
    matches!(
        word,
        "cloning-failed"
            | "failed"
            | "inaccessible-encryption-credentials"
            | "incompatible-create"
            | "incompatible-network"
            | "incompatible-restore"
            | "migration-failed"
            | "restore-error"
    )
}

/// Makes a call until AWS no longer says that the database is in another state than it has to be for
/// that: while it is changed, backed up, started or stopped, it takes no changes.
pub async fn in_time<T, F>(call: impl Fn() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let end = Instant::now() + TIMEOUT;
    let mut wait = Duration::from_millis(100);
    loop {
        match call().await {
            Err(error) if error.class == Class::Busy && Instant::now() < end => {
                tracing::debug!(%error, "not in a state for it yet");
                sleep(wait).await;
                wait = (wait * 2).min(Duration::from_secs(10));
            }
            other => return other,
        }
    }
}

/// The error for what has to wait until a stopped database runs.
pub fn starting(what: &str) -> Error {
    let message = format!("{what} is started first: AWS deletes none that is stopped");
    Error::new(Class::Busy, "Starting", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_a_state() {
        assert_eq!(status(Some("backing-up")), Status::Usable);
        assert_eq!(status(Some("storage-full")), Status::Usable);
        assert_eq!(settled(Some("storage-full"), false), Status::Pending("storage-full".into()));
        assert_eq!(
            status(Some("configuring-log-exports")),
            settled(Some("configuring-log-exports"), false)
        );
        assert!(matches!(status(Some("rebooting")), Status::Pending(_)));
        assert!(matches!(status(Some("incompatible-network")), Status::Failed(_)));
        assert_eq!(status(Some("deleting")), Status::Deleting);
        assert!(matches!(settled(Some("available"), true), Status::Pending(_)));
        assert_eq!(settled(Some("stopped"), false), Status::Usable);
    }
}
