//! `infra lock`

use clap::{Args, Subcommand};

use super::{CommandResult, Context, Exit, File};
use crate::apply::lock::Lock as Lease;

/// Show or release the lease that keeps two runs from changing one environment at once
#[derive(Args, Debug)]
pub(super) struct Lock {
    #[command(subcommand)]
    command: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show who holds it
    Show(File),
    /// Take it away from a run that is no more
    Release {
        #[command(flatten)]
        file: File,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
}

impl Lock {
    pub(super) async fn run(&self, context: &Context) -> CommandResult {
        let report = &context.report;
        let (Verb::Show(file) | Verb::Release { file, .. }) = &self.command;
        let (stack, session) = context.find(&file.stack).await?;
        let lock = Lease::new(&session.region(&stack.region), &stack.name, &stack.environment);
        let holder = lock.holder().await?;
        let Verb::Release { yes, .. } = &self.command else {
            report.holder(holder.as_ref());
            return Ok(Exit::Success);
        };
        if let Some(holder) = &holder {
            let question = format!(
                "Take the lease away from {holder}? If that run goes on, two change the \
                 environment at once. Only `yes` goes on:"
            );
            anyhow::ensure!(
                *yes || report.can_ask(),
                "there is no terminal to ask on: give --yes to take the lease from {holder}"
            );
            anyhow::ensure!(
                *yes || report.confirm(&question, "yes").await,
                "the lease was not released: the answer was not `yes`"
            );
        }
        lock.release().await?;
        report.note(if holder.is_some() { "Released." } else { "Nobody holds it." });
        Ok(Exit::Success)
    }
}
