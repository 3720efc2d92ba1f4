//! Who else may call a function: the statements of its policy.

use std::collections::BTreeMap;

use aws_sdk_lambda::types::FunctionUrlAuthType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{IN_PROGRESS, client};
use crate::aws::{Absent, Aws, Error, Result, eventually};
use crate::kind::{Any, Arn, Ref};

/// Who else may call a function. Roles of the own account need no permission here, but one of theirs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Permission {
    /// Who: a service such as `events.amazonaws.com`, an account's number, an ARN, or `*`.
    #[schemars(length(min = 1))]
    principal: String,
    /// What they may do.
    #[serde(default = "invoke")]
    #[schemars(regex(pattern = r"^lambda:([a-zA-Z]+|\*)$"))]
    action: String,
    /// For services, on whose behalf: the rule, topic or bucket. Without it, everybody's may.
    source_arn: Option<Ref<Any, Arn>>,
    /// For services, in which account: of buckets, whose ARNs do not say it.
    #[schemars(regex(pattern = r"^[0-9]{12}$"))]
    source_account: Option<String>,
    /// For the function's web address, whether callers have to sign: `AWS_IAM`, or `NONE`.
    #[schemars(extend("enum" = ["AWS_IAM", "NONE"]))]
    function_url_auth: Option<String>,
}

fn invoke() -> String {
    "lambda:InvokeFunction".to_owned()
}

/// The permissions of a function, by statement id.
pub(super) async fn read(aws: &Aws, arn: &str) -> Result<BTreeMap<String, Permission>> {
    let get = client(aws).get_policy().function_name(arn).send().await;
    let Some(found) = get.map_err(Error::from).absent()? else { return Ok(BTreeMap::new()) };
    let text = found.policy().ok_or_else(|| Error::missing("Policy"))?;
    let policy: Value =
        serde_json::from_str(text).map_err(|error| Error::shape("a function's policy", &error))?;
    let statements = policy["Statement"].as_array().into_iter().flatten();
    Ok(statements
        .filter_map(|one| Some((one["Sid"].as_str()?.to_owned(), statement(one))))
        .collect())
}

fn statement(found: &Value) -> Permission {
    let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
    let principal = match &found["Principal"] {
        Value::String(all) => all.clone(),
        one => text(&one["Service"]).or_else(|| text(&one["AWS"])).unwrap_or_default(),
    };
    let conditions = found["Condition"].as_object().into_iter().flatten();
    let conditions: Vec<(&String, &Value)> =
        conditions.filter_map(|(_, pairs)| pairs.as_object()).flatten().collect();
    let condition = |key: &str| {
        let found = conditions.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
        found.and_then(|(_, value)| text(value))
    };
    Permission {
        principal: account(&principal).unwrap_or(principal),
        action: text(&found["Action"]).unwrap_or_else(invoke),
        source_arn: condition("AWS:SourceArn").map(Ref::from),
        source_account: condition("AWS:SourceAccount"),
        function_url_auth: condition("lambda:FunctionUrlAuthType"),
    }
}

/// AWS shows an account as its root user.
fn account(principal: &str) -> Option<String> {
    let (_, rest) = principal.split_once(":iam::")?;
    rest.strip_suffix(":root").map(ToOwned::to_owned)
}

/// Brings a function's permissions from `was` to `now`. A statement is not changed, but made again.
pub(super) async fn change(
    aws: &Aws,
    arn: &str,
    was: &BTreeMap<String, Permission>,
    now: &BTreeMap<String, Permission>,
) -> Result<()> {
    for (id, _) in was.iter().filter(|(id, before)| now.get(*id) != Some(*before)) {
        let remove = client(aws).remove_permission().function_name(arn).statement_id(id);
        let remove = || async { Ok(remove.clone().send().await.map(drop)?) };
        eventually(IN_PROGRESS, remove).await.absent()?;
    }
    for (id, permission) in now.iter().filter(|(id, after)| was.get(*id) != Some(*after)) {
        let auth = permission.function_url_auth.as_deref().map(FunctionUrlAuthType::from);
        let add = client(aws)
            .add_permission()
            .function_name(arn)
            .statement_id(id)
            .principal(&permission.principal)
            .action(&permission.action)
            .set_source_arn(permission.source_arn.as_ref().map(ToString::to_string))
            .set_source_account(permission.source_account.clone())
            .set_function_url_auth_type(auth);
        eventually(IN_PROGRESS, || async { Ok(add.clone().send().await.map(drop)?) }).await?;
    }
    Ok(())
}
