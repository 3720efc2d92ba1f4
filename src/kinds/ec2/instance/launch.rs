//! `RunInstances`.

use aws_sdk_ec2::types::{
    CreditSpecificationRequest, IamInstanceProfileSpecification, InstanceMetadataOptionsRequest,
    InstanceNetworkInterfaceSpecification, ResourceType, RunInstancesMonitoringEnabled,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::{NOT_YET, client, tagged};
use super::{IMAGE, Instance, Outputs, change, list, part_tags, power};
use crate::aws::{Aws, Class, Error, Result, eventually};
use crate::kind::{Tags, to_word};

/// Makes a machine. The SDK adds a client token: its own retries make one.
pub(super) async fn launch(aws: &Aws, new: &Instance, tags: &Tags) -> Result<Outputs> {
    let device = new.root.device(aws, &new.image).await?;
    let mut own = tags.clone();
    if new.image.starts_with("resolve:") {
        own.insert(IMAGE.to_owned(), new.image.to_string());
    }
    let parts = part_tags(tags);
    let interface = InstanceNetworkInterfaceSpecification::builder()
        .device_index(0)
        .subnet_id(new.subnet.as_str())
        .set_groups(Some(new.groups()))
        .set_private_ip_address((**new.private_ip).clone())
        .associate_public_ip_address(new.public_ip)
        .delete_on_termination(true);
    let metadata = InstanceMetadataOptionsRequest::builder()
        .http_tokens(new.metadata.tokens())
        .http_put_response_hop_limit(new.metadata.hops)
        .instance_metadata_tags(new.metadata.tags());
    let monitoring = RunInstancesMonitoringEnabled::builder().enabled(new.detailed_monitoring);
    let credits = new
        .credits
        .as_ref()
        .map(|credits| CreditSpecificationRequest::builder().cpu_credits(to_word(credits)).build());
    let answer = client(aws)
        .run_instances()
        .min_count(1)
        .max_count(1)
        .image_id(&*new.image)
        .instance_type(new.r#type.as_str().into())
        .network_interfaces(interface.build())
        .set_key_name((*new.key_pair).clone())
        .set_iam_instance_profile(new.profile())
        .metadata_options(metadata.build())
        .set_user_data(new.user_data.as_ref().map(|text| STANDARD.encode(text)))
        .block_device_mappings(new.root.mapping(&device))
        .monitoring(monitoring.build())
        .disable_api_termination(new.termination_protection)
        .set_credit_specification(credits)
        .tag_specifications(tagged(ResourceType::Instance, &own))
        .tag_specifications(tagged(ResourceType::Volume, &parts))
        .tag_specifications(tagged(ResourceType::NetworkInterface, &parts))
        .send()
        .await?;
    let made = answer.instances().first().ok_or_else(|| Error::missing("instancesSet"))?;
    let outputs = list::outputs(aws, made)?;
    if let Some(root) = made.root_device_name().filter(|root| *root != device) {
        // Its operating system is on a volume that nobody described, and a second one is empty.
        let end = || async {
            change::termination_protection(aws, &outputs.id, false).await?;
            Ok(client(aws)
                .terminate_instances()
                .instance_ids(&outputs.id)
                .send()
                .await
                .map(drop)?)
        };
        eventually(NOT_YET, end).await?;
        let message = format!("the image calls its root volume {root}: say `root.device: {root}`");
        return Err(Error::new(Class::Refused, "RootDevice", message));
    }
    if !new.source_dest_check {
        let set = || change::source_dest_check(aws, &outputs.id, new.source_dest_check);
        eventually(NOT_YET, set).await?;
    }
    if new.stopped {
        eventually(NOT_YET, || power::stop(aws, &outputs.id)).await?;
    }
    Ok(outputs)
}

impl Instance {
    /// The ids of its security groups.
    pub(super) fn groups(&self) -> Vec<String> {
        self.security_groups.iter().map(ToString::to_string).collect()
    }

    /// Its instance profile as AWS takes it.
    pub(super) fn profile(&self) -> Option<IamInstanceProfileSpecification> {
        let arn = self.instance_profile.as_ref()?.as_str();
        Some(IamInstanceProfileSpecification::builder().arn(arn).build())
    }
}
