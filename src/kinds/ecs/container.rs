//! One container of a task definition.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_ecs::types::{
    ContainerDefinition, ContainerDependency, HealthCheck as AwsHealthCheck, KeyValuePair,
    LinuxParameters, LogConfiguration, LogDriver, MountPoint, PortMapping, RepositoryCredentials,
    Secret, Ulimit as AwsUlimit,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::{Aws, Result};
use crate::kind::field::NameOutput;
use crate::kind::{Any, Arn, Auto, Ref, Set, default};
use crate::kinds::logs::LogGroup;
use crate::kinds::secretsmanager::Secret as RegistrySecret;

/// One container of a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Container {
    /// The container's name, unique in its task.
    pub name: String,
    /// The image: `${repository.uri}:1.4.2`.
    pub image: String,
    /// What the image's entry point is given, instead of the image's own.
    #[serde(default)]
    command: Vec<String>,
    /// What is run, instead of the image's own.
    #[serde(default)]
    entry_point: Vec<String>,
    /// Environment variables. Their values can be read in the console: see `secrets`.
    #[serde(default)]
    environment: BTreeMap<String, String>,
    /// Environment variables whose values come from Secrets Manager or Parameter Store: the
    /// secret's ARN, which may be followed by `:key::` for one key of a secret in JSON.
    #[serde(default)]
    pub secrets: BTreeMap<String, Ref<Any, Arn>>,
    /// Ports that it listens on.
    #[serde(default)]
    ports: Set<Port>,
    /// Where its output goes; nowhere when left out.
    pub logs: Option<Logs>,
    /// How its health is checked.
    health_check: Option<HealthCheck>,
    /// Whether the task stops when it stops.
    #[serde(default = "default::yes")]
    pub essential: bool,
    /// Containers that have to be in a certain state before it starts.
    #[serde(default)]
    pub depends_on: Set<Dependency>,
    /// Whether it may write only to its volumes. True is safer; many images cannot live with it,
    /// and ECS Exec cannot either.
    #[serde(default)]
    read_only_root: bool,
    /// Whether it has root's rights on its host. Not on Fargate.
    #[serde(default)]
    pub privileged: bool,
    /// Whether a small init process reaps its children and passes signals on.
    #[serde(default)]
    init_process: bool,
    /// CPU units set aside for it, of 1024 per CPU; shared out freely when 0.
    #[serde(default)]
    cpu: i32,
    /// MiB after which it is ended; the task's when left out.
    memory: Option<i32>,
    /// MiB set aside for it.
    memory_reservation: Option<i32>,
    /// The user that it runs as: `1000`, `app:app`.
    user: Option<String>,
    /// The folder that its command starts in.
    working_directory: Option<String>,
    /// Seconds between the request to stop and the end.
    #[schemars(range(min = 0, max = 120))]
    stop_timeout: Option<i32>,
    /// Volumes that it sees.
    #[serde(default)]
    pub mounts: Set<Mount>,
    /// Limits of its processes.
    #[serde(default)]
    ulimits: Set<Ulimit>,
    /// Labels for the container runtime.
    #[serde(default)]
    labels: BTreeMap<String, String>,
    /// The secret that opens a private registry other than ECR.
    registry_credentials: Option<Ref<RegistrySecret, Arn>>,
}

/// A port that a container listens on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Port {
    /// The port.
    #[schemars(range(min = 1, max = 65535))]
    port: i32,
    /// The protocol.
    #[serde(default = "tcp")]
    #[schemars(extend("enum" = ["tcp", "udp"]))]
    protocol: String,
    /// A name for Service Connect.
    name: Option<String>,
}

/// Where a container's output goes: a log group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Logs {
    /// The log group.
    group: Ref<LogGroup, NameOutput>,
    /// What streams' names begin with: `<prefix>/<container>/<task>`.
    #[serde(default = "prefix")]
    stream_prefix: String,
    /// The region of the log group; the task's own when left out.
    #[serde(default)]
    region: Auto<String>,
    /// More options of the driver `awslogs`, such as `mode: non-blocking`.
    #[serde(default)]
    options: BTreeMap<String, String>,
}

/// How a container's health is checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HealthCheck {
    /// What is run: `[CMD, curl, -f, http://localhost/]`, or `[CMD-SHELL, "..."]`.
    command: Vec<String>,
    /// Seconds from one check to the next.
    #[serde(default = "thirty")]
    #[schemars(range(min = 5, max = 300))]
    interval: i32,
    /// Seconds after which a check has failed.
    #[serde(default = "five")]
    #[schemars(range(min = 2, max = 120))]
    timeout: i32,
    /// Failed checks in a row that make it unhealthy.
    #[serde(default = "three")]
    #[schemars(range(min = 1, max = 10))]
    retries: i32,
    /// Seconds after the start in which failed checks do not count.
    #[schemars(range(min = 0, max = 300))]
    start_period: Option<i32>,
}

/// A container that has to be in a certain state first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dependency {
    /// The container's name.
    pub container: String,
    /// The state: running, ended, ended well, or healthy.
    #[schemars(extend("enum" = ["START", "COMPLETE", "SUCCESS", "HEALTHY"]))]
    condition: String,
}

/// A volume that a container sees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mount {
    /// The volume's name.
    pub volume: String,
    /// Where the container sees it.
    path: String,
    /// Whether the container may only read it.
    #[serde(default)]
    read_only: bool,
}

/// A limit of a container's processes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ulimit {
    /// What is limited; on Fargate only `nofile`.
    #[schemars(extend("enum" = ["core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue",
        "nice", "nofile", "nproc", "rss", "rtprio", "rttime", "sigpending", "stack"]))]
    name: String,
    /// The limit that processes start with.
    soft: i32,
    /// The limit to which they may raise it.
    hard: i32,
}

fn tcp() -> String {
    "tcp".to_owned()
}

fn prefix() -> String {
    "ecs".to_owned()
}

fn thirty() -> i32 {
    30
}

fn five() -> i32 {
    5
}

fn three() -> i32 {
    3
}

const GROUP: &str = "awslogs-group";
const REGION: &str = "awslogs-region";
const PREFIX: &str = "awslogs-stream-prefix";

impl Container {
    /// The container as AWS takes it.
    pub(super) fn send(&self, aws: &Aws) -> Result<ContainerDefinition> {
        let some = |list: &[String]| (!list.is_empty()).then(|| list.to_vec());
        let environment = self
            .environment
            .iter()
            .map(|(name, value)| KeyValuePair::builder().name(name).value(value).build());
        let secrets = self.secrets.iter().map(|(name, secret)| {
            Ok(Secret::builder().name(name).value_from(secret.as_str()).build()?)
        });
        let depends_on = self.depends_on.iter().map(|other| {
            let dependency = ContainerDependency::builder().container_name(&other.container);
            Ok(dependency.condition(other.condition.as_str().into()).build()?)
        });
        let ulimits = self.ulimits.iter().map(|limit| {
            let ulimit = AwsUlimit::builder().name(limit.name.as_str().into());
            Ok(ulimit.soft_limit(limit.soft).hard_limit(limit.hard).build()?)
        });
        let mounts = self.mounts.iter().map(|mount| {
            let point = MountPoint::builder().source_volume(&mount.volume);
            point.container_path(&mount.path).read_only(mount.read_only).build()
        });
        let credentials = self.registry_credentials.as_ref().map(|secret| {
            RepositoryCredentials::builder().credentials_parameter(secret.as_str()).build()
        });
        Ok(ContainerDefinition::builder()
            .name(&self.name)
            .image(&self.image)
            .set_command(some(&self.command))
            .set_entry_point(some(&self.entry_point))
            .set_environment(Some(environment.collect()))
            .set_secrets(Some(secrets.collect::<Result<_>>()?))
            .set_port_mappings(Some(self.ports.iter().map(Port::send).collect()))
            .set_log_configuration(self.logs.as_ref().map(|logs| logs.send(aws)).transpose()?)
            .set_health_check(self.health_check.as_ref().map(HealthCheck::send).transpose()?)
            .essential(self.essential)
            .set_depends_on(Some(depends_on.collect::<Result<_>>()?))
            .readonly_root_filesystem(self.read_only_root)
            .set_privileged(self.privileged.then_some(true))
            .set_linux_parameters(
                self.init_process
                    .then(|| LinuxParameters::builder().init_process_enabled(true).build()),
            )
            .cpu(self.cpu)
            .set_memory(self.memory)
            .set_memory_reservation(self.memory_reservation)
            .set_user(self.user.clone())
            .set_working_directory(self.working_directory.clone())
            .set_stop_timeout(self.stop_timeout)
            .set_mount_points(Some(mounts.collect()))
            .set_ulimits(Some(ulimits.collect::<Result<_>>()?))
            .set_docker_labels(Some(self.labels.clone().into_iter().collect()))
            .set_repository_credentials(credentials.transpose()?)
            .build())
    }

    /// The container that AWS shows.
    pub(super) fn read(found: &ContainerDefinition) -> Self {
        let owned = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let linux = found.linux_parameters();
        let credentials = found.repository_credentials();
        Self {
            name: owned(found.name()),
            image: owned(found.image()),
            command: found.command().to_vec(),
            entry_point: found.entry_point().to_vec(),
            environment: found
                .environment()
                .iter()
                .map(|pair| (owned(pair.name()), owned(pair.value())))
                .collect(),
            secrets: found
                .secrets()
                .iter()
                .map(|secret| (secret.name().to_owned(), Ref::new(secret.value_from())))
                .collect(),
            ports: found.port_mappings().iter().map(Port::read).collect(),
            logs: found.log_configuration().and_then(Logs::read),
            health_check: found.health_check().map(HealthCheck::read),
            essential: found.essential().unwrap_or(true),
            depends_on: found
                .depends_on()
                .iter()
                .map(|other| Dependency {
                    container: other.container_name().to_owned(),
                    condition: other.condition().as_str().to_owned(),
                })
                .collect(),
            read_only_root: found.readonly_root_filesystem().unwrap_or_default(),
            privileged: found.privileged().unwrap_or_default(),
            init_process: linux.and_then(LinuxParameters::init_process_enabled).unwrap_or_default(),
            cpu: found.cpu(),
            memory: found.memory(),
            memory_reservation: found.memory_reservation(),
            user: found.user().map(ToOwned::to_owned),
            working_directory: found.working_directory().map(ToOwned::to_owned),
            stop_timeout: found.stop_timeout(),
            mounts: found
                .mount_points()
                .iter()
                .map(|point| Mount {
                    volume: owned(point.source_volume()),
                    path: owned(point.container_path()),
                    read_only: point.read_only().unwrap_or_default(),
                })
                .collect(),
            ulimits: found
                .ulimits()
                .iter()
                .map(|limit| Ulimit {
                    name: limit.name().as_str().to_owned(),
                    soft: limit.soft_limit(),
                    hard: limit.hard_limit(),
                })
                .collect(),
            labels: found.docker_labels().into_iter().flatten().map(pair).collect(),
            registry_credentials: credentials
                .map(|credentials| Ref::new(credentials.credentials_parameter())),
        }
    }
}

fn pair((key, value): (&String, &String)) -> (String, String) {
    (key.clone(), value.clone())
}

impl Port {
    fn send(&self) -> PortMapping {
        PortMapping::builder()
            .container_port(self.port)
            .protocol(self.protocol.as_str().into())
            .set_name(self.name.clone())
            .build()
    }

    fn read(found: &PortMapping) -> Self {
        Self {
            port: found.container_port().unwrap_or_default(),
            protocol: found.protocol().map_or_else(tcp, |protocol| protocol.as_str().to_owned()),
            name: found.name().map(ToOwned::to_owned),
        }
    }
}

impl Logs {
    fn send(&self, aws: &Aws) -> Result<LogConfiguration> {
        let region = self.region.as_deref().unwrap_or(aws.region());
        let own = [(GROUP, self.group.as_str()), (REGION, region), (PREFIX, &self.stream_prefix)];
        let mut options: HashMap<String, String> = self.options.clone().into_iter().collect();
        options.extend(own.map(|(key, value)| (key.to_owned(), value.to_owned())));
        let logs = LogConfiguration::builder().log_driver(LogDriver::Awslogs);
        Ok(logs.set_options(Some(options)).build()?)
    }

    /// `None` for other drivers, which cannot be described here.
    fn read(found: &LogConfiguration) -> Option<Self> {
        if found.log_driver() != &LogDriver::Awslogs {
            return None;
        }
        let mut options: BTreeMap<_, _> = found.options().into_iter().flatten().map(pair).collect();
        Some(Self {
            group: Ref::new(options.remove(GROUP).unwrap_or_default()),
            stream_prefix: options.remove(PREFIX).unwrap_or_default(),
            region: Auto(options.remove(REGION)),
            options,
        })
    }
}

impl HealthCheck {
    fn send(&self) -> Result<AwsHealthCheck> {
        let check = AwsHealthCheck::builder()
            .set_command(Some(self.command.clone()))
            .interval(self.interval)
            .timeout(self.timeout)
            .retries(self.retries)
            .set_start_period(self.start_period);
        Ok(check.build()?)
    }

    fn read(found: &AwsHealthCheck) -> Self {
        Self {
            command: found.command().to_vec(),
            interval: found.interval().unwrap_or(thirty()),
            timeout: found.timeout().unwrap_or(five()),
            retries: found.retries().unwrap_or(three()),
            start_period: found.start_period(),
        }
    }
}
