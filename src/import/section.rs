//! The parts of a stack file, from what everything stands on to what watches over it.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use super::Found;

/// The parts and the kinds, or whole services, in them.
const SECTIONS: [(&str, &[&str]); 6] = [
    ("Network", &["ec2", "route53", "elbv2", "wafv2"]),
    ("Security", &["ec2.security_group", "iam", "kms", "secretsmanager"]),
    ("Data", &["s3", "rds", "docdb", "atlas", "ec2.volume", "backup", "dlm"]),
    (
        "Compute",
        &["ecs", "ecr", "lambda", "ec2.instance", "autoscaling", "events", "scheduler", "sns"],
    ),
    (
        "Monitoring",
        &["logs", "cloudwatch", "cloudtrail", "config", "guardduty", "budgets", "ec2.flow_log"],
    ),
    ("The rest", &[]),
];

/// The part that a kind belongs to: what is said of the kind counts more than what is of the service.
fn section(kind: &str) -> usize {
    let service = kind.split('.').next().unwrap_or_default();
    let of = |name: &str| SECTIONS.iter().position(|(_, all)| all.contains(&name));
    of(kind).or(of(service)).unwrap_or(SECTIONS.len() - 1)
}

/// The objects' places by the titles of the parts; inside a part what is needed comes first.
pub fn ordered(found: &[Found], edges: &[BTreeSet<usize>]) -> IndexMap<&'static str, Vec<usize>> {
    let mut parts: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (place, it) in found.iter().enumerate() {
        parts.entry(section(it.kind.name())).or_default().push(place);
    }
    let sorted = parts.into_iter().map(|(part, mut places)| {
        places.sort_by_key(|&place| (found[place].kind.name(), &found[place].address));
        let inside: BTreeSet<usize> = places.iter().copied().collect();
        let mut order = Vec::with_capacity(places.len());
        let mut seen = BTreeSet::new();
        for place in places {
            visit(place, edges, &inside, &mut seen, &mut order);
        }
        (SECTIONS[part].0, order)
    });
    sorted.collect()
}

fn visit(
    place: usize,
    edges: &[BTreeSet<usize>],
    inside: &BTreeSet<usize>,
    seen: &mut BTreeSet<usize>,
    order: &mut Vec<usize>,
) {
    if !inside.contains(&place) || !seen.insert(place) {
        return;
    }
    for &needed in &edges[place] {
        visit(needed, edges, inside, seen, order);
    }
    order.push(place);
}
