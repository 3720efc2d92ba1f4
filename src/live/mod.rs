//! AWS → snapshot: the ownership sweep and concurrent discovery.

use serde::{Deserialize, Serialize};

use crate::kind::LiveObject;

/// All objects that belong to one environment of a stack, and foreign ones that bear a name it
/// needs, as read from AWS at one time.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Snapshot {
    /// The account's twelve digits.
    pub account: String,
    /// The objects, sorted by region, kind, address and id.
    pub objects: Vec<LiveObject>,
}
