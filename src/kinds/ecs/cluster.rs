//! `ecs.cluster`

use aws_sdk_ecs::types::{
    Cluster as AwsCluster, ClusterConfiguration, ClusterField, ClusterSetting, ClusterSettingName,
    ExecuteCommandConfiguration, ExecuteCommandLogConfiguration, ExecuteCommandLogging,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Share, client, list, read_strategy, read_tags, strategy, tag};
use crate::aws::{Aws, Error, Result, all_pages};
use crate::kind::field::NameOutput;
use crate::kind::{
    Arn, Charge, Charges, Kind, Live, Look, Name, Problem, Ref, Scope, Set, Status, Tags, UsageName,
};
use crate::kinds::kms::Key;
use crate::kinds::logs::{LogGroup, delete_made_by_service};

/// A place for tasks and services to run in.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cluster {
    /// The cluster's name.
    name: Name<255>,
    /// What CloudWatch is told: `enhanced` for metrics down to the container, `enabled` for those
    /// of tasks and services, `disabled` for the free ones alone.
    #[serde(default = "enhanced")]
    #[schemars(extend("enum" = ["enhanced", "enabled", "disabled"]))]
    container_insights: String,
    /// Where tasks may run.
    #[serde(default = "fargate")]
    capacity_providers: Set<String>,
    /// Where tasks run when neither they nor their service say so.
    #[serde(default = "on_fargate")]
    pub(super) default_strategy: Set<Share>,
    /// The key that encrypts sessions of ECS Exec; TLS alone when left out.
    exec_kms_key: Option<Ref<Key, Arn>>,
    /// The log group that keeps what is typed in sessions of ECS Exec; the task's own when left
    /// out.
    exec_log_group: Option<Ref<LogGroup, NameOutput>>,
}

/// What AWS decides about a cluster.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The cluster's ARN.
    arn: String,
    /// The cluster's name.
    name: String,
}

fn enhanced() -> String {
    "enhanced".to_owned()
}

fn fargate() -> Set<String> {
    Set::new(["FARGATE".to_owned(), "FARGATE_SPOT".to_owned()])
}

fn on_fargate() -> Set<Share> {
    Set::new([Share { provider: "FARGATE".to_owned(), weight: 1, base: 0 }])
}

/// How many clusters one `DescribeClusters` takes, or tasks one `DescribeTasks`.
const DESCRIBED_AT_ONCE: usize = 100;
const HAS_TASKS: (&str, &str) = ("ClusterContainsTasksException", "");

impl Kind for Cluster {
    const NAME: &'static str = "ecs.cluster";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = Some("ecs:cluster/");
    // The first cluster of an account makes a role for ECS, which takes a moment.
    const EVENTUAL: &'static [(&'static str, &'static str)] = &[
        ("InvalidParameterException", "service linked role"),
        ("UpdateInProgressException", ""),
        ("ResourceInUseException", ""),
        ("ClusterContainsServicesException", ""),
        HAS_TASKS,
    ];
    const USAGE: &'static [UsageName] = &[UsageName::new(
        "metrics",
        "Metrics of Container Insights in an average month, or millions of observations where it \
         is `enhanced`.",
    )];

    fn charges(&self, _look: &Look<'_>) -> Charges {
        let item = match self.container_insights.as_str() {
            "disabled" => return Charges::Free,
            "enabled" => "cloudwatch.metric",
            _ => "cloudwatch.observations",
        };
        Charges::Listed(vec![Charge::used("Container Insights", item, "metrics")])
    }

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        let mut arns: Vec<String> = scope.swept.keys().cloned().collect();
        arns.extend(scope.names.iter().map(|name| aws.arn("ecs", &format!("cluster/{name}"))));
        if scope.is_anybodys() {
            arns.extend(
                all_pages(client(aws).list_clusters().into_paginator().items().send()).await?,
            );
        }
        arns.sort();
        arns.dedup();
        let found = describe(aws, &arns).await?;
        let wanted = found.iter().filter(|cluster| {
            let name = cluster.cluster_name().unwrap_or_default();
            cluster.status() != Some("INACTIVE") && scope.wants(&read_tags(cluster.tags()), name)
        });
        wanted.map(read).collect()
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let answer = client(aws)
            .create_cluster()
            .cluster_name(&*new.name)
            .settings(insights(new))
            .set_configuration(Some(configuration(new)))
            .set_capacity_providers(Some(new.capacity_providers.to_vec()))
            .set_default_capacity_provider_strategy(Some(strategy(&new.default_strategy)?))
            .set_tags(Some(list(tags)?))
            .send()
            .await?;
        outputs(answer.cluster().ok_or_else(|| Error::missing("cluster"))?)
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        let (arn, was) = (&was.outputs.arn, &was.spec);
        if (&was.container_insights, &was.exec_kms_key, &was.exec_log_group)
            != (&now.container_insights, &now.exec_kms_key, &now.exec_log_group)
        {
            let update = client(aws).update_cluster().cluster(arn).settings(insights(now));
            update.configuration(configuration(now)).send().await?;
        }
        if (&was.capacity_providers, &was.default_strategy)
            != (&now.capacity_providers, &now.default_strategy)
        {
            client(aws)
                .put_cluster_capacity_providers()
                .cluster(arn)
                .set_capacity_providers(Some(now.capacity_providers.to_vec()))
                .set_default_capacity_provider_strategy(Some(strategy(&now.default_strategy)?))
                .send()
                .await?;
        }
        Ok(())
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        // Container Insights makes this group, and keeps what is in it for a day. It goes first: a
        // run that is cut short behind it finds the cluster again, but would not find the group.
        let insights = format!("/aws/ecs/containerinsights/{}/performance", was.outputs.name);
        delete_made_by_service(aws, &insights).await?;
        let cluster = &was.outputs.arn;
        let deleted = client(aws).delete_cluster().cluster(cluster).send().await;
        let deleted = deleted.map(drop).map_err(Error::from);
        if deleted.as_ref().is_err_and(|error| error.is_one_of(&[HAS_TASKS])) {
            // Those of services end with them. What a schedule or a person has started runs on.
            stop_tasks(aws, cluster).await?;
        }
        deleted
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tag(aws, &was.outputs.arn, set, remove).await
    }

    async fn settle(aws: &Aws, outputs: &mut Outputs) -> Result<Status> {
        let found = describe(aws, std::slice::from_ref(&outputs.arn)).await?;
        Ok(status(found.first().ok_or_else(|| Error::missing("cluster"))?))
    }

    async fn gone(aws: &Aws, was: &Live<Self>) -> Result<bool> {
        let found = describe(aws, std::slice::from_ref(&was.outputs.arn)).await?;
        Ok(found.iter().all(|cluster| cluster.status() == Some("INACTIVE")))
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for share in &*self.default_strategy {
            if !self.capacity_providers.contains(&share.provider) {
                let text = format!("`{}` is not among the capacity providers", share.provider);
                problems.push(Problem::at("default_strategy", text));
            }
        }
        problems.extend(check_bases(&self.default_strategy, "default_strategy"));
        problems
    }
}

/// What AWS would refuse about a strategy.
pub(super) fn check_bases(shares: &[Share], path: &str) -> Option<Problem> {
    let with_base = shares.iter().filter(|share| share.base > 0).count();
    (with_base > 1).then(|| Problem::at(path, "only one capacity provider may have a `base`"))
}

/// Stops the tasks of a cluster that belong to no service.
async fn stop_tasks(aws: &Aws, cluster: &str) -> Result<()> {
    let tasks = client(aws).list_tasks().cluster(cluster).into_paginator().items().send();
    let tasks = all_pages(tasks).await?;
    for tasks in tasks.chunks(DESCRIBED_AT_ONCE) {
        let tasks = client(aws).describe_tasks().cluster(cluster).set_tasks(Some(tasks.to_vec()));
        for task in tasks.send().await?.tasks() {
            if task.group().is_some_and(|group| group.starts_with("service:")) {
                continue;
            }
            let stop = client(aws).stop_task().cluster(cluster).set_task(task.task_arn.clone());
            stop.reason("the cluster is being deleted").send().await?;
        }
    }
    Ok(())
}

/// Clusters by ARN, those that do not exist left out.
async fn describe(aws: &Aws, arns: &[String]) -> Result<Vec<AwsCluster>> {
    let calls = arns.chunks(DESCRIBED_AT_ONCE).map(|chunk| {
        let describe = client(aws).describe_clusters().set_clusters(Some(chunk.to_vec()));
        describe
            .include(ClusterField::Tags)
            .include(ClusterField::Settings)
            .include(ClusterField::Configurations)
            .send()
    });
    let answers = futures::future::try_join_all(calls).await?;
    Ok(answers.into_iter().flat_map(|answer| answer.clusters.unwrap_or_default()).collect())
}

fn insights(cluster: &Cluster) -> ClusterSetting {
    let setting = ClusterSetting::builder().name(ClusterSettingName::ContainerInsights);
    setting.value(&cluster.container_insights).build()
}

fn configuration(cluster: &Cluster) -> ClusterConfiguration {
    let log = cluster.exec_log_group.as_ref().map(|group| {
        ExecuteCommandLogConfiguration::builder().cloud_watch_log_group_name(group.as_str()).build()
    });
    let logging = if log.is_some() {
        ExecuteCommandLogging::Override
    } else {
        ExecuteCommandLogging::Default
    };
    let exec = ExecuteCommandConfiguration::builder()
        .set_kms_key_id(cluster.exec_kms_key.as_ref().map(ToString::to_string))
        .logging(logging)
        .set_log_configuration(log);
    ClusterConfiguration::builder().execute_command_configuration(exec.build()).build()
}

fn status(found: &AwsCluster) -> Status {
    match found.status() {
        Some("PROVISIONING") => Status::Pending("PROVISIONING".to_owned()),
        Some("DEPROVISIONING" | "INACTIVE") => Status::Deleting,
        Some("FAILED") => Status::Failed("its capacity providers could not be made".to_owned()),
        _ => match found.attachments_status() {
            Some(state @ "UPDATE_IN_PROGRESS") => Status::Pending(state.to_owned()),
            _ => Status::Usable,
        },
    }
}

fn outputs(found: &AwsCluster) -> Result<Outputs> {
    Ok(Outputs {
        arn: found.cluster_arn().ok_or_else(|| Error::missing("clusterArn"))?.to_owned(),
        name: found.cluster_name().ok_or_else(|| Error::missing("clusterName"))?.to_owned(),
    })
}

fn read(found: &AwsCluster) -> Result<Live<Cluster>> {
    let outputs = outputs(found)?;
    let insights = found
        .settings()
        .iter()
        .find(|setting| setting.name() == Some(&ClusterSettingName::ContainerInsights))
        .and_then(ClusterSetting::value);
    let exec = found.configuration().and_then(ClusterConfiguration::execute_command_configuration);
    let log = exec
        .and_then(ExecuteCommandConfiguration::log_configuration)
        .and_then(ExecuteCommandLogConfiguration::cloud_watch_log_group_name);
    Ok(Live {
        spec: Cluster {
            name: outputs.name.as_str().into(),
            container_insights: insights.unwrap_or("disabled").to_owned(),
            capacity_providers: found.capacity_providers().iter().cloned().collect(),
            default_strategy: read_strategy(found.default_capacity_provider_strategy()),
            exec_kms_key: exec.and_then(ExecuteCommandConfiguration::kms_key_id).map(Ref::new),
            exec_log_group: log.map(Ref::new),
        },
        outputs,
        tags: read_tags(found.tags()),
        status: status(found),
    })
}
