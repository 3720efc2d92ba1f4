//! `infra rehearse`

use clap::{Args, ValueEnum};

use super::{CommandResult, Context, Exit, File};
use crate::local::control::Blow;
use crate::rehearse::{self, Act, Call, Options};

/// Rehearse a stack's whole life, with crashes, against the local AWS
///
/// Applies, updates and destroys it in accounts of a strict local AWS, changes and deletes objects
/// behind its back, kills the runs before and after changes, loses answers and throttles calls, and
/// looks whether each second run ends where an undisturbed one does, with nothing twice and nothing
/// left behind.
#[derive(Args, Debug)]
pub(super) struct Rehearse {
    #[command(flatten)]
    file: File,
    /// Cut the runs at every change, which takes a while, instead of at some
    #[arg(long, conflicts_with = "points")]
    all: bool,
    /// At how many points runs are cut
    #[arg(long, value_name = "N", default_value = "60")]
    points: usize,
    /// Cut the runs in one way only: `killed`, or with the connection `lost`
    #[arg(long, value_enum, value_name = "WAY")]
    only: Option<Way>,
    /// How many runs go on at a time
    #[arg(long, value_name = "N", default_value = "4")]
    parallelism: usize,
    /// Print the findings as Markdown, for the summary of a pipeline
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
}

/// How runs are cut.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Way {
    Killed,
    Lost,
}

impl Rehearse {
    fn groups(&self) -> Vec<(Act, Blow)> {
        let only = self.only.map(|way| match way {
            Way::Killed => Blow::Halt,
            Way::Lost => Blow::Reset,
        });
        let all = rehearse::GROUPS.into_iter();
        all.filter(|(_, blow)| only.is_none_or(|only| only == *blow)).collect()
    }

    pub(super) async fn run(&self, context: &Context) -> CommandResult {
        // The file is read first: its mistakes are better told once.
        let stack = crate::model::load(&self.file.stack, &context.model_options())?;
        let mut options = vec!["--env".to_owned(), stack.environment.clone()];
        options.extend(["--region".to_owned(), stack.region.clone()]);
        for (key, value) in &context.global.param {
            options.extend(["--param".to_owned(), format!("{key}={value}")]);
        }
        let options = Options {
            file: self.file.stack.clone(),
            model: context.model_options(),
            call: Call { program: std::env::current_exe()?, options, variables: Vec::new() },
            groups: self.groups(),
            points: (!self.all).then_some(self.points),
            lanes: self.parallelism,
        };
        let report = &context.report;
        let findings = rehearse::rehearse(options, |check| report.check(check)).await?;
        report.findings(&findings, self.markdown);
        Ok(if findings.is_success() { Exit::Success } else { Exit::Failure })
    }
}
