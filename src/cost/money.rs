//! Sums that know what they do not know, currencies and budgets.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use super::Estimate;
use crate::diagnostic::{Diagnostic, Diagnostics, did_you_mean};
use crate::model::{Budget, DOLLAR};

/// Dollars a month, and how many charges are not in them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sum {
    /// What is known, in dollars.
    pub usd: f64,
    /// How many charges have no price, or no quantity that can be known.
    pub unknown: usize,
    /// How many charges depend on use of which the stack file says nothing.
    pub by_use: usize,
}

impl Sum {
    /// Whether all of it is known.
    pub fn is_whole(&self) -> bool {
        self.unknown == 0 && self.by_use == 0
    }
}

impl AddAssign for Sum {
    fn add_assign(&mut self, other: Self) {
        self.usd += other.usd;
        self.unknown += other.unknown;
        self.by_use += other.by_use;
    }
}

/// A currency, with what a dollar is worth in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Currency {
    /// Its code, such as `EUR`.
    pub code: String,
    /// What a dollar is worth.
    pub rate: f64,
}

impl Default for Currency {
    fn default() -> Self {
        Self { code: DOLLAR.to_owned(), rate: 1.0 }
    }
}

/// `EUR`, or `EUR=0.92`: a currency as the command line gives it.
pub fn code_and_rate(text: &str) -> Result<(String, Option<f64>), String> {
    let (code, rate) = text.split_once('=').map_or((text, None), |(code, rate)| (code, Some(rate)));
    if code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err("write the code in three capital letters, such as EUR".to_owned());
    }
    let rate = rate.map(|rate| match rate.parse::<f64>() {
        Ok(rate) if rate > 0.0 && rate.is_finite() => Ok(rate),
        _ => Err("write what a dollar is worth after `=`, such as EUR=0.92".to_owned()),
    });
    Ok((code.to_owned(), rate.transpose()?))
}

/// A currency by its code: the rate of the command line, or the stack file's.
pub fn currency(
    code: &str,
    rate: Option<f64>,
    rates: &BTreeMap<String, f64>,
) -> Result<Currency, Diagnostic> {
    let known = rate.or_else(|| (code == DOLLAR).then_some(1.0)).or(rates.get(code).copied());
    known.map(|rate| Currency { code: code.to_owned(), rate }).ok_or_else(|| {
        let message = format!("nobody has said what a dollar is worth in {code}");
        let near = did_you_mean(code, rates.keys().map(String::as_str));
        let help =
            format!("state the rate in the stack file, such as `currency: {{ {code}: 0.92 }}`");
        Diagnostic::error("no-rate", message).help(help).maybe_help(near)
    })
}

/// A budget that is exceeded.
#[derive(Clone, Debug, PartialEq)]
pub struct OverBudget {
    /// What a month costs, in the budget's currency.
    pub cost: f64,
    /// What it may cost.
    pub budget: Budget,
}

/// Whether an estimate stays within a budget: what is over it, or a rate that is missing.
pub fn check_budget(
    estimate: &Estimate,
    budget: &Budget,
    rates: &BTreeMap<String, f64>,
) -> Result<Option<OverBudget>, Diagnostics> {
    let Currency { rate, .. } = currency(&budget.currency, None, rates)?;
    let cost = estimate.running.usd * rate;
    // A cent is no matter.
    let over = cost > budget.monthly + 0.005;
    Ok(over.then(|| OverBudget { cost, budget: budget.clone() }))
}

impl OverBudget {
    /// The error, with what costs most.
    pub fn error(&self, estimate: &Estimate) -> Diagnostic {
        let Budget { monthly, currency } = &self.budget;
        let at_least = if estimate.running.is_whole() { "" } else { "at least " };
        let message = format!(
            "a month costs {at_least}{:.2} {currency}, and the budget is {monthly:.2} {currency}",
            self.cost
        );
        let rate = if estimate.running.usd > 0.0 { self.cost / estimate.running.usd } else { 1.0 };
        let mut most: Vec<_> = estimate.lines.iter().filter(|l| l.running.usd > 0.0).collect();
        most.sort_by(|a, b| b.running.usd.total_cmp(&a.running.usd));
        let mut error = Diagnostic::error("over-budget", message)
            .help("`--over-budget` goes on all the same; `infra cost` shows where the money goes");
        for line in most.iter().take(3) {
            let cost = line.running.usd * rate;
            error = error.note(format!("`{}` costs {cost:.2} {currency}", line.address));
        }
        error
    }
}
