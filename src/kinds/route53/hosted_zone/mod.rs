//! `route53.hosted_zone`: `CreateHostedZone`, `AssociateVPCWithHostedZone`, `ChangeTagsForResource`.

mod contents;
mod list;
mod networks;

use aws_sdk_route53::types::{HostedZoneConfig, TagResourceType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::domain::Domain;
use super::{client, reference, tag};
use crate::aws::{Aws, Class, Error, Result, eventually};
use crate::kind::{
    Charge, Charges, Holding, Immutable, Kind, Live, Look, Problem, Scope, Set, Tags, UsageName,
    is_unknown,
};
pub(super) use list::{all, id};
use networks::Network;

/// A zone: the records of a domain and of all below it. A public one answers the internet once the
/// domain's registrar, or the zone above it, names its name servers (`name_servers`); a private one
/// answers in its networks alone.
///
/// AWS takes no tags when it makes a zone. Until they are written, a zone owns up by its caller
/// reference, which says stack, environment and address; afterwards by its tags. To take over a zone
/// that exists already, give it the tags `infra:stack`, `infra:environment` and `infra:address`.
///
/// A zone goes with the records that this stack has in it. Records of others keep it, and are named;
/// `--force` takes them away too.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HostedZone {
    /// The domain, such as `example.com`; it has to be given. AWS lets several zones have one name; a
    /// second public one is refused here, since only one of them would be asked.
    name: Domain,
    /// What the zone is for.
    #[schemars(length(min = 1, max = 256))]
    comment: Option<String>,
    /// Whether only networks may ask: those in `networks`, and no one else.
    #[serde(default)]
    private: Immutable<bool>,
    /// The networks that a private zone answers. DNS support and DNS host names have to be on in each.
    #[serde(default)]
    networks: Set<Network>,
}

/// What AWS decides about a zone.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The zone's id, `Z…`, without `/hostedzone/`.
    id: String,
    /// The zone's ARN.
    arn: String,
    /// The domain.
    name: String,
    /// The name servers that the registrar or the zone above has to name; none for a private zone.
    name_servers: Vec<String>,
}

/// A zone that was just made is not known everywhere at once.
const NOT_YET: &[(&str, &str)] = &[("NoSuchHostedZone", "")];

impl Kind for HostedZone {
    const NAME: &'static str = "route53.hosted_zone";
    type Outputs = Outputs;
    const ARN: Option<&'static str> = Some("route53:hostedzone/");
    const GLOBAL: bool = true;
    const DATA: bool = true;
    const FULL: &'static [(&'static str, &'static str)] = &[("HostedZoneNotEmpty", "")];
    /// Nor is a network.
    const EVENTUAL: &'static [(&'static str, &'static str)] =
        &[("InvalidVPCId", ""), ("NoSuchHostedZone", "")];
    const USAGE: &'static [UsageName] =
        &[UsageName::new("queries", "Queries a month, in millions.")];

    fn charges(&self, _look: &Look<'_>) -> Charges {
        Charges::Listed(vec![
            Charge::monthly("zone", "route53.zone", 1.0),
            Charge::used("queries", "route53.queries", "queries"),
        ])
    }

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        list::zones(aws, scope).await
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        if !*new.private {
            refuse_second(aws, &new.name).await?;
        }
        let config = HostedZoneConfig::builder().set_comment(new.comment.clone());
        let first = new.networks.first().map(|network| network.vpc(aws));
        let create = client(aws).create_hosted_zone().name(&*new.name).set_vpc(first);
        let create = create.hosted_zone_config(config.private_zone(*new.private).build());
        let made = create.caller_reference(reference::new(tags)).send().await?;
        let zone = made.hosted_zone.ok_or_else(|| Error::missing("HostedZone"))?;
        let servers = made.delegation_set.map(|set| set.name_servers).unwrap_or_default();
        let outputs = list::outputs(&zone, servers);
        let (what, id) = (TagResourceType::Hostedzone, &*outputs.id);
        let was = Tags::new();
        eventually(NOT_YET, || tag(aws, (what.clone(), id), &was, tags, &[])).await?;
        for network in new.networks.iter().skip(1) {
            eventually(Self::EVENTUAL, || network.associate(aws, id)).await?;
        }
        Ok(outputs)
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        let id = &was.outputs.id;
        if was.spec.comment != now.comment {
            let update = client(aws).update_hosted_zone_comment().id(id);
            update.set_comment(now.comment.clone()).send().await?;
        }
        networks::change(aws, id, &was.spec.networks, &now.networks).await
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        let delete = || async {
            let deleted = client(aws).delete_hosted_zone().id(&was.outputs.id).send().await;
            deleted.map(drop).map_err(Error::from)
        };
        match delete().await {
            Err(error) if error.code == "HostedZoneNotEmpty" => {
                contents::tidy(aws, &was.outputs, &was.tags).await?;
                delete().await
            }
            result => result,
        }
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        let zone = (TagResourceType::Hostedzone, &*was.outputs.id);
        tag(aws, zone, &was.tags, set, remove).await
    }

    /// Records that are not this stack's own.
    async fn holds(aws: &Aws, was: &Live<Self>) -> Result<Option<Holding>> {
        contents::of_others(aws, &was.outputs, &was.tags).await
    }

    async fn empty(aws: &Aws, was: &Live<Self>) -> Result<()> {
        contents::delete(aws, &was.outputs).await
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.name.starts_with('*') {
            problems.push(Problem::at("name", "a zone is no wildcard: its records can be"));
        }
        if !*self.private && !self.name.contains('.') && !is_unknown(&self.name) {
            let message = format!("`{}` is no domain that a public zone can have", *self.name);
            problems.push(Problem::at("name", message).help("write it out, as in `example.com`"));
        }
        let (message, help) = match (*self.private, self.networks.is_empty()) {
            (true, true) => (
                "a private zone needs a network that it answers",
                "name a VPC, or take `private` away",
            ),
            (false, false) => (
                "a public zone answers everyone",
                "set `private: true` for a zone that only these networks can ask, or take \
                 `networks` away",
            ),
            _ => return problems,
        };
        problems.push(Problem::at("networks", message).help(help));
        problems
    }
}

/// Fails when the account has a public zone of that name.
async fn refuse_second(aws: &Aws, name: &str) -> Result<()> {
    let same = client(aws).list_hosted_zones_by_name().dns_name(name).send().await?;
    let is_public = |zone: &&aws_sdk_route53::types::HostedZone| {
        super::domain::normal(zone.name()) == name
            && !zone.config().is_some_and(HostedZoneConfig::private_zone)
    };
    let Some(other) = same.hosted_zones().iter().find(is_public) else { return Ok(()) };
    let message = format!(
        "the public hosted zone {} is already of the name {name}; to take it over, give it the tags \
         infra:stack, infra:environment and infra:address of this resource",
        list::id(other)
    );
    Err(Error::new(Class::Exists, "HostedZoneAlreadyExists", message))
}
