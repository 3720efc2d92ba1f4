//! `infra destroy`

use clap::Args;

use super::run::{Run, RunOptions};
use super::{CommandResult, Context, Exit, File};
use crate::live::{Reach, Snapshot};
use crate::plan;

/// Delete everything that belongs to one environment of a stack
#[derive(Args, Debug)]
pub(super) struct Destroy {
    #[command(flatten)]
    file: File,
    #[command(flatten)]
    run: RunOptions,
    /// Delete protected resources all the same
    #[arg(long)]
    override_protection: bool,
}

impl Destroy {
    pub(super) async fn run(&self, context: &Context) -> CommandResult {
        let work = async |run: &Run<'_>| {
            let (stack, session) = (&run.stack, &run.session);
            let snapshot = async { Ok(Snapshot::read(session, stack, Reach::Everything).await?) };
            let snapshot = run.before(snapshot).await?;
            let override_protection = self.override_protection;
            let options = plan::Options { override_protection, ..plan::Options::default() };
            let (name, environment, region) = (&stack.name, &stack.environment, &stack.region);
            let plan = plan::destroy(name, environment, region, &snapshot, Some(stack), &options)?;
            if !plan.has_changes() && !context.report.is_json() {
                context.report.out("Nothing to delete.");
                return Ok(Exit::Success);
            }
            let question = format!(
                "Delete all of this from {name} {environment} in account {}? Only `yes` goes on:",
                plan.account
            );
            run.carry_out(&plan, &question).await
        };
        let found = context.find(&self.file.stack).await?;
        self.run.alone(context, found, "destroy", work).await
    }
}
