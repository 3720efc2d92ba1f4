//! `infra apply`

use std::path::Path;

use anyhow::bail;
use clap::Args;

use super::cost::Costing;
use super::plan::PlanOptions;
use super::run::{Run, RunOptions};
use super::{CommandResult, Context, File, sleep};
use crate::apply::OnMoved;
use crate::model;
use crate::plan::{self, night::Wish, saved::Saved};

/// Make the account match the stack file, or carry out a saved plan
///
/// A plan that `infra plan --out FILE` saved may stand in place of the stack file. Then exactly what
/// was reviewed is applied, without a question; an object that is not as it was when the plan was
/// made is refused by name, with all that depends on it.
#[derive(Args, Debug)]
pub(super) struct Apply {
    #[command(flatten)]
    file: File,
    #[command(flatten)]
    run: RunOptions,
    #[command(flatten)]
    options: PlanOptions,
    /// Wake the environment when it sleeps
    #[arg(long)]
    wake: bool,
    /// With a saved plan: change nothing at all when anything in it is refused
    #[arg(long)]
    strict: bool,
}

impl Apply {
    pub(super) async fn run(&self, context: &Context) -> CommandResult {
        let path = &self.file.stack;
        // A file that cannot be read is one mistake more that the stack file's reader tells.
        let text = std::fs::read_to_string(path).unwrap_or_default();
        if Saved::is_one(&text) {
            return self.reviewed(context, &Saved::read(&text)?).await;
        }
        if is_foreign(&text) {
            let shown = path.display();
            bail!(
                "{shown} is neither a stack file nor a saved plan: `infra plan --out FILE` makes one"
            );
        }
        if self.strict {
            bail!("--strict goes with a saved plan: `infra plan --out FILE` makes one");
        }
        let work = async |run: &Run<'_>| {
            let wish = if self.wake { Wish::Awake } else { Wish::AsItIs };
            let (stack, snapshot) = run.read(wish).await?;
            let mut plan = plan::plan(&stack, &snapshot, &self.options.read())?;
            let question = format!(
                "Apply these changes to {} {} in account {}? Only `yes` goes on:",
                plan.stack, plan.environment, plan.account
            );
            run.look_into(&mut plan).await?;
            run.note().await;
            let costing = Costing::of(&stack, &plan, self.options.over_budget())?;
            let none = async |_| Ok(None);
            let end = run.carry_out(&stack, &plan, Some(&costing), &question, KEEP, none).await?;
            sleep::what_is_new(context, run, &plan, end).await
        };
        let found = context.find(path).await?;
        self.run.alone(context, found, "apply", work).await
    }

    /// Applies a saved plan.
    async fn reviewed(&self, context: &Context, saved: &Saved) -> CommandResult {
        if self.options.is_given() {
            bail!(
                "--adopt, --override-protection and --over-budget are part of a plan: give them to \
                 `infra plan --out FILE`"
            );
        }
        if self.wake {
            bail!("--wake does not go with a saved plan: `infra wake` first");
        }
        saved.is_for("environment", context.global.env.as_deref())?;
        saved.is_for("region", context.global.region.as_deref())?;
        let given = context.model_options();
        let options = model::Options {
            environment: Some(saved.environment.clone()),
            region: Some(saved.region.clone()),
            params: saved.params(&given.params)?,
            account: None,
        };
        let file = Path::new(&saved.file);
        // What has changed in the file is said before AWS is asked anything.
        saved.is_from(&model::load(file, &options)?)?;
        let (stack, session) = context.find_with(file, options).await?;
        saved.is_from(&stack)?;
        saved.is_for("account", Some(session.account()))?;
        let work = async |run: &Run<'_>| {
            let (stack, snapshot) = run.read(Wish::AsItIs).await?;
            let mut plan = plan::plan(&stack, &snapshot, &saved.options())?;
            run.look_into(&mut plan).await?;
            let compared = saved.compare(plan, &stack);
            context.report.comparison(&compared);
            if self.strict && !compared.refused.is_empty() {
                bail!("nothing was changed: --strict, and not everything is as it was");
            }
            run.note().await;
            let on_moved = if self.strict { OnMoved::Stop } else { OnMoved::GoOn };
            let end = run.carry_out_reviewed(&stack, &compared, KEEP, on_moved).await?;
            sleep::what_is_new(context, run, &compared.carried_out(), end).await
        };
        self.run.alone(context, (stack, session), "apply", work).await
    }
}

/// What to do instead of losing data.
const KEEP: &str = "to keep an object, leave it in the file as it is, or give it \
                    `lifecycle: { retain: true }` and apply that before you take it out";

/// Whether a text is JSON that says of no stack, such as what `infra plan --json` prints.
fn is_foreign(text: &str) -> bool {
    let read = serde_json::from_str(text);
    read.is_ok_and(|value: serde_json::Value| value.get("resources").is_none())
}
