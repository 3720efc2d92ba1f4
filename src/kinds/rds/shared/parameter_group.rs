//! The kind of parameter groups: `CreateDBParameterGroup`, `CreateDBClusterParameterGroup`.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value as Json;

/// The most parameters that one call changes.
pub const AT_ONCE: usize = 20;

/// The value of a parameter: text, whether the file has it as text, as a number or as a truth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Value(pub String);

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Json::deserialize(deserializer)? {
            Json::String(text) => Ok(Self(text)),
            other @ (Json::Number(_) | Json::Bool(_)) => Ok(Self(other.to_string())),
            _ => Err(D::Error::custom("the value of a parameter is a text or a number")),
        }
    }
}

impl JsonSchema for Value {
    fn schema_name() -> Cow<'static, str> {
        "ParameterValue".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number", "boolean"] })
    }
}

/// Makes the kind for a service, given its SDK crate, the kind's name, the start of its ARNs, what it
/// is, an example of a family, and what the crate calls its type, fields and calls.
macro_rules! parameter_group {
    (
        $sdk:ident, $kind:literal, $arn_start:literal, $doc:literal, $family_doc:literal,
        $type:ident { $name:ident, $arn:ident, $group:ident },
        $list:ident, $create:ident, $modify:ident, $reset:ident, $delete:ident,
        $parameters:ident { $($source:ident)? }
    ) => {
        use std::collections::BTreeMap;

        use futures::future::try_join_all;
        use schemars::JsonSchema;
        use serde::{Deserialize, Serialize};
        use $sdk::types::{ApplyMethod, Parameter, $type as AwsGroup};

        use super::{client, list, tag, tags_of};
        use $crate::aws::{Aws, Error, Result, all_pages, eventually};
        use $crate::kind::{Immutable, Kind, Live, Name, Scope, Status, Tags};
        use $crate::kinds::rds::shared::parameter_group::{AT_ONCE, Value};

        #[doc = $doc]
        #[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct ParameterGroup {
            /// The group's name, in small letters.
            #[schemars(regex(pattern = r"^[a-z](-?[a-z0-9])*$"))]
            name: Name<255>,
            #[doc = $family_doc]
            #[schemars(length(min = 1))]
            family: Immutable<String>,
            /// Parameters by name; all others have the engine's defaults. A dynamic one takes effect
            /// at once, a static one when the instances are restarted: by hand, as no run does it.
            #[serde(default)]
            parameters: BTreeMap<String, Value>,
        }

        /// What AWS decides about a parameter group.
        #[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
        pub struct Outputs {
            /// The group's name.
            name: String,
            /// The group's ARN.
            arn: String,
        }

        /// What AWS says of a group that it has made a moment ago.
        const NOT_YET: &[(&str, &str)] = &[("DBParameterGroupNotFound", "")];

        impl Kind for ParameterGroup {
            const NAME: &'static str = $kind;
            type Outputs = Outputs;
            const ARN: Option<&'static str> = Some($arn_start);
            const FREE: bool = true;

            async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
                let groups = client(aws).$list().into_paginator().items().send();
                let groups = all_pages(groups).await?;
                let found = try_join_all(groups.iter().map(|group| async move {
                    let outputs = outputs(group)?;
                    let (arn, name) = (&outputs.arn, &outputs.name);
                    if scope.is_anybodys() && name.starts_with("default.") {
                        return Ok(None);
                    }
                    let tags = scope.tags_if_wanted(arn, name, tags_of(aws, arn)).await?;
                    let Some(tags) = tags else { return Ok(None) };
                    let all = parameters(aws, name).await?;
                    Ok::<_, Error>(Some(read(group, &all, outputs, tags)))
                }));
                Ok(found.await?.into_iter().flatten().collect())
            }

            async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
                let answer = client(aws)
                    .$create()
                    .$name(&*new.name)
                    .db_parameter_group_family(&**new.family)
                    .description(format!("Parameters of {}", &*new.name))
                    .set_tags(Some(list(tags)))
                    .send()
                    .await?;
                let outputs = outputs(answer.$group().ok_or_else(|| Error::missing("group"))?)?;
                set(aws, &outputs.name, &BTreeMap::new(), &new.parameters).await?;
                Ok(outputs)
            }

            async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
                set(aws, &was.outputs.name, &was.spec.parameters, &now.parameters).await
            }

            async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
                client(aws).$delete().$name(&was.outputs.name).send().await?;
                Ok(())
            }

            async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
                tag(aws, &was.outputs.arn, set, remove).await
            }
        }

        /// The group's parameters: where AWS lets them be asked for, only those that somebody set.
        async fn parameters(aws: &Aws, name: &str) -> Result<Vec<Parameter>> {
            let set = client(aws).$parameters().$name(name)$(.$source("user"))?;
            all_pages(set.into_paginator().items().send()).await
        }

        /// Brings parameters from what they were to what they are to be.
        async fn set(
            aws: &Aws,
            name: &str,
            was: &BTreeMap<String, Value>,
            now: &BTreeMap<String, Value>,
        ) -> Result<()> {
            let changed = now.iter().filter(|(key, value)| was.get(*key) != Some(value));
            let changed = changed.map(|(key, value)| (key, Some(value)));
            let gone = was.keys().filter(|key| !now.contains_key(*key)).map(|key| (key, None));
            let (changed, gone): (Vec<_>, Vec<_>) = (changed.collect(), gone.collect());
            if changed.is_empty() && gone.is_empty() {
                return Ok(());
            }
            let all = || client(aws).$parameters().$name(name).into_paginator().items().send();
            let all = eventually(NOT_YET, || all_pages(all())).await?;
            let sent = |(key, value): &(&String, Option<&Value>)| {
                let known = all.iter().find(|one| one.parameter_name() == Some(key.as_str()));
                // AWS refuses to apply a static one at once.
                let at_once = known.and_then(Parameter::apply_type) == Some("dynamic");
                let method =
                    if at_once { ApplyMethod::Immediate } else { ApplyMethod::PendingReboot };
                Parameter::builder()
                    .parameter_name(*key)
                    .set_parameter_value(value.map(|value| value.0.clone()))
                    .apply_method(method)
                    .build()
            };
            for some in gone.chunks(AT_ONCE) {
                let reset = client(aws).$reset().$name(name);
                reset.set_parameters(Some(some.iter().map(sent).collect())).send().await?;
            }
            for some in changed.chunks(AT_ONCE) {
                let modify = client(aws).$modify().$name(name);
                modify.set_parameters(Some(some.iter().map(sent).collect())).send().await?;
            }
            Ok(())
        }

        fn outputs(group: &AwsGroup) -> Result<Outputs> {
            let name = group.$name().ok_or_else(|| Error::missing("name of the group"))?;
            let arn = group.$arn().ok_or_else(|| Error::missing("ARN of the group"))?;
            Ok(Outputs { name: name.to_owned(), arn: arn.to_owned() })
        }

        fn read(
            group: &AwsGroup,
            all: &[Parameter],
            outputs: Outputs,
            tags: Tags,
        ) -> Live<ParameterGroup> {
            let set = all.iter().filter(|one| matches!(one.source(), Some("user" | "customer")));
            let parameters = set.filter_map(|one| {
                Some((one.parameter_name()?.to_owned(), Value(one.parameter_value()?.to_owned())))
            });
            Live {
                spec: ParameterGroup {
                    name: outputs.name.as_str().into(),
                    family: group.db_parameter_group_family().unwrap_or_default().to_owned().into(),
                    parameters: parameters.collect(),
                },
                outputs,
                tags,
                status: Status::Usable,
            }
        }
    };
}
pub(in crate::kinds) use parameter_group;
