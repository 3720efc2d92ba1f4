//! `kms.key`: `CreateKey`, `CreateAlias`, `EnableKeyRotation`, `PutKeyPolicy`.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Deref;

use aws_sdk_kms::types::{AliasListEntry, KeyManagerType, KeyMetadata, KeyState, Tag};
use aws_smithy_types::DateTime;
use futures::future::try_join_all;
use futures::try_join;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;

use super::client;
use crate::aws::{self, Absent, Aws, Error, Result, all_pages};
use crate::kind::{
    Auto, Charge, Charges, Immutable, Kind, Late, Live, Look, Policy, Problem, Scope, Status, Tags,
    UsageName, default, deletion,
};

/// A key that never leaves KMS, with the alias that names it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// The alias that names the key, with or without `alias/` before it.
    alias: Alias,
    /// What the key is for.
    #[schemars(length(min = 1, max = 8192))]
    description: Option<String>,
    /// Whether the key can be used.
    #[serde(default = "default::yes")]
    enabled: bool,
    /// Days after which KMS renews the key's material, from 90 to 2560; 0 never does. What was
    /// encrypted before stays readable.
    #[serde(default = "default::int::<365>")]
    #[schemars(range(min = 0, max = 2560))]
    rotation_days: i32,
    /// Who may use and manage the key. When left out, a new key gets the policy that leaves it to
    /// the IAM policies of the account.
    policy: Late<Auto<Policy>>,
    /// Days for which the key can be had back once it is deleted.
    #[serde(default = "deletion::default_days")]
    #[schemars(range(min = 7, max = 30))]
    deletion_days: i32,
    /// What the key does: `ENCRYPT_DECRYPT`, `SIGN_VERIFY`, `GENERATE_VERIFY_MAC` or
    /// `KEY_AGREEMENT`.
    #[serde(default = "encrypt_decrypt")]
    #[schemars(extend("enum" = ["ENCRYPT_DECRYPT", "SIGN_VERIFY", "GENERATE_VERIFY_MAC",
        "KEY_AGREEMENT"]))]
    usage: Immutable<String>,
    /// The kind of key material, such as `RSA_3072`; `SYMMETRIC_DEFAULT` is what AWS's services
    /// encrypt with.
    #[serde(default = "symmetric")]
    spec: Immutable<String>,
    /// Whether other regions can have a replica of the key.
    #[serde(default)]
    multi_region: Immutable<bool>,
}

/// An alias without `alias/`. It names the key, and can change while the key stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Alias(String);

/// What AWS decides about a key.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The key's id.
    id: String,
    /// The key's ARN.
    arn: String,
    /// The alias, with `alias/` before it.
    alias: String,
}

impl Deref for Alias {
    type Target = String;
    fn deref(&self) -> &String {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Alias {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(Self(text.strip_prefix("alias/").map(ToOwned::to_owned).unwrap_or(text)))
    }
}

impl JsonSchema for Alias {
    fn schema_name() -> Cow<'static, str> {
        "Alias".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string", "minLength": 1, "maxLength": 250, "x-name": true,
            "pattern": "^(alias/)?[a-zA-Z0-9/_-]+$",
        })
    }
}

impl Alias {
    fn full(&self) -> String {
        format!("alias/{}", self.0)
    }
}

fn encrypt_decrypt() -> Immutable<String> {
    "ENCRYPT_DECRYPT".to_owned().into()
}

fn symmetric() -> Immutable<String> {
    "SYMMETRIC_DEFAULT".to_owned().into()
}

/// A new key is not known everywhere at once.
const NEW: &[(&str, &str)] = &[("NotFoundException", "")];

impl Kind for Key {
    const NAME: &'static str = "kms.key";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = Some("kms:key/");
    /// Nor is a principal that was just made.
    const EVENTUAL: &'static [(&'static str, &'static str)] =
        &[("MalformedPolicyDocumentException", "invalid principals")];
    // It holds nothing by itself, and can be had back for days. What is encrypted with it refers to
    // it, and so keeps it.
    const DATA: bool = true;
    const USAGE: &'static [UsageName] =
        &[UsageName::new("requests", "Requests a month, in tens of thousands.")];

    fn charges(&self, _look: &Look<'_>) -> Charges {
        let requests = match self.spec.as_str() {
            "SYMMETRIC_DEFAULT" => "kms.requests",
            _ => "kms.asymmetric_requests",
        };
        Charges::Listed(vec![
            Charge::monthly("key", "kms.key", 1.0),
            Charge::used("requests", requests, "requests"),
        ])
    }

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        let aliases = client(aws).list_aliases().into_paginator().items().send();
        let aliases = all_pages(aliases).await?;
        let ids = scope.swept.keys().filter_map(|arn| Some(arn.rsplit_once('/')?.1.to_owned()));
        let mut candidates: BTreeSet<String> = ids.collect();
        for alias in &aliases {
            if let (Some(id), Some(name)) = (alias.target_key_id(), short(alias))
                && scope.wants_name(&name)
                && !(scope.is_anybodys() && name.starts_with("aws/"))
            {
                candidates.insert(id.to_owned());
            }
        }
        if candidates.len() < scope.declared {
            // A run that was cut short may have made a key that has no alias yet, nor is in the sweep.
            let keys = client(aws).list_keys().into_paginator().items().send();
            let keys = all_pages(keys).await?.into_iter().filter_map(|key| key.key_id);
            let named = |id: &str| aliases.iter().any(|alias| alias.target_key_id() == Some(id));
            candidates.extend(keys.filter(|id| !named(id)));
        }
        let found = candidates.into_iter().map(|id| find(aws, scope, id, &aliases));
        Ok(try_join_all(found).await?.into_iter().flatten().collect())
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let made = client(aws)
            .create_key()
            .set_description(new.description.clone())
            .key_usage(new.usage.as_str().into())
            .key_spec(new.spec.as_str().into())
            .multi_region(*new.multi_region)
            .set_policy(new.policy.as_ref().map(ToString::to_string))
            .set_tags(Some(aws_tags(&deletion::with_days(tags, new.deletion_days))?))
            .send()
            .await?;
        let made = made.key_metadata.ok_or_else(|| Error::missing("key"))?;
        let id = &made.key_id;
        aws::eventually(NEW, || create_alias(aws, id, &new.alias)).await?;
        if new.rotation_days > 0 {
            aws::eventually(NEW, || set_rotation(aws, id, new)).await?;
        }
        if !new.enabled {
            aws::eventually(NEW, || set_enabled(aws, id, new)).await?;
        }
        outputs(&made, &new.alias)
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        let (live, was, id) = (was, &was.spec, &was.outputs.id);
        // A key that is turned off takes fewer changes: on first, off last.
        if !was.enabled && now.enabled {
            set_enabled(aws, id, now).await?;
        }
        if was.alias != now.alias {
            create_alias(aws, id, &now.alias).await?;
            delete_alias(aws, &was.alias).await?;
        }
        if was.description != now.description {
            let text = now.description.clone().unwrap_or_default();
            client(aws).update_key_description().key_id(id).description(text).send().await?;
        }
        if was.rotation_days != now.rotation_days {
            set_rotation(aws, id, now).await?;
        }
        if was.policy != now.policy {
            put_policy(aws, id, now).await?;
        }
        if was.deletion_days != now.deletion_days {
            Self::tag(aws, live, &deletion::tag(now.deletion_days), &[]).await?;
        }
        if was.enabled && !now.enabled {
            set_enabled(aws, id, now).await?;
        }
        Ok(())
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        delete_alias(aws, &was.spec.alias).await?;
        let schedule = client(aws).schedule_key_deletion().key_id(&was.outputs.id);
        let schedule = schedule.pending_window_in_days(was.spec.deletion_days).send().await;
        match schedule.map_err(Error::from) {
            Err(error) if !error.is_one_of(&[("KMSInvalidStateException", "pending deletion")]) => {
                Err(error)
            }
            _ => Ok(()),
        }
    }

    async fn created(aws: &Aws, was: &Live<Self>) -> Result<Option<i64>> {
        let answer = client(aws).describe_key().key_id(&was.outputs.id).send().await?;
        let made = answer.key_metadata().and_then(|key| key.creation_date());
        Ok(made.map(DateTime::secs))
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        let id = &was.outputs.id;
        if !set.is_empty() {
            let tags = Some(aws_tags(set)?);
            client(aws).tag_resource().key_id(id).set_tags(tags).send().await?;
        }
        if !remove.is_empty() {
            let keys = Some(remove.to_vec());
            client(aws).untag_resource().key_id(id).set_tag_keys(keys).send().await?;
        }
        Ok(())
    }

    fn check(&self) -> Vec<Problem> {
        if (1..90).contains(&self.rotation_days) {
            let message = "KMS renews a key after 90 to 2560 days";
            return vec![Problem::at("rotation_days", message).help("0 turns the renewal off")];
        }
        if self.rotation_days > 0 && self.spec.as_str() != "SYMMETRIC_DEFAULT" {
            let message = format!("KMS does not renew keys of the spec `{}`", *self.spec);
            return vec![Problem::at("rotation_days", message).help("add `rotation_days: 0`")];
        }
        Vec::new()
    }
}

async fn create_alias(aws: &Aws, id: &str, alias: &Alias) -> Result<()> {
    client(aws).create_alias().alias_name(alias.full()).target_key_id(id).send().await?;
    Ok(())
}

async fn delete_alias(aws: &Aws, alias: &Alias) -> Result<()> {
    if !alias.is_empty() {
        let delete = client(aws).delete_alias().alias_name(alias.full()).send().await;
        delete.map_err(Error::from).absent()?;
    }
    Ok(())
}

async fn set_rotation(aws: &Aws, id: &str, key: &Key) -> Result<()> {
    if key.rotation_days > 0 {
        let enable = client(aws).enable_key_rotation().key_id(id);
        enable.rotation_period_in_days(key.rotation_days).send().await?;
    } else {
        client(aws).disable_key_rotation().key_id(id).send().await?;
    }
    Ok(())
}

async fn set_enabled(aws: &Aws, id: &str, key: &Key) -> Result<()> {
    if key.enabled {
        client(aws).enable_key().key_id(id).send().await?;
    } else {
        client(aws).disable_key().key_id(id).send().await?;
    }
    Ok(())
}

async fn put_policy(aws: &Aws, id: &str, key: &Key) -> Result<()> {
    let policy = key.policy.as_ref().cloned().unwrap_or_else(|| account_policy(aws));
    client(aws).put_key_policy().key_id(id).policy(policy.to_string()).send().await?;
    Ok(())
}

/// The policy that KMS gives to a key made without one.
fn account_policy(aws: &Aws) -> Policy {
    Policy::from(json!({ "Statement": {
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": { "AWS": aws.account() },
        "Action": "kms:*",
        "Resource": "*",
    }}))
}

fn aws_tags(tags: &Tags) -> Result<Vec<Tag>> {
    let tag = |(key, value)| Ok(Tag::builder().tag_key(key).tag_value(value).build()?);
    tags.iter().map(tag).collect()
}

/// Reads a key that may be ours, or in the way; `None` when it is not, or is on its way out.
async fn find(
    aws: &Aws,
    scope: &Scope,
    id: String,
    aliases: &[AliasListEntry],
) -> Result<Option<Live<Key>>> {
    let key = client(aws).describe_key().key_id(&id).send().await.map_err(Error::from).absent()?;
    let Some(key) = key.and_then(|answer| answer.key_metadata) else { return Ok(None) };
    let state = key.key_state();
    if matches!(state, Some(KeyState::PendingDeletion | KeyState::PendingReplicaDeletion)) {
        return Ok(None);
    }
    if scope.is_anybodys() && key.key_manager() == Some(&KeyManagerType::Aws) {
        return Ok(None);
    }
    // Of the key itself: the sweep lags, and one of the tags says how long a deletion waits.
    let tags = tags_of(aws, &id).await?;
    let of_key = aliases.iter().filter(|alias| alias.target_key_id() == Some(&id));
    let mut names: Vec<String> = of_key.filter_map(short).collect();
    names.sort_by_key(|name| (!scope.names.contains(name), name.clone()));
    let alias = Alias(names.into_iter().next().unwrap_or_default());
    if !scope.wants(&tags, &alias) {
        return Ok(None);
    }
    read(aws, &key, alias, tags).await.map(Some)
}

async fn read(aws: &Aws, key: &KeyMetadata, alias: Alias, tags: Tags) -> Result<Live<Key>> {
    let spec = key.key_spec().map_or("SYMMETRIC_DEFAULT", |spec| spec.as_str());
    let rotation_days = async {
        if spec != "SYMMETRIC_DEFAULT" {
            return Ok(0);
        }
        let answer = client(aws).get_key_rotation_status().key_id(key.key_id()).send().await?;
        let days = answer.rotation_period_in_days().unwrap_or(365);
        Ok(if answer.key_rotation_enabled() { days } else { 0 })
    };
    let policy = async {
        let answer = client(aws).get_key_policy().key_id(key.key_id()).send().await?;
        Ok::<_, Error>(answer.policy().map(Policy::parse))
    };
    let (rotation_days, policy) = try_join!(rotation_days, policy)?;
    let outputs = outputs(key, &alias)?;
    Ok(Live {
        spec: Key {
            alias,
            description: key.description().filter(|text| !text.is_empty()).map(Into::into),
            enabled: key.enabled(),
            rotation_days,
            policy: Auto(policy).into(),
            deletion_days: deletion::days(&tags),
            usage: key.key_usage().map_or_else(encrypt_decrypt, |u| u.as_str().to_owned().into()),
            spec: spec.to_owned().into(),
            multi_region: key.multi_region().unwrap_or_default().into(),
        },
        outputs,
        tags,
        status: match key.key_state() {
            Some(state @ (KeyState::Creating | KeyState::Updating)) => {
                Status::Pending(state.as_str().to_owned())
            }
            _ => Status::Usable,
        },
    })
}

fn outputs(key: &KeyMetadata, alias: &Alias) -> Result<Outputs> {
    let arn = key.arn().ok_or_else(|| Error::missing("ARN of the key"))?.to_owned();
    Ok(Outputs { id: key.key_id().to_owned(), arn, alias: alias.full() })
}

/// The text of an alias after `alias/`.
fn short(alias: &AliasListEntry) -> Option<String> {
    alias.alias_name()?.strip_prefix("alias/").map(ToOwned::to_owned)
}

async fn tags_of(aws: &Aws, id: &str) -> Result<Tags> {
    let tags = client(aws).list_resource_tags().key_id(id).into_paginator().items().send();
    let tags = all_pages(tags).await?;
    Ok(tags.into_iter().map(|tag| (tag.tag_key, tag.tag_value)).collect())
}
