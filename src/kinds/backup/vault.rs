//! `backup.vault`: `CreateBackupVault`, `PutBackupVaultAccessPolicy`, `PutBackupVaultLockConfiguration`.

use std::time::Duration;

use aws_sdk_backup::types::{
    BackupVaultListMember, RecoveryPointByBackupVault, RecoveryPointStatus,
};
use futures::future::try_join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{client, map, tag, tags_of};
use crate::aws::{Absent, Aws, Class, Error, Result, all_pages};
use crate::kind::{
    Arn, Auto, Blocker, Charge, Charges, Holding, Immutable, Kind, Live, Look, Name, Policy,
    Problem, Ref, Scope, Status, Tags, UsageName,
};
use crate::kinds::kms::Key;

/// A container for the recovery points that AWS Backup makes. AWS deletes none that holds any.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Vault {
    /// The vault's name, unique in its region.
    #[schemars(regex(pattern = r"^[a-zA-Z0-9_-]{2,50}$"))]
    name: Name<50>,
    /// The key that encrypts the recovery points; AWS Backup's own when left out.
    #[serde(default)]
    kms_key: Immutable<Auto<Ref<Key, Arn>>>,
    /// Who may do what with the recovery points.
    policy: Option<Policy>,
    /// Keeps recovery points from being deleted before their time.
    lock: Option<Lock>,
}

/// A vault's lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// Jobs whose recovery points would be kept for fewer days are refused.
    #[schemars(range(min = 1, max = 36_500))]
    min_retention_days: Option<i64>,
    /// Jobs whose recovery points would be kept for more days are refused.
    #[schemars(range(min = 1, max = 36_500))]
    max_retention_days: Option<i64>,
    /// Whether, after three days, nobody can change or take away the lock any more: not you, not
    /// AWS. The vault and the bills for what is in it then stay until the last recovery point ends.
    #[serde(default)]
    compliance: bool,
}

/// The days for which a lock that is to become final can still be taken away: AWS's minimum.
const GRACE_DAYS: i64 = 3;

/// What AWS decides about a vault.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The vault's name.
    name: String,
    /// The vault's ARN.
    arn: String,
}

impl Kind for Vault {
    const NAME: &'static str = "backup.vault";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = Some("backup:backup-vault:");
    const DATA: bool = true;
    const FULL: &'static [(&'static str, &'static str)] =
        &[("InvalidRequestException", "contains recovery points")];
    // Large recovery points take their time to go.
    const TIMEOUT: Duration = Duration::from_mins(30);
    const USAGE: &'static [UsageName] = &[
        UsageName::new("warm_gb", "GB of recovery points in warm storage."),
        UsageName::new("cold_gb", "GB of recovery points in cold storage."),
    ];

    fn charges(&self, _look: &Look<'_>) -> Charges {
        Charges::Listed(vec![
            Charge::used("warm storage", "backup.warm_gb", "warm_gb"),
            Charge::used("cold storage", "backup.cold_gb", "cold_gb"),
        ])
    }

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        let vaults = client(aws).list_backup_vaults().into_paginator().items().send();
        let vaults = all_pages(vaults).await?;
        let found = vaults.iter().map(|vault| find(aws, scope, vault));
        Ok(try_join_all(found).await?.into_iter().flatten().collect())
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let answer = client(aws)
            .create_backup_vault()
            .backup_vault_name(&*new.name)
            .set_encryption_key_arn(new.kms_key.as_ref().map(ToString::to_string))
            .set_backup_vault_tags(Some(map(tags)))
            .send()
            .await?;
        if new.policy.is_some() {
            set_policy(aws, new).await?;
        }
        if new.lock.is_some() {
            set_lock(aws, new).await?;
        }
        let arn = answer.backup_vault_arn.ok_or_else(|| Error::missing("BackupVaultArn"))?;
        Ok(Outputs { name: new.name.to_string(), arn })
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        if was.spec.policy != now.policy {
            set_policy(aws, now).await?;
        }
        if was.spec.lock != now.lock {
            set_lock(aws, now).await?;
        }
        Ok(())
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        client(aws).delete_backup_vault().backup_vault_name(&was.outputs.name).send().await?;
        Ok(())
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tag(aws, &was.outputs.arn, set, remove).await
    }

    /// Recovery points are encrypted with the vault's key or, for some services, with that of what
    /// was backed up: all pages are read for those.
    async fn holds(aws: &Aws, was: &Live<Self>) -> Result<Option<Holding>> {
        let points = points(aws, &was.outputs.name).await?;
        let size = points.iter().filter_map(RecoveryPointByBackupVault::backup_size_in_bytes).sum();
        let keys = points.iter().filter_map(RecoveryPointByBackupVault::encryption_key_arn);
        let needs = keys.map(ToOwned::to_owned).collect();
        let holding = Holding::count(points.len(), false, "recovery point", "recovery points");
        Ok(holding.map(|holding| Holding { needs, ..holding.size(size) }))
    }

    async fn empty(aws: &Aws, was: &Live<Self>) -> Result<()> {
        let vault = &was.outputs.name;
        let points = points(aws, vault).await?;
        for point in &points {
            let Some(arn) = point.recovery_point_arn() else { continue };
            if point.status() == Some(&RecoveryPointStatus::Deleting) {
                continue;
            }
            let delete = client(aws).delete_recovery_point().backup_vault_name(vault);
            let deleted = delete.recovery_point_arn(arn).send().await.map_err(Error::from);
            deleted.map(drop).absent().map_err(|error| match error.code.as_str() {
                // A backup or a copy that is under way: it can be deleted once it has ended.
                "InvalidResourceStateException" => Error { class: Class::Busy, ..error },
                _ => error,
            })?;
        }
        match points.len() {
            0 => Ok(()),
            count => {
                let message = format!("{count} recovery points of {vault} are being deleted");
                Err(Error::new(Class::Busy, "RecoveryPointsDeleting", message))
            }
        }
    }

    async fn blockers(aws: &Aws, was: &Live<Self>) -> Vec<Blocker> {
        let points = points(aws, &was.outputs.name).await.unwrap_or_default();
        let holding = Holding::count(points.len(), false, "recovery point", "recovery points");
        let blocker = |it: Holding| Blocker { what: format!("{} to go", it.what), remedy: None };
        holding.map(blocker).into_iter().collect()
    }

    fn check(&self) -> Vec<Problem> {
        let Some(lock) = &self.lock else { return Vec::new() };
        match (lock.min_retention_days, lock.max_retention_days) {
            (Some(min), Some(max)) if min > max => vec![Problem::at(
                "lock.min_retention_days",
                format!("{min} days are more than `max_retention_days`, {max}"),
            )],
            _ => Vec::new(),
        }
    }
}

async fn points(aws: &Aws, vault: &str) -> Result<Vec<RecoveryPointByBackupVault>> {
    let points = client(aws).list_recovery_points_by_backup_vault().backup_vault_name(vault);
    all_pages(points.into_paginator().items().send()).await
}

async fn set_policy(aws: &Aws, vault: &Vault) -> Result<()> {
    if let Some(policy) = &vault.policy {
        let put = client(aws).put_backup_vault_access_policy().backup_vault_name(&*vault.name);
        put.policy(policy.to_string()).send().await?;
    } else {
        let delete = client(aws).delete_backup_vault_access_policy();
        delete.backup_vault_name(&*vault.name).send().await?;
    }
    Ok(())
}

async fn set_lock(aws: &Aws, vault: &Vault) -> Result<()> {
    if let Some(lock) = &vault.lock {
        client(aws)
            .put_backup_vault_lock_configuration()
            .backup_vault_name(&*vault.name)
            .set_min_retention_days(lock.min_retention_days)
            .set_max_retention_days(lock.max_retention_days)
            .set_changeable_for_days(lock.compliance.then_some(GRACE_DAYS))
            .send()
            .await?;
    } else {
        let delete = client(aws).delete_backup_vault_lock_configuration();
        delete.backup_vault_name(&*vault.name).send().await?;
    }
    Ok(())
}

/// The vault, if it is of interest.
async fn find(
    aws: &Aws,
    scope: &Scope,
    vault: &BackupVaultListMember,
) -> Result<Option<Live<Vault>>> {
    let name = vault.backup_vault_name().ok_or_else(|| Error::missing("BackupVaultName"))?;
    let arn = vault.backup_vault_arn().ok_or_else(|| Error::missing("BackupVaultArn"))?;
    let is_aws = name == "Default" || name.starts_with("aws/");
    if scope.is_anybodys() && is_aws {
        return Ok(None);
    }
    let Some(tags) = scope.tags_if_wanted(arn, name, tags_of(aws, arn)).await? else {
        return Ok(None);
    };
    let policy = client(aws).get_backup_vault_access_policy().backup_vault_name(name).send().await;
    let policy = policy.map_err(Error::from).absent()?.and_then(|answer| answer.policy);
    let lock = vault.locked().unwrap_or_default().then(|| Lock {
        min_retention_days: vault.min_retention_days(),
        max_retention_days: vault.max_retention_days(),
        compliance: vault.lock_date().is_some(),
    });
    Ok(Some(Live {
        spec: Vault {
            name: name.into(),
            kms_key: Auto(vault.encryption_key_arn().map(Into::into)).into(),
            policy: policy.map(|policy| Policy::parse(&policy)),
            lock,
        },
        outputs: Outputs { name: name.to_owned(), arn: arn.to_owned() },
        tags,
        status: Status::Usable,
    }))
}
