//! The AWS Price List: `GetProducts`. It is served in a few regions, and says the prices of all.

use aws_sdk_pricing::types::{Filter, FilterType};

use super::{Aws, Error, Result, all_pages};

/// The region in which the Price List is asked.
pub const PRICE_LIST_REGION: &str = "us-east-1";

/// The products of a service that have all these attributes, and whose `usagetype` has this in it:
/// each the JSON of the product with its terms.
pub async fn products(
    aws: &Aws,
    service: &str,
    attributes: &[(String, String)],
    usage: Option<&str>,
) -> Result<Vec<String>> {
    let equal = attributes.iter().map(|(field, value)| (FilterType::TermMatch, &**field, &**value));
    let contains = usage.map(|usage| (FilterType::Contains, "usagetype", usage));
    let filters = equal.chain(contains).map(|(how, field, value)| {
        Filter::builder().r#type(how).field(field).value(value).build().map_err(Error::from)
    });
    let client = crate::client!(aws, aws_sdk_pricing);
    let asked = client
        .get_products()
        .service_code(service)
        .format_version("aws_v1")
        .set_filters(Some(filters.collect::<Result<_>>()?));
    all_pages(asked.into_paginator().items().send()).await
}
