//! `infra explain`

use anyhow::bail;
use clap::Args;

use super::{CommandResult, Context, Exit};
use crate::diagnostic::{code, did_you_mean};

/// Explain the code of a mistake, or list all codes
#[derive(Args, Debug)]
pub(super) struct Explain {
    /// The code, such as unknown-field
    #[arg(add = super::complete::codes())]
    code: Option<String>,
}

impl Explain {
    pub(super) fn run(&self, context: &Context) -> CommandResult {
        let Some(wanted) = &self.code else {
            context.report.codes(code::PAGES);
            return Ok(Exit::Success);
        };
        let Some(page) = code::find(wanted) else {
            let near = did_you_mean(wanted, code::PAGES.iter().map(|page| page.code));
            let near = near.unwrap_or_else(|| "`infra explain` lists them".to_owned());
            bail!("there is no code `{wanted}`: {near}");
        };
        context.report.explain(page);
        Ok(Exit::Success)
    }
}
