//! What changes about a machine in any state.

use aws_sdk_ec2::types::{
    AttributeBooleanValue, EbsInstanceBlockDeviceSpecification,
    InstanceBlockDeviceMappingSpecification, InstanceCreditSpecificationRequest,
};

use super::super::{client, disk, filter};
use super::{Instance, Outputs};
use crate::aws::{Aws, Error, Result};
use crate::kind::{Live, to_word};

/// Brings a machine from what it was to `now`, but for its type and for whether it runs.
pub(super) async fn change(aws: &Aws, live: &Live<Instance>, now: &Instance) -> Result<()> {
    let (was, id) = (&live.spec, live.outputs.id.as_str());
    let modify = || client(aws).modify_instance_attribute().instance_id(id);
    if was.security_groups != now.security_groups {
        modify().set_groups(Some(now.groups())).send().await?;
    }
    if was.termination_protection != now.termination_protection {
        termination_protection(aws, id, now.termination_protection).await?;
    }
    if was.source_dest_check != now.source_dest_check {
        source_dest_check(aws, id, now.source_dest_check).await?;
    }
    if was.instance_profile != now.instance_profile {
        profile(aws, id, now).await?;
    }
    if was.metadata != now.metadata {
        client(aws)
            .modify_instance_metadata_options()
            .instance_id(id)
            .http_tokens(now.metadata.tokens())
            .http_put_response_hop_limit(now.metadata.hops)
            .instance_metadata_tags(now.metadata.tags())
            .send()
            .await?;
    }
    match (was.detailed_monitoring, now.detailed_monitoring) {
        (false, true) => drop(client(aws).monitor_instances().instance_ids(id).send().await?),
        (true, false) => drop(client(aws).unmonitor_instances().instance_ids(id).send().await?),
        _ => {}
    }
    if was.public_ip != now.public_ip
        && let Some(interface) = &live.outputs.network_interface
    {
        let modify = client(aws).modify_network_interface_attribute();
        let modify = modify.network_interface_id(interface);
        modify.associate_public_ip_address(now.public_ip).send().await?;
    }
    if was.credits != now.credits {
        credits(aws, id, now).await?;
    }
    root(aws, &live.outputs, was, now).await
}

fn truth(value: bool) -> AttributeBooleanValue {
    AttributeBooleanValue::builder().value(value).build()
}

/// Sets whether AWS refuses to end the machine.
pub(super) async fn termination_protection(aws: &Aws, id: &str, on: bool) -> Result<()> {
    let modify = client(aws).modify_instance_attribute().instance_id(id);
    modify.disable_api_termination(truth(on)).send().await?;
    Ok(())
}

/// Sets whether traffic has to be from or to the machine itself.
pub(super) async fn source_dest_check(aws: &Aws, id: &str, on: bool) -> Result<()> {
    let modify = client(aws).modify_instance_attribute().instance_id(id);
    modify.source_dest_check(truth(on)).send().await?;
    Ok(())
}

/// A machine has one profile at most: another one takes its place without a gap.
async fn profile(aws: &Aws, id: &str, now: &Instance) -> Result<()> {
    let held = client(aws).describe_iam_instance_profile_associations();
    let held = held.filters(filter("instance-id", [id])).send().await?;
    let mut held = held.iam_instance_profile_associations.unwrap_or_default().into_iter();
    let state = |it: &aws_sdk_ec2::types::IamInstanceProfileAssociation| {
        it.state().map_or("associated", |state| state.as_str()).to_owned()
    };
    let held = held.find(|it| matches!(state(it).as_str(), "associated" | "associating"));
    let held = held.and_then(|it| it.association_id);
    match (held, now.profile()) {
        (None, None) => {}
        (None, Some(profile)) => {
            let associate = client(aws).associate_iam_instance_profile().instance_id(id);
            associate.iam_instance_profile(profile).send().await?;
        }
        (Some(held), Some(profile)) => {
            let replace = client(aws).replace_iam_instance_profile_association();
            replace.association_id(held).iam_instance_profile(profile).send().await?;
        }
        (Some(held), None) => {
            client(aws).disassociate_iam_instance_profile().association_id(held).send().await?;
        }
    }
    Ok(())
}

async fn credits(aws: &Aws, id: &str, now: &Instance) -> Result<()> {
    let Some(credits) = now.credits.as_ref() else { return Ok(()) };
    let credits = InstanceCreditSpecificationRequest::builder()
        .instance_id(id)
        .cpu_credits(to_word(credits))
        .build();
    let modify = client(aws).modify_instance_credit_specification();
    let answer = modify.instance_credit_specifications(credits).send().await?;
    // AWS answers with success, and says in it what it did not change.
    let failed = answer.unsuccessful_instance_credit_specifications().first();
    match failed.and_then(|item| item.error()) {
        Some(error) => Err(Error::coded(
            error.code().map_or("", |code| code.as_str()),
            error.message().unwrap_or_default(),
        )),
        None => Ok(()),
    }
}

async fn root(aws: &Aws, known: &Outputs, was: &Instance, now: &Instance) -> Result<()> {
    let (before, after) = (&was.root, &now.root);
    if before.shape() != after.shape()
        && let Some(volume) = &known.root_volume
    {
        disk::modify(aws, volume, &before.shape(), &after.shape()).await?;
    }
    if before.delete_on_termination != after.delete_on_termination {
        let ebs = EbsInstanceBlockDeviceSpecification::builder();
        let ebs = ebs.delete_on_termination(after.delete_on_termination).build();
        let mapping = InstanceBlockDeviceMappingSpecification::builder()
            .set_device_name((**before.device).clone())
            .ebs(ebs)
            .build();
        let modify = client(aws).modify_instance_attribute().instance_id(&known.id);
        modify.block_device_mappings(mapping).send().await?;
    }
    Ok(())
}
