//! Bugs that tests plant, to see that rehearsals find them and that nothing is told. Not in release
//! builds.

use serde_json::Value;

/// Names a kind whose objects are tagged by a second call instead of by the one that creates them.
const LATE_TAGS: &str = "INFRA_PLANT_LATE_TAGS";
/// Names a kind with which the program breaks instead of creating an object.
const PANIC: &str = "INFRA_PLANT_PANIC";

/// Whether objects of the kind are tagged late.
pub(super) fn tags_late(kind: &str) -> bool {
    std::env::var_os(LATE_TAGS).is_some_and(|planted| planted == kind)
}

/// Breaks at the creation of an object of the kind, as loudly as can be.
pub(super) fn panic(kind: &str, spec: &Value) {
    let is_planted = std::env::var_os(PANIC).is_some_and(|planted| planted == kind);
    assert!(!is_planted, "this was planted, and says {spec}");
}
