//! What AWS would refuse about records, one by one and together.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::Record;
use super::fields::{Fields, Type, five_minutes};
use super::marker::LONGER;
use crate::kind::{Problem, is_unknown};

/// How long AWS lets a name be.
const NAME: usize = 255;
/// How long AWS lets a value be.
const VALUE: usize = 4000;

/// The mistakes of one record.
pub(super) fn problems(record: &Fields) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut wrong = |field: &str, message: &str, help: &str| {
        problems.push(Problem::at(field, message).help(help));
    };
    if record.zone.contains('/') {
        wrong("zone", "this is no zone's id", "leave out what is in front of it: `Z…` alone");
    }
    let name = &record.name;
    if !name.contains('.') && !is_unknown(name) {
        wrong("name", "this is no whole name", "write it out with its zone: `www.example.com`");
    }
    if name.len() + LONGER > NAME {
        wrong(
            "name",
            "the name of the mark beside it would be too long",
            "take at most 215 letters",
        );
    }
    let is_wild = name.starts_with('*');
    if is_wild && record.r#type == Type::Ns {
        wrong("name", "a name server record is for no wildcard", "name one domain");
    }
    match (&record.alias, record.values.is_empty()) {
        (None, true) => wrong("values", "the record has no answer", "give `values` or an `alias`"),
        (Some(_), false) => {
            wrong("alias", "an alias answers in place of values", "give one or the other");
        }
        _ => {}
    }
    if record.alias.is_some() && record.ttl != five_minutes() {
        wrong("ttl", "an alias has the time of its target", "leave `ttl` out");
    }
    if record.alias.is_some() && matches!(record.r#type, Type::Ns) {
        wrong("alias", "a name server record is no alias", "give `values`");
    }
    if record.r#type == Type::Cname && record.values.len() > 1 {
        wrong("values", "a `CNAME` has one value", "keep the one that is meant");
    }
    let policies = record.policies();
    match (policies.as_slice(), &record.set_identifier) {
        ([], Some(_)) => wrong(
            "set_identifier",
            "there is nothing to tell apart: AWS chooses by no policy",
            "give `weight`, `failover`, `latency_region`, `geolocation` or `multivalue`, or take it away",
        ),
        ([_], None) => wrong(
            "set_identifier",
            "it has to tell this record from the others of its name",
            "give each of them another, such as `primary`",
        ),
        ([_, second, ..], _) => {
            wrong(second, "AWS chooses a record by one policy alone", "take the others away");
        }
        _ => {}
    }
    if !policies.is_empty() && record.r#type == Type::Ns {
        wrong(policies[0], "AWS does not choose between name server records", "take it away");
    }
    if let Some(alias) = &record.alias {
        if record.failover.is_some() && !alias.evaluate_target_health {
            let message = "whether an alias fails over is for its target to say";
            wrong("alias.evaluate_target_health", message, "set it to `true`");
        }
        if record.multivalue {
            wrong("multivalue", "an alias is not one of several values", "give `values`");
        }
    }
    if let Some(place) = &record.geolocation {
        let (continent, country) = (place.continent.is_some(), place.country.is_some());
        if continent == country || place.subdivision.is_some() && !country {
            let help = "give `continent` or `country`, and `subdivision` with a country alone";
            wrong("geolocation", "this names no one place", help);
        }
    }
    let bad = record.values.iter().find(|text| !is_unknown(text) && !is_value(record.r#type, text));
    if let Some(text) = bad {
        let (message, help) = (
            format!("`{text}` is no value of a record of type {}", record.r#type.word()),
            form(record.r#type),
        );
        wrong("values", &message, help);
    }
    problems
}

fn is_value(kind: Type, text: &str) -> bool {
    let words: Vec<&str> = text.split(' ').collect();
    let number = |word: &&str| word.parse::<u16>().is_ok();
    match kind {
        Type::A => text.parse::<Ipv4Addr>().is_ok(),
        Type::Aaaa => text.parse::<Ipv6Addr>().is_ok(),
        Type::Cname | Type::Ns | Type::Ptr => words.len() == 1 && !text.is_empty(),
        Type::Mx => words.len() == 2 && number(&words[0]),
        Type::Srv => words.len() == 4 && words[..3].iter().all(number),
        Type::Caa => words.len() > 2 && words[0].parse::<u8>().is_ok(),
        Type::Txt | Type::Spf => !text.is_empty() && text.len() <= VALUE,
    }
}

fn form(kind: Type) -> &'static str {
    match kind {
        Type::A => "write an address such as `192.0.2.1`",
        Type::Aaaa => "write an address such as `2001:db8::1`",
        Type::Cname | Type::Ns | Type::Ptr => "write one name such as `web.example.com`",
        Type::Mx => "write a priority and a name: `10 mail.example.com`",
        Type::Srv => "write priority, weight, port and a name: `10 5 5060 sip.example.com`",
        Type::Caa => "write flags, a tag and a value: `0 issue \"letsencrypt.org\"`",
        Type::Txt | Type::Spf => "write a text of at most 4000 bytes",
    }
}

/// What cannot stand beside each other under one name.
pub(super) fn together(all: &[(&str, &Record)]) -> Vec<(usize, Problem)> {
    let mut by_name: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (place, (_, record)) in all.iter().enumerate() {
        if !is_unknown(&record.name) {
            by_name.entry((record.zone.as_str(), record.name.as_str())).or_default().push(place);
        }
    }
    let mut problems = Vec::new();
    for places in by_name.values() {
        for (index, &later) in places.iter().enumerate() {
            let earlier = places[..index].iter().find_map(|&earlier| {
                let message = conflict(all[earlier].1, all[later].1)?;
                Some(format!("{message}, and so does `{}`", all[earlier].0))
            });
            let problem = earlier.map(|message| Problem::at("name", message));
            problems.extend(problem.map(|problem| (later, problem)));
        }
    }
    problems
}

fn conflict(one: &Fields, other: &Fields) -> Option<String> {
    let name = other.name.as_str();
    let word = other.r#type.word();
    if one.key() == other.key() {
        return Some(format!("this declares `{name}` of type {word}"));
    }
    if one.r#type != other.r#type {
        let is_alone = one.r#type == Type::Cname || other.r#type == Type::Cname;
        return is_alone
            .then(|| format!("a `CNAME` stands alone under its name; this declares `{name}`"));
    }
    (one.policies() != other.policies())
        .then(|| format!("by another policy, this declares `{name}` of type {word}"))
}
