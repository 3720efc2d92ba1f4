//! Amazon EC2: networks, machines and their volumes.

mod disk;
mod disk_charges;
mod elastic_ip;
mod flow_log;
mod group_rules;
mod groups;
mod instance;
mod interfaces;
mod internet_gateway;
mod nat_gateway;
mod network_acl;
mod route_table;
mod rule;
mod security_group;
mod subnet;
mod volume;
mod vpc;
mod vpc_endpoint;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification};

pub use elastic_ip::ElasticIp;
pub use flow_log::FlowLog;
pub use instance::Instance;
pub use internet_gateway::InternetGateway;
pub use nat_gateway::NatGateway;
pub use network_acl::NetworkAcl;
pub use route_table::RouteTable;
pub use security_group::SecurityGroup;
pub use subnet::Subnet;
pub use volume::Volume;
pub use vpc::Vpc;
pub use vpc_endpoint::VpcEndpoint;

use crate::aws::{Aws, Result};
use crate::kind::{Cidr, Entry, NewKind, Problem, Scope, Tags, ownership};

/// The kinds of this service, sorted by name.
pub const KINDS: &[NewKind] = &[
    Entry::<ElasticIp>::boxed,
    Entry::<FlowLog>::boxed,
    Entry::<Instance>::boxed,
    Entry::<InternetGateway>::boxed,
    Entry::<NatGateway>::boxed,
    Entry::<NetworkAcl>::boxed,
    Entry::<RouteTable>::boxed,
    Entry::<SecurityGroup>::boxed,
    Entry::<Subnet>::boxed,
    Entry::<Volume>::boxed,
    Entry::<Vpc>::boxed,
    Entry::<VpcEndpoint>::boxed,
];

/// What EC2 says of an object that was made a moment ago, as all its servers do not know it yet.
const NOT_YET: &[(&str, &str)] = &[
    ("InvalidAllocationID.NotFound", ""),
    ("InvalidGatewayID.NotFound", ""),
    ("InvalidGroup.NotFound", ""),
    ("InvalidInstanceID.NotFound", ""),
    ("InvalidInternetGatewayID.NotFound", ""),
    ("InvalidNatGatewayID.NotFound", ""),
    ("InvalidNetworkAclID.NotFound", ""),
    ("InvalidNetworkInterfaceID.NotFound", ""),
    ("InvalidParameterValue", "Invalid IAM Instance Profile"),
    ("InvalidRouteTableID.NotFound", ""),
    ("InvalidRouteTableId.NotFound", ""),
    ("InvalidSecurityGroupID.NotFound", ""),
    ("InvalidSecurityGroupId.NotFound", ""),
    ("InvalidSubnetID.NotFound", ""),
    ("InvalidSubnetId.NotFound", ""),
    ("InvalidVolume.NotFound", ""),
    ("InvalidVpcEndpointId.NotFound", ""),
    ("InvalidVpcID.NotFound", ""),
    ("InvalidVpcId.NotFound", ""),
    ("NatGatewayNotFound", ""),
];

pub(in crate::kinds) fn client(aws: &Aws) -> Client {
    crate::client!(aws, aws_sdk_ec2)
}

fn filter(name: &str, values: impl IntoIterator<Item = impl Into<String>>) -> Filter {
    let values = values.into_iter().map(Into::into).collect();
    Filter::builder().name(name).set_values(Some(values)).build()
}

/// What lets only the scope's objects through.
pub(in crate::kinds) fn owned(scope: &Scope) -> Vec<Filter> {
    if scope.is_anybodys() {
        return Vec::new();
    }
    vec![
        filter(&format!("tag:{}", ownership::STACK), [&scope.stack]),
        filter(&format!("tag:{}", ownership::ENVIRONMENT), [&scope.environment]),
    ]
}

/// The tags of an object that is being created.
fn tagged(resource: ResourceType, tags: &Tags) -> TagSpecification {
    let tags = Some(to_aws(tags));
    TagSpecification::builder().resource_type(resource).set_tags(tags).build()
}

fn to_aws(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

pub(in crate::kinds) fn tags(tags: &[Tag]) -> Tags {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    tags.iter().map(|tag| (text(tag.key()), text(tag.value()))).collect()
}

pub(in crate::kinds) async fn tag(
    aws: &Aws,
    id: &str,
    set: &Tags,
    remove: &[String],
) -> Result<()> {
    if !set.is_empty() {
        client(aws).create_tags().resources(id).set_tags(Some(to_aws(set))).send().await?;
    }
    if !remove.is_empty() {
        let keys = remove.iter().map(|key| Tag::builder().key(key).build()).collect();
        client(aws).delete_tags().resources(id).set_tags(Some(keys)).send().await?;
    }
    Ok(())
}

/// The sizes that AWS allows for a network and its parts.
fn check_range(path: &str, range: &Cidr) -> Vec<Problem> {
    let Some(net) = range.net() else { return Vec::new() };
    if net.addr().is_ipv6() {
        return vec![Problem::at(path, "this is a range of IPv6 addresses; AWS wants IPv4 here")];
    }
    if !(16..=28).contains(&net.prefix_len()) {
        let message = format!("AWS allows /16 to /28, not /{}", net.prefix_len());
        return vec![Problem::at(path, message)];
    }
    Vec::new()
}
