//! A bug that a test plants, to see that rehearsals find it. Not in release builds.

/// Names a kind whose objects are tagged by a second call instead of by the one that creates them.
const VARIABLE: &str = "INFRA_PLANT_LATE_TAGS";

/// Whether objects of the kind are tagged late.
pub(super) fn tags_late(kind: &str) -> bool {
    std::env::var_os(VARIABLE).is_some_and(|planted| planted == kind)
}
