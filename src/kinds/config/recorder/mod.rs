//! `config.recorder`: `PutConfigurationRecorder`, and calls of their own for the delivery channel, the
//! rules and whether it records.

mod channel;
mod charges;
mod list;
mod rules;
mod types;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{client, list, tag, tags_of};
use crate::aws::{self, Absent, Aws, Class, Error, Result};
use crate::kind::field::NameOutput;
use crate::kind::{
    Arn, Charges, Kind, Live, Look, Problem, Ref, Scope, Set, Tags, UsageName, default, ownership,
};
use crate::kinds::iam::Role;
use crate::kinds::kms::Key;
use crate::kinds::s3::Bucket;
use crate::kinds::sns::Topic;

/// Writes down how the region's resources are configured, each time that they change, and judges them
/// by rules.
///
/// An account has one recorder in a region, and one delivery channel, which is part of this. Where
/// there is one already, which another stack or nobody declares, the plan says so: it is taken over
/// with `--adopt`, or left alone by not declaring it here.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recorder {
    /// The role that reads the resources; AWS's own for this service, which is made if need be, when
    /// left out.
    role: Option<Ref<Role, Arn>>,
    /// Types of resources that are recorded: `AWS::EC2::Instance`; all when left out.
    #[serde(default)]
    resource_types: Set<String>,
    /// Types of resources that are not recorded, in place of `resource_types`.
    #[serde(default)]
    without_types: Set<String>,
    /// Whether users, groups, roles and policies of IAM are among all types. One region of an account
    /// is enough.
    #[serde(default)]
    global_types: bool,
    /// When changes are recorded.
    #[serde(default)]
    frequency: types::Frequency,
    /// The bucket that history and snapshots are put in. Its policy has to let
    /// `config.amazonaws.com`, or the `role`, do `s3:GetBucketAcl`, `s3:ListBucket`, and
    /// `s3:PutObject` below `AWSLogs/`.
    bucket: Ref<Bucket, NameOutput>,
    /// What the files' keys begin with; nothing when left out.
    #[schemars(length(min = 1))]
    prefix: Option<String>,
    /// The key that encrypts the files; the bucket's when left out.
    kms_key: Option<Ref<Key, Arn>>,
    /// The topic that is told of each change.
    topic: Option<Ref<Topic, Arn>>,
    /// How often a snapshot of everything is put in the bucket; never when left out.
    snapshots: Option<types::Interval>,
    /// Rules of AWS that resources are judged by.
    #[serde(default)]
    rules: Set<rules::Rule>,
    /// Whether changes are recorded now.
    #[serde(default = "default::yes")]
    recording: bool,
}

/// What AWS decides about a recorder.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The recorder's name.
    name: String,
    /// The recorder's ARN.
    arn: String,
    /// The delivery channel's name.
    channel: String,
}

/// What AWS names recorders and channels that nobody names.
const DEFAULT: &str = "default";
const SERVICE: &str = "config.amazonaws.com";

impl Kind for Recorder {
    const NAME: &'static str = "config.recorder";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = Some("config:configuration-recorder/");
    const SINGLETON: bool = true;
    /// Roles and policies that were just written are not seen everywhere at once.
    const EVENTUAL: &'static [(&'static str, &'static str)] = &[
        ("InsufficientDeliveryPolicyException", ""),
        ("InvalidRoleException", ""),
        ("NoAvailableConfigurationRecorderException", ""),
        ("NoAvailableDeliveryChannelException", ""),
        ("NoSuchBucketException", ""),
    ];
    const USAGE: &'static [UsageName] = charges::USAGE;

    fn charges(&self, _look: &Look<'_>) -> Charges {
        Charges::Listed(self.charged())
    }

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        list::recorders(aws, scope).await
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        if new.role.is_none() {
            own_role(aws).await?;
        }
        put(aws, DEFAULT, new, Some(tags)).await?;
        let first = |found: Vec<Outputs>| found.into_iter().find(|one| one.name == DEFAULT);
        let made = first(list::outputs(aws).await?).ok_or_else(|| Error::missing("recorder"))?;
        aws::eventually(Self::EVENTUAL, || channel::put(aws, DEFAULT, new)).await?;
        let prefix = prefix(tags);
        for rule in &*new.rules {
            aws::eventually(Self::EVENTUAL, || rules::put(aws, &prefix, rule)).await?;
        }
        if new.recording {
            aws::eventually(Self::EVENTUAL, || set_recording(aws, DEFAULT, true)).await?;
        }
        Ok(made)
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        let (name, channel) = (&was.outputs.name, &was.outputs.channel);
        if was.spec.basics() != now.basics() {
            if now.role.is_none() {
                own_role(aws).await?;
            }
            put(aws, name, now, None).await?;
        }
        let mut records = was.spec.recording;
        if channel::differs(&was.spec, now) {
            // AWS keeps what a channel is not told, and keeps a channel while it records.
            if channel::loses(&was.spec, now) {
                set_recording(aws, name, false).await?;
                records = false;
                channel::delete(aws, channel).await?;
            }
            channel::put(aws, channel, now).await?;
        }
        rules::update(aws, &prefix(&was.tags), &was.spec.rules, &now.rules).await?;
        if records != now.recording {
            set_recording(aws, name, now.recording).await?;
        }
        Ok(())
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        let (name, channel) = (&was.outputs.name, &was.outputs.channel);
        rules::update(aws, &prefix(&was.tags), &was.spec.rules, &Set::default()).await?;
        set_recording(aws, name, false).await.absent()?;
        channel::delete(aws, channel).await?;
        client(aws)
            .delete_configuration_recorder()
            .configuration_recorder_name(name)
            .send()
            .await?;
        Ok(())
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tag(aws, &was.outputs.arn, set, remove).await
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = rules::check(&self.rules);
        let some = !self.resource_types.is_empty();
        if some && !self.without_types.is_empty() {
            let message = "`resource_types` already says what is recorded";
            problems.push(Problem::at("without_types", message).help("leave one of the two out"));
        }
        if self.global_types && (some || !self.without_types.is_empty()) {
            let message = "`global_types` counts where all types are recorded";
            let help = "leave it out; `AWS::IAM::Role` and others can be named as types";
            problems.push(Problem::at("global_types", message).help(help));
        }
        problems
    }
}

impl Recorder {
    /// What `PutConfigurationRecorder` writes.
    fn basics(&self) -> impl PartialEq {
        let types = (self.resource_types.clone(), self.without_types.clone(), self.global_types);
        (self.role.clone(), types, self.frequency)
    }
}

/// What the names of our rules begin with: they have no tags of their own.
fn prefix(tags: &Tags) -> String {
    let text = |key| tags.get(key).map(String::as_str).unwrap_or_default();
    format!("{}-{}-", text(ownership::STACK), text(ownership::ENVIRONMENT))
}

fn own_role_arn(aws: &Aws) -> String {
    let name = "AWSServiceRoleForConfig";
    format!("arn:aws:iam::{}:role/aws-service-role/{SERVICE}/{name}", aws.account())
}

/// Sees to it that the service's own role is there. It stays when the recorder goes: AWS gives it to
/// the account, and others may use it.
async fn own_role(aws: &Aws) -> Result<()> {
    let iam = crate::client!(aws, aws_sdk_iam);
    let made = iam.create_service_linked_role().aws_service_name(SERVICE).send().await;
    match made.map_err(Error::from) {
        Ok(_) => Ok(()),
        // Its word for a role that is there.
        Err(error) if error.code == "InvalidInput" && error.message.contains("taken") => Ok(()),
        Err(error) if error.class == Class::Exists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Tags count only where the recorder is new.
async fn put(aws: &Aws, name: &str, now: &Recorder, tags: Option<&Tags>) -> Result<()> {
    let recorder = types::write(aws, name, now)?;
    let put = client(aws).put_configuration_recorder().configuration_recorder(recorder);
    put.set_tags(tags.map(list).transpose()?).send().await?;
    Ok(())
}

async fn set_recording(aws: &Aws, name: &str, on: bool) -> Result<()> {
    if on {
        let start = client(aws).start_configuration_recorder();
        start.configuration_recorder_name(name).send().await?;
    } else {
        let stop = client(aws).stop_configuration_recorder();
        stop.configuration_recorder_name(name).send().await?;
    }
    Ok(())
}
