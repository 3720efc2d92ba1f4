//! `ecr.repository`

use aws_sdk_ecr::types::{
    EncryptionConfiguration, EncryptionType, ImageDetail, ImageIdentifier,
    ImageScanningConfiguration, ImageTagMutability, Repository as AwsRepository,
};
use aws_smithy_types::DateTime;
use futures::future::try_join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{client, list, tag};
use crate::aws::{Absent, Aws, Class, Error, Result, all_pages};
use crate::kind::{
    Arn, Charge, Charges, Holding, Immutable, Json, Kind, Live, Look, Name, Policy, Ref, Scope,
    Status, Tags, UsageName, default,
};
use crate::kinds::kms::Key;

/// A repository of container images.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Repository {
    /// The repository's name: small letters, digits, and `-`, `_`, `.`, `/` between them.
    #[schemars(regex(pattern = r"^[a-z0-9]+([._/-][a-z0-9]+)*$"))]
    name: Name<256>,
    /// Whether images are searched for known weaknesses when they are pushed.
    #[serde(default = "default::yes")]
    scan_on_push: bool,
    /// Whether a tag stays with its image (`IMMUTABLE`), or can be moved to another (`MUTABLE`).
    #[serde(default = "immutable")]
    #[schemars(extend("enum" = ["IMMUTABLE", "MUTABLE"]))]
    tag_mutability: String,
    /// The key that encrypts images; ECR's own when left out.
    kms_key: Immutable<Option<Ref<Key, Arn>>>,
    /// Which images are deleted, as ECR's document for it says.
    lifecycle_policy: Option<Json>,
    /// Who may use the repository, beyond what identities of the account may.
    policy: Option<Policy>,
}

/// What AWS decides about a repository.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The repository's ARN.
    arn: String,
    /// The repository's name.
    name: String,
    /// What images' names begin with: `${repository.uri}:1.4.2`.
    uri: String,
}

/// How many images one `DescribeImages` tells of.
const IMAGES_AT_ONCE: i32 = 1000;
/// How many images one `BatchDeleteImage` takes.
const DELETED_AT_ONCE: i32 = 100;

fn immutable() -> String {
    "IMMUTABLE".to_owned()
}

impl Kind for Repository {
    const NAME: &'static str = "ecr.repository";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = Some("ecr:repository/");
    const DATA: bool = true;
    const FULL: &'static [(&'static str, &'static str)] = &[("RepositoryNotEmptyException", "")];
    // A policy may name a role that was just made.
    const EVENTUAL: &'static [(&'static str, &'static str)] =
        &[("InvalidParameterException", "Principal not found")];
    const USAGE: &'static [UsageName] = &[UsageName::new("gb", "GB of images that it holds.")];

    fn charges(&self, _look: &Look<'_>) -> Charges {
        Charges::Listed(vec![Charge::used("images", "ecr.gb", "gb")])
    }

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        let all = client(aws).describe_repositories().into_paginator().items().send();
        let all = all_pages(all).await?;
        let looked_at = all.into_iter().filter(|one| {
            let arn = one.repository_arn().unwrap_or_default();
            scope.is_candidate(arn, one.repository_name().unwrap_or_default())
        });
        let found = try_join_all(looked_at.map(|one| read(aws, scope, one))).await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let encryption = match &*new.kms_key {
            Some(key) => EncryptionConfiguration::builder()
                .encryption_type(EncryptionType::Kms)
                .kms_key(key.as_str()),
            None => EncryptionConfiguration::builder().encryption_type(EncryptionType::Aes256),
        };
        let answer = client(aws)
            .create_repository()
            .repository_name(&*new.name)
            .image_scanning_configuration(scanning(new))
            .image_tag_mutability(new.tag_mutability.as_str().into())
            .encryption_configuration(encryption.build()?)
            .set_tags(Some(list(tags)?))
            .send()
            .await?;
        if new.lifecycle_policy.is_some() {
            set_lifecycle(aws, new).await?;
        }
        if new.policy.is_some() {
            set_policy(aws, new).await?;
        }
        outputs(answer.repository().ok_or_else(|| Error::missing("repository"))?)
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        if was.spec.scan_on_push != now.scan_on_push {
            let put = client(aws).put_image_scanning_configuration().repository_name(&*now.name);
            put.image_scanning_configuration(scanning(now)).send().await?;
        }
        if was.spec.tag_mutability != now.tag_mutability {
            let put = client(aws).put_image_tag_mutability().repository_name(&*now.name);
            put.image_tag_mutability(now.tag_mutability.as_str().into()).send().await?;
        }
        if was.spec.lifecycle_policy != now.lifecycle_policy {
            set_lifecycle(aws, now).await?;
        }
        if was.spec.policy != now.policy {
            set_policy(aws, now).await?;
        }
        Ok(())
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        client(aws).delete_repository().repository_name(&*was.spec.name).send().await?;
        Ok(())
    }

    async fn holds(aws: &Aws, was: &Live<Self>) -> Result<Option<Holding>> {
        let describe = client(aws).describe_images().repository_name(&*was.spec.name);
        let page = describe.max_results(IMAGES_AT_ONCE).send().await?;
        let (images, more) = (page.image_details(), page.next_token().is_some());
        let size = images.iter().filter_map(ImageDetail::image_size_in_bytes).sum();
        let holding = Holding::count(images.len(), more, "image", "images");
        Ok(holding.map(|holding| if more { holding } else { holding.size(size) }))
    }

    /// The first page is always the next one. An image that others refer to, as the list of its
    /// platforms does, can be deleted after those.
    async fn empty(aws: &Aws, was: &Live<Self>) -> Result<()> {
        let name = &*was.spec.name;
        loop {
            let list = client(aws).list_images().repository_name(name);
            let page = list.max_results(DELETED_AT_ONCE).send().await?;
            // An image is listed once for each of its tags; its digest stands for all of them.
            let mut digests: Vec<&str> =
                page.image_ids().iter().filter_map(ImageIdentifier::image_digest).collect();
            digests.sort_unstable();
            digests.dedup();
            if digests.is_empty() {
                return Ok(());
            }
            let image = |digest: &&str| ImageIdentifier::builder().image_digest(*digest).build();
            let images = digests.iter().map(image).collect();
            let delete = client(aws).batch_delete_image().repository_name(name);
            let answer = delete.set_image_ids(Some(images)).send().await?;
            if let (true, Some(first)) = (answer.image_ids().is_empty(), answer.failures().first())
            {
                let code = first.failure_code().map_or("ImageNotDeleted", |code| code.as_str());
                let reason = first.failure_reason().unwrap_or_default();
                let message = format!("images in {name} cannot be deleted: {reason}");
                return Err(Error::new(Class::Refused, code, message));
            }
        }
    }

    async fn created(aws: &Aws, was: &Live<Self>) -> Result<Option<i64>> {
        let list = client(aws).describe_repositories().repository_names(&*was.spec.name);
        let answer = list.send().await?;
        Ok(answer.repositories().first().and_then(|it| it.created_at()).map(DateTime::secs))
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tag(aws, &was.outputs.arn, set, remove).await
    }
}

fn scanning(repository: &Repository) -> ImageScanningConfiguration {
    ImageScanningConfiguration::builder().scan_on_push(repository.scan_on_push).build()
}

async fn set_lifecycle(aws: &Aws, now: &Repository) -> Result<()> {
    if let Some(policy) = &now.lifecycle_policy {
        let put = client(aws).put_lifecycle_policy().repository_name(&*now.name);
        put.lifecycle_policy_text(policy.to_string()).send().await?;
    } else {
        client(aws).delete_lifecycle_policy().repository_name(&*now.name).send().await?;
    }
    Ok(())
}

async fn set_policy(aws: &Aws, now: &Repository) -> Result<()> {
    if let Some(policy) = &now.policy {
        let set = client(aws).set_repository_policy().repository_name(&*now.name);
        set.policy_text(policy.to_string()).send().await?;
    } else {
        client(aws).delete_repository_policy().repository_name(&*now.name).send().await?;
    }
    Ok(())
}

async fn tags_of(aws: &Aws, arn: &str) -> Result<Tags> {
    let answer = client(aws).list_tags_for_resource().resource_arn(arn).send().await?;
    let tags = answer.tags.unwrap_or_default();
    Ok(tags.into_iter().map(|tag| (tag.key, tag.value)).collect())
}

fn outputs(found: &AwsRepository) -> Result<Outputs> {
    Ok(Outputs {
        arn: found.repository_arn().ok_or_else(|| Error::missing("repositoryArn"))?.to_owned(),
        name: found.repository_name().ok_or_else(|| Error::missing("repositoryName"))?.to_owned(),
        uri: found.repository_uri().ok_or_else(|| Error::missing("repositoryUri"))?.to_owned(),
    })
}

/// A repository with its policies, when it is of interest.
async fn read(aws: &Aws, scope: &Scope, found: AwsRepository) -> Result<Option<Live<Repository>>> {
    let outputs = outputs(&found)?;
    let name = outputs.name.as_str();
    let tags = scope.tags_if_wanted(&outputs.arn, name, tags_of(aws, &outputs.arn)).await?;
    let Some(tags) = tags else { return Ok(None) };
    let (lifecycle, policy) = futures::future::join(
        client(aws).get_lifecycle_policy().repository_name(name).send(),
        client(aws).get_repository_policy().repository_name(name).send(),
    )
    .await;
    let lifecycle = lifecycle.map_err(Error::from).absent()?;
    let policy = policy.map_err(Error::from).absent()?;
    let encryption = found.encryption_configuration();
    let is_kms = encryption.is_some_and(|it| it.encryption_type() != &EncryptionType::Aes256);
    let key = encryption.and_then(EncryptionConfiguration::kms_key).filter(|_| is_kms);
    let scanning = found.image_scanning_configuration();
    Ok(Some(Live {
        spec: Repository {
            name: name.into(),
            scan_on_push: scanning.is_some_and(ImageScanningConfiguration::scan_on_push),
            tag_mutability: found
                .image_tag_mutability()
                .unwrap_or(&ImageTagMutability::Mutable)
                .as_str()
                .to_owned(),
            kms_key: key.map(Ref::new).into(),
            lifecycle_policy: lifecycle
                .and_then(|answer| answer.lifecycle_policy_text)
                .map(|text| Json::parse(&text)),
            policy: policy.and_then(|answer| answer.policy_text).map(|text| Policy::parse(&text)),
        },
        outputs,
        tags,
        status: Status::Usable,
    }))
}
