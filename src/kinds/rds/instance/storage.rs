//! A database's disk.

use aws_sdk_rds::types::DbInstance;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Auto, Charge, Problem, Tags, from_word, ownership, to_word};

/// A database's disk, which never gets smaller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    /// Its size in GiB; it grows by a tenth at least. With `max_gb` it is the least size: that the disk
    /// has grown is no difference.
    #[schemars(range(min = 20, max = 65536))]
    gb: i32,
    /// The size in GiB up to which AWS lets it grow by itself when it is nearly full; it does not when
    /// left out.
    #[schemars(range(min = 22, max = 65536))]
    max_gb: Option<i32>,
    /// `gp3` and `gp2` for all-purpose disks, `io1` and `io2` for those with operations that you
    /// order.
    #[serde(default)]
    r#type: StorageType,
    /// Operations in a second. Disks of type `gp3` take this from 400 GiB on, and have 3000 before.
    #[serde(default)]
    #[schemars(range(min = 1000, max = 256_000))]
    iops: Auto<i32>,
    /// MiB in a second, for disks of type `gp3` from 400 GiB on.
    #[serde(default)]
    #[schemars(range(min = 125, max = 4000))]
    throughput: Auto<i32>,
}

/// The type of a disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StorageType {
    Gp2,
    #[default]
    Gp3,
    Io1,
    Io2,
}

/// From this size on, in GiB, the speed of a `gp3` disk can be ordered.
const ORDERED_FROM: i32 = 400;

impl Storage {
    /// What is charged for the disk, and for speed that is ordered; `zones` as in the items' names.
    pub(super) fn charges(&self, zones: &str) -> Vec<Charge> {
        let kind = to_word(&self.r#type);
        let mut charges =
            vec![Charge::monthly("disk", format!("rds.{zones}.{kind}.gb"), f64::from(self.gb))];
        if let Some(iops) = *self.iops {
            let item = format!("rds.{zones}.{kind}.iops");
            charges.push(match self.r#type {
                // What comes with the disk is not charged, and depends on the engine and the size.
                StorageType::Gp3 => Charge::unknown("operations", item, "some come with the disk"),
                _ => Charge::monthly("operations", item, f64::from(iops)),
            });
        }
        charges
    }

    pub(super) fn gb(&self) -> i32 {
        self.gb
    }

    /// The limit of its growth. AWS takes the disk's own size for none.
    pub(super) fn limit(&self) -> i32 {
        self.max_gb.unwrap_or(self.gb)
    }

    pub(super) fn max_gb(&self) -> Option<i32> {
        self.max_gb
    }

    pub(super) fn kind(&self) -> StorageType {
        self.r#type
    }

    /// The operations to order. AWS refuses them for a disk that has no choice.
    pub(super) fn iops(&self) -> Option<i32> {
        self.iops.0.filter(|_| match self.r#type {
            StorageType::Gp2 => false,
            StorageType::Gp3 => self.gb >= ORDERED_FROM,
            StorageType::Io1 | StorageType::Io2 => true,
        })
    }

    /// The throughput to order.
    pub(super) fn throughput(&self) -> Option<i32> {
        self.throughput.0.filter(|_| self.r#type == StorageType::Gp3 && self.gb >= ORDERED_FROM)
    }

    pub(super) fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.max_gb.is_some_and(|most| most <= self.gb) {
            let message = "the disk cannot grow: `max_gb` is not more than `gb`";
            problems.push(Problem::at("storage.max_gb", message));
        }
        let is_ordered = matches!(self.r#type, StorageType::Io1 | StorageType::Io2);
        if is_ordered && self.iops.is_none() {
            let message = "a disk of this type needs the number of operations that it is to do";
            problems.push(Problem::at("storage.iops", message).help("give `iops`"));
        }
        if self.iops.is_some() && self.iops().is_none() {
            let message = "AWS takes no `iops` for a disk of this type and size";
            problems.push(Problem::at("storage.iops", message));
        }
        problems
    }

    /// The disk of a live database. One that may grow by itself is as large as it was to be at least.
    pub(super) fn read(instance: &DbInstance, tags: &Tags) -> Self {
        let (live, most) =
            (instance.allocated_storage().unwrap_or_default(), instance.max_allocated_storage());
        let least = tags.get(ownership::STORAGE_GB).and_then(|text| text.parse().ok());
        let least = least.filter(|least| most.is_some() && *least <= live);
        Self {
            gb: least.unwrap_or(live),
            max_gb: most,
            r#type: from_word(instance.storage_type().unwrap_or_default()).unwrap_or_default(),
            iops: Auto(instance.iops()),
            throughput: Auto(instance.storage_throughput().filter(|rate| *rate > 0)),
        }
    }
}
