//! Finding credentials, and the account that they belong to.

use std::sync::Arc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityOutput;
use aws_types::SdkConfig;

use super::{Aws, Calls, Class, Clients, Error, Limits, Result};

/// How to reach AWS.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// A named profile of the AWS configuration files.
    pub profile: Option<String>,
    /// An address in place of AWS's own.
    pub endpoint_url: Option<String>,
    /// Credentials (access key id, secret) in place of those that AWS's chain finds: for the local
    /// AWS, which asks for none.
    pub credentials: Option<(String, String)>,
}

/// An account that answers, from which [`Aws`]es of single regions are made.
#[derive(Clone)]
pub struct Session {
    config: SdkConfig,
    account: String,
    local: bool,
    calls: Calls,
    shared: Arc<Clients>,
}

/// Requests of one call, the first included. Enough for a minute of throttling. The SDK's adaptive
/// mode would also hold back calls that nobody has limited: decision 7.
const ATTEMPTS: u32 = 10;
/// The pause before the first repetition, at most; it doubles each time. Less than the SDK's second:
/// a stack is hundreds of calls that wait for each other, and most limits of AWS refill within it.
const FIRST_PAUSE: Duration = Duration::from_millis(300);
/// Requests of the first call when nothing answers: a wrong endpoint is told at once.
const FIRST_ATTEMPTS: u32 = 2;

impl Session {
    /// Finds credentials by AWS's own chain and asks STS whose they are, so that everything which
    /// is wrong with credentials, region or endpoint shows at once and in one place.
    pub async fn open(options: &Options, region: &str, calls: Calls) -> Result<Self> {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(3))
            .read_timeout(Duration::from_mins(1))
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .retry_config(
                RetryConfig::standard()
                    .with_max_attempts(ATTEMPTS)
                    .with_initial_backoff(FIRST_PAUSE),
            )
            .timeout_config(timeouts);
        if let Some(profile) = &options.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(url) = &options.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        if let Some((id, secret)) = &options.credentials {
            loader = loader.credentials_provider(aws_sdk_sts::config::Credentials::new(
                id, secret, None, None, "infra",
            ));
        }
        let config = loader.load().await;
        let sts = aws_sdk_sts::Client::from_conf(
            aws_sdk_sts::config::Builder::from(&config)
                .retry_config(RetryConfig::standard().with_max_attempts(FIRST_ATTEMPTS))
                .retry_classifier(Limits)
                .interceptor(calls.counter())
                .build(),
        );
        let identity = whose(&sts).await.map_err(|mut error| {
            error.message.push_str(&advice(&error, options, region));
            error
        })?;
        let account = identity.account().ok_or_else(|| Error::missing("account"))?.to_owned();
        let local = options.credentials.is_some();
        Ok(Self { config, account, local, calls, shared: Arc::default() })
    }

    /// One region of the account.
    pub fn region(&self, region: &str) -> Aws {
        let config = self.config.to_builder().region(Region::new(region.to_owned())).build();
        let shared = (self.calls.clone(), self.shared.clone());
        Aws::new(config, region, &self.account, self.local, shared)
    }

    /// The account's twelve digits.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The calls made so far.
    pub fn calls(&self) -> &Calls {
        &self.calls
    }
}

/// Asks whose the credentials are. Whoever limits our calls is there, and is asked again.
async fn whose(sts: &aws_sdk_sts::Client) -> Result<GetCallerIdentityOutput> {
    let mut wait = Duration::from_millis(250);
    for _ in FIRST_ATTEMPTS..ATTEMPTS {
        match sts.get_caller_identity().send().await.map_err(Error::from) {
            Err(error) if error.class == Class::Throttled => {
                tokio::time::sleep(wait).await;
                wait = (2 * wait).min(Duration::from_secs(5));
            }
            answer => return answer,
        }
    }
    Ok(sts.get_caller_identity().send().await?)
}

/// What to do about a session that does not open.
fn advice(error: &Error, options: &Options, region: &str) -> String {
    match (error.class, &options.endpoint_url, &options.profile) {
        (Class::Credentials, _, Some(profile)) => {
            format!("; log in again or check the profile `{profile}` (`aws configure list`)")
        }
        (Class::Credentials, _, None) => "; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name \
                                          a profile with --profile, or use --local"
            .to_owned(),
        (Class::Unreachable, Some(url), _) => {
            format!("; nothing answers at {url}: is the local AWS running there?")
        }
        (Class::Unreachable, None, _) => {
            format!("; does the region `{region}` exist, and does the network reach it?")
        }
        _ => String::new(),
    }
}
