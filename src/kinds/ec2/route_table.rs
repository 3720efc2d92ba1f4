//! `ec2.route_table`: `CreateRouteTable`, `CreateRoute`, `AssociateRouteTable`.

use aws_sdk_ec2::types::{
    Filter, ResourceType, Route as AwsRoute, RouteOrigin, RouteTable as AwsRouteTable,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    InternetGateway, NOT_YET, NatGateway, Subnet, Vpc, VpcEndpoint, client, filter, owned, tag,
    tagged, tags,
};
use crate::aws::{Absent, Aws, Class, Error, Result, all_pages, eventually};
use crate::kind::field::Id;
use crate::kind::{Any, Cidr, Immutable, Kind, Live, Problem, Ref, Scope, Set, Status, Tags};

/// Where traffic goes that leaves the subnets which use the table.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteTable {
    /// The network.
    vpc: Immutable<Ref<Vpc, Id>>,
    /// The ways out. Those that AWS adds by itself are not among them: the way to the network
    /// itself, what a virtual private gateway propagates, and what a gateway endpoint adds.
    #[serde(default)]
    routes: Set<Route>,
    /// The subnets that use the table. A subnet uses one table; the network's main one if no other.
    #[serde(default)]
    subnets: Set<Ref<Subnet, Id>>,
}

/// Where traffic to a destination goes: one of the targets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The range of addresses, such as `0.0.0.0/0` or `::/0`.
    destination: Option<Cidr>,
    /// A managed prefix list as the destination, `pl-…`.
    prefix_list: Option<String>,
    /// Through an internet gateway.
    internet_gateway: Option<Ref<InternetGateway, Id>>,
    /// Through a NAT gateway.
    nat_gateway: Option<Ref<NatGateway, Id>>,
    /// Through an endpoint of a Gateway Load Balancer.
    vpc_endpoint: Option<Ref<VpcEndpoint, Id>>,
    /// Through a peering connection, `pcx-…`, such as an `atlas.peering`.
    peering: Option<Ref<Any, Id>>,
    /// Through a transit gateway, `tgw-…`.
    transit_gateway: Option<String>,
    /// Through a virtual private gateway, `vgw-…`.
    vpn_gateway: Option<String>,
    /// Through an egress-only internet gateway (IPv6), `eigw-…`.
    egress_only_internet_gateway: Option<String>,
    /// Through a network interface, `eni-…`.
    network_interface: Option<String>,
}

/// What AWS decides about a route table.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The table's id, `rtb-…`.
    id: String,
    /// The table's ARN.
    arn: String,
}

impl Kind for RouteTable {
    const NAME: &'static str = "ec2.route_table";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = Some("ec2:route-table/");
    const EVENTUAL: &'static [(&'static str, &'static str)] = NOT_YET;
    const FREE: bool = true;

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        let mut tables = describe(aws, owned(scope)).await?;
        // Each network comes with a main one.
        let is_main =
            |table: &AwsRouteTable| table.associations().iter().any(|it| it.main() == Some(true));
        tables.retain(|table| !scope.is_anybodys() || !is_main(table));
        tables.iter().map(|table| read(aws, table)).collect()
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let answer = client(aws)
            .create_route_table()
            .vpc_id(new.vpc.as_str())
            .tag_specifications(tagged(ResourceType::RouteTable, tags))
            .send()
            .await?;
        let id = answer.route_table.and_then(|table| table.route_table_id);
        let id = id.ok_or_else(|| Error::missing("routeTableId"))?;
        if !(new.routes.is_empty() && new.subnets.is_empty()) {
            eventually(NOT_YET, || bring(aws, &id, new)).await?;
        }
        Ok(outputs(aws, id))
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        bring(aws, &was.outputs.id, now).await
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        let nothing = Self { subnets: Set::default(), ..was.spec.clone() };
        set_subnets(aws, &one(aws, &was.outputs.id).await?, &nothing).await?;
        client(aws).delete_route_table().route_table_id(&was.outputs.id).send().await?;
        Ok(())
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tag(aws, &was.outputs.id, set, remove).await
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (index, route) in self.routes.iter().enumerate() {
            let to = route.to();
            let problem =
                |message: &str| Problem::at("routes", format!("the route {to}: {message}"));
            if route.destination.is_some() == route.prefix_list.is_some() {
                problems.push(problem("it has either `destination` or `prefix_list`"));
            }
            if route.targets() != 1 {
                problems.push(problem("it has one target").help(
                    "give `internet_gateway`, `nat_gateway`, `vpc_endpoint`, `peering`, \
                     `transit_gateway`, `vpn_gateway`, `egress_only_internet_gateway` or \
                     `network_interface`",
                ));
            }
            if self.routes.iter().take(index).any(|other| other.same_destination(route)) {
                problems.push(problem("another route has the same destination"));
            }
        }
        problems
    }
}

impl Route {
    fn to(&self) -> String {
        let cidr = self.destination.as_ref().map(|cidr| cidr.as_str());
        format!("to `{}`", cidr.or(self.prefix_list.as_deref()).unwrap_or_default())
    }

    fn same_destination(&self, other: &Self) -> bool {
        self.destination == other.destination && self.prefix_list == other.prefix_list
    }

    fn targets(&self) -> usize {
        let targets = [
            self.internet_gateway.is_some(),
            self.nat_gateway.is_some(),
            self.vpc_endpoint.is_some(),
            self.peering.is_some(),
            self.transit_gateway.is_some(),
            self.vpn_gateway.is_some(),
            self.egress_only_internet_gateway.is_some(),
            self.network_interface.is_some(),
        ];
        targets.iter().filter(|is_given| **is_given).count()
    }

    fn is_ipv6(&self) -> bool {
        self.destination.as_ref().is_some_and(|cidr| cidr.contains(':'))
    }

    fn ipv4(&self) -> Option<String> {
        self.destination.as_deref().filter(|_| !self.is_ipv6()).cloned()
    }

    fn ipv6(&self) -> Option<String> {
        self.destination.as_deref().filter(|_| self.is_ipv6()).cloned()
    }
}

/// A call about a route, with its destination and its target.
macro_rules! route_call {
    ($call:expr, $table:expr, $route:expr) => {{
        let text = |id: &Option<String>| id.clone();
        let internet = $route.internet_gateway.as_ref().map(ToString::to_string);
        $call
            .route_table_id($table)
            .set_destination_cidr_block($route.ipv4())
            .set_destination_ipv6_cidr_block($route.ipv6())
            .set_destination_prefix_list_id(text(&$route.prefix_list))
            .set_gateway_id(internet.or_else(|| text(&$route.vpn_gateway)))
            .set_nat_gateway_id($route.nat_gateway.as_ref().map(ToString::to_string))
            .set_vpc_endpoint_id($route.vpc_endpoint.as_ref().map(ToString::to_string))
            .set_vpc_peering_connection_id($route.peering.as_ref().map(ToString::to_string))
            .set_transit_gateway_id(text(&$route.transit_gateway))
            .set_egress_only_internet_gateway_id(text(&$route.egress_only_internet_gateway))
            .set_network_interface_id(text(&$route.network_interface))
    }};
}

fn outputs(aws: &Aws, id: String) -> Outputs {
    Outputs { arn: aws.arn("ec2", &format!("route-table/{id}")), id }
}

async fn describe(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<AwsRouteTable>> {
    let tables = client(aws).describe_route_tables().set_filters(Some(filters));
    all_pages(tables.into_paginator().items().send()).await
}

async fn one(aws: &Aws, id: &str) -> Result<AwsRouteTable> {
    let mut tables = describe(aws, vec![filter("route-table-id", [id])]).await?.into_iter();
    // Emulators overlook filters; what is changed must be this table and no other.
    let table = tables.find(|table| table.route_table_id() == Some(id));
    table.ok_or_else(|| {
        let message = format!("{id} does not exist");
        Error::new(Class::NotFound, "InvalidRouteTableID.NotFound", message)
    })
}

/// Brings a table to `now`, from what it is at this moment.
async fn bring(aws: &Aws, id: &str, now: &RouteTable) -> Result<()> {
    let table = one(aws, id).await?;
    set_routes(aws, &table, now).await?;
    set_subnets(aws, &table, now).await
}

async fn set_routes(aws: &Aws, table: &AwsRouteTable, now: &RouteTable) -> Result<()> {
    let id = table.route_table_id().unwrap_or_default();
    let was: Set<Route> = table.routes().iter().filter_map(read_route).collect();
    for route in now.routes.minus(&was) {
        if was.iter().any(|other| other.same_destination(route)) {
            route_call!(client(aws).replace_route(), id, route).send().await?;
        } else {
            route_call!(client(aws).create_route(), id, route).send().await?;
        }
    }
    for route in was.minus(&now.routes) {
        if !now.routes.iter().any(|other| other.same_destination(route)) {
            let delete = client(aws)
                .delete_route()
                .route_table_id(id)
                .set_destination_cidr_block(route.ipv4())
                .set_destination_ipv6_cidr_block(route.ipv6())
                .set_destination_prefix_list_id(route.prefix_list.clone());
            delete.send().await.map_err(Error::from).absent()?;
        }
    }
    Ok(())
}

async fn set_subnets(aws: &Aws, table: &AwsRouteTable, now: &RouteTable) -> Result<()> {
    let id = table.route_table_id().unwrap_or_default();
    let was: Vec<(&str, &str)> = associations(table).collect();
    for subnet in &*now.subnets {
        if !was.iter().any(|(associated, _)| *associated == subnet.as_str()) {
            associate(aws, id, subnet).await?;
        }
    }
    for (subnet, association) in was {
        if !now.subnets.iter().any(|wanted| wanted.as_str() == subnet) {
            let disassociate = client(aws).disassociate_route_table().association_id(association);
            disassociate.send().await.map_err(Error::from).absent()?;
        }
    }
    Ok(())
}

/// A subnet that still uses another table changes over without a gap.
async fn associate(aws: &Aws, table: &str, subnet: &str) -> Result<()> {
    let call = client(aws).associate_route_table().route_table_id(table).subnet_id(subnet);
    match call.send().await.map_err(Error::from) {
        Err(error) if error.code == "Resource.AlreadyAssociated" => {
            let others = describe(aws, vec![filter("association.subnet-id", [subnet])]).await?;
            let mut used = others.iter().flat_map(associations);
            let Some((_, association)) = used.find(|(of, _)| *of == subnet) else {
                return Err(error);
            };
            let replace = client(aws).replace_route_table_association().route_table_id(table);
            replace.association_id(association).send().await?;
            Ok(())
        }
        answer => answer.map(drop),
    }
}

/// Subnets that use a table, each with the id of its association.
fn associations(table: &AwsRouteTable) -> impl Iterator<Item = (&str, &str)> {
    let used = table.associations().iter().filter(|one| !one.main().unwrap_or_default());
    used.filter_map(|one| Some((one.subnet_id()?, one.route_table_association_id()?)))
}

fn read(aws: &Aws, table: &AwsRouteTable) -> Result<Live<RouteTable>> {
    let id = table.route_table_id().ok_or_else(|| Error::missing("routeTableId"))?;
    Ok(Live {
        spec: RouteTable {
            vpc: Ref::from(table.vpc_id().unwrap_or_default()).into(),
            routes: table.routes().iter().filter_map(read_route).collect(),
            subnets: associations(table).map(|(subnet, _)| Ref::from(subnet)).collect(),
        },
        outputs: outputs(aws, id.to_owned()),
        tags: tags(table.tags()),
        status: Status::Usable,
    })
}

/// A route that a stack file could have; one with another kind of target has none.
fn read_route(route: &AwsRoute) -> Option<Route> {
    let gateway = route.gateway_id().unwrap_or_default();
    let of_endpoint = gateway.starts_with("vpce-") && route.destination_prefix_list_id().is_some();
    let by_aws = matches!(
        route.origin(),
        Some(RouteOrigin::CreateRouteTable | RouteOrigin::EnableVgwRoutePropagation)
    );
    if gateway == "local" || of_endpoint || by_aws {
        return None;
    }
    let text = |text: Option<&str>| text.map(ToOwned::to_owned);
    let gateway = |prefix: &str| Some(gateway).filter(|id| id.starts_with(prefix));
    let cidr = route.destination_cidr_block().or(route.destination_ipv6_cidr_block());
    Some(Route {
        destination: cidr.map(Cidr::from),
        prefix_list: text(route.destination_prefix_list_id()),
        internet_gateway: gateway("igw-").map(Ref::from),
        nat_gateway: route.nat_gateway_id().map(Ref::from),
        vpc_endpoint: gateway("vpce-").map(Ref::from),
        peering: route.vpc_peering_connection_id().map(Ref::from),
        transit_gateway: text(route.transit_gateway_id()),
        vpn_gateway: text(gateway("vgw-")),
        egress_only_internet_gateway: text(route.egress_only_internet_gateway_id()),
        network_interface: text(route.network_interface_id()),
    })
}
