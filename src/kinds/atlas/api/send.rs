//! One call: its header, its answer, and whether it is made again.

use std::io::Cursor;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ::http::{Method, Request, Response};
use serde_json::Value;

use super::Api;
use super::auth::Granted;
use super::error;
use super::http::{Body, Lost};
use crate::aws::{Class, Error, Result};

/// The version of the API: the date is that of the newest change that we know.
const VERSION: &str = "application/vnd.atlas.2025-03-12+json";
const TOKEN: &str = "/api/oauth/token";
const ROOT: &str = "/api/atlas/v2";
/// Requests of one call, the first included.
const ATTEMPTS: u32 = 8;
/// The same where nothing answers.
const ATTEMPTS_TO_CONNECT: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// The longest that Atlas may tell us to wait.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

impl Api {
    /// Makes a call and reads the JSON of its answer.
    pub(super) async fn call(
        &self,
        operation: &str,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value> {
        let is_read = method == Method::GET;
        let mut pause = FIRST_PAUSE;
        let mut authorized_anew = false;
        let mut attempt = 1;
        let outcome = loop {
            let uri = format!("{ROOT}{path}");
            if !is_read {
                self.touch();
            }
            let header = self.auth.header(method.as_str(), &uri, self.grant()).await?;
            let text = body.map(Value::to_string).unwrap_or_default();
            let kind = body.map(|_| VERSION);
            let sent = self.once(operation, &method, &uri, header.as_deref(), kind, text).await;
            let (error, wait, again, most) = match sent {
                Ok(answer) if answer.status().is_success() => break Ok(answer.into_body()),
                Ok(answer) if answer.status() == 401 && !authorized_anew => {
                    authorized_anew = true;
                    let challenge = text_of(&answer, "www-authenticate");
                    if self.auth.refused(challenge.as_deref()).await {
                        continue;
                    }
                    break Err(refusal(&answer));
                }
                Ok(answer) => {
                    let error = refusal(&answer);
                    let again = match error.class {
                        Class::Throttled => true,
                        Class::Transient => method != Method::POST,
                        _ => false,
                    };
                    (error, retry_after(&answer), again, ATTEMPTS)
                }
                Err(Lost { error, unsent: true }) => (error, None, true, ATTEMPTS_TO_CONNECT),
                Err(Lost { error, .. }) => (error, None, method != Method::POST, ATTEMPTS),
            };
            if !again || attempt >= most {
                break Err(error);
            }
            tracing::debug!(%error, attempt, "Atlas is asked again");
            tokio::time::sleep(wait.unwrap_or_else(|| jittered(pause))).await;
            pause = (2 * pause).min(LONGEST_PAUSE);
            attempt += 1;
        };
        if !is_read {
            self.touch();
        }
        match outcome? {
            body if body.is_empty() => Ok(Value::Null),
            body => serde_json::from_slice(&body).map_err(|error| {
                let message = format!("the answer to {operation} is no JSON: {error}");
                Error::new(Class::Transient, "InvalidAnswer", message)
            }),
        }
    }

    /// Asks for a token.
    async fn grant(&self) -> Result<Granted> {
        let form = Some("application/x-www-form-urlencoded");
        let text = "grant_type=client_credentials".to_owned();
        let mut pause = FIRST_PAUSE;
        for attempt in 1.. {
            let (basic, text) = (self.auth.basic(), text.clone());
            let operation = "GetAccessToken";
            let sent =
                self.once(operation, &Method::POST, TOKEN, basic.as_deref(), form, text).await;
            let error = match sent {
                Ok(answer) if answer.status().is_success() => {
                    // The error would quote the token.
                    return serde_json::from_slice(answer.body())
                        .map_err(|_| Error::missing("access token"));
                }
                Ok(answer) => match refusal(&answer) {
                    // RFC 6749: `invalid_client` may come as 400.
                    error if error.class == Class::Refused => {
                        Error { class: Class::Credentials, ..error }
                    }
                    error => error,
                },
                Err(lost) => lost.error,
            };
            let passes =
                matches!(error.class, Class::Throttled | Class::Transient | Class::Unreachable);
            if !passes || attempt >= ATTEMPTS {
                return Err(error);
            }
            tokio::time::sleep(jittered(pause)).await;
            pause = (2 * pause).min(LONGEST_PAUSE);
        }
        Err(Error::missing("access token"))
    }

    /// Sends one request.
    async fn once(
        &self,
        operation: &str,
        method: &Method,
        uri: &str,
        authorization: Option<&str>,
        kind: Option<&str>,
        body: String,
    ) -> Result<Response<Vec<u8>>, Lost> {
        self.counter.count("Atlas", operation);
        let base = self.base.to_string();
        let mut request = Request::builder()
            .method(method.clone())
            .uri(format!("{}{uri}", base.trim_end_matches('/')))
            .header("accept", if uri == TOKEN { "application/json" } else { VERSION })
            .header("user-agent", concat!("infra/", env!("CARGO_PKG_VERSION")));
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let request = request.body(Body::new(Cursor::new(body.into_bytes())));
        let request = request.map_err(|error| {
            let error = Error::new(Class::Refused, "InvalidRequest", error.to_string());
            Lost { error, unsent: true }
        })?;
        self.http.send(request).await
    }
}

fn refusal(answer: &Response<Vec<u8>>) -> Error {
    let id = text_of(answer, "x-request-id");
    error::refusal(answer.status().as_u16(), answer.body(), id)
}

fn text_of(answer: &Response<Vec<u8>>, header: &str) -> Option<String> {
    Some(answer.headers().get(header)?.to_str().ok()?.to_owned())
}

fn retry_after(answer: &Response<Vec<u8>>) -> Option<Duration> {
    let seconds = text_of(answer, "retry-after")?.parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_WAIT))
}

/// Somewhere in the upper half of a pause, so that calls which failed together do not come back together.
fn jittered(pause: Duration) -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    pause / 2 + pause / 2 * (now.subsec_nanos() % 1024) / 1024
}
