//! Having a deleted secret back: `RestoreSecret`.

use super::list::{describe, read, tags_of};
use super::{Outputs, Secret};
use crate::aws::{Absent, Aws, Class, Error, Result};
use crate::kind::{Kind, Tags, deletion, ownership};
use crate::kinds::secretsmanager::client;

/// A deleted secret still holds the name: if it was this one, it comes back.
pub(super) async fn have_back(
    aws: &Aws,
    new: &Secret,
    tags: &Tags,
    held: Error,
) -> Result<Outputs> {
    let name = &*new.name;
    let Some(old) = describe(aws, name).await.absent()? else { return Err(held) };
    let old_tags = tags_of(&old);
    if deletion::days(&old_tags) == 0 {
        // It is going for good: a little later, the name is free.
        return Err(held);
    }
    let same = [ownership::STACK, ownership::ENVIRONMENT, ownership::ADDRESS];
    if same.iter().any(|key| old_tags.get(*key) != tags.get(*key)) {
        let message = format!(
            "a deleted secret that is not of this resource holds the name {name} until its \
             recovery window ends; have it back with `aws secretsmanager restore-secret \
             --secret-id {name}` and adopt it, or let it go with `aws secretsmanager delete-secret \
             --force-delete-without-recovery --secret-id {name}`"
        );
        return Err(Error { class: Class::Exists, code: "NameHeld".to_owned(), message, ..held });
    }
    client(aws).restore_secret().secret_id(name).send().await?;
    let was = read(aws, &old).await?;
    Secret::tag(aws, &was, tags, &[]).await?;
    Secret::update(aws, &was, new).await?;
    if let Some(value) = &new.value {
        client(aws).put_secret_value().secret_id(name).secret_string(&value.0).send().await?;
    }
    Ok(was.outputs)
}
