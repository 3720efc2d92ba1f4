//! `infra sleep` and `infra wake`

use clap::Args;

use super::cost::Costing;
use super::run::{Run, RunOptions};
use super::{CommandResult, Context, Exit, File};
use crate::plan::night::{self, Wish};
use crate::plan::{Options, Plan};

/// Put an environment to sleep: nothing runs, all data stays
///
/// Services run no tasks, instances and databases stop, clusters of Atlas pause, schedules and alarms
/// are silent. What costs by the hour goes where the environment says so (`night: { nat: remove }`).
/// `infra wake` brings back exactly what was there. AWS starts databases again that were stopped for
/// seven days: run this every night.
#[derive(Args, Debug)]
pub(super) struct Sleep {
    #[command(flatten)]
    file: File,
    #[command(flatten)]
    run: RunOptions,
}

/// Wake an environment that sleeps, as it was before
#[derive(Args, Debug)]
pub(super) struct Wake {
    #[command(flatten)]
    file: File,
    #[command(flatten)]
    run: RunOptions,
}

impl Sleep {
    pub(super) async fn run(&self, context: &Context) -> CommandResult {
        turn(context, &self.file, &self.run, Wish::Asleep).await
    }
}

impl Wake {
    pub(super) async fn run(&self, context: &Context) -> CommandResult {
        turn(context, &self.file, &self.run, Wish::Awake).await
    }
}

async fn turn(context: &Context, file: &File, options: &RunOptions, wish: Wish) -> CommandResult {
    let (command, verb, done) = match wish {
        Wish::Asleep => ("sleep", "Put to sleep", "sleeps already"),
        Wish::Awake | Wish::AsItIs => ("wake", "Wake", "is awake"),
    };
    let work = async |run: &Run<'_>| {
        let (_, snapshot) = run.read(Wish::AsItIs).await?;
        let (stack, plan) = night::turn(&run.stack, &snapshot, wish, &Options::default())?;
        if !plan.has_changes() && !context.report.is_json() {
            context.report.out(&format!("{} {} {done}.", plan.stack, plan.environment));
            return Ok(Exit::Success);
        }
        let Plan { stack: name, environment, account, .. } = &plan;
        let question =
            format!("{verb} {name} {environment} in account {account}? Only `yes` goes on:");
        // What the night saves in a month; no budget stands in the way of a night.
        let costing = Costing::of(&stack, &plan, true)?;
        run.carry_out(&stack, &plan, Some(&costing), &question, KEEP, async |_| Ok(None)).await
    };
    let found = context.find(&file.stack).await?;
    options.alone(context, found, command, work).await
}

/// Nothing that holds data goes for the night.
const KEEP: &str = "let the environment keep it: `night: { …: keep }`";
