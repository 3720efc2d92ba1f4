//! `secretsmanager.secret`: `CreateSecret` with a value that is never read back.

mod back;
mod list;
mod replicas;
mod rotation;
mod value;

use aws_smithy_types::DateTime;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::client;
use crate::aws::{Aws, Error, Result, eventually};
use crate::kind::{
    self, Arn, Charge, Charges, Holding, Kind, Late, Live, Look, Name, Policy, Problem, Ref, Scope,
    Set, Tags, UsageName, deletion,
};
use crate::kinds::kms;
use list::{aws_tags, describe};
use replicas::{Replica, aws_replicas, remove_replicas};
use rotation::Rotation;
use value::Generate;

/// A secret, such as a password. Its value is set when it is made, and never read back: whoever
/// changes it later, by hand or by rotation, is not overruled.
///
/// A deleted secret can be had back for `deletion_days`. When a secret of the same stack,
/// environment and address is made again within that time, it is had back with the value that it
/// had, unless `value` gives another.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// The secret's name.
    #[schemars(regex(pattern = r"^[A-Za-z0-9/_+=.@-]+$"))]
    name: Name<512>,
    /// What the secret is for.
    #[schemars(length(min = 1, max = 2048))]
    description: Option<String>,
    /// The key that encrypts the secret; AWS's own for Secrets Manager when left out.
    kms_key: Option<Ref<kms::Key, Arn>>,
    /// How the first value is made. Without this and without `value`, there is none yet.
    #[schemars(extend("writeOnly" = true))]
    generate: Option<Generate>,
    /// The first value, when it is not to be generated.
    value: Option<kind::Secret<String>>,
    /// Who may do what with the secret, beyond what their own policies say. A policy that lets
    /// everyone in is refused.
    policy: Late<Option<Policy>>,
    /// How the value changes by itself; it does not when left out. AWS rotates the secrets that it
    /// manages, such as those of databases, without this.
    #[serde(default)]
    rotation: Late<Option<Rotation>>,
    /// Days for which the secret can be had back once it is deleted, from 7 to 30; 0 deletes it at
    /// once and for good.
    #[serde(default = "deletion::default_days")]
    #[schemars(range(min = 0, max = 30))]
    deletion_days: i32,
    /// Copies in other regions.
    #[serde(default)]
    replicas: Set<Replica>,
}

/// What AWS decides about a secret.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The secret's ARN.
    arn: String,
    /// The secret's name.
    name: String,
}

/// The key of secrets that name none.
const AWS_KEY: &str = "alias/aws/secretsmanager";

/// What AWS says about a secret that is deleted already.
const GOING: (&str, &str) = ("InvalidRequestException", "marked ");
/// What AWS says about a name that a deleted secret still holds.
const HELD: (&str, &str) = ("InvalidRequestException", "scheduled for deletion");

impl Kind for Secret {
    const NAME: &'static str = "secretsmanager.secret";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = Some("secretsmanager:secret:");
    /// A name is free a while after its secret is gone for good, a secret can be deleted a while
    /// after its copies, and a new principal is not known everywhere at once.
    const EVENTUAL: &'static [(&'static str, &'static str)] = &[
        HELD,
        ("InvalidRequestException", "replica"),
        ("MalformedPolicyDocumentException", "principal"),
        rotation::NOT_YET,
    ];
    const DATA: bool = true;
    const USAGE: &'static [UsageName] =
        &[UsageName::new("requests", "Requests a month, in tens of thousands.")];

    fn charges(&self, _look: &Look<'_>) -> Charges {
        let copies = i32::try_from(self.replicas.len()).map_or(0.0, f64::from);
        Charges::Listed(vec![
            Charge::monthly("secret and its copies", "secretsmanager.secret", 1.0 + copies),
            Charge::used("requests", "secretsmanager.requests", "requests"),
        ])
    }

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        list::secrets(aws, scope).await
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let tags = deletion::with_days(tags, new.deletion_days);
        let made = client(aws)
            .create_secret()
            .name(&*new.name)
            .set_description(new.description.clone())
            .set_kms_key_id(new.kms_key.as_ref().map(ToString::to_string))
            .set_secret_string(value::first_value(aws, new).await?)
            .set_tags(Some(aws_tags(&tags)))
            .set_add_replica_regions(aws_replicas(new.replicas.iter()))
            .send()
            .await;
        let made = match made.map_err(Error::from) {
            Err(error) if error.is_one_of(&[HELD]) => {
                return back::have_back(aws, new, &tags, error).await;
            }
            other => other?,
        };
        if new.policy.is_some() {
            eventually(Self::EVENTUAL, || put_policy(aws, new)).await?;
        }
        if let Some(rotation) = &*new.rotation {
            eventually(Self::EVENTUAL, || rotation.set(aws, &new.name)).await?;
        }
        let arn = made.arn.ok_or_else(|| Error::missing("ARN of the secret"))?;
        Ok(Outputs { arn, name: new.name.to_string() })
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        let (live, was, name) = (was, &was.spec, &*now.name);
        if was.description != now.description || was.kms_key != now.kms_key {
            let key = now.kms_key.as_ref().map_or(AWS_KEY, |key| key.as_str());
            client(aws)
                .update_secret()
                .secret_id(name)
                .description(now.description.clone().unwrap_or_default())
                .set_kms_key_id((was.kms_key != now.kms_key).then(|| key.to_owned()))
                .send()
                .await?;
        }
        if was.policy != now.policy {
            put_policy(aws, now).await?;
        }
        if was.rotation != now.rotation {
            match &*now.rotation {
                Some(rotation) => rotation.set(aws, name).await?,
                None => rotation::cancel(aws, name).await?,
            }
        }
        if was.deletion_days != now.deletion_days {
            Self::tag(aws, live, &deletion::tag(now.deletion_days), &[]).await?;
        }
        // A copy with another key is made anew.
        remove_replicas(aws, name, was.replicas.minus(&now.replicas)).await?;
        if let Some(added) = aws_replicas(now.replicas.minus(&was.replicas)) {
            let replicate = client(aws).replicate_secret_to_regions().secret_id(name);
            replicate.set_add_replica_regions(Some(added)).send().await?;
        }
        Ok(())
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        let (spec, arn) = (&was.spec, &was.outputs.arn);
        remove_replicas(aws, arn, spec.replicas.iter()).await?;
        let days = Some(i64::from(spec.deletion_days)).filter(|days| *days > 0);
        let deleted = client(aws)
            .delete_secret()
            .secret_id(arn)
            .set_recovery_window_in_days(days)
            .set_force_delete_without_recovery(days.is_none().then_some(true))
            .send()
            .await;
        match deleted.map_err(Error::from) {
            // The answer to an earlier try was lost: it is on its way out.
            Err(error) if !error.is_one_of(&[HELD, GOING]) => Err(error),
            _ => Ok(()),
        }
    }

    async fn created(aws: &Aws, was: &Live<Self>) -> Result<Option<i64>> {
        let secret = list::describe(aws, &was.spec.name).await?;
        Ok(secret.created_date().map(DateTime::secs))
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        let arn = &was.outputs.arn;
        if !set.is_empty() {
            let tags = Some(aws_tags(set));
            client(aws).tag_resource().secret_id(arn).set_tags(tags).send().await?;
        }
        if !remove.is_empty() {
            let keys = Some(remove.to_vec());
            client(aws).untag_resource().secret_id(arn).set_tag_keys(keys).send().await?;
        }
        Ok(())
    }

    /// A secret may have no value yet. Deleting it deletes the value, so that there is nothing to
    /// empty.
    async fn holds(aws: &Aws, was: &Live<Self>) -> Result<Option<Holding>> {
        let secret = describe(aws, &was.outputs.arn).await?;
        let versions = secret.version_ids_to_stages().map_or(0, std::collections::HashMap::len);
        let holding = Holding::count(versions, false, "secret value", "secret values");
        Ok(holding.map(|holding| holding.for_days(was.spec.deletion_days)))
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = value::problems(self);
        if (1..7).contains(&self.deletion_days) {
            let message = "a deleted secret can be had back for 7 to 30 days";
            let help = "0 deletes it at once and for good";
            problems.push(Problem::at("deletion_days", message).help(help));
        }
        problems.extend(self.rotation.as_ref().and_then(Rotation::problem));
        problems
    }
}

async fn put_policy(aws: &Aws, secret: &Secret) -> Result<()> {
    let name = &*secret.name;
    if let Some(policy) = &*secret.policy {
        let put = client(aws).put_resource_policy().secret_id(name).block_public_policy(true);
        put.resource_policy(policy.to_string()).send().await?;
    } else {
        client(aws).delete_resource_policy().secret_id(name).send().await?;
    }
    Ok(())
}
