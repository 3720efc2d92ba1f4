//! What AWS would refuse about a check.

use std::net::IpAddr;

use super::HealthCheck;
use crate::kind::{Problem, is_unknown, to_word};

/// The regions that AWS can ask from.
pub(super) const REGIONS: [&str; 8] = [
    "ap-northeast-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "eu-west-1",
    "sa-east-1",
    "us-east-1",
    "us-west-1",
    "us-west-2",
];

/// The mistakes of a check.
pub(super) fn problems(check: &HealthCheck) -> Vec<Problem> {
    let kind = *check.r#type;
    let word = to_word(&kind);
    let mut problems = Vec::new();
    let mut wrong = |field: &str, message: String, help: &str| {
        problems.push(Problem::at(field, message).help(help));
    };
    let stray = [
        ("domain_name", check.domain_name.is_some(), kind.is_endpoint()),
        ("ip_address", check.ip_address.is_some(), kind.is_endpoint()),
        ("port", check.port.is_some(), kind.is_endpoint()),
        ("regions", !check.regions.is_empty(), kind.is_endpoint()),
        ("measure_latency", *check.measure_latency, kind.is_endpoint()),
        ("path", check.path.is_some(), kind.is_http()),
        ("search_string", check.search_string.is_some(), kind.searches()),
        ("children", !check.children.is_empty(), word == "CALCULATED"),
        ("healthy_children", check.healthy_children.is_some(), word == "CALCULATED"),
        ("alarm", check.alarm.is_some(), word == "CLOUDWATCH_METRIC"),
        ("sni", !check.sni, kind.is_https()),
        ("request_interval", *check.request_interval != 30, kind.is_endpoint()),
        ("failure_threshold", check.failure_threshold != 3, kind.is_endpoint()),
    ];
    for (field, is_set, is_for) in stray {
        if is_set && !is_for {
            wrong(field, format!("a check of type `{word}` has no `{field}`"), "take it away");
        }
    }
    let has_host = check.domain_name.is_some() || check.ip_address.is_some();
    let needs = [
        ("domain_name", kind.is_endpoint() && !has_host, "say what is asked, or `ip_address`"),
        ("port", word == "TCP" && check.port.is_none(), "say where the endpoint listens"),
        (
            "search_string",
            kind.searches() && check.search_string.is_none(),
            "say what it looks for",
        ),
        (
            "children",
            word == "CALCULATED" && check.children.is_empty(),
            "say which checks it counts",
        ),
        (
            "healthy_children",
            word == "CALCULATED" && check.healthy_children.is_none(),
            "say how many of `children` have to be healthy",
        ),
        ("alarm", word == "CLOUDWATCH_METRIC" && check.alarm.is_none(), "say which it looks at"),
    ];
    for (field, is_missing, help) in needs {
        if is_missing {
            wrong(field, format!("a check of type `{word}` needs `{field}`"), help);
        }
    }
    let unknown = |name: &&String| !REGIONS.contains(&name.as_str()) && !is_unknown(name);
    if let Some(name) = check.regions.iter().find(unknown) {
        let help = format!("it does from {}", REGIONS.join(", "));
        wrong("regions", format!("AWS does not ask from `{name}`"), &help);
    }
    match check.regions.len() {
        1 | 2 => wrong(
            "regions",
            "AWS asks from three regions at least".to_owned(),
            "name more of them, or none for all",
        ),
        8.. => wrong(
            "regions",
            "these are all regions, from which AWS asks anyway".to_owned(),
            "leave `regions` out",
        ),
        _ => {}
    }
    let address = check.ip_address.as_deref().filter(|text| !is_unknown(text));
    if let Some(address) = address {
        match address.parse::<IpAddr>() {
            Err(_) => wrong("ip_address", format!("`{address}` is no IP address"), "as 192.0.2.44"),
            Ok(address) if is_private(address) => wrong(
                "ip_address",
                format!("AWS cannot reach {address} from outside"),
                "give a public address, or check an alarm instead",
            ),
            Ok(_) => {}
        }
    }
    problems
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let shared = v4.octets()[0] == 100 && (64..128).contains(&v4.octets()[1]);
            v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_multicast() || shared
        }
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_multicast()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
        }
    }
}
