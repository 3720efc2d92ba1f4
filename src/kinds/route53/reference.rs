//! Caller references: what makes a repeated create the same one, and a half-made object ours.
//!
//! Route 53 takes no tags in the call that creates a zone or a health check, but keeps the caller
//! reference of that call and shows it in its lists. So ours says whose the object is:
//! `infra/shop/dev/dns/zone/m4x1k2p9`. Should a run be killed before it has written the tags, the next
//! one knows the object by its reference, and completes it. What the tags say counts for more, where
//! there are any.
//!
//! The last part is the time: AWS remembers the reference of a deleted object for days and refuses
//! to make another one of it. Parts that are too long for AWS's 64 characters end in a checksum.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::kind::{Scope, Tags, ownership};

const PREFIX: &str = "infra/";
/// The longest parts; with prefix, slashes and time, 64 characters.
const STACK: usize = 16;
const ENVIRONMENT: usize = 12;
const ADDRESS: usize = 18;

/// A new reference for the object with these tags.
pub(super) fn new(tags: &Tags) -> String {
    let part = |key, longest| cut(tags.get(key).map(String::as_str).unwrap_or_default(), longest);
    let stack = part(ownership::STACK, STACK);
    let environment = part(ownership::ENVIRONMENT, ENVIRONMENT);
    let address = part(ownership::ADDRESS, ADDRESS);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let time = base36(u64::try_from(now).unwrap_or_default());
    format!("{PREFIX}{stack}/{environment}/{address}/{time}")
}

/// The ownership tags that a reference stands for, if it is one of the scope's.
pub(super) fn owner(reference: &str, scope: &Scope) -> Option<Tags> {
    let (stack, rest) = reference.strip_prefix(PREFIX)?.split_once('/')?;
    let (environment, rest) = rest.split_once('/')?;
    let (address, _) = rest.rsplit_once('/')?;
    if stack != cut(&scope.stack, STACK) || environment != cut(&scope.environment, ENVIRONMENT) {
        return None;
    }
    let whole = scope.expected.keys().find(|known| cut(known, ADDRESS) == address);
    Some(Tags::from([
        (ownership::STACK.to_owned(), scope.stack.clone()),
        (ownership::ENVIRONMENT.to_owned(), scope.environment.clone()),
        (ownership::ADDRESS.to_owned(), whole.map_or(address, |whole| whole).to_owned()),
    ]))
}

/// A part, or its beginning and a checksum of the whole. Seven characters hold the checksum.
fn cut(text: &str, longest: usize) -> String {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    if is_plain && text.len() <= longest {
        return text.to_owned();
    }
    let plain = text.chars().filter(char::is_ascii_graphic);
    let head: String = plain.take(longest.saturating_sub(8)).collect();
    format!("{head}~{}", base36(checksum(text) % 36_u64.pow(7)))
}

/// FNV-1a: it stays the same in every version of this program.
pub(super) fn checksum(text: &str) -> u64 {
    let add = |sum: u64, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, add)
}

/// A number in digits and small letters.
pub(super) fn base36(mut number: u64) -> String {
    let mut digits = Vec::new();
    loop {
        digits.push(b"0123456789abcdefghijklmnopqrstuvwxyz"[(number % 36) as usize]);
        number /= 36;
        if number == 0 {
            break;
        }
    }
    digits.iter().rev().map(|&digit| char::from(digit)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn scope(stack: &str, environment: &str, address: &str) -> (Scope, Tags) {
        let tags = Tags::from([
            (ownership::STACK.to_owned(), stack.to_owned()),
            (ownership::ENVIRONMENT.to_owned(), environment.to_owned()),
            (ownership::ADDRESS.to_owned(), address.to_owned()),
        ]);
        let expected = [(address.to_owned(), tags.clone())].into();
        let (stack, environment) = (stack.to_owned(), environment.to_owned());
        (Scope { stack, environment, expected, ..Scope::default() }, tags)
    }

    #[test]
    fn a_reference_says_whose_the_object_is() {
        let (dev, tags) = scope("shop", "dev", "dns/zone");
        let reference = new(&tags);
        assert!(reference.starts_with("infra/shop/dev/dns/zone/"), "{reference}");
        assert_eq!(owner(&reference, &dev), Some(tags));
        assert_eq!(owner(&reference, &scope("shop", "prod", "dns/zone").0), None);
        assert_eq!(owner("somebody's own", &dev), None);
        let undeclared = Scope { expected: BTreeMap::new(), ..dev };
        let found = owner(&reference, &undeclared).and_then(|mut t| t.remove(ownership::ADDRESS));
        assert_eq!(found.as_deref(), Some("dns/zone"));
    }

    #[test]
    fn long_parts_fit_and_are_recognised() {
        let long = "a-very-long-name-of-something-in-it";
        let address = format!("{long}/ünlike-others/zone[0]");
        let (scope, tags) = scope(&long[..32], &long[3..35], &address);
        let reference = new(&tags);
        assert!(reference.len() <= 64, "{reference}");
        assert_eq!(owner(&reference, &scope), Some(tags));
    }
}
