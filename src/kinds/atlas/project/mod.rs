//! `atlas.project`: `createProject`, which the paths of the API call a group.

mod access;
mod alerts;

use futures::future::try_join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use self::access::Access;
use self::alerts::Alert;
use super::api::tags::{changed, to_atlas};
use super::{Api, Group, api, groups, is_in_use, part, read};
use crate::aws::{Aws, Class, Error, Result};
use crate::kind::{Auto, Immutable, Kind, Live, Local, Name, Problem, Scope, Set, Status, Tags};

/// A project of MongoDB Atlas: what clusters, their users and their network belong to. Atlas
/// deletes none that has clusters.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Project {
    /// The project's name, unique in its organization.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_.(),:&@+'-]+$"))]
    name: Name<64>,
    /// The id of the organization, 24 hexadecimal digits. `MONGODB_ATLAS_ORG_ID` when left out, or
    /// the only organization that the credentials show.
    #[serde(default)]
    #[schemars(regex(pattern = "^[0-9a-f]{24}$"))]
    organization: Immutable<Auto<String>>,
    /// Whether the project begins with the alerts that Atlas proposes, which tell its owners by
    /// e-mail. It counts when the project is made; Atlas does not show it afterwards.
    #[serde(default)]
    default_alerts: Local<bool>,
    /// Who may connect to the project's clusters, by address: nobody when left out. Entries that end
    /// by themselves are not among them.
    #[serde(default)]
    access_list: Set<Access>,
    /// What people are told of: these alerts and no others. When left out, the project's alerts are
    /// nobody's business here; with it, it begins without those that Atlas proposes.
    #[serde(default)]
    alerts: Auto<Set<Alert>>,
}

/// What Atlas decides about a project.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The project's id, 24 hexadecimal digits.
    id: String,
    /// The project's name.
    name: String,
}

impl Kind for Project {
    const NAME: &'static str = "atlas.project";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = None;
    const GLOBAL: bool = true;
    const FREE: bool = true;

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        if !is_in_use(aws, scope) {
            return Ok(Vec::new());
        }
        let groups = groups(aws).await?.into_iter();
        let wanted = groups.filter(|group| scope.wants(&group.tags(), &group.name));
        try_join_all(wanted.map(|group| live(aws, group))).await
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let api = api(aws).await?;
        let organization = match (&**new.organization, &api.organization) {
            (Some(id), _) | (None, Some(id)) => id.clone(),
            (None, None) => only_organization(&api).await?,
        };
        let mut body = json!({ "name": *new.name, "orgId": organization, "tags": to_atlas(tags) });
        let proposed = new.default_alerts.or(new.alerts.as_ref().map(|_| false));
        if let Some(with) = proposed {
            body["withDefaultAlertsSettings"] = with.into();
        }
        // A name is taken once: a second project cannot come of it.
        let made: Group =
            read("CreateProject", api.post("CreateProject", "/groups", &body).await?)?;
        access::set(&api, &made.id, &Set::default(), &new.access_list).await?;
        if let Some(wanted) = &*new.alerts {
            alerts::set(&api, &made.id, wanted).await?;
        }
        Ok(Outputs { id: made.id, name: made.name })
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        let (api, project) = (api(aws).await?, &was.outputs.id);
        access::set(&api, project, &was.spec.access_list, &now.access_list).await?;
        if let Some(wanted) = &*now.alerts
            && now.alerts != was.spec.alerts
        {
            alerts::set(&api, project, wanted).await?;
        }
        Ok(())
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        api(aws).await?.delete("DeleteProject", &path(&was.outputs.id)).await
    }

    /// Atlas takes all tags at once.
    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        let (api, path) = (api(aws).await?, path(&was.outputs.id));
        let now: Group = api.get("GetProject", &path).await?;
        let body = json!({ "tags": changed(&now.tags, set, remove) });
        api.patch("UpdateProject", &path, &body).await.map(drop)
    }

    fn check(&self) -> Vec<Problem> {
        let ranges: Vec<&str> = self.access_list.iter().map(Access::range).collect();
        let twice = ranges.iter().enumerate().filter(|(at, range)| ranges[..*at].contains(range));
        let mut problems: Vec<Problem> = twice
            .map(|(_, range)| {
                let message = format!("`{range}` is there twice");
                Problem::at("access_list", message).help("a range has one comment")
            })
            .collect();
        let alerts = self.alerts.iter().flat_map(|alerts| alerts.iter());
        problems.extend(alerts.filter_map(Alert::problem).map(|it| Problem::at("alerts", it)));
        problems
    }
}

fn path(id: &str) -> String {
    format!("/groups/{}", part(id))
}

async fn live(aws: &Aws, group: Group) -> Result<Live<Project>> {
    let api = api(aws).await?;
    let (access_list, alerts) =
        tokio::try_join!(access::list(&api, &group.id), alerts::list(&api, &group.id))?;
    Ok(Live {
        tags: group.tags(),
        spec: Project {
            name: group.name.as_str().into(),
            organization: Auto(Some(group.org_id)).into(),
            default_alerts: Local::default(),
            access_list,
            alerts: Auto(Some(alerts)),
        },
        outputs: Outputs { id: group.id, name: group.name },
        status: Status::Usable,
    })
}

/// A service account belongs to one organization.
async fn only_organization(api: &Api) -> Result<String> {
    let all = api.list("ListOrganizations", "/orgs").await?;
    if let [one] = all.as_slice() {
        return one["id"].as_str().map(ToOwned::to_owned).ok_or_else(|| Error::missing("id"));
    }
    let names: Vec<&str> = all.iter().filter_map(|org| org["name"].as_str()).collect();
    let message = format!(
        "the credentials show {} organizations ({}): name one with `organization` or \
         MONGODB_ATLAS_ORG_ID",
        all.len(),
        names.join(", ")
    );
    Err(Error::new(Class::Refused, "OrganizationNotNamed", message))
}
