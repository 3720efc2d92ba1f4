//! `infra validate`

use clap::Args;

use super::{CommandResult, Context, Exit, File};
use crate::model;

/// Check the stack file without asking AWS anything
#[derive(Args, Debug)]
pub(super) struct Validate {
    #[command(flatten)]
    file: File,
}

impl Validate {
    pub(super) fn run(&self, context: &Context) -> CommandResult {
        let stack = model::load(&self.file.stack, &context.model_options())?;
        context.report.valid(&self.file.stack, &stack);
        Ok(Exit::Success)
    }
}
