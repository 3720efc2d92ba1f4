//! `infra` makes an AWS account match one YAML file. The live account is the only truth: there is
//! no state file.
//!
//! The modules stand here in the order in which the data flows:
//!
//! ```text
//! stack file ─► stack ─► model ─► graph ─┐
//!                                        ├─► plan ─► apply ─► report
//! AWS ◄──────────── aws ◄─ kinds ─► live ┘    │        │         ▲
//!                            ▲────────────────│────────┘         │
//!                                             ├─► cost ──────────┤
//!                                             └─► picture ───────┘
//! ```
//!
//! Four things hold everywhere, and a test reads the sources to see that they do:
//!
//! - the SDK's crates are used under [`kinds`] and [`aws`] alone;
//! - [`plan`] is pure: no `async`, no I/O, no clock;
//! - only [`report`] prints;
//! - no stage uses a later one, and a kind knows nothing of the engine: adding one touches one folder.
//!
//! Decisions and their reasons are kept in [`adr`].

pub mod stack;

pub mod model;

pub mod graph;

pub mod kind;
pub mod kinds;

pub mod aws;
pub mod live;

pub mod import;

pub mod plan;

pub mod cost;

pub mod picture;

pub mod apply;

pub mod report;

pub mod cli;
pub mod diagnostic;
pub mod local;
pub mod rehearse;

pub mod adr;
