//! What a record is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::value;
use crate::kind::field::Id;
use crate::kind::{Immutable, Ref, Set};
use crate::kinds::route53::domain::{Domain, normal};
use crate::kinds::route53::sets::Key;
use crate::kinds::route53::{HealthCheck, HostedZone};

/// A DNS record: what a name of one type is answered with. The zone may be of this stack or of
/// others.
///
/// Records have no tags. Each has a second record beside it that says whose it is, as external-dns
/// does it: a `TXT` record `_infra-TYPE.NAME`, made, changed and deleted in one batch with it, so that
/// neither is ever there alone. A record without such a mark, or with that of another stack, is
/// never changed, and making one in its place fails. To take over a record that exists already,
/// write the mark by hand: its text is `heritage=infra,infra/stack=STACK,infra/environment=ENV,infra/address=ADDRESS`,
/// in quotation marks. Everyone who may ask the zone can read it. The tags of the stack are left out.
///
/// To find its records, a plan reads each zone that the stack has made or that a name in the file
/// lies in, and up to 25 others: in an account with more, a record in a zone of others that no name
/// in the file lies in any more is left behind.
///
/// A record counts as ready when AWS has accepted it. All name servers know it within a minute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fields {
    /// The zone: a reference, or the id of one outside the stack, `Z…`.
    pub zone: Immutable<Ref<HostedZone, Id>>,
    /// The whole name, with the zone's in it; it has to be given: `www.example.com`, `*.example.com`
    /// for all names that have no record of their own.
    pub name: Domain,
    /// The type of the record. A change is made in one step, so that the name is never without
    /// an answer.
    pub r#type: Type,
    /// For how many seconds those who ask may keep the answer. An alias has that of its target.
    #[serde(default = "five_minutes")]
    #[schemars(range(min = 0, max = 2_147_483_647))]
    pub ttl: i64,
    /// The answers. An address for `A` and `AAAA`; a name for `CNAME`, `NS` and `PTR`; `10 mail.example.com`
    /// for `MX`; `10 5 5060 sip.example.com` for `SRV`; `0 issue "letsencrypt.org"` for `CAA`; the text
    /// itself for `TXT`, without quotation marks and as long as it may be.
    #[serde(default)]
    pub values: Set<String>,
    /// Something of AWS's to answer for, in place of `values`.
    pub alias: Option<Alias>,
    /// What tells the records of one name and type apart when AWS chooses between them.
    #[schemars(length(min = 1, max = 128))]
    pub set_identifier: Option<String>,
    /// The share of answers that this record gives, beside those of the same name.
    #[schemars(range(min = 0, max = 255))]
    pub weight: Option<i64>,
    /// Whether this record answers as long as it is healthy, or when the other one is not.
    pub failover: Option<Failover>,
    /// The region from which what this record names is reached: those who are near it get it.
    pub latency_region: Option<String>,
    /// From where those have to ask who get this record.
    pub geolocation: Option<Geolocation>,
    /// Whether this record is one of several of which up to eight healthy ones are the answer.
    #[serde(default)]
    pub multivalue: bool,
    /// The check that has to find the record healthy for it to be an answer.
    pub health_check: Option<Ref<HealthCheck, Id>>,
}

/// Something of AWS's that a name stands for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alias {
    /// The zone that the target's name is in: `${alb.zone_id}`, the id of this record's own zone for
    /// another of its records, `Z2FDTNDATAQYW2` for CloudFront.
    pub zone: String,
    /// The target's name, such as `${alb.dns_name}`.
    pub name: String,
    /// Whether the record counts as healthy only while its target does. Not for CloudFront.
    #[serde(default)]
    pub evaluate_target_health: bool,
}

/// Which of two records answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Failover {
    Primary,
    Secondary,
}

/// A part of the world: a continent, a country, or a part of one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Geolocation {
    /// `AF`, `AN`, `AS`, `EU`, `OC`, `NA` or `SA`.
    #[schemars(extend("enum" = ["AF", "AN", "AS", "EU", "NA", "OC", "SA"]))]
    pub continent: Option<String>,
    /// A country's two letters (ISO 3166-1), or `*` for everyone whom no other record is for.
    #[schemars(length(min = 1, max = 2))]
    pub country: Option<String>,
    /// A state of the USA, two letters, or a region of Ukraine.
    #[schemars(length(min = 1, max = 3))]
    pub subdivision: Option<String>,
}

/// The type of a record.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "UPPERCASE")]
pub enum Type {
    A,
    Aaaa,
    Caa,
    Cname,
    Mx,
    Ns,
    Ptr,
    Spf,
    Srv,
    Txt,
}

/// The time to live of records that give none.
pub(super) fn five_minutes() -> i64 {
    300
}

impl Type {
    /// AWS's word for the type.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Caa => "CAA",
            Self::Cname => "CNAME",
            Self::Mx => "MX",
            Self::Ns => "NS",
            Self::Ptr => "PTR",
            Self::Spf => "SPF",
            Self::Srv => "SRV",
            Self::Txt => "TXT",
        }
    }
}

impl Fields {
    /// What tells the record from all others of its zone.
    pub(super) fn key(&self) -> Key<'_> {
        (&self.name, self.r#type.word(), self.set_identifier.as_deref())
    }

    /// The record with its values as they are compared.
    pub(super) fn normal(mut self) -> Self {
        let values = self.values.iter().map(|text| value::normal(self.r#type, text));
        self.values = values.collect();
        if let Some(alias) = &mut self.alias {
            alias.name = normal(&alias.name);
        }
        self
    }

    /// The policies by which AWS chooses this record among those of its name and type.
    pub(super) fn policies(&self) -> Vec<&'static str> {
        let all = [
            ("weight", self.weight.is_some()),
            ("failover", self.failover.is_some()),
            ("latency_region", self.latency_region.is_some()),
            ("geolocation", self.geolocation.is_some()),
            ("multivalue", self.multivalue),
        ];
        all.into_iter().filter(|(_, is_set)| *is_set).map(|(name, _)| name).collect()
    }
}
