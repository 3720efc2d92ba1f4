//! The binary: exit codes, nothing else.

use std::process::ExitCode;

use clap::Parser;
use infra::cli::{Cli, Exit};

/// Planning makes and drops millions of small values.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    Cli::complete();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // `2` says "there are changes" to whoever asked for it: a typing error is no change.
            let code = u8::from(error.use_stderr());
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    match cli.run() {
        Exit::Success => ExitCode::SUCCESS,
        Exit::Failure => ExitCode::from(1),
        Exit::Changes => ExitCode::from(2),
    }
}
