//! One server process: started, found again, ended.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::Deserialize;
use ureq::Agent;

use super::install::{self, Installed};
use super::{Lifetime, LocalError, Pace, Result, Running, io, tail};

const STATE: &str = "server.json";
const LOG: &str = "server.log";
const PAUSE: Duration = Duration::from_millis(20);
const START_DEADLINE: Duration = Duration::from_mins(1);
const PATIENCE: Duration = Duration::from_secs(30);
const STOP_DEADLINE: Duration = Duration::from_secs(10);

/// A server that answers, and the overlay it runs.
pub(super) struct Found {
    pub running: Running,
    pub version: String,
}

/// What the server writes to its state file, and what it answers to the health request.
#[derive(Deserialize, PartialEq)]
struct Facts {
    pid: u32,
    port: u16,
    endpoint: String,
    version: String,
}

/// The server whose state file is in `folder`, if it is still that very one that answers.
pub(super) fn find(folder: &Path) -> Result<Option<Found>> {
    let Ok(text) = fs::read_to_string(folder.join(STATE)) else { return Ok(None) };
    let Ok(facts) = serde_json::from_str::<Facts>(&text) else { return Ok(None) };
    let Facts { pid, port, endpoint, version } = facts;
    let running = Running { endpoint, pid, port };
    match health(&running) {
        Health::Itself => Ok(Some(Found { running, version })),
        Health::Gone => Ok(None),
        Health::Silent => Err(running.fails("does not answer")),
    }
}

/// Starts a server and waits until it answers.
pub(super) fn spawn(
    folder: &Path,
    installed: &Installed,
    lifetime: Lifetime,
    pace: Pace,
) -> Result<Running> {
    let state = folder.join(STATE);
    let _ = fs::remove_file(&state);
    let log = folder.join(LOG);
    let output = File::create(&log).map_err(io(format!("create {}", log.display())))?;
    let errors = output.try_clone().map_err(io("share the log"))?;

    let mut command = Command::new(&installed.python);
    command.arg(&installed.overlay).arg("--state").arg(&state);
    command.args(["--version", install::version()]);
    if pace == Pace::Strict {
        command.arg("--strict");
    }
    match lifetime {
        Lifetime::Kept => {}
        Lifetime::WithParent => {
            command.args(["--parent-pid", &std::process::id().to_string()]);
        }
        Lifetime::Idle(time) => {
            command.args(["--idle", &time.as_secs().to_string()]);
        }
    }
    command.env_remove("PYTHONPATH").env_remove("PYTHONHOME");
    command.stdin(Stdio::null()).stdout(output).stderr(errors);
    // In a process group of its own, an interrupt of the command line does not reach it.
    let mut child = command
        .process_group(0)
        .spawn()
        .map_err(io(format!("run {}", installed.python.display())))?;

    let failed = |why: String| LocalError::DidNotStart {
        why,
        tail: tail(&fs::read_to_string(&log).unwrap_or_default()),
        log: log.clone(),
        environment: installed.environment.clone(),
    };
    let deadline = Instant::now() + START_DEADLINE;
    loop {
        if let Some(found) = find(folder)? {
            return Ok(found.running);
        }
        if let Some(status) = child.try_wait().map_err(io("wait for the server"))? {
            return Err(failed(format!("it ended at once ({status})")));
        }
        if Instant::now() > deadline {
            let _ = child.kill();
            let _ = child.wait();
            return Err(failed(format!("no answer in {} s", START_DEADLINE.as_secs())));
        }
        sleep(PAUSE);
    }
}

/// Asks the server to end, and waits until its port answers no more. No signal is sent: the process id of
/// a server that is gone may belong to another program.
pub(super) fn stop(running: &Running) -> Result<()> {
    post(running, "/infra/stop");
    let deadline = Instant::now() + STOP_DEADLINE;
    while !matches!(health(running), Health::Gone) {
        if Instant::now() > deadline {
            return Err(running.fails("does not end"));
        }
        sleep(PAUSE);
    }
    Ok(())
}

/// Whether the server accepted the request.
pub(super) fn post(running: &Running, path: &str) -> bool {
    let answer = agent(PATIENCE).post(format!("{}{path}", running.endpoint)).send_empty();
    answer.is_ok_and(|answer| answer.status().is_success())
}

enum Health {
    /// The server answers, and is the process that it should be.
    Itself,
    /// Nothing answers there, or something else.
    Gone,
    /// Something is there and does not answer in time.
    Silent,
}

fn health(running: &Running) -> Health {
    let answer = agent(PATIENCE).get(format!("{}/infra/health", running.endpoint)).call();
    let text = answer.and_then(|mut answer| answer.body_mut().read_to_string());
    match text {
        Ok(text) => match serde_json::from_str::<Facts>(&text) {
            Ok(facts) if facts.pid == running.pid => Health::Itself,
            _ => Health::Gone,
        },
        Err(ureq::Error::Timeout(_)) => Health::Silent,
        Err(_) => Health::Gone,
    }
}

/// Straight to the loopback interface, whatever proxy the environment names.
pub(super) fn agent(patience: Duration) -> Agent {
    let config = Agent::config_builder().proxy(None).timeout_global(Some(patience));
    config.http_status_as_error(false).build().into()
}
