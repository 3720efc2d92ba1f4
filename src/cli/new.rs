//! `infra new`

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Args;

use super::fmt::replace;
use super::{CommandResult, Context, Exit, complete};
use crate::diagnostic::{SourceFile, did_you_mean};
use crate::kind::AnyKind;
use crate::kinds;
use crate::model::sketch;

/// Add a resource to the stack file, with every field that it can have as a comment
#[derive(Args, Debug)]
pub(super) struct New {
    /// The kind, such as ec2.vpc
    #[arg(add = complete::kinds())]
    kind: String,
    /// What the resource is called in the file: small letters, digits and `_`
    #[arg(value_name = "ADDRESS")]
    address: String,
    /// The stack file
    #[arg(value_name = "STACK", default_value = "infra.yaml", add = complete::stacks())]
    stack: PathBuf,
    /// Print the resource instead of writing it
    #[arg(long)]
    print: bool,
}

impl New {
    pub(super) fn run(&self, context: &Context) -> CommandResult {
        let Some(kind) = kinds::find(&self.kind) else {
            let near = did_you_mean(&self.kind, kinds::all().map(AnyKind::name));
            let near = near.unwrap_or_else(|| "`infra kinds` lists them".to_owned());
            bail!("there is no kind `{}`: {near}", self.kind);
        };
        let sketch = sketch::resource(kind, &self.address);
        if self.print {
            context.report.out(&sketch);
            return Ok(Exit::Success);
        }
        let shown = self.stack.display().to_string();
        let text =
            fs::read_to_string(&self.stack).with_context(|| format!("cannot read {shown}"))?;
        let file = Arc::new(SourceFile { path: shown.clone(), text });
        let text = sketch::insert(&file, &self.address, &sketch)?;
        replace(&self.stack, &text).with_context(|| format!("cannot write {shown}"))?;
        context.report.note(&format!(
            "Added `{}` to {shown}. `infra validate {shown}` says what is missing.",
            self.address
        ));
        Ok(Exit::Success)
    }
}
