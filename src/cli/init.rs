//! `infra init`

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;

use super::{CommandResult, Context, Exit, starts};

/// Begin a stack file from a template
#[derive(Args, Debug)]
pub(super) struct Init {
    /// The starting point; see --list
    #[arg(default_value = "minimal")]
    template: String,
    /// Where to write the stack file
    #[arg(short, long, value_name = "FILE", default_value = "infra.yaml")]
    output: PathBuf,
    /// The stack's name, instead of the template's
    #[arg(long)]
    name: Option<String>,
    /// List the starting points
    #[arg(long)]
    list: bool,
}

impl Init {
    pub(super) fn run(&self, context: &Context) -> CommandResult {
        let report = &context.report;
        if self.list {
            report.list(starts::ALL.iter().map(|start| (start.name, start.about)));
            return Ok(Exit::Success);
        }
        let Some(start) = starts::find(&self.template) else {
            let names: Vec<&str> = starts::ALL.iter().map(|start| start.name).collect();
            bail!("there is no starting point `{}`; there are {}", self.template, names.join(", "));
        };
        if self.output.exists() {
            bail!("{} exists already; give another file with --output", self.output.display());
        }
        let folder = self.output.parent().map(PathBuf::from).unwrap_or_default();
        for (name, text) in start.templates() {
            let path = folder.join("templates").join(name);
            if !path.exists() {
                fs::create_dir_all(folder.join("templates"))
                    .and_then(|()| fs::write(&path, text))
                    .with_context(|| format!("{} cannot be written", path.display()))?;
            }
        }
        let text = start.text(self.name.as_deref());
        fs::write(&self.output, text)
            .with_context(|| format!("{} cannot be written", self.output.display()))?;
        report.note(&format!(
            "Wrote {0}. Next: infra plan {0} --env dev --local",
            self.output.display()
        ));
        Ok(Exit::Success)
    }
}
