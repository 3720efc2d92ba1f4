//! What is still in a network when a part of it cannot be deleted: for people to read.

use std::fmt;

use aws_sdk_ec2::types::{
    NatGatewayState, NetworkInterface, NetworkInterfaceStatus, NetworkInterfaceType,
    State as EndpointState,
};

use super::{client, filter, tags};
use crate::aws::Aws;
use crate::kind::{Blocker, ownership};
use crate::kinds::{elbv2, lambda};

/// How many interfaces are asked for: more would not be read.
const SHOWN: i32 = 100;

/// The network interfaces that a filter of `DescribeNetworkInterfaces` lets through.
pub(super) async fn interfaces(aws: &Aws, name: &str, value: &str) -> Vec<NetworkInterface> {
    let describe = client(aws).describe_network_interfaces().filters(filter(name, [value]));
    let answer = describe.max_results(SHOWN).send().await;
    answer.ok().and_then(|answer| answer.network_interfaces).unwrap_or_default()
}

/// The interfaces that hold a subnet or a group.
pub(super) async fn holding(aws: &Aws, name: &str, value: &str) -> Vec<Blocker> {
    blockers(aws, &interfaces(aws, name, value).await).await
}

/// Interfaces with whose they are. Those of an object that nobody is deleting stay.
pub(super) async fn blockers(aws: &Aws, interfaces: &[NetworkInterface]) -> Vec<Blocker> {
    let mut blockers = Vec::with_capacity(interfaces.len());
    for interface in interfaces {
        let mut blocker = blocker(interface);
        if let Some(owner) = Owner::of(interface)
            && owner.stays(aws).await
        {
            blocker.remedy = Some(format!("delete {owner} if nobody needs it, then run again"));
        }
        blockers.push(blocker);
    }
    blockers
}

/// What an interface belongs to, and goes with.
enum Owner<'a> {
    NatGateway(&'a str),
    Endpoint(&'a str),
    /// `app/<name>/<id>`, as its ARN ends.
    Balancer(&'a str),
    /// A Lambda function's name.
    Function(&'a str),
}

impl<'a> Owner<'a> {
    /// The owner, by the description that services give their interfaces.
    fn of(interface: &'a NetworkInterface) -> Option<Self> {
        let text = interface.description()?;
        let nat = text.strip_prefix("Interface for NAT Gateway ").map(Self::NatGateway);
        let endpoint = || text.strip_prefix("VPC Endpoint Interface ").map(Self::Endpoint);
        let balancer = || text.strip_prefix("ELB ").map(Self::Balancer);
        // The name is followed by a UUID, which has 36 characters.
        let function = || {
            let rest = text.strip_prefix("AWS Lambda VPC ENI-")?;
            rest.len().checked_sub(37).and_then(|end| rest.get(..end)).map(Self::Function)
        };
        nat.or_else(endpoint).or_else(balancer).or_else(function)
    }

    /// Whether it is there and not being deleted.
    async fn stays(&self, aws: &Aws) -> bool {
        match self {
            Self::NatGateway(id) => {
                let answer = client(aws).describe_nat_gateways().nat_gateway_ids(*id).send().await;
                let found = answer.ok().and_then(|answer| answer.nat_gateways).unwrap_or_default();
                found.iter().any(|it| it.state() == Some(&NatGatewayState::Available))
            }
            Self::Endpoint(id) => {
                let answer =
                    client(aws).describe_vpc_endpoints().vpc_endpoint_ids(*id).send().await;
                let found = answer.ok().and_then(|answer| answer.vpc_endpoints).unwrap_or_default();
                found.iter().any(|it| it.state() == Some(&EndpointState::Available))
            }
            Self::Balancer(path) => {
                let arn = aws.arn("elasticloadbalancing", &format!("loadbalancer/{path}"));
                matches!(elbv2::is_gone(aws, &arn).await, Ok(false))
            }
            // AWS takes its interfaces away as much as 20 minutes after it has gone.
            Self::Function(name) => matches!(lambda::is_in_network(aws, name).await, Ok(true)),
        }
    }
}

impl fmt::Display for Owner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NatGateway(id) => write!(f, "NAT gateway {id}"),
            Self::Endpoint(id) => write!(f, "VPC endpoint {id}"),
            Self::Balancer(path) => write!(f, "load balancer {path}"),
            Self::Function(name) => write!(f, "Lambda function {name}"),
        }
    }
}

/// An interface with whose it is. Services leave a description; what they left, they take away
/// some minutes after its owner has gone. What nobody will take away has a remedy.
fn blocker(interface: &NetworkInterface) -> Blocker {
    let id = interface.network_interface_id().unwrap_or_default();
    let description = interface.description().unwrap_or_default();
    let attachment = interface.attachment();
    let of = |owner: &str| format!("network interface {id} of {owner}");
    let passing = |owner: &str| Blocker { what: of(owner), remedy: None };

    if let Some(owner) = Owner::of(interface) {
        return passing(&owner.to_string());
    }
    if description.starts_with("arn:aws:ecs:") {
        return passing("an ECS task");
    }
    if interface.interface_type() == Some(&NetworkInterfaceType::Lambda) {
        return passing("a Lambda function, which AWS takes away up to 20 minutes after it");
    }
    if let Some(instance) = attachment.and_then(|attachment| attachment.instance_id()) {
        let owner = format!("instance {instance}{}", owned_by(interface));
        let remedy = format!(
            "terminate {instance} if nobody needs it, or move it to another network, then run again"
        );
        return Blocker { what: of(&owner), remedy: Some(remedy) };
    }
    if interface.requester_managed().unwrap_or_default() {
        let requester = interface.requester_id().unwrap_or("an AWS service");
        return passing(&match description {
            "" => requester.to_owned(),
            text => format!("{requester} ({text})"),
        });
    }
    let what = match description {
        "" => format!("network interface {id}{}", owned_by(interface)),
        text => format!("network interface {id} ({text}){}", owned_by(interface)),
    };
    let remedy = match interface.status() {
        Some(NetworkInterfaceStatus::Available) => {
            format!("delete {id}, which nothing uses, then run again")
        }
        _ => format!("find out who uses {id}, detach and delete it, then run again"),
    };
    Blocker { what, remedy: Some(remedy) }
}

/// Whose stack it is in, if it says so.
fn owned_by(interface: &NetworkInterface) -> String {
    let tags = tags(interface.tag_set());
    match (tags.get(ownership::STACK), tags.get(ownership::ENVIRONMENT)) {
        (Some(stack), Some(environment)) => format!(", which belongs to {stack} {environment}"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ec2::types::NetworkInterfaceAttachment;

    #[test]
    fn an_interface_says_whose_it_is_and_whether_it_goes_by_itself() {
        let interface = |description: &str| {
            NetworkInterface::builder().network_interface_id("eni-1").description(description)
        };
        let lambda = "AWS Lambda VPC ENI-orders-c3a1f0de-0000-4000-8000-000000000000";
        let instance = NetworkInterfaceAttachment::builder().instance_id("i-1").build();
        let told: Vec<(String, bool)> = [
            interface("Interface for NAT Gateway nat-1"),
            interface("VPC Endpoint Interface vpce-1"),
            interface("ELB app/shop/50dc6c495c0c9188"),
            interface("arn:aws:ecs:eu-west-3:123456789012:attachment/1"),
            interface("RDSNetworkInterface").requester_managed(true).requester_id("amazon-rds"),
            interface(lambda),
            interface("").attachment(instance),
            interface("").status(NetworkInterfaceStatus::Available),
        ]
        .into_iter()
        .map(|interface| blocker(&interface.build()))
        .map(|blocker| (blocker.what, blocker.remedy.is_some()))
        .collect();
        let expected = [
            ("network interface eni-1 of NAT gateway nat-1", false),
            ("network interface eni-1 of VPC endpoint vpce-1", false),
            ("network interface eni-1 of load balancer app/shop/50dc6c495c0c9188", false),
            ("network interface eni-1 of an ECS task", false),
            ("network interface eni-1 of amazon-rds (RDSNetworkInterface)", false),
            ("network interface eni-1 of Lambda function orders", false),
            ("network interface eni-1 of instance i-1", true),
            ("network interface eni-1", true),
        ];
        assert_eq!(told, expected.map(|(what, stays)| (what.to_owned(), stays)));
    }
}
