//! Where a value comes from, in place of what it is.

use serde_json::Value;

use super::{Address, Outputs, Stack};

/// Answers with the address of whatever is asked for, as `${address}`: a spec that is resolved with
/// it says what each of its texts refers to.
pub struct Whereabouts<'a>(pub &'a Stack);

impl Outputs for Whereabouts<'_> {
    fn get(&self, address: &Address, field: &str) -> Option<Value> {
        let output = self.0.get(address)?.kind.outputs().field(field)?;
        // Only texts can be told from what they stand for.
        let is_text = output.schema.get("type").is_some_and(|name| name == "string");
        is_text.then(|| format!("${{{address}}}").into())
    }
}

/// The address that stands in a value's place.
pub fn whereabouts(text: &str) -> Option<&str> {
    text.strip_prefix("${").and_then(|text| text.strip_suffix('}'))
}
