//! Conditions on the tags of what is backed up or restored.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::Result;
use crate::kind::Set;

/// A condition on a tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Condition<O: Default> {
    /// The tag's key.
    key: String,
    /// How its value is compared.
    #[serde(default)]
    operator: O,
    /// What it is compared with; with `*` for any text in the `…Like` operators, where there are such.
    value: String,
}

/// What a tag's key has before it in conditions.
const TAG: &str = "aws:ResourceTag/";

impl<O: Copy + Default + PartialEq> Condition<O> {
    /// Those with one operator as AWS takes them, made from key and value; `None` when there are none.
    pub fn send<T>(
        all: &Set<Self>,
        operator: O,
        make: impl Fn(String, &str) -> Result<T>,
    ) -> Result<Option<Vec<T>>> {
        let with = all.iter().filter(|one| one.operator == operator);
        let made = with.map(|one| make(format!("{TAG}{}", one.key), &one.value));
        let made = made.collect::<Result<Vec<_>>>()?;
        Ok((!made.is_empty()).then_some(made))
    }

    /// One as AWS shows it.
    pub fn read(operator: O, key: &str, value: &str) -> Self {
        let key = key.strip_prefix(TAG).unwrap_or(key).to_owned();
        Self { key, operator, value: value.to_owned() }
    }
}
