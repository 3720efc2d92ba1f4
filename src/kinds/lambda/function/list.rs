//! Functions as AWS shows them: `ListFunctions`, and for each of ours `GetFunction`, which alone has
//! tags, state and image, and `GetPolicy`.

use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use aws_sdk_lambda::types::{
    Architecture as AwsArchitecture, Concurrency, DeadLetterConfig, EnvironmentResponse,
    EphemeralStorage, FunctionConfiguration, LastUpdateStatus, PackageType, State,
    TracingConfigResponse, TracingMode, VpcConfigResponse,
};
use futures::{StreamExt, TryStreamExt, stream};

use super::{
    Architecture, Code, Function, Logging, Outputs, Package, Permission, client, permission,
};
use crate::aws::{Absent, Aws, Error, Result, all_pages};
use crate::kind::{Live, Ref, Scope, Set, Status, Tags};

/// Calls about single functions under way at once.
const AT_ONCE: usize = 8;

/// The scope's functions: those that it knows by tags or by name.
pub(super) async fn functions(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Function>>> {
    if scope.swept.is_empty() && scope.names.is_empty() && !scope.is_anybodys() {
        return Ok(Vec::new());
    }
    let list = all_pages(client(aws).list_functions().into_paginator().items().send()).await?;
    let candidates: Vec<String> = list
        .into_iter()
        .filter_map(|one| Some((one.function_arn?, one.function_name?)))
        .filter(|(arn, name)| scope.is_candidate(arn, name))
        .map(|(arn, _)| arn)
        .collect();
    let found = stream::iter(candidates.into_iter().map(|arn| find(aws, scope, arn)));
    let found: Vec<Option<_>> = found.buffered(AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

async fn find(aws: &Aws, scope: &Scope, arn: String) -> Result<Option<Live<Function>>> {
    let get = client(aws).get_function().function_name(&arn).send().await;
    let Some(found) = get.map_err(Error::from).absent()? else { return Ok(None) };
    let tags: Tags = found.tags.clone().unwrap_or_default().into_iter().collect();
    let function = found.configuration().ok_or_else(|| Error::missing("Configuration"))?;
    let name = function.function_name().ok_or_else(|| Error::missing("FunctionName"))?;
    if !scope.wants(&tags, name) {
        return Ok(None);
    }
    let permissions = permission::read(aws, &arn).await?;
    read(&found, function, name, permissions, tags).map(Some)
}

fn read(
    found: &GetFunctionOutput,
    function: &FunctionConfiguration,
    name: &str,
    permissions: std::collections::BTreeMap<String, Permission>,
    tags: Tags,
) -> Result<Live<Function>> {
    let arn = function.function_arn().ok_or_else(|| Error::missing("FunctionArn"))?;
    let is_image = function.package_type() == Some(&PackageType::Image);
    let image = found.code().and_then(|code| code.image_uri()).filter(|_| is_image);
    let network = function.vpc_config();
    let ids = |part: fn(&VpcConfigResponse) -> &[String]| network.map(part).unwrap_or_default();
    let dead_letter = function.dead_letter_config().and_then(DeadLetterConfig::target_arn);
    let given = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(ToOwned::to_owned);
    let variables = function.environment().and_then(EnvironmentResponse::variables);
    let is_arm = function.architectures().contains(&AwsArchitecture::Arm64);
    Ok(Live {
        spec: Function {
            name: name.into(),
            description: given(function.description()),
            package: if is_image { Package::Image } else { Package::Zip }.into(),
            code: Code::live(function.code_sha256(), image),
            runtime: function.runtime().map(|it| it.as_str().to_owned()),
            handler: given(function.handler()),
            role: Ref::new(function.role().unwrap_or_default()),
            memory: function.memory_size().unwrap_or(128),
            timeout: function.timeout().unwrap_or(3),
            architecture: if is_arm { Architecture::Arm64 } else { Architecture::X8664 },
            ephemeral_storage: function.ephemeral_storage().map_or(512, EphemeralStorage::size),
            environment: variables.cloned().unwrap_or_default().into_iter().collect(),
            kms_key: given(function.kms_key_arn()).map(Ref::from),
            subnets: refs(ids(VpcConfigResponse::subnet_ids)),
            security_groups: refs(ids(VpcConfigResponse::security_group_ids)),
            logging: Logging::read(function.logging_config()),
            permissions: permissions.into(),
            reserved_concurrency: found
                .concurrency()
                .and_then(Concurrency::reserved_concurrent_executions),
            dead_letter: given(dead_letter).map(Ref::from),
            tracing: function.tracing_config().and_then(TracingConfigResponse::mode)
                == Some(&TracingMode::Active),
            layers: function.layers().iter().filter_map(|it| it.arn().map(Into::into)).collect(),
        },
        outputs: Outputs { arn: arn.to_owned(), name: name.to_owned() },
        tags,
        status: status(
            function.state(),
            function.state_reason(),
            function.last_update_status(),
            function.last_update_status_reason(),
        ),
    })
}

fn refs<K, O>(ids: &[String]) -> Set<Ref<K, O>>
where
    Ref<K, O>: serde::Serialize,
{
    ids.iter().map(|id| Ref::new(id.as_str())).collect()
}

/// Whether a function can be called. One that nobody has called for weeks is inactive until then.
pub(super) fn status(
    state: Option<&State>,
    why: Option<&str>,
    update: Option<&LastUpdateStatus>,
    why_not_updated: Option<&str>,
) -> Status {
    match (state, update) {
        (Some(State::Pending), _) => Status::Pending("Pending".to_owned()),
        (Some(State::Deleting), _) => Status::Deleting,
        (Some(State::Failed), _) => Status::Failed(why.unwrap_or("Failed").to_owned()),
        (_, Some(LastUpdateStatus::InProgress)) => Status::Pending("InProgress".to_owned()),
        (_, Some(LastUpdateStatus::Failed)) => {
            Status::Failed(why_not_updated.unwrap_or("the last update failed").to_owned())
        }
        _ => Status::Usable,
    }
}
