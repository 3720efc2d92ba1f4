//! Web ACLs as AWS lists them: `ListWebACLs` of a scope, `GetWebACL`, and what they are in front of.

use aws_sdk_wafv2::types::{Rule as AwsRule, VisibilityConfig, WebAcl as AwsWebAcl};
use futures::future::try_join_all;

use super::rule::Rule;
use super::{For, Otherwise, Outputs, WebAcl, client, tags_of};
use crate::aws::{Absent, Aws, Error, Result};
use crate::kind::{Live, Scope, Set, Status, Tags};

/// A web ACL by what names it.
#[derive(PartialEq)]
struct Named {
    of: For,
    name: String,
    id: String,
    arn: String,
}

impl Named {
    /// From `arn:aws:wafv2:REGION:ACCOUNT:regional/webacl/NAME/ID`.
    fn of_arn(arn: &str) -> Option<Self> {
        let mut parts = arn.splitn(6, ':').nth(5)?.split('/');
        let of = match parts.next()? {
            "global" => For::CloudFront,
            _ => For::Regional,
        };
        let is_acl = parts.next()? == "webacl";
        let (name, id) = (parts.next()?.to_owned(), parts.next()?.to_owned());
        is_acl.then(|| Self { of, name, id, arn: arn.to_owned() })
    }
}

/// The scope's web ACLs. When the sweep knows as many as are declared, no list is asked for.
pub(super) async fn web_acls(aws: &Aws, scope: &Scope) -> Result<Vec<Live<WebAcl>>> {
    let swept = scope.swept.keys().filter_map(|arn| Named::of_arn(arn));
    let swept = find_all(aws, scope, swept.collect()).await?;
    if scope.are_all(swept.iter().map(|acl| &acl.tags)) {
        return Ok(swept);
    }
    let mut all = listed(aws, For::Regional).await?;
    // Only this region knows those of CloudFront.
    if aws.region() == "us-east-1" {
        all.extend(listed(aws, For::CloudFront).await?);
    }
    find_all(aws, scope, all).await
}

async fn listed(aws: &Aws, of: For) -> Result<Vec<Named>> {
    let mut all = Vec::new();
    let mut marker = None;
    loop {
        let list = client(aws).list_web_acls().scope(of.aws()).limit(100);
        let answer = list.set_next_marker(marker).send().await?;
        all.extend(answer.web_acls().iter().filter_map(|acl| Named::of_arn(acl.arn()?)));
        marker = answer.next_marker.filter(|_| answer.web_acls.is_some_and(|all| !all.is_empty()));
        if marker.is_none() {
            return Ok(all);
        }
    }
}

async fn find_all(aws: &Aws, scope: &Scope, all: Vec<Named>) -> Result<Vec<Live<WebAcl>>> {
    let found = try_join_all(all.iter().map(|named| find(aws, scope, named))).await?;
    Ok(found.into_iter().flatten().collect())
}

/// The web ACL, if it is of interest and still there.
async fn find(aws: &Aws, scope: &Scope, named: &Named) -> Result<Option<Live<WebAcl>>> {
    let Named { of, name, id, arn } = named;
    let tags = scope.tags_if_wanted(arn, name, tags_of(aws, arn)).await.absent()?.flatten();
    let Some(tags) = tags else { return Ok(None) };
    let get = client(aws).get_web_acl().name(name).id(id).scope(of.aws());
    let answer = get.send().await.map_err(Error::from).absent()?;
    let Some(acl) = answer.and_then(|answer| answer.web_acl) else { return Ok(None) };
    let balancers = match of {
        // Distributions say themselves which web ACL they have.
        For::CloudFront => Vec::new(),
        For::Regional => {
            let list = client(aws).list_resources_for_web_acl().web_acl_arn(arn).send().await;
            let answer = list.map_err(Error::from).absent()?;
            answer.and_then(|answer| answer.resource_arns).unwrap_or_default()
        }
    };
    let logging = client(aws).get_logging_configuration().resource_arn(arn).send().await;
    let logging = logging.map_err(Error::from).absent()?.and_then(|it| it.logging_configuration);
    let logs = logging.and_then(|it| it.log_destination_configs.into_iter().next());
    Ok(Some(read(*of, &acl, balancers, logs, tags)))
}

fn read(
    of: For,
    acl: &AwsWebAcl,
    balancers: Vec<String>,
    logs: Option<String>,
    tags: Tags,
) -> Live<WebAcl> {
    let mut rules: Vec<&AwsRule> = acl.rules().iter().collect();
    rules.sort_by_key(|rule| rule.priority());
    let blocks = acl.default_action().is_some_and(|action| action.block().is_some());
    let all = |is: fn(&VisibilityConfig) -> bool| {
        let of_rules = rules.iter().map(|rule| rule.visibility_config());
        of_rules.chain([acl.visibility_config()]).flatten().all(is)
    };
    let balancers: Set<_> = balancers.into_iter().map(Into::into).collect();
    Live {
        spec: WebAcl {
            name: acl.name().into(),
            description: acl.description().filter(|text| !text.is_empty()).map(Into::into),
            scope: of.into(),
            default_action: if blocks { Otherwise::Block } else { Otherwise::Allow },
            metrics: all(VisibilityConfig::cloud_watch_metrics_enabled),
            samples: all(VisibilityConfig::sampled_requests_enabled),
            rules: rules.into_iter().map(Rule::read).collect(),
            load_balancers: balancers.into(),
            logs: logs.map(|arn| arn.trim_end_matches(":*").into()),
        },
        outputs: Outputs { id: acl.id().to_owned(), arn: acl.arn().to_owned() },
        tags,
        status: Status::Usable,
    }
}
