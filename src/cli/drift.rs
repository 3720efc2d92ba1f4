//! `infra drift`

use clap::Args;

use super::{CommandResult, Context, Exit, File};
use crate::live::Reach;
use crate::plan;

/// Show what changed in AWS behind the stack file's back; ends with 2 when anything did
#[derive(Args, Debug)]
pub(super) struct Drift {
    #[command(flatten)]
    file: File,
}

impl Drift {
    pub(super) async fn run(&self, context: &Context) -> CommandResult {
        let opened = context.open(&self.file.stack, Reach::Needed).await?;
        let plan = plan::drift(&opened.stack, &opened.snapshot)?;
        context.report.drift(&plan);
        Ok(if plan.has_changes() { Exit::Changes } else { Exit::Success })
    }
}
