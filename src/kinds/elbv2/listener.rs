//! `elbv2.listener`

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_elasticloadbalancingv2::types::{
    Certificate, Listener as AwsListener, Rule as AwsRule,
};
use futures::future::try_join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::action::Action;
use super::rule::Rule;
use super::{LoadBalancer, client, current_tags, list, tag, tags_of};
use crate::aws::{Absent, Aws, Error, Result, all_pages};
use crate::kind::{Any, Arn, Immutable, Kind, Live, Problem, Ref, Scope, Set, Status, Tags};

/// A port on which a load balancer takes connections, and where requests go from there.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// The load balancer.
    load_balancer: Immutable<Ref<LoadBalancer, Arn>>,
    /// The port.
    #[schemars(range(min = 1, max = 65535))]
    port: i32,
    /// The protocol: HTTP and HTTPS on an application load balancer, the others on a network
    /// load balancer.
    #[schemars(extend("enum" = ["HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP"]))]
    protocol: String,
    /// The certificate of HTTPS and TLS.
    certificate: Option<Ref<Any, Arn>>,
    /// Which versions and ciphers of TLS clients may use; TLS 1.2 and 1.3 when left out. HTTPS
    /// and TLS only.
    #[serde(default = "tls13")]
    ssl_policy: String,
    /// What is done with requests that no rule fits.
    default_action: Action,
    /// Which requests are treated in another way. Application load balancers only.
    #[serde(default)]
    rules: Set<Rule>,
}

/// What AWS decides about a listener.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The listener's ARN.
    arn: String,
}

/// The policy that AWS recommends: TLS 1.3, and 1.2 with forward secrecy.
fn tls13() -> String {
    "ELBSecurityPolicy-TLS13-1-2-2021-06".to_owned()
}

impl Kind for Listener {
    const NAME: &'static str = "elbv2.listener";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = Some("elasticloadbalancing:listener/");
    // A target group is behind one load balancer at most: a listener that moves to another load
    // balancer with what it forwards to lets go of it first.
    const CLAIMS: &'static [&'static str] = &["default_action"];

    /// AWS lists listeners by load balancer. Those looked into are ours and those that the sweep
    /// names, so that a listener which the sweep does not know yet is found with its load balancer.
    const FREE: bool = true;

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        let mut found = Vec::new();
        let swept: BTreeSet<String> =
            scope.swept.keys().filter_map(|arn| balancer_of(arn)).collect();
        for listeners in try_join_all(swept.iter().map(|arn| listeners_of(aws, arn))).await? {
            found.extend(listeners);
        }
        let is_swept =
            |one: &AwsListener| one.listener_arn().is_some_and(|arn| scope.swept.contains_key(arn));
        if found.iter().filter(|one| is_swept(one)).count() < scope.declared {
            let mut arns = balancers(aws).await?;
            arns.retain(|arn| !swept.contains(arn));
            let tags = tags_of(aws, &arns).await?;
            arns.retain(|arn| tags.get(arn).is_some_and(|tags| scope.owns(tags)));
            found.extend(
                try_join_all(arns.iter().map(|arn| listeners_of(aws, arn))).await?.concat(),
            );
        }
        let arns = found.iter().filter_map(|one| one.listener_arn.as_ref());
        let tags = current_tags(aws, scope, arns).await?;
        let owned = found.into_iter().filter_map(|one| {
            let tags = tags.get(one.listener_arn()?)?.clone();
            scope.owns(&tags).then_some((one, tags))
        });
        try_join_all(owned.map(|(one, tags)| read(aws, one, tags))).await
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let answer = client(aws)
            .create_listener()
            .load_balancer_arn(new.load_balancer.as_str())
            .port(new.port)
            .protocol(new.protocol.as_str().into())
            .set_certificates(new.certificates())
            .set_ssl_policy(new.speaks_tls().then(|| new.ssl_policy.clone()))
            .default_actions(new.default_action.send())
            .set_tags(Some(list(tags)))
            .send()
            .await?;
        let made = answer.listeners().first().ok_or_else(|| Error::missing("Listeners"))?;
        let arn = made.listener_arn().ok_or_else(|| Error::missing("ListenerArn"))?.to_owned();
        try_join_all(new.rules.iter().map(|rule| create_rule(aws, &arn, rule))).await?;
        Ok(Outputs { arn })
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        let (arn, spec) = (&was.outputs.arn, &was.spec);
        if (spec.port, &spec.protocol, &spec.certificate, &spec.ssl_policy, &spec.default_action)
            != (now.port, &now.protocol, &now.certificate, &now.ssl_policy, &now.default_action)
        {
            modify(aws, arn, now).await?;
        }
        if spec.rules != now.rules {
            set_rules(aws, arn, &spec.rules, &now.rules).await?;
        }
        Ok(())
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        client(aws).delete_listener().listener_arn(&was.outputs.arn).send().await?;
        Ok(())
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tag(aws, &was.outputs.arn, set, remove).await
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = self.default_action.check("default_action");
        if self.speaks_tls() != self.certificate.is_some() {
            let text = "HTTPS and TLS need a certificate, and nothing else takes one";
            problems.push(Problem::at("certificate", text));
        }
        if !self.speaks_tls() && self.ssl_policy != tls13() {
            problems.push(Problem::at("ssl_policy", "only HTTPS and TLS have one"));
        }
        if !self.protocol.starts_with("HTTP") && !self.rules.is_empty() {
            problems.push(Problem::at("rules", "only HTTP and HTTPS listeners have rules"));
        }
        for (index, rule) in self.rules.iter().enumerate() {
            problems.extend(rule.check());
            if self.rules[..index].iter().any(|other| other.priority == rule.priority) {
                let text = format!("several rules have the priority {}", rule.priority);
                problems.push(Problem::at("rules", text));
            }
        }
        problems
    }

    fn check_together(all: &[(&str, &Self)]) -> Vec<(usize, Problem)> {
        let place = |listener: &Self| (listener.load_balancer.to_string(), listener.port);
        let mut seen = BTreeMap::new();
        let mut problems = Vec::new();
        for (index, (address, listener)) in all.iter().enumerate() {
            if let Some(other) = seen.insert(place(listener), address) {
                let text = format!("`{other}` listens on the same port of the same load balancer");
                problems.push((index, Problem::at("port", text)));
            }
        }
        problems
    }
}

impl Listener {
    fn speaks_tls(&self) -> bool {
        matches!(self.protocol.as_str(), "HTTPS" | "TLS")
    }

    fn certificates(&self) -> Option<Vec<Certificate>> {
        let certificate = self.certificate.as_ref()?;
        Some(vec![Certificate::builder().certificate_arn(certificate.as_str()).build()])
    }
}

async fn modify(aws: &Aws, arn: &str, now: &Listener) -> Result<()> {
    client(aws)
        .modify_listener()
        .listener_arn(arn)
        .port(now.port)
        .protocol(now.protocol.as_str().into())
        .set_certificates(now.certificates())
        .set_ssl_policy(now.speaks_tls().then(|| now.ssl_policy.clone()))
        .default_actions(now.default_action.send())
        .send()
        .await?;
    Ok(())
}

/// Rules are known by their priority. What goes is deleted last, so that a rule which only moves
/// to another priority leaves no gap.
async fn set_rules(aws: &Aws, arn: &str, was: &Set<Rule>, now: &Set<Rule>) -> Result<()> {
    let live = rules_of(aws, arn).await?;
    let arn_of = |priority: i32| {
        let text = priority.to_string();
        live.iter().find(|rule| rule.priority() == Some(&text)).and_then(AwsRule::rule_arn)
    };
    for rule in now.minus(was) {
        match arn_of(rule.priority) {
            Some(arn) => {
                let modify = client(aws).modify_rule().rule_arn(arn).actions(rule.action.send());
                modify.set_conditions(Some(rule.conditions())).send().await?;
            }
            None => create_rule(aws, arn, rule).await?,
        }
    }
    for rule in was.minus(now) {
        if let Some(arn) = arn_of(rule.priority)
            && !now.iter().any(|kept| kept.priority == rule.priority)
        {
            client(aws).delete_rule().rule_arn(arn).send().await?;
        }
    }
    Ok(())
}

async fn create_rule(aws: &Aws, arn: &str, rule: &Rule) -> Result<()> {
    let create = client(aws).create_rule().listener_arn(arn).priority(rule.priority);
    let create = create.set_conditions(Some(rule.conditions())).actions(rule.action.send());
    create.send().await?;
    Ok(())
}

/// The load balancer of a listener.
fn balancer_of(listener: &str) -> Option<String> {
    let balancer = listener.replacen(":listener/", ":loadbalancer/", 1);
    balancer.rsplit_once('/').map(|(balancer, _)| balancer.to_owned())
}

async fn balancers(aws: &Aws) -> Result<Vec<String>> {
    let all = client(aws).describe_load_balancers().into_paginator().items().send();
    let all = all_pages(all).await?;
    Ok(all.into_iter().filter_map(|one| one.load_balancer_arn).collect())
}

/// A load balancer's listeners; none when it is gone.
async fn listeners_of(aws: &Aws, arn: &str) -> Result<Vec<AwsListener>> {
    let all = client(aws).describe_listeners().load_balancer_arn(arn).into_paginator().items();
    let all = all_pages(all.send()).await;
    Ok(all.absent()?.unwrap_or_default())
}

async fn rules_of(aws: &Aws, arn: &str) -> Result<Vec<AwsRule>> {
    let all = client(aws).describe_rules().listener_arn(arn).into_paginator().items();
    all_pages(all.send()).await
}

async fn read(aws: &Aws, found: AwsListener, tags: Tags) -> Result<Live<Listener>> {
    let arn = found.listener_arn().ok_or_else(|| Error::missing("ListenerArn"))?.to_owned();
    let protocol = found.protocol().map_or_else(String::new, |it| it.as_str().to_owned());
    let rules = if protocol.starts_with("HTTP") { rules_of(aws, &arn).await? } else { Vec::new() };
    let certificate = found.certificates().first().and_then(Certificate::certificate_arn);
    Ok(Live {
        spec: Listener {
            load_balancer: Ref::new(found.load_balancer_arn().unwrap_or_default()).into(),
            port: found.port().unwrap_or_default(),
            protocol,
            certificate: certificate.map(Ref::new),
            ssl_policy: found.ssl_policy().map_or_else(tls13, ToOwned::to_owned),
            default_action: Action::read(found.default_actions()),
            rules: rules.iter().filter_map(Rule::read).collect(),
        },
        outputs: Outputs { arn },
        tags,
        status: Status::Usable,
    })
}
