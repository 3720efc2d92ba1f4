//! What recording costs: <https://aws.amazon.com/config/pricing/>.

use super::Recorder;
use super::types::Frequency;
use crate::kind::{Charge, UsageName};

pub(super) const USAGE: &[UsageName] = &[
    UsageName::new(
        "items",
        "Changes a month that are recorded; where `frequency` is `DAILY`, one at most for each \
         resource and day.",
    ),
    UsageName::new(
        "evaluations",
        "How often a month its rules judge a resource, in thousands; at the price of the first \
         hundred thousand.",
    ),
];

impl Recorder {
    /// One that does not record still has rules that judge by the clock.
    pub(super) fn charged(&self) -> Vec<Charge> {
        let item = match self.frequency {
            Frequency::Continuous => "config.item",
            Frequency::Daily => "config.daily_item",
        };
        let items = self.recording.then(|| Charge::used("recorded changes", item, "items"));
        let judges = !self.rules.is_empty();
        let rules = judges.then(|| Charge::used("judgements", "config.evaluation", "evaluations"));
        items.into_iter().chain(rules).collect()
    }
}
