//! `infra sleep` and `infra wake`

use std::time::Instant;

use clap::Args;

use super::cost::Costing;
use super::destroy::{BETWEEN_LOOKS, LISTS_LAG};
use super::run::{Run, RunOptions};
use super::{CommandResult, Context, Exit, File};
use crate::apply;
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
    /// Go on although a month costs more than the `budget` of the stack file
    #[arg(long)]
    over_budget: bool,
}

impl Sleep {
    pub(super) async fn run(&self, context: &Context) -> CommandResult {
        // No budget stands in the way of a night.
        turn(context, &self.file, &self.run, Wish::Asleep, true).await
    }
}

impl Wake {
    pub(super) async fn run(&self, context: &Context) -> CommandResult {
        turn(context, &self.file, &self.run, Wish::Awake, self.over_budget).await
    }
}

async fn turn(
    context: &Context,
    file: &File,
    options: &RunOptions,
    wish: Wish,
    over_budget: bool,
) -> CommandResult {
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
        // What the night saves in a month.
        let costing = Costing::of(&stack, &plan, over_budget)?;
        run.carry_out(&stack, &plan, Some(&costing), &question, KEEP, async |_| Ok(None)).await
    };
    let found = context.find(&file.stack).await?;
    options.alone(context, found, command, work).await
}

/// Puts to sleep what a run has made in an environment that sleeps, and that runs at first.
pub(super) async fn what_is_new(
    context: &Context,
    run: &Run<'_>,
    made: &Plan,
    end: Exit,
) -> CommandResult {
    let new: Vec<_> = made.awake_at_first().map(|item| &item.address).collect();
    if end != Exit::Success || new.is_empty() {
        return Ok(end);
    }
    let begun = Instant::now();
    let (stack, plan) = loop {
        let (_, snapshot) = run.read(Wish::AsItIs).await?;
        let turned = night::turn(&run.stack, &snapshot, Wish::Asleep, &Options::default())?;
        let is_there = |address| turned.1.items.iter().any(|item| &item.address == address);
        if new.iter().all(|address| is_there(*address)) || begun.elapsed() >= LISTS_LAG {
            break turned;
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    };
    if !plan.has_changes() {
        return Ok(end);
    }
    context.report.note("What is new runs: it is put to sleep.");
    context.report.plan(&plan);
    run.execute(&stack, (&plan, &plan), apply::Options::default(), async |_| Ok(None)).await
}

/// Nothing that holds data goes for the night.
const KEEP: &str = "let the environment keep it: `night: { …: keep }`";
