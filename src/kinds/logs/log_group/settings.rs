//! Settings of a log group that AWS takes one by one.

use super::{LogGroup, client};
use crate::aws::{Aws, Result};

pub(super) async fn set_retention(aws: &Aws, group: &LogGroup) -> Result<()> {
    if group.retention_days == 0 {
        client(aws).delete_retention_policy().log_group_name(&*group.name).send().await?;
    } else {
        let put = client(aws).put_retention_policy().log_group_name(&*group.name);
        put.retention_in_days(group.retention_days).send().await?;
    }
    Ok(())
}

pub(super) async fn set_key(aws: &Aws, group: &LogGroup) -> Result<()> {
    if let Some(key) = &group.kms_key {
        let associate = client(aws).associate_kms_key().log_group_name(&*group.name);
        associate.kms_key_id(key.as_str()).send().await?;
    } else {
        client(aws).disassociate_kms_key().log_group_name(&*group.name).send().await?;
    }
    Ok(())
}

pub(super) async fn set_protection(aws: &Aws, group: &LogGroup) -> Result<()> {
    let put = client(aws).put_log_group_deletion_protection().log_group_identifier(&*group.name);
    put.deletion_protection_enabled(group.deletion_protection).send().await?;
    Ok(())
}
