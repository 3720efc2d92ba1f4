//! The names of AWS's commercial regions, for finding slips of the pen.

use crate::diagnostic::Diagnostic;

/// The regions of AWS.
pub const REGIONS: [&str; 34] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// What is wrong with the name of a region. AWS opens new ones: a name that is like none of
/// those here may be right.
pub(super) fn problem(region: &str) -> Option<Diagnostic> {
    if REGIONS.contains(&region) {
        return None;
    }
    let unknown = Diagnostic::error("unknown-region", format!("there is no region `{region}`"));
    let near = REGIONS
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(known, region), known))
        .min()
        .filter(|(distance, _)| *distance <= 2);
    if let Some((_, near)) = near {
        Some(unknown.help(format!("did you mean `{near}`?")))
    } else {
        let plain = !region.is_empty()
            && region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let zone = REGIONS.into_iter().find(|known| region.strip_prefix(known).is_some());
        match zone {
            Some(known) => Some(unknown.help(format!("`{known}` is the region of this zone"))),
            None if plain => None,
            None => Some(unknown),
        }
    }
}
