//! `elbv2.target_group`

use aws_sdk_elasticloadbalancingv2::types::{
    Matcher, TargetGroup as AwsTargetGroup, TargetGroupAttribute,
};
use futures::future::try_join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Attributes, changed, client, current_tags, list, number, tag, truth};
use crate::aws::{Aws, Error, Result, all_pages};
use crate::kind::field::Id;
use crate::kind::{Immutable, Kind, Live, Name, Problem, Ref, Scope, Status, Tags};
use crate::kinds::ec2::Vpc;

/// A group of targets behind a load balancer, and how their health is checked.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetGroup {
    /// The target group's name.
    name: Name<32>,
    /// The protocol spoken with the targets: HTTP and HTTPS behind an application load balancer,
    /// the others behind a network load balancer.
    #[serde(default = "http")]
    #[schemars(extend("enum" = ["HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP"]))]
    protocol: Immutable<String>,
    /// The version of HTTP spoken with the targets.
    #[serde(default = "http1")]
    #[schemars(extend("enum" = ["HTTP1", "HTTP2", "GRPC"]))]
    protocol_version: Immutable<String>,
    /// The port on which targets listen, unless they are registered with another.
    #[schemars(range(min = 1, max = 65535))]
    port: Immutable<i32>,
    /// The network that the targets are in.
    vpc: Immutable<Ref<Vpc, Id>>,
    /// What targets are: `ip` addresses (tasks on Fargate), `instance`s or an `alb`.
    #[serde(default = "ip")]
    #[schemars(extend("enum" = ["ip", "instance", "alb"]))]
    target_type: Immutable<String>,
    /// How targets are checked.
    #[serde(default)]
    health_check: HealthCheck,
    /// Seconds that a target still gets to finish its requests once it is taken out.
    #[serde(default = "five_minutes")]
    #[schemars(range(min = 0, max = 3600))]
    deregistration_delay: i32,
    /// Seconds over which a new target's share of requests grows; 0 for none. HTTP and HTTPS only.
    #[serde(default)]
    #[schemars(range(min = 0, max = 900))]
    slow_start: i32,
    /// How a request finds a target. HTTP and HTTPS only.
    #[serde(default = "round_robin")]
    #[schemars(extend("enum" = ["round_robin", "least_outstanding_requests", "weighted_random"]))]
    algorithm: String,
    /// How a client stays with its target; not at all when left out.
    stickiness: Option<Stickiness>,
}

/// How targets are checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HealthCheck {
    /// The protocol of the checks.
    #[serde(default = "http_text")]
    #[schemars(extend("enum" = ["HTTP", "HTTPS", "TCP"]))]
    protocol: String,
    /// The port that is checked, or `traffic-port` for the target's own.
    #[serde(default = "traffic_port")]
    port: String,
    /// The path that is asked for. HTTP and HTTPS only.
    #[serde(default = "slash")]
    path: String,
    /// The codes that say that a target is healthy: `200`, `200,302`, `200-399`; for GRPC, its
    /// own codes. HTTP and HTTPS only.
    #[serde(default = "two_hundred")]
    matcher: String,
    /// Seconds from one check to the next.
    #[serde(default = "thirty")]
    #[schemars(range(min = 5, max = 300))]
    interval: i32,
    /// Seconds without an answer after which a check has failed.
    #[serde(default = "five")]
    #[schemars(range(min = 2, max = 120))]
    timeout: i32,
    /// Good checks in a row that make a target healthy.
    #[serde(default = "five")]
    #[schemars(range(min = 2, max = 10))]
    healthy_threshold: i32,
    /// Failed checks in a row that make a target unhealthy.
    #[serde(default = "two")]
    #[schemars(range(min = 2, max = 10))]
    unhealthy_threshold: i32,
}

/// How a client stays with its target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stickiness {
    /// `lb_cookie` for the load balancer's own cookie, `app_cookie` for one of the application's,
    /// `source_ip` behind a network load balancer.
    #[serde(default = "lb_cookie")]
    #[schemars(extend("enum" = ["lb_cookie", "app_cookie", "source_ip"]))]
    r#type: String,
    /// The name of the application's cookie.
    cookie: Option<String>,
    /// Seconds after which the client may go elsewhere. Cookies only.
    #[serde(default = "day")]
    #[schemars(range(min = 1, max = 604_800))]
    duration: i32,
}

/// What AWS decides about a target group.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The target group's ARN.
    arn: String,
    /// The target group's name.
    name: String,
    /// What CloudWatch calls it in the dimension `TargetGroup`.
    full_name: String,
}

fn http() -> Immutable<String> {
    "HTTP".to_owned().into()
}

fn http1() -> Immutable<String> {
    "HTTP1".to_owned().into()
}

fn ip() -> Immutable<String> {
    "ip".to_owned().into()
}

fn five_minutes() -> i32 {
    300
}

fn round_robin() -> String {
    "round_robin".to_owned()
}

fn http_text() -> String {
    "HTTP".to_owned()
}

fn traffic_port() -> String {
    "traffic-port".to_owned()
}

fn slash() -> String {
    "/".to_owned()
}

fn two_hundred() -> String {
    "200".to_owned()
}

fn lb_cookie() -> String {
    "lb_cookie".to_owned()
}

fn thirty() -> i32 {
    30
}

fn five() -> i32 {
    5
}

fn two() -> i32 {
    2
}

fn day() -> i32 {
    86_400
}

impl Default for HealthCheck {
    fn default() -> Self {
        Self {
            protocol: http_text(),
            port: traffic_port(),
            path: slash(),
            matcher: two_hundred(),
            interval: thirty(),
            timeout: five(),
            healthy_threshold: five(),
            unhealthy_threshold: two(),
        }
    }
}

impl HealthCheck {
    fn speaks_http(&self) -> bool {
        self.protocol != "TCP"
    }
}

impl Kind for TargetGroup {
    const NAME: &'static str = "elbv2.target_group";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = Some("elasticloadbalancing:targetgroup/");
    const FREE: bool = true;

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        let all = client(aws).describe_target_groups().into_paginator().items().send();
        let all = all_pages(all).await?;
        let candidates: Vec<_> = all
            .into_iter()
            .filter_map(|one| Some((one.target_group_arn.clone()?, one)))
            .filter(|(arn, one)| {
                scope.is_candidate(arn, one.target_group_name().unwrap_or_default())
            })
            .collect();
        let tags = current_tags(aws, scope, candidates.iter().map(|(arn, _)| arn)).await?;
        let wanted = candidates.into_iter().filter_map(|(arn, one)| {
            let tags = tags.get(&arn)?.clone();
            scope.wants(&tags, one.target_group_name()?).then_some((one, tags))
        });
        try_join_all(wanted.map(|(one, tags)| read(aws, one, tags))).await
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let check = &new.health_check;
        let answer = client(aws)
            .create_target_group()
            .name(&*new.name)
            .protocol(new.protocol.as_str().into())
            .set_protocol_version(new.speaks_http().then(|| new.protocol_version.to_string()))
            .port(*new.port)
            .vpc_id(new.vpc.as_str())
            .target_type(new.target_type.as_str().into())
            .health_check_enabled(true)
            .health_check_protocol(check.protocol.as_str().into())
            .health_check_port(&check.port)
            .set_health_check_path(check.speaks_http().then(|| check.path.clone()))
            .set_matcher(check.speaks_http().then(|| new.matcher()))
            .health_check_interval_seconds(check.interval)
            .health_check_timeout_seconds(check.timeout)
            .healthy_threshold_count(check.healthy_threshold)
            .unhealthy_threshold_count(check.unhealthy_threshold)
            .set_tags(Some(list(tags)))
            .send()
            .await?;
        let made = answer.target_groups().first().ok_or_else(|| Error::missing("TargetGroups"))?;
        let outputs = outputs(made)?;
        set_attributes(aws, &outputs.arn, attributes(new)).await?;
        Ok(outputs)
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        let arn = &was.outputs.arn;
        if was.spec.health_check != now.health_check {
            set_health_check(aws, arn, now).await?;
        }
        set_attributes(aws, arn, changed(&attributes(&was.spec), attributes(now))).await
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        client(aws).delete_target_group().target_group_arn(&was.outputs.arn).send().await?;
        Ok(())
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tag(aws, &was.outputs.arn, set, remove).await
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if !self.speaks_http() {
            let text = "only target groups that speak HTTP or HTTPS have this";
            let fields = [
                ("protocol_version", *self.protocol_version != "HTTP1"),
                ("slow_start", self.slow_start != 0),
                ("algorithm", self.algorithm != round_robin()),
            ];
            let set = fields.into_iter().filter(|(_, is_set)| *is_set);
            problems.extend(set.map(|(field, _)| Problem::at(field, text)));
        } else if self.health_check.protocol == "TCP" {
            let text = "targets that speak HTTP or HTTPS are checked by one of these";
            problems.push(Problem::at("health_check.protocol", text));
        }
        if (1..30).contains(&self.slow_start) {
            problems.push(Problem::at("slow_start", "a slow start takes 30 to 900 seconds"));
        }
        if self.health_check.timeout >= self.health_check.interval {
            let text = "a check has to be over before the next: `timeout` is less than `interval`";
            problems.push(Problem::at("health_check.timeout", text));
        }
        if let Some(stickiness) = &self.stickiness {
            if self.speaks_http() == (stickiness.r#type == "source_ip") {
                let text = "`source_ip` is for network load balancers, cookies are for the others";
                problems.push(Problem::at("stickiness.type", text));
            }
            if (stickiness.r#type == "app_cookie") != stickiness.cookie.is_some() {
                let text = "`app_cookie` needs the name of a cookie, and nothing else takes one";
                problems.push(Problem::at("stickiness.cookie", text));
            }
        }
        problems
    }
}

impl TargetGroup {
    fn speaks_http(&self) -> bool {
        self.protocol.starts_with("HTTP")
    }

    fn matcher(&self) -> Matcher {
        let codes = &self.health_check.matcher;
        if *self.protocol_version == "GRPC" {
            Matcher::builder().grpc_code(codes).build()
        } else {
            Matcher::builder().http_code(codes).build()
        }
    }
}

async fn set_health_check(aws: &Aws, arn: &str, now: &TargetGroup) -> Result<()> {
    let check = &now.health_check;
    client(aws)
        .modify_target_group()
        .target_group_arn(arn)
        .health_check_protocol(check.protocol.as_str().into())
        .health_check_port(&check.port)
        .set_health_check_path(check.speaks_http().then(|| check.path.clone()))
        .set_matcher(check.speaks_http().then(|| now.matcher()))
        .health_check_interval_seconds(check.interval)
        .health_check_timeout_seconds(check.timeout)
        .healthy_threshold_count(check.healthy_threshold)
        .unhealthy_threshold_count(check.unhealthy_threshold)
        .send()
        .await?;
    Ok(())
}

const DELAY: &str = "deregistration_delay.timeout_seconds";
const SLOW_START: &str = "slow_start.duration_seconds";
const ALGORITHM: &str = "load_balancing.algorithm.type";
const STICKY: &str = "stickiness.enabled";
const STICKY_TYPE: &str = "stickiness.type";
const STICKY_COOKIE: &str = "stickiness.app_cookie.cookie_name";
const STICKY_APP: &str = "stickiness.app_cookie.duration_seconds";
const STICKY_LB: &str = "stickiness.lb_cookie.duration_seconds";

/// The attributes that the target group's protocol has.
fn attributes(spec: &TargetGroup) -> Attributes {
    let mut pairs = vec![
        (DELAY, spec.deregistration_delay.to_string()),
        (STICKY, spec.stickiness.is_some().to_string()),
    ];
    if spec.speaks_http() {
        pairs.push((SLOW_START, spec.slow_start.to_string()));
        pairs.push((ALGORITHM, spec.algorithm.clone()));
    }
    if let Some(stickiness) = &spec.stickiness {
        pairs.push((STICKY_TYPE, stickiness.r#type.clone()));
        if let Some(cookie) = &stickiness.cookie {
            pairs.push((STICKY_COOKIE, cookie.clone()));
        }
        match stickiness.r#type.as_str() {
            "app_cookie" => pairs.push((STICKY_APP, stickiness.duration.to_string())),
            "lb_cookie" => pairs.push((STICKY_LB, stickiness.duration.to_string())),
            _ => {}
        }
    }
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

async fn set_attributes(aws: &Aws, arn: &str, attributes: Attributes) -> Result<()> {
    if attributes.is_empty() {
        return Ok(());
    }
    let attributes = attributes
        .into_iter()
        .map(|(name, value)| TargetGroupAttribute::builder().key(name).value(value).build());
    let modify = client(aws).modify_target_group_attributes().target_group_arn(arn);
    modify.set_attributes(Some(attributes.collect())).send().await?;
    Ok(())
}

fn outputs(found: &AwsTargetGroup) -> Result<Outputs> {
    let arn = found.target_group_arn().ok_or_else(|| Error::missing("TargetGroupArn"))?;
    Ok(Outputs {
        arn: arn.to_owned(),
        name: found.target_group_name().unwrap_or_default().to_owned(),
        full_name: arn.rsplit(':').next().unwrap_or_default().to_owned(),
    })
}

async fn read(aws: &Aws, found: AwsTargetGroup, tags: Tags) -> Result<Live<TargetGroup>> {
    let outputs = outputs(&found)?;
    let look = client(aws).describe_target_group_attributes().target_group_arn(&outputs.arn);
    let attributes = look.send().await?.attributes.unwrap_or_default();
    let attributes: Attributes =
        attributes.into_iter().filter_map(|one| Some((one.key?, one.value?))).collect();
    Ok(Live {
        spec: TargetGroup {
            name: outputs.name.as_str().into(),
            protocol: found.protocol().map_or_else(http, |it| it.as_str().to_owned().into()),
            protocol_version: found
                .protocol_version()
                .map_or_else(http1, |it| it.to_owned().into()),
            port: found.port().unwrap_or_default().into(),
            vpc: Ref::new(found.vpc_id().unwrap_or_default()).into(),
            target_type: found.target_type().map_or_else(ip, |it| it.as_str().to_owned().into()),
            health_check: read_health_check(&found),
            deregistration_delay: number(&attributes, DELAY, five_minutes()),
            slow_start: number(&attributes, SLOW_START, 0),
            algorithm: attributes.get(ALGORITHM).cloned().unwrap_or_else(round_robin),
            stickiness: truth(&attributes, STICKY, false).then(|| read_stickiness(&attributes)),
        },
        outputs,
        tags,
        status: Status::Usable,
    })
}

fn read_health_check(found: &AwsTargetGroup) -> HealthCheck {
    let protocol =
        found.health_check_protocol().map_or_else(http_text, |it| it.as_str().to_owned());
    // What was said of HTTP may linger where it no longer matters.
    let speaks_http = protocol != "TCP";
    let codes = found.matcher().and_then(|it| it.http_code().or_else(|| it.grpc_code()));
    HealthCheck {
        port: found.health_check_port().map_or_else(traffic_port, ToOwned::to_owned),
        path: found
            .health_check_path()
            .filter(|_| speaks_http)
            .map_or_else(slash, ToOwned::to_owned),
        matcher: codes.filter(|_| speaks_http).map_or_else(two_hundred, ToOwned::to_owned),
        interval: found.health_check_interval_seconds().unwrap_or_default(),
        timeout: found.health_check_timeout_seconds().unwrap_or_default(),
        healthy_threshold: found.healthy_threshold_count().unwrap_or_default(),
        unhealthy_threshold: found.unhealthy_threshold_count().unwrap_or_default(),
        protocol,
    }
}

fn read_stickiness(attributes: &Attributes) -> Stickiness {
    let r#type = attributes.get(STICKY_TYPE).cloned().unwrap_or_else(lb_cookie);
    let is_app = r#type == "app_cookie";
    let duration = if is_app { STICKY_APP } else { STICKY_LB };
    Stickiness {
        cookie: attributes.get(STICKY_COOKIE).filter(|name| is_app && !name.is_empty()).cloned(),
        duration: match r#type.as_str() {
            "source_ip" => day(),
            _ => number(attributes, duration, day()),
        },
        r#type,
    }
}
