//! `infra fmt`

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;

use super::{CommandResult, Context, Exit, complete};
use crate::diagnostic::SourceFile;
use crate::stack::format;

/// Lay out stack files and templates: indentation, spaces, quotes, long lines
///
/// Comments, the order of keys, and the choice between blocks and braces stay as they are.
#[derive(Args, Debug)]
pub(super) struct Fmt {
    /// The files
    #[arg(value_name = "STACK", default_value = "infra.yaml", add = complete::stacks())]
    files: Vec<PathBuf>,
    /// Change nothing, name the files that would change, and end with 1 when there are any
    #[arg(long)]
    check: bool,
}

impl Fmt {
    pub(super) fn run(&self, context: &Context) -> CommandResult {
        let mut changed = 0;
        for path in &self.files {
            let shown = path.display().to_string();
            let text = fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?;
            let file = Arc::new(SourceFile { path: shown.clone(), text });
            let laid_out = format::format(&file)?;
            if laid_out == file.text {
                continue;
            }
            changed += 1;
            if self.check {
                context.report.out(&shown);
            } else {
                replace(path, &laid_out).with_context(|| format!("cannot write {shown}"))?;
                context.report.note(&format!("Laid out {shown}"));
            }
        }
        Ok(if self.check && changed > 0 { Exit::Failure } else { Exit::Success })
    }
}

/// Writes a file whole or not at all; who may read it stays.
pub(super) fn replace(path: &Path, text: &str) -> anyhow::Result<()> {
    let target = fs::canonicalize(path)?;
    let folder = target.parent().context("it is in no folder")?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(fs::metadata(&target)?.permissions())?;
    file.persist(&target)?;
    Ok(())
}
