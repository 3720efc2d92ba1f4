//! `infra plan`

use clap::Args;

use super::{CommandResult, Context, Exit, File};
use crate::live::Reach;
use crate::model::Address;
use crate::plan;

/// Show what apply would do; writes nothing, anywhere
#[derive(Args, Debug)]
pub(super) struct Plan {
    #[command(flatten)]
    file: File,
    /// End with 0 for no changes, 1 for an error, 2 for changes
    #[arg(long)]
    detailed_exitcode: bool,
    #[command(flatten)]
    options: PlanOptions,
}

/// What the command line says about a plan.
#[derive(Args, Debug)]
pub(super) struct PlanOptions {
    /// A resource that takes over the foreign object which has its name; may be given several times
    #[arg(long, value_name = "ADDRESS")]
    adopt: Vec<String>,
    /// Replace and delete protected resources all the same
    #[arg(long)]
    override_protection: bool,
}

impl PlanOptions {
    pub(super) fn read(&self) -> plan::Options {
        plan::Options {
            adopt: self.adopt.iter().map(|address| Address::new(address)).collect(),
            override_protection: self.override_protection,
            ..plan::Options::default()
        }
    }
}

impl Plan {
    pub(super) async fn run(&self, context: &Context) -> CommandResult {
        let opened = context.open(&self.file.stack, Reach::Needed).await?;
        let plan = plan::plan(&opened.stack, &opened.snapshot, &self.options.read())?;
        context.report.plan(&plan);
        let has_changes = plan.has_changes();
        Ok(if self.detailed_exitcode && has_changes { Exit::Changes } else { Exit::Success })
    }
}
