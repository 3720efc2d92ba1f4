//! `infra cost`

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use futures::StreamExt;

use super::{CommandResult, Context, Exit, File};
use crate::aws::pricing::{self, PRICE_LIST_REGION};
use crate::cost::refresh::{self, Question};
use crate::cost::{self, Currency, Estimate, Prices};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::live::{Reach, Snapshot};
use crate::model::{self, Stack};
use crate::plan::{self, Plan, night};
use crate::report::Report;
use crate::report::cost::Costs;

/// Show what a month costs by list prices: running, asleep, and what the plan changes
///
/// Without an account, or with `--offline`, it is what the stack file describes. How much is used is
/// said in the stack file, under a resource's `usage`.
#[derive(Args, Debug)]
pub(super) struct Cost {
    #[command(flatten)]
    file: File,
    /// Ask no account: what the stack file describes, without what the plan changes
    #[arg(long)]
    offline: bool,
    /// The currency to show: one with a rate in the stack file, or CODE=RATE per dollar
    #[arg(long, value_name = "CODE", value_parser = cost::code_and_rate)]
    currency: Option<(String, Option<f64>)>,
    /// Fetch the prices anew from the AWS Price List, and keep them for later runs
    #[arg(long)]
    refresh: bool,
}

/// How many questions the Price List is asked at a time.
const QUESTIONS_AT_ONCE: usize = 8;

impl Cost {
    pub(super) async fn run(&self, context: &Context) -> CommandResult {
        if self.refresh {
            self.refresh(context).await?;
            if !self.file.stack.exists() {
                return Ok(Exit::Success);
            }
        }
        let prices = prices()?;
        let (stack, estimate) = self.estimate(context, &prices).await?;
        let over = match &stack.budget {
            Some(budget) => cost::check_budget(&estimate, budget, &stack.rates)?,
            None => None,
        };
        let currency = match &self.currency {
            Some((code, rate)) => {
                cost::currency(code, *rate, &stack.rates).map_err(Diagnostics::from)?
            }
            None => Currency::default(),
        };
        let (stack, estimate, currency) = (&stack, &estimate, &currency);
        context.report.costs(Costs { stack, estimate, currency, over: over.as_ref() });
        Ok(Exit::Success)
    }

    /// Asks the Price List for everything that has a price, and for what the stack is charged.
    async fn refresh(&self, context: &Context) -> anyhow::Result<()> {
        let prices = prices().unwrap_or_else(|_| Prices::embedded());
        let charged = if self.file.stack.exists() {
            let stack = model::load(&self.file.stack, &context.model_options())?;
            cost::of_stack(&stack, &prices).lines
        } else {
            Vec::new()
        };
        let items = charged.iter().flat_map(|line| {
            line.items.iter().map(|item| (line.region.as_str(), item.item.as_str()))
        });
        let questions = refresh::questions(&prices, items);
        let region = context.global.region.as_deref().unwrap_or(PRICE_LIST_REGION);
        let aws = context.session(region).await?.region(PRICE_LIST_REGION);
        context.report.note(&format!("Asking the AWS Price List for {} prices…", questions.len()));
        let ask = |question: Question| {
            let aws = aws.clone();
            async move {
                let Question { service, filters, usage, .. } = &question;
                let products = pricing::products(&aws, service, filters, usage.as_deref()).await;
                products.map(|products| (question, products))
            }
        };
        let answers = futures::stream::iter(questions).map(ask).buffer_unordered(QUESTIONS_AT_ONCE);
        let answers: Vec<_> = answers.collect().await;
        let answers: Vec<_> = answers
            .into_iter()
            .collect::<Result<_, _>>()
            .context("the Price List does not answer, and the prices are as they were")?;
        let today = jiff::Zoned::now().date().to_string();
        let fetched = refresh::collect(&prices, answers, &today);
        if fetched.count == 0 {
            bail!("the Price List knows none of the prices, which are as they were");
        }
        let path = prices_path()?;
        keep(&path, &fetched.prices)
            .with_context(|| format!("cannot keep the prices in {}", path.display()))?;
        context.report.refreshed(&fetched, &path);
        Ok(())
    }

    async fn estimate(
        &self,
        context: &Context,
        prices: &Prices,
    ) -> anyhow::Result<(Stack, Estimate)> {
        let path = &self.file.stack;
        let stack = model::load(path, &context.model_options())?;
        if self.offline {
            let estimate = cost::of_stack(&stack, prices);
            return Ok((stack, estimate));
        }
        let (declared, session) = match context.find(path).await {
            Ok(found) => found,
            Err(error) => {
                context.report.note(&format!(
                    "The account cannot be asked, so this is what the file alone says: {error:#}"
                ));
                let estimate = cost::of_stack(&stack, prices);
                return Ok((stack, estimate));
            }
        };
        let snapshot = Snapshot::read(&session, &declared, Reach::Needed).await?;
        if night::is_asleep(&declared, &snapshot) {
            context.report.note("The environment sleeps: this is what the file alone says.");
            let estimate = cost::of_stack(&declared, prices);
            return Ok((declared, estimate));
        }
        let plan = plan::plan(&declared, &snapshot, &plan::Options::default())?;
        let estimate = cost::of_plan(&declared, &plan, prices);
        Ok((declared, estimate))
    }
}

/// What a plan does to a month's cost.
pub(super) struct Costing {
    pub estimate: Estimate,
    /// The budget's currency.
    pub currency: Currency,
    /// The error for a plan that is over the budget.
    pub over: Option<Diagnostic>,
}

impl Costing {
    /// Shows the plan and what it does to a month's cost.
    pub(super) fn show(&self, report: &Report, plan: &Plan) {
        report.plan_costing(plan, &self.estimate, &self.currency);
    }

    /// Fails when the budget is exceeded.
    pub(super) fn check(&self) -> Result<(), Diagnostics> {
        self.over.clone().map_or(Ok(()), |over| Err(over.into()))
    }
}

impl Costing {
    /// What a plan does to a month's cost; over the budget it may only go when that was said.
    pub(super) fn of(stack: &Stack, plan: &Plan, over_budget: bool) -> anyhow::Result<Costing> {
        let estimate = cost::of_plan(stack, plan, &prices()?);
        let (mut currency, mut over) = (Currency::default(), None);
        if let Some(budget) = &stack.budget {
            currency =
                cost::currency(&budget.currency, None, &stack.rates).map_err(Diagnostics::from)?;
            let exceeded = cost::check_budget(&estimate, budget, &stack.rates)?;
            over = exceeded.filter(|_| !over_budget).map(|over| over.error(&estimate));
        }
        Ok(Costing { estimate, currency, over })
    }
}

/// The list prices: those that were fetched, and those that come with the program.
pub(super) fn prices() -> anyhow::Result<Prices> {
    let mut prices = Prices::embedded();
    let Ok(path) = prices_path() else { return Ok(prices) };
    let Ok(text) = std::fs::read_to_string(&path) else { return Ok(prices) };
    let fetched = Prices::read(&text).with_context(|| {
        format!(
            "{} holds no prices: delete it, or `infra cost --refresh` writes it anew",
            path.display()
        )
    });
    prices.extend(fetched?);
    Ok(prices)
}

/// Where prices are kept that were fetched.
fn prices_path() -> anyhow::Result<PathBuf> {
    let folder = dirs::data_dir().context("there is no folder for the prices: HOME is not set")?;
    Ok(folder.join("infra").join("prices.json"))
}

/// Writes prices whole or not at all.
fn keep(path: &std::path::Path, prices: &Prices) -> anyhow::Result<()> {
    let folder = path.parent().context("the path has a folder")?;
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    std::io::Write::write_all(&mut file, serde_json::to_string_pretty(prices)?.as_bytes())?;
    file.persist(path)?;
    Ok(())
}
