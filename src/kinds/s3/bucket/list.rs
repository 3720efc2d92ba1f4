//! Buckets as S3 shows them: a list, and a call for each setting of a bucket.

use futures::future::{try_join, try_join_all};
use futures::try_join;

use super::{Bucket, arn, client, lifecycle, outputs, policy, replication, settings};
use crate::aws::{Absent, Aws, Bookkeeping, Error, Result, all_pages};
use crate::kind::{Live, Scope, Status, Tags};

/// The scope's buckets.
pub(super) async fn buckets(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Bucket>>> {
    let swept = scope.swept.keys().filter_map(|arn| arn.strip_prefix("arn:aws:s3:::"));
    let swept: Vec<String> = swept.map(ToOwned::to_owned).collect();
    let names = if !scope.is_anybodys() && scope.names.iter().all(|name| swept.contains(name)) {
        swept
    } else {
        // A bucket that the sweep does not know may be new, or somebody else's.
        let all = client(aws).list_buckets().bucket_region(aws.region()).max_buckets(10_000);
        let all = all.into_paginator().items().send();
        let all = all_pages(all).await?;
        let all = all.into_iter().filter_map(|bucket| bucket.name);
        all.filter(|name| !Bookkeeping::is_one(aws, name)).collect()
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

pub(super) async fn tags_of(aws: &Aws, name: &str) -> Result<Tags> {
    let tags = client(aws).get_bucket_tagging().bucket(name).send().await;
    let tags = tags.map_err(Error::from).absent()?.map(|answer| answer.tag_set);
    Ok(tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect())
}
