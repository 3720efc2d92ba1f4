//! The ownership sweep: one question to the Resource Groups Tagging API per region.

use std::collections::BTreeMap;

use aws_sdk_resourcegroupstagging::types::TagFilter;

use super::{Aws, Result};
use crate::kind::Tags;

/// Everything in the region that bears all of the tags: ARN to tags. Lags behind, still shows some
/// deleted objects, and leaves out what the tagging API does not know, such as IAM.
pub async fn sweep(aws: &Aws, tags: &[(&str, &str)]) -> Result<BTreeMap<String, Tags>> {
    let client = crate::client!(aws, aws_sdk_resourcegroupstagging);
    let filters = tags.iter().map(|(key, value)| TagFilter::builder().key(*key).values(*value));
    let pages = client
        .get_resources()
        .set_tag_filters(Some(
            filters
                .map(aws_sdk_resourcegroupstagging::types::builders::TagFilterBuilder::build)
                .collect(),
        ))
        .resources_per_page(100)
        .into_paginator()
        .send();
    let pages = pages.collect::<std::result::Result<Vec<_>, _>>().await?;
    let mut found = BTreeMap::new();
    for mapping in pages.into_iter().flat_map(|p| p.resource_tag_mapping_list.unwrap_or_default()) {
        let Some(arn) = mapping.resource_arn else { continue };
        let tags = mapping.tags.unwrap_or_default();
        found.insert(arn, tags.into_iter().map(|tag| (tag.key, tag.value)).collect());
    }
    Ok(found)
}
