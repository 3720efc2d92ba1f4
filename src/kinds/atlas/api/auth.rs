//! The `Authorization` header of a request.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use tokio::sync::Mutex;

use super::account::Credentials;
use super::digest::{Challenge, hex};
use crate::aws::{Class, Error, Result};
use crate::kind::Secret;

/// How long before its end a token is not used any more.
const MARGIN: Duration = Duration::from_mins(2);

/// Who we are, and what Atlas has given us for it so far.
pub struct Auth {
    credentials: Credentials,
    token: Mutex<Option<Token>>,
    challenge: Mutex<Option<Challenge>>,
}

struct Token {
    text: Secret<String>,
    until: Instant,
}

/// The answer of the token's address.
#[derive(Deserialize)]
pub struct Granted {
    access_token: Secret<String>,
    expires_in: u64,
}

impl Auth {
    /// Nothing was asked yet.
    pub fn new(credentials: Credentials) -> Self {
        Self { credentials, token: Mutex::new(None), challenge: Mutex::new(None) }
    }

    /// What a token is asked for with, where there are tokens.
    pub fn basic(&self) -> Option<String> {
        match &self.credentials {
            Credentials::ServiceAccount { id, secret } => {
                Some(format!("Basic {}", STANDARD.encode(format!("{id}:{}", secret.0))))
            }
            Credentials::Key { .. } => None,
        }
    }

    /// The header for a request; `None` when an API key was not challenged yet. One call at a time
    /// asks for a token, and the others wait for it.
    pub async fn header(
        &self,
        method: &str,
        uri: &str,
        grant: impl Future<Output = Result<Granted>>,
    ) -> Result<Option<String>> {
        match &self.credentials {
            Credentials::ServiceAccount { .. } => {
                let mut token = self.token.lock().await;
                if token.as_ref().is_none_or(|token| token.until <= Instant::now()) {
                    let Granted { access_token, expires_in } = grant.await?;
                    let lives = Duration::from_secs(expires_in).saturating_sub(MARGIN);
                    *token = Some(Token { text: access_token, until: Instant::now() + lives });
                }
                Ok(token.as_ref().map(|token| format!("Bearer {}", token.text.0)))
            }
            Credentials::Key { public, private } => {
                let mut challenge = self.challenge.lock().await;
                let Some(challenge) = challenge.as_mut() else { return Ok(None) };
                let once = client_nonce()?;
                Ok(Some(challenge.answer(public, &private.0, method, uri, &once)))
            }
        }
    }

    /// Takes note of a refusal; whether the request is worth another try with what it says.
    pub async fn refused(&self, challenge: Option<&str>) -> bool {
        match &self.credentials {
            // Revoked, or older than the clock says.
            Credentials::ServiceAccount { .. } => self.token.lock().await.take().is_some(),
            Credentials::Key { .. } => {
                let new = challenge.and_then(Challenge::read);
                let is_new = new.is_some();
                *self.challenge.lock().await = new;
                is_new
            }
        }
    }
}

fn client_nonce() -> Result<String> {
    let mut bytes = [0; 16];
    rustls::crypto::aws_lc_rs::default_provider().secure_random.fill(&mut bytes).map_err(|_| {
        Error::new(Class::Refused, "NoRandom", "this machine gives no random numbers")
    })?;
    Ok(hex(&bytes))
}
