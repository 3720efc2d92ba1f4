//! MongoDB Atlas, by its Administration API v2.
//!
//! Projects and clusters have tags. Everything else belongs to its project, which has to be one of
//! the same stack and environment: from our projects it is found with one list per kind, and it
//! owns up as each kind documents. Where neither the stack file nor the environment says anything
//! of Atlas, Atlas is not asked.

mod api;
mod backup_schedule;
mod cluster;
mod database_user;
mod flex_cluster;
mod marker;
mod peering;
mod project;

use serde::Deserialize;
use serde_json::Value;

pub use api::local_credentials;
pub use backup_schedule::BackupSchedule;
pub use cluster::Cluster;
pub use database_user::DatabaseUser;
pub use flex_cluster::FlexCluster;
pub use peering::Peering;
pub use project::Project;

use self::api::tags::{Tag, from_atlas};
use self::api::{Account, Api, api, part, read};
use crate::aws::{Absent, Aws, Result};
use crate::kind::{Entry, NewKind, Problem, Scope, Tags, is_unknown};

/// The kinds of this service, sorted by name.
pub const KINDS: &[NewKind] = &[
    Entry::<BackupSchedule>::boxed,
    Entry::<Cluster>::boxed,
    Entry::<DatabaseUser>::boxed,
    Entry::<FlexCluster>::boxed,
    Entry::<Peering>::boxed,
    Entry::<Project>::boxed,
];

/// The tag of a project in which there are, or were, flex clusters.
const FLEX: &str = "infra:flex";

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
    /// Without the one that is a note to ourselves.
    fn tags(&self) -> Tags {
        let mut tags = from_atlas(&self.tags);
        tags.remove(FLEX);
        tags
    }
}

/// Whether there is anything to look for: without credentials, who declares nothing has nothing.
fn is_in_use(aws: &Aws, scope: &Scope) -> bool {
    (scope.declared > 0 && !scope.is_anybodys()) || Account::is_named(aws)
}

/// All projects that the credentials show.
async fn groups(aws: &Aws) -> Result<Vec<Group>> {
    let rows = api(aws).await?.shared_list("ListProjects", "/groups").await?;
    rows.iter().map(|row| read("a project", row.clone())).collect()
}

/// The scope's projects.
async fn own_groups(aws: &Aws, scope: &Scope) -> Result<Vec<Group>> {
    if !is_in_use(aws, scope) {
        return Ok(Vec::new());
    }
    let groups = groups(aws).await?.into_iter();
    Ok(groups.filter(|group| scope.owns(&group.tags())).collect())
}

/// What a list of each of the scope's projects has, with the project.
async fn rows(
    aws: &Aws,
    scope: &Scope,
    operation: &str,
    list: &str,
) -> Result<Vec<(Group, Value)>> {
    let mut all = Vec::new();
    for group in own_groups(aws, scope).await? {
        let path = format!("/groups/{}/{list}", part(&group.id));
        // A project may go at this moment.
        let rows = api(aws).await?.shared_list(operation, &path).await.absent()?;
        all.extend(
            rows.iter().flat_map(|rows| rows.iter()).map(|row| (group.clone(), row.clone())),
        );
    }
    Ok(all)
}

/// A project that the stack does not declare is one in which nothing would be found again.
fn check_project(project: &str) -> Option<Problem> {
    let message = "what is in a project is found by way of the stack's own projects";
    let help = "declare an `atlas.project`, or adopt it, and refer to it: `${project}`";
    (!is_unknown(project)).then(|| Problem::at("project", message).help(help))
}

/// Atlas's word for a region of AWS: `EU_WEST_3`.
fn to_region(region: &str) -> String {
    region.to_uppercase().replace('-', "_")
}

/// AWS's own: `eu-west-3`.
fn from_region(region: &str) -> String {
    region.to_lowercase().replace('_', "-")
}
