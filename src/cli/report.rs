//! `infra report`

use std::path::{Path, PathBuf};

use clap::Args;

use super::cost::prices;
use super::{CommandResult, Context, Exit, File};
use crate::cost::{self, Currency, Estimate};
use crate::live::{Reach, Snapshot};
use crate::model::Stack;
use crate::plan::night::{self, Wish};
use crate::plan::{Options, Plan};
use crate::report::cost::Costs;
use crate::report::page::{Live, Page};
use crate::{model, picture, plan};

/// Write all about the stack on one page of HTML: the picture, the plan, costs, what lives, outputs
///
/// The page needs no network and no other file. With `--offline` no account is asked, and the page has
/// what the stack file alone says.
#[derive(Args, Debug)]
pub(super) struct Report {
    #[command(flatten)]
    file: File,
    /// The page to write; `-` is the standard output
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    html: PathBuf,
    /// Ask no account: what the stack file describes
    #[arg(long)]
    offline: bool,
}

impl Report {
    pub(super) async fn run(&self, context: &Context) -> CommandResult {
        self.file.beside(self.out())?;
        // Looking changes nothing: what is protected is shown like all else.
        let options = Options { override_protection: true, ..Options::default() };
        if self.offline {
            let stack = model::load(&self.file.stack, &context.model_options())?;
            let everything = plan::plan(&stack, &Snapshot::default(), &options)?;
            let estimate = cost::of_stack(&stack, &prices()?);
            let picture = picture::of_stack(&stack);
            let subject = Subject { stack: &stack, plan: &everything, estimate: &estimate };
            return self.write(context, &subject, &picture, None);
        }
        let (declared, session) = context.find(&self.file.stack).await?;
        let snapshot = Snapshot::read(&session, &declared, Reach::Needed).await?;
        let stack = night::settled(&declared, &snapshot, Wish::AsItIs)?;
        let plan = plan::plan(&stack, &snapshot, &options)?;
        let picture = picture::of_plan(&stack, &plan);
        let prices = prices()?;
        // While it sleeps, what is away would seem to be new: the file alone says what it costs.
        let estimate = if night::is_asleep(&declared, &snapshot) {
            cost::of_stack(&declared, &prices)
        } else {
            cost::of_plan(&stack, &plan, &prices)
        };
        let mut objects: Vec<_> = snapshot.owned(&stack).collect();
        objects.sort_by_key(|object| (object.address(), object.id()));
        // The plan knows which outputs are known by what lives.
        let outputs = plan::drift(&stack, &snapshot)?.outputs;
        let live = Live { objects, outputs: &outputs };
        let subject = Subject { stack: &stack, plan: &plan, estimate: &estimate };
        self.write(context, &subject, &picture, Some(live))
    }

    fn write(
        &self,
        context: &Context,
        subject: &Subject<'_>,
        picture: &picture::Picture,
        live: Option<Live<'_>>,
    ) -> CommandResult {
        let Subject { stack, plan, estimate } = subject;
        let over = match &stack.budget {
            Some(budget) => cost::check_budget(estimate, budget, &stack.rates)?,
            None => None,
        };
        let currency = Currency::default();
        let costs = Costs { stack, estimate, currency: &currency, over: over.as_ref() };
        let page = Page { picture, plan, costs, live };
        context.report.file(&page.html(), self.out())?;
        Ok(Exit::Success)
    }

    /// The file to write, if it is one.
    fn out(&self) -> Option<&Path> {
        (self.html != Path::new("-")).then_some(self.html.as_path())
    }
}

/// What the page is about.
struct Subject<'a> {
    stack: &'a Stack,
    plan: &'a Plan,
    estimate: &'a Estimate,
}
