//! Every integration test, in one binary.

mod cli;
mod healthcare;
mod law;
mod local;
mod plan;
mod planner;
mod settled;
mod sources;
mod world;
