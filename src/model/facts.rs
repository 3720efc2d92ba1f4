//! What a stack file says about an environment's nights and its end, and about recovery.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};
use serde::Serialize;
use serde_json::Value;

use super::expand::Expander;
use super::lifecycle::duration;
use super::params::mapping;
use super::scope::{Scope, list};
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::kind::AnyKind;
use crate::kinds;
use crate::stack::{Data, Node};

/// What was promised about the stack, for people and for reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Objectives {
    /// How long it may be away: the recovery time objective.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rto: Option<Duration>,
    /// How much of what was done last may be lost: the recovery point objective.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpo: Option<Duration>,
    /// For how many percent of the time it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability: Option<f64>,
}

/// When an environment is to go.
#[derive(Clone, Debug, PartialEq)]
pub enum Expiry {
    /// So long after the last apply.
    After(Duration),
    /// On the next such weekday after the last apply, at this time.
    Weekday(Weekday, Time, TimeZone),
    /// At this time.
    At(Timestamp),
}

impl Expiry {
    /// When the environment goes if it was last applied at `applied`; nothing when that is out of
    /// all calendars.
    pub fn since(&self, applied: Timestamp) -> Option<Timestamp> {
        match self {
            Self::After(time) => applied.checked_add(SignedDuration::try_from(*time).ok()?).ok(),
            Self::At(time) => Some(*time),
            Self::Weekday(day, time, zone) => {
                let now = applied.to_zoned(zone.clone());
                let on = |date: Date| -> Option<Zoned> {
                    zone.to_ambiguous_zoned(date.to_datetime(*time)).compatible().ok()
                };
                let today = now.date();
                let next = if today.weekday() == *day {
                    today
                } else {
                    today.nth_weekday(1, *day).ok()?
                };
                let at = on(next)?;
                let at = if at > now { at } else { on(next.nth_weekday(1, *day).ok()?)? };
                Some(at.timestamp())
            }
        }
    }

    /// `friday 20:00`, `friday 20:00 Europe/Paris`, `2026-12-24 20:00`, `2026-12-24`; UTC where no
    /// zone is named.
    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let day = words.next()?;
        let time = words.next().map(|time| time.parse::<Time>().ok());
        let time = match time {
            Some(time) => time?,
            None => Time::midnight(),
        };
        let zone = words.next().map(|zone| TimeZone::get(zone).ok());
        let zone = match zone {
            Some(zone) => zone?,
            None => TimeZone::UTC,
        };
        if words.next().is_some() {
            return None;
        }
        if let Some(day) = weekday(day) {
            return Some(Self::Weekday(day, time, zone));
        }
        let date: Date = day.parse().ok()?;
        let at: DateTime = date.to_datetime(time);
        Some(Self::At(zone.to_ambiguous_zoned(at).compatible().ok()?.timestamp()))
    }
}

fn weekday(name: &str) -> Option<Weekday> {
    Some(match name.to_lowercase().as_str() {
        "monday" => Weekday::Monday,
        "tuesday" => Weekday::Tuesday,
        "wednesday" => Weekday::Wednesday,
        "thursday" => Weekday::Thursday,
        "friday" => Weekday::Friday,
        "saturday" => Weekday::Saturday,
        "sunday" => Weekday::Sunday,
        _ => return None,
    })
}

/// The words under `night` that let objects go: `night: { nat: remove }`.
pub(super) fn night(
    expander: &mut Expander,
    node: &Node,
    scope: &Arc<Scope>,
) -> BTreeSet<&'static str> {
    if !matches!(node.data, Data::Map(_) | Data::Null) {
        expander.mistake(mapping("night", node, &scope.file), scope);
    }
    let words: BTreeSet<&'static str> = kinds::all().filter_map(AnyKind::night).collect();
    let mut removed = BTreeSet::new();
    for (key, node) in node.entries() {
        let Some(word) = words.get(&*key.text) else {
            let all = || words.iter().copied();
            let help =
                did_you_mean(&key.text, all()).unwrap_or_else(|| format!("it has {}", list(all())));
            let message = format!("`night` has no key `{}`", key.text);
            let unknown = Diagnostic::error("unknown-key", message).at(key.span(&scope.file));
            expander.mistake(unknown.help(help), scope);
            continue;
        };
        match expander.known_text(node, scope, "this").as_deref() {
            Some("remove") => drop(removed.insert(*word)),
            Some("keep") | None => {}
            Some(other) => {
                let message = format!("`{other}` cannot be done for the night");
                let wrong = Diagnostic::error("unknown-value", message).at(node.span(&scope.file));
                expander.mistake(wrong.help("write `remove` or `keep`"), scope);
            }
        }
    }
    removed
}

/// `ttl`, or `expires`.
pub(super) fn expiry(
    expander: &mut Expander,
    (ttl, expires): (Option<&Node>, Option<&Node>),
    scope: &Arc<Scope>,
) -> Option<Expiry> {
    if let (Some(_), Some(node)) = (ttl, expires) {
        let message = "an environment has `ttl` or `expires`, not both";
        let both = Diagnostic::error("both-given", message).at(node.span(&scope.file));
        expander.mistake(both, scope);
    }
    let (node, what) = match (ttl, expires) {
        (Some(node), _) => (node, "`ttl`"),
        (None, Some(node)) => (node, "`expires`"),
        (None, None) => return None,
    };
    let text = expander.known_text(node, scope, what)?;
    let (read, help) = if ttl.is_some() {
        (duration(&text).map(Expiry::After), "write `14h`, `2d` or `1h30m`")
    } else {
        let help = "write `friday 20:00`, `friday 20:00 Europe/Paris` or `2026-12-24 20:00`";
        (Expiry::parse(&text), help)
    };
    if read.is_none() {
        let message = format!("{what} cannot be `{text}`");
        let wrong = Diagnostic::error("bad-time", message).at(node.span(&scope.file));
        expander.mistake(wrong.help(help), scope);
    }
    read
}

/// `objectives: { rto: 4h, rpo: 1h, availability: 99.95 }`.
pub(super) fn objectives(expander: &mut Expander, node: &Node, scope: &Arc<Scope>) -> Objectives {
    const KEYS: [&str; 3] = ["rto", "rpo", "availability"];
    if !matches!(node.data, Data::Map(_) | Data::Null) {
        expander.mistake(mapping("objectives", node, &scope.file), scope);
    }
    let mut objectives = Objectives::default();
    for (key, node) in node.entries() {
        let what = format!("`{}`", key.text);
        let Some(value) = expander.known(node, scope, &what) else { continue };
        let time = || value.as_str().and_then(duration);
        let (is_right, help) = match &*key.text {
            "rto" => {
                objectives.rto = time();
                (objectives.rto.is_some(), "write `4h`, `15m` or `1h30m`")
            }
            "rpo" => {
                objectives.rpo = time();
                (objectives.rpo.is_some(), "write `4h`, `15m` or `1h30m`")
            }
            "availability" => {
                objectives.availability =
                    value.as_f64().filter(|percent| (0.0..=100.0).contains(percent));
                (objectives.availability.is_some(), "write percent, such as 99.95")
            }
            unknown => {
                let help = did_you_mean(unknown, KEYS)
                    .unwrap_or_else(|| format!("it has {}", list(KEYS.into_iter())));
                let message = format!("`objectives` has no key `{unknown}`");
                let unknown = Diagnostic::error("unknown-key", message).at(key.span(&scope.file));
                expander.mistake(unknown.help(help), scope);
                continue;
            }
        };
        if !is_right && value != Value::Null {
            let message = format!(
                "{what} cannot be {}",
                node.text().map_or_else(|| node.sort().to_owned(), |text| format!("`{text}`"))
            );
            let wrong = Diagnostic::error("bad-objective", message).at(node.span(&scope.file));
            expander.mistake(wrong.help(help), scope);
        }
    }
    objectives
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expires(text: &str, applied: &str) -> String {
        let expiry = Expiry::parse(text).expect("a time");
        expiry.since(applied.parse().expect("a time")).expect("in the calendar").to_string()
    }

    #[test]
    fn an_environment_goes_at_the_next_such_day_after_its_last_apply() {
        // 2026-11-20 is a Friday.
        assert_eq!(expires("friday 20:00", "2026-11-18T10:00:00Z"), "2026-11-20T20:00:00Z");
        assert_eq!(expires("friday 20:00", "2026-11-20T19:59:00Z"), "2026-11-20T20:00:00Z");
        assert_eq!(expires("friday 20:00", "2026-11-20T20:00:00Z"), "2026-11-27T20:00:00Z");
        let paris = "Friday 20:00 Europe/Paris";
        assert_eq!(expires(paris, "2026-11-18T10:00:00Z"), "2026-11-20T19:00:00Z");
        assert_eq!(expires("2026-12-24 20:00", "2026-11-18T10:00:00Z"), "2026-12-24T20:00:00Z");
        assert_eq!(expires("2026-12-24", "2026-11-18T10:00:00Z"), "2026-12-24T00:00:00Z");
        let ttl = Expiry::After(Duration::from_hours(14));
        let applied = "2026-11-18T10:00:00Z".parse().expect("a time");
        assert_eq!(ttl.since(applied).expect("a time").to_string(), "2026-11-19T00:00:00Z");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in
            ["", "someday", "friday 25:00", "friday 20:00 Mars/Base", "friday 20:00 UTC now"]
        {
            assert_eq!(Expiry::parse(text), None, "{text}");
        }
    }
}
