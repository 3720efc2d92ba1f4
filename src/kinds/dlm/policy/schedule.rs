//! One series of snapshots.

use std::collections::BTreeMap;

use aws_sdk_dlm::types::{
    CreateRule, CrossRegionCopyRetainRule, CrossRegionCopyRule, IntervalUnitValues, RetainRule,
    RetentionIntervalUnitValues, Schedule as AwsSchedule,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{tag_list, tag_map};
use crate::aws::{Error, Result};
use crate::kind::{Arn, Auto, Problem, Ref, Set, default, from_word};
use crate::kinds::kms::Key;

/// One series of snapshots.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// The schedule's name, unique in its policy.
    #[schemars(length(min = 1, max = 120))]
    pub name: String,
    /// When snapshots are made, in UTC: `cron(0 3 * * ? *)`. Either this or `every_hours`.
    #[schemars(regex(pattern = r"^cron\(.+\)$"))]
    cron: Option<String>,
    /// How many hours lie between snapshots.
    #[schemars(extend("enum" = [1, 2, 3, 4, 6, 8, 12, 24]))]
    every_hours: Option<i32>,
    /// When the first snapshot of the day is made, in UTC: `03:00`. AWS chooses when left out.
    #[serde(default)]
    #[schemars(regex(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$"))]
    at: Auto<String>,
    /// How many snapshots of each volume are kept. Either this or `keep`.
    #[schemars(range(min = 1, max = 1000))]
    keep_count: Option<i32>,
    /// For how long snapshots are kept.
    keep: Option<Age>,
    /// Whether snapshots get the tags of their volumes.
    #[serde(default = "default::yes")]
    copy_tags: bool,
    /// Further tags of the snapshots.
    #[serde(default)]
    tags_to_add: BTreeMap<String, String>,
    /// Copies in other regions: at most three.
    #[serde(default)]
    copies: Set<Copy>,
}

/// How long something is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Age {
    /// How many of the unit.
    #[schemars(range(min = 1, max = 36_500))]
    number: i32,
    /// `days`, `weeks`, `months` or `years`.
    unit: Unit,
}

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    Days,
    Weeks,
    Months,
    Years,
}

/// A copy of each snapshot in another region.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Copy {
    /// The other region, such as `eu-central-1`.
    region: String,
    /// Whether the copy is encrypted even if the snapshot is not.
    #[serde(default = "default::yes")]
    encrypted: bool,
    /// The key of the other region that encrypts it; that region's key for EBS when left out.
    kms_key: Option<Ref<Key, Arn>>,
    /// Whether the copy gets the tags of the snapshot.
    #[serde(default = "default::yes")]
    copy_tags: bool,
    /// For how long the copy is kept.
    keep: Age,
}

impl Schedule {
    /// Whether its snapshots are copied to other regions.
    pub fn copies(&self) -> bool {
        !self.copies.is_empty()
    }

    /// What AWS would refuse.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut problem = |text: &str| {
            problems.push(Problem::at("schedules", format!("`{}`: {text}", self.name)));
        };
        if self.cron.is_some() == self.every_hours.is_some() {
            problem("it has either `cron` or `every_hours`");
        }
        if self.cron.is_some() && self.at.is_some() {
            problem("`at` goes with `every_hours`: `cron` says the time itself");
        }
        if self.keep_count.is_some() == self.keep.is_some() {
            problem("it has either `keep_count` or `keep`");
        }
        if self.copies.len() > 3 {
            problem("AWS copies to three other regions at most");
        }
        for copy in &*self.copies {
            if copy.kms_key.is_some() && !copy.encrypted {
                problem("a copy with a `kms_key` is encrypted");
            }
        }
        let mut ages = self.keep.iter().chain(self.copies.iter().map(|copy| &copy.keep));
        if ages.any(|age| age.number > age.unit.most()) {
            problem("AWS keeps snapshots for 100 years at most");
        }
        problems
    }

    /// The schedule as AWS takes it.
    pub fn write(&self) -> AwsSchedule {
        let create = CreateRule::builder()
            .set_cron_expression(self.cron.clone())
            .set_interval(self.every_hours)
            .set_interval_unit(self.every_hours.map(|_| IntervalUnitValues::Hours))
            .set_times(self.at.as_ref().map(|time| vec![time.clone()]));
        let retain = RetainRule::builder()
            .set_count(self.keep_count)
            .set_interval(self.keep.map(|age| age.number))
            .set_interval_unit(self.keep.map(|age| age.unit.write()));
        let copies: Vec<CrossRegionCopyRule> = self.copies.iter().map(Copy::write).collect();
        AwsSchedule::builder()
            .name(&self.name)
            .create_rule(create.build())
            .retain_rule(retain.build())
            .copy_tags(self.copy_tags)
            .set_tags_to_add(Some(tag_list(&self.tags_to_add)))
            .set_cross_region_copy_rules(Some(copies))
            .build()
    }

    /// The schedule as AWS shows it.
    pub fn read(schedule: &AwsSchedule) -> Result<Self> {
        let create = schedule.create_rule();
        let retain = schedule.retain_rule();
        let cron = create.and_then(|rule| rule.cron_expression()).map(ToOwned::to_owned);
        let time = create.and_then(|rule| rule.times().first()).filter(|_| cron.is_none());
        let hours = create.and_then(CreateRule::interval).filter(|hours| *hours > 0);
        let copies = schedule.cross_region_copy_rules().iter().map(Copy::read);
        Ok(Self {
            name: schedule.name().unwrap_or_default().to_owned(),
            cron,
            every_hours: hours,
            at: Auto(time.cloned()),
            keep_count: retain.and_then(RetainRule::count).filter(|count| *count > 0),
            keep: retain
                .and_then(|rule| Some((rule.interval()?, rule.interval_unit()?)))
                .map(|(number, unit)| Age::read(number, unit))
                .transpose()?,
            copy_tags: schedule.copy_tags().unwrap_or_default(),
            tags_to_add: tag_map(schedule.tags_to_add()),
            copies: copies.collect::<Result<_>>()?,
        })
    }
}

impl Copy {
    fn write(&self) -> CrossRegionCopyRule {
        let keep = CrossRegionCopyRetainRule::builder()
            .interval(self.keep.number)
            .interval_unit(self.keep.unit.write());
        CrossRegionCopyRule::builder()
            .target(&self.region)
            .encrypted(self.encrypted)
            .set_cmk_arn(self.kms_key.as_ref().map(ToString::to_string))
            .copy_tags(self.copy_tags)
            .retain_rule(keep.build())
            .build()
    }

    fn read(rule: &CrossRegionCopyRule) -> Result<Self> {
        // Old policies say the region in another place.
        let region = rule.target().or(rule.target_region()).unwrap_or_default();
        let keep =
            rule.retain_rule().and_then(|rule| Some((rule.interval()?, rule.interval_unit()?)));
        let (number, unit) = keep.ok_or_else(|| Error::missing("RetainRule of a copy"))?;
        Ok(Self {
            region: region.to_owned(),
            encrypted: rule.encrypted().unwrap_or_default(),
            kms_key: rule.cmk_arn().map(Ref::from),
            copy_tags: rule.copy_tags().unwrap_or_default(),
            keep: Age::read(number, unit)?,
        })
    }
}

impl Age {
    fn read(number: i32, unit: &RetentionIntervalUnitValues) -> Result<Self> {
        Ok(Self { number, unit: from_word(&unit.as_str().to_lowercase())? })
    }
}

impl Unit {
    fn write(self) -> RetentionIntervalUnitValues {
        match self {
            Self::Days => RetentionIntervalUnitValues::Days,
            Self::Weeks => RetentionIntervalUnitValues::Weeks,
            Self::Months => RetentionIntervalUnitValues::Months,
            Self::Years => RetentionIntervalUnitValues::Years,
        }
    }

    /// How many of it are 100 years.
    fn most(self) -> i32 {
        match self {
            Self::Days => 36_500,
            Self::Weeks => 5200,
            Self::Months => 1200,
            Self::Years => 100,
        }
    }
}
