//! `infra graph`

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{CommandResult, Context, Exit, File};
use crate::live::Reach;
use crate::report::PictureFormat;
use crate::{model, picture, plan};

/// Draw the stack: regions, networks, zones and subnets as boxes, references and traffic as lines
///
/// Colours say what `infra apply` would do. With `--offline` no account is asked, and there are none.
#[derive(Args, Debug)]
pub(super) struct Graph {
    #[command(flatten)]
    file: File,
    /// The format, if the ending of the file named by `--out` does not say it; otherwise Mermaid
    #[arg(long, value_name = "FORMAT", conflicts_with = "json")]
    format: Option<Format>,
    /// Ask no account: what the stack file describes, without what a plan would do
    #[arg(long)]
    offline: bool,
    /// The file to write, in place of the standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// A drawing for browsers, light and dark
    Svg,
    /// For Markdown: wikis, forges and editors draw it
    Mermaid,
    /// For Graphviz
    Dot,
}

impl Graph {
    pub(super) async fn run(&self, context: &Context) -> CommandResult {
        let format = match self.format {
            Some(Format::Svg) => PictureFormat::Svg,
            Some(Format::Mermaid) => PictureFormat::Mermaid,
            Some(Format::Dot) => PictureFormat::Dot,
            None => {
                self.out.as_deref().and_then(PictureFormat::of).unwrap_or(PictureFormat::Mermaid)
            }
        };
        let out = self.file.beside(self.out.as_deref())?;
        let picture = if self.offline {
            picture::of_stack(&model::load(&self.file.stack, &context.model_options())?)
        } else {
            let opened = context.open(&self.file.stack, Reach::Needed).await?;
            // Looking changes nothing: what is protected is drawn like all else.
            let options = plan::Options { override_protection: true, ..plan::Options::default() };
            let plan = plan::plan(&opened.stack, &opened.snapshot, &options)?;
            picture::of_plan(&opened.stack, &plan)
        };
        context.report.picture(&picture, format, out)?;
        Ok(Exit::Success)
    }
}
