//! `ecs.service`

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ecs::types::{
    AssignPublicIp, AwsVpcConfiguration, ClusterField, LoadBalancer as AwsLoadBalancer,
    NetworkConfiguration, Service as AwsService, ServiceField,
};
use futures::future::try_join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cluster::check_bases;
use super::deployment::{Deployment, given_up, status};
use super::{
    Cluster, Share, TaskDefinition, client, list, read_strategy, read_tags, strategy, tag,
};
use crate::aws::{Absent, Aws, Error, Result, all_pages};
use crate::kind::charge::HOURS;
use crate::kind::field::Id;
use crate::kind::{
    Arn, Auto, Charge, Charges, Immutable, Kind, Live, Look, Name, Problem, Ref, Scope, Set,
    Status, Tags, UsageName, default,
};
use crate::kinds::ec2::{SecurityGroup, Subnet};
use crate::kinds::elbv2::TargetGroup;

/// A number of tasks that are kept running, and how a change is rolled out to them.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// The service's name, unique in its cluster.
    name: Name<255>,
    /// The cluster.
    cluster: Immutable<Ref<Cluster, Arn>>,
    /// The task definition.
    task_definition: Ref<TaskDefinition, Arn>,
    /// How many tasks are to run.
    #[serde(default = "default::int::<1>")]
    #[schemars(range(min = 0))]
    desired_count: i32,
    /// What tasks run on: `FARGATE`, `EC2` or `EXTERNAL`; capacity providers decide when it is
    /// left out.
    #[serde(default)]
    #[schemars(extend("enum" = ["FARGATE", "EC2", "EXTERNAL"]))]
    launch_type: Immutable<Auto<String>>,
    /// How tasks are shared out; as the cluster says when left out.
    #[serde(default)]
    capacity_providers: Auto<Set<Share>>,
    /// The version of Fargate.
    #[serde(default = "latest")]
    platform_version: String,
    /// `REPLICA` for a number of tasks, `DAEMON` for one on every instance.
    #[serde(default = "replica")]
    #[schemars(extend("enum" = ["REPLICA", "DAEMON"]))]
    scheduling: Immutable<String>,
    /// The subnets of tasks in the network mode `awsvpc`.
    #[serde(default)]
    subnets: Set<Ref<Subnet, Id>>,
    /// The security groups of tasks in the network mode `awsvpc`.
    #[serde(default)]
    security_groups: Set<Ref<SecurityGroup, Id>>,
    /// Whether tasks have public addresses. Without, they need a NAT gateway or endpoints to pull
    /// images.
    #[serde(default)]
    assign_public_ip: bool,
    /// Target groups that tasks are registered with.
    #[serde(default)]
    load_balancers: Set<Target>,
    /// Seconds after a task's start in which failed health checks of the load balancer do not
    /// count.
    #[serde(default)]
    #[schemars(range(min = 0))]
    health_check_grace_period: i32,
    /// How a change is rolled out.
    #[serde(default)]
    deployment: Deployment,
    /// Whether ECS Exec may open sessions in its containers.
    #[serde(default)]
    enable_execute_command: bool,
    /// Whether ECS puts tags of its own, with the names of cluster and service, on tasks.
    #[serde(default = "default::yes")]
    managed_tags: bool,
    /// Whose tags tasks get.
    #[serde(default = "service")]
    #[schemars(extend("enum" = ["SERVICE", "TASK_DEFINITION", "NONE"]))]
    propagate_tags: String,
}

/// A target group that a container is registered with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The target group; it has to be behind a load balancer.
    target_group: Ref<TargetGroup, Arn>,
    /// The container's name.
    container: String,
    /// The container's port.
    #[schemars(range(min = 1, max = 65535))]
    port: i32,
}

/// What AWS decides about a service.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The service's ARN.
    arn: String,
    /// The service's name.
    name: String,
}

fn latest() -> String {
    "LATEST".to_owned()
}

fn replica() -> Immutable<String> {
    "REPLICA".to_owned().into()
}

fn service() -> String {
    "SERVICE".to_owned()
}

/// How many services one `DescribeServices` takes.
const DESCRIBED_AT_ONCE: usize = 10;
/// How many clusters one `DescribeClusters` takes.
const CLUSTERS_AT_ONCE: usize = 100;

impl Kind for Service {
    const NAME: &'static str = "ecs.service";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = Some("ecs:service/");
    const AFTER: &'static [&'static str] = &["elbv2.listener"];
    const TIMEOUT: std::time::Duration = std::time::Duration::from_mins(20);
    const EVENTUAL: &'static [(&'static str, &'static str)] = &[
        ("InvalidParameterException", "does not have an associated load balancer"),
        ("InvalidParameterException", "nable to assume"),
        ("InvalidParameterException", "service linked role"),
        ("InvalidParameterException", "still Draining"),
        ("ClusterNotFoundException", ""),
    ];
    const ASLEEP: &'static [(&'static str, &'static str)] = &[("desired_count", "0")];

    /// AWS describes services by cluster. When the sweep knows all declared names, its ARNs are
    /// enough; else our clusters are looked into as well.
    const USAGE: &'static [UsageName] = &[HOURS];

    fn charges(&self, look: &Look<'_>) -> Charges {
        if *self.scheduling == "DAEMON"
            || matches!(self.launch_type.as_deref(), Some("EC2" | "EXTERNAL"))
        {
            return Charges::Free;
        }
        let tasks = f64::from(self.desired_count);
        let own = self.capacity_providers.as_ref().filter(|own| !own.is_empty()).cloned();
        let fargate = self.launch_type.as_deref() == Some("FARGATE");
        let of_cluster = || Some(look.referred(&self.cluster)?.default_strategy);
        let shares = if fargate { None } else { own.or_else(of_cluster) };
        let mut charges = if let Some(definition) = look.referred(&self.task_definition) {
            definition.always(&shares.unwrap_or_default(), tasks)
        } else {
            let why = "the task definition is not of this stack";
            vec![Charge::unknown("tasks", "fargate.vcpu_hour", why)]
        };
        if self.assign_public_ip {
            charges.push(Charge::hourly("addresses", "ec2.public_ipv4.hour", tasks));
        }
        Charges::Listed(charges)
    }

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        let mut arns: BTreeSet<String> = scope.swept.keys().cloned().collect();
        let is_swept = |name: &String| arns.iter().any(|arn| name_of(arn) == name);
        if scope.is_anybodys() || !scope.names.iter().all(is_swept) {
            for cluster in our_clusters(aws, scope).await? {
                let all = client(aws).list_services().cluster(&cluster).max_results(100);
                let all = all.into_paginator().items().send();
                arns.extend(all_pages(all).await?);
            }
        }
        let mut by_cluster: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for arn in arns {
            by_cluster.entry(cluster_of(&arn).to_owned()).or_default().push(arn);
        }
        let calls = by_cluster.iter().flat_map(|(cluster, arns)| {
            arns.chunks(DESCRIBED_AT_ONCE).map(|chunk| describe(aws, cluster, chunk))
        });
        let found = try_join_all(calls).await?.concat();
        let wanted = found.iter().filter(|service| {
            let name = service.service_name().unwrap_or_default();
            service.status() != Some("INACTIVE") && scope.wants(&read_tags(service.tags()), name)
        });
        wanted.map(read).collect()
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let shares = new.capacity_providers.as_ref().map(strategy).transpose()?;
        let answer = client(aws)
            .create_service()
            .cluster(new.cluster.as_str())
            .service_name(&*new.name)
            .task_definition(new.task_definition.as_str())
            .set_desired_count((!new.is_daemon()).then_some(new.desired_count))
            .set_launch_type(new.launch_type.as_deref().map(Into::into))
            .set_capacity_provider_strategy(shares)
            .set_platform_version(new.platform())
            .scheduling_strategy(new.scheduling.as_str().into())
            .set_network_configuration(new.network()?)
            .set_load_balancers(Some(new.load_balancers.iter().map(Target::send).collect()))
            .set_health_check_grace_period_seconds(new.grace_period())
            .deployment_configuration(new.deployment.send()?)
            .enable_execute_command(new.enable_execute_command)
            .enable_ecs_managed_tags(new.managed_tags)
            .propagate_tags(new.propagate_tags.as_str().into())
            .set_tags(Some(list(tags)?))
            .send()
            .await?;
        outputs(answer.service().ok_or_else(|| Error::missing("service"))?)
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        let arn = &was.outputs.arn;
        let was = &was.spec;
        let mut update = client(aws).update_service().cluster(cluster_of(arn)).service(arn);
        if was.task_definition != now.task_definition {
            update = update.task_definition(now.task_definition.as_str());
        }
        if was.desired_count != now.desired_count && !now.is_daemon() {
            update = update.desired_count(now.desired_count);
        }
        if let Some(shares) = now.capacity_providers.as_ref()
            && was.capacity_providers != now.capacity_providers
        {
            // AWS takes other capacity providers with a new deployment alone.
            update = update.set_capacity_provider_strategy(Some(strategy(shares)?));
            update = update.force_new_deployment(true);
        }
        if was.platform_version != now.platform_version {
            update = update.set_platform_version(now.platform());
        }
        if (&was.subnets, &was.security_groups, was.assign_public_ip)
            != (&now.subnets, &now.security_groups, now.assign_public_ip)
        {
            update = update.set_network_configuration(now.network()?);
        }
        if was.load_balancers != now.load_balancers {
            let targets = now.load_balancers.iter().map(Target::send).collect();
            update = update.set_load_balancers(Some(targets));
        }
        if was.health_check_grace_period != now.health_check_grace_period {
            update = update.health_check_grace_period_seconds(now.health_check_grace_period);
        }
        if was.deployment != now.deployment {
            update = update.deployment_configuration(now.deployment.send()?);
        }
        update
            .enable_execute_command(now.enable_execute_command)
            .enable_ecs_managed_tags(now.managed_tags)
            .propagate_tags(now.propagate_tags.as_str().into())
            .send()
            .await?;
        Ok(())
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        let arn = &was.outputs.arn;
        let cluster = cluster_of(arn);
        if !was.spec.is_daemon() {
            client(aws)
                .update_service()
                .cluster(cluster)
                .service(arn)
                .desired_count(0)
                .send()
                .await?;
        }
        client(aws).delete_service().cluster(cluster).service(arn).force(true).send().await?;
        Ok(())
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tag(aws, &was.outputs.arn, set, remove).await
    }

    async fn settle(aws: &Aws, outputs: &mut Outputs) -> Result<Status> {
        let arns = std::slice::from_ref(&outputs.arn);
        let found = describe(aws, cluster_of(&outputs.arn), arns).await?;
        let found = found.first().ok_or_else(|| Error::missing("service"))?;
        Ok(given_up(found).map_or_else(|| status(found), Status::Failed))
    }

    async fn gone(aws: &Aws, was: &Live<Self>) -> Result<bool> {
        let arns = std::slice::from_ref(&was.outputs.arn);
        let found = describe(aws, cluster_of(&was.outputs.arn), arns).await?;
        Ok(found.iter().all(|service| service.status() == Some("INACTIVE")))
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.launch_type.is_some() && self.capacity_providers.is_some() {
            let text = "a service has a launch type or capacity providers, not both";
            problems.push(Problem::at("launch_type", text));
        }
        if let Some(shares) = self.capacity_providers.as_ref() {
            problems.extend(check_bases(shares, "capacity_providers"));
        }
        if self.health_check_grace_period > 0 && self.load_balancers.is_empty() {
            let text = "only a load balancer's health checks have a grace period";
            problems.push(Problem::at("health_check_grace_period", text));
        }
        problems.extend(self.deployment.check());
        if self.subnets.is_empty() && self.launch_type.as_deref() == Some("FARGATE") {
            problems.push(Problem::at("subnets", "tasks on Fargate are in subnets"));
        }
        if self.is_daemon() && self.desired_count != 1 {
            let text = "a daemon runs once on every instance";
            problems.push(Problem::at("desired_count", text));
        }
        problems
    }
}

impl Service {
    fn is_daemon(&self) -> bool {
        *self.scheduling == "DAEMON"
    }

    /// Tasks on instances have no platform version.
    fn platform(&self) -> Option<String> {
        let is_ec2 = matches!(self.launch_type.as_deref(), Some("EC2" | "EXTERNAL"));
        (!is_ec2).then(|| self.platform_version.clone())
    }

    /// The network of the tasks, when they have one of their own.
    fn network(&self) -> Result<Option<NetworkConfiguration>> {
        if self.subnets.is_empty() {
            return Ok(None);
        }
        let public =
            if self.assign_public_ip { AssignPublicIp::Enabled } else { AssignPublicIp::Disabled };
        let vpc = AwsVpcConfiguration::builder()
            .set_subnets(Some(texts(&self.subnets)))
            .set_security_groups(Some(texts(&self.security_groups)))
            .assign_public_ip(public);
        Ok(Some(NetworkConfiguration::builder().awsvpc_configuration(vpc.build()?).build()))
    }

    /// AWS takes a grace period of services with a load balancer alone.
    fn grace_period(&self) -> Option<i32> {
        (!self.load_balancers.is_empty()).then_some(self.health_check_grace_period)
    }
}

impl Target {
    fn send(&self) -> AwsLoadBalancer {
        AwsLoadBalancer::builder()
            .target_group_arn(self.target_group.as_str())
            .container_name(&self.container)
            .container_port(self.port)
            .build()
    }

    fn read(found: &AwsLoadBalancer) -> Option<Self> {
        Some(Self {
            target_group: Ref::new(found.target_group_arn()?),
            container: found.container_name().unwrap_or_default().to_owned(),
            port: found.container_port().unwrap_or_default(),
        })
    }
}

fn texts<K>(refs: &Set<Ref<K, Id>>) -> Vec<String> {
    refs.iter().map(ToString::to_string).collect()
}

fn refs<K>(ids: Option<&[String]>) -> Set<Ref<K, Id>> {
    ids.into_iter().flatten().map(Ref::new).collect()
}

/// `service/CLUSTER/NAME`: the cluster's name.
fn cluster_of(arn: &str) -> &str {
    arn.rsplit('/').nth(1).unwrap_or_default()
}

fn name_of(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or_default()
}

/// The clusters of this stack and environment.
async fn our_clusters(aws: &Aws, scope: &Scope) -> Result<Vec<String>> {
    let arns = client(aws).list_clusters().into_paginator().items().send();
    let arns = all_pages(arns).await?;
    let calls = arns.chunks(CLUSTERS_AT_ONCE).map(|chunk| {
        let describe = client(aws).describe_clusters().set_clusters(Some(chunk.to_vec()));
        describe.include(ClusterField::Tags).send()
    });
    let found = try_join_all(calls).await?;
    let found = found.into_iter().flat_map(|answer| answer.clusters.unwrap_or_default());
    let owned = found.filter(|cluster| {
        cluster.status() == Some("ACTIVE") && scope.owns(&read_tags(cluster.tags()))
    });
    Ok(owned.filter_map(|cluster| cluster.cluster_arn).collect())
}

/// Services of one cluster, those that do not exist left out. A cluster that is gone has none.
async fn describe(aws: &Aws, cluster: &str, arns: &[String]) -> Result<Vec<AwsService>> {
    let describe = client(aws).describe_services().cluster(cluster);
    let describe = describe.set_services(Some(arns.to_vec())).include(ServiceField::Tags);
    let answer = describe.send().await.map_err(Error::from).absent()?;
    Ok(answer.and_then(|answer| answer.services).unwrap_or_default())
}

fn outputs(found: &AwsService) -> Result<Outputs> {
    Ok(Outputs {
        arn: found.service_arn().ok_or_else(|| Error::missing("serviceArn"))?.to_owned(),
        name: found.service_name().ok_or_else(|| Error::missing("serviceName"))?.to_owned(),
    })
}

fn read(found: &AwsService) -> Result<Live<Service>> {
    let outputs = outputs(found)?;
    let network =
        found.network_configuration().and_then(NetworkConfiguration::awsvpc_configuration);
    let scheduling = found.scheduling_strategy().map(|it| it.as_str().to_owned().into());
    let scheduling = scheduling.unwrap_or_else(replica);
    let is_daemon = *scheduling == "DAEMON";
    let shares = read_strategy(found.capacity_provider_strategy());
    Ok(Live {
        spec: Service {
            name: outputs.name.as_str().into(),
            cluster: Ref::new(found.cluster_arn().unwrap_or_default()).into(),
            task_definition: Ref::new(found.task_definition().unwrap_or_default()),
            desired_count: if is_daemon { 1 } else { found.desired_count() },
            launch_type: Auto(found.launch_type().map(|it| it.as_str().to_owned())).into(),
            capacity_providers: Auto((!shares.is_empty()).then_some(shares)),
            platform_version: found.platform_version().map_or_else(latest, ToOwned::to_owned),
            scheduling,
            subnets: refs(network.map(AwsVpcConfiguration::subnets)),
            security_groups: refs(network.map(AwsVpcConfiguration::security_groups)),
            assign_public_ip: network.and_then(AwsVpcConfiguration::assign_public_ip)
                == Some(&AssignPublicIp::Enabled),
            load_balancers: found.load_balancers().iter().filter_map(Target::read).collect(),
            health_check_grace_period: found
                .health_check_grace_period_seconds()
                .unwrap_or_default(),
            deployment: found.deployment_configuration().map(Deployment::read).unwrap_or_default(),
            enable_execute_command: found.enable_execute_command(),
            managed_tags: found.enable_ecs_managed_tags(),
            propagate_tags: found
                .propagate_tags()
                .map_or_else(|| "NONE".to_owned(), |it| it.as_str().to_owned()),
        },
        outputs,
        tags: read_tags(found.tags()),
        status: status(found),
    })
}
