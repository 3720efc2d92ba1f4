//! The rules of a security group in the account: read, and brought to what they shall be.

use aws_sdk_ec2::types::{IpPermission, SecurityGroup as AwsSecurityGroup};

use super::groups::describe;
use super::rule::{Rule, Rules};
use super::{client, filter};
use crate::aws::{Aws, Class, Error, Result, eventually};

/// What a group lets in and out.
pub(super) fn rules(aws: &Aws, group: &AwsSecurityGroup) -> (Rules, Rules) {
    let read = |permissions: &[IpPermission]| Rules::read(permissions, aws.account());
    (read(group.ip_permissions()), read(group.ip_permissions_egress()))
}

/// Errors of a call that the SDK has sent again because its answer was lost.
const DONE_ALREADY: &[(&str, &str)] =
    &[("InvalidPermission.Duplicate", ""), ("InvalidPermission.NotFound", "")];

/// Brings the rules of a group to those given, from what they are at this moment.
pub(super) async fn set_rules(aws: &Aws, id: &str, ingress: &Rules, egress: &Rules) -> Result<()> {
    eventually(DONE_ALREADY, || async {
        let mut groups = describe(aws, vec![filter("group-id", [id])]).await?.into_iter();
        // Emulators overlook filters; what is changed must be this group and no other.
        let group = groups.find(|group| group.group_id() == Some(id));
        let group = group.ok_or_else(|| {
            Error::new(Class::NotFound, "InvalidGroup.NotFound", format!("{id} does not exist"))
        })?;
        let (was_in, was_out) = rules(aws, &group);
        change(aws, id, Way::In, &was_in, ingress).await?;
        change(aws, id, Way::Out, &was_out, egress).await
    })
    .await
}

#[derive(Clone, Copy)]
enum Way {
    In,
    Out,
}

#[derive(Clone, Copy)]
enum Verb {
    Authorize,
    Reword,
    Revoke,
}

/// New rules are there before old ones go, so that nothing is cut off in between.
async fn change(aws: &Aws, id: &str, way: Way, was: &Rules, now: &Rules) -> Result<()> {
    let in_both = |rule: &Rule, others: &Rules| others.iter().any(|o| o.lets_through_same(rule));
    let (reworded, added): (Vec<&Rule>, Vec<&Rule>) =
        now.minus(was).partition(|rule| in_both(rule, was));
    let removed: Vec<&Rule> = was.minus(now).filter(|rule| !in_both(rule, now)).collect();
    send(aws, id, way, Verb::Authorize, &added).await?;
    send(aws, id, way, Verb::Reword, &reworded).await?;
    send(aws, id, way, Verb::Revoke, &removed).await
}

/// One call for all rules; EC2 has one for each verb and way.
async fn send(aws: &Aws, id: &str, way: Way, verb: Verb, rules: &[&Rule]) -> Result<()> {
    if rules.is_empty() {
        return Ok(());
    }
    let permissions = rules.iter().map(|rule| rule.permission()).collect();
    let client = client(aws);
    macro_rules! call {
        ($name:ident) => {{
            let call = client.$name().group_id(id).set_ip_permissions(Some(permissions));
            call.send().await?;
        }};
    }
    match (verb, way) {
        (Verb::Authorize, Way::In) => call!(authorize_security_group_ingress),
        (Verb::Authorize, Way::Out) => call!(authorize_security_group_egress),
        (Verb::Reword, Way::In) => call!(update_security_group_rule_descriptions_ingress),
        (Verb::Reword, Way::Out) => call!(update_security_group_rule_descriptions_egress),
        (Verb::Revoke, Way::In) => call!(revoke_security_group_ingress),
        (Verb::Revoke, Way::Out) => call!(revoke_security_group_egress),
    }
    Ok(())
}
