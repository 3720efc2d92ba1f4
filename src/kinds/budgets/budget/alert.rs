//! A budget's alerts: what AWS calls notifications, with their subscribers.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_budgets::types::{
    ComparisonOperator, Notification, NotificationType, NotificationWithSubscribers, Subscriber,
    SubscriptionType, ThresholdType,
};
use futures::future::try_join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::{Absent, Aws, Error, Result, all_pages};
use crate::kind::{Arn, Problem, Ref, Set, from_word, to_word};
use crate::kinds::budgets::client;
use crate::kinds::sns::Topic;

/// Who is told when parts of the limit are spent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alert {
    /// Percentages of the limit at which they are told.
    #[serde(default = "half_most_all")]
    #[schemars(length(min = 1, max = 5), inner(range(min = 1, max = 1_000_000)))]
    percent: Set<u32>,
    /// Of what.
    #[serde(default)]
    of: Of,
    /// E-mail addresses of those who are told, at most ten.
    #[serde(default)]
    #[schemars(length(max = 10))]
    emails: Set<String>,
    /// A topic that is told. Its policy has to let `budgets.amazonaws.com` publish.
    topic: Option<Ref<Topic, Arn>>,
}

/// What is compared with the limit.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Of {
    /// What has been spent.
    #[default]
    Actual,
    /// What AWS expects to be spent by the end of the period.
    Forecasted,
}

fn half_most_all() -> Set<u32> {
    Set::new([50, 80, 100])
}

/// How many thresholds AWS lets a budget have.
const THRESHOLDS: usize = 5;
/// What AWS says of a notification that is there already: an answer was lost.
const EXISTS: &str = "DuplicateRecordException";

/// Who is told: addresses, by AWS's word for the way.
type Told = BTreeSet<(bool, String)>;
/// All thresholds with who is told.
type Thresholds = BTreeMap<(Of, u32), Told>;

/// What AWS would refuse.
pub(super) fn check(alerts: &Set<Alert>) -> Vec<Problem> {
    let at = |message: String| Problem::at("alerts", message);
    let mut problems = Vec::new();
    let mut seen = BTreeSet::new();
    for (place, alert) in alerts.iter().enumerate() {
        if alert.emails.is_empty() && alert.topic.is_none() {
            problems.push(at("an alert needs `emails` or a `topic`".to_owned()));
        }
        for percent in alert.percent.iter().filter(|percent| !seen.insert((alert.of, **percent))) {
            let of = to_word(&alert.of);
            problems.push(
                at(format!("{percent} % of `{of}` has two alerts"))
                    .help("AWS has one alert for each threshold: name everyone in it"),
            );
        }
        let same = |other: &Alert| {
            (other.of, &other.emails, &other.topic) == (alert.of, &alert.emails, &alert.topic)
        };
        if alerts[..place].iter().any(same) {
            problems.push(
                at("two alerts tell the same people of the same".to_owned())
                    .help("write one, with all its percentages in `percent`"),
            );
        }
    }
    if seen.len() > THRESHOLDS {
        let message = format!("{} thresholds are more than {THRESHOLDS}", seen.len());
        problems.push(at(message));
    }
    problems
}

fn thresholds(alerts: &Set<Alert>) -> Thresholds {
    let told = |alert: &Alert| -> Told {
        let emails = alert.emails.iter().map(|email| (true, email.clone()));
        emails.chain(alert.topic.as_ref().map(|topic| (false, topic.to_string()))).collect()
    };
    let all = alerts.iter().flat_map(|alert| {
        alert.percent.iter().map(move |percent| ((alert.of, *percent), told(alert)))
    });
    all.collect()
}

fn notification((of, percent): (Of, u32)) -> Result<Notification> {
    Ok(Notification::builder()
        .notification_type(NotificationType::from(to_word(&of).to_uppercase().as_str()))
        .comparison_operator(ComparisonOperator::GreaterThan)
        .threshold(percent.into())
        .threshold_type(ThresholdType::Percentage)
        .build()?)
}

fn subscribers(told: &Told) -> Result<Vec<Subscriber>> {
    let subscriber = |(is_email, address): &(bool, String)| {
        let way = if *is_email { SubscriptionType::Email } else { SubscriptionType::Sns };
        Ok(Subscriber::builder().subscription_type(way).address(address).build()?)
    };
    told.iter().map(subscriber).collect()
}

/// As `CreateBudget` takes them.
pub(super) fn write(alerts: &Set<Alert>) -> Result<Vec<NotificationWithSubscribers>> {
    let one = |(threshold, told): (&(Of, u32), &Told)| {
        Ok(NotificationWithSubscribers::builder()
            .notification(notification(*threshold)?)
            .set_subscribers(Some(subscribers(told)?))
            .build()?)
    };
    thresholds(alerts).iter().map(one).collect()
}

/// Brings the alerts to what they should be. One whose people change is made anew: AWS allows one
/// topic, and none without anybody, so that they cannot be exchanged one by one.
pub(super) async fn update(
    aws: &Aws,
    budget: &str,
    was: &Set<Alert>,
    now: &Set<Alert>,
) -> Result<()> {
    let (was, now) = (thresholds(was), thresholds(now));
    for (threshold, _) in was.iter().filter(|(key, told)| now.get(key) != Some(told)) {
        let delete = client(aws).delete_notification().account_id(aws.account());
        let delete = delete.budget_name(budget).notification(notification(*threshold)?);
        delete.send().await.map_err(Error::from).map(drop).absent()?;
    }
    for (threshold, told) in now.iter().filter(|(key, told)| was.get(key) != Some(told)) {
        let create = client(aws).create_notification().account_id(aws.account());
        let create = create.budget_name(budget).notification(notification(*threshold)?);
        let made = create.set_subscribers(Some(subscribers(told)?)).send().await;
        match made.map_err(Error::from) {
            Err(error) if error.code != EXISTS => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// The budget's alerts; none when it has gone.
pub(super) async fn read(aws: &Aws, budget: &str) -> Result<Option<Set<Alert>>> {
    let list = client(aws).describe_notifications_for_budget().account_id(aws.account());
    let pages = list.budget_name(budget).into_paginator().items().send();
    let Some(found) = all_pages(pages).await.absent()? else { return Ok(None) };
    let told = try_join_all(found.iter().map(|one| people(aws, budget, one))).await?;
    // Thresholds that tell the same people are one alert.
    let mut alerts: Vec<Alert> = Vec::new();
    for (one, told) in found.iter().zip(told) {
        let of: Of = from_word(&one.notification_type().as_str().to_lowercase())?;
        let emails = told.iter().filter(|(is_email, _)| *is_email);
        let alert = Alert {
            percent: Set::new([percent_of(one)]),
            of,
            emails: emails.map(|(_, address)| address.clone()).collect(),
            topic: told.iter().find(|(is_email, _)| !is_email).map(|(_, arn)| arn.as_str().into()),
        };
        let same = |other: &&mut Alert| {
            (other.of, &other.emails, &other.topic) == (of, &alert.emails, &alert.topic)
        };
        if let Some(other) = alerts.iter_mut().find(same) {
            other.percent = other.percent.iter().chain(&*alert.percent).copied().collect();
        } else {
            alerts.push(alert);
        }
    }
    Ok(Some(alerts.into_iter().collect()))
}

/// The threshold in whole percent. One of another sort (an amount, a comparison with less) is 0,
/// which no stack file can say, and so shows as a difference.
fn percent_of(one: &Notification) -> u32 {
    let is_ours = one.comparison_operator() == &ComparisonOperator::GreaterThan
        && one.threshold_type().is_none_or(|sort| sort == &ThresholdType::Percentage);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "AWS's range")]
    let percent = one.threshold() as u32;
    if is_ours { percent } else { 0 }
}

async fn people(aws: &Aws, budget: &str, one: &Notification) -> Result<Told> {
    let list = client(aws).describe_subscribers_for_notification().account_id(aws.account());
    let list = list.budget_name(budget).notification(one.clone());
    let found = all_pages(list.into_paginator().items().send()).await.absent()?.unwrap_or_default();
    let way = |one: &Subscriber| one.subscription_type() == &SubscriptionType::Email;
    Ok(found.iter().map(|one| (way(one), one.address().to_owned())).collect())
}
