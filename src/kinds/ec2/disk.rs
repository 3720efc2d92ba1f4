//! What the root volume of an instance and a volume of its own have in common: `ModifyVolume`.

use std::time::Duration;

use aws_sdk_ec2::primitives::DateTime;
use aws_sdk_ec2::types::{Volume, VolumeModification, VolumeModificationState, VolumeType};

use super::client;
use crate::aws::{Aws, Class, Error, Result};
use crate::kind::Problem;

/// The longest wait between looks at a change, and how many there are.
const LONGEST: Duration = Duration::from_secs(5);
const LOOKS: u32 = 120;

/// Types whose operations per second are chosen.
fn has_iops(r#type: &str) -> bool {
    matches!(r#type, "gp3" | "io1" | "io2")
}

/// What can be changed about a volume.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shape<'a> {
    pub r#type: &'a str,
    pub size: Option<i32>,
    pub iops: Option<i32>,
    pub throughput: Option<i32>,
}

impl<'a> Shape<'a> {
    /// How a volume is.
    pub fn of(volume: &'a Volume) -> Self {
        let r#type = volume.volume_type().map_or("standard", VolumeType::as_str);
        Self { r#type, size: volume.size(), iops: volume.iops(), throughput: volume.throughput() }
            .chosen()
    }

    /// Without the figures that AWS shows, and nobody chooses.
    pub fn chosen(self) -> Self {
        let kind = self.r#type;
        Self {
            iops: self.iops.filter(|_| has_iops(kind)),
            throughput: self.throughput.filter(|_| kind == "gp3"),
            ..self
        }
    }

    /// What AWS would refuse, as fields of `path`.
    pub fn check(&self, path: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut problem = |field: &str, message: String| {
            problems.push(Problem::at(format!("{path}{field}"), message));
        };
        let kind = self.r#type;
        let (least, most) = match kind {
            "gp2" => (1, 16_384),
            "gp3" => (1, 65_536),
            "io1" => (4, 16_384),
            "io2" => (4, 65_536),
            "st1" | "sc1" => (125, 16_384),
            _ => (1, 1024),
        };
        if let Some(size) = self.size.filter(|size| !(least..=most).contains(size)) {
            problem("size", format!("a {kind} volume has {least} to {most} GiB, not {size}"));
        }
        let iops = match kind {
            "gp3" => Some((3000, 80_000)),
            "io1" => Some((100, 64_000)),
            "io2" => Some((100, 256_000)),
            _ => None,
        };
        match (iops, self.iops) {
            (None, Some(_)) => problem("iops", format!("nobody chooses this for {kind} volumes")),
            (Some((least, most)), Some(iops)) if !(least..=most).contains(&iops) => {
                problem("iops", format!("a {kind} volume has {least} to {most}, not {iops}"));
            }
            (Some(_), None) if kind != "gp3" => {
                problem("iops", format!("a {kind} volume has to say its operations per second"));
            }
            _ => {}
        }
        match self.throughput {
            Some(_) if kind != "gp3" => {
                problem("throughput", format!("nobody chooses this for {kind} volumes"));
            }
            Some(rate) if rate > self.iops.unwrap_or(3000) / 4 => {
                let needed = rate * 4;
                problem("throughput", format!("{rate} MiB/s need at least {needed} `iops`"));
            }
            _ => {}
        }
        problems
    }
}

/// Brings a volume to `now`, and waits until it is: AWS then goes on moving its data about, while it is
/// used.
pub(super) async fn modify(aws: &Aws, id: &str, was: &Shape<'_>, now: &Shape<'_>) -> Result<()> {
    // What AWS decided for the old type is none of the new one's.
    let now = now.chosen();
    let retyped = was.r#type != now.r#type;
    let size = now.size.filter(|_| was.size != now.size);
    let iops = now.iops.filter(|_| retyped || was.iops != now.iops);
    let throughput = now.throughput.filter(|_| retyped || was.throughput != now.throughput);
    // What the file leaves to AWS is no change, and AWS refuses a call without any.
    if !retyped && size.is_none() && iops.is_none() && throughput.is_none() {
        return Ok(());
    }
    let modify = client(aws)
        .modify_volume()
        .volume_id(id)
        .set_size(size)
        .set_volume_type(retyped.then(|| now.r#type.into()))
        .set_iops(iops)
        .set_throughput(throughput);
    match modify.send().await.map_err(Error::from) {
        // The answer to an earlier call may have been lost: then this is the change under way.
        Err(error) if matches!(error.class, Class::Busy | Class::Refused) => {
            match latest(aws, id).await? {
                Some(latest) if leads_to(&latest, &now) => {}
                _ => return Err(error),
            }
        }
        other => drop(other?),
    }
    let mut wait = Duration::from_millis(250);
    for _ in 0..LOOKS {
        let latest = latest(aws, id).await?;
        match latest.as_ref().and_then(VolumeModification::modification_state) {
            Some(VolumeModificationState::Failed) => {
                let why = latest.as_ref().and_then(VolumeModification::status_message);
                let why = why.unwrap_or("AWS gives no reason");
                return Err(Error::new(Class::Refused, "VolumeModificationFailed", why));
            }
            Some(VolumeModificationState::Modifying) | None => tokio::time::sleep(wait).await,
            Some(_) => return Ok(()),
        }
        wait = (wait * 2).min(LONGEST);
    }
    let message = format!("the change of {id} is still under way");
    Err(Error::new(Class::Busy, "VolumeModifying", message))
}

/// The last change of a volume.
async fn latest(aws: &Aws, id: &str) -> Result<Option<VolumeModification>> {
    let filter = super::filter("volume-id", [id]);
    let answer = client(aws).describe_volumes_modifications().filters(filter).send().await?;
    let mut all = answer.volumes_modifications.unwrap_or_default();
    all.sort_by_key(|change| change.start_time().map(DateTime::as_nanos));
    Ok(all.pop())
}

/// Whether a change makes of a volume what is wanted.
fn leads_to(change: &VolumeModification, now: &Shape<'_>) -> bool {
    let same = |target: Option<i32>, now: Option<i32>| now.is_none() || target == now;
    change.target_volume_type().is_none_or(|target| target.as_str() == now.r#type)
        && same(change.target_size(), now.size)
        && same(change.target_iops(), now.iops)
        && same(change.target_throughput(), now.throughput)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_suit_their_type() {
        let told = |r#type, size, iops, throughput| {
            let shape = Shape { r#type, size: Some(size), iops, throughput };
            shape.check("").into_iter().map(|problem| problem.path).collect::<Vec<_>>()
        };
        assert_eq!(told("gp3", 100, Some(4000), Some(1000)), Vec::<String>::new());
        assert_eq!(told("gp3", 100, None, Some(1000)), ["throughput"]);
        assert_eq!(told("gp2", 20_000, Some(4000), Some(250)), ["size", "iops", "throughput"]);
        assert_eq!(told("io2", 3, None, None), ["size", "iops"]);
        assert_eq!(told("io1", 100, Some(80_000), None), ["iops"]);
        assert_eq!(told("st1", 100, None, None), ["size"]);
    }
}
