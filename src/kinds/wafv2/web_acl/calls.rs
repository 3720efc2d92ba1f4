//! What is not in `CreateWebACL` and `UpdateWebACL`: what the web ACL is in front of, where it logs,
//! and the mark of its state.

use aws_sdk_wafv2::types::LoggingConfiguration;

use super::{WebAcl, client};
use crate::aws::{Absent, Aws, Error, Result};
use crate::kind::{Any, Arn, Live, Ref, Set};
use crate::kinds::elbv2::LoadBalancer;

/// The mark of the web ACL's present state, which AWS wants back with a change.
pub(super) async fn lock_token(aws: &Aws, was: &Live<WebAcl>) -> Result<String> {
    let get = client(aws).get_web_acl().name(&*was.spec.name).id(&was.outputs.id);
    let answer = get.scope(was.spec.scope.aws()).send().await?;
    answer.lock_token.ok_or_else(|| Error::missing("LockToken"))
}

/// Puts the web ACL in front of the load balancers, and of no others.
pub(super) async fn associate(
    aws: &Aws,
    arn: &str,
    was: &Set<Ref<LoadBalancer, Arn>>,
    now: &Set<Ref<LoadBalancer, Arn>>,
) -> Result<()> {
    for balancer in was.minus(now) {
        let gone = client(aws).disassociate_web_acl().resource_arn(balancer.as_str()).send().await;
        gone.map_err(Error::from).map(drop).absent()?;
    }
    for balancer in now.minus(was) {
        let associate = client(aws).associate_web_acl().web_acl_arn(arn);
        associate.resource_arn(balancer.as_str()).send().await?;
    }
    Ok(())
}

pub(super) async fn set_logs(aws: &Aws, arn: &str, logs: Option<&Ref<Any, Arn>>) -> Result<()> {
    if let Some(logs) = logs {
        let logging = LoggingConfiguration::builder().resource_arn(arn);
        // A log group's ARN with `:*` at its end stands for its streams.
        let logging = logging.log_destination_configs(logs.trim_end_matches(":*")).build()?;
        client(aws).put_logging_configuration().logging_configuration(logging).send().await?;
    } else {
        client(aws).delete_logging_configuration().resource_arn(arn).send().await?;
    }
    Ok(())
}
