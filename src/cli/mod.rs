//! The command line: one thin file per command.

mod account;
mod adopt;
mod apply;
mod ci;
mod complete;
mod cost;
mod destroy;
mod drift;
mod explain;
mod fmt;
mod graph;
mod history;
mod import;
mod init;
mod kinds;
mod local;
mod lock;
mod man;
mod new;
mod nightly;
mod plan;
mod reap;
mod rehearse;
mod report;
mod run;
mod session;
mod show;
mod sleep;
mod starts;
mod unmanaged;
mod validate;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, ColorChoice, Parser, Subcommand};

use crate::aws::Calls;
use crate::model;
use crate::report::Report;

/// How a command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, or nothing to do.
    Success,
    /// Something went wrong.
    Failure,
    /// There are differences, and the caller asked to be told by the exit code.
    Changes,
}

/// Why a command did not do its work; it has been reported already when it has no text.
pub(crate) type CommandResult = anyhow::Result<Exit>;

/// Makes an AWS account match one YAML file. The account is the only truth: there is no state file.
#[derive(Debug, Parser)]
#[command(name = "infra", version, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Options of every command.
#[derive(Args, Debug)]
struct Global {
    /// The environment of the stack, such as dev
    #[arg(long, global = true, value_name = "NAME", env = "INFRA_ENV", add = complete::environments())]
    env: Option<String>,
    /// The home region, instead of the stack file's
    #[arg(long, global = true, value_name = "REGION", add = complete::regions())]
    region: Option<String>,
    /// A named profile of the AWS configuration files
    #[arg(long, global = true, value_name = "NAME")]
    profile: Option<String>,
    /// An address in place of AWS's own, such as that of LocalStack
    #[arg(long, global = true, value_name = "URL", env = "AWS_ENDPOINT_URL")]
    endpoint_url: Option<String>,
    /// Use the local AWS, started when it is not running
    #[arg(long, global = true, conflicts_with_all = ["profile"])]
    local: bool,
    /// A parameter of the stack, as key=value; may be given several times
    #[arg(long, global = true, value_name = "KEY=VALUE", value_parser = key_value)]
    param: Vec<(String, String)>,
    /// Print results as JSON
    #[arg(long, global = true)]
    json: bool,
    /// Print the number of calls to AWS, by operation, at the end
    #[arg(long, global = true)]
    stats: bool,
    /// Whether to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: ColorChoice,
    /// Log what is done; -vv for more, -vvv for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Init),
    New(new::New),
    Fmt(fmt::Fmt),
    Validate(validate::Validate),
    Plan(plan::Plan),
    Ci(ci::Ci),
    Apply(apply::Apply),
    Destroy(destroy::Destroy),
    Sleep(sleep::Sleep),
    Wake(sleep::Wake),
    Nightly(nightly::Nightly),
    Reap(reap::Reap),
    Drift(drift::Drift),
    Show(show::Show),
    Cost(cost::Cost),
    Graph(graph::Graph),
    Report(report::Report),
    Rehearse(rehearse::Rehearse),
    Import(import::Import),
    Adopt(adopt::Adopt),
    Unmanaged(unmanaged::Unmanaged),
    History(history::History),
    Lock(lock::Lock),
    Kinds(kinds::Kinds),
    Explain(explain::Explain),
    Completions(complete::Completions),
    Man(man::Man),
    Local(local::Local),
}

/// The stack file that a command works on.
#[derive(Args, Debug)]
struct File {
    /// The stack file
    #[arg(value_name = "STACK", default_value = "infra.yaml", add = complete::stacks())]
    stack: PathBuf,
}

impl File {
    /// A file to write, which is not the one that is read: an ending is soon forgotten.
    fn beside<'a>(&self, out: Option<&'a Path>) -> anyhow::Result<Option<&'a Path>> {
        if let Some(path) = out
            && let (Ok(read), Ok(written)) = (self.stack.canonicalize(), path.canonicalize())
            && read == written
        {
            anyhow::bail!("{} is the stack file: write to another", path.display());
        }
        Ok(out)
    }
}

/// What every command has at hand.
struct Context {
    global: Global,
    report: Report,
    calls: Calls,
}

impl Context {
    fn model_options(&self) -> model::Options {
        model::Options {
            environment: self.global.env.clone(),
            region: self.global.region.clone(),
            params: self.global.param.iter().cloned().collect::<BTreeMap<_, _>>(),
            account: None,
        }
    }
}

fn key_value(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .filter(|(key, _)| !key.is_empty())
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .ok_or_else(|| "write it as key=value".to_owned())
}

impl Cli {
    /// Runs the command and reports how it went.
    pub fn run(self) -> Exit {
        crate::report::hide_messages_of_panics();
        log(self.global.verbose);
        let color = match self.global.color {
            ColorChoice::Auto => anstream::ColorChoice::Auto,
            ColorChoice::Always => anstream::ColorChoice::Always,
            ColorChoice::Never => anstream::ColorChoice::Never,
        };
        let report = Report::new(color, self.global.json);
        let context = Context { report, calls: Calls::default(), global: self.global };
        let runtime = match tokio::runtime::Runtime::new() {
            Ok(runtime) => runtime,
            Err(error) => {
                context.report.error(&format!("threads cannot be started: {error}"));
                return Exit::Failure;
            }
        };
        let result = runtime.block_on(self.command.run(&context));
        if context.global.stats {
            context.report.calls(&context.calls.table());
        }
        // A call that hangs must not keep the process: everything worth waiting for has been
        // waited for.
        runtime.shutdown_background();
        result.unwrap_or_else(|error| {
            match error.downcast_ref::<crate::diagnostic::Diagnostics>() {
                Some(diagnostics) => context.report.diagnostics(diagnostics),
                None => context.report.error(&format!("{error:#}")),
            }
            Exit::Failure
        })
    }
}

impl Command {
    async fn run(&self, context: &Context) -> CommandResult {
        match self {
            Self::Init(command) => command.run(context),
            Self::New(command) => command.run(context),
            Self::Fmt(command) => command.run(context),
            Self::Validate(command) => command.run(context),
            Self::Plan(command) => command.run(context).await,
            Self::Ci(command) => command.run(context).await,
            Self::Apply(command) => command.run(context).await,
            Self::Destroy(command) => command.run(context).await,
            Self::Sleep(command) => command.run(context).await,
            Self::Wake(command) => command.run(context).await,
            Self::Nightly(command) => command.run(context),
            Self::Reap(command) => command.run(context).await,
            Self::Drift(command) => command.run(context).await,
            Self::Show(command) => command.run(context).await,
            Self::Cost(command) => command.run(context).await,
            Self::Graph(command) => command.run(context).await,
            Self::Report(command) => command.run(context).await,
            Self::Rehearse(command) => command.run(context).await,
            Self::Import(command) => command.run(context).await,
            Self::Adopt(command) => command.run(context).await,
            Self::Unmanaged(command) => command.run(context).await,
            Self::History(command) => command.run(context).await,
            Self::Lock(command) => command.run(context).await,
            Self::Kinds(command) => command.run(context),
            Self::Explain(command) => command.run(context),
            Self::Completions(command) => command.run(context),
            Self::Man(command) => command.run(context),
            Self::Local(command) => command.run(context),
        }
    }
}

/// Logs of ours at `-v`, of the SDK's at `-vvv`; `INFRA_LOG` says it more precisely. The SDK logs
/// requests and answers whole at its lowest level, secrets included: that level is not offered.
fn log(verbose: u8) {
    let filter = match verbose {
        0 => "off",
        1 => "infra=info",
        2 => "infra=debug",
        _ => "infra=trace,aws_config=debug,aws_runtime=debug",
    };
    let filter =
        tracing_subscriber::EnvFilter::try_from_env("INFRA_LOG").unwrap_or_else(|_| filter.into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
