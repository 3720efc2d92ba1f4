//! The binary in an account of its own, with a home of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cli;
use crate::world::World;

/// A user: a home that holds the stack file `stack.yaml`, and an account.
pub struct User {
    pub world: World,
    pub home: TempDir,
}

impl User {
    pub fn new(stack: &str) -> Self {
        let user = Self { world: World::new(), home: TempDir::new().expect("a folder") };
        user.write("stack.yaml", stack);
        user
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("written");
    }

    /// The binary in the user's home.
    pub fn infra(&self, arguments: &[&str]) -> Command {
        let mut command = cli::infra(self.home.path());
        command
            .current_dir(self.home.path())
            .env("AWS_ACCESS_KEY_ID", &self.world.account)
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .args(arguments)
            .args(["--endpoint-url", &self.world.endpoint])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.infra(arguments).output().expect("run")
    }

    /// Runs the binary to a good end; what it said.
    pub fn well(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}\n{}", cli::said(&output));
        said(&output)
    }

    /// The same, and what it printed as data alone.
    pub fn out(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}\n{}", cli::said(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs the binary to a failure; what it said.
    pub fn badly(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}\n{}", cli::said(&output));
        said(&output)
    }

    /// Replaces the faults that calls of the account meet with.
    pub fn faults(&self, rules: &Value) {
        self.ask("faults", &json!({ "account": self.world.account, "rules": rules }));
    }

    /// Begins to number the calls that change something.
    pub fn begin_journal(&self) {
        self.ask("journal", &json!({ "account": self.world.account }));
    }

    /// The operations that changed something since, in their order.
    pub fn journal(&self) -> Vec<String> {
        let name = |call: &Value| call["operation"].as_str().unwrap_or_default().to_owned();
        self.calls().iter().map(name).collect()
    }

    /// Waits for what was sent by a process that is no more: it takes effect all the same.
    pub fn all_is_answered(&self) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.calls().iter().any(|call| call["status"].is_null()) {
            assert!(Instant::now() < deadline, "calls are still under way");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn calls(&self) -> Vec<Value> {
        let url = format!("{}/infra/journal?account={}", self.world.endpoint, self.world.account);
        let mut answer = ureq::get(&url).call().expect("the journal");
        let text = answer.body_mut().read_to_string().expect("a text");
        let journal: Value = serde_json::from_str(&text).expect("JSON");
        journal["calls"].as_array().expect("calls").clone()
    }

    fn ask(&self, what: &str, body: &Value) {
        let url = format!("{}/infra/{what}", self.world.endpoint);
        ureq::post(&url).send(body.to_string()).expect("the local AWS takes it");
    }
}

/// Both streams of a process, as text.
pub fn said(output: &Output) -> String {
    let texts = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    texts.concat()
}

/// Every file below a folder.
pub fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}
