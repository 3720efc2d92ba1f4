//! Lists that come in pages.

use aws_smithy_async::future::pagination_stream::PaginationStream;

use super::{Error, Result};

/// Everything on all pages; one that fails fails the list, so that a list is never cut short.
pub async fn all_pages<T, E>(
    mut pages: PaginationStream<std::result::Result<T, E>>,
) -> Result<Vec<T>>
where
    Error: From<E>,
{
    let mut all = Vec::new();
    while let Some(one) = pages.next().await {
        all.push(one?);
    }
    Ok(all)
}
