//! AWS WAF.

mod web_acl;

use aws_sdk_wafv2::Client;

pub use web_acl::WebAcl;

use crate::aws::{Aws, Result};
use crate::kind::{Entry, NewKind, Tags};

/// The kinds of this service, sorted by name.
pub const KINDS: &[NewKind] = &[Entry::<WebAcl>::boxed];

fn client(aws: &Aws) -> Client {
    crate::client!(aws, aws_sdk_wafv2)
}

crate::tag_by_arn!(aws_sdk_wafv2?);

/// An object has fewer tags than fit on one page.
async fn tags_of(aws: &Aws, arn: &str) -> Result<Tags> {
    let answer = client(aws).list_tags_for_resource().resource_arn(arn).send().await?;
    let tags = answer.tag_info_for_resource.and_then(|info| info.tag_list).unwrap_or_default();
    Ok(tags.into_iter().map(|tag| (tag.key, tag.value)).collect())
}
