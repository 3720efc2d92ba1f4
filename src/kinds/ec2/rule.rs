//! What a security group lets through.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use aws_sdk_ec2::types::{IpPermission, IpRange, Ipv6Range, PrefixListId, UserIdGroupPair};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::SecurityGroup;
use crate::kind::field::Id;
use crate::kind::{Cidr, Problem, Ref, Set, is_unknown};

/// Traffic that is let through. Several ranges, groups and lists in one rule mean the same as a
/// rule for each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// `tcp`, `udp`, `icmp`, `icmpv6`, `all`, or the number of another protocol.
    #[serde(default = "tcp")]
    #[schemars(regex(pattern = "^(tcp|udp|icmp|icmpv6|all|-1|[0-9]{1,3})$"))]
    protocol: String,
    /// The port. Every port when neither this nor a range is given.
    #[schemars(range(min = 0, max = 65535))]
    port: Option<i32>,
    /// The first port of a range; for ICMP, the type (-1 for all).
    #[schemars(range(min = -1, max = 65535))]
    from_port: Option<i32>,
    /// The last port of a range; for ICMP, the code (-1 for all).
    #[schemars(range(min = -1, max = 65535))]
    to_port: Option<i32>,
    /// Ranges of IPv4 or IPv6 addresses at the other end.
    #[serde(default, skip_serializing_if = "none")]
    cidrs: Set<Cidr>,
    /// Security groups at the other end, the group itself included; `ACCOUNT/sg-…` in a peered
    /// network of another account.
    #[serde(default, skip_serializing_if = "none")]
    groups: Set<Ref<SecurityGroup, Id>>,
    /// Managed prefix lists (`pl-…`) at the other end.
    #[serde(default, skip_serializing_if = "none")]
    prefix_lists: Set<String>,
    /// What the rule is for.
    #[schemars(length(max = 255))]
    description: Option<String>,
}

/// Rules, each with one range, group or list, as AWS keeps them.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Rules(Set<Rule>);

fn tcp() -> String {
    "tcp".to_owned()
}

fn none<T>(set: &Set<T>) -> bool {
    set.is_empty()
}

impl Deref for Rules {
    type Target = Set<Rule>;
    fn deref(&self) -> &Set<Rule> {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Rules {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Option::<Vec<Rule>>::deserialize(deserializer)?.unwrap_or_default();
        let normal: Result<Vec<Rule>, String> = written.into_iter().map(Rule::normal).collect();
        Ok(normal.map_err(D::Error::custom)?.iter().flat_map(Rule::split).collect())
    }
}

impl FromIterator<Rule> for Rules {
    fn from_iter<I: IntoIterator<Item = Rule>>(rules: I) -> Self {
        Self(Set::new(rules))
    }
}

impl JsonSchema for Rules {
    fn schema_name() -> Cow<'static, str> {
        "Rules".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Set::<Rule>::json_schema(generator)
    }
}

impl Rules {
    /// What AWS says it lets through.
    pub fn read(permissions: &[IpPermission], account: &str) -> Self {
        permissions.iter().flat_map(|permission| Rule::read(permission, account)).collect()
    }

    /// What AWS would refuse, as the field `path`.
    pub fn check(&self, path: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (index, rule) in self.iter().enumerate() {
            let problem = |message: &str| Problem::at(path, format!("the rule {rule}: {message}"));
            if none(&rule.cidrs) && none(&rule.groups) && none(&rule.prefix_lists) {
                problems.push(
                    problem("who is at the other end is not said")
                        .help("give `cidrs`, `groups` or `prefix_lists`"),
                );
            }
            if !rule.is_icmp() && rule.from_port > rule.to_port {
                problems.push(problem("`from_port` is above `to_port`"));
            }
            if !rule.is_icmp() && rule.from_port == Some(-1) {
                problems.push(
                    problem("-1 is no port").help("leave the ports out to let all of them through"),
                );
            }
            let odd = rule.description.as_deref().and_then(odd_letter);
            if let Some(odd) = odd {
                problems.push(problem(&format!("AWS does not allow `{odd}` in a description")));
            }
            if self.iter().take(index).any(|other| other.lets_through_same(rule)) {
                problems.push(problem("another rule lets the same through"));
            }
        }
        problems
    }
}

/// The first letter, if any, that AWS refuses in names and descriptions of groups and rules.
pub fn odd_letter(text: &str) -> Option<char> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(c);
    text.chars().find(|c| !is_allowed(*c)).filter(|_| !is_unknown(text))
}

impl Rule {
    /// Lets everything through, from or to whoever is added.
    pub fn everything() -> Self {
        Self {
            protocol: "all".to_owned(),
            port: None,
            from_port: None,
            to_port: None,
            cidrs: Set::default(),
            groups: Set::default(),
            prefix_lists: Set::default(),
            description: None,
        }
    }

    /// The rule for one range alone.
    pub fn with_cidr(&self, cidr: impl Into<Cidr>) -> Self {
        Self { cidrs: Set(vec![cidr.into()]), ..self.alone() }
    }

    /// The rule for one group alone.
    pub fn with_group(&self, group: impl Into<Ref<SecurityGroup, Id>>) -> Self {
        Self { groups: Set(vec![group.into()]), ..self.alone() }
    }

    /// The rule for one prefix list alone.
    fn with_prefix_list(&self, list: &str) -> Self {
        Self { prefix_lists: Set(vec![list.to_owned()]), ..self.alone() }
    }

    fn alone(&self) -> Self {
        let (cidrs, groups, prefix_lists) = Default::default();
        Self { cidrs, groups, prefix_lists, ..self.clone() }
    }

    /// A rule for each range, group and list. A rule for nobody stays, for `check` to find.
    fn split(&self) -> Vec<Self> {
        let cidrs = self.cidrs.iter().map(|cidr| self.with_cidr(cidr.clone()));
        let groups = self.groups.iter().map(|group| self.with_group(group.clone()));
        let lists = self.prefix_lists.iter().map(|list| self.with_prefix_list(list));
        let split: Vec<Self> = cidrs.chain(groups).chain(lists).collect();
        if split.is_empty() { vec![self.clone()] } else { split }
    }

    fn is_icmp(&self) -> bool {
        self.protocol.starts_with("icmp")
    }

    /// Whether both let the same through, whatever they say that they are for.
    pub fn lets_through_same(&self, other: &Self) -> bool {
        Self { description: None, ..self.clone() } == Self { description: None, ..other.clone() }
    }

    /// The one form of all rules that mean the same: protocols by name, single ports as `port`,
    /// and all ports as none.
    fn normal(mut self) -> Result<Self, String> {
        let written = std::mem::take(&mut self.protocol);
        let name = match written.as_str() {
            "-1" => "all",
            "1" => "icmp",
            "6" => "tcp",
            "17" => "udp",
            "58" => "icmpv6",
            other => other,
        };
        self.protocol = name.to_owned();
        let range = match (self.port, self.from_port, self.to_port) {
            (None, None, None) => None,
            _ if !matches!(name, "tcp" | "udp" | "icmp" | "icmpv6") => {
                return Err(format!("a rule for the protocol `{name}` has no ports"));
            }
            (Some(_), ..) if self.is_icmp() => {
                return Err(
                    "a rule for ICMP has no `port`: `from_port` is the type, and `to_port` \
                            the code"
                        .to_owned(),
                );
            }
            (Some(port), None, None) => Some((port, port)),
            (None, Some(from), Some(to)) => Some((from, to)),
            (None, Some(kind), None) if self.is_icmp() => Some((kind, -1)),
            (Some(_), ..) => {
                return Err("a rule has either `port`, or `from_port` and `to_port`".to_owned());
            }
            (None, ..) => return Err("`from_port` and `to_port` go together".to_owned()),
        };
        self.set_ports(range);
        Ok(self)
    }

    fn set_ports(&mut self, range: Option<(i32, i32)>) {
        let every = if self.is_icmp() { (-1, -1) } else { (0, 65535) };
        (self.port, self.from_port, self.to_port) = match range {
            Some((from, to)) if (from, to) != every => {
                if from == to && !self.is_icmp() {
                    (Some(from), None, None)
                } else {
                    (None, Some(from), Some(to))
                }
            }
            _ => (None, None, None),
        };
    }

    /// The ports as AWS wants them.
    fn ports(&self) -> (Option<i32>, Option<i32>) {
        match self.protocol.as_str() {
            "tcp" | "udp" => (
                self.port.or(self.from_port).or(Some(0)),
                self.port.or(self.to_port).or(Some(65535)),
            ),
            "icmp" | "icmpv6" => (self.from_port.or(Some(-1)), self.to_port.or(Some(-1))),
            _ => (None, None),
        }
    }

    fn read(permission: &IpPermission, account: &str) -> Vec<Self> {
        let mut rule = Self::everything();
        let protocol = permission.ip_protocol().unwrap_or_default();
        rule.protocol = protocol.to_owned();
        let Ok(mut rule) = rule.normal() else { return Vec::new() };
        if matches!(rule.protocol.as_str(), "tcp" | "udp" | "icmp" | "icmpv6") {
            rule.set_ports(permission.from_port().zip(permission.to_port()));
        }
        let because = |description: Option<&str>, rule: Self| Self {
            description: description.filter(|text| !text.is_empty()).map(ToOwned::to_owned),
            ..rule
        };
        let ipv4 = permission.ip_ranges().iter().filter_map(|range| {
            Some(because(range.description(), rule.with_cidr(range.cidr_ip()?)))
        });
        let ipv6 = permission.ipv6_ranges().iter().filter_map(|range| {
            Some(because(range.description(), rule.with_cidr(range.cidr_ipv6()?)))
        });
        let groups = permission.user_id_group_pairs().iter().filter_map(|pair| {
            let id = pair.group_id()?;
            let id = match pair.user_id() {
                Some(owner) if owner != account => format!("{owner}/{id}"),
                _ => id.to_owned(),
            };
            Some(because(pair.description(), rule.with_group(id)))
        });
        let lists = permission.prefix_list_ids().iter().filter_map(|list| {
            Some(because(list.description(), rule.with_prefix_list(list.prefix_list_id()?)))
        });
        ipv4.chain(ipv6).chain(groups).chain(lists).collect()
    }

    /// The rule as AWS takes it.
    pub fn permission(&self) -> IpPermission {
        let (from, to) = self.ports();
        let protocol = if self.protocol == "all" { "-1" } else { &self.protocol };
        let because = self.description.clone();
        let mut permission =
            IpPermission::builder().ip_protocol(protocol).set_from_port(from).set_to_port(to);
        for cidr in &*self.cidrs {
            permission = if cidr.contains(':') {
                let range = Ipv6Range::builder().cidr_ipv6(cidr.as_str());
                permission.ipv6_ranges(range.set_description(because.clone()).build())
            } else {
                let range = IpRange::builder().cidr_ip(cidr.as_str());
                permission.ip_ranges(range.set_description(because.clone()).build())
            };
        }
        for group in &*self.groups {
            let pair = UserIdGroupPair::builder().set_description(because.clone());
            permission = permission.user_id_group_pairs(match group.split_once('/') {
                Some((account, id)) => pair.user_id(account).group_id(id).build(),
                None => pair.group_id(group.as_str()).build(),
            });
        }
        for list in &*self.prefix_lists {
            let list = PrefixListId::builder().prefix_list_id(list);
            permission = permission.prefix_list_ids(list.set_description(because.clone()).build());
        }
        permission.build()
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}", self.protocol)?;
        match (self.port, self.from_port, self.to_port) {
            (Some(port), ..) => write!(f, " {port}")?,
            (_, Some(from), Some(to)) => write!(f, " {from}-{to}")?,
            _ => {}
        }
        let cidrs = self.cidrs.iter().map(|cidr| cidr.as_str());
        let groups = self.groups.iter().map(|group| group.as_str());
        for peer in cidrs.chain(groups).chain(self.prefix_lists.iter().map(String::as_str)) {
            write!(f, " {peer}")?;
        }
        f.write_str("`")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn rules(value: Value) -> Result<Rules, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    #[test]
    fn rules_that_mean_the_same_are_equal() {
        let short = rules(json!([
            { "port": 443, "cidrs": ["10.0.0.0/8", "::/0"], "groups": ["sg-1"] },
            { "protocol": "all", "cidrs": ["10.0.0.0/8"] },
            { "protocol": "udp", "cidrs": ["10.0.0.0/8"] },
        ]));
        let long = rules(json!([
            { "protocol": "-1", "cidrs": ["10.0.0.0/8"] },
            { "protocol": "17", "from_port": 0, "to_port": 65535, "cidrs": ["10.0.0.0/8"] },
            { "protocol": "tcp", "from_port": 443, "to_port": 443, "cidrs": ["::/0"] },
            { "protocol": "6", "port": 443, "groups": ["sg-1"] },
            { "port": 443, "cidrs": ["10.0.0.0/8"] },
        ]));
        assert_eq!(short, long);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let written = rules(json!([
            { "port": 443, "cidrs": ["10.0.0.0/8", "::/0"], "description": "web" },
            { "from_port": 8000, "to_port": 8100, "groups": ["sg-1", "210987654321/sg-2"] },
            { "protocol": "icmp", "from_port": 8, "cidrs": ["10.0.0.0/8"] },
            { "protocol": "icmpv6", "cidrs": ["::/0"] },
            { "protocol": "50", "prefix_lists": ["pl-1"] },
            { "protocol": "all", "groups": ["sg-1"] },
        ]))
        .unwrap();
        let permissions: Vec<IpPermission> = written.iter().map(Rule::permission).collect();
        assert_eq!(Rules::read(&permissions, "123456789012"), written);
        assert_eq!(rules(serde_json::to_value(&written).unwrap()), Ok(written));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let message = |value| rules(json!([value])).unwrap_err();
        assert_eq!(
            message(json!({ "port": 1, "to_port": 2 })),
            "a rule has either `port`, or `from_port` and `to_port`"
        );
        assert_eq!(message(json!({ "from_port": 1 })), "`from_port` and `to_port` go together");
        assert_eq!(
            message(json!({ "protocol": "all", "port": 1 })),
            "a rule for the protocol `all` has no ports"
        );
        let wrong = rules(json!([
            { "port": 1 },
            { "from_port": 2, "to_port": 1, "cidrs": ["::/0"] },
            { "port": 3, "cidrs": ["::/0"] },
            { "port": 3, "cidrs": ["::/0"], "description": "again" },
        ]));
        let problems = wrong.unwrap().check("ingress");
        let messages: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
        assert_eq!(
            messages,
            [
                "the rule `tcp 1`: who is at the other end is not said",
                "the rule `tcp 3 ::/0`: another rule lets the same through",
                "the rule `tcp 2-1 ::/0`: `from_port` is above `to_port`",
            ]
        );
    }
}
