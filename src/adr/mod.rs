//! Decisions, each with its reason: one page per decision, in the order in which they were made.

#[doc = include_str!("0001-live-truth.md")]
pub mod adr_0001_live_truth {}
#[doc = include_str!("0002-yaml-parser.md")]
pub mod adr_0002_yaml_parser {}
#[doc = include_str!("0003-tables-of-constructors.md")]
pub mod adr_0003_tables_of_constructors {}
#[doc = include_str!("0004-names-of-replacements.md")]
pub mod adr_0004_names_of_replacements {}
#[doc = include_str!("0005-tags-from-the-sweep.md")]
pub mod adr_0005_tags_from_the_sweep {}
#[doc = include_str!("0006-size-of-kinds.md")]
pub mod adr_0006_size_of_kinds {}
#[doc = include_str!("0007-standard-retries.md")]
pub mod adr_0007_standard_retries {}
#[doc = include_str!("0008-looked-for-before-made-again.md")]
pub mod adr_0008_looked_for_before_made_again {}
#[doc = include_str!("0009-asleep-is-another-stack.md")]
pub mod adr_0009_asleep_is_another_stack {}
#[doc = include_str!("0010-code-by-its-hash.md")]
pub mod adr_0010_code_by_its_hash {}
#[doc = include_str!("0011-what-a-plan-costs.md")]
pub mod adr_0011_what_a_plan_costs {}
#[doc = include_str!("0012-pictures.md")]
pub mod adr_0012_pictures {}
#[doc = include_str!("0013-adoption-is-named.md")]
pub mod adr_0013_adoption_is_named {}
