//! `lambda.function`: `CreateFunction`, `UpdateFunctionCode`, `UpdateFunctionConfiguration`,
//! `AddPermission`, `PutFunctionConcurrency`.

mod charges;
mod code;
mod list;
mod permission;
mod settings;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_lambda::types::{Architecture as AwsArchitecture, PackageType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{client, map, tag};
use crate::aws::{Absent, Aws, Error, Result, eventually};
use crate::kind::field::Id;
use crate::kind::{
    Any, Arn, Charges, Immutable, Kind, Late, Live, Look, Name, Problem, Ref, Scope, Set, Status,
    Tags, UsageName, default,
};
use crate::kinds::ec2::{SecurityGroup, Subnet};
use crate::kinds::iam::Role;
use crate::kinds::kms::Key;
use crate::kinds::logs;
use code::Code;
use permission::Permission;
use settings::Logging;

/// A program that AWS runs when it is called.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Function {
    /// The function's name.
    #[schemars(regex(pattern = r"^[a-zA-Z0-9_-]+$"))]
    name: Name<64>,
    /// What the function is for.
    #[schemars(length(max = 256))]
    description: Option<String>,
    /// `ZIP`, or `IMAGE` for a container image.
    #[serde(default)]
    package: Immutable<Package>,
    /// The program: `${zip("export")}` for a folder beside the stack file, or an object in S3, or an
    /// image.
    code: Code,
    /// What runs the program: `python3.13`, `nodejs22.x`, `provided.al2023`. Images have their own.
    #[schemars(
        length(min = 1),
        regex(pattern = r"^(python|nodejs|java|dotnet|ruby|provided)[a-z0-9.]*$")
    )]
    runtime: Option<String>,
    /// What is called: `handler.main` is `main` in `handler.py`. Images have their own.
    #[schemars(length(min = 1, max = 128))]
    handler: Option<String>,
    /// The role that the function acts as. It has to trust `lambda.amazonaws.com`; what the function
    /// logs, and a network, need rights of their own.
    role: Ref<Role, Arn>,
    /// Memory in MiB; the processor's share grows with it.
    #[serde(default = "default::int::<128>")]
    #[schemars(range(min = 128, max = 10_240))]
    memory: i32,
    /// Seconds after which a call is ended.
    #[serde(default = "default::int::<3>")]
    #[schemars(range(min = 1, max = 900))]
    timeout: i32,
    /// The processor.
    #[serde(default)]
    architecture: Architecture,
    /// MiB under `/tmp`.
    #[serde(default = "default::int::<512>")]
    #[schemars(range(min = 512, max = 10_240))]
    ephemeral_storage: i32,
    /// Environment variables. Everybody who may see the function sees them: give ARNs of secrets
    /// here, not secrets.
    #[serde(default)]
    environment: BTreeMap<String, String>,
    /// The key that encrypts the environment variables; Lambda's own when left out.
    kms_key: Option<Ref<Key, Arn>>,
    /// The subnets that the function reaches others from; none for no network of yours. When the
    /// function goes, AWS takes its interfaces out of them after as much as 20 minutes.
    #[serde(default)]
    #[schemars(length(max = 16))]
    subnets: Set<Ref<Subnet, Id>>,
    /// The function's security groups.
    #[serde(default)]
    #[schemars(length(max = 5))]
    security_groups: Set<Ref<SecurityGroup, Id>>,
    /// Where and how the function logs.
    #[serde(default)]
    logging: Logging,
    /// By statement id, who else may call the function.
    #[serde(default)]
    permissions: Late<BTreeMap<String, Permission>>,
    /// How many calls may run at once, kept free for this function; 0 for none at all. As many as the
    /// account has free when left out.
    #[schemars(range(min = 0))]
    reserved_concurrency: Option<i32>,
    /// The queue or topic for events that the function failed at, of those that nobody waits for.
    dead_letter: Option<Ref<Any, Arn>>,
    /// Whether calls are traced with X-Ray.
    #[serde(default)]
    tracing: bool,
    /// Layers that are put under the program, by the ARNs of their versions, in this order.
    #[serde(default)]
    #[schemars(length(max = 5))]
    layers: Vec<String>,
}

/// How a program comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Package {
    #[default]
    Zip,
    Image,
}

/// A processor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Architecture {
    #[default]
    #[serde(rename = "x86_64")]
    X8664,
    Arm64,
}

/// What AWS decides about a function.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The function's ARN.
    arn: String,
    /// The function's name.
    name: String,
}

/// What AWS says while the function is made or changed.
const IN_PROGRESS: &[(&str, &str)] =
    &[("ResourceConflictException", "cannot be performed at this time")];

impl Kind for Function {
    const NAME: &'static str = "lambda.function";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = Some("lambda:function:");
    const TIMEOUT: Duration = Duration::from_mins(15);
    const EVENTUAL: &'static [(&'static str, &'static str)] = &[
        // A role, or rights of one, that came a moment ago.
        ("InvalidParameterValueException", "cannot be assumed by Lambda"),
        ("InvalidParameterValueException", "execution role does not have permissions"),
        ("InvalidParameterValueException", "KMS key is invalid for CreateGrant"),
    ];
    const USAGE: &'static [UsageName] = charges::USAGE;

    fn charges(&self, _look: &Look<'_>) -> Charges {
        Charges::Listed(self.charged())
    }

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        list::functions(aws, scope).await
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let create = client(aws)
            .create_function()
            .function_name(&*new.name)
            .package_type(match *new.package {
                Package::Zip => PackageType::Zip,
                Package::Image => PackageType::Image,
            })
            .code(new.code.send().await?)
            .architectures(new.architecture.send())
            .set_tags(Some(map(tags)));
        let made = settings::written!(new, create).send().await?;
        let arn = made.function_arn.ok_or_else(|| Error::missing("FunctionArn"))?;
        if let Some(count) = new.reserved_concurrency {
            eventually(IN_PROGRESS, || settings::reserve(aws, &arn, Some(count))).await?;
        }
        permission::change(aws, &arn, &BTreeMap::new(), &new.permissions).await?;
        Ok(Outputs { arn, name: new.name.to_string() })
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        let (arn, was) = (&was.outputs.arn, &was.spec);
        if !was.code.is_same(&now.code) || was.architecture != now.architecture {
            eventually(IN_PROGRESS, || now.code.update(aws, arn, now.architecture.send())).await?;
        }
        if settings::differ(was, now) {
            eventually(IN_PROGRESS, || settings::update(aws, arn, now)).await?;
        }
        if was.reserved_concurrency != now.reserved_concurrency {
            let count = now.reserved_concurrency;
            eventually(IN_PROGRESS, || settings::reserve(aws, arn, count)).await?;
        }
        permission::change(aws, arn, &was.permissions, &now.permissions).await
    }

    /// The group that Lambda made for the function's logs goes with it.
    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        let delete = client(aws).delete_function().function_name(&was.outputs.arn).send().await;
        delete.map_err(Error::from).absent()?;
        let group = settings::own_group(&was.spec.name);
        if was.spec.logging.is_in(&group) {
            logs::delete_made_by_service(aws, &group).await?;
        }
        Ok(())
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tag(aws, &was.outputs.arn, set, remove).await
    }

    async fn settle(aws: &Aws, outputs: &mut Outputs) -> Result<Status> {
        let get = client(aws).get_function_configuration().function_name(&outputs.arn);
        let found = get.send().await?;
        Ok(list::status(
            found.state(),
            found.state_reason(),
            found.last_update_status(),
            found.last_update_status_reason(),
        ))
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let is_image = *self.package == Package::Image;
        problems.extend(self.code.problem(is_image).map(|text| Problem::at("code", text)));
        for (field, given) in
            [("runtime", self.runtime.is_some()), ("handler", self.handler.is_some())]
        {
            if is_image && given {
                problems.push(Problem::at(field, format!("an image has its own {field}")));
            } else if !is_image && !given {
                problems.push(Problem::at(field, format!("a zip file needs a `{field}`")));
            }
        }
        if is_image && !self.layers.is_empty() {
            problems.push(Problem::at("layers", "an image has no layers"));
        }
        if self.subnets.is_empty() != self.security_groups.is_empty() {
            let text = "a network needs both `subnets` and `security_groups`";
            problems.push(Problem::at("subnets", text));
        }
        problems.extend(self.logging.problem().map(|text| Problem::at("logging", text)));
        problems.extend(settings::wrong_variable(&self.environment));
        problems
    }
}

impl Architecture {
    fn send(self) -> AwsArchitecture {
        match self {
            Self::X8664 => AwsArchitecture::X8664,
            Self::Arm64 => AwsArchitecture::Arm64,
        }
    }
}
