//! `ec2.vpc`: `CreateVpc`, `ModifyVpcAttribute`, and the rules of its default security group.

use aws_sdk_ec2::types::{
    AttributeBooleanValue, ResourceType, SecurityGroup as AwsSecurityGroup, Tenancy as AwsTenancy,
    Vpc as AwsVpc, VpcAttributeName,
};
use futures::future::{try_join, try_join_all};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::group_rules::{rules, set_rules};
use super::groups::describe;
use super::interfaces::holding;
use super::rule::{Rule, Rules};
use super::{NOT_YET, client, filter, owned, tag, tagged, tags};
use crate::aws::{Aws, Class, Error, Result, all_pages, eventually};
use crate::kind::{Blocker, Cidr, Immutable, Kind, Live, Problem, Scope, Status, Tags, default};

/// A network.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Vpc {
    /// The range of its IPv4 addresses, from /16 to /28.
    cidr: Immutable<Cidr>,
    /// Whether AWS's name server answers in the network.
    #[serde(default = "default::yes")]
    dns_support: bool,
    /// Whether what has a public address gets a name; private names of endpoints need it too.
    #[serde(default = "default::yes")]
    dns_hostnames: bool,
    /// Whether instances run on hardware of their own.
    #[serde(default)]
    tenancy: Immutable<Tenancy>,
    /// The rules of the group that AWS puts everything into which names no other: `closed` takes
    /// them all away, `open` is as AWS makes it.
    #[serde(default)]
    default_security_group: DefaultGroup,
}

/// Which hardware instances run on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tenancy {
    #[default]
    Default,
    Dedicated,
}

/// What the default security group lets through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DefaultGroup {
    /// Nothing.
    #[default]
    Closed,
    /// Its members reach each other, and everything else.
    Open,
    /// Somebody gave it rules of another kind. No stack file can ask for that.
    #[schemars(skip)]
    Changed,
}

/// What AWS decides about a network.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The network's id, `vpc-…`.
    id: String,
    /// The network's ARN.
    arn: String,
    /// The id of its default security group.
    default_security_group_id: String,
}

impl Kind for Vpc {
    const NAME: &'static str = "ec2.vpc";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = Some("ec2:vpc/");
    const EVENTUAL: &'static [(&'static str, &'static str)] = NOT_YET;
    const FREE: bool = true;

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        let vpcs = client(aws).describe_vpcs().set_filters(Some(owned(scope)));
        let mut vpcs = all_pages(vpcs.into_paginator().items().send()).await?;
        // The one that AWS puts into each region is nobody's.
        vpcs.retain(|vpc| !scope.is_anybodys() || vpc.is_default() != Some(true));
        let ids: Vec<&str> = vpcs.iter().filter_map(|vpc| vpc.vpc_id()).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let dns = try_join_all(ids.iter().map(|id| dns(aws, id)));
        let (dns, groups) = try_join(dns, default_groups(aws, &ids)).await?;
        vpcs.iter().zip(dns).map(|(vpc, dns)| read(aws, vpc, dns, &groups)).collect()
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let answer = client(aws)
            .create_vpc()
            .cidr_block(&**new.cidr)
            .instance_tenancy(match *new.tenancy {
                Tenancy::Default => AwsTenancy::Default,
                Tenancy::Dedicated => AwsTenancy::Dedicated,
            })
            .tag_specifications(tagged(ResourceType::Vpc, tags))
            .send()
            .await?;
        let id = answer.vpc.and_then(|vpc| vpc.vpc_id).ok_or_else(|| Error::missing("vpcId"))?;
        // AWS starts with the name server, and without names.
        eventually(NOT_YET, || {
            set_dns(aws, &id, (true, false), (new.dns_support, new.dns_hostnames))
        })
        .await?;
        let group = eventually(NOT_YET, || async {
            let groups = default_groups(aws, &[&id]).await?;
            let group = groups.into_iter().next().and_then(|group| group.group_id);
            let group = group.ok_or_else(|| no_group(&id))?;
            if new.default_security_group != DefaultGroup::Open {
                set_group(aws, &group, new.default_security_group).await?;
            }
            Ok(group)
        });
        let group = group.await?;
        Ok(outputs(aws, id, group))
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        let before = (was.spec.dns_support, was.spec.dns_hostnames);
        set_dns(aws, &was.outputs.id, before, (now.dns_support, now.dns_hostnames)).await?;
        if was.spec.default_security_group != now.default_security_group {
            let group = &was.outputs.default_security_group_id;
            set_group(aws, group, now.default_security_group).await?;
        }
        Ok(())
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        client(aws).delete_vpc().vpc_id(&was.outputs.id).send().await?;
        Ok(())
    }

    /// The interfaces in it, or else the subnets: by now those of ours are gone.
    async fn blockers(aws: &Aws, was: &Live<Self>) -> Vec<Blocker> {
        let id = &was.outputs.id;
        let interfaces = holding(aws, "vpc-id", id).await;
        if !interfaces.is_empty() {
            return interfaces;
        }
        let subnets = client(aws).describe_subnets().filters(filter("vpc-id", [id])).send().await;
        let subnets = subnets.ok().and_then(|answer| answer.subnets).unwrap_or_default();
        let blocker = |subnet: &str| Blocker {
            what: format!("subnet {subnet}"),
            remedy: Some(format!("delete {subnet} with whatever made it, then run again")),
        };
        subnets.iter().filter_map(|subnet| subnet.subnet_id()).map(blocker).collect()
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tag(aws, &was.outputs.id, set, remove).await
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = super::check_range("cidr", &self.cidr);
        if self.dns_hostnames && !self.dns_support {
            problems.push(
                Problem::at("dns_hostnames", "names need AWS's name server: `dns_support`")
                    .help("turn `dns_hostnames` off as well"),
            );
        }
        problems
    }
}

fn outputs(aws: &Aws, id: String, default_security_group_id: String) -> Outputs {
    Outputs { arn: aws.arn("ec2", &format!("vpc/{id}")), id, default_security_group_id }
}

fn no_group(vpc: &str) -> Error {
    let message = format!("{vpc} has no default security group");
    Error::new(Class::NotFound, "InvalidGroup.NotFound", message)
}

/// Whether AWS's name server answers, and whether there are names.
async fn dns(aws: &Aws, vpc: &str) -> Result<(bool, bool)> {
    let ask = |attribute| client(aws).describe_vpc_attribute().vpc_id(vpc).attribute(attribute);
    let (support, hostnames) = try_join(
        ask(VpcAttributeName::EnableDnsSupport).send(),
        ask(VpcAttributeName::EnableDnsHostnames).send(),
    )
    .await?;
    let is_on = |value: Option<AttributeBooleanValue>| value.and_then(|v| v.value);
    Ok((
        is_on(support.enable_dns_support).unwrap_or_default(),
        is_on(hostnames.enable_dns_hostnames).unwrap_or_default(),
    ))
}

/// AWS takes one attribute a call. Names can only be while the name server answers.
async fn set_dns(aws: &Aws, vpc: &str, was: (bool, bool), now: (bool, bool)) -> Result<()> {
    let value = |on| AttributeBooleanValue::builder().value(on).build();
    let modify = || client(aws).modify_vpc_attribute().vpc_id(vpc);
    if !was.0 && now.0 {
        modify().enable_dns_support(value(true)).send().await?;
    }
    if was.1 != now.1 {
        modify().enable_dns_hostnames(value(now.1)).send().await?;
    }
    if was.0 && !now.0 {
        modify().enable_dns_support(value(false)).send().await?;
    }
    Ok(())
}

async fn default_groups(aws: &Aws, vpcs: &[&str]) -> Result<Vec<AwsSecurityGroup>> {
    let mut groups = Vec::new();
    for vpcs in vpcs.chunks(200) {
        let filters = vec![filter("group-name", ["default"]), filter("vpc-id", vpcs.to_vec())];
        groups.extend(describe(aws, filters).await?);
    }
    Ok(groups)
}

async fn set_group(aws: &Aws, group: &str, now: DefaultGroup) -> Result<()> {
    let (ingress, egress) = match now {
        DefaultGroup::Open => open(group),
        DefaultGroup::Closed | DefaultGroup::Changed => Default::default(),
    };
    set_rules(aws, group, &ingress, &egress).await
}

/// The rules that AWS gives to a default security group.
fn open(group: &str) -> (Rules, Rules) {
    let everything = Rule::everything();
    (
        [everything.with_group(group)].into_iter().collect(),
        [everything.with_cidr("0.0.0.0/0")].into_iter().collect(),
    )
}

fn read(
    aws: &Aws,
    vpc: &AwsVpc,
    (dns_support, dns_hostnames): (bool, bool),
    groups: &[AwsSecurityGroup],
) -> Result<Live<Vpc>> {
    let id = vpc.vpc_id().ok_or_else(|| Error::missing("vpcId"))?;
    let group = groups.iter().find(|group| group.vpc_id() == Some(id));
    let group = group.ok_or_else(|| no_group(id))?;
    let group_id = group.group_id().unwrap_or_default();
    let now = rules(aws, group);
    Ok(Live {
        spec: Vpc {
            cidr: Cidr::from(vpc.cidr_block().unwrap_or_default()).into(),
            dns_support,
            dns_hostnames,
            tenancy: match vpc.instance_tenancy() {
                Some(AwsTenancy::Dedicated) => Tenancy::Dedicated.into(),
                _ => Tenancy::Default.into(),
            },
            default_security_group: match &now {
                _ if now == Default::default() => DefaultGroup::Closed,
                _ if now == open(group_id) => DefaultGroup::Open,
                _ => DefaultGroup::Changed,
            },
        },
        outputs: outputs(aws, id.to_owned(), group_id.to_owned()),
        tags: tags(vpc.tags()),
        status: Status::Usable,
    })
}
