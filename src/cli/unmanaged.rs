//! `infra unmanaged`

use clap::Args;
use jiff::Timestamp;

use super::account::What;
use super::{CommandResult, Context, Exit, cost};
use crate::cost::of_objects;
use crate::live::age;
use crate::report::unmanaged::Unmanaged as Row;

/// Show what lives in the account that no stack owns, with its age and cost
///
/// The age is told where AWS says when an object was made; the cost is by list prices, without what
/// depends on use.
#[derive(Args, Debug)]
pub(super) struct Unmanaged {
    #[command(flatten)]
    what: What,
}

impl Unmanaged {
    pub(super) async fn run(&self, context: &Context) -> CommandResult {
        let found = self.what.read(context).await?;
        let session = context.session(&found.region).await?;
        let made = age::made(&session, &found.free).await;
        let costs = of_objects(&found.account, &found.region, &found.free, &cost::prices()?)?;
        let rows = found.free.iter().zip(made).zip(costs);
        let rows: Vec<Row> = rows
            .map(|((object, made), (share, cost))| Row {
                object: object.clone(),
                made,
                share,
                cost,
            })
            .collect();
        context.report.unmanaged(&rows, found.owned, Timestamp::now());
        Ok(Exit::Success)
    }
}
