//! What a function costs, by use: <https://aws.amazon.com/lambda/pricing/>, without the free million of
//! requests, which an account has once.

use super::{Architecture, Function};
use crate::kind::{Charge, UsageName};

pub(super) const USAGE: &[UsageName] = &[
    UsageName::new("requests", "Calls a month, in millions."),
    UsageName::new(
        "seconds",
        "Seconds a month for which it runs, all calls together: 200,000 for a million calls of 0.2 s.",
    ),
];

/// MiB of `/tmp` that every function has without charge.
const FREE_DISK: i32 = 512;
const MIB_PER_GB: f64 = 1024.0;

impl Function {
    pub(super) fn charged(&self) -> Vec<Charge> {
        let (requests, compute) = match self.architecture {
            Architecture::X8664 => ("lambda.requests", "lambda.gb_second"),
            Architecture::Arm64 => ("lambda.arm.requests", "lambda.arm.gb_second"),
        };
        let gb = |mib: i32| f64::from(mib) / MIB_PER_GB;
        let mut charges = vec![
            Charge::used("requests", requests, "requests"),
            Charge::used("memory while it runs", compute, "seconds").times(gb(self.memory)),
        ];
        if self.ephemeral_storage > FREE_DISK {
            let more = gb(self.ephemeral_storage - FREE_DISK);
            let disk = Charge::used("disk while it runs", "lambda.disk_gb_second", "seconds");
            charges.push(disk.times(more));
        }
        charges
    }
}
