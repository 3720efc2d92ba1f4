//! Every integration test, in one binary.

mod binary;
mod canary;
mod cases;
mod cli;
mod healthcare;
mod interrupt;
mod law;
mod local;
mod lock;
mod plan;
mod planner;
mod rehearse;
mod saved;
mod settled;
mod sources;
mod teardown;
mod world;
