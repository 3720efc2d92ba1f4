//! What is inside what: region, network, zone, subnet. A network and its subnets are found by the
//! fields that refer to them.

use super::things::Thing;

/// The kind of networks.
pub(super) const VPC: &str = "ec2.vpc";
/// The kind of subnets.
pub(super) const SUBNET: &str = "ec2.subnet";
/// The kind of security groups.
pub(super) const GROUP: &str = "ec2.security_group";
/// The service whose things are in a cloud of their own.
const ATLAS: &str = "atlas";

/// The box that a thing stands in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Home {
    /// A region.
    Region(String),
    /// The account, for what is in no region.
    Account,
    /// MongoDB Atlas.
    Atlas,
    /// A zone of a region, or what a network has in it.
    Zone { region: String, network: Option<usize>, zone: String },
    /// A network or a subnet.
    Thing(usize),
}

/// The box of each thing.
pub(super) fn homes(things: &[Thing<'_>]) -> Vec<Home> {
    (0..things.len()).map(|place| home(things, place, 0)).collect()
}

/// How far one thing may be a part of another that is a part of another.
const DEPTH: usize = 8;

fn home(things: &[Thing<'_>], place: usize, depth: usize) -> Home {
    let thing = &things[place];
    if thing.service() == ATLAS {
        return Home::Atlas;
    }
    if thing.kind.is_global() {
        return Home::Account;
    }
    let region = || Home::Region(thing.region.clone());
    if thing.kind.name() == VPC || depth > DEPTH {
        return region();
    }
    let found = network(things, place, depth).unwrap_or_else(region);
    // Its own word on where it stands is nearer than that of what it belongs to.
    let (Some(zone), false) = (thing.text("zone"), is_subnet_of(things, thing, &found)) else {
        return found;
    };
    let network = vpc(things, &found);
    Home::Zone { region: thing.region.clone(), network, zone: zone.to_owned() }
}

fn is_subnet_of(things: &[Thing<'_>], thing: &Thing<'_>, home: &Home) -> bool {
    let Home::Thing(at) = home else { return false };
    thing.direct(things, SUBNET).contains(at)
}

/// The box in a network that a thing stands in, if it stands in any.
fn network(things: &[Thing<'_>], place: usize, depth: usize) -> Option<Home> {
    let thing = &things[place];
    if let Some(vpc) = thing.direct(things, VPC).first() {
        return Some(Home::Thing(*vpc));
    }
    match *thing.direct(things, SUBNET) {
        [] => {}
        [subnet] => return Some(Home::Thing(subnet)),
        [first, ref others @ ..] => {
            let zone = home(things, first, depth + 1);
            if others.iter().all(|other| home(things, *other, depth + 1) == zone) {
                return Some(zone);
            }
            return vpc(things, &zone).map(Home::Thing);
        }
    }
    if let Some(group) = thing.direct(things, GROUP).first() {
        return vpc(things, &home(things, *group, depth + 1)).map(Home::Thing);
    }
    // A part of something of the same service is where that is: a listener, a database's instance.
    let parts = thing.links.iter().filter(|link| {
        link.direct
            && thing.spec.get(&link.field).is_some_and(serde_json::Value::is_string)
            && things[link.to].service() == thing.service()
    });
    let mut homes = parts.map(|link| home(things, link.to, depth + 1));
    homes.find(|home| vpc(things, home).is_some())
}

/// The network that a box is, or is in.
fn vpc(things: &[Thing<'_>], home: &Home) -> Option<usize> {
    match home {
        Home::Zone { network, .. } => *network,
        Home::Thing(at) if things[*at].kind.name() == VPC => Some(*at),
        Home::Thing(at) => things[*at].direct(things, VPC).first().copied(),
        Home::Region(_) | Home::Account | Home::Atlas => None,
    }
}
