//! What Atlas would refuse about a cluster.

use super::Cluster;
use crate::kind::{Problem, is_unknown};
use crate::kinds::atlas::check_project;

/// What is left of a name in host names.
const PREFIX: usize = 23;

impl Cluster {
    pub(super) fn problems(&self) -> Vec<Problem> {
        let mut problems: Vec<Problem> = check_project(&self.project).into_iter().collect();
        let mut wrong = |path: &str, message: &str, help: &str| {
            problems.push(Problem::at(path, message).help(help));
        };
        if self.nodes % 2 == 0 {
            wrong("nodes", "a replica set has 3, 5 or 7 members", "an even number elects nobody");
        }
        let scaling = self.compute_scaling.as_ref();
        if self.tier.is_none() && scaling.is_none() {
            let help = "say `tier: M10`, or give `compute_scaling`";
            wrong("tier", "the size of the machines is missing", help);
        }
        if self.point_in_time && !self.backup {
            wrong("point_in_time", "it restores from snapshots", "say `backup: true`");
        }
        if self.is_free() {
            let free = "a free cluster has none";
            let cannot = [
                ("backup", self.backup),
                ("point_in_time", self.point_in_time),
                ("compute_scaling", scaling.is_some()),
                ("disk_gb", self.disk_gb.is_some()),
                ("paused", self.paused),
                ("termination_protection", self.termination_protection),
            ];
            for (path, _) in cannot.iter().filter(|(_, is_asked)| *is_asked) {
                let help = match *path {
                    "termination_protection" => {
                        "Atlas could not take it off again, so that the cluster would stay: say \
                         `termination_protection: false`"
                    }
                    _ => "take it out or make it false, or say `tier: M10`",
                };
                wrong(path, free, help);
            }
            if self.nodes != 3 {
                wrong("nodes", "a free cluster has 3", "take it out, or say `tier: M10`");
            }
        }
        if self.name[..self.name.len().min(PREFIX)].ends_with('-') && !is_unknown(&self.name) {
            let help = "the first 23 characters must not end in `-`";
            wrong("name", "Atlas cannot make host names of it", help);
        }
        problems
    }
}

/// Clusters of one project need names that differ early.
pub fn together(all: &[(&str, &Cluster)]) -> Vec<(usize, Problem)> {
    let prefix = |cluster: &Cluster| cluster.name.chars().take(PREFIX).collect::<String>();
    let mut problems = Vec::new();
    for (index, (_, cluster)) in all.iter().enumerate() {
        let same = |other: &&(&str, &Cluster)| {
            other.1.project == cluster.project && prefix(other.1) == prefix(cluster)
        };
        if let Some((other, _)) = all[..index].iter().find(same) {
            let message = format!("its first 23 characters are those of `{other}`'s name");
            let help = "Atlas makes host names of them: give one of the two another `name`";
            problems.push((index, Problem::at("name", message).help(help)));
        }
    }
    problems
}
