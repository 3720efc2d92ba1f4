//! `s3.bucket`: `CreateBucket`, and a Put… and Get… for each of its settings.

mod contents;
mod lifecycle;
mod policy;
mod replication;
mod settings;

use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration, Tag, Tagging};
use futures::future::{try_join, try_join_all};
use futures::try_join;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::client;
use crate::aws::{self, Absent, Aws, Error, Result, all_pages};
use crate::kind::{
    Holding, Kind, Late, Live, Name, Policy, Problem, Scope, Set, Status, Tags, default,
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

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        let swept = scope.swept.keys().filter_map(|arn| arn.strip_prefix("arn:aws:s3:::"));
        let swept: Vec<String> = swept.map(ToOwned::to_owned).collect();
        let names = if scope.names.iter().all(|name| swept.contains(name)) {
            swept
        } else {
            // A bucket that the sweep does not know may be new, or somebody else's.
            let all = client(aws).list_buckets().bucket_region(aws.region()).max_buckets(10_000);
            let all = all.into_paginator().items().send();
            let all = all_pages(all).await?;
            all.into_iter().filter_map(|bucket| bucket.name).collect()
        };
        let names = names.into_iter();
        let found = try_join_all(names.map(|name| async move {
            let tags = scope.tags_if_wanted(&arn(&name), &name, tags_of(aws, &name)).await;
            let Some(tags) = tags.absent()?.flatten() else { return Ok(None) };
            // A bucket that was just deleted stays in the list for a while.
            Box::pin(read(aws, &name, tags)).await.absent()
        }));
        Ok(found.await?.into_iter().flatten().collect())
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
        aws::eventually(Self::EVENTUAL, || configure(aws, new)).await?;
        Ok(outputs(aws, &new.name))
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        let was = &was.spec;
        let is_replication_new = was.replication != now.replication;
        if is_replication_new && now.replication.is_none() {
            // Versioning cannot stop before replication has.
            replication::put(aws, now).await?;
        }
        if was.versioning != now.versioning {
            settings::put_versioning(aws, now).await?;
        }
        if was.encryption != now.encryption {
            settings::put_encryption(aws, now).await?;
        }
        if was.public_access_block != now.public_access_block {
            settings::put_public_access_block(aws, now).await?;
        }
        if was.object_ownership != now.object_ownership {
            settings::put_ownership(aws, now).await?;
        }
        if was.lifecycle_rules != now.lifecycle_rules {
            lifecycle::put(aws, now).await?;
        }
        if was.tls_only != now.tls_only || was.policy != now.policy {
            policy::put(aws, now).await?;
        }
        if is_replication_new && now.replication.is_some() {
            replication::put(aws, now).await?;
        }
        Ok(())
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        client(aws).delete_bucket().bucket(&*was.spec.name).send().await?;
        Ok(())
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        // S3 takes the tags as a whole: those of others have to stay.
        let mut tags = tags_of(aws, &was.spec.name).await?;
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

/// Sets what a new bucket does not have by itself.
async fn configure(aws: &Aws, new: &Bucket) -> Result<()> {
    settings::put_public_access_block(aws, new).await?;
    settings::put_encryption(aws, new).await?;
    if new.versioning {
        settings::put_versioning(aws, new).await?;
    }
    if !new.lifecycle_rules.is_empty() {
        lifecycle::put(aws, new).await?;
    }
    if new.tls_only || new.policy.is_some() {
        policy::put(aws, new).await?;
    }
    if new.replication.is_some() {
        replication::put(aws, new).await?;
    }
    Ok(())
}

/// Reads a bucket; "not found" when there is no such bucket.
async fn read(aws: &Aws, name: &str, tags: Tags) -> Result<Live<Bucket>> {
    // Without versioning there is no replication to ask for.
    let versions = async {
        let versioning = settings::get_versioning(aws, name).await?;
        let replication = if versioning { replication::get(aws, name).await? } else { None };
        Ok::<_, Error>((versioning, replication))
    };
    let access =
        try_join(settings::get_public_access_block(aws, name), settings::get_ownership(aws, name));
    let (
        (versioning, replication),
        encryption,
        (public_access_block, object_ownership),
        lifecycle_rules,
        (policy, tls_only),
    ) = try_join!(
        versions,
        settings::get_encryption(aws, name),
        access,
        lifecycle::get(aws, name),
        policy::get(aws, name),
    )?;
    Ok(Live {
        spec: Bucket {
            name: name.into(),
            versioning,
            encryption,
            public_access_block,
            object_ownership,
            lifecycle_rules,
            tls_only,
            policy: policy.into(),
            replication: replication.into(),
        },
        outputs: outputs(aws, name),
        tags,
        status: Status::Usable,
    })
}

fn outputs(aws: &Aws, name: &str) -> Outputs {
    let domain_name = format!("{name}.s3.{}.amazonaws.com", aws.region());
    Outputs { name: name.to_owned(), arn: arn(name), domain_name }
}

fn arn(name: &str) -> String {
    format!("arn:aws:s3:::{name}")
}

async fn tags_of(aws: &Aws, name: &str) -> Result<Tags> {
    let tags = client(aws).get_bucket_tagging().bucket(name).send().await;
    let tags = tags.map_err(Error::from).absent()?.map(|answer| answer.tag_set);
    Ok(tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect())
}

fn aws_tags(tags: &Tags) -> Result<Vec<Tag>> {
    let tag = |(key, value)| Ok(Tag::builder().key(key).value(value).build()?);
    tags.iter().map(tag).collect()
}
