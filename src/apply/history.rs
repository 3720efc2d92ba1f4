//! The history of an environment: what each run was, what it did and how it ended, without any
//! value of a spec. It is kept in the [bookkeeping bucket](Bookkeeping) for people; nothing is
//! planned from it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;

use super::lock::Holder;
use super::{Event, Outcome};
use crate::aws::{Aws, Bookkeeping, Result, When};
use crate::plan::{Action, Plan};

/// How often a run that goes on is written down, so that one that is cut short leaves a record.
const WRITTEN: Duration = Duration::from_secs(10);
/// How many records are read at once.
const READ_AT_ONCE: usize = 8;

/// One run, as the first line of its record says it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Run {
    /// Who ran what, when and where.
    #[serde(flatten)]
    pub holder: Holder,
    /// The version of this program.
    pub version: String,
    /// What was to be done: address, kind and action.
    pub planned: Vec<(String, String, Action)>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Everything was done.
    Done,
    /// Something failed.
    Failed,
    /// It was stopped.
    Interrupted,
    /// Its process went away without a word, or it goes on.
    Unknown,
}

/// A line of a record.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Run(Run),
    At(Timestamp, Event),
    End(Timestamp, Ending),
}

/// A record.
#[derive(Clone, Debug, Serialize)]
pub struct Record {
    /// The run.
    pub run: Run,
    /// What happened, and when.
    pub events: Vec<(Timestamp, Event)>,
    /// How it ended.
    pub ending: Ending,
    /// When it ended, as far as is known.
    pub ended: Option<Timestamp>,
}

/// The history of one environment.
#[derive(Clone)]
pub struct History {
    books: Bookkeeping,
    folder: String,
}

/// The record of the run that goes on.
pub struct Journal {
    shared: Arc<Shared>,
    writing: JoinHandle<()>,
}

struct Shared {
    history: History,
    run: String,
    text: Mutex<(String, bool)>,
}

impl History {
    /// The history of an environment; `aws` is the stack's home region.
    pub fn new(aws: &Aws, stack: &str, environment: &str) -> Self {
        let folder = format!("history/{stack}/{environment}/");
        Self { books: Bookkeeping::new(aws), folder }
    }

    fn key(&self, run: &str) -> String {
        format!("{}{run}.jsonl", self.folder)
    }

    /// Begins the record of a run.
    pub fn begin(&self, holder: Holder, plan: &Plan) -> Journal {
        let planned = plan.changed();
        let planned =
            planned.map(|item| (item.address.to_string(), item.kind.clone(), item.action));
        let run = holder.run.clone();
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let first = Line::Run(Run { holder, version, planned: planned.collect() });
        let text = Mutex::new((line(&first), true));
        let shared = Arc::new(Shared { history: self.clone(), run, text });
        let writer = Arc::clone(&shared);
        let writing = tokio::spawn(async move {
            loop {
                // A record that cannot be written now is written with the next lines.
                let _ = writer.write().await;
                tokio::time::sleep(WRITTEN).await;
            }
        });
        Journal { shared, writing }
    }

    /// The last runs, the newest first.
    pub async fn runs(&self, most: usize) -> Result<Vec<Record>> {
        let mut keys = self.books.keys(&self.folder).await?;
        keys.reverse();
        keys.truncate(most);
        let records = futures::stream::iter(keys.into_iter().map(|key| self.read(key)));
        let records: Vec<_> = records.buffered(READ_AT_ONCE).collect().await;
        records.into_iter().filter_map(Result::transpose).collect()
    }

    /// One run.
    pub async fn run(&self, run: &str) -> Result<Option<Record>> {
        self.read(self.key(run)).await
    }

    async fn read(&self, key: String) -> Result<Option<Record>> {
        Ok(self.books.get(&key).await?.and_then(|entry| record(&entry.text)))
    }
}

impl Journal {
    /// Takes down what has happened.
    pub fn take(&self, event: &Event) {
        self.shared.add(&Line::At(Timestamp::now(), event.clone()));
    }

    /// Takes down how it ended; an error says that the record could not be written.
    pub async fn end(self, outcome: &Outcome) -> Result<()> {
        self.writing.abort();
        let ending = match outcome {
            outcome if outcome.is_success() => Ending::Done,
            outcome if outcome.interrupted => Ending::Interrupted,
            _ => Ending::Failed,
        };
        self.shared.add(&Line::End(Timestamp::now(), ending));
        self.shared.write().await
    }
}

impl Shared {
    fn add(&self, next: &Line) {
        let mut text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        text.0.push_str(&line(next));
        text.1 = true;
    }

    /// Writes what is new, if anything is.
    async fn write(&self) -> Result<()> {
        let text = {
            let mut text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
            if !std::mem::take(&mut text.1) {
                return Ok(());
            }
            text.0.clone()
        };
        let key = self.history.key(&self.run);
        let written = self.history.books.put(&key, &text, When::Always).await;
        if written.is_err() {
            self.text.lock().unwrap_or_else(PoisonError::into_inner).1 = true;
        }
        written.map(drop)
    }
}

fn line(line: &Line) -> String {
    let text = serde_json::to_string(line).unwrap_or_default();
    format!("{text}\n")
}

/// A record from its text; lines that a later version wrote are left out.
fn record(text: &str) -> Option<Record> {
    let mut lines = text.lines().filter_map(|line| serde_json::from_str(line).ok());
    let Some(Line::Run(run)) = lines.next() else { return None };
    let mut record = Record { run, events: Vec::new(), ending: Ending::Unknown, ended: None };
    for line in lines {
        match line {
            Line::At(at, event) => record.events.push((at, event)),
            Line::End(at, ending) => (record.ending, record.ended) = (ending, Some(at)),
            Line::Run(_) => {}
        }
    }
    Some(record)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply::Verb;
    use crate::model::Address;

    #[test]
    fn a_record_is_read_as_it_was_written_even_when_it_was_cut_short() {
        let holder = Holder::this("apply");
        let planned = vec![("vpc".to_owned(), "ec2.vpc".to_owned(), Action::Create)];
        let run = Run { holder: holder.clone(), version: "1".to_owned(), planned };
        let event = Event::Accepted { address: Address::new("vpc"), step: Verb::Create };
        let now = Timestamp::now();
        let whole = [Line::Run(run), Line::At(now, event.clone()), Line::End(now, Ending::Done)];
        let text: String = whole.iter().map(line).collect();
        let read = record(&text).expect("a record");
        assert_eq!((read.run.holder, read.ending), (holder, Ending::Done));
        assert_eq!(read.events, [(now, event)]);

        let cut: String = text.lines().take(2).map(|line| format!("{line}\n")).collect();
        let read = record(&cut).expect("a record");
        assert_eq!((read.ending, read.ended), (Ending::Unknown, None));
        assert!(record("{\"something\":\"else\"}\n").is_none());
    }
}
