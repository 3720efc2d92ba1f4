//! Values of records: as people write them, as AWS takes them, and so that equal ones are equal.

use std::net::Ipv6Addr;

use super::fields::Type;
use crate::kind::is_unknown;
use crate::kinds::route53::domain;

/// The bytes that one string of a text holds; AWS takes several, and those who ask join them.
const STRING: usize = 255;

/// A value in the form in which values are compared, from AWS's form or a user's.
pub(super) fn normal(kind: Type, text: &str) -> String {
    let text = text.trim();
    if is_unknown(text) {
        return text.to_owned();
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    match kind {
        Type::A => text.to_owned(),
        Type::Aaaa => text.parse().map_or(text.to_owned(), |ip: Ipv6Addr| ip.to_string()),
        Type::Cname | Type::Ns | Type::Ptr => domain::normal(text),
        // Numbers, then a name.
        Type::Mx | Type::Srv => match words.split_last() {
            Some((name, numbers)) => [numbers, &[&domain::normal(name)]].concat().join(" "),
            None => String::new(),
        },
        Type::Caa => match words.as_slice() {
            [flags, tag, rest @ ..] => {
                let value = rest.join(" ");
                format!("{flags} {tag} \"{}\"", value.trim_matches('"'))
            }
            _ => words.join(" "),
        },
        Type::Txt | Type::Spf => unquoted(text).unwrap_or_else(|| text.to_owned()),
    }
}

/// A value as AWS takes it.
pub(super) fn wire(kind: Type, text: &str) -> String {
    match kind {
        Type::Txt | Type::Spf => quoted(text),
        _ => text.to_owned(),
    }
}

/// A text in strings of up to 255 bytes, each in quotation marks, with whatever is not plain ASCII
/// as its octal code.
fn quoted(text: &str) -> String {
    let strings = text.as_bytes().chunks(STRING).map(|bytes| {
        let mut string = String::from("\"");
        for &byte in bytes {
            match byte {
                b'"' | b'\\' => string.extend(['\\', char::from(byte)]),
                b' '..=b'~' => string.push(char::from(byte)),
                _ => string.push_str(&format!("\\{byte:03o}")),
            }
        }
        string + "\""
    });
    let strings: Vec<String> = strings.collect();
    if strings.is_empty() { "\"\"".to_owned() } else { strings.join(" ") }
}

/// The text of strings in quotation marks; none when it is not made of those.
fn unquoted(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        rest = rest.strip_prefix(b"\"")?;
        loop {
            match rest {
                [b'"', after @ ..] => {
                    rest = after;
                    break;
                }
                [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', after @ ..] => {
                    bytes.push((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'));
                    rest = after;
                }
                [b'\\', byte, after @ ..] | [byte, after @ ..] => {
                    bytes.push(*byte);
                    rest = after;
                }
                [] => return None,
            }
        }
        rest = rest.trim_ascii_start();
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_are_equal() {
        let same = |kind, one, other| assert_eq!(normal(kind, one), normal(kind, other));
        same(Type::Cname, "Web.Example.com.", "web.example.com");
        same(Type::Mx, "10  mail.example.com.", "10 Mail.example.com");
        same(Type::Srv, "1 10 5269 xmpp.example.com.", "1 10 5269 xmpp.example.com");
        same(Type::Aaaa, "2001:0DB8:0:0::1", "2001:db8::1");
        same(Type::Caa, "0 issue letsencrypt.org", "0 issue \"letsencrypt.org\"");
        same(Type::Txt, "v=spf1 -all", "\"v=spf1 -all\"");
        assert_eq!(normal(Type::Txt, "ends with a dot."), "ends with a dot.");
    }

    #[test]
    fn texts_come_back_as_they_went() {
        let long = "x".repeat(600);
        for text in ["plain", "with \"quotes\" and \\", "ünder", "a  b", &long] {
            assert_eq!(unquoted(&quoted(text)).as_deref(), Some(text));
        }
        assert_eq!(quoted("é\"").as_str(), "\"\\303\\251\\\"\"");
        assert_eq!(quoted(&long).matches("\" \"").count(), 2);
        assert_eq!(unquoted("\"a\" \"b\"").as_deref(), Some("ab"));
        assert_eq!(unquoted("\"open"), None);
        assert_eq!(unquoted("not \"quoted\""), None);
    }
}
