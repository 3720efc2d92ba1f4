//! What tasks on Fargate cost: by the second for CPUs, memory and disk.

use super::{Share, TaskDefinition};
use crate::kind::Charge;

/// GiB of disk that every task has without charge.
const DISK_INCLUDED: i32 = 20;

impl TaskDefinition {
    /// What is charged for tasks that run all the time, shared out to capacity providers.
    pub(super) fn always(&self, shares: &[Share], tasks: f64) -> Vec<Charge> {
        let on = |provider: &str| share_of(shares, provider, tasks);
        let mut charges = Vec::new();
        if on("FARGATE") > 0.0 || shares.is_empty() || tasks == 0.0 {
            let tasks = if shares.is_empty() { tasks } else { on("FARGATE") };
            charges.extend(
                self.items().map(|(what, item, count)| Charge::hourly(what, item, count * tasks)),
            );
        }
        if on("FARGATE_SPOT") > 0.0 {
            let why = "the price of Fargate Spot changes with demand";
            charges.push(Charge::unknown("tasks on Fargate Spot", "fargate.spot", why));
        }
        charges
    }

    /// What is charged for tasks that run for as many hours as `usage` says under a name.
    pub(in crate::kinds) fn sometimes(&self, tasks: f64, hours: &'static str) -> Vec<Charge> {
        let items = self.items();
        items
            .map(|(what, item, count)| Charge::used(what, item, hours).times(count * tasks))
            .collect()
    }

    /// What one task is charged for: what, the item, and how many of it.
    fn items(&self) -> impl Iterator<Item = (&'static str, &'static str, f64)> {
        let (cpu, memory) = match (self.operating_system.as_str(), self.architecture.as_str()) {
            ("LINUX", "ARM64") => ("fargate.arm.vcpu_hour", "fargate.arm.gb_hour"),
            ("LINUX", _) => ("fargate.vcpu_hour", "fargate.gb_hour"),
            _ => ("fargate.windows.vcpu_hour", "fargate.windows.gb_hour"),
        };
        let disk = (*self.ephemeral_storage).map(|gib| f64::from(gib - DISK_INCLUDED));
        let disk = disk.map(|gib| ("disk", "fargate.disk_gb_hour", gib));
        let all = [
            ("vCPU", cpu, f64::from(*self.cpu) / 1024.0),
            ("memory", memory, f64::from(*self.memory) / 1024.0),
        ];
        all.into_iter().chain(disk)
    }
}

/// How many of so many tasks a capacity provider gets: its base, then by its weight.
fn share_of(shares: &[Share], provider: &str, tasks: f64) -> f64 {
    let bases: i32 = shares.iter().map(|share| share.base).sum();
    let weights: i32 = shares.iter().map(|share| share.weight).sum();
    let rest = (tasks - f64::from(bases)).max(0.0);
    let of = |share: &Share| {
        let by_weight =
            if weights > 0 { f64::from(share.weight) / f64::from(weights) } else { 0.0 };
        f64::from(share.base).min(tasks) + rest * by_weight
    };
    shares.iter().filter(|share| share.provider == provider).map(of).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_are_shared_out_by_base_and_weight() {
        let share = |provider: &str, weight, base| {
            let provider = provider.to_owned();
            Share { provider, weight, base }
        };
        let shares = [share("FARGATE", 1, 2), share("FARGATE_SPOT", 3, 0)];
        let on = |provider| share_of(&shares, provider, 10.0);
        // 2 of the base, and 8 by 1 : 3.
        assert_eq!((on("FARGATE"), on("FARGATE_SPOT"), on("mine")), (4.0, 6.0, 0.0));
    }
}
