//! `infra plan`

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;

use super::cost::Costing;
use super::{CommandResult, Context, Exit, File, complete};
use crate::live::Reach;
use crate::model::{Address, Stack};
use crate::plan::{self, saved::Saved};

/// Show what apply would do; changes nothing in the account
#[derive(Args, Debug)]
pub(super) struct Plan {
    #[command(flatten)]
    file: File,
    /// End with 0 for no changes, 1 for an error, 2 for changes
    #[arg(long)]
    detailed_exitcode: bool,
    /// Save the plan in a file, for review; `infra apply FILE` then applies exactly that
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    options: PlanOptions,
}

/// What the command line says about a plan.
#[derive(Args, Debug)]
pub(super) struct PlanOptions {
    /// A resource that takes over the foreign object which has its name; may be given several times
    #[arg(long, value_name = "ADDRESS", add = complete::addresses())]
    adopt: Vec<String>,
    /// Replace and delete protected resources all the same, those too that AWS itself protects
    #[arg(long)]
    override_protection: bool,
    /// Go on although a month costs more than the `budget` of the stack file
    #[arg(long)]
    over_budget: bool,
}

impl PlanOptions {
    pub(super) fn is_given(&self) -> bool {
        !self.adopt.is_empty() || self.override_protection || self.over_budget
    }

    /// Whether the budget does not stand in the way.
    pub(super) fn over_budget(&self) -> bool {
        self.over_budget
    }

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
        let options = self.options.read();
        let plan = plan::plan(&opened.stack, &opened.snapshot, &options)?;
        let costing = Costing::of(&opened.stack, &plan, self.options.over_budget)?;
        costing.show(&context.report, &plan);
        costing.check()?;
        if let Some(path) = &self.out {
            keep(context, path, &self.file, (&plan, &opened.stack), &options)?;
        }
        let has_changes = plan.has_changes();
        Ok(if self.detailed_exitcode && has_changes { Exit::Changes } else { Exit::Success })
    }
}

/// Saves a plan for review.
pub(super) fn keep(
    context: &Context,
    path: &Path,
    file: &File,
    (plan, stack): (&plan::Plan, &Stack),
    options: &plan::Options,
) -> anyhow::Result<()> {
    let file = file.stack.display().to_string();
    let params = context.model_options().params;
    let saved = Saved::new(plan, stack, file, &params, options);
    let text = serde_json::to_string_pretty(&saved)?;
    let shown = path.display();
    save(path, &text).with_context(|| format!("cannot save {shown}"))?;
    context.report.note(&format!("Saved: `infra apply {shown}` applies exactly this."));
    Ok(())
}

/// Writes a saved plan, for nobody but its owner to read. Another file is never overwritten.
fn save(path: &Path, text: &str) -> anyhow::Result<()> {
    match fs::read(path) {
        Ok(bytes) if !bytes.is_empty() && !Saved::is_one(&String::from_utf8_lossy(&bytes)) => {
            bail!("the file is there and is no saved plan: give it another name");
        }
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(file.write_all(format!("{text}\n").as_bytes())?)
}
