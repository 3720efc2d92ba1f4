//! Every integration test, in one binary.

mod atlas;
mod binary;
mod canary;
mod cases;
mod cli;
mod cost;
mod databases;
mod dns;
mod handlers;
mod healthcare;
mod interrupt;
mod law;
mod local;
mod lock;
mod night;
mod plan;
mod planner;
mod rehearse;
mod rotation;
mod saved;
mod settled;
mod sources;
mod teardown;
mod world;

/// The checkout. Asked for when the tests run, not when they are compiled: a cache of artefacts may
/// come from another checkout.
fn root() -> std::path::PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| ".".into(), Into::into)
}
