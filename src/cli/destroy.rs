//! `infra destroy`

use clap::Args;

use super::apply::RunOptions;
use super::{CommandResult, Context, Exit, File};
use crate::live::Reach;
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
        let opened = context.open(&self.file.stack, Reach::Everything).await?;
        let options = plan::Options {
            override_protection: self.override_protection,
            ..plan::Options::default()
        };
        let stack = &opened.stack;
        let plan = plan::destroy(
            &stack.name,
            &stack.environment,
            &stack.region,
            &opened.snapshot,
            Some(stack),
            &options,
        )?;
        if !plan.has_changes() && !context.report.is_json() {
            context.report.out("Nothing to delete.");
            return Ok(Exit::Success);
        }
        let question = format!(
            "Delete all of this from {} {} in account {}? Only `yes` goes on:",
            plan.stack, plan.environment, plan.account
        );
        self.run.carry_out(context, &opened, &plan, &question).await
    }
}
