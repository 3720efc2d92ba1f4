//! `infra history`

use clap::{Args, Subcommand};

use super::{CommandResult, Context, Exit, File};
use crate::apply::history::History as Runs;

/// Show the runs that changed an environment: who, when, what, and how each ended
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct History {
    #[command(subcommand)]
    command: Option<Verb>,
    #[command(flatten)]
    file: File,
    /// How many runs, the newest first
    #[arg(long, value_name = "N", default_value = "20")]
    last: usize,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show what happened in one run
    Show {
        /// The run, as `infra history` lists it
        #[arg(value_name = "RUN")]
        run: String,
        #[command(flatten)]
        file: File,
    },
}

impl History {
    pub(super) async fn run(&self, context: &Context) -> CommandResult {
        let file = match &self.command {
            Some(Verb::Show { file, .. }) => file,
            None => &self.file,
        };
        let (stack, session) = context.find(&file.stack).await?;
        let home = session.region(&stack.region);
        let history = Runs::new(&home, &stack.name, &stack.environment);
        match &self.command {
            None => context.report.history(&history.runs(self.last).await?),
            Some(Verb::Show { run, .. }) => {
                let record = history.run(run).await?;
                let record = record.ok_or_else(|| {
                    let (stack, environment) = (&stack.name, &stack.environment);
                    anyhow::anyhow!(
                        "{stack} {environment} has no run `{run}`; `infra history` lists them"
                    )
                })?;
                context.report.record(&record);
            }
        }
        Ok(Exit::Success)
    }
}
