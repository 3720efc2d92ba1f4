//! The Atlas Administration API v2: calls that are authenticated, counted, repeated where that is
//! safe, and read to the last page.

mod account;
mod auth;
mod digest;
mod error;
mod http;
pub mod tags;

use std::collections::HashMap;
use std::io::Cursor;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ::http::{Method, Request, Response, Uri};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::OnceCell;

pub use account::{Account, local_credentials};

use self::auth::{Auth, Granted};
use self::http::{Body, Http, Lost, is_local};
use crate::aws::{Aws, Class, Counter, Error, Result};

/// The version of the API: the date is that of the newest change that we know.
const VERSION: &str = "application/vnd.atlas.2025-03-12+json";
const TOKEN: &str = "/api/oauth/token";
const ROOT: &str = "/api/atlas/v2";
/// The most that Atlas puts on a page.
const PAGE: usize = 500;
/// Requests of one call, the first included.
const ATTEMPTS: u32 = 8;
/// The same where nothing answers.
const ATTEMPTS_TO_CONNECT: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// The longest that Atlas may tell us to wait.
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// For how long a list serves several kinds: one look at an account asks once.
const SHARED: Duration = Duration::from_secs(5);

/// Atlas, as one account of it.
pub struct Api {
    http: Http,
    base: Uri,
    auth: Auth,
    /// Where projects are made that name no organization.
    pub organization: Option<String>,
    counter: Counter,
    lists: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Option<List>>>>>,
    /// When something was last changed.
    changed: Mutex<Option<Instant>>,
}

/// A list, and when it was asked for.
type List = (Instant, Arc<Vec<Value>>);

/// How an [`Aws`] keeps its Atlas: connected when it is first needed.
#[derive(Clone)]
struct Kept {
    api: Arc<OnceCell<Arc<Api>>>,
    counter: Counter,
}

/// Atlas. The credentials are looked for when it is first called.
pub async fn api(aws: &Aws) -> Result<Arc<Api>> {
    let kept = aws.client(|_, counter| Kept { api: Arc::default(), counter });
    let connect =
        || async { Ok(Arc::new(Api::new(Account::find(aws).await?, kept.counter.clone())?)) };
    kept.api.get_or_try_init(connect).await.cloned()
}

impl Api {
    fn new(account: Account, counter: Counter) -> Result<Self> {
        let wrong = |message: String| Error::new(Class::Refused, "InvalidAddress", message);
        let base: Uri = account.base.parse().map_err(|error| {
            wrong(format!("MONGODB_ATLAS_BASE_URL is no address ({}): {error}", account.base))
        })?;
        if base.scheme_str() != Some("https") && !is_local(&base) {
            let message = format!("{base} would get credentials without encryption: use https://");
            return Err(wrong(message));
        }
        Ok(Self {
            http: Http::to(&base)?,
            base,
            auth: Auth::new(account.credentials),
            organization: account.organization,
            counter,
            lists: Mutex::default(),
            changed: Mutex::default(),
        })
    }

    /// Reads one object.
    pub async fn get<T: DeserializeOwned>(&self, operation: &str, path: &str) -> Result<T> {
        read(operation, self.call(operation, Method::GET, path, None).await?)
    }

    /// Reads a list to its last page.
    pub async fn list(&self, operation: &str, path: &str) -> Result<Vec<Value>> {
        let mut all = Vec::new();
        for page in 1_u32.. {
            let mark = if path.contains('?') { '&' } else { '?' };
            let path = format!("{path}{mark}itemsPerPage={PAGE}&pageNum={page}");
            let mut answer = self.call(operation, Method::GET, &path, None).await?;
            let Value::Array(rows) = answer["results"].take() else {
                return Err(Error::missing(&format!("list of results to {operation}")));
            };
            let is_last = rows.len() < PAGE;
            all.extend(rows);
            if is_last {
                break;
            }
        }
        Ok(all)
    }

    /// Makes something. Atlas takes no client token: a request whose answer was lost is not sent
    /// again, and the engine looks for the object first.
    pub async fn post(&self, operation: &str, path: &str, body: &Value) -> Result<Value> {
        self.call(operation, Method::POST, path, Some(body)).await
    }

    /// Changes what the body names.
    pub async fn patch(&self, operation: &str, path: &str, body: &Value) -> Result<Value> {
        self.call(operation, Method::PATCH, path, Some(body)).await
    }

    /// Deletes.
    pub async fn delete(&self, operation: &str, path: &str) -> Result<()> {
        self.call(operation, Method::DELETE, path, None).await.map(drop)
    }

    /// As [`Api::list`], for what several kinds ask: within a few seconds, and until we change
    /// anything, one answer serves all.
    pub async fn shared_list(&self, operation: &str, path: &str) -> Result<Arc<Vec<Value>>> {
        let list = {
            let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
            lists.entry(path.to_owned()).or_default().clone()
        };
        let mut list = list.lock().await;
        let changed = *self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((when, rows)) = &*list
            && when.elapsed() < SHARED
            && changed.is_none_or(|changed| changed < *when)
        {
            return Ok(rows.clone());
        }
        let now = Instant::now();
        let rows = Arc::new(self.list(operation, path).await?);
        *list = Some((now, rows.clone()));
        Ok(rows)
    }

    /// Makes a call and reads the JSON of its answer.
    async fn call(
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

    /// What was read before this is not what there is any more.
    fn touch(&self) {
        let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        *changed = Some(Instant::now());
    }
}

/// An answer as its type.
pub fn read<T: DeserializeOwned>(what: &str, value: Value) -> Result<T> {
    serde_json::from_value(value).map_err(|error| Error::shape(what, &error))
}

/// A part of a path, such as a name, so that it stays one part.
pub fn part(text: &str) -> String {
    const KEPT: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    percent_encoding::utf8_percent_encode(text, KEPT).to_string()
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
