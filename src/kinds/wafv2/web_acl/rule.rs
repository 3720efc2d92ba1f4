//! Rules of a web ACL: what they look for, and what they do about it.

use std::collections::BTreeSet;

use aws_sdk_wafv2::types::{
    CountAction, CountryCode, GeoMatchStatement, IpSetReferenceStatement, NoneAction, NotStatement,
    OverrideAction, RateBasedStatement, RateBasedStatementAggregateKeyType, Rule as AwsRule,
    Statement, VisibilityConfig,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::managed::{Action, Managed};
use crate::aws::Result;
use crate::kind::{Problem, Set};

/// One rule. It looks for one thing: `managed`, `rate`, `countries` or `ip_set`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The rule's name, unique in the web ACL, and the name of its metric.
    #[schemars(length(min = 1, max = 128), regex(pattern = r"^[A-Za-z0-9_-]+$"))]
    name: String,
    /// What is done with requests that match. A managed group decides that itself.
    action: Option<Action>,
    /// A group of rules that AWS or a vendor keeps.
    managed: Option<Managed>,
    /// Addresses that send too many requests.
    rate: Option<Rate>,
    /// Requests from these countries: `[FR, DE]`.
    #[serde(default)]
    #[schemars(length(max = 50))]
    countries: Set<String>,
    /// Requests from the addresses of a set, by the set's ARN.
    ip_set: Option<String>,
    /// Whether all others match, in place of those from the `countries` or the `ip_set`.
    #[serde(default)]
    invert: bool,
}

/// Too many requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// How many requests of one address are not too many.
    #[schemars(range(min = 10, max = 2_000_000_000))]
    limit: i64,
    /// In how many seconds.
    #[serde(default = "five_minutes")]
    #[schemars(extend("enum" = [60, 120, 300, 600]))]
    seconds: i64,
}

fn five_minutes() -> i64 {
    300
}

/// What AWS would refuse.
pub(super) fn check(rules: &[Rule]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut seen = BTreeSet::new();
    for (place, rule) in rules.iter().enumerate() {
        let mut wrong = |message: String| {
            problems.push(Problem::at(format!("rules[{place}]"), message));
        };
        if !seen.insert(&rule.name) {
            wrong(format!("two rules have the name `{}`", rule.name));
        }
        let by_origin = [!rule.countries.is_empty(), rule.ip_set.is_some()];
        let looks = [rule.managed.is_some(), rule.rate.is_some(), by_origin[0], by_origin[1]];
        if looks.iter().filter(|looks| **looks).count() != 1 {
            wrong("a rule has one of `managed`, `rate`, `countries` and `ip_set`".to_owned());
        } else if rule.managed.is_some() == rule.action.is_some() {
            let text = if rule.action.is_some() {
                "a managed group has no `action`: it has `count` and `overrides`"
            } else {
                "a rule needs an `action`"
            };
            wrong(text.to_owned());
        }
        if rule.rate.is_some() && rule.action == Some(Action::Allow) {
            wrong("a rule about too many requests cannot `allow` them".to_owned());
        }
        if rule.invert && !by_origin.contains(&true) {
            wrong("`invert` belongs to `countries` or an `ip_set`".to_owned());
        }
        let is_code =
            |code: &&String| code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase());
        for code in rule.countries.iter().filter(|code| !is_code(code)) {
            wrong(format!("`{code}` is no code of a country: two capitals, such as `FR`"));
        }
    }
    problems
}

impl Rule {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it may do this with a request.
    pub(super) fn does(&self, action: Action) -> bool {
        self.action == Some(action) || self.managed.iter().any(|group| group.does(action))
    }

    /// The group that it consists of, if that one costs more than other rules.
    pub(super) fn paid_group(&self) -> Option<&str> {
        self.managed.as_ref()?.paid()
    }

    /// AWS's rule, at a place in the order.
    pub(super) fn write(&self, priority: i32, visibility: VisibilityConfig) -> Result<AwsRule> {
        let mut over = None;
        let mut statement = Statement::builder();
        if let Some(managed) = &self.managed {
            let action = OverrideAction::builder();
            over = Some(if managed.count {
                action.count(CountAction::builder().build()).build()
            } else {
                action.none(NoneAction::builder().build()).build()
            });
            statement = statement.managed_rule_group_statement(managed.write()?);
        } else if let Some(rate) = &self.rate {
            let rate = RateBasedStatement::builder()
                .limit(rate.limit)
                .evaluation_window_sec(rate.seconds)
                .aggregate_key_type(RateBasedStatementAggregateKeyType::Ip)
                .build()?;
            statement = statement.rate_based_statement(rate);
        } else if let Some(arn) = &self.ip_set {
            let set = IpSetReferenceStatement::builder().arn(arn).build()?;
            statement = statement.ip_set_reference_statement(set);
        } else {
            let codes = self.countries.iter().map(|code| CountryCode::from(code.as_str()));
            let geo = GeoMatchStatement::builder().set_country_codes(Some(codes.collect()));
            statement = statement.geo_match_statement(geo.build());
        }
        let mut statement = statement.build();
        if self.invert {
            let not = NotStatement::builder().statement(statement).build();
            statement = Statement::builder().not_statement(not).build();
        }
        Ok(AwsRule::builder()
            .name(&self.name)
            .priority(priority)
            .statement(statement)
            .set_action(self.action.map(Action::write))
            .set_override_action(over)
            .visibility_config(visibility)
            .build()?)
    }

    /// A rule of another sort looks for nothing here, which no stack file can say, and so shows as a
    /// difference.
    pub(super) fn read(rule: &AwsRule) -> Self {
        let mut read = Self {
            name: rule.name().to_owned(),
            action: rule.action().and_then(Action::read),
            managed: None,
            rate: None,
            countries: Set::default(),
            ip_set: None,
            invert: false,
        };
        let not = rule.statement().and_then(Statement::not_statement);
        let inner = not.and_then(NotStatement::statement);
        read.invert = inner.is_some();
        let Some(statement) = inner.or(rule.statement()) else { return read };
        if let Some(group) = statement.managed_rule_group_statement() {
            let count = rule.override_action().is_some_and(|over| over.count().is_some());
            read.managed = Some(Managed::read(group, count));
        }
        let by_address = RateBasedStatementAggregateKeyType::Ip;
        let rate = statement.rate_based_statement();
        let plain = |rate: &&RateBasedStatement| {
            *rate.aggregate_key_type() == by_address && rate.scope_down_statement().is_none()
        };
        read.rate = rate
            .filter(plain)
            .map(|rate| Rate { limit: rate.limit(), seconds: rate.evaluation_window_sec() });
        let codes = statement.geo_match_statement().map(GeoMatchStatement::country_codes);
        let codes = codes.unwrap_or_default().iter().map(|code| code.as_str().to_owned());
        read.countries = codes.collect();
        read.ip_set = statement.ip_set_reference_statement().map(|set| set.arn().to_owned());
        read
    }
}
