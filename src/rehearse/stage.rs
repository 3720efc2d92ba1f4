//! Where a rehearsal runs: accounts of strict local AWSes, and this program as a process that can
//! be killed there.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::task::spawn_blocking;

use super::RehearsalError;
use crate::aws::{Calls, Options, Session};
use crate::local::control::{Blow, Census, Control, ControlError, Journal, When};

/// How long one run may take before it counts as hung.
const PATIENCE: Duration = Duration::from_mins(5);

/// What every run of the rehearsed stack is given.
#[derive(Clone, Debug)]
pub struct Call {
    /// This program.
    pub program: PathBuf,
    /// Environment, region, parameters.
    pub options: Vec<String>,
    /// Variables of the process.
    pub variables: Vec<(String, String)>,
}

/// An account that nobody else uses.
#[derive(Clone)]
pub struct Account {
    endpoint: String,
    number: String,
    call: Call,
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The exit code; none when it was killed.
    pub code: Option<i32>,
    /// What it wrote, errors last.
    pub text: String,
}

impl Ended {
    /// Whether it did what it was to do.
    pub fn is_success(&self) -> bool {
        self.code == Some(0)
    }

    /// What it says went wrong, or else the end of what it wrote, on one line.
    pub fn last_words(&self) -> String {
        let lines: Vec<&str> = self.text.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
        let wrong: Vec<&str> =
            lines.iter().copied().filter(|line| line.starts_with("error")).take(4).collect();
        let end = &lines[lines.len().saturating_sub(4)..];
        if wrong.is_empty() { end.join(" | ") } else { wrong.join(" | ") }
    }
}

impl Ended {
    /// What a plan says is to be done, on one line; the end of what it wrote where it says nothing.
    pub fn differences(&self) -> String {
        let lines = self.text.lines().map(str::trim).filter(|line| {
            line.starts_with(['+', '~', '-', '±'])
                || line.contains(" → ")
                || line.starts_with("Plan:")
        });
        let lines: Vec<String> =
            lines.take(8).map(|it| it.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        if lines.is_empty() { self.last_words() } else { lines.join(" | ") }
    }
}

type Result<T> = std::result::Result<T, RehearsalError>;

impl Account {
    /// A new account of the server at an address.
    pub fn new(endpoint: &str, call: &Call) -> Self {
        static NUMBERS: AtomicU64 = AtomicU64::new(100_000_000_001);
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed).to_string();
        Self { endpoint: endpoint.to_owned(), number, call: call.clone() }
    }

    /// The account's twelve digits.
    pub fn number(&self) -> &str {
        &self.number
    }

    /// A session of this process in the account.
    pub async fn session(&self, region: &str) -> Result<Session> {
        let options = Options {
            endpoint_url: Some(self.endpoint.clone()),
            credentials: Some((self.number.clone(), "local".to_owned())),
            ..Options::default()
        };
        Ok(Session::open(&options, region, Calls::default()).await?)
    }

    fn control(&self) -> Control {
        Control::new(&self.endpoint, &self.number)
    }

    async fn ask<T: Send + 'static>(
        &self,
        ask: impl FnOnce(Control) -> std::result::Result<T, ControlError> + Send + 'static,
    ) -> Result<T> {
        let control = self.control();
        Ok(spawn_blocking(move || ask(control)).await??)
    }

    /// Starts this program.
    pub fn spawn(&self, command: &[&str], file: &Path) -> Result<Child> {
        let (atlas, secret) = crate::kinds::atlas::local_credentials(&self.number);
        let child = Command::new(&self.call.program)
            .args(command)
            .arg(file)
            .args(["--endpoint-url", &self.endpoint, "--color", "never"])
            .args(&self.call.options)
            .env("AWS_ACCESS_KEY_ID", &self.number)
            .env("AWS_SECRET_ACCESS_KEY", "local")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("MONGODB_ATLAS_BASE_URL", &self.endpoint)
            .env("MONGODB_ATLAS_CLIENT_ID", atlas)
            .env("MONGODB_ATLAS_CLIENT_SECRET", secret)
            .env_remove("MONGODB_ATLAS_ORG_ID")
            .envs(self.call.variables.iter().cloned())
            .env_remove("AWS_PROFILE")
            .env_remove("AWS_SESSION_TOKEN")
            .env_remove("INFRA_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        Ok(child)
    }

    /// Runs this program to its end.
    pub async fn run(&self, command: &[&str], file: &Path) -> Result<Ended> {
        ended(self.spawn(command, file)?).await
    }

    /// Runs this program with something happening to one of its calls that change something. Says
    /// also whether it came to that call.
    pub async fn struck(
        &self,
        command: &[&str],
        file: &Path,
        (number, when, blow): (usize, When, Blow),
    ) -> Result<(Ended, bool)> {
        self.ask(move |control| control.begin(Some((number, when, blow)))).await?;
        let mut child = self.spawn(command, file)?;
        if blow == Blow::Reset {
            let ended = ended(child).await?;
            let reached = self.journal().await?.total >= number;
            return Ok((ended, reached));
        }
        // Pipes are not read meanwhile: what a run says fits into them.
        let halted = loop {
            if child.try_wait()?.is_some() {
                break false;
            }
            let wait = Duration::from_millis(200);
            if self.ask(move |control| control.journal(wait)).await?.halted {
                break true;
            }
        };
        if halted {
            child.start_kill()?;
        }
        let ended = ended(child).await?;
        if halted {
            self.ask(|control| control.release()).await?;
        }
        self.ask(|control| control.begin(None)).await?;
        Ok((ended, halted))
    }

    /// Begins to count calls that change something.
    pub async fn count(&self) -> Result<()> {
        self.ask(|control| control.begin(None)).await
    }

    /// The calls counted so far.
    pub async fn journal(&self) -> Result<Journal> {
        self.ask(|control| control.journal(Duration::ZERO)).await
    }

    /// Sets the rules by which calls fail.
    pub async fn faults(&self, rules: serde_json::Value) -> Result<()> {
        self.ask(move |control| control.faults(&rules)).await
    }

    /// What exists, save the bookkeeping bucket: how many of each type.
    pub async fn census(&self) -> Result<Vec<(String, usize)>> {
        let all: Census = self.ask(|control| control.census()).await?;
        let own = format!("infra-{}-", self.number);
        let count = |names: &[String]| names.iter().filter(|name| !name.contains(&own)).count();
        let counted = all.into_iter().map(|(what, names)| (what, count(&names)));
        Ok(counted.filter(|(_, count)| *count > 0).collect())
    }
}

/// Waits for a run, which is ended when it takes far too long: that is a finding as well, and what it
/// said last tells what it waited for.
async fn ended(mut child: Child) -> Result<Ended> {
    let (mut stdout, mut stderr) = (child.stdout.take(), child.stderr.take());
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let status = tokio::time::timeout(PATIENCE, async {
        let status =
            tokio::join!(read(&mut stdout, &mut out), read(&mut stderr, &mut err), child.wait());
        status.0.and(status.1).and(status.2)
    });
    let status = status.await;
    out.extend(err);
    let mut ended = Ended { code: None, text: String::from_utf8_lossy(&out).into_owned() };
    if let Ok(status) = status {
        ended.code = status?.code();
    } else {
        child.kill().await?;
        let minutes = PATIENCE.as_secs() / 60;
        let words = ended.last_words();
        ended.text.push_str(&format!("\nerror: it did not end in {minutes} minutes: {words}\n"));
    }
    Ok(ended)
}

async fn read(from: &mut Option<impl AsyncRead + Unpin>, to: &mut Vec<u8>) -> std::io::Result<()> {
    if let Some(pipe) = from {
        pipe.read_to_end(to).await?;
    }
    Ok(())
}
