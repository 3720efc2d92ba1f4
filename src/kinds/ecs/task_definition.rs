//! `ecs.task_definition`

use aws_sdk_ecs::types::{
    EfsAuthorizationConfig, EfsAuthorizationConfigIam, EfsTransitEncryption,
    EfsVolumeConfiguration, EphemeralStorage, Failure, RuntimePlatform,
    TaskDefinition as AwsTaskDefinition, TaskDefinitionFamilyStatus, TaskDefinitionField,
    TaskDefinitionStatus, Volume as AwsVolume,
};
use futures::future::try_join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::container::Container;
use super::{client, list, read_tags, tag};
use crate::aws::{Aws, Class, Error, Result, all_pages};
use crate::kind::field::Id;
use crate::kind::{
    Any, Arn, Immutable, Kind, Live, Problem, Ref, Scope, Set, SharedName, Status, Tags, default,
};
use crate::kinds::iam::Role;

/// What a task consists of: its containers and what they need. A change registers a new revision
/// of the family; the old one is retired once nothing of the stack uses it any more.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskDefinition {
    /// The family, which all revisions share.
    family: SharedName<255>,
    /// CPU units of the whole task, of 1024 per CPU.
    #[schemars(range(min = 128, max = 196_608))]
    pub(super) cpu: Immutable<i32>,
    /// MiB of memory of the whole task.
    #[schemars(range(min = 4))]
    pub(super) memory: Immutable<i32>,
    /// The containers.
    #[schemars(length(min = 1))]
    containers: Immutable<Vec<Container>>,
    /// The role with which ECS pulls images, writes logs and reads secrets.
    execution_role: Immutable<Option<Ref<Role, Arn>>>,
    /// The role of the application itself.
    task_role: Immutable<Option<Ref<Role, Arn>>>,
    /// `awsvpc` for network interfaces of its own, the only mode on Fargate.
    #[serde(default = "awsvpc")]
    #[schemars(extend("enum" = ["awsvpc", "bridge", "host", "none"]))]
    network_mode: Immutable<String>,
    /// Where it has to be able to run: `FARGATE`, `EC2`, `EXTERNAL`.
    #[serde(default = "fargate")]
    compatibilities: Immutable<Set<String>>,
    /// The processor that the images are made for.
    #[serde(default = "x86")]
    #[schemars(extend("enum" = ["X86_64", "ARM64"]))]
    pub(super) architecture: Immutable<String>,
    /// The system that the images are made for: `LINUX`, `WINDOWS_SERVER_2022_CORE`, ….
    #[serde(default = "linux")]
    pub(super) operating_system: Immutable<String>,
    /// GiB of disk for the task, which go with it; 20 when left out. Fargate only.
    #[schemars(range(min = 21, max = 200))]
    pub(super) ephemeral_storage: Immutable<Option<i32>>,
    /// Volumes that its containers can mount.
    #[serde(default)]
    volumes: Immutable<Set<Volume>>,
}

/// A volume: shared by the containers of a task and gone with it, or on EFS.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Volume {
    /// The name by which containers mount it.
    name: String,
    /// The file system that it is on; the task's own disk when left out.
    efs: Option<Efs>,
}

/// A volume on EFS.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Efs {
    /// The file system.
    file_system: Ref<Any, Id>,
    /// The folder that is the volume's root. With an access point, `/`.
    #[serde(default = "slash")]
    root: String,
    /// Whether the traffic is encrypted.
    #[serde(default = "default::yes")]
    transit_encryption: bool,
    /// The access point.
    access_point: Option<Ref<Any, Id>>,
    /// Whether the task's role has to allow it.
    #[serde(default)]
    iam: bool,
}

/// What AWS decides about a task definition.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The revision's ARN.
    arn: String,
    /// The family.
    family: String,
    /// The revision's number.
    revision: i32,
}

fn awsvpc() -> Immutable<String> {
    "awsvpc".to_owned().into()
}

fn fargate() -> Immutable<Set<String>> {
    Set::new(["FARGATE".to_owned()]).into()
}

fn x86() -> Immutable<String> {
    "X86_64".to_owned().into()
}

fn linux() -> Immutable<String> {
    "LINUX".to_owned().into()
}

fn slash() -> String {
    "/".to_owned()
}

impl Kind for TaskDefinition {
    const NAME: &'static str = "ecs.task_definition";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = Some("ecs:task-definition/");
    const EVENTUAL: &'static [(&'static str, &'static str)] =
        &[("ClientException", "ole is not valid")];
    const FREE: bool = true;

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        // A family stands for its newest active revision, which the sweep may not know yet; it
        // knows the older ones.
        let mut families = scope.names.clone();
        if scope.is_anybodys() {
            let list = client(aws).list_task_definition_families();
            let list = list.status(TaskDefinitionFamilyStatus::Active).into_paginator();
            families.extend(all_pages(list.items().send()).await?);
        }
        let newest = try_join_all(families.iter().map(|family| describe(aws, family))).await?;
        let newest: Vec<_> = newest.into_iter().flatten().collect();
        let is_new = |arn: &str| newest.iter().all(|(it, _)| it.task_definition_arn() != Some(arn));
        let others = scope.swept.keys().filter(|arn| is_new(arn));
        let others = try_join_all(others.map(|arn| describe(aws, arn))).await?;
        let found = newest.into_iter().chain(others.into_iter().flatten());
        let owned = found.filter(|(_, tags)| scope.owns(tags));
        owned.map(|(found, tags)| read(&found, tags)).collect()
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let containers = new.containers.iter().map(|container| container.send(aws));
        let compatibilities = new.compatibilities.iter().map(|one| one.as_str().into());
        let disk =
            new.ephemeral_storage.map(|size| EphemeralStorage::builder().size_in_gib(size).build());
        let platform = RuntimePlatform::builder()
            .cpu_architecture(new.architecture.as_str().into())
            .operating_system_family(new.operating_system.as_str().into());
        let answer = client(aws)
            .register_task_definition()
            .family(&*new.family)
            .cpu(new.cpu.to_string())
            .memory(new.memory.to_string())
            .set_container_definitions(Some(containers.collect::<Result<_>>()?))
            .set_execution_role_arn(new.execution_role.as_ref().map(ToString::to_string))
            .set_task_role_arn(new.task_role.as_ref().map(ToString::to_string))
            .network_mode(new.network_mode.as_str().into())
            .set_requires_compatibilities(Some(compatibilities.collect()))
            .runtime_platform(platform.build())
            .set_ephemeral_storage(disk)
            .set_volumes(Some(new.volumes.iter().map(Volume::send).collect::<Result<_>>()?))
            .set_tags(Some(list(tags)?))
            .send()
            .await?;
        outputs(answer.task_definition().ok_or_else(|| Error::missing("taskDefinition"))?)
    }

    async fn update(_: &Aws, _: &Live<Self>, _: &Self) -> Result<()> {
        Ok(())
    }

    /// A retired revision stays visible, tags and all, until it is deleted as well. AWS does that
    /// once no task of it runs any more.
    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        let arn = &was.outputs.arn;
        match retire(aws, arn).await {
            // The answer to an earlier try was lost.
            Err(_) if is_deleted(aws, arn).await? => Ok(()),
            result => result,
        }
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tag(aws, &was.outputs.arn, set, remove).await
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = self.check_containers();
        if self.compatibilities.iter().any(|one| one == "FARGATE") {
            problems.extend(fargate_problem(*self.cpu, *self.memory));
            if *self.network_mode != "awsvpc" {
                problems.push(Problem::at("network_mode", "Fargate knows only `awsvpc`"));
            }
            if self.containers.iter().any(|container| container.privileged) {
                let text = "no container has root's rights on a host of Fargate";
                problems.push(Problem::at("containers", text));
            }
        }
        if self.execution_role.is_none()
            && self.containers.iter().any(|one| !one.secrets.is_empty() || one.logs.is_some())
        {
            let text = "ECS needs a role to write logs and to read secrets";
            problems.push(Problem::at("execution_role", text));
        }
        problems
    }
}

impl TaskDefinition {
    fn check_containers(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if !self.containers.iter().any(|container| container.essential) {
            problems.push(Problem::at("containers", "one container has to be essential"));
        }
        for (index, container) in self.containers.iter().enumerate() {
            let at = format!("containers[{index}]");
            if self.containers[..index].iter().any(|other| other.name == container.name) {
                let text = format!("another container is called `{}`", container.name);
                problems.push(Problem::at(format!("{at}.name"), text));
            }
            for other in &*container.depends_on {
                if !self.containers.iter().any(|one| one.name == other.container) {
                    let text = format!("there is no container `{}`", other.container);
                    problems.push(Problem::at(format!("{at}.depends_on"), text));
                }
            }
            for mount in &*container.mounts {
                if !self.volumes.iter().any(|volume| volume.name == mount.volume) {
                    let text = format!("there is no volume `{}`", mount.volume);
                    problems.push(Problem::at(format!("{at}.mounts"), text));
                }
            }
        }
        problems
    }
}

/// Whether Fargate has tasks of that size.
///
/// Source: ECS developer guide, "Fargate task sizes".
fn fargate_problem(cpu: i32, memory: i32) -> Option<Problem> {
    let (least, most, step) = match cpu {
        256 => (512, 2048, 512),
        512 => (1024, 4096, 1024),
        1024 => (2048, 8192, 1024),
        2048 => (4096, 16_384, 1024),
        4096 => (8192, 30_720, 1024),
        8192 => (16_384, 61_440, 4096),
        16_384 => (32_768, 122_880, 8192),
        _ => {
            let text = format!("Fargate has no tasks of {cpu} CPU units");
            let sizes = "it has 256, 512, 1024, 2048, 4096, 8192 and 16384";
            return Some(Problem::at("cpu", text).help(sizes));
        }
    };
    // The smallest size knows 512, 1024 and 2048 alone.
    let fits =
        (least..=most).contains(&memory) && memory % step == 0 && (cpu, memory) != (256, 1536);
    (!fits).then(|| {
        let text = format!("Fargate has no tasks of {cpu} CPU units with {memory} MiB");
        let help = match cpu {
            256 => "with 256 CPU units there are 512, 1024 and 2048 MiB".to_owned(),
            _ => format!("with {cpu} CPU units there are {least} to {most} MiB in steps of {step}"),
        };
        Problem::at("memory", text).help(help)
    })
}

impl Volume {
    fn send(&self) -> Result<AwsVolume> {
        let efs = self.efs.as_ref().map(Efs::send).transpose()?;
        Ok(AwsVolume::builder().name(&self.name).set_efs_volume_configuration(efs).build())
    }

    fn read(found: &AwsVolume) -> Self {
        Self {
            name: found.name().unwrap_or_default().to_owned(),
            efs: found.efs_volume_configuration().map(Efs::read),
        }
    }
}

impl Efs {
    fn send(&self) -> Result<EfsVolumeConfiguration> {
        let encryption = if self.transit_encryption {
            EfsTransitEncryption::Enabled
        } else {
            EfsTransitEncryption::Disabled
        };
        let iam = if self.iam {
            EfsAuthorizationConfigIam::Enabled
        } else {
            EfsAuthorizationConfigIam::Disabled
        };
        let authorization = EfsAuthorizationConfig::builder()
            .set_access_point_id(self.access_point.as_ref().map(ToString::to_string))
            .iam(iam);
        Ok(EfsVolumeConfiguration::builder()
            .file_system_id(self.file_system.as_str())
            .root_directory(&self.root)
            .transit_encryption(encryption)
            .authorization_config(authorization.build())
            .build()?)
    }

    fn read(found: &EfsVolumeConfiguration) -> Self {
        let authorization = found.authorization_config();
        let iam = authorization.and_then(EfsAuthorizationConfig::iam);
        Self {
            file_system: Ref::new(found.file_system_id()),
            root: found.root_directory().map_or_else(slash, ToOwned::to_owned),
            transit_encryption: found.transit_encryption() == Some(&EfsTransitEncryption::Enabled),
            access_point: authorization
                .and_then(EfsAuthorizationConfig::access_point_id)
                .map(Ref::new),
            iam: iam == Some(&EfsAuthorizationConfigIam::Enabled),
        }
    }
}

async fn retire(aws: &Aws, arn: &str) -> Result<()> {
    client(aws).deregister_task_definition().task_definition(arn).send().await?;
    let answer = client(aws).delete_task_definitions().task_definitions(arn).send().await?;
    match answer.failures().first().and_then(Failure::reason) {
        Some(reason) => Err(Error::new(Class::Refused, "DeleteTaskDefinitionFailed", reason)),
        None => Ok(()),
    }
}

async fn is_deleted(aws: &Aws, arn: &str) -> Result<bool> {
    let found = find(aws, arn).await?;
    let status = found.as_ref().and_then(|(found, _)| found.status());
    Ok(found.is_none() || status == Some(&TaskDefinitionStatus::DeleteInProgress))
}

/// A revision in use, with its tags; `None` when it is retired or gone.
async fn describe(aws: &Aws, arn: &str) -> Result<Option<(AwsTaskDefinition, Tags)>> {
    let found = find(aws, arn).await?;
    Ok(found.filter(|(it, _)| it.status() == Some(&TaskDefinitionStatus::Active)))
}

/// A revision in any state, with its tags; `None` when it is gone.
async fn find(aws: &Aws, arn: &str) -> Result<Option<(AwsTaskDefinition, Tags)>> {
    let describe = client(aws).describe_task_definition().task_definition(arn);
    match describe.include(TaskDefinitionField::Tags).send().await.map_err(Error::from) {
        Ok(answer) => {
            let tags = read_tags(answer.tags());
            Ok(answer.task_definition.map(|found| (found, tags)))
        }
        // What ECS says of revisions that it has deleted.
        Err(error) if error.is_one_of(&[("ClientException", "Unable to describe")]) => Ok(None),
        Err(error) => Err(error),
    }
}

fn outputs(found: &AwsTaskDefinition) -> Result<Outputs> {
    Ok(Outputs {
        arn: found
            .task_definition_arn()
            .ok_or_else(|| Error::missing("taskDefinitionArn"))?
            .to_owned(),
        family: found.family().ok_or_else(|| Error::missing("family"))?.to_owned(),
        revision: found.revision(),
    })
}

fn read(found: &AwsTaskDefinition, tags: Tags) -> Result<Live<TaskDefinition>> {
    let outputs = outputs(found)?;
    let size = |text: Option<&str>| text.and_then(|it| it.parse::<i32>().ok()).unwrap_or_default();
    let platform = found.runtime_platform();
    let architecture = platform.and_then(RuntimePlatform::cpu_architecture);
    let system = platform.and_then(RuntimePlatform::operating_system_family);
    let compatibilities = found.requires_compatibilities().iter();
    Ok(Live {
        spec: TaskDefinition {
            family: outputs.family.as_str().into(),
            cpu: size(found.cpu()).into(),
            memory: size(found.memory()).into(),
            containers: found
                .container_definitions()
                .iter()
                .map(Container::read)
                .collect::<Vec<_>>()
                .into(),
            execution_role: found.execution_role_arn().map(Ref::new).into(),
            task_role: found.task_role_arn().map(Ref::new).into(),
            network_mode: found
                .network_mode()
                .map_or_else(awsvpc, |mode| mode.as_str().to_owned().into()),
            compatibilities: compatibilities
                .map(|one| one.as_str().to_owned())
                .collect::<Set<_>>()
                .into(),
            architecture: architecture.map_or_else(x86, |it| it.as_str().to_owned().into()),
            operating_system: system.map_or_else(linux, |it| it.as_str().to_owned().into()),
            ephemeral_storage: found.ephemeral_storage().map(EphemeralStorage::size_in_gib).into(),
            volumes: found.volumes().iter().map(Volume::read).collect::<Set<_>>().into(),
        },
        outputs,
        tags,
        status: Status::Usable,
    })
}

#[cfg(test)]
mod tests {
    use super::fargate_problem;

    #[test]
    fn sizes_of_fargate() {
        for (cpu, memory) in
            [(256, 512), (256, 2048), (1024, 3072), (4096, 30_720), (16_384, 122_880)]
        {
            assert_eq!(fargate_problem(cpu, memory), None, "{cpu} {memory}");
        }
        for (cpu, memory) in [(256, 1536), (256, 4096), (512, 512), (1000, 2048), (8192, 17_408)] {
            assert!(fargate_problem(cpu, memory).is_some(), "{cpu} {memory}");
        }
    }
}
