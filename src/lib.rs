//! `infra` makes an AWS account match one YAML file.

pub mod apply;
pub mod aws;
pub mod diagnostic;
pub mod graph;
pub mod kind;
pub mod kinds;
pub mod live;
pub mod local;
pub mod model;
pub mod plan;
pub mod report;
pub mod stack;
