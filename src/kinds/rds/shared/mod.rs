//! What RDS and DocumentDB have in common: DocumentDB is a part of RDS's API, with an SDK crate and
//! types of its own. Where only the crate differs, a macro makes the code for either.

pub mod deletion;
pub mod parameter_group;
pub mod state;
pub mod subnet_group;
pub mod version;

use crate::kind::{Scope, Tags, ownership};

/// A service's tag calls by ARN, `AddTagsToResource`, `RemoveTagsFromResource` and
/// `ListTagsForResource`, and its tags as it takes them. Makes the functions `tag`, `list` and
/// `tags_of` where it stands.
macro_rules! tags {
    ($sdk:ident) => {
        /// Adds or overwrites the tags in `set`, then takes away those named in `remove`.
        async fn tag(
            aws: &$crate::aws::Aws,
            arn: &str,
            set: &$crate::kind::Tags,
            remove: &[String],
        ) -> $crate::aws::Result<()> {
            if !set.is_empty() {
                let add = client(aws).add_tags_to_resource().resource_name(arn);
                add.set_tags(Some(list(set))).send().await?;
            }
            if !remove.is_empty() {
                let take = client(aws).remove_tags_from_resource().resource_name(arn);
                take.set_tag_keys(Some(remove.to_vec())).send().await?;
            }
            Ok(())
        }

        /// Tags as the service takes them.
        fn list(tags: &$crate::kind::Tags) -> Vec<$sdk::types::Tag> {
            let tag = |(key, value)| $sdk::types::Tag::builder().key(key).value(value).build();
            tags.iter().map(tag).collect()
        }

        /// The tags of the object of that ARN.
        async fn tags_of(
            aws: &$crate::aws::Aws,
            arn: &str,
        ) -> $crate::aws::Result<$crate::kind::Tags> {
            let answer = client(aws).list_tags_for_resource().resource_name(arn).send().await?;
            let pair = |tag: &$sdk::types::Tag| Some((tag.key()?.into(), tag.value()?.into()));
            Ok(answer.tag_list().iter().filter_map(pair).collect())
        }
    };
}
pub(in crate::kinds) use tags;

/// Tags with the one that says of which service's kind the object is: subnet groups of either
/// service are of one type, with one form of ARN.
pub fn with_service(tags: &Tags, service: &str) -> Tags {
    let mut all = tags.clone();
    all.insert(ownership::SERVICE.to_owned(), service.to_owned());
    all
}

/// The scope whose objects bear that tag.
pub fn of_service(scope: &Scope, service: &str) -> Scope {
    let expected = scope.expected.iter();
    let expected =
        expected.map(|(address, tags)| (address.clone(), with_service(tags, service))).collect();
    Scope { expected, ..scope.clone() }
}

/// Whether an object is of that service's kind. One that lost the tag is, if the stack file declares
/// its address there; one that is nobody's may be adopted by either.
pub fn is_of(scope: &Scope, tags: &Tags, service: &str) -> bool {
    match tags.get(ownership::SERVICE) {
        // Neither service's, unless it says so.
        None if scope.is_anybodys() => true,
        Some(of) if scope.is_anybodys() => of == service,
        _ if !scope.owns(tags) => true,
        Some(of) => of == service,
        None => {
            tags.get(ownership::ADDRESS).is_some_and(|address| scope.expected.contains_key(address))
        }
    }
}
