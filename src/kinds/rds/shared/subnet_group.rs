//! The kind of subnet groups: `CreateDBSubnetGroup`.

/// Makes the kind for a service, given its SDK crate, its name, the kind's and whose databases they
/// are.
macro_rules! subnet_group {
    ($sdk:ident, $service:literal, $kind:literal, $doc:literal) => {
        use schemars::JsonSchema;
        use serde::{Deserialize, Serialize};

        use super::{client, list, tag, tags_of};
        use $crate::aws::{Aws, Error, Result, all_pages};
        use $crate::kind::field::Id;
        use $crate::kind::{Blocker, Kind, Live, Name, Ref, Scope, Set, Status, Tags};
        use $crate::kinds::ec2::Subnet;
        use $crate::kinds::rds::shared::{is_of, of_service, with_service};

        #[doc = $doc]
        #[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct SubnetGroup {
            /// The group's name, in small letters.
            #[schemars(regex(pattern = r"^[a-z][a-z0-9._-]*$"))]
            name: Name<255>,
            /// The subnets, in two zones of one network at least. Databases get their addresses in
            /// them. One that a database stands in cannot be taken away.
            #[schemars(length(min = 2))]
            subnets: Set<Ref<Subnet, Id>>,
        }

        /// What AWS decides about a subnet group.
        #[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
        pub struct Outputs {
            /// The group's name.
            name: String,
            /// The group's ARN.
            arn: String,
        }

        impl Kind for SubnetGroup {
            const NAME: &'static str = $kind;
            type Outputs = Outputs;
            const ARN: Option<&'static str> = Some("rds:subgrp:");
            const FREE: bool = true;

            async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
                let scope = of_service(scope, $service);
                let groups = client(aws).describe_db_subnet_groups().into_paginator();
                let mut found = Vec::new();
                for group in all_pages(groups.items().send()).await? {
                    let (name, arn) = (name(&group)?, arn(&group)?);
                    if scope.is_anybodys() && name == "default" {
                        continue;
                    }
                    let tags = scope.tags_if_wanted(arn, name, tags_of(aws, arn)).await?;
                    if let Some(tags) = tags.filter(|tags| is_of(&scope, tags, $service)) {
                        found.push(read(&group, tags)?);
                    }
                }
                Ok(found)
            }

            async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
                let answer = client(aws)
                    .create_db_subnet_group()
                    .db_subnet_group_name(&*new.name)
                    .db_subnet_group_description(format!("Subnets of {}", &*new.name))
                    .set_subnet_ids(Some(ids(new)))
                    .set_tags(Some(list(&with_service(tags, $service))))
                    .send()
                    .await?;
                let group = answer.db_subnet_group().ok_or_else(|| Error::missing("group"))?;
                outputs(group)
            }

            async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
                let modify = client(aws).modify_db_subnet_group();
                let modify = modify.db_subnet_group_name(&was.outputs.name);
                modify.set_subnet_ids(Some(ids(now))).send().await?;
                Ok(())
            }

            async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
                let delete = client(aws).delete_db_subnet_group();
                delete.db_subnet_group_name(&was.outputs.name).send().await?;
                Ok(())
            }

            async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
                let set = if set.is_empty() { set.clone() } else { with_service(set, $service) };
                tag(aws, &was.outputs.arn, &set, remove).await
            }

            /// The databases that stand in it, foreign ones too.
            async fn blockers(aws: &Aws, was: &Live<Self>) -> Vec<Blocker> {
                let all = client(aws).describe_db_instances().into_paginator().items().send();
                let all = all_pages(all).await.unwrap_or_default();
                let here = all.iter().filter(|one| {
                    let group =
                        one.db_subnet_group().and_then(|group| group.db_subnet_group_name());
                    group == Some(&was.outputs.name)
                });
                let blocker = |one: &$sdk::types::DbInstance| {
                    let name = one.db_instance_identifier()?;
                    let stays = one.db_instance_status() != Some("deleting");
                    let remedy = format!("delete the database {name} or move it, then run again");
                    let what = format!("database instance {name}");
                    Some(Blocker { what, remedy: stays.then_some(remedy) })
                };
                here.filter_map(blocker).collect()
            }
        }

        fn ids(group: &SubnetGroup) -> Vec<String> {
            group.subnets.iter().map(ToString::to_string).collect()
        }

        fn name(group: &$sdk::types::DbSubnetGroup) -> Result<&str> {
            group.db_subnet_group_name().ok_or_else(|| Error::missing("DBSubnetGroupName"))
        }

        fn arn(group: &$sdk::types::DbSubnetGroup) -> Result<&str> {
            group.db_subnet_group_arn().ok_or_else(|| Error::missing("DBSubnetGroupArn"))
        }

        fn outputs(group: &$sdk::types::DbSubnetGroup) -> Result<Outputs> {
            Ok(Outputs { name: name(group)?.to_owned(), arn: arn(group)?.to_owned() })
        }

        fn read(group: &$sdk::types::DbSubnetGroup, tags: Tags) -> Result<Live<SubnetGroup>> {
            let subnets = group.subnets().iter().filter_map(|one| one.subnet_identifier());
            Ok(Live {
                spec: SubnetGroup {
                    name: name(group)?.into(),
                    subnets: subnets.map(Ref::from).collect(),
                },
                outputs: outputs(group)?,
                tags,
                status: Status::Usable,
            })
        }
    };
}
pub(in crate::kinds) use subnet_group;
