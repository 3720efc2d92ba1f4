//! `infra local`

use clap::{Args, Subcommand};

use super::{CommandResult, Context, Exit};
use crate::local;

/// Manage the local AWS, in which --local works
#[derive(Args, Debug)]
pub(super) struct Local {
    #[command(subcommand)]
    command: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Start it, if it is not running
    Start,
    /// Tell whether and where it runs
    Status,
    /// Stop it; what is in it is lost
    Stop,
    /// Empty it
    Reset,
}

impl Local {
    pub(super) fn run(&self, context: &Context) -> CommandResult {
        let report = &context.report;
        match self.command {
            Verb::Start => report.local(Some(&local::start()?)),
            Verb::Status => report.local(local::status()?.as_ref()),
            Verb::Stop if local::stop()? => report.note("The local AWS is stopped."),
            Verb::Stop => report.note("The local AWS was not running."),
            Verb::Reset => {
                local::reset()?;
                report.note("The local AWS is empty.");
            }
        }
        Ok(Exit::Success)
    }
}
