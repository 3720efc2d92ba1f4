//! `wafv2.web_acl`: `CreateWebACL`, `UpdateWebACL`, which writes all rules each time.

mod calls;
mod charges;
mod list;
mod managed;
mod rule;

use aws_sdk_wafv2::types::{
    AllowAction, BlockAction, DefaultAction, Scope as AwsScope, VisibilityConfig,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::calls::{associate, lock_token, set_logs};
use super::{client, list as tag_list, tag, tags_of};
use crate::aws::{self, Aws, Error, Result};
use crate::kind::{
    Any, Arn, Charges, Immutable, Kind, Late, Live, Look, Name, Problem, Ref, Scope, Set, Tags,
    UsageName, default, is_unknown, to_word,
};
use crate::kinds::elbv2::LoadBalancer;

/// Rules by which web requests are let through or turned away before they reach what they are for.
///
/// Sets of addresses are objects of their own in AWS, which this does not make: a rule names one by
/// its ARN.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebAcl {
    /// The web ACL's name, unique in its scope: letters, digits, `-` and `_`.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]+$"))]
    name: Name<128>,
    /// What the web ACL is for.
    #[schemars(length(min = 1, max = 256))]
    description: Option<String>,
    /// What it is in front of: resources of its region, or distributions of CloudFront. The latter
    /// are declared with `region: us-east-1`.
    #[serde(default)]
    scope: Immutable<For>,
    /// What happens to requests that no rule decides about.
    #[serde(default)]
    default_action: Otherwise,
    /// The rules, in the order in which requests meet them: the first that decides counts.
    #[serde(default)]
    rules: Vec<rule::Rule>,
    /// Whether CloudWatch counts the requests that rules match, under their names.
    #[serde(default = "default::yes")]
    metrics: bool,
    /// Whether some of these requests can be looked at in the console, for three hours.
    #[serde(default = "default::yes")]
    samples: bool,
    /// Application load balancers that it is in front of; each has one web ACL at most.
    #[serde(default)]
    load_balancers: Late<Set<Ref<LoadBalancer, Arn>>>,
    /// Where requests are logged: a log group, a bucket or a delivery stream of Firehose whose name
    /// begins with `aws-waf-logs-`. AWS writes the policies that it needs itself.
    logs: Option<Ref<Any, Arn>>,
}

/// What a web ACL is in front of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum For {
    /// Resources of its region.
    #[default]
    Regional,
    /// Distributions of CloudFront.
    CloudFront,
}

/// What happens to other requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Otherwise {
    #[default]
    Allow,
    Block,
}

/// What AWS decides about a web ACL.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The web ACL's id.
    id: String,
    /// The web ACL's ARN, which a distribution refers to.
    arn: String,
}

/// What the names of places for logs begin with.
const LOGS: &str = "aws-waf-logs-";

impl Kind for WebAcl {
    const NAME: &'static str = "wafv2.web_acl";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = Some("wafv2:");
    /// It takes AWS some minutes to know a new web ACL or load balancer everywhere.
    const EVENTUAL: &'static [(&'static str, &'static str)] = &[
        ("WAFServiceLinkedRoleErrorException", ""),
        ("WAFTagOperationException", ""),
        ("WAFUnavailableEntityException", ""),
    ];
    const USAGE: &'static [UsageName] = charges::USAGE;

    fn charges(&self, _look: &Look<'_>) -> Charges {
        Charges::Listed(charges::of(&self.rules))
    }

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        list::web_acls(aws, scope).await
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let answer = client(aws)
            .create_web_acl()
            .name(&*new.name)
            .scope(new.scope.aws())
            .set_description(new.description.clone())
            .default_action(new.action())
            .set_rules(Some(new.aws_rules()?))
            .visibility_config(new.visibility(&new.name)?)
            .set_tags(Some(tag_list(tags)?))
            .send()
            .await?;
        let made = answer.summary.ok_or_else(|| Error::missing("Summary"))?;
        let arn = made.arn.ok_or_else(|| Error::missing("ARN"))?;
        let outputs = Outputs { id: made.id.ok_or_else(|| Error::missing("Id"))?, arn };
        let (arn, none) = (&outputs.arn, Set::default());
        aws::eventually(Self::EVENTUAL, || associate(aws, arn, &none, &new.load_balancers)).await?;
        if new.logs.is_some() {
            aws::eventually(Self::EVENTUAL, || set_logs(aws, arn, new.logs.as_ref())).await?;
        }
        Ok(outputs)
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        let (Outputs { id, arn }, spec) = (&was.outputs, &was.spec);
        if spec.basics() != now.basics() {
            // When somebody else was faster, AWS refuses the token, and the next try reads it again.
            client(aws)
                .update_web_acl()
                .name(&*now.name)
                .id(id)
                .scope(now.scope.aws())
                .lock_token(lock_token(aws, was).await?)
                .set_description(now.description.clone())
                .default_action(now.action())
                .set_rules(Some(now.aws_rules()?))
                .visibility_config(now.visibility(&now.name)?)
                .send()
                .await?;
        }
        associate(aws, arn, &spec.load_balancers, &now.load_balancers).await?;
        if spec.logs != now.logs {
            set_logs(aws, arn, now.logs.as_ref()).await?;
        }
        Ok(())
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        let Outputs { id, arn } = &was.outputs;
        associate(aws, arn, &was.spec.load_balancers, &Set::default()).await?;
        let delete = client(aws).delete_web_acl().name(&*was.spec.name).id(id);
        let delete = delete.scope(was.spec.scope.aws()).lock_token(lock_token(aws, was).await?);
        delete.send().await?;
        Ok(())
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tag(aws, &was.outputs.arn, set, remove).await
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = rule::check(&self.rules);
        if *self.scope == For::CloudFront && !self.load_balancers.is_empty() {
            let message = "load balancers have web ACLs of their own region";
            let help = "leave `scope` out, or name the web ACL in the distribution instead";
            problems.push(Problem::at("load_balancers", message).help(help));
        }
        if let Some(logs) = &self.logs
            && !is_unknown(logs)
            && !logs.contains(LOGS)
        {
            let message = format!("the name of a place for WAF's logs begins with `{LOGS}`");
            problems.push(Problem::at("logs", message).help(format!("`{logs}` is another")));
        }
        problems
    }
}

impl For {
    fn aws(self) -> AwsScope {
        AwsScope::from(to_word(&self).as_str())
    }
}

impl WebAcl {
    /// What `UpdateWebACL` writes.
    fn basics(&self) -> impl PartialEq {
        let switches = (self.default_action, self.metrics, self.samples);
        (self.description.clone(), switches, self.rules.clone())
    }

    fn action(&self) -> DefaultAction {
        let action = DefaultAction::builder();
        match self.default_action {
            Otherwise::Allow => action.allow(AllowAction::builder().build()).build(),
            Otherwise::Block => action.block(BlockAction::builder().build()).build(),
        }
    }

    fn visibility(&self, name: &str) -> Result<VisibilityConfig> {
        Ok(VisibilityConfig::builder()
            .metric_name(name)
            .cloud_watch_metrics_enabled(self.metrics)
            .sampled_requests_enabled(self.samples)
            .build()?)
    }

    fn aws_rules(&self) -> Result<Vec<aws_sdk_wafv2::types::Rule>> {
        let write = |(priority, rule): (i32, &rule::Rule)| {
            rule.write(priority, self.visibility(rule.name())?)
        };
        (0..).zip(&self.rules).map(write).collect()
    }
}
