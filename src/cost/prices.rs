//! The list prices: `prices.json`, and what `infra cost --refresh` has fetched since.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The list prices that come with the program.
const EMBEDDED: &str = include_str!("prices.json");
/// Where prices stand that are the same everywhere.
pub const GLOBAL: &str = "global";

/// Prices by region and item, each with its source.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// Where prices come from, by a short name.
    pub sources: BTreeMap<String, Source>,
    /// What can be charged, by name.
    #[serde(default)]
    pub items: BTreeMap<String, Item>,
    /// By region, then by item (with its variant after a colon): dollars per unit, and the source.
    pub prices: BTreeMap<String, BTreeMap<String, (f64, String)>>,
}

/// Where a price comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// What was read: an address, or words.
    pub source: String,
    /// When it was read or published, as `2026-11-22`.
    pub date: String,
}

/// Something that can be charged, and how it is found in the AWS Price List.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// What one unit is: `GB-month`.
    pub unit: String,
    /// The code of the service in the Price List; without, the item is not refreshed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// What products are asked for by: attribute to value. `{}` stands for the variant.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub filters: BTreeMap<String, String>,
    /// The product's `usagetype`, without the region before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<String>,
    /// How many of the Price List's units are one of ours, when that is not one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per: Option<u32>,
    /// How many of our units are one of the Price List's, when that is not one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_per: Option<u32>,
    /// Whether the Price List has it for all regions together.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub global: bool,
    /// For a reservation without upfront payment: its term, `1yr` or `3yr`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<String>,
}

/// One price.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Price<'a> {
    /// Dollars per unit.
    pub usd: f64,
    /// Where it comes from.
    pub source: Option<&'a Source>,
}

/// The name of an item without its variant, and the variant.
pub fn name_and_variant(item: &str) -> (&str, Option<&str>) {
    item.split_once(':').map_or((item, None), |(name, variant)| (name, Some(variant)))
}

impl Prices {
    /// The prices that come with the program.
    pub fn embedded() -> Self {
        serde_json::from_str(EMBEDDED).expect("the price list is read by a test")
    }

    /// Reads prices that were fetched.
    pub fn read(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// Takes on other prices in place of its own, where those have any.
    pub fn extend(&mut self, newer: Self) {
        self.sources.extend(newer.sources);
        self.items.extend(newer.items);
        for (region, prices) in newer.prices {
            self.prices.entry(region).or_default().extend(prices);
        }
    }

    /// The price of an item in a region; `None` when it is not known.
    pub fn get(&self, region: &str, item: &str) -> Option<Price<'_>> {
        let find = |region: &str| self.prices.get(region)?.get(item);
        let (usd, source) = find(region).or_else(|| find(GLOBAL))?;
        Some(Price { usd: *usd, source: self.sources.get(source) })
    }

    /// What one unit of an item is.
    pub fn unit(&self, item: &str) -> &str {
        self.items.get(name_and_variant(item).0).map_or("unit", |item| item.unit.as_str())
    }
}
