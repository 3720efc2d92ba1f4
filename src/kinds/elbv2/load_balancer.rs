//! `elbv2.load_balancer`

use aws_sdk_elasticloadbalancingv2::types::{
    AvailabilityZone, LoadBalancer as AwsLoadBalancer, LoadBalancerAttribute,
    LoadBalancerSchemeEnum, LoadBalancerState, LoadBalancerStateEnum,
};
use aws_smithy_types::DateTime;
use futures::future::try_join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Attributes, changed, client, current_tags, list, number, tag, truth};
use crate::aws::{Aws, Error, Result, all_pages};
use crate::kind::charge::HOURS;
use crate::kind::field::{Id, NameOutput};
use crate::kind::{
    Charge, Charges, Immutable, Kind, Live, Look, Name, Problem, Ref, Scope, Set, Status, Tags,
    UsageName, default, from_word, is_unknown, to_word,
};
use crate::kinds::ec2::{SecurityGroup, Subnet};
use crate::kinds::s3::Bucket;

/// An application or network load balancer.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoadBalancer {
    /// The load balancer's name.
    name: Name<32>,
    /// `application` for HTTP and HTTPS, `network` for TCP, UDP and TLS.
    #[serde(default)]
    r#type: Immutable<Type>,
    /// `internal` for addresses of the network alone, `internet-facing` for public ones.
    #[serde(default)]
    scheme: Immutable<Scheme>,
    /// The subnets it has addresses in, one per zone; an application load balancer needs two.
    subnets: Set<Ref<Subnet, Id>>,
    /// The security groups of its addresses. A network load balancer made without any can get
    /// none later.
    #[serde(default)]
    security_groups: Set<Ref<SecurityGroup, Id>>,
    /// `ipv4`; `dualstack` for IPv6 as well; `dualstack-without-public-ipv4` for public IPv6
    /// alone.
    #[serde(default = "ipv4")]
    #[schemars(extend("enum" = ["ipv4", "dualstack", "dualstack-without-public-ipv4"]))]
    ip_address_type: String,
    /// Whether AWS refuses to delete it, until this is taken away again or a run overrides protection.
    #[serde(default)]
    deletion_protection: bool,
    /// Seconds after which an idle connection is closed. Application load balancers only.
    #[serde(default = "sixty")]
    #[schemars(range(min = 1, max = 4000))]
    idle_timeout: i32,
    /// Whether headers with invalid names are taken out of requests instead of passed on.
    /// Application load balancers only.
    #[serde(default = "default::yes")]
    drop_invalid_headers: bool,
    /// Whether HTTP/2 is offered. Application load balancers only.
    #[serde(default = "default::yes")]
    http2: bool,
    /// Whether every address serves the targets of all zones. An application load balancer
    /// always does; for a network load balancer AWS bills the traffic between zones.
    #[serde(default = "default::yes")]
    cross_zone: bool,
    /// Where a record of every request is kept; nowhere when left out.
    access_logs: Option<AccessLogs>,
}

/// The type of a load balancer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Type {
    #[default]
    Application,
    Network,
}

/// Where a load balancer can be reached from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    #[default]
    Internal,
    InternetFacing,
}

/// Where access logs go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccessLogs {
    /// The bucket's name. Its policy has to let the load balancer write.
    bucket: Ref<Bucket, NameOutput>,
    /// What the objects' keys begin with.
    #[serde(default)]
    prefix: String,
}

/// What AWS decides about a load balancer.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The load balancer's ARN.
    arn: String,
    /// The name under which it is reached.
    dns_name: String,
    /// The hosted zone of that name, for alias records.
    zone_id: String,
    /// The load balancer's name.
    name: String,
    /// What CloudWatch calls it in the dimension `LoadBalancer`.
    full_name: String,
}

fn ipv4() -> String {
    "ipv4".to_owned()
}

fn sixty() -> i32 {
    60
}

impl Kind for LoadBalancer {
    const NAME: &'static str = "elbv2.load_balancer";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = Some("elasticloadbalancing:loadbalancer/");
    const AFTER: &'static [&'static str] = &["ec2.internet_gateway"];
    // A subnet just routed to a new internet gateway may not look public yet.
    const EVENTUAL: &'static [(&'static str, &'static str)] = &[
        ("InvalidSubnet", "no internet gateway"),
        ("InvalidConfigurationRequest", "Access Denied"),
    ];
    const PROTECTION: &'static [(&'static str, &'static str)] = &[("deletion_protection", "false")];
    const NIGHT: Option<&'static str> = Some("load_balancers");
    const USAGE: &'static [UsageName] =
        &[HOURS, UsageName::new("lcu", "Capacity units that it uses in an average hour.")];

    fn charges(&self, _look: &Look<'_>) -> Charges {
        let (hour, lcu) = match *self.r#type {
            Type::Application => ("elbv2.application.hour", "elbv2.application.lcu_hour"),
            Type::Network => ("elbv2.network.hour", "elbv2.network.lcu_hour"),
        };
        let mut charges = vec![
            Charge::hourly("load balancer", hour, 1.0),
            Charge::used_hourly("capacity units", lcu, "lcu"),
        ];
        let has_addresses = self.ip_address_type != "dualstack-without-public-ipv4";
        if *self.scheme == Scheme::InternetFacing && has_addresses {
            let zones = i32::try_from(self.subnets.len()).map_or(0.0, f64::from);
            charges.push(Charge::hourly("addresses, by zones", "ec2.public_ipv4.hour", zones));
        }
        Charges::Listed(charges)
    }

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        let all = client(aws).describe_load_balancers().into_paginator().items().send();
        let all = all_pages(all).await?;
        let candidates: Vec<_> = all
            .into_iter()
            .filter_map(|one| Some((one.load_balancer_arn.clone()?, one)))
            .filter(|(arn, one)| {
                scope.is_candidate(arn, one.load_balancer_name().unwrap_or_default())
            })
            .collect();
        let tags = current_tags(aws, scope, candidates.iter().map(|(arn, _)| arn)).await?;
        let wanted = candidates.into_iter().filter_map(|(arn, one)| {
            let tags = tags.get(&arn)?.clone();
            scope.wants(&tags, one.load_balancer_name()?).then_some((one, tags))
        });
        // Gateway load balancers are none of ours.
        let wanted = wanted.filter(|(one, _)| type_of(one).is_some());
        try_join_all(wanted.map(|(one, tags)| read(aws, one, tags))).await
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let answer = client(aws)
            .create_load_balancer()
            .name(&*new.name)
            .r#type(to_word(&new.r#type).as_str().into())
            .scheme(to_word(&new.scheme).as_str().into())
            .ip_address_type(new.ip_address_type.as_str().into())
            .set_subnets(Some(texts(&new.subnets)))
            .set_security_groups(
                (!new.security_groups.is_empty()).then(|| texts(&new.security_groups)),
            )
            .set_tags(Some(list(tags)))
            .send()
            .await?;
        let made =
            answer.load_balancers().first().ok_or_else(|| Error::missing("LoadBalancers"))?;
        let outputs = outputs(made)?;
        set_attributes(aws, &outputs.arn, attributes(new)).await?;
        Ok(outputs)
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        let arn = &was.outputs.arn;
        set_attributes(aws, arn, changed(&attributes(&was.spec), attributes(now))).await?;
        if was.spec.security_groups != now.security_groups {
            let set = client(aws).set_security_groups().load_balancer_arn(arn);
            set.set_security_groups(Some(texts(&now.security_groups))).send().await?;
        }
        if was.spec.subnets != now.subnets {
            let set = client(aws).set_subnets().load_balancer_arn(arn);
            set.set_subnets(Some(texts(&now.subnets))).send().await?;
        }
        if was.spec.ip_address_type != now.ip_address_type {
            let set = client(aws).set_ip_address_type().load_balancer_arn(arn);
            set.ip_address_type(now.ip_address_type.as_str().into()).send().await?;
        }
        Ok(())
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        client(aws).delete_load_balancer().load_balancer_arn(&was.outputs.arn).send().await?;
        Ok(())
    }

    async fn created(aws: &Aws, was: &Live<Self>) -> Result<Option<i64>> {
        let list = client(aws).describe_load_balancers().load_balancer_arns(&was.outputs.arn);
        let answer = list.send().await?;
        let made = answer.load_balancers().first().and_then(|it| it.created_time());
        Ok(made.map(DateTime::secs))
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tag(aws, &was.outputs.arn, set, remove).await
    }

    async fn settle(aws: &Aws, outputs: &mut Outputs) -> Result<Status> {
        let look = client(aws).describe_load_balancers().load_balancer_arns(&outputs.arn);
        let answer = look.send().await?;
        let found =
            answer.load_balancers().first().ok_or_else(|| Error::missing("LoadBalancers"))?;
        Ok(status(found.state()))
    }

    async fn gone(aws: &Aws, was: &Live<Self>) -> Result<bool> {
        is_gone(aws, &was.outputs.arn).await
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let is_known = !self.subnets.iter().any(|subnet| is_unknown(subnet));
        match *self.r#type {
            Type::Application => {
                if is_known && self.subnets.len() < 2 {
                    let text = "an application load balancer needs subnets in at least two zones";
                    problems.push(Problem::at("subnets", text));
                }
                if self.security_groups.is_empty() {
                    let text = "an application load balancer needs a security group";
                    let help = "without one AWS would take the default group of its network, \
                                which is nobody's to fill";
                    problems.push(Problem::at("security_groups", text).help(help));
                }
                if !self.cross_zone {
                    let text =
                        "an application load balancer always serves the targets of all zones";
                    problems.push(Problem::at("cross_zone", text));
                }
            }
            Type::Network => {
                let text = "only application load balancers have this";
                let fields = [
                    ("idle_timeout", self.idle_timeout != sixty()),
                    ("drop_invalid_headers", !self.drop_invalid_headers),
                    ("http2", !self.http2),
                ];
                let set = fields.into_iter().filter(|(_, is_set)| *is_set);
                problems.extend(set.map(|(field, _)| Problem::at(field, text)));
            }
        }
        if self.ip_address_type == "dualstack-without-public-ipv4"
            && (*self.r#type, *self.scheme) != (Type::Application, Scheme::InternetFacing)
        {
            let text = "only internet-facing application load balancers can be without IPv4";
            problems.push(Problem::at("ip_address_type", text));
        }
        problems
    }
}

/// Whether AWS knows a load balancer no more.
pub(crate) async fn is_gone(aws: &Aws, arn: &str) -> Result<bool> {
    let look = client(aws).describe_load_balancers().load_balancer_arns(arn);
    match look.send().await.map_err(Error::from) {
        Ok(answer) => Ok(answer.load_balancers().is_empty()),
        Err(error) if error.is_not_found() => Ok(true),
        Err(error) => Err(error),
    }
}

fn texts<K>(refs: &Set<Ref<K, Id>>) -> Vec<String> {
    refs.iter().map(ToString::to_string).collect()
}

const LOGS: &str = "access_logs.s3.enabled";
const LOGS_BUCKET: &str = "access_logs.s3.bucket";
const LOGS_PREFIX: &str = "access_logs.s3.prefix";
const PROTECTION: &str = "deletion_protection.enabled";
const CROSS_ZONE: &str = "load_balancing.cross_zone.enabled";
const IDLE: &str = "idle_timeout.timeout_seconds";
const HEADERS: &str = "routing.http.drop_invalid_header_fields.enabled";
const HTTP2: &str = "routing.http2.enabled";

/// The attributes that the type of load balancer has.
fn attributes(spec: &LoadBalancer) -> Attributes {
    let mut attributes = Attributes::from([
        (PROTECTION.to_owned(), spec.deletion_protection.to_string()),
        (LOGS.to_owned(), spec.access_logs.is_some().to_string()),
    ]);
    if let Some(logs) = &spec.access_logs {
        attributes.insert(LOGS_BUCKET.to_owned(), logs.bucket.to_string());
        attributes.insert(LOGS_PREFIX.to_owned(), logs.prefix.clone());
    }
    let own = match *spec.r#type {
        Type::Application => vec![
            (IDLE, spec.idle_timeout.to_string()),
            (HEADERS, spec.drop_invalid_headers.to_string()),
            (HTTP2, spec.http2.to_string()),
        ],
        Type::Network => vec![(CROSS_ZONE, spec.cross_zone.to_string())],
    };
    attributes.extend(own.into_iter().map(|(name, value)| (name.to_owned(), value)));
    attributes
}

async fn set_attributes(aws: &Aws, arn: &str, attributes: Attributes) -> Result<()> {
    if attributes.is_empty() {
        return Ok(());
    }
    let attributes = attributes
        .into_iter()
        .map(|(name, value)| LoadBalancerAttribute::builder().key(name).value(value).build());
    let modify = client(aws).modify_load_balancer_attributes().load_balancer_arn(arn);
    modify.set_attributes(Some(attributes.collect())).send().await?;
    Ok(())
}

fn type_of(found: &AwsLoadBalancer) -> Option<Type> {
    found.r#type().and_then(|word| from_word(word.as_str()).ok())
}

fn status(state: Option<&LoadBalancerState>) -> Status {
    let reason =
        || state.and_then(LoadBalancerState::reason).unwrap_or("no reason given").to_owned();
    match state.and_then(LoadBalancerState::code) {
        Some(LoadBalancerStateEnum::Provisioning) => Status::Pending("provisioning".to_owned()),
        Some(LoadBalancerStateEnum::Failed) => Status::Failed(reason()),
        _ => Status::Usable,
    }
}

fn outputs(found: &AwsLoadBalancer) -> Result<Outputs> {
    let arn = found.load_balancer_arn().ok_or_else(|| Error::missing("LoadBalancerArn"))?;
    let full_name = arn.split_once(":loadbalancer/").map_or(arn, |(_, name)| name);
    Ok(Outputs {
        arn: arn.to_owned(),
        dns_name: found.dns_name().unwrap_or_default().to_owned(),
        zone_id: found.canonical_hosted_zone_id().unwrap_or_default().to_owned(),
        name: found.load_balancer_name().unwrap_or_default().to_owned(),
        full_name: full_name.to_owned(),
    })
}

async fn read(aws: &Aws, found: AwsLoadBalancer, tags: Tags) -> Result<Live<LoadBalancer>> {
    let outputs = outputs(&found)?;
    let look = client(aws).describe_load_balancer_attributes().load_balancer_arn(&outputs.arn);
    let attributes = look.send().await?.attributes.unwrap_or_default();
    let attributes: Attributes =
        attributes.into_iter().filter_map(|one| Some((one.key?, one.value?))).collect();
    let kind = type_of(&found).unwrap_or_default();
    let text = |name| attributes.get(name).cloned().unwrap_or_default();
    let zones = found.availability_zones();
    let scheme = found.scheme().map(LoadBalancerSchemeEnum::as_str);
    Ok(Live {
        spec: LoadBalancer {
            name: outputs.name.as_str().into(),
            r#type: kind.into(),
            scheme: from_word::<Scheme>(scheme.unwrap_or_default())?.into(),
            subnets: zones.iter().filter_map(AvailabilityZone::subnet_id).map(Ref::new).collect(),
            security_groups: found.security_groups().iter().map(Ref::new).collect(),
            ip_address_type: found.ip_address_type().map_or_else(ipv4, |it| it.as_str().to_owned()),
            deletion_protection: truth(&attributes, PROTECTION, false),
            idle_timeout: number(&attributes, IDLE, sixty()),
            drop_invalid_headers: kind == Type::Network || truth(&attributes, HEADERS, false),
            http2: truth(&attributes, HTTP2, true),
            cross_zone: kind == Type::Application || truth(&attributes, CROSS_ZONE, false),
            access_logs: truth(&attributes, LOGS, false).then(|| AccessLogs {
                bucket: Ref::new(text(LOGS_BUCKET)),
                prefix: text(LOGS_PREFIX),
            }),
        },
        outputs,
        tags,
        status: status(found.state()),
    })
}
