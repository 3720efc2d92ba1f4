//! The entries of a network ACL.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{
    IcmpTypeCode, NetworkAcl as AwsAcl, NetworkAclEntry, PortRange, RuleAction,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::client;
use super::ports::{ALL, Ports};
use crate::aws::{Absent, Aws, Error, Result};
use crate::kind::{Cidr, Problem, Set, is_unknown};

/// Traffic that is let through or blocked. The entry with the lowest number that fits decides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The number, unique in its direction. AWS blocks at last, as number 32767, what no entry fits.
    #[schemars(range(min = 1, max = 32766))]
    pub number: i32,
    /// `allow` or `deny`.
    #[serde(default)]
    action: Action,
    /// `tcp`, `udp`, `icmp`, `icmpv6`, `all`, or the number of another protocol.
    #[serde(default = "tcp")]
    #[schemars(regex(pattern = "^(tcp|udp|icmp|icmpv6|all|[0-9]{1,3})$"))]
    protocol: String,
    /// The range of addresses at the other end, IPv4 or IPv6.
    cidr: Cidr,
    /// The port, `443`, or the first and the last one, `1024-65535`: for TCP and UDP, all of them when
    /// left out.
    ports: Option<Ports>,
    /// The type and code, for ICMP: all of them when left out.
    icmp: Option<Icmp>,
}

/// What an entry does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It lets through.
    #[default]
    Allow,
    /// It blocks.
    Deny,
}

/// A type of ICMP messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Icmp {
    /// The type's number.
    #[schemars(range(min = 0, max = 255))]
    r#type: i32,
    /// The code's number; -1 for all.
    #[serde(default = "all")]
    #[schemars(range(min = -1, max = 255))]
    code: i32,
}

fn tcp() -> String {
    "tcp".to_owned()
}

fn all() -> i32 {
    -1
}

/// Names of protocols, and the numbers by which ACLs know them.
const PROTOCOLS: &[(&str, &str)] =
    &[("all", "-1"), ("icmp", "1"), ("tcp", "6"), ("udp", "17"), ("icmpv6", "58")];

/// A call that writes an entry.
macro_rules! entry_call {
    ($call:expr, $acl:expr, $egress:expr, $entry:expr) => {
        $call
            .network_acl_id($acl)
            .egress($egress)
            .rule_number($entry.number)
            .rule_action($entry.action())
            .protocol($entry.protocol_number())
            .set_cidr_block((!$entry.is_ipv6()).then(|| $entry.cidr.to_string()))
            .set_ipv6_cidr_block($entry.is_ipv6().then(|| $entry.cidr.to_string()))
            .set_port_range($entry.port_range())
            .set_icmp_type_code($entry.icmp_type_code())
    };
}

/// What AWS would refuse about the entries of a direction.
pub fn check(path: &str, entries: &Set<Entry>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut seen = BTreeSet::new();
    for entry in entries.iter() {
        let mut problem = |text: &str| {
            problems.push(Problem::at(path, format!("the entry {}: {text}", entry.number)));
        };
        if !seen.insert(entry.number) {
            problem("another entry has this number");
        }
        if let Some((name, _)) = PROTOCOLS.iter().find(|(_, number)| entry.protocol == *number) {
            problem(&format!("say `protocol: {name}`"));
        }
        let has_ports = matches!(entry.protocol.as_str(), "tcp" | "udp");
        if entry.ports.is_some() && !has_ports && !is_unknown(&entry.protocol) {
            problem("only TCP and UDP have `ports`");
        }
        if entry.ports.as_ref().and_then(Ports::range) == Some(ALL) {
            problem("leave `ports` out for all of them");
        }
        if entry.icmp.is_some() && !entry.is_icmp() && !is_unknown(&entry.protocol) {
            problem("only `icmp` and `icmpv6` have a type");
        }
        if entry.protocol == "icmpv6" && !entry.is_ipv6() && !is_unknown(&entry.cidr) {
            problem("ICMPv6 goes between IPv6 addresses");
        }
    }
    problems
}

/// Brings the entries of a direction to `now`: what is new first.
pub async fn bring(aws: &Aws, acl: &AwsAcl, egress: bool, now: &Set<Entry>) -> Result<()> {
    let id = acl.network_acl_id().unwrap_or_default();
    let was = read(acl, egress);
    for entry in now.minus(&was) {
        if was.iter().any(|other| other.number == entry.number) {
            entry_call!(client(aws).replace_network_acl_entry(), id, egress, entry).send().await?;
        } else {
            entry_call!(client(aws).create_network_acl_entry(), id, egress, entry).send().await?;
        }
    }
    for entry in was.minus(now) {
        if !now.iter().any(|other| other.number == entry.number) {
            let delete = client(aws).delete_network_acl_entry().network_acl_id(id);
            let delete = delete.egress(egress).rule_number(entry.number).send().await;
            delete.map_err(Error::from).absent()?;
        }
    }
    Ok(())
}

/// The entries of a direction, but for AWS's last ones.
pub fn read(acl: &AwsAcl, egress: bool) -> Set<Entry> {
    let own = acl.entries().iter().filter(|entry| {
        entry.egress() == Some(egress) && entry.rule_number().is_some_and(|it| it <= 32766)
    });
    own.map(Entry::read).collect()
}

impl Entry {
    fn is_icmp(&self) -> bool {
        self.protocol.starts_with("icmp")
    }

    fn is_ipv6(&self) -> bool {
        self.cidr.contains(':')
    }

    fn action(&self) -> RuleAction {
        match self.action {
            Action::Allow => RuleAction::Allow,
            Action::Deny => RuleAction::Deny,
        }
    }

    fn protocol_number(&self) -> &str {
        let known = PROTOCOLS.iter().find(|(name, _)| self.protocol == *name);
        known.map_or(&self.protocol, |(_, number)| number)
    }

    fn port_range(&self) -> Option<PortRange> {
        let (from, to) = match self.protocol.as_str() {
            "tcp" | "udp" => self.ports.as_ref().and_then(Ports::range).unwrap_or(ALL),
            _ => return None,
        };
        Some(PortRange::builder().from(from).to(to).build())
    }

    fn icmp_type_code(&self) -> Option<IcmpTypeCode> {
        let icmp = self.icmp.unwrap_or(Icmp { r#type: -1, code: -1 });
        let built = IcmpTypeCode::builder().r#type(icmp.r#type).code(icmp.code).build();
        self.is_icmp().then_some(built)
    }

    fn read(entry: &NetworkAclEntry) -> Self {
        let number = entry.protocol().unwrap_or_default();
        let name = PROTOCOLS.iter().find(|(_, known)| *known == number);
        let protocol = name.map_or(number, |(name, _)| name).to_owned();
        let cidr = entry.cidr_block().or(entry.ipv6_cidr_block()).unwrap_or_default();
        let ports = entry.port_range().and_then(|ports| Some((ports.from()?, ports.to()?)));
        let has_ports = matches!(protocol.as_str(), "tcp" | "udp");
        let icmp = entry.icmp_type_code().and_then(|icmp| {
            Some(Icmp { r#type: icmp.r#type()?, code: icmp.code().unwrap_or(-1) })
        });
        let is_icmp = protocol.starts_with("icmp");
        Self {
            number: entry.rule_number().unwrap_or_default(),
            action: match entry.rule_action() {
                Some(RuleAction::Deny) => Action::Deny,
                _ => Action::Allow,
            },
            protocol,
            cidr: Cidr::from(cidr),
            ports: ports.filter(|ports| has_ports && *ports != ALL).map(Ports::new),
            icmp: icmp.filter(|icmp| is_icmp && icmp.r#type != -1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        let entries: Set<Entry> = serde_json::from_value(json!([
            { "number": 100, "cidr": "10.0.0.0/16", "ports": 443 },
            { "number": 110, "cidr": "::/0", "protocol": "udp", "ports": "1024-65535" },
            { "number": 120, "cidr": "0.0.0.0/0", "protocol": "icmp", "icmp": { "type": 8 } },
            { "number": 130, "cidr": "::/0", "protocol": "icmpv6" },
            { "number": 140, "cidr": "0.0.0.0/0", "protocol": "all", "action": "deny" },
            { "number": 150, "cidr": "10.8.0.0/16", "protocol": "50" },
            { "number": 160, "cidr": "10.8.0.0/16" },
        ]))
        .unwrap();
        let shown = entries.iter().map(|entry| {
            NetworkAclEntry::builder()
                .egress(false)
                .rule_number(entry.number)
                .rule_action(entry.action())
                .protocol(entry.protocol_number())
                .set_cidr_block((!entry.is_ipv6()).then(|| entry.cidr.to_string()))
                .set_ipv6_cidr_block(entry.is_ipv6().then(|| entry.cidr.to_string()))
                .set_port_range(entry.port_range())
                .set_icmp_type_code(entry.icmp_type_code())
                .build()
        });
        let last = NetworkAclEntry::builder().egress(false).rule_number(32767).build();
        let acl = AwsAcl::builder().set_entries(Some(shown.chain([last]).collect())).build();
        assert_eq!(read(&acl, false), entries);
        assert!(check("ingress", &entries).is_empty());
    }
}
