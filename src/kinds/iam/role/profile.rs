//! A role's instance profile: `CreateInstanceProfile`, `AddRoleToInstanceProfile`.

use aws_sdk_iam::types::Tag;

use super::super::{client, tag_list};
use crate::aws::{Absent, Aws, Class, Error, Result, eventually};
use crate::kind::{Tags, ownership};

/// What IAM says of a profile that was made a moment ago.
const NOT_YET: &[(&str, &str)] = &[("NoSuchEntity", "")];

/// Makes the profile and puts the role into it. A run that was cut short may have done a part.
pub(super) async fn make(aws: &Aws, role: &str, path: &str, tags: &Tags) -> Result<()> {
    let create = client(aws).create_instance_profile().instance_profile_name(role).path(path);
    let made = create.set_tags(Some(tag_list(tags)?)).send().await.map_err(Error::from);
    match made {
        Err(error) if error.class == Class::Exists => match standing(aws, role, tags).await? {
            Standing::Complete => return Ok(()),
            Standing::Ours => {}
            Standing::Foreign | Standing::Absent => {
                let message = format!(
                    "an instance profile {role} exists that is not this role's: delete it, or give \
                     the role another name"
                );
                return Err(Error::new(Class::Refused, &error.code, message));
            }
        },
        other => drop(other?),
    }
    let add = client(aws).add_role_to_instance_profile().instance_profile_name(role);
    let add = add.role_name(role);
    match eventually(NOT_YET, || async { Ok(add.clone().send().await.map(drop)?) }).await {
        // A profile holds one role: this one, if the answer to an earlier call was lost.
        Err(error) if error.code == "LimitExceeded" => match standing(aws, role, tags).await? {
            Standing::Complete => Ok(()),
            _ => Err(error),
        },
        other => other,
    }
}

/// Takes the role out of the profile, and the profile away.
pub(super) async fn unmake(aws: &Aws, role: &str) -> Result<()> {
    let remove = client(aws).remove_role_from_instance_profile().instance_profile_name(role);
    remove.role_name(role).send().await.map_err(Error::from).absent()?;
    delete(aws, role).await
}

/// Takes away a profile that the role, which is going, is in no more: unless it is someone else's.
pub(super) async fn clean_up(aws: &Aws, role: &str, tags: &Tags) -> Result<()> {
    match standing(aws, role, tags).await? {
        Standing::Complete | Standing::Ours => delete(aws, role).await,
        Standing::Foreign | Standing::Absent => Ok(()),
    }
}

async fn delete(aws: &Aws, role: &str) -> Result<()> {
    let delete = client(aws).delete_instance_profile().instance_profile_name(role).send().await;
    delete.map(drop).map_err(Error::from).absent()?;
    Ok(())
}

/// What there is of a profile of the role's name.
enum Standing {
    /// It has the role.
    Complete,
    /// It has our tags, and no role.
    Ours,
    /// It is someone else's.
    Foreign,
    Absent,
}

async fn standing(aws: &Aws, role: &str, tags: &Tags) -> Result<Standing> {
    let get = client(aws).get_instance_profile().instance_profile_name(role).send().await;
    let found = get.map_err(Error::from).absent()?;
    let Some(profile) = found.and_then(|answer| answer.instance_profile) else {
        return Ok(Standing::Absent);
    };
    let value = |key| profile.tags().iter().find(|tag| tag.key() == key).map(Tag::value);
    let is_ours = [ownership::STACK, ownership::ENVIRONMENT]
        .into_iter()
        .all(|key| value(key).is_some() && value(key) == tags.get(key).map(String::as_str));
    Ok(match profile.roles() {
        [held] if held.role_name() == role => Standing::Complete,
        [] if is_ours => Standing::Ours,
        _ => Standing::Foreign,
    })
}
