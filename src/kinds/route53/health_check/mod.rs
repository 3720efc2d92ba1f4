//! `route53.health_check`: `CreateHealthCheck`, `UpdateHealthCheck`, `ChangeTagsForResource`.

mod check;
mod list;
mod settings;

use aws_sdk_route53::types::TagResourceType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{client, reference, tag};
use crate::aws::{Aws, Error, Result, eventually};
use crate::kind::field::{Id, NameOutput};
use crate::kind::{
    Auto, Charge, Charges, Immutable, Kind, Live, Look, Problem, Ref, Scope, Set, Tags, default,
};
use crate::kinds::cloudwatch::Alarm;

/// A check of whether something works: an endpoint that AWS asks from many regions, other checks
/// taken together, or an alarm. Records of `route53.record` answer by it. Nothing in a private
/// network can be asked: use an alarm for that.
///
/// AWS takes no tags when it makes a check. Until they are written, a check owns up by its caller
/// reference, which says stack, environment and address.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HealthCheck {
    /// What is checked: `HTTP` and `HTTPS` want an answer of 200 to 399, those with `_STR_MATCH`
    /// also `search_string` in it, `TCP` a connection; `CALCULATED` counts other checks,
    /// `CLOUDWATCH_METRIC` looks at an alarm.
    r#type: Immutable<Type>,
    /// The host name that is asked, by IPv4. With `ip_address`, only what the request says in its
    /// `Host` header.
    #[schemars(length(min = 1, max = 255))]
    domain_name: Option<String>,
    /// The public address that is asked.
    ip_address: Immutable<Option<String>>,
    /// The port; 80 for HTTP and 443 for HTTPS when left out.
    #[serde(default)]
    #[schemars(range(min = 1, max = 65535))]
    port: Auto<i32>,
    /// The path that is asked for, with parameters if need be: `/health?deep=1`. `/` when left out.
    #[schemars(length(max = 255), regex(pattern = "^/"))]
    path: Option<String>,
    /// What the first 5120 bytes of the answer have to hold, in the same capitals.
    #[schemars(length(min = 1, max = 255))]
    search_string: Option<String>,
    /// Seconds from an answer to the next request. 10 costs extra.
    #[serde(default = "thirty")]
    #[schemars(extend("enum" = [10, 30]))]
    request_interval: Immutable<i32>,
    /// After how many answers of the other sort the endpoint counts as healthy, or as unhealthy.
    #[serde(default = "default::int::<3>")]
    #[schemars(range(min = 1, max = 10))]
    failure_threshold: i32,
    /// Whether AWS draws graphs of how long the endpoint takes to answer. Costs extra.
    #[serde(default)]
    measure_latency: Immutable<bool>,
    /// Whether the TLS handshake names `domain_name`, as most servers want. For HTTPS.
    #[serde(default = "default::yes")]
    sni: bool,
    /// The regions from which AWS asks, at least three; all eight when left out.
    #[serde(default)]
    regions: Set<String>,
    /// The checks that a `CALCULATED` one counts.
    #[serde(default)]
    #[schemars(length(max = 255))]
    children: Set<Ref<HealthCheck, Id>>,
    /// How many of `children` have to be healthy.
    #[schemars(range(min = 0, max = 256))]
    healthy_children: Option<i32>,
    /// The alarm that a `CLOUDWATCH_METRIC` check looks at.
    alarm: Option<AlarmOf>,
    /// Whether healthy and unhealthy change places.
    #[serde(default)]
    inverted: bool,
    /// Whether AWS stops checking, and takes the endpoint for healthy. Costs as much.
    #[serde(default)]
    disabled: bool,
}

/// What is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Type {
    Http,
    Https,
    HttpStrMatch,
    HttpsStrMatch,
    Tcp,
    Calculated,
    CloudwatchMetric,
}

/// An alarm that a check looks at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AlarmOf {
    /// The alarm's name.
    name: Ref<Alarm, NameOutput>,
    /// The alarm's region; the stack's home region when left out.
    region: Option<String>,
    /// What counts while the alarm has too little data.
    #[serde(default)]
    insufficient_data: InsufficientData,
}

/// What counts while an alarm has too little data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum InsufficientData {
    Healthy,
    Unhealthy,
    #[default]
    LastKnownStatus,
}

/// What AWS decides about a health check.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The check's id, which is also what CloudWatch has in the dimension `HealthCheckId`.
    id: String,
    /// The check's ARN.
    arn: String,
}

fn thirty() -> Immutable<i32> {
    30.into()
}

/// A check that was just made is not known everywhere at once.
const NOT_YET: &[(&str, &str)] = &[("NoSuchHealthCheck", "")];

impl Kind for HealthCheck {
    const NAME: &'static str = "route53.health_check";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = Some("route53:healthcheck/");
    const GLOBAL: bool = true;
    const EVENTUAL: &'static [(&'static str, &'static str)] = NOT_YET;

    fn charges(&self, _look: &Look<'_>) -> Charges {
        // At the rates of endpoints in AWS: those outside cost more.
        let options = [
            matches!(*self.r#type, Type::Https | Type::HttpsStrMatch),
            matches!(*self.r#type, Type::HttpStrMatch | Type::HttpsStrMatch),
            *self.request_interval == 10,
            *self.measure_latency,
        ];
        let count = options.into_iter().map(|chosen| f64::from(u8::from(chosen))).sum();
        Charges::Listed(vec![
            Charge::monthly("check", "route53.health_check", 1.0),
            Charge::monthly("options", "route53.health_check_option", count),
        ])
    }

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        list::checks(aws, scope).await
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let create = client(aws).create_health_check().caller_reference(reference::new(tags));
        let made = create.health_check_config(settings::of(aws, new)?).send().await?;
        let check = made.health_check.ok_or_else(|| Error::missing("HealthCheck"))?;
        let (what, id) = (TagResourceType::Healthcheck, check.id());
        let was = Tags::new();
        eventually(NOT_YET, || tag(aws, (what.clone(), id), &was, tags, &[])).await?;
        Ok(list::outputs(id))
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        settings::change(aws, &was.outputs.id, &was.spec, now).await
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        client(aws).delete_health_check().health_check_id(&was.outputs.id).send().await?;
        Ok(())
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        let check = (TagResourceType::Healthcheck, &*was.outputs.id);
        tag(aws, check, &was.tags, set, remove).await
    }

    fn check(&self) -> Vec<Problem> {
        check::problems(self)
    }
}
