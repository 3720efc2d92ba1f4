//! A bucket's replication: copies of its objects in other buckets.

use aws_sdk_s3::types::{
    DeleteMarkerReplication, DeleteMarkerReplicationStatus, Destination, EncryptionConfiguration,
    ReplicationConfiguration, ReplicationRule as AwsRule, ReplicationRuleFilter,
    ReplicationRuleStatus, SourceSelectionCriteria, SseKmsEncryptedObjects,
    SseKmsEncryptedObjectsStatus,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Bucket, client};
use crate::aws::{Absent, Aws, Error, Result};
use crate::kind::{Arn, Problem, Ref, Set, default};
use crate::kinds::{iam, kms};

/// Copying to other buckets, as objects come in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Replication {
    /// The role that S3 assumes to read here and write there.
    role: Ref<iam::Role, Arn>,
    /// What is copied where.
    rules: Set<Rule>,
}

/// What is copied where.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The rule's name, unique in its bucket.
    #[schemars(length(min = 1, max = 255))]
    id: String,
    /// Whether the rule is in force.
    #[serde(default = "default::yes")]
    enabled: bool,
    /// Which rule wins where several with one destination match: the one with the higher number.
    /// Unique in its bucket.
    #[serde(default)]
    #[schemars(range(min = 0))]
    priority: i32,
    /// What the keys of the objects begin with; all objects when left out.
    prefix: Option<String>,
    /// The bucket that gets the copies.
    destination: Ref<Bucket, Arn>,
    /// The copies' storage class; the objects' own when left out.
    #[schemars(extend("enum" = ["STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING",
        "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"]))]
    storage_class: Option<String>,
    /// Whether deletes are copied too.
    #[serde(default)]
    delete_markers: bool,
    /// The key, in the destination's region, that encrypts the copies. Objects encrypted with KMS
    /// are copied only when it is given.
    kms_key: Option<Ref<kms::Key, Arn>>,
}

impl Replication {
    pub(super) fn check(&self, versioning: bool) -> Vec<Problem> {
        let mut problems = Vec::new();
        if !versioning {
            let message = "S3 replicates only buckets that keep versions";
            let help = "add `versioning: true`, here and at the destination";
            problems.push(Problem::at("replication", message).help(help));
        }
        if self.rules.is_empty() {
            problems.push(Problem::at("replication.rules", "replication needs at least one rule"));
        }
        for (index, rule) in self.rules.iter().enumerate() {
            for earlier in &self.rules[..index] {
                let what = if rule.id == earlier.id {
                    format!("two rules have the id `{}`", rule.id)
                } else if rule.priority == earlier.priority {
                    format!("`{}` and `{}` have the same priority", earlier.id, rule.id)
                } else {
                    continue;
                };
                problems.push(Problem::at("replication.rules", what));
            }
        }
        problems
    }
}

pub(super) async fn put(aws: &Aws, bucket: &Bucket) -> Result<()> {
    let name = &*bucket.name;
    let Some(replication) = &*bucket.replication else {
        client(aws).delete_bucket_replication().bucket(name).send().await?;
        return Ok(());
    };
    let rules = replication.rules.iter().map(aws_rule).collect::<Result<Vec<_>>>()?;
    let configuration = ReplicationConfiguration::builder()
        .role(replication.role.as_str())
        .set_rules(Some(rules))
        .build()?;
    let put = client(aws).put_bucket_replication().bucket(name);
    put.replication_configuration(configuration).send().await?;
    Ok(())
}

fn aws_rule(rule: &Rule) -> Result<AwsRule> {
    let encryption = rule
        .kms_key
        .as_ref()
        .map(|key| EncryptionConfiguration::builder().replica_kms_key_id(key.as_str()).build());
    let sources = if rule.kms_key.is_some() {
        let objects = SseKmsEncryptedObjects::builder()
            .status(SseKmsEncryptedObjectsStatus::Enabled)
            .build()?;
        Some(SourceSelectionCriteria::builder().sse_kms_encrypted_objects(objects).build())
    } else {
        None
    };
    let destination = Destination::builder()
        .bucket(rule.destination.as_str())
        .set_storage_class(rule.storage_class.as_deref().map(Into::into))
        .set_encryption_configuration(encryption)
        .build()?;
    let prefix = rule.prefix.clone().unwrap_or_default();
    let delete_markers = if rule.delete_markers {
        DeleteMarkerReplicationStatus::Enabled
    } else {
        DeleteMarkerReplicationStatus::Disabled
    };
    let status =
        if rule.enabled { ReplicationRuleStatus::Enabled } else { ReplicationRuleStatus::Disabled };
    Ok(AwsRule::builder()
        .id(&rule.id)
        .status(status)
        .priority(rule.priority)
        .filter(ReplicationRuleFilter::builder().prefix(prefix).build())
        .destination(destination)
        .set_source_selection_criteria(sources)
        .delete_marker_replication(
            DeleteMarkerReplication::builder().status(delete_markers).build(),
        )
        .build()?)
}

pub(super) async fn get(aws: &Aws, name: &str) -> Result<Option<Replication>> {
    let answer = client(aws).get_bucket_replication().bucket(name).send().await;
    let answer = answer.map_err(Error::from).absent()?;
    Ok(answer.and_then(|answer| answer.replication_configuration).map(|configuration| {
        Replication {
            role: configuration.role().into(),
            rules: configuration.rules().iter().filter_map(read_rule).collect(),
        }
    }))
}

fn read_rule(rule: &AwsRule) -> Option<Rule> {
    let destination = rule.destination()?;
    let encryption = destination.encryption_configuration();
    let markers = rule.delete_marker_replication().and_then(|markers| markers.status());
    #[allow(deprecated)]
    let prefix = rule.filter().and_then(|filter| filter.prefix()).or(rule.prefix());
    Some(Rule {
        id: rule.id().unwrap_or_default().to_owned(),
        enabled: rule.status() == &ReplicationRuleStatus::Enabled,
        priority: rule.priority().unwrap_or_default(),
        prefix: prefix.filter(|prefix| !prefix.is_empty()).map(Into::into),
        destination: destination.bucket().into(),
        storage_class: destination.storage_class().map(|class| class.as_str().to_owned()),
        delete_markers: markers == Some(&DeleteMarkerReplicationStatus::Enabled),
        kms_key: encryption.and_then(|encryption| encryption.replica_kms_key_id()).map(Ref::from),
    })
}
