//! Every integration test, in one binary.

mod local;
mod plan;
