//! Where connections go, as far as the stack says: from group to group, from load balancers to what
//! serves, and along routes to gateways.

use serde_json::Value;

use super::place::{GROUP, SUBNET};
use super::things::Thing;
use crate::model::whereabouts;

/// An end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    Internet,
    Thing(usize),
}

/// A connection that may be opened.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Flow {
    pub from: End,
    pub to: End,
    pub label: String,
}

const LISTENER: &str = "elbv2.listener";
const LOAD_BALANCER: &str = "elbv2.load_balancer";
const TARGET_GROUP: &str = "elbv2.target_group";
const ROUTE_TABLE: &str = "ec2.route_table";
/// All addresses there are.
const EVERYWHERE: [&str; 2] = ["0.0.0.0/0", "::/0"];
/// The fields of a route that say where it leads.
const WAYS: [&str; 4] = ["internet_gateway", "nat_gateway", "vpc_endpoint", "peering"];

/// Every connection, in no order.
pub(super) fn flows(things: &[Thing<'_>]) -> Vec<Flow> {
    let mut found = Vec::new();
    for (place, thing) in things.iter().enumerate() {
        match thing.kind.name() {
            GROUP => group(things, place, &mut found),
            LISTENER => listener(things, place, &mut found),
            ROUTE_TABLE => routes(things, place, &mut found),
            kind => targets(things, place, kind, &mut found),
        }
    }
    found
}

fn flow(from: usize, to: usize, label: String) -> Flow {
    Flow { from: End::Thing(from), to: End::Thing(to), label }
}

/// Those that are in a group; the group itself where nothing is. What one starts, such as the tasks
/// of a rule, opens connections, but nobody expects to reach it.
fn members(things: &[Thing<'_>], group: usize, and_started: bool) -> Vec<usize> {
    let is_in = |thing: &Thing<'_>| {
        let mut links = thing.links.iter().filter(|link| link.direct || and_started);
        thing.kind.name() != GROUP && links.any(|link| link.to == group)
    };
    let members: Vec<usize> = (0..things.len()).filter(|place| is_in(&things[*place])).collect();
    if members.is_empty() { vec![group] } else { members }
}

/// What a group lets in, as its members see it.
fn group(things: &[Thing<'_>], place: usize, found: &mut Vec<Flow>) {
    let to = members(things, place, false);
    for rule in list(&things[place].spec, "ingress") {
        let label = ports(rule);
        if texts(rule, "cidrs").any(|cidr| EVERYWHERE.contains(&cidr)) {
            let open = |to: &usize| Flow {
                from: End::Internet,
                to: End::Thing(*to),
                label: label.clone(),
            };
            found.extend(to.iter().map(open));
        }
        for source in texts(rule, "groups") {
            let Some(source) = named(things, place, source) else { continue };
            if !lets_out(things, source, place, rule) {
                continue;
            }
            for from in members(things, source, true) {
                let others = to.iter().filter(|to| **to != from || source != place);
                found.extend(others.map(|to| flow(from, *to, label.clone())));
            }
        }
    }
}

/// The thing that a text in a spec stands for.
fn named(things: &[Thing<'_>], from: usize, text: &str) -> Option<usize> {
    let links = things[from].links.iter().map(|link| link.to).chain([from]);
    let address = whereabouts(text);
    let is_it = |thing: &Thing<'_>| match address {
        Some(address) => thing.address.as_str() == address,
        None => thing.is(text),
    };
    let mut all = links.filter(|place| things[*place].kind.name() == GROUP);
    all.find(|place| is_it(&things[*place]))
}

/// Whether a group lets out what another lets in.
fn lets_out(things: &[Thing<'_>], from: usize, to: usize, ingress: &Value) -> bool {
    let covers = |rule: &Value| {
        let protocol = |rule: &Value| rule["protocol"].as_str().unwrap_or("tcp").to_owned();
        let is_all = matches!(protocol(rule).as_str(), "all" | "-1");
        let (low, high) = range(rule);
        let (first, last) = range(ingress);
        is_all || (protocol(rule) == protocol(ingress) && low <= last && first <= high)
    };
    list(&things[from].spec, "egress").any(|rule| {
        let to_it = texts(rule, "groups").any(|text| named(things, from, text) == Some(to));
        covers(rule) && (to_it || texts(rule, "cidrs").next().is_some())
    })
}

fn range(rule: &Value) -> (i64, i64) {
    let number = |name: &str| rule.get(name).and_then(Value::as_i64);
    match (number("port"), number("from_port"), number("to_port")) {
        (Some(port), ..) => (port, port),
        (None, Some(from), Some(to)) => (from, to),
        _ => (0, 65_535),
    }
}

/// Protocol and ports of a rule: `tcp 443`.
fn ports(rule: &Value) -> String {
    let protocol = rule.get("protocol").and_then(Value::as_str).unwrap_or("tcp");
    let protocol = if protocol == "-1" { "all" } else { protocol };
    match range(rule) {
        (0, 65_535) => protocol.to_owned(),
        (from, to) if from == to => format!("{protocol} {from}"),
        (from, to) => format!("{protocol} {from}-{to}"),
    }
}

/// From the load balancer through the listener to where it, or a rule of it, forwards.
fn listener(things: &[Thing<'_>], place: usize, found: &mut Vec<Flow>) {
    let thing = &things[place];
    for link in &thing.links {
        let port = thing.spec.get("port").and_then(Value::as_i64);
        let label = port.map(|port| format!("port {port}")).unwrap_or_default();
        match things[link.to].kind.name() {
            LOAD_BALANCER => found.push(flow(link.to, place, label)),
            TARGET_GROUP => found.push(flow(place, link.to, String::new())),
            _ => {}
        }
    }
}

/// From a target group to those that register with it, or are registered by it.
fn targets(things: &[Thing<'_>], place: usize, kind: &str, found: &mut Vec<Flow>) {
    for link in &things[place].links {
        let is_network = matches!(things[link.to].kind.name(), super::place::VPC | SUBNET);
        if kind == TARGET_GROUP && !is_network {
            found.push(flow(place, link.to, String::new()));
        } else if kind != TARGET_GROUP && things[link.to].kind.name() == TARGET_GROUP {
            found.push(flow(link.to, place, String::new()));
        }
    }
}

/// From the subnets of a route table to its gateways, and from there to everybody.
fn routes(things: &[Thing<'_>], place: usize, found: &mut Vec<Flow>) {
    let thing = &things[place];
    let mut sources = thing.direct(things, SUBNET);
    if sources.is_empty() {
        sources.push(place);
    }
    for route in list(&thing.spec, "routes") {
        let destination = route.get("destination").and_then(Value::as_str).unwrap_or_default();
        for text in WAYS.iter().filter_map(|way| route.get(way)?.as_str()) {
            let mut gateways = thing.links.iter().map(|link| link.to);
            let gateway = gateways.find(|to| match whereabouts(text) {
                Some(address) => things[*to].address.as_str() == address,
                None => things[*to].is(text),
            });
            let Some(gateway) = gateway else { continue };
            found.extend(sources.iter().map(|from| flow(*from, gateway, destination.to_owned())));
            let is_last = things[gateway].kind.name() == "ec2.internet_gateway";
            if is_last && EVERYWHERE.contains(&destination) {
                let (from, to) = (End::Thing(gateway), End::Internet);
                found.push(Flow { from, to, label: String::new() });
            }
        }
    }
}

fn list<'a>(value: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    value.get(field).and_then(Value::as_array).into_iter().flatten()
}

fn texts<'a>(value: &'a Value, field: &str) -> impl Iterator<Item = &'a str> {
    list(value, field).filter_map(Value::as_str)
}
