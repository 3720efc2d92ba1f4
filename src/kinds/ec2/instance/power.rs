//! Stopping and starting a machine, and what can be changed only while it is stopped: its type.

use std::time::Duration;

use aws_sdk_ec2::types::{AttributeValue, Instance as AwsInstance, InstanceStateName};

use super::super::client;
use super::{Instance, list};
use crate::aws::{Aws, Class, Error, Result, eventually};

/// A machine that is only just starting cannot be stopped.
const STARTING: &[(&str, &str)] = &[("IncorrectInstanceState", "")];
/// The longest wait between looks at a machine that stops, and how many looks there are at most.
const LONGEST: Duration = Duration::from_secs(5);
const LOOKS: u32 = 150;

/// AWS's word for the state.
pub(super) fn state(instance: &AwsInstance) -> &str {
    let name = instance.state().and_then(|state| state.name());
    name.map_or("pending", InstanceStateName::as_str)
}

/// Brings a machine from one type and state to another, as the last of its changes.
pub(super) async fn change(aws: &Aws, id: &str, was: &Instance, now: &Instance) -> Result<()> {
    let retype = was.r#type != now.r#type;
    if !was.stopped && (now.stopped || retype) {
        stop(aws, id).await?;
    }
    let mut changed = Ok(());
    if retype {
        until_stopped(aws, id).await?;
        let value = AttributeValue::builder().value(&now.r#type).build();
        let modify = client(aws).modify_instance_attribute().instance_id(id).instance_type(value);
        changed = modify.send().await.map(drop).map_err(Error::from);
    }
    // A machine that AWS does not give another type runs on as it was.
    if !now.stopped && (was.stopped || retype) {
        until_stopped(aws, id).await?;
        client(aws).start_instances().instance_ids(id).send().await?;
    }
    changed
}

/// Stops a machine, in which AWS takes its time.
pub(super) async fn stop(aws: &Aws, id: &str) -> Result<()> {
    let stop = client(aws).stop_instances().instance_ids(id);
    eventually(STARTING, || async { Ok(stop.clone().send().await.map(drop)?) }).await
}

async fn until_stopped(aws: &Aws, id: &str) -> Result<()> {
    let mut wait = Duration::from_millis(250);
    for _ in 0..LOOKS {
        let instance = list::one(aws, id).await?;
        match instance.as_ref().map(state) {
            Some("stopped") => return Ok(()),
            Some("running" | "pending") => {
                let message = format!("{id} was started while it was being changed");
                return Err(Error::new(Class::Busy, "IncorrectInstanceState", message));
            }
            _ => tokio::time::sleep(wait).await,
        }
        wait = (wait * 2).min(LONGEST);
    }
    let message = format!("{id} has not stopped yet");
    Err(Error::new(Class::Busy, "IncorrectInstanceState", message))
}
