//! From a stack file on disk to an account that answers.

use std::path::Path;

use anyhow::Context as _;

use super::Context;
use crate::aws::{Options, Session};
use crate::live::{Reach, Snapshot};
use crate::local::{self, Pace};
use crate::model::{self, Stack};
use crate::plan::night::{self, Wish};

/// The account id, and so the access key, under which the local AWS keeps a user's objects.
const LOCAL_ACCOUNT: &str = "000000000000";

/// A stack file that is sound, and what lives in its account.
pub(super) struct Opened {
    pub stack: Stack,
    pub snapshot: Snapshot,
}

impl Context {
    /// Reads the stack file, then the account. The file is checked before AWS is asked anything.
    pub(super) async fn open(&self, path: &Path, reach: Reach) -> anyhow::Result<Opened> {
        let (stack, session) = self.find(path).await?;
        let snapshot = Snapshot::read(&session, &stack, reach).await?;
        let stack = night::settled(&stack, &snapshot, Wish::AsItIs)?;
        Ok(Opened { stack, snapshot })
    }

    /// Reads the stack file and finds its account.
    pub(super) async fn find(&self, path: &Path) -> anyhow::Result<(Stack, Session)> {
        self.find_with(path, self.model_options()).await
    }

    /// The same with what is said about the stack in place of the command line.
    pub(super) async fn find_with(
        &self,
        path: &Path,
        mut options: model::Options,
    ) -> anyhow::Result<(Stack, Session)> {
        let stack = model::load(path, &options)?;
        let session = self.session(&stack.region).await?;
        options.account = Some(session.account().to_owned());
        let stack = model::load(path, &options)?;
        Ok((stack, session))
    }

    pub(super) async fn session(&self, region: &str) -> anyhow::Result<Session> {
        let mut options = Options {
            profile: self.global.profile.clone(),
            endpoint_url: self.global.endpoint_url.clone(),
            credentials: None,
        };
        if self.global.local {
            if !local::is_installed()? {
                self.report.note("Installing the local AWS (once, about a minute)…");
            }
            let running = tokio::task::spawn_blocking(|| local::start(Pace::Strict)).await??;
            options.endpoint_url = Some(running.endpoint);
            options.credentials = Some((LOCAL_ACCOUNT.to_owned(), "local".to_owned()));
        }
        let session = Session::open(&options, region, self.calls.clone()).await;
        session.context("AWS does not say whose account this is, and nothing was changed")
    }
}
