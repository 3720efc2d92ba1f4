//! `sns.topic`: `CreateTopic`, `SetTopicAttributes`, Subscribe.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_sns::types::Subscription as AwsSubscription;
use futures::future::try_join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{client, list, tag, tags_of};
use crate::aws::{Absent, Aws, Error, Result, all_pages};
use crate::kind::{
    Any, Arn, Charge, Charges, Immutable, Json, Kind, Live, Look, Name, Policy, Problem, Ref,
    Scope, Set, Status, Tags, UsageName, from_word, is_unknown, to_word,
};
use crate::kinds::kms::Key;

/// A topic, and who is told what is published to it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// The topic's name. That of a first-in-first-out topic ends in `.fifo`.
    name: Name<256>,
    /// The sender's name in e-mails and text messages.
    #[schemars(length(max = 100))]
    display_name: Option<String>,
    /// Whether messages keep their order and arrive once.
    #[serde(default)]
    fifo: Immutable<bool>,
    /// Whether messages with the same content within five minutes count as one; for
    /// first-in-first-out topics.
    #[serde(default)]
    content_based_deduplication: bool,
    /// The key that encrypts messages at rest. Its policy has to let those services use it that
    /// publish here, such as CloudWatch for its alarms: AWS's own key `alias/aws/sns` does not.
    kms_key: Option<Ref<Key, Arn>>,
    /// Who may publish and subscribe; everyone in the account when left out. EventBridge and AWS
    /// Backup need a statement of their own here, alarms do not.
    policy: Option<Policy>,
    /// Who is told. People have to confirm by the link that AWS sends them; who does not is
    /// forgotten by AWS after two days and shows as missing.
    #[serde(default)]
    subscriptions: Set<Subscription>,
}

/// Someone or something that is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// How.
    protocol: Protocol,
    /// Where: an e-mail address, a URL, a telephone number, or the ARN of a queue or function.
    endpoint: Ref<Any, Arn>,
    /// Which messages; all when left out.
    filter_policy: Option<Json>,
    /// What the filter looks at.
    #[serde(default)]
    filter_policy_scope: FilterScope,
    /// Whether the message comes without SNS's envelope, for queues and web addresses.
    #[serde(default)]
    raw_message_delivery: bool,
    /// The queue for messages that cannot be delivered.
    dead_letter_queue: Option<Ref<Any, Arn>>,
}

/// How someone is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    Application,
    Email,
    EmailJson,
    Firehose,
    Http,
    Https,
    Lambda,
    Sms,
    Sqs,
}

/// What a filter looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum FilterScope {
    #[default]
    MessageAttributes,
    MessageBody,
}

/// What AWS decides about a topic.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The topic's ARN.
    arn: String,
    /// The topic's name.
    name: String,
}

/// What AWS's list has in place of the ARN of a subscription that nobody has confirmed.
const PENDING: &str = "PendingConfirmation";

impl Kind for Topic {
    const NAME: &'static str = "sns.topic";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = Some("sns:");
    const USAGE: &'static [UsageName] =
        &[UsageName::new("requests", "Messages published a month, in millions.")];

    fn charges(&self, _look: &Look<'_>) -> Charges {
        let item = if *self.fifo { "sns.fifo_requests" } else { "sns.requests" };
        Charges::Listed(vec![Charge::used("messages", item, "requests")])
    }

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        let named = scope.names.iter().map(|name| aws.arn("sns", name));
        let mut arns: BTreeSet<String> = scope.swept.keys().cloned().chain(named).collect();
        if scope.is_anybodys() {
            let all = all_pages(client(aws).list_topics().into_paginator().items().send()).await?;
            arns.extend(all.into_iter().filter_map(|topic| topic.topic_arn));
        }
        let found = try_join_all(arns.iter().map(|arn| find(aws, scope, arn))).await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let mut attributes = HashMap::new();
        if *new.fifo {
            attributes.insert("FifoTopic".to_owned(), "true".to_owned());
        }
        for (name, value) in attributes_of(new) {
            attributes.extend(value.map(|value| (name.to_owned(), value)));
        }
        let create = client(aws).create_topic().name(&*new.name).set_attributes(Some(attributes));
        let answer = create.set_tags(Some(list(tags)?)).send().await?;
        let arn = answer.topic_arn.ok_or_else(|| Error::missing("TopicArn"))?;
        for subscription in &*new.subscriptions {
            subscribe(aws, &arn, subscription).await?;
        }
        Ok(Outputs { arn, name: new.name.to_string() })
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        let arn = &was.outputs.arn;
        for ((name, before), (_, after)) in
            attributes_of(&was.spec).into_iter().zip(attributes_of(now))
        {
            if before != after {
                let unset = || match name {
                    "Policy" => default_policy(aws, arn).to_string(),
                    _ => String::new(),
                };
                let value = after.unwrap_or_else(unset);
                let set = client(aws).set_topic_attributes().topic_arn(arn);
                set.attribute_name(name).attribute_value(value).send().await?;
            }
        }
        set_subscriptions(aws, was, now).await
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        // Its subscriptions go with it, confirmed or not.
        client(aws).delete_topic().topic_arn(&was.outputs.arn).send().await?;
        Ok(())
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tag(aws, &was.outputs.arn, set, remove).await
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if !is_unknown(&self.name) && self.name.ends_with(".fifo") != *self.fifo {
            let (is, help) = if *self.fifo {
                ("has to end in", "give the topic a `name` such as `orders.fifo`")
            } else {
                ("cannot end in", "set `fifo: true`, or name it otherwise")
            };
            let message = format!("the name of a topic with `fifo: {}` {is} `.fifo`", *self.fifo);
            problems.push(Problem::at("name", message).help(help));
        }
        if self.content_based_deduplication && !*self.fifo {
            problems.push(Problem::at(
                "content_based_deduplication",
                "only a topic with `fifo: true` can deduplicate",
            ));
        }
        let mut seen = BTreeSet::new();
        for one in &*self.subscriptions {
            if !seen.insert((to_word(&one.protocol), one.endpoint.as_str())) {
                problems.push(Problem::at(
                    "subscriptions",
                    format!("`{}` is subscribed twice by the same protocol", one.endpoint),
                ));
            }
        }
        problems
    }
}

/// The attributes that can be changed, by AWS's names; none for one that is not set.
fn attributes_of(topic: &Topic) -> Vec<(&'static str, Option<String>)> {
    let mut attributes = vec![
        ("DisplayName", topic.display_name.clone()),
        ("KmsMasterKeyId", topic.kms_key.as_ref().map(ToString::to_string)),
        ("Policy", topic.policy.as_ref().map(ToString::to_string)),
    ];
    if *topic.fifo {
        let deduplicates = topic.content_based_deduplication.to_string();
        attributes.push(("ContentBasedDeduplication", Some(deduplicates)));
    }
    attributes
}

/// The policy that AWS gives a topic: whoever is of the account may do anything that its
/// identity's policies allow.
fn default_policy(aws: &Aws, arn: &str) -> Policy {
    const ACTIONS: [&str; 8] = [
        "SNS:GetTopicAttributes",
        "SNS:SetTopicAttributes",
        "SNS:AddPermission",
        "SNS:RemovePermission",
        "SNS:DeleteTopic",
        "SNS:Subscribe",
        "SNS:ListSubscriptionsByTopic",
        "SNS:Publish",
    ];
    Policy::from(json!({
        "Version": "2008-10-17",
        "Id": "__default_policy_ID",
        "Statement": [{
            "Sid": "__default_statement_ID",
            "Effect": "Allow",
            "Principal": { "AWS": "*" },
            "Action": ACTIONS,
            "Resource": arn,
            "Condition": { "StringEquals": { "AWS:SourceOwner": aws.account() } },
        }],
    }))
}

/// Brings the subscriptions to what they should be. One whose settings change keeps its ARN and its
/// confirmation.
async fn set_subscriptions(aws: &Aws, was: &Live<Topic>, now: &Topic) -> Result<()> {
    if was.spec.subscriptions == now.subscriptions {
        return Ok(());
    }
    let arn = &was.outputs.arn;
    let there = subscriptions(aws, arn).await?;
    let find = |one: &Subscription| {
        there.iter().find(|item| {
            item.protocol() == Some(&to_word(&one.protocol))
                && item.endpoint() == Some(&one.endpoint)
        })
    };
    for one in now.subscriptions.minus(&was.spec.subscriptions) {
        match find(one).and_then(AwsSubscription::subscription_arn).filter(|arn| *arn != PENDING) {
            Some(subscription) => set_attributes(aws, subscription, one).await?,
            // Subscribing again sends another mail to who has not confirmed, and keeps the
            // settings until then.
            None => subscribe(aws, arn, one).await?,
        }
    }
    for one in was.spec.subscriptions.minus(&now.subscriptions) {
        let kept =
            |other: &Subscription| other.protocol == one.protocol && other.endpoint == one.endpoint;
        match find(one).and_then(AwsSubscription::subscription_arn) {
            _ if now.subscriptions.iter().any(kept) => {}
            Some(PENDING) => tracing::warn!(
                endpoint = %one.endpoint,
                "AWS lets nobody take back a subscription that waits for its confirmation; it \
                 lapses by itself"
            ),
            Some(arn) => {
                client(aws).unsubscribe().subscription_arn(arn).send().await?;
            }
            None => {}
        }
    }
    Ok(())
}

/// A subscription's settings, by AWS's names.
fn settings(one: &Subscription) -> Vec<(&'static str, Option<String>)> {
    let filter = one.filter_policy.as_ref();
    vec![
        // The scope says how the policy is read, so that it goes first.
        ("FilterPolicyScope", filter.map(|_| to_word(&one.filter_policy_scope))),
        ("FilterPolicy", filter.map(ToString::to_string)),
        ("RawMessageDelivery", one.raw_message_delivery.then(|| "true".to_owned())),
        (
            "RedrivePolicy",
            one.dead_letter_queue
                .as_ref()
                .map(|queue| json!({ "deadLetterTargetArn": queue.as_str() }).to_string()),
        ),
    ]
}

async fn subscribe(aws: &Aws, topic: &str, one: &Subscription) -> Result<()> {
    let settings = settings(one).into_iter();
    let attributes = settings.filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    client(aws)
        .subscribe()
        .topic_arn(topic)
        .protocol(to_word(&one.protocol))
        .endpoint(one.endpoint.as_str())
        .set_attributes(Some(attributes))
        .send()
        .await?;
    Ok(())
}

async fn set_attributes(aws: &Aws, subscription: &str, one: &Subscription) -> Result<()> {
    for (name, value) in settings(one) {
        let value = match (name, value) {
            ("FilterPolicyScope", None) => continue,
            ("FilterPolicy", None) => "{}".to_owned(),
            ("RawMessageDelivery", None) => "false".to_owned(),
            (_, value) => value.unwrap_or_default(),
        };
        let set = client(aws).set_subscription_attributes().subscription_arn(subscription);
        set.attribute_name(name).attribute_value(value).send().await?;
    }
    Ok(())
}

async fn subscriptions(aws: &Aws, topic: &str) -> Result<Vec<AwsSubscription>> {
    let pages = client(aws).list_subscriptions_by_topic().topic_arn(topic).into_paginator();
    let all = all_pages(pages.items().send()).await?;
    Ok(all.into_iter().filter(|one| one.subscription_arn() != Some("Deleted")).collect())
}

/// The topic with that ARN, if it exists and is of interest.
async fn find(aws: &Aws, scope: &Scope, arn: &str) -> Result<Option<Live<Topic>>> {
    let answer = client(aws).get_topic_attributes().topic_arn(arn).send().await;
    let Some(answer) = answer.map_err(Error::from).absent()? else { return Ok(None) };
    let name = arn.rsplit(':').next().unwrap_or_default();
    let Some(tags) = scope.tags_if_wanted(arn, name, tags_of(aws, arn)).await? else {
        return Ok(None);
    };
    let there = subscriptions(aws, arn).await?;
    let subscriptions = try_join_all(there.iter().map(|one| read(aws, one))).await?;
    let attributes = answer.attributes.unwrap_or_default();
    let text = |name: &str| attributes.get(name).filter(|text| !text.is_empty());
    let is = |name: &str| text(name).is_some_and(|text| text.eq_ignore_ascii_case("true"));
    let policy = text("Policy").map(|policy| Policy::parse(policy));
    Ok(Some(Live {
        spec: Topic {
            name: name.into(),
            display_name: text("DisplayName").cloned(),
            fifo: is("FifoTopic").into(),
            content_based_deduplication: is("ContentBasedDeduplication"),
            kms_key: text("KmsMasterKeyId").map(|key| key.as_str().into()),
            policy: policy.filter(|policy| *policy != default_policy(aws, arn)),
            subscriptions: subscriptions.into_iter().collect(),
        },
        outputs: Outputs { arn: arn.to_owned(), name: name.to_owned() },
        tags,
        status: Status::Usable,
    }))
}

async fn read(aws: &Aws, one: &AwsSubscription) -> Result<Subscription> {
    let arn = one.subscription_arn().unwrap_or_default();
    // Nobody but AWS knows the settings of one that is not confirmed.
    let attributes = if arn == PENDING {
        HashMap::new()
    } else {
        let get = client(aws).get_subscription_attributes().subscription_arn(arn).send().await;
        get.map_err(Error::from).absent()?.and_then(|answer| answer.attributes).unwrap_or_default()
    };
    let text = |name: &str| attributes.get(name).filter(|text| !text.is_empty());
    let filter = text("FilterPolicy").map(|policy| Json::parse(policy));
    let redrive = text("RedrivePolicy").map(|policy| Json::parse(policy));
    Ok(Subscription {
        protocol: from_word(one.protocol().unwrap_or_default())?,
        endpoint: one.endpoint().unwrap_or_default().into(),
        filter_policy: filter.filter(|policy| policy.0 != json!({})),
        filter_policy_scope: text("FilterPolicyScope")
            .map_or(Ok(FilterScope::default()), |scope| from_word(scope))?,
        raw_message_delivery: text("RawMessageDelivery").is_some_and(|text| text == "true"),
        dead_letter_queue: redrive
            .and_then(|policy| Some(policy.0.get("deadLetterTargetArn")?.as_str()?.into())),
    })
}
