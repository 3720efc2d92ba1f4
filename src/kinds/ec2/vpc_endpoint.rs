//! `ec2.vpc_endpoint`: `CreateVpcEndpoint`, `ModifyVpcEndpoint`.

use std::borrow::Cow;
use std::ops::Deref;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_ec2::types::{
    ResourceType, State, VpcEndpoint as AwsVpcEndpoint, VpcEndpointType as AwsType,
};
use aws_smithy_types::DateTime;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;

use super::{NOT_YET, RouteTable, SecurityGroup, Subnet, Vpc, client, owned, tag, tagged, tags};
use crate::aws::{Absent, Aws, Error, Result, all_pages};
use crate::kind::charge::HOURS;
use crate::kind::field::Id;
use crate::kind::{
    Charge, Charges, Immutable, Kind, Live, Look, OutputName, Policy, Problem, Ref, Scope, Set,
    Status, Tags, UsageName,
};

/// A way from a network to a service that does not lead through the internet.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VpcEndpoint {
    /// The network.
    vpc: Immutable<Ref<Vpc, Id>>,
    /// The service: `s3`, `ecr.api`, or a full name such as `com.amazonaws.vpce.REGION.vpce-svc-…`.
    service: Immutable<Service>,
    /// How it is reached: `gateway` by a route (S3 and DynamoDB, without charge), `interface` by
    /// addresses in subnets, `gateway_load_balancer` by a route to an appliance.
    #[serde(rename = "type", default)]
    kind: Immutable<EndpointType>,
    /// The route tables that lead to a gateway endpoint.
    #[serde(default)]
    route_tables: Set<Ref<RouteTable, Id>>,
    /// The subnets, one per zone, in which an interface endpoint has addresses.
    #[serde(default)]
    subnets: Set<Ref<Subnet, Id>>,
    /// The security groups of an interface endpoint.
    #[serde(default)]
    security_groups: Set<Ref<SecurityGroup, Id>>,
    /// Whether the service's usual names lead to an interface endpoint.
    #[serde(default)]
    private_dns: bool,
    /// What may be done through the endpoint: everything when left out.
    #[serde(default = "full_access")]
    policy: Policy,
}

/// How an endpoint is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndpointType {
    #[default]
    Gateway,
    Interface,
    GatewayLoadBalancer,
}

/// The name of a service; the short one for those of AWS in the endpoint's own region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Service(String);

/// What AWS decides about an endpoint.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The endpoint's id, `vpce-…`.
    id: String,
    /// The endpoint's ARN.
    arn: String,
    /// The names of an interface endpoint, that for all zones first.
    dns_names: Vec<String>,
}

impl Deref for Service {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl Service {
    /// `com.amazonaws.eu-west-3.s3` is `s3`.
    fn new(name: &str) -> Self {
        // A region has no point in it, and a service may have: `ecr.api`.
        let after_region = |rest: &str| rest.split_once('.').map(|(_, service)| service.to_owned());
        let short = name.strip_prefix("com.amazonaws.").and_then(|rest| {
            let is_region = rest.split('.').next().is_some_and(|region| {
                region.len() > 6
                    && region.contains('-')
                    && region.ends_with(|c: char| c.is_ascii_digit())
            });
            after_region(rest).filter(|_| is_region)
        });
        Self(short.unwrap_or_else(|| name.to_owned()))
    }

    fn full(&self, region: &str) -> String {
        if ["com.", "aws.", "cn."].iter().any(|start| self.starts_with(start)) {
            self.0.clone()
        } else {
            format!("com.amazonaws.{region}.{}", self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Service {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|name| Self::new(&name))
    }
}

impl JsonSchema for Service {
    fn schema_name() -> Cow<'static, str> {
        "Service".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1 })
    }
}

fn full_access() -> Policy {
    let everything = json!({ "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*" });
    Policy::from(json!({ "Statement": [everything] }))
}

impl Kind for VpcEndpoint {
    const NAME: &'static str = "ec2.vpc_endpoint";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = Some("ec2:vpc-endpoint/");
    // Two of the same service would be in each other's way: in route tables, or by private names.
    const CLAIMS: &'static [&'static str] = &["vpc", "service"];
    const EVENTUAL: &'static [(&'static str, &'static str)] = NOT_YET;
    const USAGE: &'static [UsageName] =
        &[HOURS, UsageName::new("gb", "GB a month that go through it.")];

    fn charges(&self, _look: &Look<'_>) -> Charges {
        let zones = i32::try_from(self.subnets.len()).map_or(0.0, f64::from);
        match *self.kind {
            EndpointType::Gateway => Charges::Free,
            EndpointType::Interface => Charges::Listed(vec![
                Charge::hourly("endpoint, by zones", "ec2.endpoint.hour", zones),
                Charge::used("data", "ec2.endpoint.gb", "gb"),
            ]),
            EndpointType::GatewayLoadBalancer => Charges::Listed(vec![
                Charge::hourly("endpoint, by zones", "ec2.gateway_balancer_endpoint.hour", zones),
                Charge::used("data", "ec2.gateway_balancer_endpoint.gb", "gb"),
            ]),
        }
    }

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        let endpoints = client(aws).describe_vpc_endpoints().set_filters(Some(owned(scope)));
        let endpoints = endpoints.into_paginator().items().send();
        let endpoints = all_pages(endpoints).await?;
        let is_there = |endpoint: &&AwsVpcEndpoint| status(endpoint) != Status::Deleting;
        endpoints.iter().filter(is_there).map(|endpoint| read(aws, endpoint)).collect()
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let policy = Some(&new.policy).filter(|policy| **policy != full_access());
        let is_interface = *new.kind == EndpointType::Interface;
        let answer = client(aws)
            .create_vpc_endpoint()
            .client_token(token())
            .vpc_id(new.vpc.as_str())
            .service_name(new.service.full(aws.region()))
            .vpc_endpoint_type(match *new.kind {
                EndpointType::Gateway => AwsType::Gateway,
                EndpointType::Interface => AwsType::Interface,
                EndpointType::GatewayLoadBalancer => AwsType::GatewayLoadBalancer,
            })
            .set_route_table_ids(texts(&new.route_tables.0))
            .set_subnet_ids(texts(&new.subnets.0))
            .set_security_group_ids(texts(&new.security_groups.0))
            // AWS turns this on for interfaces when nothing is said, and takes it for no other.
            .set_private_dns_enabled(is_interface.then_some(new.private_dns))
            .set_policy_document(policy.map(ToString::to_string))
            .tag_specifications(tagged(ResourceType::VpcEndpoint, tags))
            .send()
            .await?;
        outputs(aws, &answer.vpc_endpoint.ok_or_else(|| Error::missing("vpcEndpoint"))?)
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        let before = &was.spec;
        let policy = (before.policy != now.policy).then_some(&now.policy);
        let (reset, policy) = match policy {
            Some(policy) if *policy == full_access() => (Some(true), None),
            policy => (None, policy.map(ToString::to_string)),
        };
        client(aws)
            .modify_vpc_endpoint()
            .vpc_endpoint_id(&was.outputs.id)
            .set_add_route_table_ids(texts(now.route_tables.minus(&before.route_tables)))
            .set_remove_route_table_ids(texts(before.route_tables.minus(&now.route_tables)))
            .set_add_subnet_ids(texts(now.subnets.minus(&before.subnets)))
            .set_remove_subnet_ids(texts(before.subnets.minus(&now.subnets)))
            .set_add_security_group_ids(texts(now.security_groups.minus(&before.security_groups)))
            .set_remove_security_group_ids(texts(
                before.security_groups.minus(&now.security_groups),
            ))
            .set_private_dns_enabled(
                (before.private_dns != now.private_dns).then_some(now.private_dns),
            )
            .set_reset_policy(reset)
            .set_policy_document(policy)
            .send()
            .await?;
        Ok(())
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        let delete = client(aws).delete_vpc_endpoints().vpc_endpoint_ids(&was.outputs.id);
        // AWS answers with success, and says in it what it did not delete.
        let failed = delete.send().await?.unsuccessful.unwrap_or_default();
        match failed.first().and_then(|item| item.error()) {
            Some(error) => Err(Error::coded(
                error.code().unwrap_or_default(),
                error.message().unwrap_or_default(),
            )),
            None => Ok(()),
        }
    }

    async fn created(aws: &Aws, was: &Live<Self>) -> Result<Option<i64>> {
        let describe = client(aws).describe_vpc_endpoints().vpc_endpoint_ids(&was.outputs.id);
        let answer = describe.send().await?;
        let made = answer.vpc_endpoints().first().and_then(|it| it.creation_timestamp());
        Ok(made.map(DateTime::secs))
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tag(aws, &was.outputs.id, set, remove).await
    }

    async fn settle(aws: &Aws, known: &mut Outputs) -> Result<Status> {
        let Some(endpoint) = one(aws, &known.id).await? else {
            return Ok(Status::Pending("not visible yet".to_owned()));
        };
        *known = outputs(aws, &endpoint)?;
        Ok(status(&endpoint))
    }

    async fn gone(aws: &Aws, was: &Live<Self>) -> Result<bool> {
        let endpoint = one(aws, &was.outputs.id).await.absent()?.flatten();
        Ok(endpoint.is_none_or(|endpoint| state(&endpoint) == "deleted"))
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut only = |field: &str, is_given: bool, kind: &str| {
            if is_given {
                let message = format!("only an endpoint of the type `{kind}` has this");
                problems.push(Problem::at(field, message).help(format!("say `type: {kind}`")));
            }
        };
        let is_interface = *self.kind == EndpointType::Interface;
        let is_gateway = *self.kind == EndpointType::Gateway;
        only("route_tables", !is_gateway && !self.route_tables.is_empty(), "gateway");
        only("subnets", is_gateway && !self.subnets.is_empty(), "interface");
        only("security_groups", !is_interface && !self.security_groups.is_empty(), "interface");
        only("private_dns", !is_interface && self.private_dns, "interface");
        if is_gateway && !["s3", "dynamodb", "s3express"].contains(&&**self.service) {
            let message = "only S3 and DynamoDB have endpoints of the type `gateway`";
            problems.push(Problem::at("type", message).help("say `type: interface`"));
        }
        if is_interface && self.security_groups.is_empty() {
            let message = "an interface endpoint needs a security group: without one AWS takes the \
                           network's default group";
            let help = "give a group that lets port 443 in from the network";
            problems.push(Problem::at("security_groups", message).help(help));
        }
        problems
    }
}

/// A token by which AWS knows one call when the SDK sends it again. It is another one each time:
/// the same one would bring back a deleted endpoint.
fn token() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{:x}-{:x}", now.as_nanos(), std::process::id())
}

fn texts<'a, K: 'a, O: OutputName>(
    refs: impl IntoIterator<Item = &'a Ref<K, O>>,
) -> Option<Vec<String>> {
    let texts: Vec<String> = refs.into_iter().map(ToString::to_string).collect();
    (!texts.is_empty()).then_some(texts)
}

async fn one(aws: &Aws, id: &str) -> Result<Option<AwsVpcEndpoint>> {
    let answer = client(aws).describe_vpc_endpoints().vpc_endpoint_ids(id).send().await?;
    Ok(answer.vpc_endpoints.unwrap_or_default().into_iter().next())
}

/// AWS's word for the state, which it documents with a capital and sends without.
fn state(endpoint: &AwsVpcEndpoint) -> String {
    endpoint.state().map_or("available", State::as_str).to_lowercase()
}

fn status(endpoint: &AwsVpcEndpoint) -> Status {
    let state = state(endpoint);
    match state.as_str() {
        "available" => Status::Usable,
        "deleting" | "deleted" => Status::Deleting,
        "failed" | "rejected" | "expired" => {
            let error = endpoint.last_error().and_then(|error| error.message());
            Status::Failed(endpoint.failure_reason().or(error).unwrap_or(&state).to_owned())
        }
        _ => Status::Pending(state),
    }
}

fn outputs(aws: &Aws, endpoint: &AwsVpcEndpoint) -> Result<Outputs> {
    let id = endpoint.vpc_endpoint_id().ok_or_else(|| Error::missing("vpcEndpointId"))?;
    let names = endpoint.dns_entries().iter().filter_map(|entry| entry.dns_name());
    Ok(Outputs {
        id: id.to_owned(),
        arn: aws.arn("ec2", &format!("vpc-endpoint/{id}")),
        dns_names: names.map(ToOwned::to_owned).collect(),
    })
}

fn read(aws: &Aws, endpoint: &AwsVpcEndpoint) -> Result<Live<VpcEndpoint>> {
    let refs = |ids: &[String]| ids.iter().map(|id| id.as_str().into()).collect();
    let policy = endpoint.policy_document().map_or_else(full_access, Policy::parse);
    let is_full = policy.json()["Statement"] == full_access().json()["Statement"];
    let groups = endpoint.groups().iter().filter_map(|group| group.group_id());
    Ok(Live {
        spec: VpcEndpoint {
            vpc: Ref::from(endpoint.vpc_id().unwrap_or_default()).into(),
            service: Service::new(endpoint.service_name().unwrap_or_default()).into(),
            kind: match endpoint.vpc_endpoint_type() {
                Some(AwsType::Interface) => EndpointType::Interface.into(),
                Some(AwsType::GatewayLoadBalancer) => EndpointType::GatewayLoadBalancer.into(),
                _ => EndpointType::Gateway.into(),
            },
            route_tables: endpoint
                .route_table_ids()
                .iter()
                .map(|id| Ref::from(id.as_str()))
                .collect(),
            subnets: refs(endpoint.subnet_ids()),
            security_groups: groups.map(Ref::from).collect(),
            private_dns: endpoint.private_dns_enabled().unwrap_or_default(),
            policy: if is_full { full_access() } else { policy },
        },
        outputs: outputs(aws, endpoint)?,
        tags: tags(endpoint.tags()),
        status: status(endpoint),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_full_names_are_one() {
        let (short, full) = (Service::new("s3"), Service::new("com.amazonaws.eu-west-3.s3"));
        assert_eq!(short, full);
        assert_eq!(short.full("eu-west-3"), "com.amazonaws.eu-west-3.s3");
        let other = "com.amazonaws.vpce.eu-west-3.vpce-svc-0123";
        assert_eq!(Service::new(other).full("eu-west-3"), other);
        assert_eq!(&*Service::new("com.amazonaws.us-gov-west-1.ecr.api"), "ecr.api");
    }
}
