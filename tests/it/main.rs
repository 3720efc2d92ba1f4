//! Every integration test, in one binary.

mod cases;
mod cli;
mod healthcare;
mod law;
mod local;
mod lock;
mod plan;
mod planner;
mod rehearse;
mod settled;
mod sources;
mod teardown;
mod world;
