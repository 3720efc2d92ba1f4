//! Trails as AWS lists them: `DescribeTrails`, and what has calls of its own for each.

use aws_sdk_cloudtrail::types::Trail as AwsTrail;
use futures::future::try_join_all;

use super::selectors;
use super::{Logs, Outputs, Trail, client, tags_of};
use crate::aws::{Absent, Aws, Error, Result};
use crate::kind::{Live, Scope, Set, Status};

/// The scope's trails. Those of other regions, which show here as shadows, are left out.
pub(super) async fn trails(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Trail>>> {
    let list = client(aws).describe_trails().include_shadow_trails(false).send().await?;
    let found = list.trail_list().iter().map(|trail| find(aws, scope, trail));
    Ok(try_join_all(found).await?.into_iter().flatten().collect())
}

/// The trail, if it is of interest and still there.
async fn find(aws: &Aws, scope: &Scope, trail: &AwsTrail) -> Result<Option<Live<Trail>>> {
    let name = trail.name().ok_or_else(|| Error::missing("Name"))?;
    let arn = trail.trail_arn().ok_or_else(|| Error::missing("TrailARN"))?;
    let tags = scope.tags_if_wanted(arn, name, tags_of(aws, arn)).await.absent()?.flatten();
    let Some(tags) = tags else { return Ok(None) };
    let status = client(aws).get_trail_status().name(arn).send().await;
    let Some(status) = status.map_err(Error::from).absent()? else { return Ok(None) };
    let Some((events, advanced_events)) = selectors::get(aws, arn).await.absent()? else {
        return Ok(None);
    };
    let insights = match trail.has_insight_selectors() {
        Some(true) => selectors::get_insights(aws, arn).await?,
        _ => Set::default(),
    };
    let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(ToOwned::to_owned);
    let group = text(trail.cloud_watch_logs_log_group_arn());
    let logs = group.map(|group| Logs {
        group: group.trim_end_matches(":*").into(),
        role: trail.cloud_watch_logs_role_arn().unwrap_or_default().into(),
    });
    Ok(Some(Live {
        spec: Trail {
            name: name.into(),
            bucket: trail.s3_bucket_name().unwrap_or_default().into(),
            prefix: text(trail.s3_key_prefix()),
            kms_key: text(trail.kms_key_id()).map(Into::into),
            multi_region: trail.is_multi_region_trail().unwrap_or_default(),
            global_events: trail.include_global_service_events().unwrap_or_default(),
            log_file_validation: trail.log_file_validation_enabled().unwrap_or_default(),
            logs,
            topic: text(trail.sns_topic_arn()).map(Into::into),
            events,
            advanced_events,
            insights,
            logging: status.is_logging().unwrap_or_default(),
        },
        outputs: Outputs { name: name.to_owned(), arn: arn.to_owned() },
        tags,
        status: Status::Usable,
    }))
}
