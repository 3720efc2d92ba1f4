//! What Atlas's errors mean: `{"detail", "error", "errorCode", "parameters", "reason"}`.

use serde::Deserialize;

use crate::aws::{Class, Error};

/// The body of a refusal.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ApiError {
    error_code: Option<String>,
    detail: Option<String>,
    reason: Option<String>,
    // The token's address follows RFC 6749 instead.
    error_description: Option<String>,
}

/// The error for an answer that is not a success.
pub fn refusal(status: u16, body: &[u8], request_id: Option<String>) -> Error {
    let said: ApiError = serde_json::from_slice(body).unwrap_or_default();
    let code = said.error_code.unwrap_or_else(|| format!("HTTP{status}"));
    let detail = said.detail.or(said.error_description).or(said.reason).unwrap_or_default();
    let class = class_of(status, &code);
    let message = match advice(class, status, &code) {
        Some(advice) => format!("{detail} ({advice})"),
        None => detail,
    };
    Error { request_id, ..Error::new(class, &code, message) }
}

fn class_of(status: u16, code: &str) -> Class {
    if EXISTS.contains(&code) {
        return Class::Exists;
    }
    if BUSY.contains(&code) {
        return Class::Busy;
    }
    match status {
        401 if DENIED.contains(&code) => Class::Denied,
        401 => Class::Credentials,
        402 => Class::Refused,
        403 => Class::Denied,
        404 => Class::NotFound,
        409 => Class::Busy,
        429 => Class::Throttled,
        500.. => Class::Transient,
        _ if code.ends_with("_NOT_FOUND") || GONE.contains(&code) => Class::NotFound,
        _ => Class::Refused,
    }
}

fn advice(class: Class, status: u16, code: &str) -> Option<&'static str> {
    match (class, status) {
        _ if code.contains("ACCESS_LIST") && matches!(status, 401 | 403) => Some(
            "add this machine's address to the access list of the service account or API key, under \
             Organization Access Manager in Atlas",
        ),
        (Class::Credentials, _) => Some(
            "check MONGODB_ATLAS_CLIENT_ID and MONGODB_ATLAS_CLIENT_SECRET, or the API key in \
             MONGODB_ATLAS_PUBLIC_KEY and MONGODB_ATLAS_PRIVATE_KEY, and that the service account's \
             secret has not expired",
        ),
        (Class::Denied, _) => Some(
            "the service account or API key needs the role Organization Project Creator for \
             projects, and Project Owner for what is in them",
        ),
        (_, 402) => {
            Some("the organization has no means of payment: add one under Billing in Atlas")
        }
        _ => None,
    }
}

/// An object of the name is there already.
const EXISTS: &[&str] = &["DUPLICATE_CLUSTER_NAME", "GROUP_ALREADY_EXISTS", "USER_ALREADY_EXISTS"];

/// It passes when something else has ended.
const BUSY: &[&str] =
    &["CANNOT_CLOSE_GROUP_ACTIVE_ATLAS_CLUSTERS", "CANNOT_CLOSE_GROUP_ACTIVE_PEERING_CONNECTIONS"];

/// What is to be deleted is on its way already.
const GONE: &[&str] = &["CLUSTER_ALREADY_REQUESTED_DELETION"];

/// Not allowed, although the answer's status says that the caller is unknown.
const DENIED: &[&str] = &["NOT_IN_GROUP", "NOT_ORG_GROUP_CREATOR", "USER_UNAUTHORIZED"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_by_code_and_status() {
        let of = |status: u16, code: &str| {
            let body = format!(r#"{{"errorCode":"{code}","detail":"d","error":{status}}}"#);
            refusal(status, body.as_bytes(), None)
        };
        let class = |status, code| of(status, code).class;
        assert_eq!(class(401, "UNAUTHORIZED"), Class::Credentials);
        assert_eq!(class(401, "NOT_ORG_GROUP_CREATOR"), Class::Denied);
        assert_eq!(class(403, "IP_ADDRESS_NOT_ON_ACCESS_LIST"), Class::Denied);
        assert!(of(403, "IP_ADDRESS_NOT_ON_ACCESS_LIST").message.contains("access list of"));
        assert_eq!(class(404, "CLUSTER_NOT_FOUND"), Class::NotFound);
        assert_eq!(class(409, "GROUP_ALREADY_EXISTS"), Class::Exists);
        assert_eq!(class(400, "DUPLICATE_CLUSTER_NAME"), Class::Exists);
        assert_eq!(class(409, "CANNOT_CLOSE_GROUP_ACTIVE_ATLAS_CLUSTERS"), Class::Busy);
        assert_eq!(class(400, "CLUSTER_ALREADY_REQUESTED_DELETION"), Class::NotFound);
        assert_eq!(class(400, "VALIDATION_ERROR"), Class::Refused);
        assert_eq!(class(429, "RATE_LIMITED"), Class::Throttled);
        assert_eq!(class(503, "UNEXPECTED_ERROR"), Class::Transient);
    }

    #[test]
    fn an_answer_without_json_keeps_its_status() {
        let error = refusal(502, b"<html>bad gateway</html>", Some("7".to_owned()));
        assert_eq!((error.class, error.code.as_str()), (Class::Transient, "HTTP502"));
        assert_eq!(error.request_id.as_deref(), Some("7"));
    }
}
