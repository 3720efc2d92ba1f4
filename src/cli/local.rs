//! `infra local`

use clap::{Args, Subcommand};

use super::{CommandResult, Context, Exit};
use crate::local::{self, Pace};

/// Manage the local AWS, in which --local works
#[derive(Args, Debug)]
pub(super) struct Local {
    #[command(subcommand)]
    command: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Start it, if it is not running
    Start {
        /// Whether states pass and reads lag as on AWS, in tens of milliseconds; otherwise
        /// everything happens at once
        #[arg(long, value_name = "BOOL", default_value = "true", num_args = 0..=1,
            default_missing_value = "true", action = clap::ArgAction::Set)]
        strict: bool,
    },
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
            Verb::Start { strict } => {
                let pace = if strict { Pace::Strict } else { Pace::AtOnce };
                report.local(Some(&local::start(pace)?));
            }
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
