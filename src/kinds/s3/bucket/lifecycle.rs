//! A bucket's lifecycle: objects move to cheaper storage, and go, by age.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, ExpirationStatus,
    LifecycleExpiration, LifecycleRule, LifecycleRuleAndOperator, LifecycleRuleFilter,
    NoncurrentVersionExpiration, NoncurrentVersionTransition, Tag, Transition as AwsTransition,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Bucket, aws_tags, client};
use crate::aws::{Absent, Aws, Error, Result};
use crate::kind::{Charge, Problem, Set, default};

/// What happens to objects with age.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The rule's name, unique in its bucket.
    #[schemars(length(min = 1, max = 255))]
    id: String,
    /// Whether the rule is in force.
    #[serde(default = "default::yes")]
    enabled: bool,
    /// What the keys of the objects begin with; all objects when left out.
    prefix: Option<String>,
    /// Tags that the objects bear.
    #[serde(default)]
    tags: BTreeMap<String, String>,
    /// Only objects larger than this many bytes.
    #[schemars(range(min = 0))]
    larger_than: Option<i64>,
    /// Only objects smaller than this many bytes.
    #[schemars(range(min = 1))]
    smaller_than: Option<i64>,
    /// Moves of objects to cheaper storage.
    #[serde(default)]
    transitions: Set<Transition>,
    /// Days after which objects are deleted.
    #[schemars(range(min = 1))]
    expire_days: Option<i32>,
    /// Whether the marker of a deleted object goes when no version of the object is left.
    #[serde(default)]
    expire_delete_markers: bool,
    /// Moves of former versions to cheaper storage; days count from when they became former.
    #[serde(default)]
    noncurrent_transitions: Set<Transition>,
    /// Days after which former versions are deleted.
    #[schemars(range(min = 1))]
    noncurrent_expire_days: Option<i32>,
    /// How many former versions stay all the same. Goes with `noncurrent_expire_days`.
    #[schemars(range(min = 1, max = 100))]
    noncurrent_keep: Option<i32>,
    /// Days after which uploads in parts that nobody finished are given up.
    #[schemars(range(min = 1))]
    abort_multipart_days: Option<i32>,
}

/// A move to cheaper storage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Transition {
    /// The age in days.
    #[schemars(range(min = 0))]
    days: i32,
    /// The storage class to move to.
    #[schemars(extend("enum" = ["STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR",
        "GLACIER", "DEEP_ARCHIVE"]))]
    storage_class: String,
}

/// What is charged for storage in the classes that objects move to.
pub(super) fn charges(rules: &[Rule]) -> Vec<Charge> {
    let moves = rules.iter().filter(|rule| rule.enabled);
    let moves =
        moves.flat_map(|rule| rule.transitions.iter().chain(rule.noncurrent_transitions.iter()));
    let classes: BTreeSet<&str> = moves.map(|one| one.storage_class.as_str()).collect();
    let charge = |class| {
        let (item, name) = match class {
            "STANDARD_IA" => ("s3.infrequent.gb", "infrequent_gb"),
            "ONEZONE_IA" => ("s3.one_zone.gb", "one_zone_gb"),
            "INTELLIGENT_TIERING" => ("s3.intelligent.gb", "intelligent_gb"),
            "GLACIER_IR" => ("s3.instant.gb", "instant_gb"),
            "GLACIER" => ("s3.glacier.gb", "glacier_gb"),
            _ => ("s3.deep_archive.gb", "deep_archive_gb"),
        };
        Charge::used(format!("storage in {class}"), item, name)
    };
    classes.into_iter().map(charge).collect()
}

/// What S3 would refuse.
pub(super) fn check(rules: &[Rule]) -> Vec<Problem> {
    let mut texts = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        if rules[..index].iter().any(|earlier| earlier.id == rule.id) {
            texts.push((rule, "the id is used twice".to_owned()));
        }
        texts.extend(rule.problems().into_iter().map(|text| (rule, text)));
    }
    texts
        .into_iter()
        .map(|(rule, text)| Problem::at("lifecycle_rules", format!("rule `{}`: {text}", rule.id)))
        .collect()
}

impl Rule {
    fn problems(&self) -> Vec<String> {
        let mut texts = storage_problems(&self.transitions, self.expire_days, "expire_days");
        let expire = self.noncurrent_expire_days;
        texts.extend(storage_problems(
            &self.noncurrent_transitions,
            expire,
            "noncurrent_expire_days",
        ));
        let is_idle = self.transitions.is_empty()
            && self.expire_days.is_none()
            && !self.expire_delete_markers
            && self.noncurrent_transitions.is_empty()
            && expire.is_none()
            && self.abort_multipart_days.is_none();
        let by_size = self.larger_than.is_some() || self.smaller_than.is_some();
        let by_tag_or_size = !self.tags.is_empty() || by_size;
        let wrong = [
            (is_idle, "it does nothing: give it a transition, an expiry or `abort_multipart_days`"),
            (
                self.expire_delete_markers && self.expire_days.is_some(),
                "`expire_delete_markers` and `expire_days` exclude each other: with the second, \
                 markers go by themselves",
            ),
            (
                self.expire_delete_markers && !self.tags.is_empty(),
                "`expire_delete_markers` cannot go by `tags`: a marker has none",
            ),
            (
                self.abort_multipart_days.is_some() && by_tag_or_size,
                "`abort_multipart_days` cannot go by tags or size: an unfinished upload has neither",
            ),
            (
                self.noncurrent_keep.is_some() && expire.is_none(),
                "`noncurrent_keep` needs `noncurrent_expire_days`",
            ),
        ];
        texts.extend(wrong.iter().filter(|(is, _)| *is).map(|(_, text)| (*text).to_owned()));
        texts
    }
}

/// The storage classes in the order in which objects may move through them.
const WATERFALL: [&str; 6] =
    ["STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"];

/// Days that an object has to be stored before it moves to infrequent access, and has to stay
/// there.
const INFREQUENT_ACCESS_DAYS: i32 = 30;

/// What S3 would refuse about moves, and about the expiry after them.
///
/// Source: S3 user guide, "Transitioning objects using Amazon S3 Lifecycle".
fn storage_problems(moves: &[Transition], expire: Option<i32>, expire_field: &str) -> Vec<String> {
    let place = |class: &str| WATERFALL.iter().position(|other| *other == class);
    let is_infrequent = |class: &str| matches!(class, "STANDARD_IA" | "ONEZONE_IA");
    let mut moves: Vec<&Transition> = moves.iter().collect();
    moves.sort_by_key(|one| (one.days, place(&one.storage_class)));
    let mut texts = Vec::new();
    for one in &moves {
        if is_infrequent(&one.storage_class) && one.days < INFREQUENT_ACCESS_DAYS {
            texts.push(format!(
                "objects move to {} after {INFREQUENT_ACCESS_DAYS} days at the earliest, not {}",
                one.storage_class, one.days
            ));
        }
    }
    for pair in moves.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let (a, b) = (from.storage_class.as_str(), to.storage_class.as_str());
        if place(a) >= place(b) || (a, b) == ("ONEZONE_IA", "GLACIER_IR") {
            texts.push(format!("S3 does not move objects from {a} to {b}"));
        } else if is_infrequent(a) && to.days < from.days + INFREQUENT_ACCESS_DAYS {
            texts.push(format!(
                "objects stay in {a} for {INFREQUENT_ACCESS_DAYS} days: the move to {b} can come \
                 on day {}, not {}",
                from.days + INFREQUENT_ACCESS_DAYS,
                to.days
            ));
        }
    }
    if let (Some(expire), Some(last)) = (expire, moves.last())
        && expire <= last.days
    {
        texts.push(format!(
            "`{expire_field}` ({expire}) has to be more than the {} days of the move to {}",
            last.days, last.storage_class
        ));
    }
    texts
}

pub(super) async fn put(aws: &Aws, bucket: &Bucket) -> Result<()> {
    let name = &*bucket.name;
    if bucket.lifecycle_rules.is_empty() {
        client(aws).delete_bucket_lifecycle().bucket(name).send().await?;
        return Ok(());
    }
    let rules = bucket.lifecycle_rules.iter().map(aws_rule).collect::<Result<Vec<_>>>()?;
    let configuration = BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build()?;
    let put = client(aws).put_bucket_lifecycle_configuration().bucket(name);
    put.lifecycle_configuration(configuration).send().await?;
    Ok(())
}

fn aws_rule(rule: &Rule) -> Result<LifecycleRule> {
    let status = if rule.enabled { ExpirationStatus::Enabled } else { ExpirationStatus::Disabled };
    let expiration = (rule.expire_days.is_some() || rule.expire_delete_markers).then(|| {
        LifecycleExpiration::builder()
            .set_days(rule.expire_days)
            .set_expired_object_delete_marker(rule.expire_delete_markers.then_some(true))
            .build()
    });
    let noncurrent = rule.noncurrent_expire_days.map(|days| {
        NoncurrentVersionExpiration::builder()
            .noncurrent_days(days)
            .set_newer_noncurrent_versions(rule.noncurrent_keep)
            .build()
    });
    let abort = rule
        .abort_multipart_days
        .map(|days| AbortIncompleteMultipartUpload::builder().days_after_initiation(days).build());
    let transitions = rule.transitions.iter().map(|one| {
        let class = one.storage_class.as_str().into();
        AwsTransition::builder().days(one.days).storage_class(class).build()
    });
    let noncurrent_transitions = rule.noncurrent_transitions.iter().map(|one| {
        let class = one.storage_class.as_str().into();
        NoncurrentVersionTransition::builder()
            .noncurrent_days(one.days)
            .storage_class(class)
            .build()
    });
    Ok(LifecycleRule::builder()
        .id(&rule.id)
        .status(status)
        .filter(aws_filter(rule)?)
        .set_transitions(Some(transitions.collect()))
        .set_expiration(expiration)
        .set_noncurrent_version_transitions(Some(noncurrent_transitions.collect()))
        .set_noncurrent_version_expiration(noncurrent)
        .set_abort_incomplete_multipart_upload(abort)
        .build()?)
}

/// A filter of one part stands by itself, several are joined by `And`, none is the empty prefix.
fn aws_filter(rule: &Rule) -> Result<LifecycleRuleFilter> {
    let mut tags = aws_tags(&rule.tags)?;
    let others = [rule.prefix.is_some(), rule.larger_than.is_some(), rule.smaller_than.is_some()];
    let parts = tags.len() + others.into_iter().filter(|part| *part).count();
    let filter = LifecycleRuleFilter::builder();
    if parts > 1 {
        let and = LifecycleRuleAndOperator::builder()
            .set_prefix(rule.prefix.clone())
            .set_tags(Some(tags))
            .set_object_size_greater_than(rule.larger_than)
            .set_object_size_less_than(rule.smaller_than);
        return Ok(filter.and(and.build()).build());
    }
    let everything = (parts == 0).then(String::new);
    Ok(filter
        .set_prefix(rule.prefix.clone().or(everything))
        .set_tag(tags.pop())
        .set_object_size_greater_than(rule.larger_than)
        .set_object_size_less_than(rule.smaller_than)
        .build())
}

pub(super) async fn get(aws: &Aws, name: &str) -> Result<Set<Rule>> {
    let answer = client(aws).get_bucket_lifecycle_configuration().bucket(name).send().await;
    let rules = answer.map_err(Error::from).absent()?.and_then(|answer| answer.rules);
    Ok(rules.unwrap_or_default().iter().map(read_rule).collect())
}

fn read_rule(rule: &LifecycleRule) -> Rule {
    let filter = rule.filter();
    let and = filter.and_then(|filter| filter.and());
    #[allow(deprecated)]
    let prefix = and
        .and_then(|and| and.prefix())
        .or_else(|| filter.and_then(|filter| filter.prefix()))
        .or(rule.prefix());
    let tags = and.into_iter().flat_map(aws_sdk_s3::types::LifecycleRuleAndOperator::tags);
    let tags = tags.chain(filter.and_then(|filter| filter.tag()));
    let size = |joined: fn(&LifecycleRuleAndOperator) -> Option<i64>,
                alone: fn(&LifecycleRuleFilter) -> Option<i64>| {
        and.and_then(joined).or_else(|| filter.and_then(alone))
    };
    let expiration = rule.expiration();
    let noncurrent = rule.noncurrent_version_expiration();
    Rule {
        id: rule.id().unwrap_or_default().to_owned(),
        enabled: rule.status() == &ExpirationStatus::Enabled,
        prefix: prefix.filter(|prefix| !prefix.is_empty()).map(Into::into),
        tags: tags.map(|tag: &Tag| (tag.key().to_owned(), tag.value().to_owned())).collect(),
        larger_than: size(|and| and.object_size_greater_than, |f| f.object_size_greater_than),
        smaller_than: size(|and| and.object_size_less_than, |f| f.object_size_less_than),
        transitions: rule
            .transitions()
            .iter()
            .filter_map(|one| {
                let storage_class = one.storage_class()?.as_str().to_owned();
                Some(Transition { days: one.days().unwrap_or_default(), storage_class })
            })
            .collect(),
        expire_days: expiration.and_then(aws_sdk_s3::types::LifecycleExpiration::days),
        expire_delete_markers: expiration
            .and_then(aws_sdk_s3::types::LifecycleExpiration::expired_object_delete_marker)
            .unwrap_or_default(),
        noncurrent_transitions: rule
            .noncurrent_version_transitions()
            .iter()
            .filter_map(|one| {
                let storage_class = one.storage_class()?.as_str().to_owned();
                Some(Transition { days: one.noncurrent_days().unwrap_or_default(), storage_class })
            })
            .collect(),
        noncurrent_expire_days: noncurrent
            .and_then(aws_sdk_s3::types::NoncurrentVersionExpiration::noncurrent_days),
        noncurrent_keep: noncurrent
            .and_then(aws_sdk_s3::types::NoncurrentVersionExpiration::newer_noncurrent_versions),
        abort_multipart_days: rule
            .abort_incomplete_multipart_upload()
            .and_then(aws_sdk_s3::types::AbortIncompleteMultipartUpload::days_after_initiation),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(moves: &[(i32, &str)], expire: Option<i32>) -> Vec<String> {
        let moves: Vec<Transition> = moves
            .iter()
            .map(|&(days, class)| Transition { days, storage_class: class.to_owned() })
            .collect();
        storage_problems(&moves, expire, "expire_days")
    }

    #[test]
    fn the_waterfall_of_the_documentation() {
        for moves in [
            &[(30, "GLACIER")][..],
            &[(0, "GLACIER_IR"), (90, "DEEP_ARCHIVE")],
            &[(30, "STANDARD_IA"), (60, "GLACIER"), (150, "DEEP_ARCHIVE")],
            &[(0, "INTELLIGENT_TIERING"), (1, "GLACIER")],
        ] {
            assert_eq!(problems(moves, Some(365)), [""; 0]);
        }
        assert_eq!(
            problems(&[(10, "GLACIER"), (40, "STANDARD_IA")], None),
            ["S3 does not move objects from GLACIER to STANDARD_IA"]
        );
        assert_eq!(
            problems(&[(30, "ONEZONE_IA"), (90, "GLACIER_IR")], None),
            ["S3 does not move objects from ONEZONE_IA to GLACIER_IR"]
        );
        assert_eq!(
            problems(&[(7, "STANDARD_IA"), (30, "GLACIER")], Some(30)),
            [
                "objects move to STANDARD_IA after 30 days at the earliest, not 7",
                "objects stay in STANDARD_IA for 30 days: the move to GLACIER can come on day 37, \
                 not 30",
                "`expire_days` (30) has to be more than the 30 days of the move to GLACIER",
            ]
        );
    }
}
