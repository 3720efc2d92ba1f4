//! What a rehearsal and tests ask of a local AWS: faults, the journal of calls that change
//! something, and what exists. Everything belongs to one account.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::server::agent;

/// How long an answer may take: a release waits for calls that are under way.
const PATIENCE: Duration = Duration::from_mins(2);

/// One account of a local AWS.
#[derive(Clone, Debug)]
pub struct Control {
    endpoint: String,
    account: String,
}

/// When something happens to a call: before it takes effect, or after that and before its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum When {
    /// It never takes effect.
    Before,
    /// It has taken effect.
    After,
}

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Blow {
    /// It is held, and so are all that follow: whoever calls is to be killed now.
    Halt,
    /// Its connection is reset: its answer is lost.
    Reset,
}

/// The calls that changed something since the journal began.
#[derive(Clone, Debug, Deserialize)]
pub struct Journal {
    /// How many there were.
    pub total: usize,
    /// Whether calls are held.
    pub halted: bool,
    /// What they were.
    pub calls: Vec<Call>,
}

/// A call that changed something.
#[derive(Clone, Debug, Deserialize)]
pub struct Call {
    /// The service, as IAM names it.
    pub service: String,
    /// The operation.
    pub operation: String,
}

/// Everything that exists in an account, by region and type.
pub type Census = BTreeMap<String, Vec<String>>;

/// The control endpoint did not answer as it should.
#[derive(Debug, thiserror::Error)]
#[error("the local AWS at {endpoint} did not answer {path}: {why}")]
pub struct ControlError {
    endpoint: String,
    path: String,
    why: String,
}

type Result<T> = std::result::Result<T, ControlError>;

impl Control {
    /// An account of the server at an address.
    pub fn new(endpoint: &str, account: &str) -> Self {
        Self { endpoint: endpoint.to_owned(), account: account.to_owned() }
    }

    /// Begins a journal; with `blow` something happens to the call of that number, counted from 1.
    pub fn begin(&self, blow: Option<(usize, When, Blow)>) -> Result<()> {
        let mut body = json!({ "account": self.account });
        if let Some((number, when, blow)) = blow {
            body["halt_at"] = number.into();
            body["when"] = if when == When::Before { "before" } else { "after" }.into();
            body["mode"] = if blow == Blow::Halt { "halt" } else { "reset" }.into();
        }
        self.post("/infra/journal", &body).map(drop)
    }

    /// The journal, as soon as calls are held or the time is over.
    pub fn journal(&self, wait: Duration) -> Result<Journal> {
        let path = format!("/infra/journal?account={}&wait={}", self.account, wait.as_secs_f32());
        let answer = self.get(&path)?;
        serde_json::from_value(answer).map_err(|error| self.fails(&path, &error))
    }

    /// Ends all calls that are held, without an answer; those held before their effect never have
    /// any.
    pub fn release(&self) -> Result<()> {
        let body = json!({ "account": self.account, "release": true });
        self.post("/infra/journal", &body).map(drop)
    }

    /// Sets the rules by which calls fail; an empty list ends all faults.
    pub fn faults(&self, rules: &Value) -> Result<()> {
        self.post("/infra/faults", &json!({ "account": self.account, "rules": rules })).map(drop)
    }

    /// Everything that exists in the account, whoever made it and whatever its tags.
    pub fn census(&self) -> Result<Census> {
        let path = format!("/infra/census?account={}", self.account);
        let answer = self.get(&path)?;
        serde_json::from_value(answer).map_err(|error| self.fails(&path, &error))
    }

    fn fails(&self, path: &str, why: &dyn std::fmt::Display) -> ControlError {
        let (endpoint, path) = (self.endpoint.clone(), path.to_owned());
        ControlError { endpoint, path, why: why.to_string() }
    }

    fn get(&self, path: &str) -> Result<Value> {
        let answer = agent(PATIENCE).get(format!("{}{path}", self.endpoint)).call();
        self.read(path, answer)
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let request = agent(PATIENCE).post(format!("{}{path}", self.endpoint));
        self.read(path, request.content_type("application/json").send(body.to_string()))
    }

    fn read(
        &self,
        path: &str,
        answer: std::result::Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<Value> {
        let mut answer = answer.map_err(|error| self.fails(path, &error))?;
        let text = answer.body_mut().read_to_string().map_err(|error| self.fails(path, &error))?;
        if !answer.status().is_success() {
            return Err(self.fails(path, &format!("{} {text}", answer.status())));
        }
        serde_json::from_str(&text).map_err(|error| self.fails(path, &error))
    }
}
