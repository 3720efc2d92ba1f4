//! The mark beside each record of ours: a `TXT` record that says whose it is.

use std::collections::BTreeMap;

use aws_sdk_route53::types::{ResourceRecord, ResourceRecordSet, RrType};

use super::fields::Type;
use super::value;
use crate::aws::Result;
use crate::kind::{Tags, ownership};
use crate::kinds::route53::domain::normal;
use crate::kinds::route53::reference::{base36, checksum};
use crate::kinds::route53::sets::Key;

/// What the first label of a mark's name begins with.
const LABEL: &str = "_infra-";
/// What its text begins with.
const HERITAGE: &str = "heritage=infra";
const TTL: i64 = 300;
/// How much longer than its record's a mark's name can be.
pub(super) const LONGER: usize = 40;

/// The name of a record's mark. It lies below the record's own name, where it stands in no record's
/// way and is in the zone even for a record of the zone's own name; that of a wildcard lies beside it.
pub(in crate::kinds::route53) fn name((name, kind, identifier): Key<'_>) -> String {
    let kind = kind.to_ascii_lowercase();
    let set = identifier.map(|text| format!("-{}", base36(checksum(text)))).unwrap_or_default();
    match name.strip_prefix("*.") {
        Some(above) => format!("{LABEL}any-{kind}{set}.{above}"),
        None => format!("{LABEL}{kind}{set}.{name}"),
    }
}

/// The mark of a record with these tags.
pub(super) fn of(key: Key<'_>, tags: &Tags) -> Result<ResourceRecordSet> {
    let mut text = HERITAGE.to_owned();
    for (key, value) in tags {
        if let Some(key) = key.strip_prefix(ownership::PREFIX) {
            text.push_str(&format!(",infra/{key}={}", escaped(value)));
        }
    }
    let value = ResourceRecord::builder().value(value::wire(Type::Txt, &text)).build()?;
    let set = ResourceRecordSet::builder().name(name(key)).r#type(RrType::Txt).ttl(TTL);
    Ok(set.resource_records(value).build()?)
}

/// The tags of a mark, if a record set is one.
pub(in crate::kinds::route53) fn read(set: &ResourceRecordSet) -> Option<Tags> {
    if *set.r#type() != RrType::Txt || !normal(set.name()).starts_with(LABEL) {
        return None;
    }
    let text = value::normal(Type::Txt, set.resource_records().first()?.value());
    let said = text.strip_prefix(HERITAGE)?.split(',').skip(1);
    let tag = |said: &str| {
        let (key, value) = said.strip_prefix("infra/")?.split_once('=')?;
        Some((format!("{}{key}", ownership::PREFIX), plain(value)))
    };
    Some(said.filter_map(tag).collect())
}

/// The tags of all marks among record sets, by the marks' names.
pub(in crate::kinds::route53) fn all(sets: &[ResourceRecordSet]) -> BTreeMap<String, Tags> {
    sets.iter().filter_map(|set| Some((normal(set.name()), read(set)?))).collect()
}

/// A value without the characters that have a meaning in a mark.
fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace(',', "%2c")
}

fn plain(text: &str) -> String {
    text.replace("%2c", ",").replace("%25", "%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_says_whose_the_record_is() {
        let tags = Tags::from([
            (ownership::STACK.to_owned(), "shop".to_owned()),
            (ownership::ADDRESS.to_owned(), "dns/web[a,b%2c]".to_owned()),
        ]);
        let mark = of(("www.example.com", "A", None), &tags).expect("a mark");
        assert_eq!(mark.name(), "_infra-a.www.example.com");
        assert_eq!(read(&mark), Some(tags));
        assert_eq!(name(("*.example.com", "TXT", None)), "_infra-any-txt.example.com");
        let weighted = name(("example.com", "CNAME", Some("one")));
        assert!(weighted.starts_with("_infra-cname-") && weighted.len() <= 11 + LONGER);
        assert_ne!(weighted, name(("example.com", "CNAME", Some("two"))));
    }
}
