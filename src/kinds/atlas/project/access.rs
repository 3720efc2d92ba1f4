//! The IP access list of a project: `createAccessListEntry`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::aws::{Absent, Result};
use crate::kind::{Cidr, Set};
use crate::kinds::atlas::api::{Api, part, read};

/// Who may connect to the clusters of a project.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// The range of addresses: `203.0.113.7/32`, or that of a peered network.
    cidr: Cidr,
    /// Who that is.
    #[schemars(length(min = 1, max = 80))]
    comment: Option<String>,
}

/// `NetworkPermissionEntry`, as far as it is read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    cidr_block: Option<String>,
    comment: Option<String>,
    delete_after_date: Option<String>,
}

impl Access {
    pub fn range(&self) -> &str {
        &self.cidr
    }
}

fn path(project: &str) -> String {
    format!("/groups/{}/accessList", part(project))
}

/// The list as it is, without what is not for us to say: entries that end by themselves, and
/// security groups.
pub async fn list(api: &Api, project: &str) -> Result<Set<Access>> {
    let rows = api.list("ListAccessListEntries", &path(project)).await.absent()?;
    let rows = rows.unwrap_or_default().into_iter().map(|row| read::<Shown>("an access", row));
    let rows = rows.collect::<Result<Vec<_>>>()?.into_iter();
    Ok(rows
        .filter(|row| row.delete_after_date.is_none())
        .filter_map(|row| {
            let comment = row.comment.filter(|text| !text.is_empty());
            Some(Access { cidr: Cidr::from(row.cidr_block?.as_str()), comment })
        })
        .collect())
}

/// Brings the list from what it was to what it is to be. One call adds, and changes comments.
pub async fn set(api: &Api, project: &str, was: &Set<Access>, now: &Set<Access>) -> Result<()> {
    let added: Vec<_> = now
        .minus(was)
        .map(
            |it| json!({ "cidrBlock": it.range(), "comment": it.comment.as_deref().unwrap_or("") }),
        )
        .collect();
    if !added.is_empty() {
        api.post("CreateAccessListEntry", &path(project), &added.into()).await?;
    }
    for gone in was.minus(now) {
        if !now.iter().any(|it| it.cidr == gone.cidr) {
            let path = format!("{}/{}", path(project), part(gone.range()));
            api.delete("DeleteAccessListEntry", &path).await.absent()?;
        }
    }
    Ok(())
}
