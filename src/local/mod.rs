//! The local AWS: found, installed, started, emptied and ended.
//!
//! It is [moto] behind a thin overlay of ours (`overlay/*.py`, inside the binary), which adds what moto lacks and
//! corrects where it differs from AWS; `tests/EMULATORS.md` lists both. It lives in a virtual environment of its
//! own under the user's cache folder, listens on the loopback interface only, and keeps everything in memory.
//!
//! An access key id of twelve digits names the account, so that each test can have one to itself.
//!
//! [moto]: https://docs.getmoto.org

pub mod control;
mod install;
mod server;

use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

/// The variable that names another cache folder than the user's.
pub const CACHE_VARIABLE: &str = "INFRA_CACHE_DIR";
/// The variable that names the Python interpreter to build the environment with.
pub const PYTHON_VARIABLE: &str = "INFRA_PYTHON";

/// A local AWS that answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// The address for `--endpoint-url`, such as `http://127.0.0.1:40123`.
    pub endpoint: String,
    /// The server's process.
    pub pid: u32,
    /// The loopback port.
    pub port: u16,
}

/// How long a local AWS lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// Until it is stopped.
    Kept,
    /// Until it is stopped or the process that started it is gone.
    WithParent,
    /// Until it is stopped or nobody has asked it anything for this long.
    Idle(Duration),
}

/// How much time things take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// States pass and reads lag as on AWS, in tens of milliseconds instead of minutes.
    Strict,
    /// Everything happens at once.
    AtOnce,
}

/// Why there is no local AWS. Every message ends with what to do about it.
#[derive(Debug, Error)]
pub enum LocalError {
    /// No Python, or one that is too old.
    #[error(
        "the local AWS needs Python 3.10 or newer: {found}.\n\
         Install it (Debian and Ubuntu: apt install python3 python3-venv; macOS: brew install python), \
         or name an interpreter in {PYTHON_VARIABLE}."
    )]
    NoPython {
        /// What was found instead.
        found: String,
    },
    /// A Python without its `venv` module, as Debian packages it.
    #[error(
        "{python} cannot make a virtual environment.\n\
         Install its venv module (Debian and Ubuntu: apt install python3-venv), or name another interpreter in \
         {PYTHON_VARIABLE}. It said:\n{tail}"
    )]
    NoVenv {
        /// The interpreter.
        python: String,
        /// The end of what it said.
        tail: String,
    },
    /// The packages could not be fetched or installed.
    #[error(
        "the packages of the local AWS could not be installed.\n\
         They come from the Python package index once and are checked against fixed hashes. Where that index \
         cannot be reached, set PIP_INDEX_URL to a mirror or HTTPS_PROXY to a proxy, and run the command again. \
         pip said:\n{tail}"
    )]
    Download {
        /// The end of what pip said.
        tail: String,
    },
    /// The server ended, or did not answer in time.
    #[error(
        "the local AWS did not start: {why}.\n\
         Its log is {}. If it names a missing or broken package, delete {} and run the command again. \
         The log ends:\n{tail}", log.display(), environment.display()
    )]
    DidNotStart {
        /// What happened.
        why: String,
        /// The whole log.
        log: PathBuf,
        /// The virtual environment.
        environment: PathBuf,
        /// The end of the log.
        tail: String,
    },
    /// A server is there but does not answer, or does not end.
    #[error(
        "the local AWS at {endpoint} (process {pid}) {what}.\n\
         Wait and try again; if it stays so, end it with: kill {pid}"
    )]
    Unresponsive {
        /// Its address.
        endpoint: String,
        /// Its process.
        pid: u32,
        /// What it fails to do.
        what: &'static str,
    },
    /// There is no local AWS to do something with.
    #[error("no local AWS is running.\nStart one with --local on any command.")]
    NotRunning,
    /// There is no folder to keep it in.
    #[error(
        "the user's cache folder is not known.\nSet HOME, or name a folder in {CACHE_VARIABLE}."
    )]
    NoCacheFolder,
    /// A file or a process could not be used.
    #[error(
        "could not {doing}: {source}.\nSee that the folder is writable, or name another one in {CACHE_VARIABLE}."
    )]
    Io {
        /// What was being done, to which file.
        doing: String,
        /// Why it failed.
        source: std::io::Error,
    },
}

type Result<T> = std::result::Result<T, LocalError>;

impl Running {
    /// Empties every account of this server.
    ///
    /// # Errors
    /// [`LocalError::Unresponsive`] when it does not answer.
    pub fn reset(&self) -> Result<()> {
        server::post(self, "/moto-api/reset")
            .then_some(())
            .ok_or_else(|| self.fails("does not reset"))
    }

    /// Ends this server and waits until it is gone.
    ///
    /// # Errors
    /// [`LocalError::Unresponsive`] when it does not end.
    pub fn stop(&self) -> Result<()> {
        server::stop(self)
    }

    fn fails(&self, what: &'static str) -> LocalError {
        LocalError::Unresponsive { endpoint: self.endpoint.clone(), pid: self.pid, what }
    }
}

/// Whether the packages are installed already; where not, [`start`] takes a minute and needs the network.
///
/// # Errors
/// [`LocalError::NoCacheFolder`].
pub fn is_installed() -> Result<bool> {
    Ok(install::is_complete(&folder()?))
}

/// The Python interpreter that has everything which the local AWS needs, installed where it was not.
///
/// # Errors
/// [`LocalError::NoPython`], [`LocalError::NoVenv`], [`LocalError::Download`] and [`LocalError::Io`].
pub fn python() -> Result<PathBuf> {
    Ok(install::install(&folder()?)?.python)
}

/// The user's local AWS: the one that runs, at whatever pace, or a new one, installed first where
/// it has to be.
///
/// One that an older version of this program started is replaced, with what was in it.
///
/// # Errors
/// Every [`LocalError`]: this finds, installs and starts it.
pub fn start(pace: Pace) -> Result<Running> {
    start_in(&folder()?, Lifetime::Kept, pace)
}

/// The user's local AWS, where it runs.
///
/// # Errors
/// [`LocalError::Unresponsive`], [`LocalError::NoCacheFolder`].
pub fn status() -> Result<Option<Running>> {
    Ok(server::find(&folder()?)?.map(|found| found.running))
}

/// Ends the user's local AWS. Says whether there was one.
///
/// # Errors
/// [`LocalError::Unresponsive`], [`LocalError::NoCacheFolder`].
pub fn stop() -> Result<bool> {
    let folder = folder()?;
    let _alone = install::lock(&folder, "server.lock")?;
    let Some(found) = server::find(&folder)? else { return Ok(false) };
    found.running.stop()?;
    Ok(true)
}

/// Empties every account of the user's local AWS.
///
/// # Errors
/// [`LocalError::NotRunning`] when there is none, and as [`status`].
pub fn reset() -> Result<()> {
    status()?.ok_or(LocalError::NotRunning)?.reset()
}

/// A local AWS for one test process: its state is in `folder`, and it ends with the process.
///
/// # Errors
/// As [`start`].
pub fn start_private(folder: &Path) -> Result<Running> {
    start_in(folder, Lifetime::WithParent, Pace::Strict)
}

/// The local AWS whose state is in `folder`: the one that runs, or a new one.
///
/// # Errors
/// As [`start`].
pub fn start_in(folder: &Path, lifetime: Lifetime, pace: Pace) -> Result<Running> {
    let _alone = install::lock(folder, "server.lock")?;
    if let Some(found) = server::find(folder)? {
        if found.version == install::version() {
            return Ok(found.running);
        }
        found.running.stop()?;
    }
    let installed = install::install(&self::folder()?)?;
    server::spawn(folder, &installed, lifetime, pace)
}

/// Where the environment and the user's own server are kept.
fn folder() -> Result<PathBuf> {
    let cache = std::env::var_os(CACHE_VARIABLE)
        .map(PathBuf::from)
        .or_else(|| Some(dirs::cache_dir()?.join("infra")))
        .ok_or(LocalError::NoCacheFolder)?;
    Ok(cache.join("local"))
}

fn io(doing: impl Into<String>) -> impl FnOnce(std::io::Error) -> LocalError {
    let doing = doing.into();
    move |source| LocalError::Io { doing, source }
}

/// The last lines of a text, indented, for an error message.
fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(15)..];
    last.iter().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}
