//! Syntax → meaning: addresses, resources, stacks. Every unknown kind and field is found here.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Where a resource stands in its stack: `vpc`, `network/private-a`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Address(Arc<str>);

impl Address {
    /// An address from its text.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<&str> for Address {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}
