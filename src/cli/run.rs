//! What `apply` and `destroy` share: the lease, the question, the run itself and its record.

use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc::unbounded_channel;

use super::cost::Costing;
use super::{CommandResult, Context, Exit};
use crate::apply::deadline::Notes;
use crate::apply::history::History;
use crate::apply::lock::{Holder, Lease, Lock};
use crate::apply::{self, OnMoved, Stop};
use crate::aws::Session;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::live::{Reach, Snapshot};
use crate::model::Stack;
use crate::plan::Plan;
use crate::plan::night::{self, Wish};
use crate::plan::saved::Comparison;
use crate::report::progress;

/// How a plan is carried out.
#[derive(Args, Clone, Debug)]
pub(super) struct RunOptions {
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Delete the data too of what is deleted
    #[arg(long)]
    force: bool,
    /// How many calls that change something are made at a time
    #[arg(long, value_name = "N", default_value = "16", value_parser = clap::value_parser!(u16).range(1..=256))]
    parallelism: u16,
    /// How long to wait while another run changes the same environment, such as 90s or 10m
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = duration)]
    lock_timeout: Duration,
    /// Do without the lease that keeps two runs from changing one environment at once
    #[arg(long)]
    no_lock: bool,
}

/// A run that may change the account.
pub(super) struct Run<'a> {
    context: &'a Context,
    options: &'a RunOptions,
    pub stack: Stack,
    pub session: Session,
    holder: Holder,
    stop: Stop,
}

fn duration(text: &str) -> Result<Duration, String> {
    let parsed: SignedDuration =
        text.parse().map_err(|_| "write it as 30s, 5m or 1h30m".to_owned())?;
    parsed.try_into().map_err(|_| "it cannot be negative".to_owned())
}

impl RunOptions {
    /// Does `work` on a stack that was found, while nobody else changes the environment. The account
    /// is read under the lease, so that what is planned is what is there.
    pub(super) async fn alone(
        &self,
        context: &Context,
        (stack, session): (Stack, Session),
        command: &str,
        work: impl AsyncFnOnce(&Run<'_>) -> CommandResult,
    ) -> CommandResult {
        let stop = Stop::new();
        apply::on_signals(&stop)?;
        let (options, holder) = (self, Holder::this(command));
        let run = Run { context, options, stack, session, holder, stop };
        let lease = if self.no_lock { None } else { Some(run.lease().await?) };
        let result = work(&run).await;
        if let Some(lease) = lease {
            run.give_back(lease).await;
        }
        result
    }
}

impl Run<'_> {
    async fn lease(&self) -> anyhow::Result<Lease> {
        let (stack, report) = (&self.stack, &self.context.report);
        let home = self.session.region(&stack.region);
        let lock = Lock::new(&home, &stack.name, &stack.environment);
        let waiting = |holder: &Holder| {
            report.note(&format!(
                "Waiting: {} {} is being changed by {holder}.",
                stack.name, stack.environment
            ));
        };
        let within = self.options.lock_timeout;
        Ok(lock.take(self.holder.clone(), within, &self.stop, waiting).await?)
    }

    async fn give_back(&self, lease: Lease) {
        let report = &self.context.report;
        if lease.is_lost() {
            report.note(
                "The lease on this environment was lost, so nothing new was begun: another run \
                 may be changing it now.",
            );
        } else if self.stop.is_now() {
            // What was in flight may still take effect: others had better wait until then.
            report.note("The lease on this environment stays until it expires, in two minutes.");
        } else if let Err(error) = lease.release().await {
            report.note(&format!("The lease expires by itself in two minutes: {error}"));
        }
    }

    /// What the account has, and the stack that it is to match.
    pub(super) async fn read(&self, wish: Wish) -> anyhow::Result<(Stack, Snapshot)> {
        let read = async { Ok(Snapshot::read(&self.session, &self.stack, Reach::Needed).await?) };
        let snapshot = self.before(read).await?;
        Ok((night::settled(&self.stack, &snapshot, wish)?, snapshot))
    }

    /// Something that changes nothing yet; a request to stop ends it.
    pub(super) async fn before<T>(
        &self,
        work: impl Future<Output = anyhow::Result<T>>,
    ) -> anyhow::Result<T> {
        tokio::select! {
            biased;
            () = self.stop.asked_more_than(0) => bail!("stopped; nothing was changed"),
            result = work => result,
        }
    }

    /// Notes in the plan what the objects hold that go.
    pub(super) async fn look_into(&self, plan: &mut Plan) -> anyhow::Result<()> {
        self.before(async { Ok(apply::look_into(plan, &self.session).await?) }).await
    }

    /// Notes that the environment is applied now, for `infra reap`, and says when it is to go.
    pub(super) async fn note(&self) {
        if self.options.no_lock {
            return;
        }
        match self.notes().applied(&self.stack, Timestamp::now()).await {
            Ok(Some(at)) => {
                let (at, name) = (at.strftime("%Y-%m-%d %H:%M"), &self.stack.environment);
                self.context
                    .report
                    .note(&format!("From {at} UTC on, `infra reap` destroys {name}."));
            }
            Ok(None) => {}
            Err(error) => {
                let text = format!("Could not write down when the environment is to go: {error}");
                self.context.report.note(&text);
            }
        }
    }

    /// Takes that note away: the environment is gone.
    pub(super) async fn forget(&self) {
        if self.options.no_lock {
            return;
        }
        if let Err(error) = self.notes().forget(&self.stack.name, &self.stack.environment).await {
            self.context
                .report
                .note(&format!("Could not forget when the environment goes: {error}"));
        }
    }

    fn notes(&self) -> Notes {
        Notes::new(&self.session.region(&self.stack.region))
    }

    /// Shows the plan with what it costs, asks, applies it and reports. It refuses a plan over the
    /// budget and, unless data may go, one that loses any; `keep` says what to do instead.
    /// `remains` looks, after a run that succeeded or did not, at what there still is.
    pub(super) async fn carry_out(
        &self,
        stack: &Stack,
        plan: &Plan,
        costing: Option<&Costing>,
        question: &str,
        keep: &str,
        remains: impl AsyncFnOnce(bool) -> anyhow::Result<Option<Plan>>,
    ) -> CommandResult {
        let report = &self.context.report;
        match costing {
            Some(costing) => costing.show(report, plan),
            None => report.plan(plan),
        }
        if !plan.has_changes() {
            report.outputs(&plan.outputs);
            return Ok(Exit::Success);
        }
        if let Some(costing) = costing {
            costing.check()?;
        }
        if !self.options.force {
            refuse_losses(plan, keep)?;
        }
        self.ask(question).await?;
        self.execute(stack, (plan, plan), apply::Options::default(), remains).await
    }

    /// Asks, and applies a plan that has been shown.
    pub(super) async fn carry_out_shown(
        &self,
        stack: &Stack,
        plan: &Plan,
        question: &str,
    ) -> CommandResult {
        self.ask(question).await?;
        self.execute(stack, (plan, plan), apply::Options::default(), async |_| Ok(None)).await
    }

    /// Goes on if the user says so, on the command line or now.
    async fn ask(&self, question: &str) -> anyhow::Result<()> {
        let (report, yes) = (&self.context.report, self.options.yes);
        if !yes && !report.can_ask() {
            bail!("there is no terminal to ask on: review the plan and give --yes to apply it");
        }
        if !yes && !self.before(async { Ok(report.confirm(question, "yes").await) }).await? {
            bail!("nothing was changed: the answer was not `yes`");
        }
        Ok(())
    }

    /// Carries out what was reviewed, as far as it still holds. Nobody is asked: it was reviewed.
    pub(super) async fn carry_out_reviewed(
        &self,
        stack: &Stack,
        compared: &Comparison,
        keep: &str,
        on_moved: OnMoved,
    ) -> CommandResult {
        let report = &self.context.report;
        let plan = compared.carried_out();
        if !self.options.force {
            refuse_losses(&plan, keep)?;
        }
        if plan.has_changes() {
            report.plan(&plan);
        } else if compared.refused.is_empty() {
            report.note("Nothing of the reviewed plan is left to do.");
            report.outputs(&plan.outputs);
            return Ok(Exit::Success);
        }
        let withheld = compared.withheld.clone();
        let options =
            apply::Options { withheld, on_moved: Some(on_moved), ..apply::Options::default() };
        self.execute(stack, (&compared.plan, &plan), options, async |_| Ok(None)).await
    }

    /// Applies a plan of a stack and reports; `intended` is what the history says of it.
    pub(super) async fn execute(
        &self,
        stack: &Stack,
        (plan, intended): (&Plan, &Plan),
        options: apply::Options,
        remains: impl AsyncFnOnce(bool) -> anyhow::Result<Option<Plan>>,
    ) -> CommandResult {
        let report = &self.context.report;
        let home = self.session.region(&self.stack.region);
        let history = History::new(&home, &self.stack.name, &self.stack.environment);
        let journal = (!self.options.no_lock).then(|| history.begin(self.holder.clone(), intended));

        let (sender, mut events) = unbounded_channel();
        let (shown, to_show) = unbounded_channel();
        let copy = async {
            let shown = shown;
            while let Some(event) = events.recv().await {
                if let Some(journal) = &journal {
                    journal.take(&event);
                }
                // The display ends with the run.
                let _ = shown.send(event);
            }
        };
        let parallelism = self.options.parallelism.into();
        let delete_data = self.options.force;
        let options = apply::Options { parallelism, delete_data, ..options };
        let stop = self.stop.clone();
        let run = apply::apply(Some(stack), plan, &self.session, &options, sender, stop);
        let (mut outcome, (), ()) = tokio::join!(run, copy, progress::follow(report, to_show));
        if let Some(journal) = journal
            && let Err(error) = journal.end(&outcome).await.context("the history of this run")
        {
            report.note(&format!("Could not write {error:#}"));
        }
        if plan.outputs.is_empty() {
            // What a destroy leaves behind has no outputs to show.
            outcome.outputs.clear();
        }
        let remains = tokio::select! {
            biased;
            () = self.stop.asked_more_than(0) => Ok(None),
            remains = remains(outcome.is_success()) => remains,
        };
        report.outcome(&outcome, remains.as_ref().ok().and_then(Option::as_ref));
        let remains = remains.context("whether anything is left could not be seen")?;
        let all_gone = !remains.iter().flat_map(|it| &it.items).any(|item| item.action.removes());
        Ok(if outcome.is_success() && all_gone { Exit::Success } else { Exit::Failure })
    }
}

/// The error for a plan that loses data, naming all of it.
fn refuse_losses(plan: &Plan, keep: &str) -> Result<(), Diagnostics> {
    let losses = || plan.items.iter().filter_map(|item| Some((item, item.holds.as_ref()?)));
    let message = match losses().count() {
        0 => return Ok(()),
        1 => "an object holds data that would be lost; nothing was changed".to_owned(),
        many => format!("{many} objects hold data that would be lost; nothing was changed"),
    };
    let mut error =
        Diagnostic::error("holds-data", message).help("`--force` deletes the data too").help(keep);
    for (item, held) in losses() {
        error = error.note(format!("`{}` ({}) holds {}", item.address, item.kind, held.what));
    }
    Err(error.into())
}
