//! What a listener does with a request.

use aws_sdk_elasticloadbalancingv2::types::{
    Action as AwsAction, ActionTypeEnum, FixedResponseActionConfig, ForwardActionConfig,
    RedirectActionConfig, RedirectActionStatusCodeEnum, TargetGroupStickinessConfig,
    TargetGroupTuple,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::TargetGroup;
use crate::kind::{Arn, Problem, Ref, Set};

/// What is done with a request: exactly one of the three.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// Passes the request on.
    forward: Option<Forward>,
    /// Sends the client elsewhere.
    redirect: Option<Redirect>,
    /// Answers in place of a target.
    fixed_response: Option<FixedResponse>,
}

/// Where requests are passed on to: one target group, or several by weight.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Forward {
    /// The one target group.
    target_group: Option<Ref<TargetGroup, Arn>>,
    /// Target groups that share the requests.
    #[serde(default)]
    weighted: Set<Weighted>,
    /// Seconds that a client stays with the target group it came to; not at all when left out.
    /// Between weighted target groups only.
    #[schemars(range(min = 1, max = 604_800))]
    stickiness: Option<i32>,
}

/// A target group's share of requests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Weighted {
    /// The target group.
    target_group: Ref<TargetGroup, Arn>,
    /// Its share, relative to the others'.
    #[schemars(range(min = 0, max = 999))]
    weight: i32,
}

/// Where clients are sent to. `#{host}` and the like stand for the request's own parts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Redirect {
    /// The protocol: `HTTP`, `HTTPS` or the request's own.
    #[serde(default = "protocol")]
    #[schemars(extend("enum" = ["HTTP", "HTTPS", "#{protocol}"]))]
    protocol: String,
    /// The host's name.
    #[serde(default = "host")]
    host: String,
    /// The port.
    #[serde(default = "port")]
    port: String,
    /// The path, from its first slash on.
    #[serde(default = "path")]
    path: String,
    /// The query, without its question mark.
    #[serde(default = "query")]
    query: String,
    /// 301 for ever, 302 for now.
    #[serde(default = "moved")]
    #[schemars(extend("enum" = [301, 302]))]
    status: u16,
}

/// An answer that no target gives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FixedResponse {
    /// The HTTP status, of the 200s, 400s or 500s.
    #[schemars(range(min = 200, max = 599))]
    status: u16,
    /// The type of the body.
    #[serde(default = "plain")]
    #[schemars(extend("enum" = ["text/plain", "text/css", "text/html", "application/javascript",
        "application/json"]))]
    content_type: String,
    /// The body.
    #[serde(default)]
    #[schemars(length(max = 1024))]
    body: String,
}

fn protocol() -> String {
    "#{protocol}".to_owned()
}

fn host() -> String {
    "#{host}".to_owned()
}

fn port() -> String {
    "#{port}".to_owned()
}

fn path() -> String {
    "/#{path}".to_owned()
}

fn query() -> String {
    "#{query}".to_owned()
}

fn moved() -> u16 {
    301
}

fn plain() -> String {
    "text/plain".to_owned()
}

impl Action {
    /// What AWS would refuse about the action at a path.
    pub(super) fn check(&self, at: &str) -> Vec<Problem> {
        let parts =
            [self.forward.is_some(), self.redirect.is_some(), self.fixed_response.is_some()];
        let mut problems = Vec::new();
        if parts.into_iter().filter(|is_set| *is_set).count() != 1 {
            let text = "an action is one of `forward`, `redirect` and `fixed_response`";
            problems.push(Problem::at(at, text));
        }
        if let Some(forward) = &self.forward {
            let at = format!("{at}.forward");
            if forward.target_group.is_some() != forward.weighted.is_empty() {
                let text = "requests go to one `target_group` or to several `weighted` ones";
                problems.push(Problem::at(&at, text));
            }
            if forward.target_group.is_some() && forward.stickiness.is_some() {
                let text = "a client can only stay with one of several `weighted` target groups";
                problems.push(Problem::at(format!("{at}.stickiness"), text));
            }
        }
        if let Some(answer) = &self.fixed_response
            && (300..400).contains(&answer.status)
        {
            let text = "a fixed response has a status of the 200s, 400s or 500s";
            let problem = Problem::at(format!("{at}.fixed_response.status"), text);
            problems.push(problem.help("use `redirect` to send clients elsewhere"));
        }
        problems
    }

    /// The action as AWS takes it.
    pub(super) fn send(&self) -> AwsAction {
        let action = AwsAction::builder();
        match (&self.forward, &self.redirect, &self.fixed_response) {
            (Some(forward), ..) => forward.send(),
            (_, Some(redirect), _) => {
                let config = RedirectActionConfig::builder()
                    .protocol(&redirect.protocol)
                    .host(&redirect.host)
                    .port(&redirect.port)
                    .path(&redirect.path)
                    .query(&redirect.query)
                    .status_code(format!("HTTP_{}", redirect.status).as_str().into());
                action.r#type(ActionTypeEnum::Redirect).redirect_config(config.build()).build()
            }
            (_, _, answer) => {
                let config = answer.as_ref().map(|answer| {
                    FixedResponseActionConfig::builder()
                        .status_code(answer.status.to_string())
                        .content_type(&answer.content_type)
                        .message_body(&answer.body)
                        .build()
                });
                let action = action.r#type(ActionTypeEnum::FixedResponse);
                action.set_fixed_response_config(config).build()
            }
        }
    }

    /// The action that AWS shows; empty for actions that cannot be described here.
    pub(super) fn read(actions: &[AwsAction]) -> Self {
        let [action] = actions else { return Self::default() };
        let owned = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Self {
            forward: Forward::read(action),
            redirect: action.redirect_config().map(|config| Redirect {
                protocol: config.protocol().map_or_else(protocol, ToOwned::to_owned),
                host: config.host().map_or_else(host, ToOwned::to_owned),
                port: config.port().map_or_else(port, ToOwned::to_owned),
                path: config.path().map_or_else(path, ToOwned::to_owned),
                query: config.query().map_or_else(query, ToOwned::to_owned),
                status: match config.status_code().map(RedirectActionStatusCodeEnum::as_str) {
                    Some("HTTP_302") => 302,
                    _ => moved(),
                },
            }),
            fixed_response: action.fixed_response_config().map(|config| FixedResponse {
                status: config.status_code().and_then(|code| code.parse().ok()).unwrap_or_default(),
                content_type: config.content_type().map_or_else(plain, ToOwned::to_owned),
                body: owned(config.message_body()),
            }),
        }
    }
}

impl Forward {
    fn send(&self) -> AwsAction {
        let action = AwsAction::builder().r#type(ActionTypeEnum::Forward);
        if let Some(group) = &self.target_group {
            return action.target_group_arn(group.as_str()).build();
        }
        let groups = self.weighted.iter().map(|group| {
            let tuple = TargetGroupTuple::builder().target_group_arn(group.target_group.as_str());
            tuple.weight(group.weight).build()
        });
        let stickiness = TargetGroupStickinessConfig::builder()
            .enabled(self.stickiness.is_some())
            .set_duration_seconds(self.stickiness)
            .build();
        let config = ForwardActionConfig::builder()
            .set_target_groups(Some(groups.collect()))
            .target_group_stickiness_config(stickiness);
        action.forward_config(config.build()).build()
    }

    fn read(action: &AwsAction) -> Option<Self> {
        if action.r#type() != Some(&ActionTypeEnum::Forward) {
            return None;
        }
        let config = action.forward_config();
        let groups = config.map(ForwardActionConfig::target_groups).unwrap_or_default();
        let stickiness = config
            .and_then(ForwardActionConfig::target_group_stickiness_config)
            .filter(|stickiness| stickiness.enabled() == Some(true))
            .and_then(TargetGroupStickinessConfig::duration_seconds);
        // AWS shows a single target group as one that has the whole weight.
        if let [] | [_] = groups {
            let inner = groups.first().and_then(TargetGroupTuple::target_group_arn);
            let arn = action.target_group_arn().or(inner)?;
            let target_group = Some(Ref::new(arn));
            return Some(Self { target_group, weighted: Set::default(), stickiness: None });
        }
        let weighted = groups.iter().filter_map(|group| {
            let target_group = Ref::new(group.target_group_arn()?);
            Some(Weighted { target_group, weight: group.weight().unwrap_or(1) })
        });
        Some(Self { target_group: None, weighted: weighted.collect(), stickiness })
    }
}
