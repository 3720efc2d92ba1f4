//! From the AWS Price List to prices: what is asked, and what the answers say. The asking itself is
//! done elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::prices::{GLOBAL, Item, Prices, Source, name_and_variant};

/// The regions that prices are kept for.
pub const REGIONS: [&str; 4] = ["eu-west-3", "eu-central-1", "eu-west-1", "us-east-1"];
/// What stands for the variant in an item's filters.
const VARIANT: &str = "{}";
/// The name of the source of what was fetched.
const SOURCE: &str = "price-list";

/// What the Price List is asked for one price.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The region, or [`GLOBAL`].
    pub region: String,
    /// The item, with its variant.
    pub item: String,
    /// The code of the service.
    pub service: String,
    /// What products have to have: attribute and value.
    pub filters: Vec<(String, String)>,
    /// What the product's `usagetype` ends with, after the region.
    pub usage: Option<String>,
}

/// Everything that is worth asking: all items in all regions, in all variants that have a price
/// somewhere, and what else is charged: regions and items.
pub fn questions<'a>(
    prices: &Prices,
    charged: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Vec<Question> {
    let mut regions: BTreeSet<&str> = REGIONS.into();
    let mut variants: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let known = prices.prices.values().flat_map(|all| all.keys().map(String::as_str));
    for item in known {
        if let (name, Some(variant)) = name_and_variant(item) {
            variants.entry(name).or_default().insert(variant);
        }
    }
    for (region, item) in charged {
        regions.insert(region);
        if let (name, Some(variant)) = name_and_variant(item) {
            variants.entry(name).or_default().insert(variant);
        }
    }
    let mut questions = Vec::new();
    for (name, item) in &prices.items {
        let Some(service) = &item.service else { continue };
        let regions = if item.global { BTreeSet::from([GLOBAL]) } else { regions.clone() };
        let texts = item.filters.values().chain(&item.usage);
        let varies = texts.clone().any(|text| text.contains(VARIANT));
        let of_item: Vec<Option<&str>> = match variants.get(name.as_str()) {
            Some(all) if varies => all.iter().copied().map(Some).collect(),
            _ if varies => Vec::new(),
            _ => vec![None],
        };
        for region in &regions {
            for variant in &of_item {
                questions.push(question(name, item, service, region, *variant));
            }
        }
    }
    questions
}

fn question(
    name: &str,
    item: &Item,
    service: &str,
    region: &str,
    variant: Option<&str>,
) -> Question {
    let fill = |text: &String| text.replace(VARIANT, variant.unwrap_or_default());
    let own = item.filters.iter().map(|(field, value)| (field.clone(), fill(value)));
    let place = (region != GLOBAL).then(|| ("regionCode".to_owned(), region.to_owned()));
    Question {
        region: region.to_owned(),
        item: variant.map_or(name.to_owned(), |variant| format!("{name}:{variant}")),
        service: service.to_owned(),
        filters: place.into_iter().chain(own).collect(),
        usage: item.usage.as_ref().map(fill),
    }
}

/// The price that products say, in dollars per unit of the item. The error says why there is none.
pub fn price(question: &Question, item: &Item, products: &[String]) -> Result<f64, String> {
    let mut found: Vec<f64> = Vec::new();
    for product in products {
        let product: Value = serde_json::from_str(product)
            .map_err(|error| format!("the answer is not what it should be: {error}"))?;
        let usage = product["product"]["attributes"]["usagetype"].as_str().unwrap_or_default();
        if question.usage.as_deref().is_some_and(|wanted| !is_usage(usage, wanted)) {
            continue;
        }
        found.extend(dollars(&product["terms"], item.term.as_deref()));
    }
    found.sort_by(f64::total_cmp);
    found.dedup();
    let scale = f64::from(item.per.unwrap_or(1)) / f64::from(item.price_per.unwrap_or(1));
    match found.as_slice() {
        [one] => Ok(one * scale),
        [] => Err("the Price List has no such product".to_owned()),
        many => Err(format!("the Price List has {} different prices", many.len())),
    }
}

/// Whether a `usagetype` is the wanted one, whatever region stands before it.
fn is_usage(usage: &str, wanted: &str) -> bool {
    usage.strip_suffix(wanted).is_some_and(|before| before.is_empty() || before.ends_with('-'))
}

/// The prices of the first units of a product: on demand, or for a term without upfront payment.
fn dollars(terms: &Value, term: Option<&str>) -> Vec<f64> {
    let kind = if term.is_some() { "Reserved" } else { "OnDemand" };
    let offers = terms[kind].as_object().into_iter().flatten().map(|(_, offer)| offer);
    let offers = offers.filter(|offer| {
        let attribute = |name: &str| offer["termAttributes"][name].as_str();
        term.is_none()
            || attribute("LeaseContractLength") == term
                && attribute("PurchaseOption") == Some("No Upfront")
                && attribute("OfferingClass").is_none_or(|class| class == "standard")
    });
    let dimensions = offers.filter_map(|offer| offer["priceDimensions"].as_object()).flatten();
    dimensions
        .filter(|(_, it)| it["beginRange"].as_str().is_none_or(|begin| begin == "0"))
        .filter_map(|(_, it)| it["pricePerUnit"]["USD"].as_str()?.parse().ok())
        .filter(|usd: &f64| *usd > 0.0)
        .collect()
}

/// What a refresh came to.
#[derive(Debug, Default)]
pub struct Fetched {
    /// The prices.
    pub prices: Prices,
    /// How many there are.
    pub count: usize,
    /// What has no answer, and why.
    pub missing: Vec<(Question, String)>,
}

/// Takes prices down.
pub fn collect(
    prices: &Prices,
    answers: impl IntoIterator<Item = (Question, Vec<String>)>,
    date: &str,
) -> Fetched {
    let mut fetched = Fetched::default();
    for (question, products) in answers {
        let Some(item) = prices.items.get(name_and_variant(&question.item).0) else { continue };
        match price(&question, item, &products) {
            Ok(usd) => {
                let region = fetched.prices.prices.entry(question.region).or_default();
                region.insert(question.item, (usd, SOURCE.to_owned()));
                fetched.count += 1;
            }
            Err(why) => fetched.missing.push((question, why)),
        }
    }
    let source = "AWS Price List API, GetProducts".to_owned();
    let source = Source { source, date: date.to_owned() };
    fetched.prices.sources.insert(SOURCE.to_owned(), source);
    fetched
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn product(usage: &str, usd: &str) -> String {
        json!({
            "product": { "attributes": { "usagetype": usage } },
            "terms": {
                "OnDemand": { "A": { "priceDimensions": {
                    "A1": { "beginRange": "0", "pricePerUnit": { "USD": usd } },
                    "A2": { "beginRange": "1000", "pricePerUnit": { "USD": "0.0001" } },
                } } },
                "Reserved": { "B": {
                    "termAttributes": { "LeaseContractLength": "1yr",
                        "PurchaseOption": "No Upfront", "OfferingClass": "standard" },
                    "priceDimensions": { "B1": { "pricePerUnit": { "USD": "0.015" } } },
                }, "C": {
                    "termAttributes": { "LeaseContractLength": "1yr",
                        "PurchaseOption": "All Upfront", "OfferingClass": "standard" },
                    "priceDimensions": { "C1": { "pricePerUnit": { "USD": "100" } } },
                } },
            },
        })
        .to_string()
    }

    fn asked(item: &str) -> (Question, Item) {
        let prices = Prices::embedded();
        let all = questions(&prices, [("ap-south-1", "ec2.hour:t3.nano")]);
        let of_paris = |one: &&Question| one.region == "eu-west-3" && one.item == item;
        let question = all.iter().find(of_paris).expect("a question").clone();
        (question, prices.items[name_and_variant(item).0].clone())
    }

    #[test]
    fn the_first_units_of_the_right_usage_count() {
        let (question, item) = asked("s3.writes");
        let others = product("EUW3-Requests-SIA-Tier1", "0.9");
        let products = [product("EUW3-Requests-Tier1", "0.0000053"), others];
        let usd = price(&question, &item, &products).expect("a price");
        // A thousand requests.
        assert!((usd - 0.0053).abs() < 1e-12, "{usd}");
        assert!(question.filters.contains(&("regionCode".to_owned(), "eu-west-3".to_owned())));
    }

    #[test]
    fn reservations_are_those_without_upfront_payment() {
        let (question, item) = asked("ec2.hour.one_year_no_upfront:t3a.small");
        assert!(question.filters.contains(&("instanceType".to_owned(), "t3a.small".to_owned())));
        let products = [product("EUW3-BoxUsage:t3a.small", "0.0212")];
        assert_eq!(price(&question, &item, &products), Ok(0.015));
    }

    #[test]
    fn what_is_not_clear_is_no_price() {
        let (question, item) = asked("ec2.nat_gateway.hour");
        assert!(price(&question, &item, &[]).is_err());
        let two = ["0.05", "0.06"].map(|usd| product("EUW3-NatGateway-Hours", usd));
        assert!(price(&question, &item, &two).is_err());
        let fetched = collect(&Prices::embedded(), [(question, Vec::new())], "2026-11-22");
        assert_eq!((fetched.count, fetched.missing.len()), (0, 1));
    }
}
