//! One request over HTTP/1.1: TLS by rustls, straight or through the proxy that the environment names.

use std::io::Cursor;
use std::time::Duration;

use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioExecutor;

use crate::aws::{Class, Error, Result};

/// A request's body.
pub type Body = Full<Cursor<Vec<u8>>>;

const CONNECT: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_mins(1);

/// Keeps connections to one address.
pub enum Http {
    /// Without a proxy.
    Straight(Client<HttpsConnector<HttpConnector>, Body>),
    /// Through one.
    Tunnelled(Client<HttpsConnector<Tunnel<HttpConnector>>, Body>),
}

/// A request that had no answer.
pub struct Lost {
    /// Why.
    pub error: Error,
    /// Whether it cannot have got there.
    pub unsent: bool,
}

impl Http {
    /// What reaches an address.
    pub fn to(base: &Uri) -> Result<Self> {
        let mut plain = HttpConnector::new();
        plain.enforce_http(false);
        plain.set_nodelay(true);
        plain.set_connect_timeout(Some(CONNECT));
        let tls = || {
            let provider = rustls::crypto::aws_lc_rs::default_provider();
            let builder = HttpsConnectorBuilder::new().with_provider_and_native_roots(provider);
            let builder = builder.map_err(|error| {
                let message = format!("this machine's certificate authorities: {error}");
                Error::new(Class::Refused, "NoCertificates", message)
            })?;
            Ok::<_, Error>(builder.https_or_http().enable_http1())
        };
        let client = || Client::builder(TokioExecutor::new());
        Ok(match Matcher::from_env().intercept(base).filter(|_| !is_local(base)) {
            None => Self::Straight(client().build(tls()?.wrap_connector(plain))),
            Some(proxy) => {
                let mut tunnel = Tunnel::new(proxy.uri().clone(), plain);
                if let Some(auth) = proxy.basic_auth() {
                    tunnel = tunnel.with_auth(auth.clone());
                }
                Self::Tunnelled(client().build(tls()?.wrap_connector(tunnel)))
            }
        })
    }

    /// Sends a request and reads the whole answer.
    pub async fn send(&self, request: Request<Body>) -> Result<Response<Vec<u8>>, Lost> {
        let exchange = async {
            let answer = match self {
                Self::Straight(client) => client.request(request).await,
                Self::Tunnelled(client) => client.request(request).await,
            };
            let answer = answer.map_err(|error| lost(&error, error.is_connect()))?;
            let (head, body) = answer.into_parts();
            let body = body.collect().await.map_err(|error| lost(&error, false))?;
            Ok(Response::from_parts(head, body.to_bytes().to_vec()))
        };
        tokio::time::timeout(ANSWER, exchange).await.unwrap_or_else(|_| {
            let error = Error::new(Class::Unreachable, "Timeout", "Atlas gives no answer in time");
            Err(Lost { error, unsent: false })
        })
    }
}

/// Whether an address is on this machine: no proxy, and no need of TLS.
pub fn is_local(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}

fn lost(error: &(dyn std::error::Error + 'static), unsent: bool) -> Lost {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(&format!(": {cause}"));
        next = cause.source();
    }
    Lost { error: Error::new(Class::Unreachable, "Unreachable", text), unsent }
}
