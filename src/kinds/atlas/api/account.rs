//! Whose Atlas it is: the address, the credentials and the organization.

use aws_sdk_secretsmanager::Client;
use serde::Deserialize;

use crate::aws::{Aws, Class, Error, Result};
use crate::kind::Secret;

/// Atlas's own address.
const ATLAS: &str = "https://cloud.mongodb.com";

/// Who we are to Atlas.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// A service account: OAuth 2.0, RFC 6749 section 4.4.
    ServiceAccount {
        /// `mdb_sa_id_…`
        id: String,
        /// `mdb_sa_sk_…`
        secret: Secret<String>,
    },
    /// An API key: HTTP digest.
    Key {
        /// The public key.
        public: String,
        /// The private key.
        private: Secret<String>,
    },
}

/// What is needed to call Atlas.
#[derive(Clone, Debug)]
pub struct Account {
    /// The address, without a `/` at the end.
    pub base: String,
    /// Who we are.
    pub credentials: Credentials,
    /// Where projects are made that name no organization.
    pub organization: Option<String>,
}

/// The JSON of a secret that holds credentials.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Stored {
    client_id: Option<String>,
    client_secret: Option<Secret<String>>,
    public_key: Option<String>,
    private_key: Option<Secret<String>>,
    org_id: Option<String>,
}

/// The client id and secret that the local AWS takes for an account of its own.
pub fn local_credentials(account: &str) -> (String, String) {
    (format!("mdb_sa_id_{account}"), "mdb_sa_sk_local".to_owned())
}

impl Account {
    /// Whether anything says where Atlas's credentials are.
    pub fn is_named(aws: &Aws) -> bool {
        aws.local().is_some() || variable("MONGODB_ATLAS_SECRET").is_some() || from_env().is_some()
    }

    /// Finds the credentials: those of the local AWS, those in the environment, or those in the
    /// secret that it names.
    pub async fn find(aws: &Aws) -> Result<Self> {
        if let Some(endpoint) = aws.local() {
            let (id, secret) = local_credentials(aws.account());
            return Ok(Self {
                base: endpoint.trim_end_matches('/').to_owned(),
                credentials: Credentials::ServiceAccount { id, secret: Secret(secret) },
                organization: None,
            });
        }
        let base = variable("MONGODB_ATLAS_BASE_URL").unwrap_or_else(|| ATLAS.to_owned());
        let base = base.trim_end_matches('/').to_owned();
        let mut organization = variable("MONGODB_ATLAS_ORG_ID");
        let credentials = if let Some(credentials) = from_env() {
            credentials
        } else if let Some(name) = variable("MONGODB_ATLAS_SECRET") {
            let stored = stored(aws, &name).await?;
            organization = organization.or_else(|| stored.org_id.clone());
            let Stored { client_id, client_secret, public_key, private_key, .. } = stored;
            pick((client_id, client_secret), (public_key, private_key)).ok_or_else(|| {
                let message = format!(
                    "the secret {name} has to be a JSON object with `client_id` and \
                     `client_secret`, or with `public_key` and `private_key`"
                );
                Error::new(Class::Credentials, "NoCredentials", message)
            })?
        } else {
            let message = "no credentials for MongoDB Atlas; set MONGODB_ATLAS_CLIENT_ID and \
                           MONGODB_ATLAS_CLIENT_SECRET (a service account), \
                           MONGODB_ATLAS_PUBLIC_KEY and MONGODB_ATLAS_PRIVATE_KEY (an API key), or \
                           MONGODB_ATLAS_SECRET (the name of a secret in Secrets Manager)";
            return Err(Error::new(Class::Credentials, "NoCredentials", message));
        };
        Ok(Self { base, credentials, organization })
    }
}

/// A variable that is set to something.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The pairs of variables that Atlas's own tools read; the last two are those of older ones.
fn from_env() -> Option<Credentials> {
    let pair = |name: &str, secret: &str| (variable(name), variable(secret).map(Secret));
    let key = [
        ("MONGODB_ATLAS_PUBLIC_KEY", "MONGODB_ATLAS_PRIVATE_KEY"),
        ("MONGODB_ATLAS_PUBLIC_API_KEY", "MONGODB_ATLAS_PRIVATE_API_KEY"),
        ("MCLI_PUBLIC_API_KEY", "MCLI_PRIVATE_API_KEY"),
    ];
    let account = pair("MONGODB_ATLAS_CLIENT_ID", "MONGODB_ATLAS_CLIENT_SECRET");
    pick(account, (None, None))
        .or_else(|| key.iter().find_map(|key| pick((None, None), pair(key.0, key.1))))
}

type Pair = (Option<String>, Option<Secret<String>>);

fn pick(account: Pair, key: Pair) -> Option<Credentials> {
    match (account, key) {
        ((Some(id), Some(secret)), _) => Some(Credentials::ServiceAccount { id, secret }),
        (_, (Some(public), Some(private))) => Some(Credentials::Key { public, private }),
        _ => None,
    }
}

async fn stored(aws: &Aws, name: &str) -> Result<Stored> {
    let client: Client = crate::client!(aws, aws_sdk_secretsmanager);
    let answer = client.get_secret_value().secret_id(name).send().await?;
    // The error would quote the text.
    Ok(serde_json::from_str(answer.secret_string().unwrap_or_default()).unwrap_or_default())
}
