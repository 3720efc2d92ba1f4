//! `infra ci`

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use serde_json::Value;

use super::cost::Costing;
use super::plan::{PlanOptions, keep};
use super::session::Opened;
use super::{CommandResult, Context, Exit, File};
use crate::diagnostic::Diagnostics;
use crate::live::Reach;
use crate::plan::{self, Plan};
use crate::report::ci::{self, Host};

/// Validate and plan in a pipeline, and show both on the pull request
///
/// In GitHub Actions, mistakes and what goes are marked beside the lines of the stack file, and the plan
/// becomes the job's summary. The first line of the comment is a mark, by which the next run finds the
/// comment and writes it anew.
#[derive(Args, Debug)]
pub(super) struct Ci {
    #[command(flatten)]
    file: File,
    /// Where the pipeline runs; found out when it is not said
    #[arg(long, value_enum)]
    host: Option<Host>,
    /// Write the body of a comment on the pull request
    #[arg(long, value_name = "FILE")]
    comment_file: Option<PathBuf>,
    /// Write the summary there, in place of the host's own file for it
    #[arg(long, value_name = "FILE", env = "GITHUB_STEP_SUMMARY", hide_env_values = true)]
    summary_file: Option<PathBuf>,
    /// Write the numbers of changes that GitLab reads as `artifacts: reports: terraform`
    #[arg(long, value_name = "FILE")]
    counts_file: Option<PathBuf>,
    /// Write the mistakes that GitLab reads as `artifacts: reports: codequality`
    #[arg(long, value_name = "FILE")]
    quality_file: Option<PathBuf>,
    /// Save the plan in a file, for review; `infra apply FILE` then applies exactly that
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// End with 0 for no changes, 1 for an error, 2 for changes
    #[arg(long)]
    detailed_exitcode: bool,
    #[command(flatten)]
    options: PlanOptions,
}

/// What came of a plan.
struct Planned {
    opened: Opened,
    plan: Plan,
    costing: Costing,
}

impl Ci {
    pub(super) async fn run(&self, context: &Context) -> CommandResult {
        let host = self.host.unwrap_or_else(|| Host::of(|name| std::env::var(name).ok()));
        let planned = match self.plan(context).await {
            Ok(planned) => planned,
            Err(error) => {
                self.failed(context, host, &error)?;
                return Err(error);
            }
        };
        let Planned { opened, plan, costing } = &planned;
        let report = &context.report;
        costing.show(report, plan);
        let mut marks = ci::warnings(plan, &opened.stack);
        let mut errors = Diagnostics::new();
        errors.extend(costing.over.clone());
        marks.extend(errors.clone());
        report.annotate(host, &marks);
        let summary = ci::summary(plan, (&costing.estimate, &costing.currency), &errors);
        self.tell(context, &summary)?;
        write_json(self.counts_file.as_deref(), &ci::gitlab_counts(plan))?;
        write_json(self.quality_file.as_deref(), &ci::gitlab_quality(&self.file.stack, &marks))?;
        costing.check()?;
        if let Some(path) = &self.out {
            keep(context, path, &self.file, (plan, &opened.stack), &self.options.read())?;
        }
        let changes = self.detailed_exitcode && plan.has_changes();
        Ok(if changes { Exit::Changes } else { Exit::Success })
    }

    async fn plan(&self, context: &Context) -> anyhow::Result<Planned> {
        let opened = context.open(&self.file.stack, Reach::Needed).await?;
        let plan = plan::plan(&opened.stack, &opened.snapshot, &self.options.read())?;
        let costing = Costing::of(&opened.stack, &plan, self.options.over_budget())?;
        Ok(Planned { opened, plan, costing })
    }

    /// Says that there is no plan wherever a plan would be: an old one must not stay on view.
    fn failed(&self, context: &Context, host: Host, error: &anyhow::Error) -> anyhow::Result<()> {
        let (mistakes, text) = match error.downcast_ref::<Diagnostics>() {
            Some(mistakes) => (mistakes.clone(), mistakes.render(false)),
            None => (ci::one_mistake(&format!("{error:#}")), format!("{error:#}")),
        };
        context.report.annotate(host, &mistakes);
        let summary = ci::failure(&self.file.stack, context.global.env.as_deref(), &text);
        self.tell(context, &summary)?;
        let quality = ci::gitlab_quality(&self.file.stack, &mistakes);
        write_json(self.quality_file.as_deref(), &quality)
    }

    /// Writes the comment, and adds to the summary, which other steps of the job may have begun.
    fn tell(&self, context: &Context, markdown: &str) -> anyhow::Result<()> {
        if let Some(path) = &self.comment_file {
            let marker = ci::marker(&self.file.stack, context.global.env.as_deref());
            fs::write(path, ci::comment(&marker, markdown)).with_context(|| cannot_write(path))?;
        }
        if let Some(path) = &self.summary_file {
            let file = OpenOptions::new().append(true).create(true).open(path);
            file.and_then(|mut file| file.write_all(markdown.as_bytes()))
                .with_context(|| cannot_write(path))?;
        }
        Ok(())
    }
}

fn write_json(path: Option<&Path>, value: &Value) -> anyhow::Result<()> {
    let Some(path) = path else { return Ok(()) };
    fs::write(path, format!("{value:#}\n")).with_context(|| cannot_write(path))
}

fn cannot_write(path: &Path) -> String {
    format!("{} cannot be written", path.display())
}
