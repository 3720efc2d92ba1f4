//! Text → syntax: YAML with places, expressions, templates.

pub mod builtin;
pub mod evaluate;
pub mod expression;
pub mod format;
pub mod functions;
pub mod yaml;

pub use expression::{Code, Leaf, Step, Text};
pub use yaml::{Data, Key, Node};
