//! What volumes cost: for their size, and for speed beyond what comes with it.

use super::disk::Shape;
use crate::kind::Charge;

/// Operations per second, and MiB per second, that every `gp3` has without charge.
const GP3_IOPS: i32 = 3000;
const GP3_THROUGHPUT: i32 = 125;

impl Shape<'_> {
    /// What is charged for a volume, whether it is in use or not.
    pub fn charges(&self) -> Vec<Charge> {
        let kind = self.r#type;
        let item = format!("ebs.{kind}.gb");
        let Some(size) = self.size else {
            let why = "the size is what AWS makes it";
            return vec![Charge::unknown("disk", item, why)];
        };
        let mut charges = vec![Charge::monthly("disk", item, f64::from(size))];
        let included = if kind == "gp3" { GP3_IOPS } else { 0 };
        if let Some(iops) = self.iops.filter(|iops| *iops > included) {
            let more = f64::from(iops - included);
            charges.push(Charge::monthly("operations", format!("ebs.{kind}.iops"), more));
        }
        if let Some(rate) = self.throughput.filter(|rate| *rate > GP3_THROUGHPUT) {
            let more = f64::from(rate - GP3_THROUGHPUT);
            charges.push(Charge::monthly("throughput", format!("ebs.{kind}.throughput"), more));
        }
        charges
    }
}
