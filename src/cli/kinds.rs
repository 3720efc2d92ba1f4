//! `infra kinds`

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;

use super::{CommandResult, Context, Exit};
use crate::kinds;
use crate::model;

/// List the kinds of resources, or show the reference of one
#[derive(Args, Debug)]
pub(super) struct Kinds {
    /// The kind, such as ec2.vpc
    #[arg(add = super::complete::kinds())]
    kind: Option<String>,
    /// Print the JSON Schema of stack files
    #[arg(long, conflicts_with_all = ["kind", "markdown"])]
    schema: bool,
    /// List in that schema what references of this stack file can name
    #[arg(long, value_name = "STACK", requires = "schema", add = super::complete::stacks())]
    of: Option<PathBuf>,
    /// Print the reference as Markdown
    #[arg(long)]
    markdown: bool,
}

impl Kinds {
    pub(super) fn run(&self, context: &Context) -> CommandResult {
        let report = &context.report;
        if self.schema {
            let stack = self.of.as_ref().map(|path| model::load(path, &context.model_options()));
            report.pretty_json(&model::file_schema(stack.transpose()?.as_ref()));
            return Ok(Exit::Success);
        }
        let kinds: Vec<_> = match &self.kind {
            None => kinds::all().collect(),
            Some(name) => match kinds::find(name) {
                Some(kind) => vec![kind],
                None => bail!("there is no kind `{name}`; `infra kinds` lists them"),
            },
        };
        report.kinds(&kinds, self.markdown, self.kind.is_some());
        Ok(Exit::Success)
    }
}
