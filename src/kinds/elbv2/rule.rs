//! A listener's rules: which requests are treated in another way than the default.

use aws_sdk_elasticloadbalancingv2::types::{
    HostHeaderConditionConfig, HttpHeaderConditionConfig, HttpRequestMethodConditionConfig,
    PathPatternConditionConfig, QueryStringConditionConfig, QueryStringKeyValuePair,
    Rule as AwsRule, RuleCondition, SourceIpConditionConfig,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::action::Action;
use crate::kind::{Cidr, Problem, Set};

/// One rule: requests that meet all its conditions are treated by its action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Where the rule stands: the lowest priority that fits a request decides.
    #[schemars(range(min = 1, max = 50_000))]
    pub priority: i32,
    /// Paths, with `*` and `?`: `/api/*`.
    #[serde(default)]
    path: Set<String>,
    /// Hosts, with `*` and `?`: `*.example.com`.
    #[serde(default)]
    host: Set<String>,
    /// Headers, all of which have to fit.
    #[serde(default)]
    header: Set<Header>,
    /// Methods: `GET`, `POST`.
    #[serde(default)]
    method: Set<String>,
    /// Parameters of the query, one of which has to fit.
    #[serde(default)]
    query: Set<Query>,
    /// Ranges of addresses that the client is in.
    #[serde(default)]
    source_ip: Set<Cidr>,
    /// What is done with the request.
    pub action: Action,
}

/// A header and the values that it may have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The header's name.
    name: String,
    /// Values, with `*` and `?`.
    values: Set<String>,
}

/// A parameter of the query.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// The parameter's name; any when left out.
    key: Option<String>,
    /// The value, with `*` and `?`.
    value: String,
}

impl Rule {
    /// What AWS would refuse about the rule. Rules are a set: the priority says which it is.
    pub(super) fn check(&self) -> Vec<Problem> {
        let mut problems = self.action.check("action");
        if self.conditions().is_empty() {
            let text = "a rule needs a condition, such as `path` or `host`";
            problems.push(Problem::at("", text));
        }
        for problem in &mut problems {
            problem.path = "rules".to_owned();
            problem.message =
                format!("the rule of priority {}: {}", self.priority, problem.message);
        }
        problems
    }

    /// The conditions as AWS takes them.
    pub(super) fn conditions(&self) -> Vec<RuleCondition> {
        let values = |set: &Set<String>| (!set.is_empty()).then(|| set.to_vec());
        let condition = |field: &str| RuleCondition::builder().field(field);
        let mut conditions = Vec::new();
        if let Some(values) = values(&self.path) {
            let config = PathPatternConditionConfig::builder().set_values(Some(values)).build();
            conditions.push(condition("path-pattern").path_pattern_config(config).build());
        }
        if let Some(values) = values(&self.host) {
            let config = HostHeaderConditionConfig::builder().set_values(Some(values)).build();
            conditions.push(condition("host-header").host_header_config(config).build());
        }
        for header in &*self.header {
            let config = HttpHeaderConditionConfig::builder()
                .http_header_name(&header.name)
                .set_values(Some(header.values.to_vec()))
                .build();
            conditions.push(condition("http-header").http_header_config(config).build());
        }
        if let Some(values) = values(&self.method) {
            let config = HttpRequestMethodConditionConfig::builder().set_values(Some(values));
            let condition = condition("http-request-method");
            conditions.push(condition.http_request_method_config(config.build()).build());
        }
        if !self.query.is_empty() {
            let pairs = self.query.iter().map(|query| {
                let pair = QueryStringKeyValuePair::builder().set_key(query.key.clone());
                pair.value(&query.value).build()
            });
            let config = QueryStringConditionConfig::builder().set_values(Some(pairs.collect()));
            conditions.push(condition("query-string").query_string_config(config.build()).build());
        }
        if !self.source_ip.is_empty() {
            let ranges = self.source_ip.iter().map(|range| (**range).clone());
            let config = SourceIpConditionConfig::builder().set_values(Some(ranges.collect()));
            conditions.push(condition("source-ip").source_ip_config(config.build()).build());
        }
        conditions
    }

    /// The rule that AWS shows; `None` for the default rule.
    pub(super) fn read(found: &AwsRule) -> Option<Self> {
        let mut rule = Self {
            priority: found.priority()?.parse().ok()?,
            path: Set::default(),
            host: Set::default(),
            header: Set::default(),
            method: Set::default(),
            query: Set::default(),
            source_ip: Set::default(),
            action: Action::read(found.actions()),
        };
        let mut headers = Vec::new();
        for one in found.conditions() {
            // What was set the old way has its values beside the config.
            let set = |values: Option<&[String]>| {
                values.unwrap_or_else(|| one.values()).iter().cloned().collect::<Set<String>>()
            };
            match one.field().unwrap_or_default() {
                "path-pattern" => {
                    rule.path =
                        set(one.path_pattern_config().map(PathPatternConditionConfig::values));
                }
                "host-header" => {
                    rule.host =
                        set(one.host_header_config().map(HostHeaderConditionConfig::values));
                }
                "http-request-method" => {
                    rule.method = set(one
                        .http_request_method_config()
                        .map(HttpRequestMethodConditionConfig::values));
                }
                "http-header" => headers.extend(one.http_header_config().map(|config| Header {
                    name: config.http_header_name().unwrap_or_default().to_owned(),
                    values: config.values().iter().cloned().collect(),
                })),
                "query-string" => {
                    let pairs = one
                        .query_string_config()
                        .map(QueryStringConditionConfig::values)
                        .unwrap_or_default();
                    let pairs = pairs.iter().map(|pair| Query {
                        key: pair.key().map(ToOwned::to_owned),
                        value: pair.value().unwrap_or_default().to_owned(),
                    });
                    rule.query = pairs.collect();
                }
                "source-ip" => {
                    let ranges = one
                        .source_ip_config()
                        .map(SourceIpConditionConfig::values)
                        .unwrap_or_default();
                    rule.source_ip = ranges.iter().map(|range| range.as_str().into()).collect();
                }
                _ => {}
            }
        }
        rule.header = Set::new(headers);
        Some(rule)
    }
}
