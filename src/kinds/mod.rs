//! Every kind, one folder per service. A new service is one line in `SERVICES`; a new kind is one
//! line in its service's `KINDS`.

pub mod atlas;
pub mod autoscaling;
pub mod backup;
pub mod budgets;
pub mod cloudtrail;
pub mod cloudwatch;
pub mod config;
pub mod dlm;
pub mod docdb;
pub mod ec2;
pub mod ecr;
pub mod ecs;
pub mod elbv2;
pub mod events;
pub mod guardduty;
pub mod iam;
pub mod kms;
pub mod lambda;
pub mod logs;
pub mod rds;
pub mod route53;
pub mod s3;
pub mod scheduler;
pub mod secretsmanager;
pub mod sns;
pub mod wafv2;

use std::sync::LazyLock;

use crate::kind::{AnyKind, NewKind};

/// The kinds of each service, sorted by service.
const SERVICES: &[&[NewKind]] = &[
    atlas::KINDS,
    autoscaling::KINDS,
    backup::KINDS,
    budgets::KINDS,
    cloudtrail::KINDS,
    cloudwatch::KINDS,
    config::KINDS,
    dlm::KINDS,
    docdb::KINDS,
    ec2::KINDS,
    ecr::KINDS,
    ecs::KINDS,
    elbv2::KINDS,
    events::KINDS,
    guardduty::KINDS,
    iam::KINDS,
    kms::KINDS,
    lambda::KINDS,
    logs::KINDS,
    rds::KINDS,
    route53::KINDS,
    s3::KINDS,
    scheduler::KINDS,
    secretsmanager::KINDS,
    sns::KINDS,
    wafv2::KINDS,
];

static ALL: LazyLock<Vec<Box<dyn AnyKind>>> =
    LazyLock::new(|| SERVICES.iter().copied().flatten().map(|new| new()).collect());

/// All kinds, sorted by name.
pub fn all() -> impl Iterator<Item = &'static dyn AnyKind> {
    ALL.iter().map(AsRef::as_ref)
}

/// The kind of that name.
pub fn find(name: &str) -> Option<&'static dyn AnyKind> {
    ALL.binary_search_by(|kind| kind.name().cmp(name)).ok().map(|index| ALL[index].as_ref())
}
