//! `infra adopt`

use std::collections::BTreeSet;

use clap::Args;

use super::run::{Run, RunOptions};
use super::{CommandResult, Context, Exit, File, key_value};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::Address;
use crate::plan::{self, night::Wish};

/// Make objects that exist the stack's own: their tags say so, and nothing else changes
///
/// It takes the objects that the stack file names under `adopt`, those that --id names, and those that
/// bear a name which the file gives. What another stack owns is never taken.
#[derive(Args, Debug)]
pub(super) struct Adopt {
    #[command(flatten)]
    file: File,
    /// The resources whose objects are adopted; all, when none is given
    #[arg(value_name = "ADDRESS")]
    addresses: Vec<String>,
    /// The object of a resource, by its id, name or ARN; may be given several times
    #[arg(long, value_name = "ADDRESS=ID", value_parser = key_value)]
    id: Vec<(String, String)>,
    #[command(flatten)]
    run: RunOptions,
}

impl Adopt {
    pub(super) async fn run(&self, context: &Context) -> CommandResult {
        let (mut stack, session) = context.find(&self.file.stack).await?;
        let given: BTreeSet<Address> =
            self.addresses.iter().map(|address| Address::new(address)).collect();
        let mut errors = Diagnostics::new();
        for address in given.iter().cloned().chain(self.id.iter().map(|(it, _)| Address::new(it))) {
            if stack.get(&address).is_none() {
                let message = format!("there is no resource `{address}` to adopt an object for");
                errors.push(Diagnostic::error("unknown-address", message));
            }
        }
        if !errors.is_empty() {
            return Err(errors.into());
        }
        let ids = self.id.iter().map(|(address, id)| (Address::new(address), id.clone()));
        stack.adopt.extend(ids.clone());
        let mut wanted = given;
        if !wanted.is_empty() {
            wanted.extend(ids.map(|(address, _)| address));
            stack.adopt.retain(|address, _| wanted.contains(address));
        }
        let work = async |run: &Run<'_>| {
            let (stack, snapshot) = run.read(Wish::AsItIs).await?;
            // What is not wanted now may be as it likes.
            let adopt = stack.resources.keys().cloned().collect();
            let options = plan::Options { adopt, ..plan::Options::default() };
            let plan = plan::adoption(&stack, &snapshot, &options, &wanted)?;
            if !plan.has_changes() {
                context
                    .report
                    .note("Nothing is to be adopted: what the file names is the stack's own.");
                return Ok(Exit::Success);
            }
            context.report.adoption(&plan);
            let question = format!(
                "Write these tags for {} {} in account {}? Only `yes` goes on:",
                plan.stack, plan.environment, plan.account
            );
            run.carry_out_shown(&stack, &plan, &question).await
        };
        self.run.alone(context, (stack, session), "adopt", work).await
    }
}
