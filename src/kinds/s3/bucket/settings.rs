//! A bucket's versioning, encryption, public access block and object ownership.

use aws_sdk_s3::types::{
    BucketVersioningStatus, OwnershipControls, OwnershipControlsRule,
    PublicAccessBlockConfiguration, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule, VersioningConfiguration,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Bucket, client};
use crate::aws::{Absent, Aws, Error, Result};
use crate::kind::{Arn, Problem, Ref, default};
use crate::kinds::kms;

/// How objects are encrypted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Encryption {
    /// `AES256` with keys of S3's own, `aws:kms` with a key of KMS, `aws:kms:dsse` with it twice.
    #[serde(default = "aes256")]
    #[schemars(extend("enum" = ["AES256", "aws:kms", "aws:kms:dsse"]))]
    algorithm: String,
    /// The key of KMS; AWS's own for S3 when left out.
    kms_key: Option<Ref<kms::Key, Arn>>,
    /// Whether a key of the bucket's own saves calls to KMS. For `aws:kms`.
    #[serde(default = "default::yes")]
    bucket_key: bool,
}

/// What keeps a bucket from becoming public.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublicAccessBlock {
    /// Whether public access control lists are refused.
    #[serde(default = "default::yes")]
    block_acls: bool,
    /// Whether public access control lists have no effect.
    #[serde(default = "default::yes")]
    ignore_acls: bool,
    /// Whether a public bucket policy is refused.
    #[serde(default = "default::yes")]
    block_policy: bool,
    /// Whether a bucket with a public policy is for the account and for AWS's services alone.
    #[serde(default = "default::yes")]
    restrict_buckets: bool,
}

impl Default for Encryption {
    fn default() -> Self {
        Self { algorithm: aes256(), kms_key: None, bucket_key: true }
    }
}

impl Default for PublicAccessBlock {
    fn default() -> Self {
        Self { block_acls: true, ignore_acls: true, block_policy: true, restrict_buckets: true }
    }
}

fn aes256() -> String {
    "AES256".to_owned()
}

pub(super) fn bucket_owner_enforced() -> String {
    "BucketOwnerEnforced".to_owned()
}

impl Encryption {
    /// Bucket keys are for `aws:kms` alone; elsewhere the field says nothing.
    fn has_bucket_key(&self) -> Option<bool> {
        (self.algorithm == "aws:kms").then_some(self.bucket_key)
    }

    pub(super) fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.kms_key.is_some() && self.algorithm == "AES256" {
            let message = "`AES256` uses no key of KMS";
            let help = "write `algorithm: aws:kms`, or leave the key out";
            problems.push(Problem::at("encryption.kms_key", message).help(help));
        }
        if !self.bucket_key && self.has_bucket_key().is_none() {
            let message = "only `algorithm: aws:kms` has a bucket key to turn off";
            problems.push(Problem::at("encryption.bucket_key", message));
        }
        problems
    }
}

pub(super) async fn put_versioning(aws: &Aws, bucket: &Bucket) -> Result<()> {
    let status = if bucket.versioning {
        BucketVersioningStatus::Enabled
    } else {
        BucketVersioningStatus::Suspended
    };
    let configuration = VersioningConfiguration::builder().status(status).build();
    let put = client(aws).put_bucket_versioning().bucket(&*bucket.name);
    put.versioning_configuration(configuration).send().await?;
    Ok(())
}

pub(super) async fn get_versioning(aws: &Aws, name: &str) -> Result<bool> {
    let answer = client(aws).get_bucket_versioning().bucket(name).send().await?;
    Ok(answer.status() == Some(&BucketVersioningStatus::Enabled))
}

pub(super) async fn put_encryption(aws: &Aws, bucket: &Bucket) -> Result<()> {
    let encryption = &bucket.encryption;
    let by_default = ServerSideEncryptionByDefault::builder()
        .sse_algorithm(encryption.algorithm.as_str().into())
        .set_kms_master_key_id(encryption.kms_key.as_ref().map(ToString::to_string))
        .build()?;
    let rule = ServerSideEncryptionRule::builder()
        .apply_server_side_encryption_by_default(by_default)
        .set_bucket_key_enabled(encryption.has_bucket_key())
        .build();
    let configuration = ServerSideEncryptionConfiguration::builder().rules(rule).build()?;
    let put = client(aws).put_bucket_encryption().bucket(&*bucket.name);
    put.server_side_encryption_configuration(configuration).send().await?;
    Ok(())
}

pub(super) async fn get_encryption(aws: &Aws, name: &str) -> Result<Encryption> {
    let answer = client(aws).get_bucket_encryption().bucket(name).send().await;
    let configuration = answer
        .map_err(Error::from)
        .absent()?
        .and_then(|answer| answer.server_side_encryption_configuration);
    let rule = configuration.as_ref().and_then(|configuration| configuration.rules().first());
    let by_default = rule.and_then(|rule| rule.apply_server_side_encryption_by_default());
    // S3 encrypts with its own keys where nothing is set.
    let algorithm = by_default.map_or_else(aes256, |d| d.sse_algorithm().as_str().to_owned());
    let kms_key = by_default.and_then(|d| d.kms_master_key_id()).map(Ref::from);
    let bucket_key = rule
        .and_then(aws_sdk_s3::types::ServerSideEncryptionRule::bucket_key_enabled)
        .unwrap_or_default();
    let read = Encryption { algorithm, kms_key, bucket_key };
    Ok(Encryption { bucket_key: read.has_bucket_key().unwrap_or(true), ..read })
}

pub(super) async fn put_public_access_block(aws: &Aws, bucket: &Bucket) -> Result<()> {
    let block = &bucket.public_access_block;
    let configuration = PublicAccessBlockConfiguration::builder()
        .block_public_acls(block.block_acls)
        .ignore_public_acls(block.ignore_acls)
        .block_public_policy(block.block_policy)
        .restrict_public_buckets(block.restrict_buckets)
        .build();
    let put = client(aws).put_public_access_block().bucket(&*bucket.name);
    put.public_access_block_configuration(configuration).send().await?;
    Ok(())
}

pub(super) async fn get_public_access_block(aws: &Aws, name: &str) -> Result<PublicAccessBlock> {
    let answer = client(aws).get_public_access_block().bucket(name).send().await;
    let block = answer
        .map_err(Error::from)
        .absent()?
        .and_then(|answer| answer.public_access_block_configuration);
    let is_on = |flag: fn(&PublicAccessBlockConfiguration) -> Option<bool>| {
        block.as_ref().and_then(flag).unwrap_or_default()
    };
    Ok(PublicAccessBlock {
        block_acls: is_on(|block| block.block_public_acls),
        ignore_acls: is_on(|block| block.ignore_public_acls),
        block_policy: is_on(|block| block.block_public_policy),
        restrict_buckets: is_on(|block| block.restrict_public_buckets),
    })
}

pub(super) async fn put_ownership(aws: &Aws, bucket: &Bucket) -> Result<()> {
    let rule = OwnershipControlsRule::builder()
        .object_ownership(bucket.object_ownership.as_str().into())
        .build()?;
    let controls = OwnershipControls::builder().rules(rule).build()?;
    let put = client(aws).put_bucket_ownership_controls().bucket(&*bucket.name);
    put.ownership_controls(controls).send().await?;
    Ok(())
}

pub(super) async fn get_ownership(aws: &Aws, name: &str) -> Result<String> {
    let answer = client(aws).get_bucket_ownership_controls().bucket(name).send().await;
    let controls = answer.map_err(Error::from).absent()?.and_then(|a| a.ownership_controls);
    let rule = controls.as_ref().and_then(|controls| controls.rules().first());
    // Buckets from before there were controls have none, and mean this by it.
    Ok(rule.map_or("ObjectWriter", |rule| rule.object_ownership().as_str()).to_owned())
}
