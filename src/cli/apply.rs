//! `infra apply`

use anyhow::bail;
use clap::Args;

use super::plan::PlanOptions;
use super::session::Opened;
use super::{CommandResult, Context, Exit, File};
use crate::apply;
use crate::live::Reach;
use crate::plan;
use crate::report::progress;

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

/// How a plan is carried out.
#[derive(Args, Debug)]
pub(super) struct RunOptions {
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// How many calls that change something are made at a time
    #[arg(long, value_name = "N", default_value = "16", value_parser = clap::value_parser!(u16).range(1..=256))]
    parallelism: u16,
}

impl Apply {
    pub(super) async fn run(&self, context: &Context) -> CommandResult {
        let opened = context.open(&self.file.stack, Reach::Needed).await?;
        let plan = plan::plan(&opened.stack, &opened.snapshot, &self.options.read())?;
        let question = format!(
            "Apply these changes to {} {} in account {}? Only `yes` goes on:",
            plan.stack, plan.environment, plan.account
        );
        self.run.carry_out(context, &opened, &plan, &question).await
    }
}

impl RunOptions {
    /// Shows the plan, asks, applies it and reports.
    pub(super) async fn carry_out(
        &self,
        context: &Context,
        opened: &Opened,
        plan: &plan::Plan,
        question: &str,
    ) -> CommandResult {
        let report = &context.report;
        report.plan(plan);
        if !plan.has_changes() {
            report.outputs(&plan.outputs);
            return Ok(Exit::Success);
        }
        if !self.yes && !report.can_ask() {
            bail!("there is no terminal to ask on: review the plan and give --yes to apply it");
        }
        if !self.yes && !report.confirm(question, "yes") {
            bail!("nothing was changed: the answer was not `yes`");
        }
        let stop = apply::Stop::new();
        apply::on_signals(&stop)?;
        let (sender, events) = tokio::sync::mpsc::unbounded_channel();
        let options = apply::Options { parallelism: self.parallelism.into(), ..Default::default() };
        let run = apply::apply(Some(&opened.stack), plan, &opened.session, &options, sender, stop);
        let (mut outcome, ()) = tokio::join!(run, progress::follow(report, events));
        if plan.outputs.is_empty() {
            // What a destroy leaves behind has no outputs to show.
            outcome.outputs.clear();
        }
        report.outcome(&outcome);
        Ok(if outcome.is_success() { Exit::Success } else { Exit::Failure })
    }
}
