//! `ec2.flow_log`: `CreateFlowLogs`. Nothing about one can be changed but its tags.

use aws_sdk_ec2::types::{
    DestinationFileFormat, DestinationOptionsRequest, FlowLog as AwsFlowLog, FlowLogsResourceType,
    LogDestinationType, ResourceType, TrafficType, UnsuccessfulItem,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Subnet, Vpc, client, owned, tag, tagged, tags};
use crate::aws::{Aws, Error, Result, all_pages};
use crate::kind::field::{Id, NameOutput};
use crate::kind::{
    Arn, Auto, Immutable, Kind, Live, Problem, Ref, Scope, Status, Tags, from_word, to_word,
};
use crate::kinds::iam::Role;
use crate::kinds::logs::LogGroup;
use crate::kinds::s3::Bucket;

/// A record of the traffic of a network, a subnet or an interface: who spoke with whom, and whether it
/// was let through.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FlowLog {
    /// The network. One of this, `subnet` and `network_interface`.
    vpc: Immutable<Option<Ref<Vpc, Id>>>,
    /// The subnet.
    subnet: Immutable<Option<Ref<Subnet, Id>>>,
    /// The network interface, `eni-…`.
    #[serde(default)]
    #[schemars(regex(pattern = "^eni-[0-9a-f]+$"))]
    network_interface: Immutable<Option<String>>,
    /// Which traffic is recorded: `all`, `accept` for what was let through, `reject` for what was not.
    #[serde(default)]
    traffic: Immutable<Traffic>,
    /// The log group that records go to, by `role`. Either this or `bucket`.
    log_group: Immutable<Option<Ref<LogGroup, NameOutput>>>,
    /// The role that writes to the log group: `vpc-flow-logs.amazonaws.com` assumes it.
    role: Immutable<Option<Ref<Role, Arn>>>,
    /// The bucket that records go to.
    bucket: Immutable<Option<Ref<Bucket, Arn>>>,
    /// The folder in the bucket.
    #[serde(default)]
    #[schemars(regex(pattern = "^[^/](.*[^/])?$"), length(max = 512))]
    folder: Immutable<Option<String>>,
    /// Whether files in the bucket are Parquet, which is quicker and cheaper to query, instead of text.
    #[serde(default)]
    parquet: Immutable<bool>,
    /// The fields of a record in their order, such as `[srcaddr, dstaddr, dstport, action]`: AWS's when
    /// left out.
    #[serde(default)]
    fields: Immutable<Auto<Vec<String>>>,
    /// Seconds of traffic that a record sums up: 60 or 600.
    #[serde(default = "ten_minutes")]
    #[schemars(extend("enum" = [60, 600]))]
    interval: Immutable<i32>,
}

/// Which traffic is recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Traffic {
    /// All of it.
    #[default]
    All,
    /// What was let through.
    Accept,
    /// What was blocked.
    Reject,
}

/// What AWS decides about a flow log.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The flow log's id, `fl-…`.
    id: String,
    /// The flow log's ARN.
    arn: String,
}

fn ten_minutes() -> Immutable<i32> {
    600.into()
}

impl Kind for FlowLog {
    const NAME: &'static str = "ec2.flow_log";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = Some("ec2:vpc-flow-log/");
    // What is recorded goes to a place once.
    const CLAIMS: &'static [&'static str] =
        &["vpc", "subnet", "network_interface", "log_group", "bucket", "folder"];
    const EVENTUAL: &'static [(&'static str, &'static str)] = &[
        ("InvalidParameter", "Unable to assume given IAM role"),
        ("InvalidSubnetID.NotFound", ""),
        ("InvalidSubnetId.NotFound", ""),
        ("InvalidVpcID.NotFound", ""),
        ("InvalidVpcId.NotFound", ""),
    ];

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        let logs = client(aws).describe_flow_logs().set_filter(Some(owned(scope)));
        let logs = all_pages(logs.into_paginator().items().send()).await?;
        logs.iter().map(|log| read(aws, log)).collect()
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let (of, id) = new.resource();
        let options = DestinationOptionsRequest::builder()
            .file_format(DestinationFileFormat::Parquet)
            .hive_compatible_partitions(false)
            .per_hour_partition(false)
            .build();
        let format = new.fields.as_ref().map(|fields| format(fields));
        let to = new
            .bucket
            .as_ref()
            .map_or(LogDestinationType::CloudWatchLogs, |_| LogDestinationType::S3);
        // The SDK adds a client token: its own retries make one.
        let answer = client(aws)
            .create_flow_logs()
            .resource_type(of)
            .resource_ids(id)
            .traffic_type(to_word(&new.traffic).to_uppercase().as_str().into())
            .log_destination_type(to)
            .set_log_group_name(new.log_group.as_ref().map(ToString::to_string))
            .set_deliver_logs_permission_arn(new.role.as_ref().map(ToString::to_string))
            .set_log_destination(new.destination())
            .set_destination_options(new.parquet.then_some(options))
            .set_log_format(format)
            .max_aggregation_interval(*new.interval)
            .tag_specifications(tagged(ResourceType::VpcFlowLog, tags))
            .send()
            .await?;
        refused(answer.unsuccessful())?;
        let id = answer.flow_log_ids().first().ok_or_else(|| Error::missing("flowLogIdSet"))?;
        Ok(outputs(aws, id.clone()))
    }

    async fn update(_: &Aws, _: &Live<Self>, _: &Self) -> Result<()> {
        Ok(())
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        let delete = client(aws).delete_flow_logs().flow_log_ids(&was.outputs.id);
        refused(delete.send().await?.unsuccessful())
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tag(aws, &was.outputs.id, set, remove).await
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let of = [self.vpc.is_some(), self.subnet.is_some(), self.network_interface.is_some()];
        if of.iter().filter(|is_given| **is_given).count() != 1 {
            let help = "give one of `vpc`, `subnet` and `network_interface`";
            problems.push(Problem::at("vpc", "whose traffic is recorded is not clear").help(help));
        }
        if self.log_group.is_some() == self.bucket.is_some() {
            let help = "give either `log_group` with `role`, or `bucket`";
            problems.push(Problem::at("log_group", "where records go is not clear").help(help));
        } else if self.log_group.is_some() != self.role.is_some() {
            let text = "a `role` writes to a `log_group`, and to nothing else";
            problems.push(Problem::at("role", text));
        }
        for (field, is_given) in [("folder", self.folder.is_some()), ("parquet", *self.parquet)] {
            if is_given && self.bucket.is_none() {
                problems.push(Problem::at(field, "only records in a `bucket` have this"));
            }
        }
        problems
    }
}

impl FlowLog {
    /// Whose traffic is recorded.
    fn resource(&self) -> (FlowLogsResourceType, String) {
        if let Some(vpc) = &*self.vpc {
            (FlowLogsResourceType::Vpc, vpc.to_string())
        } else if let Some(subnet) = &*self.subnet {
            (FlowLogsResourceType::Subnet, subnet.to_string())
        } else {
            let interface = (*self.network_interface).clone().unwrap_or_default();
            (FlowLogsResourceType::NetworkInterface, interface)
        }
    }

    /// The bucket and the folder in it.
    fn destination(&self) -> Option<String> {
        let bucket = (*self.bucket).as_ref()?;
        Some(match &*self.folder {
            Some(folder) => format!("{bucket}/{folder}/"),
            None => bucket.to_string(),
        })
    }
}

/// What AWS did not do, although it answers with success.
fn refused(items: &[UnsuccessfulItem]) -> Result<()> {
    match items.first().and_then(|item| item.error()) {
        Some(error) => {
            Err(Error::coded(error.code().unwrap_or_default(), error.message().unwrap_or_default()))
        }
        None => Ok(()),
    }
}

/// Fields as AWS takes them: `${srcaddr} ${dstaddr}`.
fn format(fields: &[String]) -> String {
    let fields: Vec<String> = fields.iter().map(|field| format!("${{{field}}}")).collect();
    fields.join(" ")
}

fn fields(format: &str) -> Vec<String> {
    let name = |field: &str| field.trim_start_matches("${").trim_end_matches('}').to_owned();
    format.split_whitespace().map(name).collect()
}

fn outputs(aws: &Aws, id: String) -> Outputs {
    Outputs { arn: aws.arn("ec2", &format!("vpc-flow-log/{id}")), id }
}

fn read(aws: &Aws, log: &AwsFlowLog) -> Result<Live<FlowLog>> {
    let id = log.flow_log_id().ok_or_else(|| Error::missing("flowLogId"))?;
    let of = |start: &str| log.resource_id().filter(|id| id.starts_with(start));
    let is_s3 = log.log_destination_type() == Some(&LogDestinationType::S3);
    let place = log.log_destination().unwrap_or_default();
    let (bucket, folder) = place.split_once('/').unwrap_or((place, ""));
    let folder = Some(folder.trim_end_matches('/')).filter(|folder| is_s3 && !folder.is_empty());
    // AWS names the group where one was named, and its ARN where that was given.
    let of_arn = place.split_once(":log-group:").map(|(_, name)| name.trim_end_matches(":*"));
    let group = log.log_group_name().or(of_arn).filter(|_| !is_s3);
    let options = log.destination_options().and_then(|options| options.file_format());
    let traffic = log.traffic_type().map_or("ALL", TrafficType::as_str).to_lowercase();
    Ok(Live {
        spec: FlowLog {
            vpc: of("vpc-").map(Ref::from).into(),
            subnet: of("subnet-").map(Ref::from).into(),
            network_interface: of("eni-").map(ToOwned::to_owned).into(),
            traffic: from_word::<Traffic>(&traffic)?.into(),
            log_group: group.map(Ref::from).into(),
            role: log.deliver_logs_permission_arn().filter(|_| !is_s3).map(Ref::from).into(),
            bucket: is_s3.then(|| Ref::from(bucket)).into(),
            folder: folder.map(ToOwned::to_owned).into(),
            parquet: (options == Some(&DestinationFileFormat::Parquet)).into(),
            fields: Auto(log.log_format().map(fields)).into(),
            interval: log.max_aggregation_interval().unwrap_or(600).into(),
        },
        outputs: outputs(aws, id.to_owned()),
        tags: tags(log.tags()),
        status: Status::Usable,
    })
}
