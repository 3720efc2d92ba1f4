//! MongoDB Atlas, by its Administration API v2.
//!
//! Projects and clusters have tags. Everything else belongs to its project, which has to be one of
//! the same stack and environment: from our projects it is found with one list per kind, and it
//! owns up as each kind documents. Where neither the stack file nor the environment says anything
//! of Atlas, Atlas is not asked.

mod api;
mod project;

use serde::Deserialize;

pub use api::local_credentials;
pub use project::Project;

use self::api::tags::{Tag, from_atlas};
use self::api::{Account, Api, api, part, read};
use crate::aws::{Aws, Result};
use crate::kind::{Entry, NewKind, Scope, Tags};

/// The kinds of this service, sorted by name.
pub const KINDS: &[NewKind] = &[Entry::<Project>::boxed];

/// A project as Atlas shows it; in its paths it is a group.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    id: String,
    name: String,
    org_id: String,
    #[serde(default)]
    tags: Vec<Tag>,
}

impl Group {
    fn tags(&self) -> Tags {
        from_atlas(&self.tags)
    }
}

/// Whether there is anything to look for: without credentials, who declares nothing has nothing.
fn is_in_use(aws: &Aws, scope: &Scope) -> bool {
    scope.declared > 0 || Account::is_named(aws)
}

/// All projects that the credentials show.
async fn groups(aws: &Aws) -> Result<Vec<Group>> {
    let rows = api(aws).await?.projects().await?;
    rows.iter().map(|row| read("a project", row.clone())).collect()
}
