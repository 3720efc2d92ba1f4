//! `route53.record`: `ChangeResourceRecordSets`, `ListResourceRecordSets`.

mod change;
mod check;
mod fields;
mod list;
pub(super) mod marker;
mod value;

use std::borrow::Cow;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize};

use crate::aws::{Aws, Result};
use crate::kind::{Kind, Live, Problem, Scope, Tags};
use fields::Fields;

/// A record, with its fields in the form in which they are compared.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Record(Fields);

impl Deref for Record {
    type Target = Fields;
    fn deref(&self) -> &Fields {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Fields::deserialize(deserializer).map(|fields| Self(fields.normal()))
    }
}

impl JsonSchema for Record {
    fn schema_name() -> Cow<'static, str> {
        "Record".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Fields::json_schema(generator)
    }
}

/// What AWS decides about a record, which is nothing: these follow from its fields.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// Zone, name, type and, if there is one, set identifier, with a space between.
    id: String,
    /// The name, for others to use.
    name: String,
}

impl Kind for Record {
    const NAME: &'static str = "route53.record";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = None;
    const GLOBAL: bool = true;
    const TAGS: bool = false;
    const CLAIMS: &'static [&'static str] = &["zone", "name", "type", "set_identifier"];
    /// What stands in the way under a name may be about to change or to go in the same run.
    const EVENTUAL: &'static [(&'static str, &'static str)] = &[
        ("InvalidChangeBatch", "conflicting RRSet"),
        ("InvalidChangeBatch", "cannot be created as"),
        ("NoSuchHealthCheck", ""),
        ("NoSuchHostedZone", ""),
    ];
    const FREE: bool = true;

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        list::records(aws, scope).await
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        change::create(aws, new, tags).await?;
        Ok(outputs(new))
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        change::update(aws, &was.spec, now, &was.tags).await
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        change::delete(aws, &was.spec, &was.tags).await
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        let mut tags = was.tags.clone();
        tags.extend(set.clone());
        tags.retain(|key, _| !remove.contains(key));
        change::mark(aws, &was.spec, &tags).await
    }

    fn check(&self) -> Vec<Problem> {
        check::problems(self)
    }

    fn check_together(all: &[(&str, &Self)]) -> Vec<(usize, Problem)> {
        check::together(all)
    }
}

fn outputs(record: &Fields) -> Outputs {
    let (name, kind, identifier) = record.key();
    let mut id = format!("{} {name} {kind}", record.zone.as_str());
    if let Some(identifier) = identifier {
        id = format!("{id} {identifier}");
    }
    Outputs { id, name: name.to_owned() }
}
