//! The bookkeeping bucket: one in each account and region, beside the stacks and of none. It holds
//! the leases and the history of runs; what exists is never looked up there.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_s3::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::types::{
    BucketLifecycleConfiguration, BucketLocationConstraint, CreateBucketConfiguration,
    ExpirationStatus, LifecycleExpiration, LifecycleRule, LifecycleRuleFilter,
    PublicAccessBlockConfiguration,
};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde_json::json;

use super::{Absent, Aws, Class, Error, Result, all_pages};

/// How long the record of a run is kept.
const HISTORY_DAYS: i32 = 400;

/// The object that says that the bucket is whole; written last.
const ABOUT: &str = "about.json";

/// The bookkeeping bucket of one account and region.
#[derive(Clone)]
pub struct Bookkeeping {
    aws: Aws,
    bucket: String,
}

/// An object of the bucket.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What it says.
    pub text: String,
    /// What tells this version from any other.
    pub version: String,
    /// How long ago it was written, by the clock of S3.
    pub age: Duration,
}

/// Under which condition something is written.
#[derive(Clone, Copy, Debug)]
pub enum When<'a> {
    /// In any case.
    Always,
    /// Nothing is there yet.
    Absent,
    /// What is there is of this version.
    Still(&'a str),
}

impl Bookkeeping {
    /// The bucket in the region of `aws`; it may not exist yet.
    pub fn new(aws: &Aws) -> Self {
        let bucket = format!("infra-{}-{}", aws.account(), aws.region());
        Self { aws: aws.clone(), bucket }
    }

    /// Whether that is the name of the bucket in the region of `aws`.
    pub fn is_one(aws: &Aws, name: &str) -> bool {
        Self::new(aws).bucket == name
    }

    /// The bucket's name.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    fn client(&self) -> aws_sdk_s3::Client {
        crate::client!(self.aws, aws_sdk_s3)
    }

    /// Makes the bucket if it is missing, and hardens it: private, encrypted, over TLS only. What is
    /// half made is made whole.
    pub async fn ensure(&self) -> Result<()> {
        let (client, bucket) = (self.client(), &self.bucket);
        if self.get(ABOUT).await?.is_some() {
            return Ok(());
        }
        let mut create = client.create_bucket().bucket(bucket);
        if self.aws.region() != "us-east-1" {
            let place = BucketLocationConstraint::from(self.aws.region());
            let place = CreateBucketConfiguration::builder().location_constraint(place).build();
            create = create.create_bucket_configuration(place);
        }
        match create.send().await.map_err(Error::from) {
            // Two runs at once make it together.
            Err(error) if error.class == Class::Exists || error.class == Class::Busy => {}
            made => drop(made?),
        }
        let block = PublicAccessBlockConfiguration::builder()
            .block_public_acls(true)
            .block_public_policy(true)
            .ignore_public_acls(true)
            .restrict_public_buckets(true)
            .build();
        let block = client.put_public_access_block().public_access_block_configuration(block);
        block.bucket(bucket).send().await?;
        let arn = format!("arn:aws:s3:::{bucket}");
        let policy = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Sid": "TlsOnly",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [arn, format!("{arn}/*")],
                "Condition": { "Bool": { "aws:SecureTransport": "false" } },
            }],
        });
        let put = client.put_bucket_policy().bucket(bucket).policy(policy.to_string());
        put.send().await?;
        let rule = LifecycleRule::builder()
            .id("history")
            .status(ExpirationStatus::Enabled)
            .filter(LifecycleRuleFilter::builder().prefix("history/").build())
            .expiration(LifecycleExpiration::builder().days(HISTORY_DAYS).build())
            .build()?;
        let rules = BucketLifecycleConfiguration::builder().rules(rule).build()?;
        let put = client.put_bucket_lifecycle_configuration().bucket(bucket);
        put.lifecycle_configuration(rules).send().await?;
        let about = json!({ "what": "leases and history of infra; belongs to no stack" });
        self.put(ABOUT, &about.to_string(), When::Always).await?;
        Ok(())
    }

    /// What is at a key; nothing when it, or the bucket, is missing.
    pub async fn get(&self, key: &str) -> Result<Option<Entry>> {
        let clock = Clock::default();
        let get = self.client().get_object().bucket(&self.bucket).key(key);
        let get = get.expected_bucket_owner(self.aws.account());
        let got = get.customize().interceptor(clock.clone()).send().await;
        let Some(answer) = got.map_err(Error::from).absent()? else { return Ok(None) };
        let written = answer.last_modified().copied();
        let age = match (clock.now(), written) {
            (Some(now), Some(written)) => now.secs().saturating_sub(written.secs()),
            _ => 0,
        };
        let version = answer.e_tag().unwrap_or_default().to_owned();
        let broken = |error: aws_sdk_s3::primitives::ByteStreamError| {
            Error::new(Class::Transient, "InvalidAnswer", error.to_string())
        };
        let bytes = answer.body.collect().await.map_err(broken)?.into_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Ok(Some(Entry { text, version, age: Duration::from_secs(age.try_into().unwrap_or(0)) }))
    }

    /// Writes a text; its version, or nothing when the condition does not hold.
    pub async fn put(&self, key: &str, text: &str, when: When<'_>) -> Result<Option<String>> {
        let put = self.client().put_object().bucket(&self.bucket).key(key);
        let put = put.expected_bucket_owner(self.aws.account());
        let put = put.content_type("application/json").body(text.to_owned().into_bytes().into());
        let put = match when {
            When::Always => put,
            When::Absent => put.if_none_match("*"),
            When::Still(version) => put.if_match(version),
        };
        let answer = put.send().await.map_err(Error::from);
        Ok(held(answer)?.map(|answer| answer.e_tag.unwrap_or_default()))
    }

    /// Removes what is at a key if it is of this version; whether it was.
    pub async fn remove(&self, key: &str, version: &str) -> Result<bool> {
        let delete = self.client().delete_object().bucket(&self.bucket).key(key);
        let delete = delete.expected_bucket_owner(self.aws.account()).if_match(version);
        Ok(held(delete.send().await.map_err(Error::from))?.is_some())
    }

    /// The keys that begin with a prefix, in their order.
    pub async fn keys(&self, prefix: &str) -> Result<Vec<String>> {
        let list = self.client().list_objects_v2().bucket(&self.bucket).prefix(prefix);
        let list = list.expected_bucket_owner(self.aws.account()).into_paginator().send();
        let pages = all_pages(list).await.absent()?.unwrap_or_default();
        let objects = pages.into_iter().flat_map(|page| page.contents.unwrap_or_default());
        Ok(objects.filter_map(|object| object.key).collect())
    }
}

/// Nothing where S3 says that a condition does not hold.
fn held<T>(answer: Result<T>) -> Result<Option<T>> {
    const FAILED: [&str; 2] = ["PreconditionFailed", "ConditionalRequestConflict"];
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if FAILED.contains(&error.code.as_str()) => Ok(None),
        // The object that should still be there is gone.
        Err(error) if error.code == "NoSuchKey" => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads the date of an answer: two machines agree on the clock of S3, not on their own.
#[derive(Clone, Debug, Default)]
struct Clock(Arc<Mutex<Option<DateTime>>>);

impl Clock {
    fn now(&self) -> Option<DateTime> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intercept for Clock {
    fn name(&self) -> &'static str {
        "Clock"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> std::result::Result<(), BoxError> {
        let date = context.response().headers().get("date");
        let date = date.and_then(|text| DateTime::from_str(text, Format::HttpDate).ok());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = date;
        Ok(())
    }
}
