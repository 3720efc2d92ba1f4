//! `cloudwatch.dashboard`: `PutDashboard`, which writes the whole dashboard each time.

use futures::future::try_join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{client, list, tag, tags_of};
use crate::aws::{Absent, Aws, Error, Result, all_pages};
use crate::kind::{
    Charge, Charges, Json, Kind, Live, Look, Name, Problem, Scope, Status, Tags, is_unknown,
};

/// A page of graphs, numbers and texts in the console. Dashboards belong to the account as a whole and
/// to no region; each widget says which region it shows.
///
/// AWS's tagging API does not know dashboards, so that one whose declaration has gone is found by its
/// name: a `name` of your own should begin with `<stack>-<env>-`, as the default does. One that does
/// not is found, and changed or deleted, only while the file gives its name.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dashboard {
    /// The dashboard's name, unique in the account: letters, digits, `-` and `_`.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]+$"))]
    name: Name<255>,
    /// What it shows, as AWS writes it: `widgets` (at most 500), and `start`, `periodOverride` and
    /// `variables` where they are wanted. A widget of metrics has to name its `region`.
    body: Json,
}

/// What AWS decides about a dashboard.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The dashboard's name.
    name: String,
    /// The dashboard's ARN, which has no region.
    arn: String,
}

/// How many widgets AWS puts on one dashboard.
const WIDGETS: usize = 500;
/// AWS's types of widgets.
const TYPES: [&str; 7] = ["alarm", "chart", "custom", "explorer", "log", "metric", "text"];

impl Kind for Dashboard {
    const NAME: &'static str = "cloudwatch.dashboard";
    type Outputs = Outputs;
    // The tagging API leaves dashboards out, although they have tags.
    const ARN: Option<&'static str> = None;
    const GLOBAL: bool = true;

    fn charges(&self, _look: &Look<'_>) -> Charges {
        Charges::Listed(vec![Charge::monthly("dashboard", "cloudwatch.dashboard", 1.0)])
    }

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        let prefix = scope.prefix();
        let suffices =
            !scope.is_anybodys() && scope.names.iter().all(|name| name.starts_with(&prefix));
        let list = client(aws).list_dashboards();
        let list = list.set_dashboard_name_prefix(suffices.then_some(prefix));
        let entries = all_pages(list.into_paginator().items().send()).await?;
        let names = entries.iter().filter_map(|entry| entry.dashboard_name());
        let found = names.filter(|name| scope.may_own(name)).map(|name| find(aws, scope, name));
        Ok(try_join_all(found).await?.into_iter().flatten().collect())
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        put(aws, new, Some(tags)).await?;
        Ok(Outputs { name: new.name.to_string(), arn: arn(aws, &new.name) })
    }

    async fn update(aws: &Aws, _: &Live<Self>, now: &Self) -> Result<()> {
        put(aws, now, None).await
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        client(aws).delete_dashboards().dashboard_names(&was.outputs.name).send().await?;
        Ok(())
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tag(aws, &was.outputs.arn, set, remove).await
    }

    fn check(&self) -> Vec<Problem> {
        let at = |path: &str, message: String| Problem::at(format!("body{path}"), message);
        if self.body.0.as_str().is_some_and(is_unknown) {
            return Vec::new();
        }
        let Some(widgets) = self.body.0.get("widgets").and_then(Value::as_array) else {
            return vec![at(
                "",
                "a dashboard needs a list of `widgets`, which may be empty".into(),
            )];
        };
        let mut problems = Vec::new();
        if widgets.len() > WIDGETS {
            let count = widgets.len();
            problems.push(at(".widgets", format!("{count} widgets are more than {WIDGETS}")));
        }
        for (place, widget) in widgets.iter().enumerate() {
            let path = format!(".widgets[{place}]");
            let has = |name: &str| widget.get("properties").and_then(|all| all.get(name)).is_some();
            match widget.get("type").and_then(Value::as_str) {
                Some("metric") if !has("region") => problems.push(
                    at(&path, "a widget of metrics needs `region` in its `properties`".into())
                        .help("dashboards have no region of their own"),
                ),
                Some("text") if !has("markdown") => problems
                    .push(at(&path, "a text widget needs `markdown` in its `properties`".into())),
                Some(kind) if !TYPES.contains(&kind) && !is_unknown(kind) => problems.push(
                    at(&path, format!("`{kind}` is no type of widget"))
                        .help(format!("types are {}", TYPES.join(", "))),
                ),
                None => problems.push(at(&path, "a widget needs a `type`".into())),
                Some(_) => {}
            }
        }
        problems
    }
}

fn arn(aws: &Aws, name: &str) -> String {
    format!("arn:aws:cloudwatch::{}:dashboard/{name}", aws.account())
}

/// Tags count only where the dashboard is new.
async fn put(aws: &Aws, dashboard: &Dashboard, tags: Option<&Tags>) -> Result<()> {
    let put = client(aws).put_dashboard().dashboard_name(&*dashboard.name);
    let put = put.dashboard_body(dashboard.body.to_string());
    let answer = put.set_tags(tags.map(list).transpose()?).send().await?;
    for message in answer.dashboard_validation_messages() {
        tracing::warn!(
            dashboard = %*dashboard.name,
            path = message.data_path().unwrap_or_default(),
            "{}",
            message.message().unwrap_or_default()
        );
    }
    Ok(())
}

/// The dashboard of that name, if it is of interest and still there.
async fn find(aws: &Aws, scope: &Scope, name: &str) -> Result<Option<Live<Dashboard>>> {
    let arn = arn(aws, name);
    let tags = tags_of(aws, &arn).await.absent()?;
    let Some(tags) = tags.filter(|tags| scope.wants(tags, name)) else { return Ok(None) };
    let answer = client(aws).get_dashboard().dashboard_name(name).send().await;
    let Some(answer) = answer.map_err(Error::from).absent()? else { return Ok(None) };
    Ok(Some(Live {
        spec: Dashboard {
            name: name.into(),
            body: Json::parse(answer.dashboard_body().unwrap_or_default()),
        },
        outputs: Outputs { name: name.to_owned(), arn },
        tags,
        status: Status::Usable,
    }))
}
