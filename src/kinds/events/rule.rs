//! `events.rule`: `PutRule`, which writes the whole rule each time, `PutTargets`, `RemoveTargets`.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_eventbridge::types::{
    DeadLetterConfig, InputTransformer, Rule as AwsRule, RuleState, SqsParameters,
    Target as AwsTarget,
};
use futures::future::try_join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::task::{self, Ecs, Retry, TASK_HOURS};
use super::{client, list, tag, tags_of};
use crate::aws::{Absent, Aws, Class, Error, Result};
use crate::kind::expression::Schedule;
use crate::kind::{
    Any, Arn, Charges, Immutable, Json, Kind, Live, Look, Name, Problem, Ref, Scope, Set, Status,
    Tags, UsageName, default, ownership,
};
use crate::kinds::iam::Role;

/// Starts its targets at certain times, or when certain events happen.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The rule's name, unique on its bus.
    name: Name<64>,
    /// What the rule is for.
    #[schemars(length(max = 512))]
    description: Option<String>,
    /// The name of the bus whose events the rule sees. Schedules run on the default bus alone.
    #[serde(default = "default_bus")]
    bus: Immutable<String>,
    /// When, in UTC: `cron(0 2 * * ? *)`, `rate(5 minutes)`.
    schedule: Option<Schedule>,
    /// Which events: `{ source: [aws.ecs], detail-type: [ECS Task State Change] }`.
    pattern: Option<Json>,
    /// Whether the rule does anything.
    #[serde(default = "default::yes")]
    enabled: bool,
    /// What is started.
    #[serde(default)]
    targets: Set<Target>,
}

/// Something that is started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The target's name, unique in its rule.
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[\.\-_A-Za-z0-9]+$"))]
    id: String,
    /// What is started: a topic, a function, a queue, for a task its cluster.
    arn: Ref<Any, Arn>,
    /// The role that EventBridge takes on to do it: needed for tasks, streams and other buses.
    role: Option<Ref<Role, Arn>>,
    /// What the target is given in place of the event.
    input: Option<Json>,
    /// The part of the event that the target is given: `$.detail`.
    #[schemars(length(max = 256))]
    input_path: Option<String>,
    /// A text made of parts of the event that the target is given.
    input_transformer: Option<Transformer>,
    /// Which task is run, when the target is a cluster.
    ecs: Option<Ecs>,
    /// The message group, when the target is a first-in-first-out queue.
    message_group: Option<String>,
    /// The queue for events that cannot be delivered.
    dead_letter_queue: Option<Ref<Any, Arn>>,
    /// How long delivery is tried.
    #[serde(default)]
    retry: Retry,
}

/// A text made of parts of an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Transformer {
    /// Names for parts of the event: `task: $.detail.taskArn`.
    #[serde(default)]
    paths: BTreeMap<String, String>,
    /// The text, with these names in angle brackets: `"Task <task> has stopped"`.
    template: String,
}

/// What AWS decides about a rule.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The rule's ARN.
    arn: String,
    /// The rule's name.
    name: String,
}

const DEFAULT_BUS: &str = "default";

fn default_bus() -> Immutable<String> {
    Immutable(DEFAULT_BUS.to_owned())
}

impl Kind for Rule {
    const NAME: &'static str = "events.rule";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = Some("events:rule/");
    const EVENTUAL: &'static [(&'static str, &'static str)] = &[
        // A role that was made a moment ago.
        ("ValidationException", "cannot be assumed by principal"),
        ("ConcurrentModificationException", ""),
    ];
    const ASLEEP: &'static [(&'static str, &'static str)] = &[("enabled", "false")];
    const USAGE: &'static [UsageName] = &[TASK_HOURS];

    fn charges(&self, look: &Look<'_>) -> Charges {
        let tasks = self.targets.iter().filter_map(|target| target.ecs.as_ref());
        let charges = tasks.flat_map(|task| task.charges(look));
        Charges::Listed(charges.collect())
    }

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        let mut buses = BTreeSet::from([DEFAULT_BUS]);
        buses.extend(scope.swept.keys().filter_map(|arn| bus_of(arn)));
        let listed = if scope.is_anybodys() { all_buses(aws).await? } else { Vec::new() };
        buses.extend(listed.iter().map(String::as_str));
        let mut found = Vec::new();
        for bus in buses {
            for rule in rules(aws, bus).await? {
                // A service of AWS made it, and keeps it.
                if scope.is_anybodys() && rule.managed_by().is_some() {
                    continue;
                }
                let (Some(arn), Some(name)) = (rule.arn(), rule.name()) else { continue };
                if let Some(tags) = scope.tags_if_wanted(arn, name, tags_of(aws, arn)).await? {
                    found.push((rule, tags));
                }
            }
        }
        try_join_all(found.iter().map(|(rule, tags)| read(aws, rule, tags.clone()))).await
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        if *new.bus != DEFAULT_BUS {
            refuse_foreign(aws, new, tags).await?;
        }
        let arn = put(aws, new, Some(tags)).await?;
        put_targets(aws, new, new.targets.iter().collect()).await?;
        Ok(Outputs { arn, name: new.name.to_string() })
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        let before = &was.spec;
        if (&before.description, &before.schedule, &before.pattern, before.enabled)
            != (&now.description, &now.schedule, &now.pattern, now.enabled)
        {
            put(aws, now, None).await?;
        }
        let is_kept = |target: &Target| now.targets.iter().any(|other| other.id == target.id);
        let gone = before.targets.minus(&now.targets).filter(|target| !is_kept(target));
        remove_targets(aws, now, gone.collect()).await?;
        put_targets(aws, now, now.targets.minus(&before.targets).collect()).await
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        let rule = &was.spec;
        remove_targets(aws, rule, rule.targets.iter().collect()).await?;
        client(aws).delete_rule().name(&*rule.name).event_bus_name(&*rule.bus).send().await?;
        Ok(())
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tag(aws, &was.outputs.arn, set, remove).await
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.schedule.is_some() == self.pattern.is_some() {
            problems.push(Problem::at("", "a rule needs exactly one of `schedule` and `pattern`"));
        }
        if self.schedule.is_some() && *self.bus != DEFAULT_BUS {
            problems.push(
                Problem::at("schedule", "schedules run on the default bus alone")
                    .help("leave `bus` out"),
            );
        }
        let mut seen = BTreeSet::new();
        for target in &*self.targets {
            let id = &target.id;
            let mut wrong = |text: String| problems.push(Problem::at("targets", text));
            if !seen.insert(id) {
                wrong(format!("two targets have the id `{id}`"));
            }
            let inputs = [
                target.input.is_some(),
                target.input_path.is_some(),
                target.input_transformer.is_some(),
            ];
            if inputs.iter().filter(|given| **given).count() > 1 {
                wrong(format!(
                    "the target `{id}` can have only one of `input`, `input_path` and \
                     `input_transformer`"
                ));
            }
            let Some(ecs) = &target.ecs else { continue };
            if target.role.is_none() {
                wrong(format!("the target `{id}` needs a `role` that may run the task"));
            }
            if let Some(problem) = ecs.problem() {
                wrong(format!("the target `{id}`: {problem}"));
            }
        }
        problems
    }
}

/// The name of the bus in a rule's ARN: `…:rule/BUS/NAME`; nothing for the default bus.
fn bus_of(arn: &str) -> Option<&str> {
    let (_, rest) = arn.split_once(":rule/")?;
    rest.rsplit_once('/').map(|(bus, _)| bus)
}

/// The names of all buses, without those of other accounts' partners.
async fn all_buses(aws: &Aws) -> Result<Vec<String>> {
    let mut buses = Vec::new();
    let mut token = None;
    loop {
        let page = client(aws).list_event_buses().set_next_token(token).send().await?;
        buses.extend(page.event_buses.into_iter().flatten().filter_map(|bus| bus.name));
        token = page.next_token;
        if token.is_none() {
            return Ok(buses);
        }
    }
}

async fn rules(aws: &Aws, bus: &str) -> Result<Vec<AwsRule>> {
    let mut rules = Vec::new();
    let mut token = None;
    loop {
        let list = client(aws).list_rules().event_bus_name(bus).set_next_token(token);
        // A bus that is gone has taken its rules along.
        let Some(page) = list.send().await.map_err(Error::from).absent()? else { return Ok(rules) };
        rules.extend(page.rules.unwrap_or_default());
        token = page.next_token;
        if token.is_none() {
            return Ok(rules);
        }
    }
}

async fn targets(aws: &Aws, rule: &str, bus: &str) -> Result<Vec<AwsTarget>> {
    let mut targets = Vec::new();
    let mut token = None;
    loop {
        let list = client(aws).list_targets_by_rule().rule(rule).event_bus_name(bus);
        let page = list.set_next_token(token).send().await?;
        targets.extend(page.targets.unwrap_or_default());
        token = page.next_token;
        if token.is_none() {
            return Ok(targets);
        }
    }
}

/// `PutRule` overwrites what has the name. Discovery looks for foreign rules on the default bus; on
/// another one it is done here.
async fn refuse_foreign(aws: &Aws, new: &Rule, tags: &Tags) -> Result<()> {
    let describe = client(aws).describe_rule().name(&*new.name).event_bus_name(&*new.bus);
    let there = describe.send().await.map_err(Error::from).absent()?;
    let Some(arn) = there.and_then(|rule| rule.arn) else { return Ok(()) };
    let there = tags_of(aws, &arn).await?;
    let is_same = |key| there.get(key) == tags.get(key);
    if is_same(ownership::STACK) && is_same(ownership::ENVIRONMENT) && is_same(ownership::ADDRESS) {
        return Ok(());
    }
    let message = format!("the bus `{}` already has a rule `{}`", *new.bus, *new.name);
    Err(Error::new(Class::Exists, "ResourceAlreadyExistsException", message))
}

async fn put(aws: &Aws, rule: &Rule, tags: Option<&Tags>) -> Result<String> {
    let answer = client(aws)
        .put_rule()
        .name(&*rule.name)
        .event_bus_name(&*rule.bus)
        .set_description(rule.description.clone())
        .set_schedule_expression(rule.schedule.as_deref().cloned())
        .set_event_pattern(rule.pattern.as_ref().map(ToString::to_string))
        .state(if rule.enabled { RuleState::Enabled } else { RuleState::Disabled })
        .set_tags(tags.map(list).transpose()?)
        .send()
        .await?;
    answer.rule_arn.ok_or_else(|| Error::missing("RuleArn"))
}

/// AWS takes at most a hundred targets in a call, and says in its answer which ones failed.
const BATCH: usize = 100;

async fn put_targets(aws: &Aws, rule: &Rule, targets: Vec<&Target>) -> Result<()> {
    for batch in targets.chunks(BATCH) {
        let batch = batch.iter().map(|target| write(target)).collect::<Result<Vec<_>>>()?;
        let put = client(aws).put_targets().rule(&*rule.name).event_bus_name(&*rule.bus);
        let answer = put.set_targets(Some(batch)).send().await?;
        if let Some(entry) = answer.failed_entries().first() {
            return Err(failed(entry.target_id(), entry.error_code(), entry.error_message()));
        }
    }
    Ok(())
}

async fn remove_targets(aws: &Aws, rule: &Rule, targets: Vec<&Target>) -> Result<()> {
    for batch in targets.chunks(BATCH) {
        let ids = batch.iter().map(|target| target.id.clone()).collect();
        let remove = client(aws).remove_targets().rule(&*rule.name).event_bus_name(&*rule.bus);
        let answer = remove.set_ids(Some(ids)).send().await?;
        if let Some(entry) = answer.failed_entries().first() {
            return Err(failed(entry.target_id(), entry.error_code(), entry.error_message()));
        }
    }
    Ok(())
}

fn failed(id: Option<&str>, code: Option<&str>, message: Option<&str>) -> Error {
    let code = code.unwrap_or("FailedEntry");
    let class = match code {
        "ConcurrentModificationException" => Class::Busy,
        "ThrottlingException" => Class::Throttled,
        _ => Class::Refused,
    };
    let (id, message) = (id.unwrap_or_default(), message.unwrap_or_default());
    Error::new(class, code, format!("target `{id}`: {message}"))
}

task::in_sdk!(aws_sdk_eventbridge);

fn write(target: &Target) -> Result<AwsTarget> {
    let retry = send_retry(&target.retry);
    let transformer = target.input_transformer.as_ref().map(|transformer| {
        InputTransformer::builder()
            .set_input_paths_map(Some(transformer.paths.clone().into_iter().collect()))
            .input_template(&transformer.template)
            .build()
    });
    let queue = target.dead_letter_queue.as_ref().map(ToString::to_string);
    let group = target.message_group.as_ref();
    Ok(AwsTarget::builder()
        .id(&target.id)
        .arn(target.arn.as_str())
        .set_role_arn(target.role.as_ref().map(ToString::to_string))
        .set_input(target.input.as_ref().map(ToString::to_string))
        .set_input_path(target.input_path.clone())
        .set_input_transformer(transformer.transpose()?)
        .set_ecs_parameters(target.ecs.as_ref().map(send_task).transpose()?)
        .set_sqs_parameters(group.map(|g| SqsParameters::builder().message_group_id(g).build()))
        .set_dead_letter_config(queue.map(|arn| DeadLetterConfig::builder().arn(arn).build()))
        .set_retry_policy((target.retry != Retry::default()).then_some(retry))
        .build()?)
}

async fn read(aws: &Aws, rule: &AwsRule, tags: Tags) -> Result<Live<Rule>> {
    let name = rule.name().ok_or_else(|| Error::missing("Name"))?;
    let arn = rule.arn().ok_or_else(|| Error::missing("Arn"))?;
    let bus = bus_of(arn).unwrap_or(DEFAULT_BUS);
    let targets = targets(aws, name, bus).await?;
    Ok(Live {
        spec: Rule {
            name: name.into(),
            description: rule.description().map(Into::into),
            bus: bus.to_owned().into(),
            schedule: rule.schedule_expression().map(Schedule::new),
            pattern: rule.event_pattern().map(Json::parse),
            enabled: rule.state() != Some(&RuleState::Disabled),
            targets: targets.iter().map(read_target).collect::<Result<_>>()?,
        },
        outputs: Outputs { arn: arn.to_owned(), name: name.to_owned() },
        tags,
        status: Status::Usable,
    })
}

fn read_target(target: &AwsTarget) -> Result<Target> {
    let transformer = target.input_transformer().map(|transformer| Transformer {
        paths: transformer.input_paths_map.clone().unwrap_or_default().into_iter().collect(),
        template: transformer.input_template().to_owned(),
    });
    let queue = target.dead_letter_config().and_then(DeadLetterConfig::arn);
    Ok(Target {
        id: target.id().to_owned(),
        arn: target.arn().into(),
        role: target.role_arn().map(Into::into),
        input: target.input().map(Json::parse),
        input_path: target.input_path().map(Into::into),
        input_transformer: transformer,
        ecs: target.ecs_parameters().map(read_task).transpose()?,
        message_group: target
            .sqs_parameters()
            .and_then(SqsParameters::message_group_id)
            .map(Into::into),
        dead_letter_queue: queue.map(Into::into),
        retry: read_retry(target.retry_policy()),
    })
}
