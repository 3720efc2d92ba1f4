//! `atlas.flex_cluster`: `createFlexCluster`, a part of the API of its own.

use std::collections::BTreeSet;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::api::tags::{Tag, changed, from_atlas, to_atlas};
use super::{Api, FLEX, Group, Project, api, check_project, from_region, own_groups};
use super::{part, read, to_region};
use crate::aws::{Absent, Aws, Result};
use crate::kind::field::Id;
use crate::kind::{
    Charge, Charges, Holding, Immutable, Kind, Live, Look, Name, Problem, Ref, Scope, Status, Tags,
    default,
};

/// A small replica set of MongoDB in Atlas on machines that others use as well, in the region of the
/// resource: 5 GB, at most 500 operations a second, a snapshot each day, paid by use. Atlas chooses
/// the version. It cannot be paused, and is not in a peered network.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FlexCluster {
    /// The project, which has to be one of this stack.
    project: Immutable<Ref<Project, Id>>,
    /// The cluster's name, which no other cluster of the project may have.
    #[schemars(regex(pattern = "^[a-zA-Z0-9][a-zA-Z0-9-]*$"))]
    name: Name<64>,
    /// Whether Atlas refuses to delete the cluster, until this is taken away again or a run overrides
    /// protection.
    #[serde(default = "default::yes")]
    termination_protection: bool,
}

/// What Atlas decides about a flex cluster.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The cluster's id, 24 hexadecimal digits.
    id: String,
    /// The cluster's name.
    name: String,
    /// The id of its project.
    project: String,
    /// The connection string `mongodb+srv://…` without user and password, for drivers that look up
    /// the hosts.
    srv: Option<String>,
    /// The connection string `mongodb://…` with all hosts.
    standard: Option<String>,
}

/// `FlexClusterDescription20241113`, as far as it is read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    id: String,
    name: String,
    group_id: String,
    provider_settings: Provider,
    #[serde(default)]
    connection_strings: Strings,
    #[serde(default)]
    termination_protection_enabled: bool,
    state_name: String,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Provider {
    region_name: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Strings {
    standard: Option<String>,
    standard_srv: Option<String>,
}

impl Kind for FlexCluster {
    const NAME: &'static str = "atlas.flex_cluster";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = None;
    const TIMEOUT: Duration = Duration::from_hours(1);
    const DATA: bool = true;
    const PROTECTION: &'static [(&'static str, &'static str)] =
        &[("termination_protection", "false")];

    fn charges(&self, _look: &Look<'_>) -> Charges {
        let why = "what Atlas takes rises with the operations in a second";
        Charges::Listed(vec![Charge::unknown("operations", "atlas.hour", why)])
    }

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        let mut found = Vec::new();
        for group in own_groups(aws, scope).await? {
            if scope.declared == 0 && !has_mark(&group.tags) {
                continue;
            }
            let path = format!("/groups/{}/flexClusters", part(&group.id));
            // A project may go at this moment.
            let rows = api(aws).await?.shared_list("ListFlexClusters", &path).await.absent()?;
            for row in rows.iter().flat_map(|rows| rows.iter()) {
                let cluster: Shown = read("a flex cluster", row.clone())?;
                if from_region(&cluster.provider_settings.region_name) == aws.region()
                    && scope.wants(&from_atlas(&cluster.tags), &cluster.name)
                {
                    found.push(cluster.live());
                }
            }
        }
        Ok(found)
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let api = api(aws).await?;
        mark(&api, &new.project).await?;
        let body = json!({
            "name": *new.name,
            "providerSettings": {
                "backingProviderName": "AWS",
                "regionName": to_region(aws.region()),
            },
            "terminationProtectionEnabled": new.termination_protection,
            "tags": to_atlas(tags),
        });
        // A name is taken once in a project: a second cluster cannot come of it.
        let path = format!("/groups/{}/flexClusters", part(&new.project));
        let made = api.post("CreateFlexCluster", &path, &body).await?;
        Ok(read::<Shown>("CreateFlexCluster", made)?.outputs())
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        if was.spec.termination_protection == now.termination_protection {
            return Ok(());
        }
        let body = json!({ "terminationProtectionEnabled": now.termination_protection });
        let api = api(aws).await?;
        api.patch("UpdateFlexCluster", &path(&was.outputs), &body).await.map(drop)
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        api(aws).await?.delete("DeleteFlexCluster", &path(&was.outputs)).await
    }

    /// Atlas takes all tags at once.
    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        let (api, path) = (api(aws).await?, path(&was.outputs));
        let now: Shown = api.get("GetFlexCluster", &path).await?;
        let body = json!({ "tags": changed(&now.tags, set, remove) });
        api.patch("UpdateFlexCluster", &path, &body).await.map(drop)
    }

    async fn settle(aws: &Aws, outputs: &mut Outputs) -> Result<Status> {
        let now: Shown = api(aws).await?.get("GetFlexCluster", &path(outputs)).await?;
        *outputs = now.outputs();
        Ok(now.status())
    }

    async fn gone(aws: &Aws, was: &Live<Self>) -> Result<bool> {
        // Not found is gone, which the engine sees to.
        api(aws).await?.get::<Value>("GetFlexCluster", &path(&was.outputs)).await.map(|_| false)
    }

    /// What is in the databases, only the databases tell.
    async fn holds(_: &Aws, was: &Live<Self>) -> Result<Option<Holding>> {
        let what = format!("the databases of {}", was.outputs.name);
        Ok(Some(Holding { what, needs: BTreeSet::new() }))
    }

    fn check(&self) -> Vec<Problem> {
        check_project(&self.project).into_iter().collect()
    }
}

impl Shown {
    fn status(&self) -> Status {
        match self.state_name.as_str() {
            "DELETING" => Status::Deleting,
            "IDLE" | "REPAIRING" => Status::Usable,
            state => Status::Pending(state.to_owned()),
        }
    }

    fn outputs(&self) -> Outputs {
        Outputs {
            id: self.id.clone(),
            name: self.name.clone(),
            project: self.group_id.clone(),
            srv: self.connection_strings.standard_srv.clone(),
            standard: self.connection_strings.standard.clone(),
        }
    }

    fn live(self) -> Live<FlexCluster> {
        Live {
            spec: FlexCluster {
                project: Ref::from(self.group_id.as_str()).into(),
                name: self.name.as_str().into(),
                termination_protection: self.termination_protection_enabled,
            },
            tags: from_atlas(&self.tags),
            status: self.status(),
            outputs: self.outputs(),
        }
    }
}

fn path(outputs: &Outputs) -> String {
    format!("/groups/{}/flexClusters/{}", part(&outputs.project), part(&outputs.name))
}

fn has_mark(tags: &[Tag]) -> bool {
    from_atlas(tags).contains_key(FLEX)
}

/// Notes at the project, before there is one, that flex clusters have to be looked for: other
/// projects save themselves the list.
async fn mark(api: &Api, project: &str) -> Result<()> {
    let path = format!("/groups/{}", part(project));
    let now: Group = api.get("GetProject", &path).await?;
    if !has_mark(&now.tags) {
        let set = Tags::from([(FLEX.to_owned(), "true".to_owned())]);
        let body = json!({ "tags": changed(&now.tags, &set, &[]) });
        api.patch("UpdateProject", &path, &body).await?;
    }
    Ok(())
}
