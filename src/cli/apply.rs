//! `infra apply`

use clap::Args;

use super::plan::PlanOptions;
use super::run::RunOptions;
use super::{CommandResult, Context, File};
use crate::live::{Reach, Snapshot};
use crate::plan;

/// Make the account match the stack file
#[derive(Args, Debug)]
pub(super) struct Apply {
    #[command(flatten)]
    file: File,
    #[command(flatten)]
    run: RunOptions,
    #[command(flatten)]
    options: PlanOptions,
}

impl Apply {
    pub(super) async fn run(&self, context: &Context) -> CommandResult {
        let work = async |run: &super::run::Run<'_>| {
            let snapshot =
                async { Ok(Snapshot::read(&run.session, &run.stack, Reach::Needed).await?) };
            let snapshot = run.before(snapshot).await?;
            let mut plan = plan::plan(&run.stack, &snapshot, &self.options.read())?;
            let question = format!(
                "Apply these changes to {} {} in account {}? Only `yes` goes on:",
                plan.stack, plan.environment, plan.account
            );
            run.look_into(&mut plan).await?;
            run.carry_out(&plan, &question, KEEP, async |_| Ok(None)).await
        };
        self.run.alone(context, &self.file.stack, "apply", work).await
    }
}

/// What to do instead of losing data.
const KEEP: &str = "to keep an object, leave it in the file as it is, or give it \
                    `lifecycle: { retain: true }` and apply that before you take it out";
