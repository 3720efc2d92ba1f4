//! A bucket's policy, and the statement in it that refuses plain HTTP.

use serde_json::{Value, json};

use super::{Bucket, arn, client};
use crate::aws::{Absent, Aws, Error, Result};
use crate::kind::Policy;

/// The statement behind `tls_only`.
fn tls_statement(name: &str) -> Value {
    let arn = arn(name);
    json!({
        "Sid": "InfraTlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, format!("{arn}/*")],
        "Condition": { "Bool": { "aws:SecureTransport": "false" } },
    })
}

/// The declared policy, with our statement if it is wanted; `None` when that says nothing.
fn merged(name: &str, policy: Option<&Policy>, tls_only: bool) -> Option<Policy> {
    let mut document = policy.map_or_else(|| json!({ "Statement": [] }), |p| p.json().clone());
    let statements = document.get_mut("Statement").and_then(Value::as_array_mut)?;
    if tls_only {
        statements.push(tls_statement(name));
    }
    (!statements.is_empty()).then(|| Policy::from(document))
}

/// The other way: the declared policy, and whether our statement was there.
fn split(name: &str, policy: Policy) -> (Option<Policy>, bool) {
    let ours = Policy::from(json!({ "Statement": tls_statement(name) }));
    let ours = &ours.json()["Statement"][0];
    let mut document = policy.json().clone();
    let Some(statements) = document.get_mut("Statement").and_then(Value::as_array_mut) else {
        return (Some(policy), false);
    };
    let all = statements.len();
    statements.retain(|statement| statement != ours);
    let (left, tls_only) = (!statements.is_empty(), statements.len() < all);
    (left.then(|| Policy::from(document)), tls_only)
}

pub(super) async fn put(aws: &Aws, bucket: &Bucket) -> Result<()> {
    let name = &*bucket.name;
    match merged(name, bucket.policy.as_ref(), bucket.tls_only) {
        Some(policy) => {
            let put = client(aws).put_bucket_policy().bucket(name);
            put.policy(policy.to_string()).send().await?;
        }
        None => {
            client(aws).delete_bucket_policy().bucket(name).send().await?;
        }
    }
    Ok(())
}

pub(super) async fn get(aws: &Aws, name: &str) -> Result<(Option<Policy>, bool)> {
    let answer = client(aws).get_bucket_policy().bucket(name).send().await;
    let text = answer.map_err(Error::from).absent()?.and_then(|answer| answer.policy);
    Ok(text.map_or((None, false), |text| split(name, Policy::parse(&text))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_statement_goes_in_and_comes_out() {
        let own = Policy::from(json!({ "Statement": {
            "Effect": "Allow", "Principal": { "Service": "logging.s3.amazonaws.com" },
            "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/*",
        }}));
        for (policy, tls_only) in
            [(Some(&own), true), (Some(&own), false), (None, true), (None, false)]
        {
            let sent = merged("b", policy, tls_only);
            let read =
                sent.map_or((None, false), |sent| split("b", Policy::parse(&sent.to_string())));
            assert_eq!(read, (policy.cloned(), tls_only));
        }
    }

    #[test]
    fn a_statement_that_only_looks_like_ours_is_the_users() {
        let mut weaker = tls_statement("b");
        weaker["Action"] = "s3:GetObject".into();
        let policy = Policy::from(json!({ "Statement": weaker }));
        assert_eq!(split("b", policy.clone()), (Some(policy), false));
    }
}
