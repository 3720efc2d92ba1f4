//! `secretsmanager.secret`: `CreateSecret` with a value that is never read back.

use std::collections::BTreeSet;

use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::types::{ReplicaRegionType, Tag};
use futures::future::try_join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::client;
use crate::aws::{Absent, Aws, Class, Error, Result};
use crate::kind::{
    self, Arn, Charge, Charges, Holding, Json, Kind, Late, Live, Look, Name, Policy, Problem, Ref,
    Scope, Set, Status, Tags, UsageName, default, deletion, ownership,
};
use crate::kinds::kms;

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
    /// Days for which the secret can be had back once it is deleted, from 7 to 30; 0 deletes it at
    /// once and for good.
    #[serde(default = "deletion::default_days")]
    #[schemars(range(min = 0, max = 30))]
    deletion_days: i32,
    /// Copies in other regions.
    #[serde(default)]
    replicas: Set<Replica>,
}

/// How a secret's first value is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Generate {
    /// The number of characters.
    #[serde(default = "thirty_two")]
    #[schemars(range(min = 1, max = 4096))]
    length: i64,
    /// Characters that do not occur, such as `"@/\` for a database password.
    exclude_characters: Option<String>,
    /// Whether digits may occur.
    #[serde(default = "default::yes")]
    numbers: bool,
    /// Whether punctuation may occur.
    #[serde(default = "default::yes")]
    punctuation: bool,
    /// A JSON object that the generated text becomes a part of, such as `{ username: admin }`.
    template: Option<Json>,
    /// The generated text's key in the template, such as `password`.
    key: Option<String>,
}

/// A copy in another region.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Replica {
    /// The region.
    region: String,
    /// The key in that region that encrypts the copy; AWS's own when left out.
    kms_key: Option<Ref<kms::Key, Arn>>,
}

/// What AWS decides about a secret.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The secret's ARN.
    arn: String,
    /// The secret's name.
    name: String,
}

fn thirty_two() -> i64 {
    32
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
        // ListSecrets may be five minutes behind: each secret is asked after by name instead.
        let swept = scope.swept.keys().filter_map(|arn| name_of(arn));
        let names: BTreeSet<&str> = swept.chain(scope.names.iter().map(String::as_str)).collect();
        let found = try_join_all(names.into_iter().map(|name| async move {
            let Some(secret) = describe(aws, name).await.absent()? else { return Ok(None) };
            let is_copy = secret.primary_region().is_some_and(|region| region != aws.region());
            let is_gone = secret.deleted_date().is_some();
            if is_copy || is_gone || !scope.wants(&tags_of(&secret), name) {
                return Ok(None);
            }
            read(aws, &secret).await.map(Some)
        }));
        found.await.map(|found: Vec<Option<_>>| found.into_iter().flatten().collect())
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let tags = deletion::with_days(tags, new.deletion_days);
        let made = client(aws)
            .create_secret()
            .name(&*new.name)
            .set_description(new.description.clone())
            .set_kms_key_id(new.kms_key.as_ref().map(ToString::to_string))
            .set_secret_string(first_value(aws, new).await?)
            .set_tags(Some(aws_tags(&tags)))
            .set_add_replica_regions(aws_replicas(new.replicas.iter()))
            .send()
            .await;
        let made = match made.map_err(Error::from) {
            Err(error) if error.is_one_of(&[HELD]) => {
                return have_back(aws, new, &tags, error).await;
            }
            other => other?,
        };
        if new.policy.is_some() {
            put_policy(aws, new).await?;
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
        let mut problems = Vec::new();
        if self.value.is_some() && self.generate.is_some() {
            let message = "a secret has one first value: `value` and `generate` exclude each other";
            problems.push(Problem::at("generate", message));
        }
        if (1..7).contains(&self.deletion_days) {
            let message = "a deleted secret can be had back for 7 to 30 days";
            let help = "0 deletes it at once and for good";
            problems.push(Problem::at("deletion_days", message).help(help));
        }
        if let Some(generate) = &self.generate {
            match (&generate.template, &generate.key) {
                (Some(Json(Value::Object(_) | Value::String(_))), Some(_)) | (None, None) => {}
                (Some(_), Some(_)) => {
                    let message = "the template has to be an object";
                    problems.push(Problem::at("generate.template", message));
                }
                (Some(_), None) | (None, Some(_)) => {
                    let message = "`template` and `key` go together: the generated text becomes \
                                   the template's value of that key";
                    problems.push(Problem::at("generate", message));
                }
            }
        }
        problems
    }
}

/// The value to make the secret with.
async fn first_value(aws: &Aws, secret: &Secret) -> Result<Option<String>> {
    let Some(generate) = &secret.generate else {
        return Ok(secret.value.as_ref().map(|value| value.0.clone()));
    };
    let answer = client(aws)
        .get_random_password()
        .password_length(generate.length)
        .set_exclude_characters(generate.exclude_characters.clone())
        .exclude_numbers(!generate.numbers)
        .exclude_punctuation(!generate.punctuation)
        .send()
        .await?;
    let text = answer.random_password.ok_or_else(|| Error::missing("random password"))?;
    Ok(Some(match (&generate.template, &generate.key) {
        (Some(Json(Value::Object(template))), Some(key)) => {
            let mut whole = template.clone();
            whole.insert(key.clone(), text.into());
            Value::Object(whole).to_string()
        }
        _ => text,
    }))
}

/// A deleted secret still holds the name: if it was this one, it comes back.
async fn have_back(aws: &Aws, new: &Secret, tags: &Tags, held: Error) -> Result<Outputs> {
    let name = &*new.name;
    let Some(old) = describe(aws, name).await.absent()? else { return Err(held) };
    let old_tags = tags_of(&old);
    if deletion::days(&old_tags) == 0 {
        // It is going for good: a little later, the name is free.
        return Err(held);
    }
    let same = [ownership::STACK, ownership::ENVIRONMENT, ownership::ADDRESS];
    if same.iter().any(|key| old_tags.get(*key) != tags.get(*key)) {
        let message = format!(
            "a deleted secret that is not of this resource holds the name {name} until its \
             recovery window ends; have it back with `aws secretsmanager restore-secret \
             --secret-id {name}` and adopt it, or let it go with `aws secretsmanager delete-secret \
             --force-delete-without-recovery --secret-id {name}`"
        );
        return Err(Error { class: Class::Exists, code: "NameHeld".to_owned(), message, ..held });
    }
    client(aws).restore_secret().secret_id(name).send().await?;
    let was = read(aws, &old).await?;
    Secret::tag(aws, &was, tags, &[]).await?;
    Secret::update(aws, &was, new).await?;
    if let Some(value) = &new.value {
        client(aws).put_secret_value().secret_id(name).secret_string(&value.0).send().await?;
    }
    Ok(was.outputs)
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

async fn remove_replicas(
    aws: &Aws,
    secret: &str,
    replicas: impl Iterator<Item = &Replica>,
) -> Result<()> {
    let regions: Vec<String> = replicas.map(|replica| replica.region.clone()).collect();
    if !regions.is_empty() {
        let remove = client(aws).remove_regions_from_replication().secret_id(secret);
        remove.set_remove_replica_regions(Some(regions)).send().await?;
    }
    Ok(())
}

/// `None` for no replicas: AWS refuses an empty list.
fn aws_replicas<'a>(replicas: impl Iterator<Item = &'a Replica>) -> Option<Vec<ReplicaRegionType>> {
    let replicas: Vec<ReplicaRegionType> = replicas
        .map(|replica| {
            ReplicaRegionType::builder()
                .region(&replica.region)
                .set_kms_key_id(replica.kms_key.as_ref().map(ToString::to_string))
                .build()
        })
        .collect();
    (!replicas.is_empty()).then_some(replicas)
}

fn aws_tags(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// The name in a secret's ARN, which ends in `-` and six characters of AWS's choice.
fn name_of(arn: &str) -> Option<&str> {
    arn.rsplit_once(':')?.1.rsplit_once('-').map(|(name, _)| name)
}

async fn describe(aws: &Aws, name: &str) -> Result<DescribeSecretOutput> {
    Ok(client(aws).describe_secret().secret_id(name).send().await?)
}

fn tags_of(secret: &DescribeSecretOutput) -> Tags {
    let tags = secret.tags().iter();
    tags.filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned()))).collect()
}

async fn read(aws: &Aws, secret: &DescribeSecretOutput) -> Result<Live<Secret>> {
    let arn = secret.arn().ok_or_else(|| Error::missing("ARN of the secret"))?;
    let name = secret.name().ok_or_else(|| Error::missing("name of the secret"))?;
    let policy = client(aws).get_resource_policy().secret_id(arn).send().await;
    let policy = policy.map_err(Error::from).absent()?.and_then(|answer| answer.resource_policy);
    let own_key = |key: Option<&str>| key.filter(|key| !key.ends_with(AWS_KEY)).map(Ref::from);
    let tags = tags_of(secret);
    Ok(Live {
        spec: Secret {
            name: name.into(),
            description: secret.description().filter(|text| !text.is_empty()).map(Into::into),
            kms_key: own_key(secret.kms_key_id()),
            generate: None,
            value: None,
            policy: policy.map(|text| Policy::parse(&text)).into(),
            deletion_days: deletion::days(&tags),
            replicas: secret
                .replication_status()
                .iter()
                .filter_map(|replica| {
                    let region = replica.region()?.to_owned();
                    Some(Replica { region, kms_key: own_key(replica.kms_key_id()) })
                })
                .collect(),
        },
        outputs: Outputs { arn: arn.to_owned(), name: name.to_owned() },
        tags,
        status: Status::Usable,
    })
}
