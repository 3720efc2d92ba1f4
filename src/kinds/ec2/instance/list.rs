//! Machines as AWS shows them: `DescribeInstances`, `DescribeVolumes`.

use std::collections::HashMap;

use aws_sdk_ec2::types::{
    AttributeBooleanValue, EbsInstanceBlockDevice, Instance as AwsInstance, InstanceAttributeName,
    InstanceNetworkInterface, InstanceType, MonitoringState, NetworkInterfaceAttribute, Volume,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::future::{try_join, try_join_all, try_join3};

use super::super::{client, filter, owned, tags};
use super::metadata::Metadata;
use super::root::Root;
use super::{Credits, IMAGE, Instance, Outputs, is_burstable, power};
use crate::aws::{Absent, Aws, Error, Result, all_pages};
use crate::kind::{Auto, Live, Ref, Scope, Status, from_word};

/// How many machines are asked about at once.
const AT_ONCE: usize = 10;
/// How many values AWS takes for a filter.
const VALUES: usize = 200;

/// The scope's machines: a list of them and one of their volumes, and two calls for each machine for
/// what AWS shows in no list.
pub(super) async fn instances(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Instance>>> {
    let mut filters = owned(scope);
    // AWS shows ended ones for an hour.
    filters.push(filter("instance-state-name", ["pending", "running", "stopping", "stopped"]));
    let pages = client(aws).describe_instances().set_filters(Some(filters)).into_paginator();
    let pages = all_pages(pages.send()).await?;
    let reservations = pages.into_iter().flat_map(|page| page.reservations.unwrap_or_default());
    let found = reservations.flat_map(|one| one.instances.unwrap_or_default());
    let found: Vec<AwsInstance> = found.collect();
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let (volumes, credits) = try_join(volumes(aws, &found), credits(aws, &found)).await?;
    let mut all = Vec::with_capacity(found.len());
    for some in found.chunks(AT_ONCE) {
        let read = some.iter().map(|instance| read(aws, instance, &volumes, &credits));
        all.extend(try_join_all(read).await?.into_iter().flatten());
    }
    Ok(all)
}

/// The machine of this id.
pub(super) async fn one(aws: &Aws, id: &str) -> Result<Option<AwsInstance>> {
    let answer = client(aws).describe_instances().instance_ids(id).send().await?;
    let reservations = answer.reservations.unwrap_or_default().into_iter();
    Ok(reservations.flat_map(|one| one.instances.unwrap_or_default()).next())
}

/// The root volumes, by id.
async fn volumes(aws: &Aws, instances: &[AwsInstance]) -> Result<HashMap<String, Volume>> {
    let ids: Vec<&str> = instances.iter().filter_map(|one| root(one)?.volume_id()).collect();
    let mut all = HashMap::with_capacity(ids.len());
    for ids in ids.chunks(VALUES) {
        let describe = client(aws).describe_volumes().filters(filter("volume-id", ids.to_vec()));
        let volumes = all_pages(describe.into_paginator().items().send()).await?;
        all.extend(volumes.into_iter().filter_map(|one| Some((one.volume_id.clone()?, one))));
    }
    Ok(all)
}

/// What the burstable ones do without credits, by id.
async fn credits(aws: &Aws, instances: &[AwsInstance]) -> Result<HashMap<String, Credits>> {
    let ids = instances.iter().filter(|one| is_burstable(type_of(one)));
    let ids: Vec<&str> = ids.filter_map(|one| one.instance_id()).collect();
    let mut all = HashMap::with_capacity(ids.len());
    for ids in ids.chunks(VALUES) {
        let describe = client(aws).describe_instance_credit_specifications();
        let describe = describe.filters(filter("instance-id", ids.to_vec()));
        for one in all_pages(describe.into_paginator().items().send()).await? {
            if let (Some(id), Some(word)) = (one.instance_id, one.cpu_credits) {
                all.insert(id, from_word(&word)?);
            }
        }
    }
    Ok(all)
}

fn type_of(instance: &AwsInstance) -> &str {
    instance.instance_type().map_or("", InstanceType::as_str)
}

fn root(instance: &AwsInstance) -> Option<&EbsInstanceBlockDevice> {
    let root = instance.root_device_name();
    instance.block_device_mappings().iter().find(|one| one.device_name() == root)?.ebs()
}

fn interface(instance: &AwsInstance) -> Option<&InstanceNetworkInterface> {
    let first = |one: &&InstanceNetworkInterface| {
        one.attachment().is_some_and(|attachment| attachment.device_index() == Some(0))
    };
    instance.network_interfaces().iter().find(first)
}

pub(super) fn outputs(aws: &Aws, instance: &AwsInstance) -> Result<Outputs> {
    let id = instance.instance_id().ok_or_else(|| Error::missing("instanceId"))?;
    let text = |text: Option<&str>| text.filter(|it| !it.is_empty()).map(ToOwned::to_owned);
    let zone = instance.placement().and_then(|placement| placement.availability_zone());
    Ok(Outputs {
        arn: aws.arn("ec2", &format!("instance/{id}")),
        id: id.to_owned(),
        private_ip: text(instance.private_ip_address()),
        private_dns: text(instance.private_dns_name()),
        public_ip: text(instance.public_ip_address()),
        zone: zone.unwrap_or_default().to_owned(),
        network_interface: text(interface(instance).and_then(|one| one.network_interface_id())),
        root_volume: text(root(instance).and_then(|volume| volume.volume_id())),
    })
}

pub(super) fn status(instance: &AwsInstance) -> Status {
    match power::state(instance) {
        "running" | "stopped" => Status::Usable,
        "shutting-down" | "terminated" => {
            let reason = instance.state_reason().and_then(|reason| reason.message());
            Status::Failed(reason.unwrap_or("it was ended, AWS gives no reason").to_owned())
        }
        state => Status::Pending(state.to_owned()),
    }
}

async fn user_data(aws: &Aws, id: &str) -> Result<Option<String>> {
    let describe = client(aws).describe_instance_attribute().instance_id(id);
    let answer = describe.attribute(InstanceAttributeName::UserData).send().await?;
    let coded = answer.user_data().and_then(|data| data.value()).filter(|it| !it.is_empty());
    // What is no text was written by someone else, and differs from any text.
    let text = |coded: &str| Some(String::from_utf8_lossy(&STANDARD.decode(coded).ok()?).into());
    Ok(coded.map(|coded| text(coded).unwrap_or_else(|| coded.to_owned())))
}

async fn is_protected(aws: &Aws, id: &str) -> Result<bool> {
    let describe = client(aws).describe_instance_attribute().instance_id(id);
    let answer = describe.attribute(InstanceAttributeName::DisableApiTermination).send().await?;
    Ok(answer.disable_api_termination().and_then(AttributeBooleanValue::value).unwrap_or_default())
}

/// Whether a machine is to have a public address. One that is stopped, or has an elastic address, shows
/// none of its own.
async fn is_public(aws: &Aws, instance: &AwsInstance) -> Result<bool> {
    let Some(interface) = interface(instance) else { return Ok(false) };
    let owner = interface.association().and_then(|association| association.ip_owner_id());
    match (owner, power::state(instance)) {
        (Some("amazon"), _) => return Ok(true),
        (None, "running") => return Ok(false),
        _ => {}
    }
    let describe = client(aws).describe_network_interface_attribute();
    let describe = describe.set_network_interface_id(interface.network_interface_id.clone());
    let attribute = NetworkInterfaceAttribute::AssociatePublicIpAddress;
    let answer = describe.attribute(attribute).send().await?;
    Ok(answer.associate_public_ip_address().unwrap_or_default())
}

/// The machine, unless it has ended just now.
async fn read(
    aws: &Aws,
    instance: &AwsInstance,
    volumes: &HashMap<String, Volume>,
    credits: &HashMap<String, Credits>,
) -> Result<Option<Live<Instance>>> {
    let outputs = outputs(aws, instance)?;
    let id = outputs.id.as_str();
    let asked = try_join3(user_data(aws, id), is_protected(aws, id), is_public(aws, instance));
    let Some((user_data, termination_protection, public_ip)) = asked.await.absent()? else {
        return Ok(None);
    };
    let tags = tags(instance.tags());
    let text = |text: Option<&str>| text.map(ToOwned::to_owned);
    let device = instance.root_device_name().unwrap_or_default();
    let goes = root(instance).and_then(EbsInstanceBlockDevice::delete_on_termination);
    let volume = outputs.root_volume.as_ref().and_then(|id| volumes.get(id));
    let image = tags.get(IMAGE).map(String::as_str).or(instance.image_id());
    let monitoring = instance.monitoring().and_then(|monitoring| monitoring.state());
    Ok(Some(Live {
        spec: Instance {
            image: image.unwrap_or_default().to_owned().into(),
            r#type: type_of(instance).to_owned(),
            subnet: Ref::from(instance.subnet_id().unwrap_or_default()).into(),
            security_groups: instance
                .security_groups()
                .iter()
                .filter_map(|group| group.group_id().map(Ref::from))
                .collect(),
            private_ip: Auto(text(instance.private_ip_address())).into(),
            public_ip,
            key_pair: text(instance.key_name()).into(),
            instance_profile: instance
                .iam_instance_profile()
                .and_then(|profile| profile.arn())
                .map(Ref::from),
            metadata: instance.metadata_options().map(Metadata::read).unwrap_or_default(),
            user_data: user_data.into(),
            root: volume.map_or_else(Root::default, |volume| {
                Root::read(volume, device, goes.unwrap_or(true))
            }),
            detailed_monitoring: matches!(
                monitoring,
                Some(MonitoringState::Enabled | MonitoringState::Pending)
            ),
            termination_protection,
            source_dest_check: instance.source_dest_check().unwrap_or(true),
            credits: Auto(credits.get(id).copied()),
            stopped: matches!(power::state(instance), "stopping" | "stopped"),
        },
        status: status(instance),
        outputs,
        tags,
    }))
}
