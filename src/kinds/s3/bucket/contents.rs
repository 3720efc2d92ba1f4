//! What is in a bucket: objects, their former versions, and the markers of deleted ones.

use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::types::{Delete, ObjectIdentifier, ObjectVersion};

use super::client;
use crate::aws::{Aws, Class, Error, Result};
use crate::kind::Holding;

/// The first page of what is in a bucket, which is also as much as one `DeleteObjects` takes: 1000.
async fn page(aws: &Aws, bucket: &str) -> Result<ListObjectVersionsOutput> {
    Ok(client(aws).list_object_versions().bucket(bucket).send().await?)
}

/// How much is in the bucket, up to a page.
pub(super) async fn count(aws: &Aws, bucket: &str) -> Result<Option<Holding>> {
    let page = page(aws, bucket).await?;
    let (versions, markers) = (page.versions(), page.delete_markers());
    let more = page.is_truncated().unwrap_or_default();
    let count = versions.len() + markers.len();
    let holding = Holding::count(count, more, "object or version", "objects and versions");
    let size = versions.iter().filter_map(ObjectVersion::size).sum();
    // The size of one page of many would only mislead.
    Ok(holding.map(|holding| if more { holding } else { holding.size(size) }))
}

/// Deletes everything in the bucket, for good. What was deleted is no longer listed, so that the
/// first page is always the next one.
pub(super) async fn delete(aws: &Aws, bucket: &str) -> Result<()> {
    loop {
        let page = page(aws, bucket).await?;
        let versions = page.versions().iter().map(|it| (it.key(), it.version_id()));
        let markers = page.delete_markers().iter().map(|it| (it.key(), it.version_id()));
        let objects = versions.chain(markers).filter_map(|(key, version)| {
            let object = ObjectIdentifier::builder()
                .key(key?)
                .set_version_id(version.map(ToOwned::to_owned));
            Some(object.build().map_err(Error::from))
        });
        let objects: Vec<ObjectIdentifier> = objects.collect::<Result<_>>()?;
        if objects.is_empty() {
            return Ok(());
        }
        let delete = Delete::builder().set_objects(Some(objects)).quiet(true).build()?;
        let answer = client(aws).delete_objects().bucket(bucket).delete(delete).send().await?;
        if let Some(first) = answer.errors().first() {
            // A lock or a policy keeps it; trying again would not end.
            let code = first.code().unwrap_or("DeleteObjectsFailed");
            let error = Error::coded(code, first.message().unwrap_or_default());
            let class = match error.class {
                Class::Busy => Class::Refused,
                other => other,
            };
            let (kept, key) = (answer.errors().len(), first.key().unwrap_or_default());
            let message = format!(
                "{kept} of the objects in {bucket} cannot be deleted, such as `{key}`: {}",
                error.message
            );
            return Err(Error { class, message, ..error });
        }
    }
}
