//! One writer at a time for each stack and environment: a lease in the account itself.
//!
//! The lease is an object of the [bookkeeping bucket](Bookkeeping) that is written only if it is
//! not there, renewed while the run goes on, and removed at its end. A lease whose holder is gone
//! is taken over once it has expired, by the clock of S3.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;

use super::Stop;
use super::error::denied_operation;
use crate::aws::{Aws, Bookkeeping, Class, Entry, Error, Result, When};

/// How often a lease that somebody else holds is looked at.
const LOOKED_AT: Duration = Duration::from_secs(1);

/// How long leases last.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// From the last time that it was written, in whole seconds.
    pub lasts: Duration,
    /// How often it is written.
    pub renewed: Duration,
}

impl Default for Times {
    /// Two minutes; two renewals may fail.
    fn default() -> Self {
        Self { lasts: Duration::from_mins(2), renewed: Duration::from_secs(30) }
    }
}

/// Who holds a lease.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The run.
    pub run: String,
    /// What it does: `apply`, `destroy`.
    pub command: String,
    /// The user's name there.
    pub user: String,
    /// The machine.
    pub host: String,
    /// The process.
    pub pid: u32,
    /// The pipeline's run, where it is one.
    pub ci: Option<String>,
    /// When it began.
    pub started: Timestamp,
    /// When the lease ends unless it is renewed.
    pub expires: Timestamp,
    /// How many seconds it lasts from the last time it was written.
    pub lasts: u64,
}

impl Holder {
    /// This process, about to run a command.
    pub fn this(command: &str) -> Self {
        let env = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
        let host = env("HOSTNAME").or_else(|| std::fs::read_to_string("/etc/hostname").ok());
        let host = host.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let github = || {
            let (server, repository) = (env("GITHUB_SERVER_URL")?, env("GITHUB_REPOSITORY")?);
            Some(format!("{server}/{repository}/actions/runs/{}", env("GITHUB_RUN_ID")?))
        };
        let ci = github().or_else(|| env("CI_JOB_URL")).or_else(|| env("BUILD_URL"));
        let now = Timestamp::now();
        let pid = std::process::id();
        Self {
            run: format!("{}-{pid:x}", now.strftime("%Y%m%dT%H%M%S%3fZ")),
            command: command.to_owned(),
            user: env("USER").or_else(|| env("LOGNAME")).unwrap_or_else(|| "unknown".to_owned()),
            host: host.unwrap_or_else(|| "unknown".to_owned()),
            pid,
            ci,
            started: now,
            expires: now,
            lasts: 0,
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { command, user, host, pid, started, .. } = self;
        let started = started.strftime("%Y-%m-%d %H:%M:%S UTC");
        write!(f, "`infra {command}` of {user} on {host} (process {pid}), since {started}")?;
        match &self.ci {
            Some(ci) => write!(f, ", {ci}"),
            None => Ok(()),
        }
    }
}

/// Why there is no lease.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody else has it.
    #[error(
        "{what} is being changed by {holder}.\nWait for it, give a longer --lock-timeout, or, if \
         that run is no more, run `infra lock release`"
    )]
    Held {
        /// The stack and environment.
        what: String,
        /// Who has it.
        holder: Box<Holder>,
    },
    /// The bookkeeping bucket does not answer as it should.
    #[error(
        "the lease in s3://{bucket} could not be {verb}: {error}\nIt keeps two runs from changing \
         the same stack at once. {}",
        without_lease(error)
    )]
    Aws {
        /// The bucket.
        bucket: String,
        /// What was tried.
        verb: &'static str,
        /// AWS's answer.
        error: Error,
    },
}

/// What to do when the lease cannot be had.
fn without_lease(error: &Error) -> String {
    match (error.class, denied_operation(&error.message)) {
        (Class::Denied, Some(operation)) => format!(
            "Allow the role or user that runs this `{operation}` there; --no-lock does without a lease"
        ),
        (Class::Denied, None) => "Allow the role or user that runs this to create that bucket and to \
                                  read, write and delete objects in it; --no-lock does without a lease"
            .to_owned(),
        _ => "Where the account has no S3, --no-lock does without".to_owned(),
    }
}

/// What can be locked: one environment of one stack, in one account and region.
#[derive(Clone)]
pub struct Lock {
    books: Bookkeeping,
    key: String,
    what: String,
    times: Times,
}

/// A lock that this process holds. It is renewed until it is released or dropped.
pub struct Lease {
    lock: Lock,
    held: Arc<Held>,
    renewal: JoinHandle<()>,
}

struct Held {
    version: Mutex<String>,
    lost: AtomicBool,
}

impl Lock {
    /// The lock of an environment; `aws` is the stack's home region.
    pub fn new(aws: &Aws, stack: &str, environment: &str) -> Self {
        let key = format!("locks/{stack}/{environment}.json");
        let (what, times) = (format!("{stack} {environment}"), Times::default());
        Self { books: Bookkeeping::new(aws), key, what, times }
    }

    /// With other times than usual.
    #[must_use]
    pub fn lasting(self, times: Times) -> Self {
        Self { times, ..self }
    }

    fn failed(&self, verb: &'static str) -> impl Fn(Error) -> LockError {
        let bucket = self.books.bucket().to_owned();
        move |error| LockError::Aws { bucket: bucket.clone(), verb, error }
    }

    /// Who holds it now. A lease that has expired holds nothing.
    pub async fn holder(&self) -> Result<Option<Holder>, LockError> {
        let found = self.books.get(&self.key).await.map_err(self.failed("read"))?;
        Ok(found.filter(|entry| !is_over(entry)).and_then(|entry| read(&entry)))
    }

    /// Takes it away from whoever holds it; who did.
    pub async fn release(&self) -> Result<Option<Holder>, LockError> {
        let found = self.books.get(&self.key).await.map_err(self.failed("read"))?;
        let Some(entry) = found else { return Ok(None) };
        let gone = self.books.remove(&self.key, &entry.version).await;
        gone.map_err(self.failed("released"))?;
        Ok(read(&entry))
    }

    /// Takes it for this process, within a time. `waiting` is told once who holds it meanwhile.
    pub async fn take(
        &self,
        me: Holder,
        within: Duration,
        stop: &Stop,
        mut waiting: impl FnMut(&Holder),
    ) -> Result<Lease, LockError> {
        let me = Holder { lasts: self.times.lasts.as_secs(), ..me };
        self.books.ensure().await.map_err(self.failed("taken"))?;
        let began = Instant::now();
        let mut told = false;
        loop {
            let found = self.books.get(&self.key).await.map_err(self.failed("read"))?;
            let when = match &found {
                None => When::Absent,
                Some(entry) if is_over(entry) || read(entry).is_some_and(|h| h.run == me.run) => {
                    When::Still(&entry.version)
                }
                Some(entry) => {
                    let holder = read(entry).unwrap_or_else(|| unreadable(entry));
                    if began.elapsed() >= within || stop.is_asked() {
                        return Err(LockError::Held {
                            what: self.what.clone(),
                            holder: Box::new(holder),
                        });
                    }
                    if !told {
                        waiting(&holder);
                        told = true;
                    }
                    tokio::select! {
                        () = tokio::time::sleep(LOOKED_AT) => {}
                        () = stop.asked_more_than(0) => {}
                    }
                    continue;
                }
            };
            // Where somebody else is quicker, or the answer of a call that took effect is lost,
            // the next look tells.
            let text = text(&me);
            let put = self.books.put(&self.key, &text, when).await.map_err(self.failed("taken"))?;
            if let Some(version) = put {
                return Ok(self.lease(me, version, stop.clone()));
            }
        }
    }

    fn lease(&self, me: Holder, version: String, stop: Stop) -> Lease {
        let held = Arc::new(Held { version: Mutex::new(version), lost: AtomicBool::new(false) });
        let renewal = tokio::spawn(renew(self.clone(), me, Arc::clone(&held), stop));
        Lease { lock: self.clone(), held, renewal }
    }
}

impl Lease {
    /// Whether somebody else has it now: what runs under it has to stop.
    pub fn is_lost(&self) -> bool {
        self.held.lost.load(Ordering::Relaxed)
    }

    /// Gives it back.
    pub async fn release(self) -> Result<(), LockError> {
        self.renewal.abort();
        if self.is_lost() {
            return Ok(());
        }
        let version = self.held.version();
        let gone = self.lock.books.remove(&self.lock.key, &version).await;
        gone.map(drop).map_err(self.lock.failed("released"))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

impl Held {
    fn version(&self) -> String {
        self.version.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Keeps a lease from expiring; asks the run to stop once that cannot be done.
async fn renew(lock: Lock, me: Holder, held: Arc<Held>, stop: Stop) {
    let mut written = Instant::now();
    loop {
        tokio::time::sleep(lock.times.renewed).await;
        let version = held.version();
        match lock.books.put(&lock.key, &text(&me), When::Still(&version)).await {
            Ok(Some(version)) => {
                *held.version.lock().unwrap_or_else(PoisonError::into_inner) = version;
                written = Instant::now();
                continue;
            }
            Ok(None) => {
                // The answer of a renewal that took effect may have been lost.
                if let Ok(Some(entry)) = lock.books.get(&lock.key).await
                    && read(&entry).is_some_and(|holder| holder.run == me.run)
                {
                    *held.version.lock().unwrap_or_else(PoisonError::into_inner) = entry.version;
                    continue;
                }
            }
            Err(_) if written.elapsed() + lock.times.renewed < lock.times.lasts => continue,
            Err(_) => {}
        }
        held.lost.store(true, Ordering::Relaxed);
        stop.ask();
        return;
    }
}

fn text(me: &Holder) -> String {
    let expires = Timestamp::now() + Duration::from_secs(me.lasts);
    serde_json::json!(Holder { expires, ..me.clone() }).to_string()
}

fn read(entry: &Entry) -> Option<Holder> {
    serde_json::from_str(&entry.text).ok()
}

fn is_over(entry: &Entry) -> bool {
    entry.age
        > read(entry).map_or(Times::default().lasts, |holder| Duration::from_secs(holder.lasts))
}

/// A lease that a later version of this program may have written.
fn unreadable(entry: &Entry) -> Holder {
    let unknown = || "unknown".to_owned();
    let written = Timestamp::now() - entry.age;
    Holder {
        run: unknown(),
        command: unknown(),
        user: unknown(),
        host: unknown(),
        pid: 0,
        ci: None,
        started: written,
        expires: written + Times::default().lasts,
        lasts: Times::default().lasts.as_secs(),
    }
}
