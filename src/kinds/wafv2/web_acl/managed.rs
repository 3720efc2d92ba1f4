//! Groups of rules that AWS or a vendor keeps, and what rules do with a request.

use std::collections::BTreeMap;

use aws_sdk_wafv2::types::{
    AllowAction, BlockAction, CaptchaAction, ChallengeAction, CountAction,
    ManagedRuleGroupStatement, RuleAction, RuleActionOverride,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::Result;

/// What is done with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is let through.
    Allow,
    /// It is turned away.
    Block,
    /// A person has to solve a riddle.
    Captcha,
    /// The browser has to prove to be one.
    Challenge,
    /// It is counted, and meets the next rule.
    Count,
}

/// A group of rules that somebody keeps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Managed {
    /// Who keeps it.
    #[serde(default = "amazon")]
    vendor: String,
    /// The group: `AWSManagedRulesCommonRuleSet`, `AWSManagedRulesKnownBadInputsRuleSet`, …
    #[schemars(length(min = 1, max = 128))]
    group: String,
    /// The version; the vendor's default, which changes with time, when left out.
    version: Option<String>,
    /// Whether requests are only counted, whatever the group decides: to see what it would do.
    #[serde(default)]
    pub(super) count: bool,
    /// What single rules of the group do in place of what they would: `{ SizeRestrictions_BODY: count }`.
    #[serde(default)]
    overrides: BTreeMap<String, Action>,
}

fn amazon() -> String {
    "AWS".to_owned()
}

impl Action {
    pub(super) fn write(self) -> RuleAction {
        let action = RuleAction::builder();
        match self {
            Self::Allow => action.allow(AllowAction::builder().build()),
            Self::Block => action.block(BlockAction::builder().build()),
            Self::Captcha => action.captcha(CaptchaAction::builder().build()),
            Self::Challenge => action.challenge(ChallengeAction::builder().build()),
            Self::Count => action.count(CountAction::builder().build()),
        }
        .build()
    }

    pub(super) fn read(action: &RuleAction) -> Option<Self> {
        [
            (action.allow().is_some(), Self::Allow),
            (action.block().is_some(), Self::Block),
            (action.captcha().is_some(), Self::Captcha),
            (action.challenge().is_some(), Self::Challenge),
            (action.count().is_some(), Self::Count),
        ]
        .into_iter()
        .find_map(|(is, action)| is.then_some(action))
    }
}

/// AWS's groups that cost more than a rule does.
const PAID: [&str; 4] = [
    "AWSManagedRulesACFPRuleSet",
    "AWSManagedRulesATPRuleSet",
    "AWSManagedRulesAntiDDoSRuleSet",
    "AWSManagedRulesBotControlRuleSet",
];

impl Managed {
    pub(super) fn does(&self, action: Action) -> bool {
        self.overrides.values().any(|own| *own == action)
    }

    /// The group, if it costs more than a rule does: those of other vendors do.
    pub(super) fn paid(&self) -> Option<&str> {
        let is_paid = self.vendor != amazon() || PAID.contains(&self.group.as_str());
        is_paid.then_some(&self.group)
    }

    pub(super) fn write(&self) -> Result<ManagedRuleGroupStatement> {
        let one = |(name, action): (&String, &Action)| {
            Ok(RuleActionOverride::builder().name(name).action_to_use(action.write()).build()?)
        };
        let overrides = self.overrides.iter().map(one).collect::<Result<Vec<_>>>()?;
        Ok(ManagedRuleGroupStatement::builder()
            .vendor_name(&self.vendor)
            .name(&self.group)
            .set_version(self.version.clone())
            .set_rule_action_overrides((!overrides.is_empty()).then_some(overrides))
            .build()?)
    }

    pub(super) fn read(group: &ManagedRuleGroupStatement, count: bool) -> Self {
        let overrides = group
            .rule_action_overrides()
            .iter()
            .filter_map(|one| Some((one.name().to_owned(), Action::read(one.action_to_use()?)?)));
        Self {
            vendor: group.vendor_name().to_owned(),
            group: group.name().to_owned(),
            version: group.version().map(ToOwned::to_owned),
            count,
            overrides: overrides.collect(),
        }
    }
}
