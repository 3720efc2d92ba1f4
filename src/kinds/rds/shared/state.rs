//! The states of instances and clusters, and waiting for them.

use std::time::Duration;

use futures::future::BoxFuture;
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

/// A refusal because of the state counts for nothing when it is the state that the call leads to: the
/// call took effect before, and its answer was lost.
pub async fn unless_there(
    answer: Result<()>,
    is_there: impl Future<Output = Result<bool>>,
) -> Result<()> {
    match answer {
        Err(error) if error.class == Class::Busy && !is_there.await? => Err(error),
        Err(error) if error.class != Class::Busy => Err(error),
        _ => Ok(()),
    }
}

/// Changes a database: it is started for that if it is stopped, and stopped if it is to be.
pub async fn change<S, T>(
    (was_stopped, now_stopped): (bool, bool),
    modify: Option<BoxFuture<'_, Result<()>>>,
    start: impl Fn() -> S,
    stop: impl Fn() -> T,
) -> Result<()>
where
    S: Future<Output = Result<()>>,
    T: Future<Output = Result<()>>,
{
    let starts = was_stopped && (modify.is_some() || !now_stopped);
    if starts {
        in_time(start).await?;
    }
    if let Some(modify) = modify {
        modify.await?;
    }
    if now_stopped && (starts || !was_stopped) {
        in_time(stop).await?;
    }
    Ok(())
}

/// Our word for a database that is being started.
const STARTING: &str = "Starting";

/// The error for what has to wait until a stopped database runs.
pub fn starting(what: &str) -> Error {
    let message = format!("{what} is started first: AWS deletes none that is stopped");
    Error::new(Class::Busy, STARTING, message)
}

/// Deletes a database; one that has to be started first, once it runs.
pub async fn once_it_runs<F>(delete: impl Fn() -> F) -> Result<()>
where
    F: Future<Output = Result<()>>,
{
    match delete().await {
        Err(error) if error.code == STARTING => in_time(delete).await,
        other => other,
    }
}

/// The error for a database that is to go with a last snapshot, where AWS makes none in its state.
pub fn without_snapshot(what: &str, word: Option<&str>) -> Option<Error> {
    let Status::Failed(why) = status(word) else { return None };
    let message = format!(
        "{why}, so that AWS makes no last snapshot of {what}; delete it by hand, without one, if nothing \
         in it is needed"
    );
    Some(Error::new(Class::Refused, "NoLastSnapshot", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_has_happened_already_is_not_waited_for() {
        let refused = |class| Err(Error::new(class, "InvalidDBClusterStateFault", "stopped"));
        let there = |is| async move { Ok(is) };
        assert!(unless_there(refused(Class::Busy), there(true)).await.is_ok());
        assert!(unless_there(refused(Class::Busy), there(false)).await.is_err());
        assert!(unless_there(refused(Class::Denied), there(true)).await.is_err());
        assert!(unless_there(Ok(()), there(false)).await.is_ok());
        // A look that fails says nothing about the state.
        let denied = async { refused(Class::Denied).map(|()| true) };
        let error = unless_there(refused(Class::Busy), denied).await.expect_err("no look");
        assert_eq!(error.class, Class::Denied);
    }

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
