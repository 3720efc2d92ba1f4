//! The machine that has a volume: `AttachVolume`, `DetachVolume`.

use std::time::Duration;

use aws_sdk_ec2::types::{Volume as AwsVolume, VolumeAttachment, VolumeAttachmentState};

use super::super::client;
use super::Volume;
use super::list::one;
use crate::aws::{Absent, Aws, Class, Error, Result};

/// What AWS says of a volume that is being made, or a machine that is starting.
pub(super) const NOT_READY: &[(&str, &str)] =
    &[("IncorrectState", ""), ("InvalidInstanceID.NotFound", ""), ("InvalidVolume.NotFound", "")];
/// The longest wait between looks at a volume that a machine lets go, and how many there are.
const LONGEST: Duration = Duration::from_secs(5);
const LOOKS: u32 = 60;

/// The machine that has a volume, or has it no more soon.
pub(super) fn holder(volume: &AwsVolume) -> Option<&VolumeAttachment> {
    let gone = Some(&VolumeAttachmentState::Detached);
    volume.attachments().iter().find(|attachment| attachment.state() != gone)
}

pub(super) async fn attach(aws: &Aws, id: &str, now: &Volume) -> Result<()> {
    let (Some(instance), Some(device)) = (&*now.instance, &*now.device) else { return Ok(()) };
    let attach = client(aws).attach_volume().volume_id(id).instance_id(instance.as_str());
    attach.device(device).send().await?;
    Ok(())
}

/// Takes a volume from the machine that has it, and waits until it is free. A machine that has it
/// mounted keeps it, unless it is `ending`.
pub(super) async fn detach(aws: &Aws, id: &str, ending: bool) -> Result<()> {
    let mut wait = Duration::from_millis(250);
    for _ in 0..LOOKS {
        let Some(volume) = one(aws, id).await? else { return Ok(()) };
        let Some(held) = holder(&volume) else { return Ok(()) };
        let is_busy = held.state() == Some(&VolumeAttachmentState::Busy);
        if is_busy && !ending {
            let machine = held.instance_id().unwrap_or_default();
            let message = format!("{machine} uses {id}: unmount it there, or stop the machine");
            return Err(Error::new(Class::Busy, "VolumeInUse", message));
        }
        if is_busy || held.state() != Some(&VolumeAttachmentState::Detaching) {
            let call = client(aws).detach_volume().volume_id(id).force(is_busy).send().await;
            match call.map_err(Error::from) {
                // It was let go in between.
                Err(error) if error.code == "IncorrectState" => {}
                other => drop(other.absent()?),
            }
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST);
    }
    Err(Error::new(Class::Busy, "VolumeInUse", format!("{id} is still being detached")))
}
