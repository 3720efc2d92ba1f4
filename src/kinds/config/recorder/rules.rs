//! Rules of AWS: `PutConfigRule`. The names of ours begin with those of stack and environment: a region
//! has rules of others too, of Security Hub for one.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_config::types::{ConfigRule, Owner, Scope as AwsScope, Source};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::client;
use super::types::Interval;
use crate::aws::{Absent, Aws, Error, Result, all_pages};
use crate::kind::{Problem, Set};

/// What resources are judged by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The rule's name, unique in the recorder. In AWS it is `<stack>-<env>-<name>`.
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[A-Za-z0-9_-]+$"))]
    name: String,
    /// AWS's identifier of the rule: `S3_BUCKET_SERVER_SIDE_ENCRYPTION_ENABLED`.
    #[schemars(regex(pattern = r"^[A-Z0-9_]+$"), length(max = 256))]
    rule: String,
    /// What the rule is for.
    #[schemars(length(min = 1, max = 256))]
    description: Option<String>,
    /// The rule's parameters: `{ maxAccessKeyAge: "90" }`.
    #[serde(default)]
    parameters: BTreeMap<String, String>,
    /// Types of resources that are judged; all that the rule knows when left out.
    #[serde(default)]
    #[schemars(length(max = 100))]
    resource_types: Set<String>,
    /// Resources that are judged, by a tag, in place of `resource_types`.
    tag: Option<Tagged>,
    /// How often a rule judges that does so by the clock; once a day when left out.
    every: Option<Interval>,
}

/// Resources that have a tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tagged {
    /// The tag.
    #[schemars(length(min = 1, max = 128))]
    key: String,
    /// Its value; any when left out.
    #[schemars(length(min = 1, max = 256))]
    value: Option<String>,
}

/// What AWS would refuse, and what it would change.
pub(super) fn check(rules: &Set<Rule>) -> Vec<Problem> {
    let at = |rule: &Rule, text: &str| Problem::at("rules", format!("rule `{}` {text}", rule.name));
    let mut problems = Vec::new();
    let mut seen = BTreeSet::new();
    for rule in rules.iter() {
        if !seen.insert(&rule.name) {
            problems.push(at(rule, "is there twice"));
        }
        if rule.tag.is_some() && !rule.resource_types.is_empty() {
            problems.push(at(rule, "has `tag` or `resource_types`, and not both"));
        }
        if rule.every == Some(Interval::TwentyFourHours) {
            problems.push(at(rule, "judges once a day anyway").help("leave `every` out"));
        }
    }
    problems
}

pub(super) async fn put(aws: &Aws, prefix: &str, rule: &Rule) -> Result<()> {
    let source = Source::builder().owner(Owner::Aws).source_identifier(&rule.rule).build()?;
    let tag = rule.tag.as_ref();
    let types = (!rule.resource_types.is_empty()).then(|| rule.resource_types.to_vec());
    let scope = AwsScope::builder()
        .set_compliance_resource_types(types)
        .set_tag_key(tag.map(|tag| tag.key.clone()))
        .set_tag_value(tag.and_then(|tag| tag.value.clone()))
        .build();
    let is_scoped = tag.is_some() || !rule.resource_types.is_empty();
    let parameters = serde_json::json!(rule.parameters).to_string();
    let wanted = ConfigRule::builder()
        .config_rule_name(format!("{prefix}{}", rule.name))
        .source(source)
        .set_description(rule.description.clone())
        .set_input_parameters((!rule.parameters.is_empty()).then_some(parameters))
        .set_scope(is_scoped.then_some(scope))
        .set_maximum_execution_frequency(rule.every.map(Interval::write))
        .build();
    client(aws).put_config_rule().config_rule(wanted).send().await?;
    Ok(())
}

/// Brings the rules to what they should be.
pub(super) async fn update(
    aws: &Aws,
    prefix: &str,
    was: &Set<Rule>,
    now: &Set<Rule>,
) -> Result<()> {
    for rule in was.iter().filter(|rule| !now.iter().any(|other| other.name == rule.name)) {
        let name = format!("{prefix}{}", rule.name);
        let deleted = client(aws).delete_config_rule().config_rule_name(name).send().await;
        deleted.map_err(Error::from).map(drop).absent()?;
    }
    for rule in now.minus(was) {
        put(aws, prefix, rule).await?;
    }
    Ok(())
}

/// Our rules; those on their way out count as gone.
pub(super) async fn all(aws: &Aws, prefix: &str) -> Result<Set<Rule>> {
    let pages = client(aws).describe_config_rules().into_paginator().items().send();
    let is_going = |rule: &ConfigRule| {
        rule.config_rule_state().is_some_and(|state| state.as_str() == "DELETING")
    };
    let found = all_pages(pages).await?;
    let ours = found.iter().filter(|rule| !is_going(rule)).filter_map(|rule| {
        let name = rule.config_rule_name()?.strip_prefix(prefix)?;
        Some(read(name, rule))
    });
    ours.collect()
}

fn read(name: &str, rule: &ConfigRule) -> Result<Rule> {
    let scope = rule.scope();
    let every = Interval::read(rule.maximum_execution_frequency())?;
    let parameters = rule.input_parameters().filter(|text| !text.is_empty());
    let tag = scope.and_then(AwsScope::tag_key).map(|key| Tagged {
        key: key.to_owned(),
        value: scope.and_then(AwsScope::tag_value).map(ToOwned::to_owned),
    });
    let types = scope.map(AwsScope::compliance_resource_types).unwrap_or_default();
    Ok(Rule {
        name: name.to_owned(),
        rule: rule.source().and_then(Source::source_identifier).unwrap_or_default().to_owned(),
        description: rule.description().filter(|text| !text.is_empty()).map(ToOwned::to_owned),
        parameters: parameters.map(texts).unwrap_or_default(),
        resource_types: types.iter().cloned().collect(),
        tag,
        // What AWS shows for a rule that was not told.
        every: every.filter(|every| *every != Interval::TwentyFourHours),
    })
}

/// Parameters as texts, whatever they were written as.
fn texts(json: &str) -> BTreeMap<String, String> {
    let found: BTreeMap<String, serde_json::Value> = serde_json::from_str(json).unwrap_or_default();
    let text = |value: serde_json::Value| value.as_str().map_or(value.to_string(), Into::into);
    found.into_iter().map(|(key, value)| (key, text(value))).collect()
}
