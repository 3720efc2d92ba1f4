//! `s3.bucket`: `CreateBucket`, and a Put… and Get… for each of its settings.

mod change;
mod contents;
mod lifecycle;
mod list;
mod policy;
mod replication;
mod settings;

use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration, Tag, Tagging};
use aws_smithy_types::DateTime;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::client;
use crate::aws::{self, Aws, Result};
use crate::kind::{
    Charge, Charges, Holding, Kind, Late, Live, Look, Name, Policy, Problem, Scope, Set, Tags,
    UsageName, default,
};

/// A bucket for objects.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// The bucket's name, unique among all buckets of all accounts.
    #[schemars(regex(pattern = r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"))]
    name: Name<63>,
    /// Whether former versions of objects are kept.
    #[serde(default)]
    versioning: bool,
    /// How objects are encrypted.
    #[serde(default)]
    encryption: settings::Encryption,
    /// What keeps the bucket from becoming public; all of it, unless turned off here.
    #[serde(default)]
    public_access_block: settings::PublicAccessBlock,
    /// Who owns an object: `BucketOwnerEnforced` takes access control lists out of use,
    /// `BucketOwnerPreferred` and `ObjectWriter` bring them back.
    #[serde(default = "settings::bucket_owner_enforced")]
    #[schemars(extend("enum" = ["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"]))]
    object_ownership: String,
    /// Rules that move objects to cheaper storage and delete them, by age.
    #[serde(default)]
    lifecycle_rules: Set<lifecycle::Rule>,
    /// Whether requests over plain HTTP are refused.
    #[serde(default = "default::yes")]
    tls_only: bool,
    /// Who may do what with the bucket and its objects, beyond what their own policies say.
    policy: Late<Option<Policy>>,
    /// Copying to other buckets, as objects come in. Needs `versioning` at both ends.
    replication: Late<Option<replication::Replication>>,
}

/// What AWS decides about a bucket.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The bucket's name.
    name: String,
    /// The bucket's ARN.
    arn: String,
    /// The host name under which the bucket answers.
    domain_name: String,
}

impl Kind for Bucket {
    const NAME: &'static str = "s3.bucket";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = Some("s3:");
    /// S3 takes a while to know a new bucket, its versioning and a new role everywhere.
    const EVENTUAL: &'static [(&'static str, &'static str)] = &[
        ("InvalidRequest", "Versioning must be 'Enabled'"),
        ("MalformedPolicy", "Invalid principal"),
        ("NoSuchBucket", ""),
        ("OperationAborted", ""),
    ];
    const DATA: bool = true;
    const FULL: &'static [(&'static str, &'static str)] = &[("BucketNotEmpty", "")];
    const USAGE: &'static [UsageName] = &[
        UsageName::new("gb", "GB in the class `STANDARD`."),
        UsageName::new("infrequent_gb", "GB in `STANDARD_IA`."),
        UsageName::new("one_zone_gb", "GB in `ONEZONE_IA`."),
        UsageName::new("intelligent_gb", "GB in `INTELLIGENT_TIERING`, all of them seldom moved."),
        UsageName::new("instant_gb", "GB in `GLACIER_IR`."),
        UsageName::new("glacier_gb", "GB in `GLACIER`."),
        UsageName::new("deep_archive_gb", "GB in `DEEP_ARCHIVE`."),
        UsageName::new("writes", "PUT, COPY, POST and LIST requests a month, in thousands."),
        UsageName::new("reads", "GET and other requests a month, in thousands."),
    ];

    fn charges(&self, _look: &Look<'_>) -> Charges {
        let mut charges = vec![
            Charge::used("storage", "s3.standard.gb", "gb"),
            Charge::used("writes", "s3.writes", "writes"),
            Charge::used("reads", "s3.reads", "reads"),
        ];
        charges.extend(lifecycle::charges(&self.lifecycle_rules));
        Charges::Listed(charges)
    }

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        list::buckets(aws, scope).await
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let region = aws.region();
        let location = (region != "us-east-1").then(|| BucketLocationConstraint::from(region));
        let configuration = CreateBucketConfiguration::builder()
            .set_location_constraint(location)
            .set_tags(Some(aws_tags(tags)?))
            .build();
        client(aws)
            .create_bucket()
            .bucket(&*new.name)
            .object_ownership(new.object_ownership.as_str().into())
            .create_bucket_configuration(configuration)
            .send()
            .await?;
        aws::eventually(Self::EVENTUAL, || change::configure(aws, new)).await?;
        Ok(outputs(aws, &new.name))
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        change::bring(aws, &was.spec, now).await
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        client(aws).delete_bucket().bucket(&*was.spec.name).send().await?;
        Ok(())
    }

    async fn created(aws: &Aws, was: &Live<Self>) -> Result<Option<i64>> {
        let list = client(aws).list_buckets().prefix(&*was.spec.name).send().await?;
        let name = Some(was.spec.name.as_str());
        let same = list.buckets().iter().find(|bucket| bucket.name() == name);
        Ok(same.and_then(|bucket| bucket.creation_date()).map(DateTime::secs))
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        // S3 takes the tags as a whole: those of others have to stay.
        let mut tags = list::tags_of(aws, &was.spec.name).await?;
        tags.extend(set.clone());
        tags.retain(|key, _| !remove.contains(key));
        let tagging = Tagging::builder().set_tag_set(Some(aws_tags(&tags)?)).build()?;
        client(aws).put_bucket_tagging().bucket(&*was.spec.name).tagging(tagging).send().await?;
        Ok(())
    }

    async fn holds(aws: &Aws, was: &Live<Self>) -> Result<Option<Holding>> {
        contents::count(aws, &was.spec.name).await
    }

    async fn empty(aws: &Aws, was: &Live<Self>) -> Result<()> {
        contents::delete(aws, &was.spec.name).await
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = self.encryption.check();
        problems.extend(lifecycle::check(&self.lifecycle_rules));
        problems.extend(self.replication.iter().flat_map(|r| r.check(self.versioning)));
        problems
    }
}

fn aws_tags(tags: &Tags) -> Result<Vec<Tag>> {
    let tag = |(key, value)| Ok(Tag::builder().key(key).value(value).build()?);
    tags.iter().map(tag).collect()
}

fn outputs(aws: &Aws, name: &str) -> Outputs {
    let domain_name = format!("{name}.s3.{}.amazonaws.com", aws.region());
    Outputs { name: name.to_owned(), arn: arn(name), domain_name }
}

fn arn(name: &str) -> String {
    format!("arn:aws:s3:::{name}")
}
