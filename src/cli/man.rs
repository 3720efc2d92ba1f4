//! `infra man`

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, CommandFactory};

use super::{Cli, CommandResult, Context, Exit};

/// Write the man pages of all commands
#[derive(Args, Debug)]
pub(super) struct Man {
    /// The folder, such as ~/.local/share/man/man1
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

impl Man {
    pub(super) fn run(&self, context: &Context) -> CommandResult {
        let folder = &self.folder;
        fs::create_dir_all(folder)
            .and_then(|()| clap_mangen::generate_to(Cli::command(), folder))
            .with_context(|| format!("{} cannot be written", folder.display()))?;
        context.report.note(&format!("Wrote the man pages into {}", folder.display()));
        Ok(Exit::Success)
    }
}
