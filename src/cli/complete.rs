//! What shells complete: `infra completions SHELL` prints what a shell reads once; from then on the
//! shell asks this binary at each Tab, which looks into the stack file that the line names.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{Args, CommandFactory};
use clap_complete::CompleteEnv;
use clap_complete::engine::{ArgValueCandidates, ArgValueCompleter, CompletionCandidate};
use clap_complete::engine::{PathCompleter, ValueCompleter};
use clap_complete::env::Shells;

use super::{Cli, CommandResult, Context, Exit};
use crate::kind::AnyKind;
use crate::{diagnostic, kinds, model};

/// The variable by which a shell asks for completions.
const ASKED: &str = "INFRA_COMPLETE";

/// Print what a shell reads to complete commands, environments and addresses
///
/// For bash, in ~/.bashrc: source <(infra completions bash)
/// For zsh, in ~/.zshrc: source <(infra completions zsh)
/// For fish: infra completions fish > ~/.config/fish/completions/infra.fish
#[derive(Args, Debug)]
#[command(verbatim_doc_comment)]
pub(super) struct Completions {
    /// The shell: bash, elvish, fish, powershell or zsh
    shell: String,
}

impl Completions {
    pub(super) fn run(&self, context: &Context) -> CommandResult {
        let shells = Shells::builtins();
        let Some(shell) = shells.completer(&self.shell) else {
            let names: Vec<&str> = shells.names().collect();
            bail!("`{}` is not a shell that is known; there are {}", self.shell, names.join(", "));
        };
        let mut script = Vec::new();
        shell.write_registration(ASKED, "infra", "infra", "infra", &mut script)?;
        context.report.out(&String::from_utf8_lossy(&script));
        Ok(Exit::Success)
    }
}

impl Cli {
    /// Answers a shell that asks for completions, and ends the process then.
    pub fn complete() {
        CompleteEnv::with_factory(Self::command).var(ASKED).complete();
    }
}

fn candidates(names: impl IntoIterator<Item = impl Into<String>>) -> Vec<CompletionCandidate> {
    names.into_iter().map(|name| CompletionCandidate::new(name.into())).collect()
}

/// The stack file that the line names, or the one that is read when none is.
fn stack_file() -> PathBuf {
    let is_stack = |word: &String| {
        let path = Path::new(word);
        let is_yaml = path.extension().is_some_and(|is| is == "yaml" || is == "yml");
        is_yaml && path.is_file()
    };
    env::args().find(is_stack).unwrap_or_else(|| "infra.yaml".to_owned()).into()
}

/// The environment that the line names, or the first of the file.
fn environment(path: &Path) -> Option<String> {
    let given = env::args().skip_while(|word| word != "--env").nth(1);
    let given = given.filter(|word| !word.is_empty()).or_else(|| env::var("INFRA_ENV").ok());
    given.or_else(|| model::environments(path).ok()?.into_iter().next())
}

/// Stack files.
pub(super) fn stacks() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| {
        let is_yaml = |path: &Path| path.extension().is_some_and(|is| is == "yaml" || is == "yml");
        PathCompleter::file().filter(is_yaml).complete(current)
    })
}

/// The environments of the stack file.
pub(super) fn environments() -> ArgValueCandidates {
    ArgValueCandidates::new(|| candidates(model::environments(&stack_file()).unwrap_or_default()))
}

/// The addresses of the stack file's resources.
pub(super) fn addresses() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let path = stack_file();
        let options = model::Options { environment: environment(&path), ..Default::default() };
        let Ok(stack) = model::load(&path, &options) else { return Vec::new() };
        let resources = stack.resources.values();
        let one = |resource: &model::Resource| {
            CompletionCandidate::new(resource.address.as_str())
                .help(Some(resource.kind.name().into()))
        };
        resources.map(one).collect()
    })
}

/// The regions of AWS.
pub(super) fn regions() -> ArgValueCandidates {
    ArgValueCandidates::new(|| candidates(model::REGIONS))
}

/// The kinds of resources.
pub(super) fn kinds() -> ArgValueCandidates {
    ArgValueCandidates::new(|| candidates(kinds::all().map(AnyKind::name)))
}

/// The codes of mistakes.
pub(super) fn codes() -> ArgValueCandidates {
    ArgValueCandidates::new(|| candidates(diagnostic::code::PAGES.iter().map(|page| page.code)))
}
