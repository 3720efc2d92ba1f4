//! `infra` makes an AWS account match one YAML file.

pub mod aws;
pub mod kind;
pub mod live;
pub mod model;
pub mod plan;
