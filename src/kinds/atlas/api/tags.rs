//! Tags as Atlas takes them.
//!
//! Atlas allows letters, digits, spaces and `; @ _ - . +`, and no empty value; `infra:stack` and the
//! address `network/private-a` have other characters. Each of those is sent as `+` and two
//! hexadecimal digits for each of its bytes, and so is `+` itself; an empty value is a single `+`.

use serde::{Deserialize, Serialize};

use crate::kind::Tags;

/// A tag of a project or a cluster, or a label of a database user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    key: String,
    value: String,
}

/// Tags as Atlas takes them.
pub fn to_atlas(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag { key: encoded(key), value: encoded(value) }).collect()
}

/// Tags as everybody else knows them.
pub fn from_atlas(tags: &[Tag]) -> Tags {
    tags.iter().map(|tag| (decoded(&tag.key), decoded(&tag.value))).collect()
}

/// What becomes of tags when some are set and others taken away.
pub fn changed(tags: &[Tag], set: &Tags, remove: &[String]) -> Vec<Tag> {
    let mut all = from_atlas(tags);
    all.extend(set.clone());
    all.retain(|key, _| !remove.contains(key));
    to_atlas(&all)
}

fn encoded(text: &str) -> String {
    if text.is_empty() {
        return "+".to_owned();
    }
    let mut all = String::new();
    for one in text.chars() {
        if one.is_alphanumeric() || " ;@_-.".contains(one) {
            all.push(one);
        } else {
            let mut bytes = [0; 4];
            for byte in one.encode_utf8(&mut bytes).bytes() {
                all.push_str(&format!("+{byte:02X}"));
            }
        }
    }
    all
}

/// A text of somebody else's, in which `+` stands for itself, stays as it is.
fn decoded(text: &str) -> String {
    if text == "+" {
        return String::new();
    }
    let mut all = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let byte = (*first == b'+')
            .then(|| tail.get(..2))
            .flatten()
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .filter(|digits| {
                digits.bytes().all(|it| it.is_ascii_digit() || (b'A'..=b'F').contains(&it))
            })
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        all.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8(all).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_come_back_as_they_were() {
        for text in ["infra:stack", "network/private-a", "a+b", "", "R-42; é@x_y.z", "a=b", "+3A"]
        {
            let sent = encoded(text);
            let allowed = |one: char| one.is_alphanumeric() || " ;@_-.+".contains(one);
            assert!(!sent.is_empty() && sent.chars().all(allowed), "{sent}");
            assert_eq!(decoded(&sent), text);
        }
        assert_eq!(encoded("infra:stack"), "infra+3Astack");
        assert_eq!(decoded("C++ and a+b"), "C++ and a+b");
    }
}
