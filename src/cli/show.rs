//! `infra show`

use clap::Args;

use super::{CommandResult, Context, Exit, File};
use crate::live::Reach;
use crate::plan;

/// Show the live objects of a stack, with their outputs and those of the stack
#[derive(Args, Debug)]
pub(super) struct Show {
    #[command(flatten)]
    file: File,
    /// Only the resource at this address
    #[arg(value_name = "ADDRESS", add = super::complete::addresses())]
    address: Option<String>,
}

impl Show {
    pub(super) async fn run(&self, context: &Context) -> CommandResult {
        let opened = context.open(&self.file.stack, Reach::Needed).await?;
        let mut objects: Vec<_> = opened.snapshot.owned(&opened.stack).collect();
        if let Some(address) = &self.address {
            objects.retain(|object| object.address() == Some(address));
            anyhow::ensure!(!objects.is_empty(), "nothing of this stack lives at `{address}`");
        }
        objects.sort_by_key(|object| (object.address(), object.id()));
        // The plan knows which outputs are known by what lives.
        let outputs = plan::drift(&opened.stack, &opened.snapshot)?.outputs;
        context.report.objects(&objects, &outputs);
        Ok(Exit::Success)
    }
}
