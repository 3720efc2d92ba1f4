//! What a web ACL costs: <https://aws.amazon.com/waf/pricing/>.

use super::managed::Action;
use super::rule::Rule;
use crate::kind::{Charge, UsageName};

pub(super) const USAGE: &[UsageName] = &[
    UsageName::new("requests", "Requests a month that it looks at, in millions."),
    UsageName::new("captchas", "Riddles a month that are answered, in thousands."),
    UsageName::new("challenges", "Answers of browsers a month, in millions."),
];

/// The web ACL, its rules, of which a managed group is one, and the requests.
pub(super) fn of(rules: &[Rule]) -> Vec<Charge> {
    let count = i32::try_from(rules.len()).map_or(0.0, f64::from);
    let mut charges = vec![
        Charge::monthly("web ACL", "wafv2.acl", 1.0),
        Charge::monthly("rules", "wafv2.rule", count),
        Charge::used("requests", "wafv2.requests", "requests"),
    ];
    let asks = |action| rules.iter().any(|rule| rule.does(action));
    if asks(Action::Captcha) {
        charges.push(Charge::used("riddles", "wafv2.captcha", "captchas"));
    }
    if asks(Action::Challenge) {
        charges.push(Charge::used("challenges", "wafv2.challenge", "challenges"));
    }
    let paid = rules.iter().filter_map(Rule::paid_group);
    charges.extend(paid.map(|group| {
        let why = "its vendor has a price of his own, by month and by requests";
        Charge::unknown(format!("group {group}"), "wafv2.vendor", why)
    }));
    charges
}
