//! A stack's whole life against the strict local AWS, with everything going wrong on the way: what
//! `infra rehearse` runs, and the tests with it.
//!
//! Each run happens in an account of its own, by this program as a process, so that it can be
//! killed. What is there in the end is compared with what an undisturbed run makes, by everything
//! that exists in the account, not only by what carries our tags.

mod drift;
mod points;
mod stage;
mod vary;

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::future::try_join_all;
use serde::Serialize;
use serde_json::json;
use tempfile::TempDir;

use crate::local::control::{Blow, ControlError, When};
use crate::local::{self, LocalError, Running};
use crate::model;
pub use points::Act;
use points::Point;
use stage::Account;
pub use stage::Call;

/// All runs, killed and with answers lost.
pub const GROUPS: [(Act, Blow); 10] = [
    (Act::Apply, Blow::Halt),
    (Act::Sleep, Blow::Halt),
    (Act::Wake, Blow::Halt),
    (Act::Update, Blow::Halt),
    (Act::Destroy, Blow::Halt),
    (Act::Apply, Blow::Reset),
    (Act::Sleep, Blow::Reset),
    (Act::Wake, Blow::Reset),
    (Act::Update, Blow::Reset),
    (Act::Destroy, Blow::Reset),
];

/// What is rehearsed, and how thoroughly.
#[derive(Clone, Debug)]
pub struct Options {
    /// The stack file.
    pub file: PathBuf,
    /// With what it is read.
    pub model: model::Options,
    /// This program, and the options that each run gets.
    pub call: Call,
    /// Which runs are cut, and how.
    pub groups: Vec<(Act, Blow)>,
    /// How many of the points at which a run can be cut are tried; none for all.
    pub points: Option<usize>,
    /// How many runs go on at a time, each against a server of its own.
    pub lanes: usize,
}

/// What was tried, and whether it held.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Check {
    /// What was tried.
    pub name: String,
    /// How often.
    pub tried: usize,
    /// Out of how many ways, where only some were tried.
    pub of: usize,
    /// What did not hold.
    pub failures: Vec<String>,
}

impl Check {
    fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }
}

/// What a rehearsal found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Findings {
    /// All checks, in their order.
    pub checks: Vec<Check>,
}

impl Findings {
    /// Whether everything held.
    pub fn is_success(&self) -> bool {
        self.checks.iter().all(|check| check.failures.is_empty() && check.tried > 0)
    }
}

/// Why a rehearsal came to no end.
#[derive(Debug, thiserror::Error)]
pub enum RehearsalError {
    /// The local AWS does not start.
    #[error(transparent)]
    Local(#[from] LocalError),
    /// The local AWS does not do what it is asked.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// A file or a process could not be used.
    #[error("the rehearsal could not use a file or start this program: {0}")]
    Io(#[from] std::io::Error),
    /// A task of the rehearsal itself broke.
    #[error("the rehearsal broke: {0}")]
    Task(#[from] tokio::task::JoinError),
    /// The stack file is not read in another account as it was.
    #[error(transparent)]
    File(#[from] crate::diagnostic::Diagnostics),
    /// The local AWS does not answer.
    #[error(transparent)]
    Aws(#[from] crate::aws::Error),
    /// The local AWS cannot be read.
    #[error(transparent)]
    Discovery(#[from] crate::live::DiscoveryError),
    /// The undisturbed run fails already.
    #[error("without any trouble, `infra {command}` ended with {code}: {words}")]
    Undisturbed {
        /// The command.
        command: String,
        /// The exit code.
        code: String,
        /// The end of what it said.
        words: String,
    },
}

type Result<T> = std::result::Result<T, RehearsalError>;

/// What an undisturbed run makes, and how many calls each act takes that change something.
struct Expected {
    counts: Vec<(Act, usize)>,
    /// What exists after each.
    census: Vec<(Act, Vec<(String, usize)>)>,
}

/// A rehearsal under way.
struct Rehearsal {
    options: Options,
    varied: PathBuf,
    expected: Expected,
    /// One for each lane. What a server has loaded once it need not load again.
    servers: Vec<Server>,
}

/// Rehearses a stack. `told` hears of each check as it ends.
pub async fn rehearse(options: Options, mut told: impl FnMut(&Check)) -> Result<Findings> {
    let folder = TempDir::new()?;
    let varied = vary::write(&options.file, folder.path())?;
    let mut findings = Findings::default();
    let mut tell = |check: Check| {
        told(&check);
        findings.checks.push(check);
    };

    let servers = try_join_all((0..options.lanes.max(1)).map(|_| Server::start())).await?;
    let expected = undisturbed(&servers[0], &options, &varied, &mut tell).await?;
    let rehearsal = Rehearsal { options, varied, expected, servers };
    for check in rehearsal.drifted().await? {
        tell(check);
    }
    tell(rehearsal.throttled().await?);

    for blow in [Blow::Halt, Blow::Reset] {
        for check in rehearsal.cut(blow).await? {
            tell(check);
        }
    }
    Ok(findings)
}

/// A life without any trouble, and what its acts count.
async fn undisturbed(
    server: &Server,
    options: &Options,
    varied: &Path,
    tell: &mut impl FnMut(Check),
) -> Result<Expected> {
    let account = Account::new(server.endpoint(), &options.call);
    let empty = account.census().await?;
    let mut counts = Vec::new();
    let mut census: Vec<(Act, Vec<(String, usize)>)> = Vec::new();
    for act in [Act::Apply, Act::Sleep, Act::Wake, Act::Update, Act::Destroy] {
        let file = file_of(act, &options.file, varied);
        account.count().await?;
        let ended = account.run(act.command(), file).await?;
        if !ended.is_success() {
            let command = act.command()[0].to_owned();
            let code = ended.code.map_or("a signal".to_owned(), |code| format!("exit {code}"));
            return Err(RehearsalError::Undisturbed { command, code, words: ended.last_words() });
        }
        counts.push((act, account.journal().await?.total));
        let mut failures = Vec::new();
        if act != Act::Destroy {
            failures.extend(not_empty(&account, file).await?);
        }
        let now = account.census().await?;
        match act {
            Act::Destroy => failures.extend(difference(&empty, &now)),
            Act::Wake => failures.extend(difference(&census[0].1, &now)),
            Act::Apply | Act::Sleep | Act::Update => {}
        }
        census.push((act, now));
        let name = match act {
            Act::Apply => "apply, then the plan is empty",
            Act::Sleep => "sleep, then the plan is empty",
            Act::Wake => "wake, then the plan is empty and everything is there again",
            Act::Update => "update with replacements, then the plan is empty",
            Act::Destroy => "destroy leaves nothing",
        };
        tell(Check { name: name.to_owned(), tried: 1, of: 1, failures });
    }
    Ok(Expected { counts, census })
}

/// The file that an act works with.
fn file_of<'a>(act: Act, file: &'a Path, varied: &'a Path) -> &'a Path {
    match act {
        Act::Apply | Act::Sleep | Act::Wake => file,
        Act::Update | Act::Destroy => varied,
    }
}

const PLAN: &[&str] = &["plan", "--detailed-exitcode"];

/// How often a plan is looked at before it counts as not empty: AWS's lists lag behind.
const LOOKS: usize = 5;

/// What speaks against the plan being empty.
async fn not_empty(account: &Account, file: &Path) -> Result<Option<String>> {
    let mut words = String::new();
    for _ in 0..LOOKS {
        let ended = account.run(PLAN, file).await?;
        if ended.is_success() {
            return Ok(None);
        }
        words = ended.differences();
        pause().await;
    }
    Ok(Some(format!("the plan is not empty: {words}")))
}

/// A moment before another look.
async fn pause() {
    tokio::time::sleep(Duration::from_millis(100)).await;
}

/// What there is too much or too little of.
fn difference(expected: &[(String, usize)], found: &[(String, usize)]) -> Option<String> {
    let count = |all: &[(String, usize)], what: &str| {
        all.iter().find(|(name, _)| name == what).map_or(0, |(_, count)| *count)
    };
    let mut names: Vec<&String> = expected.iter().chain(found).map(|(name, _)| name).collect();
    names.sort();
    names.dedup();
    let wrong: Vec<String> = names
        .into_iter()
        .map(|name| (name, count(expected, name), count(found, name)))
        .filter(|(_, expected, found)| expected != found)
        .map(|(name, expected, found)| format!("{found} instead of {expected} of {name}"))
        .collect();
    (!wrong.is_empty()).then(|| format!("there are {}", wrong.join(", ")))
}

impl Rehearsal {
    /// The file that an act works with.
    fn file(&self, act: Act) -> &Path {
        file_of(act, &self.options.file, &self.varied)
    }

    /// A new account of a server in which there is nothing else: names of buckets are shared by all
    /// accounts.
    async fn account(&self, server: &Server) -> Result<Account> {
        server.empty().await?;
        Ok(Account::new(server.endpoint(), &self.options.call))
    }

    /// Drifts of a stack that was just made.
    async fn drifted(&self) -> Result<Vec<Check>> {
        let account = self.account(&self.servers[0]).await?;
        let file = &self.options.file;
        let ended = account.run(Act::Apply.command(), file).await?;
        if !ended.is_success() {
            let failures = vec![format!("the apply before: {}", ended.last_words())];
            return Ok(vec![Check { tried: 1, of: 1, failures, ..Check::new("drift") }]);
        }
        drift::checks(&account, file, &self.options.model).await
    }

    /// A whole life with 30 % of all calls throttled.
    async fn throttled(&self) -> Result<Check> {
        let account = self.account(&self.servers[0]).await?;
        let rule = json!({ "operations": ["*"], "kind": "throttle", "share": 0.3, "seed": 7 });
        account.faults(json!([rule])).await?;
        let mut failures = Vec::new();
        for act in [Act::Apply, Act::Sleep, Act::Wake, Act::Update, Act::Destroy] {
            let ended = account.run(act.command(), self.file(act)).await?;
            if !ended.is_success() {
                failures.push(format!("infra {}: {}", act.command()[0], ended.last_words()));
            }
        }
        account.faults(json!([])).await?;
        failures.extend(difference(&[], &account.census().await?));
        let name = "30 % of all calls throttled".to_owned();
        Ok(Check { name, tried: 5, of: 5, failures })
    }

    /// Cuts runs in one way; a check for each act.
    async fn cut(&self, blow: Blow) -> Result<Vec<Check>> {
        let all = points::all(&self.options.groups, &self.expected.counts).len().max(1);
        let mut checks = Vec::new();
        let mut groups = Vec::new();
        for &group in self.options.groups.iter().filter(|(_, of)| *of == blow) {
            let act = group.0;
            let points = points::all(&[group], &self.expected.counts);
            if points.is_empty() && matches!(act, Act::Sleep | Act::Wake) {
                // Nothing in this stack sleeps.
                continue;
            }
            let share = |most: usize| (most * points.len()).div_ceil(all).max(1);
            let chosen = points::sample(&points, self.options.points.map(share));
            let (tried, of) = (chosen.len(), points.len());
            let name = points::describe(act, blow);
            checks.push((act, Check { name, tried, of, failures: Vec::new() }));
            groups.push(chosen);
        }
        for (point, why) in self.live_all(&points::lives(&groups)).await? {
            if let Some((_, check)) = checks.iter_mut().find(|(act, _)| *act == point.act) {
                check.failures.push(format!("{point}: {why}"));
            }
        }
        Ok(checks.into_iter().map(|(_, check)| check).collect())
    }

    /// Goes through lives, several at a time; what did not hold, in the order of the lives.
    async fn live_all(&self, lives: &[Vec<Point>]) -> Result<Vec<(Point, String)>> {
        let lanes = self.servers.iter().enumerate().map(|(lane, server)| async move {
            let mut failures = Vec::new();
            for (place, life) in lives.iter().enumerate().skip(lane).step_by(self.servers.len()) {
                failures.extend(self.live(server, life).await?.into_iter().map(|it| (place, it)));
            }
            Ok::<_, RehearsalError>(failures)
        });
        let mut failures = try_join_all(lanes).await?.concat();
        failures.sort_by_key(|(place, _)| *place);
        Ok(failures.into_iter().map(|(_, failure)| failure).collect())
    }

    /// Goes through a life. After a point that did not hold it goes on in another account.
    async fn live(&self, server: &Server, life: &[Point]) -> Result<Vec<(Point, String)>> {
        let mut failures = Vec::new();
        let mut account = self.account(server).await?;
        let mut last = None;
        for point in life {
            match self.try_one(&account, *point, last).await? {
                None => last = Some(point.act),
                Some(why) => {
                    failures.push((*point, why));
                    account = self.account(server).await?;
                    last = None;
                }
            }
        }
        Ok(failures)
    }

    /// Cuts one run at one point, and says what is wrong when it has gone on.
    async fn try_one(
        &self,
        account: &Account,
        point: Point,
        last: Option<Act>,
    ) -> Result<Option<String>> {
        let file = self.file(point.act);
        for act in point.act.before(last) {
            // What is judged is what comes after the cut: the undisturbed run was judged before.
            let (command, file) = (act.command(), self.file(*act));
            let mut before = account.run(command, file).await?;
            if !before.is_success() {
                before = account.run(command, file).await?;
            }
            if !before.is_success() {
                return Ok(Some(format!("{} before: {}", command[0], before.last_words())));
            }
        }
        let strike = (point.number, point.when, point.blow);
        let (mut ended, reached) = account.struck(point.act.command(), file, strike).await?;
        // A run that has lost a connection goes on by itself; one that was killed is run again.
        if point.blow == Blow::Halt && reached {
            account.run(&["lock", "release", "--yes"], file).await?;
            ended = account.run(point.act.command(), file).await?;
        }
        if !ended.is_success() {
            return Ok(Some(ended.last_words()));
        }
        if point.act != Act::Destroy
            && let Some(why) = not_empty(account, file).await?
        {
            return Ok(Some(why));
        }
        let census = self.expected.census.iter().find(|(act, _)| *act == point.act);
        let expected = census.map(|(_, expected)| expected.as_slice()).unwrap_or_default();
        Ok(difference(expected, &account.census().await?))
    }
}

/// A local AWS of the rehearsal's own; it ends with its owner.
struct Server {
    running: Running,
    _folder: TempDir,
}

impl Server {
    async fn start() -> Result<Self> {
        let folder = TempDir::new()?;
        let path = folder.path().to_owned();
        let running = tokio::task::spawn_blocking(move || local::start_private(&path)).await??;
        Ok(Self { running, _folder: folder })
    }

    async fn empty(&self) -> Result<()> {
        let running = self.running.clone();
        tokio::task::spawn_blocking(move || running.reset()).await??;
        Ok(())
    }

    fn endpoint(&self) -> &str {
        &self.running.endpoint
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It ends with this process in any case.
        let _ = self.running.stop();
    }
}

/// How a blow is told.
fn told(when: When, blow: Blow) -> &'static str {
    match (blow, when) {
        (Blow::Halt, When::Before) => "killed before",
        (Blow::Halt, When::After) => "killed after",
        (Blow::Reset, When::Before) => "connection lost before",
        (Blow::Reset, When::After) => "answer lost after",
    }
}
