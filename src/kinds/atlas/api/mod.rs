//! The Atlas Administration API v2: calls that are authenticated, counted, repeated where that is
//! safe, and read to the last page.

mod account;
mod auth;
mod digest;
mod error;
mod http;
mod send;
pub mod tags;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ::http::{Method, Uri};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::OnceCell;

pub use account::{Account, local_credentials};

use self::auth::Auth;
use self::http::{Http, is_local};
use crate::aws::{Aws, Class, Counter, Error, Result};

/// The most that Atlas puts on a page.
const PAGE: usize = 500;
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
    let kept = aws.shared_client(|counter| Kept { api: Arc::default(), counter });
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
