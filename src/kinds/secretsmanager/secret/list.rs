//! Secrets as AWS shows them: `DescribeSecret`.

use std::collections::BTreeSet;

use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::types::Tag;
use futures::future::try_join_all;

use super::replicas::Replica;
use super::rotation::Rotation;
use super::{AWS_KEY, Outputs, Secret};
use crate::aws::{Absent, Aws, Error, Result, all_pages};
use crate::kind::{Live, Policy, Ref, Scope, Status, Tags, deletion};
use crate::kinds::secretsmanager::client;

/// The scope's secrets.
pub(super) async fn secrets(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Secret>>> {
    // ListSecrets may be five minutes behind: each secret is asked after by name instead.
    let swept = scope.swept.keys().filter_map(|arn| name_of(arn));
    let listed = if scope.is_anybodys() { all_names(aws).await? } else { Vec::new() };
    let known = scope.names.iter().chain(&listed).map(String::as_str);
    let names: BTreeSet<&str> = swept.chain(known).collect();
    let found = try_join_all(names.into_iter().map(|name| async move {
        let Some(secret) = describe(aws, name).await.absent()? else { return Ok(None) };
        let is_copy = secret.primary_region().is_some_and(|region| region != aws.region());
        let is_gone = secret.deleted_date().is_some();
        if is_copy || is_gone || !scope.wants(&tags_of(&secret), name) {
            return Ok(None);
        }
        read(aws, &secret).await.map(Some)
    }));
    found.await.map(|found: Vec<Option<_>>| found.into_iter().flatten().collect())
}

/// The names of all secrets that no service of AWS keeps for itself.
async fn all_names(aws: &Aws) -> Result<Vec<String>> {
    let pages = all_pages(client(aws).list_secrets().into_paginator().send()).await?;
    let all = pages.into_iter().flat_map(|page| page.secret_list.unwrap_or_default());
    let own = all.filter(|secret| secret.owning_service().is_none());
    Ok(own.filter_map(|secret| secret.name).collect())
}

pub(super) fn aws_tags(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// The name in a secret's ARN, which ends in `-` and six characters of AWS's choice.
fn name_of(arn: &str) -> Option<&str> {
    arn.rsplit_once(':')?.1.rsplit_once('-').map(|(name, _)| name)
}

pub(super) async fn describe(aws: &Aws, name: &str) -> Result<DescribeSecretOutput> {
    Ok(client(aws).describe_secret().secret_id(name).send().await?)
}

pub(super) fn tags_of(secret: &DescribeSecretOutput) -> Tags {
    let tags = secret.tags().iter();
    tags.filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned()))).collect()
}

pub(super) async fn read(aws: &Aws, secret: &DescribeSecretOutput) -> Result<Live<Secret>> {
    let arn = secret.arn().ok_or_else(|| Error::missing("ARN of the secret"))?;
    let name = secret.name().ok_or_else(|| Error::missing("name of the secret"))?;
    let policy = client(aws).get_resource_policy().secret_id(arn).send().await;
    let policy = policy.map_err(Error::from).absent()?.and_then(|answer| answer.resource_policy);
    let own_key = |key: Option<&str>| key.filter(|key| !key.ends_with(AWS_KEY)).map(Ref::from);
    let tags = tags_of(secret);
    Ok(Live {
        spec: Secret {
            name: name.into(),
            description: secret.description().filter(|text| !text.is_empty()).map(Into::into),
            kms_key: own_key(secret.kms_key_id()),
            generate: None,
            value: None,
            policy: policy.map(|text| Policy::parse(&text)).into(),
            rotation: Rotation::read(secret).into(),
            deletion_days: deletion::days(&tags),
            replicas: secret
                .replication_status()
                .iter()
                .filter_map(|replica| {
                    let region = replica.region()?.to_owned();
                    Some(Replica { region, kms_key: own_key(replica.kms_key_id()) })
                })
                .collect(),
        },
        outputs: Outputs { arn: arn.to_owned(), name: name.to_owned() },
        tags,
        status: Status::Usable,
    })
}
