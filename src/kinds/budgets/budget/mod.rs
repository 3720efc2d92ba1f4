//! `budgets.budget`: `CreateBudget`, `UpdateBudget`, and the alerts in calls of their own.

mod alert;
mod filter;

use aws_sdk_budgets::types::{
    Budget as AwsBudget, BudgetType, Metric as AwsMetric, Spend, TimeUnit,
};
use futures::future::try_join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use alert::Alert;
pub use filter::Filter;

use super::{client, list, tag, tags_of};
use crate::aws::{Absent, Aws, Error, Result, all_pages};
use crate::kind::{Kind, Live, Name, Problem, Scope, Set, Status, Tags, from_word, to_word};

/// A limit for what is spent in a month, or another period, and who is told when it comes near. AWS
/// counts costs some hours late; a budget stops nothing.
///
/// AWS's tagging API shows budgets in one region only, so that one whose declaration has gone is
/// found by its name: a `name` of your own should begin with `<stack>-<env>-`, as the default does.
/// One that does not is found, and changed or deleted, only while the file gives its name.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// The budget's name, unique in the account; without `:` and `\`.
    #[schemars(regex(pattern = r"^[^:\\]+$"))]
    name: Name<100>,
    /// The limit in US dollars for each period.
    #[schemars(range(min = 0.01))]
    limit: f64,
    /// How long a period is; each begins with nothing spent.
    #[serde(default)]
    period: Period,
    /// Which costs are added up.
    #[serde(default)]
    metric: Metric,
    /// Which costs count; those of the whole account when left out.
    #[serde(default)]
    filter: Filter,
    /// Who is told, and when: at most five thresholds in all.
    #[schemars(length(min = 1, max = 5))]
    alerts: Set<Alert>,
}

/// How long a budget's period is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Period {
    Daily,
    #[default]
    Monthly,
    Quarterly,
    Annually,
}

/// Which costs are added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Metric {
    #[default]
    UnblendedCost,
    AmortizedCost,
    BlendedCost,
    NetAmortizedCost,
    NetUnblendedCost,
}

/// What AWS decides about a budget.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The budget's name.
    name: String,
    /// The budget's ARN, which has no region.
    arn: String,
}

impl Kind for Budget {
    const NAME: &'static str = "budgets.budget";
    type Outputs = Outputs;
    // The tagging API would have to be asked in us-east-1, whatever the stack's region.
    const ARN: Option<&'static str> = None;
    const GLOBAL: bool = true;
    const FREE: bool = true;

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        let list = client(aws).describe_budgets().account_id(aws.account()).max_results(100);
        let pages = list.show_filter_expression(true).into_paginator().items().send();
        let budgets = all_pages(pages).await?;
        let candidates = budgets.iter().filter(|one| scope.may_own(one.budget_name()));
        let found = candidates.map(|one| find(aws, scope, one));
        Ok(try_join_all(found).await?.into_iter().flatten().collect())
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let create = client(aws).create_budget().account_id(aws.account()).budget(write(new)?);
        let create = create.set_notifications_with_subscribers(Some(alert::write(&new.alerts)?));
        create.set_resource_tags(Some(list(tags)?)).send().await?;
        Ok(Outputs { name: new.name.to_string(), arn: arn(aws, &new.name) })
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        let same = |a: &Self, b: &Self| {
            a.limit.total_cmp(&b.limit).is_eq()
                && (a.period, a.metric, &a.filter) == (b.period, b.metric, &b.filter)
        };
        if !same(&was.spec, now) {
            let update = client(aws).update_budget().account_id(aws.account());
            update.new_budget(write(now)?).send().await?;
        }
        alert::update(aws, &was.outputs.name, &was.spec.alerts, &now.alerts).await
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        // Its alerts go with it.
        let delete = client(aws).delete_budget().account_id(aws.account());
        delete.budget_name(&was.outputs.name).send().await?;
        Ok(())
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tag(aws, &was.outputs.arn, set, remove).await
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = alert::check(&self.alerts);
        problems.extend(self.filter.check());
        problems
    }
}

fn arn(aws: &Aws, name: &str) -> String {
    format!("arn:aws:budgets::{}:budget/{name}", aws.account())
}

fn write(budget: &Budget) -> Result<AwsBudget> {
    let limit = Spend::builder().amount(budget.limit.to_string()).unit("USD").build()?;
    let period = to_word(&budget.period).to_uppercase();
    Ok(AwsBudget::builder()
        .budget_name(&*budget.name)
        .budget_type(BudgetType::Cost)
        .budget_limit(limit)
        .time_unit(TimeUnit::from(period.as_str()))
        .metrics(AwsMetric::from(to_word(&budget.metric).as_str()))
        .set_filter_expression(budget.filter.write()?)
        .build()?)
}

/// The budget, if it is of interest and still there.
async fn find(aws: &Aws, scope: &Scope, found: &AwsBudget) -> Result<Option<Live<Budget>>> {
    let name = found.budget_name();
    let arn = arn(aws, name);
    let tags = tags_of(aws, &arn).await.absent()?;
    let Some(tags) = tags.filter(|tags| scope.wants(tags, name)) else { return Ok(None) };
    let Some(alerts) = alert::read(aws, name).await? else { return Ok(None) };
    let amount = found.budget_limit().map_or("0", Spend::amount);
    let limit = amount.parse().map_err(|_| Error::missing("BudgetLimit"))?;
    let metric = found.metrics().first().map(AwsMetric::as_str);
    Ok(Some(Live {
        spec: Budget {
            name: name.into(),
            limit,
            period: from_word(&found.time_unit().as_str().to_lowercase())?,
            metric: metric.map(from_word).transpose()?.unwrap_or_default(),
            filter: Filter::read(found.filter_expression()),
            alerts,
        },
        outputs: Outputs { name: name.to_owned(), arn },
        tags,
        status: Status::Usable,
    }))
}
