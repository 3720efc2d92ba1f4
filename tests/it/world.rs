//! An account of the local AWS for one test, and what tests do with stacks in it.

use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use infra::aws::{Calls, Options, Session};
use infra::live::{Reach, Snapshot};
use infra::local::control::Control;
use infra::local::{self, Running};
use infra::model::{self, Stack};
use infra::plan::night::{self, Wish};
use infra::plan::{self, Item, Plan};
use infra::{apply, stack};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Servers that the tests of this process share; each test has an account of its own in one.
/// Two, because one Python process uses one core. They end with this process.
static SERVERS: OnceLock<Vec<(Running, TempDir)>> = OnceLock::new();
static ACCOUNTS: AtomicU64 = AtomicU64::new(1);

/// How long a list may miss what was just made, or still show what was deleted: AWS's lag behind, and
/// so do those of the local AWS.
pub const LISTS_LAG: Duration = Duration::from_secs(5);
pub const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// An account that nobody else uses.
pub struct World {
    pub endpoint: String,
    pub account: String,
    pub calls: Calls,
}

impl World {
    pub fn new() -> Self {
        let number = ACCOUNTS.fetch_add(1, Ordering::Relaxed);
        let account = format!("{number:012}");
        // A server of somebody else's, for a second opinion: tests/EMULATORS.md.
        if let Ok(endpoint) = std::env::var("INFRA_TEST_ENDPOINT") {
            return Self { endpoint, account, calls: Calls::default() };
        }
        let servers = SERVERS.get_or_init(|| {
            (0..2)
                .map(|_| {
                    let folder = TempDir::new().expect("a temporary folder");
                    (local::start_private(folder.path()).expect("a local AWS"), folder)
                })
                .collect()
        });
        let index = usize::try_from(number).unwrap_or_default() % servers.len();
        Self { endpoint: servers[index].0.endpoint.clone(), account, calls: Calls::default() }
    }

    pub async fn session(&self, region: &str) -> Session {
        let options = Options {
            endpoint_url: Some(self.endpoint.clone()),
            credentials: Some((self.account.clone(), "test".to_owned())),
            ..Options::default()
        };
        Session::open(&options, region, self.calls.clone()).await.expect("a session")
    }

    /// What a client of the SDK is made from, for doing things behind our back.
    pub async fn config(&self, region: &str) -> aws_config::SdkConfig {
        let id = &self.account;
        let credentials = aws_sdk_sts::config::Credentials::new(id, "x", None, None, "test");
        aws_config::defaults(aws_config::BehaviorVersion::latest())
            .region(aws_config::Region::new(region.to_owned()))
            .endpoint_url(&self.endpoint)
            .credentials_provider(credentials)
            .load()
            .await
    }

    /// Lets the account's lists show at once what was made.
    pub async fn without_lag(&self) {
        let url = format!("{}/infra/settings", self.endpoint);
        let settings = json!({ "account": self.account, "lag": 0 });
        let set = move || ureq::post(&url).send(settings.to_string()).map(drop);
        tokio::task::spawn_blocking(set).await.expect("a task").expect("a setting");
    }

    /// Replaces the faults that calls of the account meet with.
    pub async fn faults(&self, rules: Value) {
        let control = Control::new(&self.endpoint, &self.account);
        let set = tokio::task::spawn_blocking(move || control.faults(&rules));
        set.await.expect("a task").expect("faults that it knows");
    }

    pub async fn snapshot(&self, stack: &Stack) -> Result<Snapshot, String> {
        let session = self.session(&stack.region).await;
        Snapshot::read(&session, stack, Reach::Needed).await.map_err(|e| e.to_string())
    }

    pub async fn plan(&self, stack: &Stack) -> Result<Plan, String> {
        let snapshot = self.snapshot(stack).await?;
        plan::plan(stack, &snapshot, &plan::Options::default()).map_err(|e| e.render(false))
    }

    /// The plan once it is empty, or the last one.
    pub async fn plan_in_time(&self, stack: &Stack) -> Result<Plan, String> {
        self.plan_until(stack, |plan| !plan.has_changes()).await
    }

    /// The plan of the stack as it is, asleep or awake, once it is empty, or the last one.
    pub async fn plan_as_it_is(&self, stack: &Stack) -> Result<Plan, String> {
        let deadline = Instant::now() + LISTS_LAG;
        loop {
            let snapshot = self.snapshot(stack).await?;
            let settled = night::settled(stack, &snapshot, Wish::AsItIs);
            let plan = settled.and_then(|it| plan::plan(&it, &snapshot, &plan::Options::default()));
            let plan = plan.map_err(|errors| errors.render(false))?;
            if !plan.has_changes() || Instant::now() > deadline {
                return Ok(plan);
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    /// The plan once it is as it should be, or the last one.
    pub async fn plan_until(
        &self,
        stack: &Stack,
        is_right: impl Fn(&Plan) -> bool,
    ) -> Result<Plan, String> {
        let deadline = Instant::now() + LISTS_LAG;
        loop {
            let plan = self.plan(stack).await?;
            if is_right(&plan) || Instant::now() > deadline {
                return Ok(plan);
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    /// Plans and applies; the plan that was applied.
    pub async fn apply(&self, stack: &Stack) -> Result<Plan, String> {
        let plan = self.plan(stack).await?;
        self.carry_out(stack, &plan).await?;
        Ok(plan)
    }

    pub async fn carry_out(&self, stack: &Stack, plan: &Plan) -> Result<(), String> {
        let session = self.session(&stack.region).await;
        let (events, _) = tokio::sync::mpsc::unbounded_channel();
        let options = apply::Options::default();
        let stop = apply::Stop::new();
        let outcome = apply::apply(Some(stack), plan, &session, &options, events, stop).await;
        let failed: Vec<String> = outcome.failed.iter().map(ToString::to_string).collect();
        if !outcome.is_success() {
            return Err(format!(
                "{}\nskipped {:?}\nleft {:?}",
                failed.join("\n"),
                outcome.skipped,
                outcome.left
            ));
        }
        Ok(())
    }

    /// Destroys everything of the stack and looks whether anything is left, by every kind's list
    /// and by the tags.
    pub async fn destroy(&self, stack: &Stack) -> Result<(), String> {
        let session = self.session(&stack.region).await;
        let read = || async {
            Snapshot::read(&session, stack, Reach::Everything).await.map_err(|e| e.to_string())
        };
        let options = plan::Options { override_protection: true, ..plan::Options::default() };
        let (name, environment) = (&stack.name, &stack.environment);
        let plan =
            plan::destroy(name, environment, &stack.region, &read().await?, Some(stack), &options)
                .map_err(|e| e.render(false))?;
        self.carry_out(stack, &plan).await?;
        let deadline = Instant::now() + LISTS_LAG;
        // One look may take as long as that where many tests run at once.
        let mut looks = 0;
        loop {
            looks += 1;
            let left: Vec<String> = read()
                .await?
                .owned(stack)
                .filter(|object| object.status != infra::kind::Status::Deleting)
                .map(|object| format!("{} {} in {}", object.kind, object.id(), object.region))
                .collect();
            if left.is_empty() {
                return Ok(());
            }
            if Instant::now() > deadline && looks > 3 {
                return Err(format!("left after destroy: {left:?}"));
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }
}

/// The changed items of a plan, a line each: `update group [retention_days]`.
pub fn summary(plan: &Plan) -> Vec<String> {
    plan.items.iter().filter(|item| item.action != plan::Action::Keep).map(line).collect()
}

pub fn line(item: &Item) -> String {
    let paths: Vec<&str> = item.changes.iter().map(|change| change.path.as_str()).collect();
    format!("{:?} {} {paths:?}", item.action, item.address)
}

pub fn load_with(
    name: &str,
    text: &str,
    folder: &Path,
    options: &model::Options,
) -> Result<Stack, String> {
    model::load_str(name, text, folder, options).map_err(|mistakes| mistakes.render(false))
}

/// A YAML text as JSON, without expressions being looked at.
pub fn yaml(name: &str, text: &str) -> Value {
    let file = infra::diagnostic::SourceFile { path: name.to_owned(), text: text.to_owned() };
    let mut mistakes = infra::diagnostic::Diagnostics::new();
    let node = stack::yaml::parse(&std::sync::Arc::new(file), &mut mistakes);
    assert!(mistakes.is_empty(), "{}", mistakes.render(false));
    node.expect("a document").json()
}
