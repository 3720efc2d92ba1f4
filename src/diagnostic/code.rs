//! Codes of mistakes, each with a page that explains it: a file in `codes/`, whose first line says the
//! mistake in one sentence.

/// A page of a code.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// The code: `unknown-field`.
    pub code: &'static str,
    /// The page, in Markdown. Blocks of code are `yaml wrong` and `yaml right`.
    pub text: &'static str,
}

impl Page {
    /// The mistake in one sentence.
    pub fn summary(&self) -> &'static str {
        self.text.lines().next().unwrap_or_default()
    }
}

macro_rules! pages {
    ($($code:literal),* $(,)?) => {
        &[$(Page { code: $code, text: include_str!(concat!("codes/", $code, ".md")) }),*]
    };
}

/// All pages, sorted by code.
pub const PAGES: &[Page] = pages![
    "ambiguous",
    "bad-duration",
    "bad-expression",
    "bad-key",
    "bad-move",
    "bad-name",
    "bad-objective",
    "bad-pattern",
    "bad-tag",
    "bad-time",
    "bad-value",
    "bare-name",
    "both-given",
    "claimed-twice",
    "cycle",
    "duplicate-key",
    "holds-data",
    "missing-field",
    "missing-key",
    "missing-kind",
    "missing-param",
    "name-taken",
    "night-loses-data",
    "no-rate",
    "no-room",
    "not-known",
    "not-ours",
    "nothing-to-adopt",
    "only-one",
    "out-of-range",
    "over-budget",
    "owned-elsewhere",
    "protected",
    "refused",
    "reserved-tag",
    "template-recursion",
    "too-few",
    "too-long",
    "too-many",
    "too-short",
    "twice",
    "unformattable",
    "unknown-address",
    "unknown-environment",
    "unknown-field",
    "unknown-key",
    "unknown-kind",
    "unknown-param",
    "unknown-region",
    "unknown-template",
    "unknown-type",
    "unknown-value",
    "unreadable",
    "unresolvable",
    "unwritable",
    "which-environment",
    "whole-resource",
    "wrong-pattern",
    "wrong-reference",
    "wrong-type",
    "yaml-alias",
    "yaml-key",
    "yaml-merge",
    "yaml-syntax",
    "yaml-tag"
];

/// The page of a code.
pub fn find(code: &str) -> Option<&'static Page> {
    PAGES.iter().find(|page| page.code == code)
}
