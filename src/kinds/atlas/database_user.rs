//! `atlas.database_user`: `createDatabaseUser`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::api::tags::{Tag, changed, from_atlas, to_atlas};
use super::{Cluster, Project, api, check_project, part, read, rows};
use crate::aws::{Aws, Class, Error, Result};
use crate::kind::field::{Arn, Id, NameOutput};
use crate::kind::{
    Immutable, Kind, Live, Name, Problem, Ref, Scope, Set, Status, Tags, is_unknown,
};
use crate::kinds::secretsmanager::Secret;

/// Who may log in to the databases of a project, with a password that nobody has to see: it is read
/// from a secret of AWS Secrets Manager and sent to Atlas, which never shows it.
///
/// Whoever changes the secret's value later has to tell Atlas: `infra` does not read it again unless
/// `password` or `password_key` changes. Ownership tags are the user's labels.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatabaseUser {
    /// The project, which has to be one of this stack.
    project: Immutable<Ref<Project, Id>>,
    /// The name to log in with, against the database `admin`.
    #[schemars(regex(pattern = "^[A-Za-z0-9_.@-]+$"))]
    name: Name<100>,
    /// The secret whose value is the password: at least 8 characters. Declare a
    /// `secretsmanager.secret` with `generate`.
    password: Ref<Secret, Arn>,
    /// Where the secret is a JSON object, the key of the password in it, such as `password`.
    #[schemars(length(min = 1, max = 100))]
    password_key: Option<String>,
    /// What the user may do.
    #[schemars(length(min = 1))]
    roles: Set<Role>,
    /// The clusters that the user may log in to, by name; all of the project when left out.
    #[serde(default)]
    clusters: Set<Ref<Cluster, NameOutput>>,
}

/// A role of MongoDB.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// A built-in role, such as `readWrite`, `read`, `readWriteAnyDatabase` or `atlasAdmin`, or the
    /// name of a custom one.
    role: String,
    /// The database; `admin` for roles that are for all of them.
    #[serde(default = "admin")]
    database: String,
    /// The collection of that database; all of them when left out.
    collection: Option<String>,
}

/// What Atlas decides about a user.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The project's id and the name: `5f…/shop`.
    id: String,
    /// The name.
    name: String,
    /// The project's id.
    project: String,
}

fn admin() -> String {
    "admin".to_owned()
}

/// Labels that say where the password came from.
const SECRET: &str = "infra:password";
const KEY: &str = "infra:password-key";

/// `CloudDatabaseUser`, as far as it is read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    username: String,
    database_name: String,
    #[serde(default)]
    labels: Vec<Tag>,
    #[serde(default)]
    roles: Vec<ShownRole>,
    #[serde(default)]
    scopes: Vec<ShownScope>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ShownRole {
    role_name: String,
    database_name: String,
    collection_name: Option<String>,
}

#[derive(Deserialize)]
struct ShownScope {
    name: String,
    #[serde(rename = "type")]
    kind: String,
}

impl Kind for DatabaseUser {
    const NAME: &'static str = "atlas.database_user";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = None;
    const GLOBAL: bool = true;
    const FREE: bool = true;

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        let mut found = Vec::new();
        for (group, row) in rows(aws, scope, "ListDatabaseUsers", "databaseUsers").await? {
            let user: Shown = read("a database user", row)?;
            if user.database_name == admin()
                && scope.wants(&from_atlas(&user.labels), &user.username)
            {
                found.push(live(&group.id, user));
            }
        }
        Ok(found)
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let mut body = new.body();
        body["password"] = password(aws, new).await?.into();
        body["labels"] = json!(to_atlas(&with_source(tags, new)));
        // A name is taken once in a project: a second user cannot come of it.
        let path = format!("/groups/{}/databaseUsers", part(&new.project));
        api(aws).await?.post("CreateDatabaseUser", &path, &body).await?;
        Ok(outputs(&new.project, &new.name))
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        let mut body = now.body();
        if was.spec.password != now.password || was.spec.password_key != now.password_key {
            body["password"] = password(aws, now).await?.into();
            body["labels"] = json!(to_atlas(&with_source(&was.tags, now)));
        }
        api(aws).await?.patch("UpdateDatabaseUser", &path(&was.outputs), &body).await.map(drop)
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        api(aws).await?.delete("DeleteDatabaseUser", &path(&was.outputs)).await
    }

    /// Atlas takes all labels at once.
    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        let (api, path) = (api(aws).await?, path(&was.outputs));
        let now: Shown = api.get("GetDatabaseUser", &path).await?;
        let mut body = was.spec.identity();
        body["labels"] = json!(changed(&now.labels, set, remove));
        api.patch("UpdateDatabaseUser", &path, &body).await.map(drop)
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems: Vec<Problem> = check_project(&self.project).into_iter().collect();
        for role in self.roles.iter().filter(|role| !is_unknown(&role.role)) {
            let for_all = role.role.ends_with("AnyDatabase") || role.role == "atlasAdmin";
            if for_all && role.database != admin() {
                let message = format!("`{}` is for all databases", role.role);
                let help = "take `database` out, or name a role for one database";
                problems.push(Problem::at("roles", message).help(help));
            }
            if role.collection.is_some() && !matches!(role.role.as_str(), "read" | "readWrite") {
                let message = format!("`{}` is for whole databases", role.role);
                let help = "only `read` and `readWrite` can be for one collection";
                problems.push(Problem::at("roles", message).help(help));
            }
        }
        problems
    }
}

impl DatabaseUser {
    /// Who it is, which Atlas wants to hear in every call.
    fn identity(&self) -> Value {
        json!({
            "groupId": self.project.as_str(),
            "databaseName": admin(),
            "username": self.name.as_str(),
        })
    }

    /// That, and what can be changed.
    fn body(&self) -> Value {
        let roles = self.roles.iter().map(|Role { role, database, collection }| {
            let mut row = json!({ "roleName": role, "databaseName": database });
            if let Some(collection) = collection {
                row["collectionName"] = collection.as_str().into();
            }
            row
        });
        let scopes =
            self.clusters.iter().map(|name| json!({ "name": name.as_str(), "type": "CLUSTER" }));
        let mut body = self.identity();
        body["roles"] = roles.collect::<Vec<_>>().into();
        body["scopes"] = scopes.collect::<Vec<_>>().into();
        body
    }
}

fn outputs(project: &str, name: &str) -> Outputs {
    Outputs { id: format!("{project}/{name}"), name: name.to_owned(), project: project.to_owned() }
}

fn path(outputs: &Outputs) -> String {
    format!("/groups/{}/databaseUsers/admin/{}", part(&outputs.project), part(&outputs.name))
}

/// Tags, and where the password comes from.
fn with_source(tags: &Tags, user: &DatabaseUser) -> Tags {
    let mut all = tags.clone();
    all.insert(SECRET.to_owned(), user.password.to_string());
    all.extend(user.password_key.clone().map(|key| (KEY.to_owned(), key)));
    all
}

fn live(project: &str, user: Shown) -> Live<DatabaseUser> {
    let mut tags = from_atlas(&user.labels);
    let secret = tags.remove(SECRET).unwrap_or_default();
    let password_key = tags.remove(KEY);
    let roles = user.roles.into_iter().map(|role| Role {
        role: role.role_name,
        database: role.database_name,
        collection: role.collection_name.filter(|name| !name.is_empty()),
    });
    let clusters = user.scopes.iter().filter(|scope| scope.kind == "CLUSTER");
    Live {
        spec: DatabaseUser {
            project: Ref::from(project).into(),
            name: user.username.as_str().into(),
            password: Ref::from(secret),
            password_key,
            roles: roles.collect(),
            clusters: clusters.map(|scope| Ref::from(scope.name.as_str())).collect(),
        },
        outputs: outputs(project, &user.username),
        tags,
        status: Status::Usable,
    }
}

/// The secret's value. No error repeats any of it.
async fn password(aws: &Aws, user: &DatabaseUser) -> Result<String> {
    let client: aws_sdk_secretsmanager::Client = crate::client!(aws, aws_sdk_secretsmanager);
    let answer = client.get_secret_value().secret_id(user.password.as_str()).send().await?;
    let text = answer.secret_string().unwrap_or_default();
    let value = match &user.password_key {
        None => Some(text.to_owned()),
        Some(key) => serde_json::from_str::<Value>(text)
            .ok()
            .and_then(|object| object.get(key)?.as_str().map(ToOwned::to_owned)),
    };
    value.filter(|value| value.len() >= 8 && !value.starts_with('{')).ok_or_else(|| {
        let message = match &user.password_key {
            Some(key) => format!(
                "the secret {} has no password of 8 characters or more under `{key}`",
                *user.password
            ),
            None => format!(
                "the value of the secret {} is no password of 8 characters or more; where it is \
                 a JSON object, say with `password_key` where the password is in it",
                *user.password
            ),
        };
        Error::new(Class::Refused, "NoPassword", message)
    })
}
