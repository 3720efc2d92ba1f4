//! When environments are to go: written down when one is applied, so that those whose time has
//! come are found without their stack files too. Kept in the [bookkeeping bucket](Bookkeeping);
//! nothing is planned from it.

use std::collections::BTreeSet;

use futures::StreamExt;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::aws::{Aws, Bookkeeping, Result, When};
use crate::model::Stack;

const FOLDER: &str = "environments/";
/// How many notes are read at once.
const READ_AT_ONCE: usize = 8;

/// What is noted about an environment when it is applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// The stack's name.
    pub stack: String,
    /// The environment's name.
    pub environment: String,
    /// The home region.
    pub region: String,
    /// All regions in which it may have objects.
    pub regions: BTreeSet<String>,
    /// Whether it is protected.
    pub protect: bool,
    /// When it was last applied.
    pub applied: Timestamp,
    /// When it is to go.
    pub expires: Option<Timestamp>,
}

/// The notes of an account and region.
pub struct Notes {
    books: Bookkeeping,
}

impl Notes {
    /// The notes in the region of `aws`, a stack's home region.
    pub fn new(aws: &Aws) -> Self {
        Self { books: Bookkeeping::new(aws) }
    }

    /// Notes that an environment is applied now, if its file says when it is to go. What an earlier
    /// file said of its end counts no more.
    pub async fn applied(&self, stack: &Stack, now: Timestamp) -> Result<Option<Timestamp>> {
        let expires = stack.expiry.as_ref().and_then(|expiry| expiry.since(now));
        if expires.is_none() {
            self.forget(&stack.name, &stack.environment).await?;
            return Ok(None);
        }
        let note = Note {
            stack: stack.name.clone(),
            environment: stack.environment.clone(),
            region: stack.region.clone(),
            regions: stack.regions.clone(),
            protect: stack.protect,
            applied: now,
            expires,
        };
        let text = serde_json::to_string(&note).unwrap_or_default();
        self.books.put(&key(&note.stack, &note.environment), &text, When::Always).await?;
        Ok(expires)
    }

    /// What is noted of an environment.
    pub async fn get(&self, stack: &str, environment: &str) -> Result<Option<Note>> {
        self.read(key(stack, environment)).await
    }

    /// Takes the note of an environment away.
    pub async fn forget(&self, stack: &str, environment: &str) -> Result<()> {
        let key = key(stack, environment);
        if let Some(entry) = self.books.get(&key).await? {
            self.books.remove(&key, &entry.version).await?;
        }
        Ok(())
    }

    /// All notes, by stack and environment.
    pub async fn all(&self) -> Result<Vec<Note>> {
        let keys = self.books.keys(FOLDER).await?;
        let notes = futures::stream::iter(keys.into_iter().map(|key| self.read(key)));
        let notes: Vec<_> = notes.buffered(READ_AT_ONCE).collect().await;
        notes.into_iter().filter_map(Result::transpose).collect()
    }

    async fn read(&self, key: String) -> Result<Option<Note>> {
        // What a later version of this program wrote in another form is left to that.
        Ok(self.books.get(&key).await?.and_then(|entry| serde_json::from_str(&entry.text).ok()))
    }
}

fn key(stack: &str, environment: &str) -> String {
    format!("{FOLDER}{stack}/{environment}.json")
}
