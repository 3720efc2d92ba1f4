//! `infra destroy`

use std::time::{Duration, Instant};

use clap::Args;

use super::run::{Run, RunOptions};
use super::{CommandResult, Context, Exit, File};
use crate::aws::Session;
use crate::live::{Reach, Snapshot};
use crate::model::Stack;
use crate::plan::{self, Kept, Plan};

/// How long a list may still show what was deleted.
pub(super) const LISTS_LAG: Duration = Duration::from_secs(30);
pub(super) const BETWEEN_LOOKS: Duration = Duration::from_secs(2);

/// Delete everything that belongs to one environment of a stack
#[derive(Args, Debug)]
pub(super) struct Destroy {
    #[command(flatten)]
    file: File,
    #[command(flatten)]
    run: RunOptions,
    /// Keep what holds data, with what that needs, and delete the rest
    #[arg(long, conflicts_with = "force")]
    keep_data: bool,
    /// Delete only what the stack file does not declare
    #[arg(long)]
    orphans: bool,
    /// Delete protected resources all the same, those too that AWS itself protects
    #[arg(long)]
    override_protection: bool,
}

impl Destroy {
    /// Destroys an environment that has had its time.
    pub(super) fn all(run: &RunOptions) -> Self {
        let stack = std::path::PathBuf::new();
        let (keep_data, orphans, override_protection) = (false, false, false);
        Self { file: File { stack }, run: run.clone(), keep_data, orphans, override_protection }
    }

    pub(super) async fn run(&self, context: &Context) -> CommandResult {
        let found = context.find(&self.file.stack).await?;
        self.on(context, found).await
    }

    /// The same for a stack that was found.
    pub(super) async fn on(&self, context: &Context, found: (Stack, Session)) -> CommandResult {
        let work = async |run: &Run<'_>| {
            let stack = &run.stack;
            let snapshot = run.before(read(run)).await?;
            let (plan, options) = self.plan(run, &snapshot).await?;
            if !plan.has_changes() && !context.report.is_json() {
                context.report.out("Nothing to delete.");
                run.forget().await;
                return Ok(Exit::Success);
            }
            let question = format!(
                "Delete all of this from {} {} in account {}? Only `yes` goes on:",
                stack.name, stack.environment, plan.account
            );
            let options = plan::Options { override_protection: true, ..options };
            let remains = async |succeeded: bool| {
                let begun = Instant::now();
                loop {
                    let remains = destroy(run, &read(run).await?, &options)?;
                    let is_gone = !remains.items.iter().any(|item| item.action.removes());
                    if is_gone || !succeeded || begun.elapsed() >= LISTS_LAG {
                        return Ok(Some(remains));
                    }
                    tokio::time::sleep(BETWEEN_LOOKS).await;
                }
            };
            let result = run.carry_out(stack, &plan, None, &question, KEEP, remains).await;
            if !self.orphans && matches!(result, Ok(Exit::Success)) {
                run.forget().await;
            }
            result
        };
        self.run.alone(context, found, "destroy", work).await
    }

    /// The plan, with what would be lost, and the options that it was made with.
    async fn plan(
        &self,
        run: &Run<'_>,
        snapshot: &Snapshot,
    ) -> anyhow::Result<(Plan, plan::Options)> {
        let mut options = plan::Options {
            // What stays for its data is not known yet, and protection does not stand against it.
            override_protection: self.override_protection || self.keep_data,
            orphans_only: self.orphans,
            ..plan::Options::default()
        };
        let mut plan = destroy(run, snapshot, &options)?;
        run.look_into(&mut plan).await?;
        if self.keep_data {
            options.override_protection = self.override_protection;
            let held = plan.items.iter().filter_map(|item| {
                Some(Kept {
                    kind: item.kind.clone(),
                    region: item.region.clone(),
                    id: item.live.as_ref()?.id().to_owned(),
                    holding: item.holds.clone()?,
                })
            });
            options.keep = held.collect();
            plan = destroy(run, snapshot, &options)?;
            // What still goes holds nothing.
            plan.items.iter_mut().for_each(|item| item.loses_data = false);
        }
        Ok((plan, options))
    }
}

/// What to do instead of losing data.
const KEEP: &str = "`--keep-data` keeps these, with what they need, and destroys the rest";

async fn read(run: &Run<'_>) -> anyhow::Result<Snapshot> {
    Ok(Snapshot::read(&run.session, &run.stack, Reach::Everything).await?)
}

fn destroy(run: &Run<'_>, snapshot: &Snapshot, options: &plan::Options) -> anyhow::Result<Plan> {
    let stack = &run.stack;
    let (name, environment, region) = (&stack.name, &stack.environment, &stack.region);
    Ok(plan::destroy(name, environment, region, snapshot, Some(stack), options)?)
}
