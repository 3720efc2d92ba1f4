//! What a month costs, as a user meets it.

use insta::assert_snapshot;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::binary::User;
use crate::cli::{JSON, infra, said, served};

/// A stack that has charges of every sort: known, by use, unknown, and none.
const SHOP: &str = "stack: shop
region: eu-west-3
currency: { EUR: 0.9 }
environments:
  dev: { budget: { monthly: 30 } }
  prod: { budget: { monthly: 60, currency: EUR } }
resources:
  network: { kind: ec2.vpc, cidr: 10.0.0.0/16 }
  subnet: { kind: ec2.subnet, vpc: \"${network}\", cidr: 10.0.0.0/24, zone: eu-west-3a }
  gateway:
    kind: ec2.nat_gateway
    connectivity: private
    subnet: ${subnet}
    usage: { gb: 100 }
  key: { kind: kms.key, usage: { requests: 0 } }
  far: { kind: ec2.elastic_ip, region: ap-south-1 }
  logs: { kind: logs.log_group, class: INFREQUENT_ACCESS }
  task:
    kind: ecs.task_definition
    cpu: 256
    memory: 512
    architecture: ARM64
    containers: [{ name: web, image: nginx }]
  cluster: { kind: ecs.cluster, container_insights: disabled }
  service:
    kind: ecs.service
    cluster: ${cluster}
    task_definition: ${task}
    desired_count: 2
    subnets: [\"${subnet}\"]
";

fn cost(args: &[&str]) -> String {
    let home = TempDir::new().expect("a folder");
    let path = home.path().join("shop.yaml");
    std::fs::write(&path, SHOP).expect("written");
    let output = infra(home.path()).arg("cost").arg(&path).args(args).output().expect("run");
    said(&output)
}

#[test]
fn the_file_alone_says_what_a_month_costs() {
    assert_snapshot!(cost(&["--env", "prod", "--offline"]));
}

#[test]
fn another_currency_has_a_stated_rate() {
    let text = cost(&["--env", "dev", "--offline", "--currency", "EUR"]);
    assert!(text.contains("1 USD = 0.9 EUR."), "{text}");
    // 730 h × 0.05 × 0.9
    assert!(text.contains("730 × 0.045 per hour = 32.85"), "{text}");
    let text = cost(&["--env", "dev", "--offline", "--currency", "CHF"]);
    assert!(text.contains("nobody has said what a dollar is worth in CHF"), "{text}");
    let text = cost(&["--env", "dev", "--offline", "--currency", "CHF=0.5", "--json"]);
    let json: Value = serde_json::from_str(text.lines().nth(2).expect("a line")).expect("JSON");
    assert_eq!((&json["currency"], &json["per_dollar"]), (&"CHF".into(), &0.5.into()));
    assert_eq!(json["budget"]["over"], true);
}

const BALANCED: &str = "stack: probe
region: eu-west-3
budget: { monthly: 3 }
resources:
  first: { kind: ec2.elastic_ip }
";

#[test]
fn a_plan_over_the_budget_fails() {
    let user = User::new(BALANCED);
    let plan = user.badly(&["plan", "stack.yaml"]);
    assert!(plan.contains("Cost: 0.00 → 3.65 USD a month (+3.65)"), "{plan}");
    let over = "error[over-budget]: a month costs 3.65 USD, and the budget is 3.00 USD";
    assert!(plan.contains(over), "{plan}");
    let applied = user.badly(&["apply", "stack.yaml", "--yes"]);
    assert!(applied.contains(over), "{applied}");
    user.well(&["apply", "stack.yaml", "--yes", "--over-budget"]);
    // Another address: from 3.65 to 7.30.
    user.write("stack.yaml", &format!("{BALANCED}  second: {{ kind: ec2.elastic_ip }}\n"));
    let json = said(&user.run(&["plan", "stack.yaml", "--over-budget", "--json"]));
    let json: Value = serde_json::from_str(json.lines().nth(2).expect("a line")).expect("JSON");
    let cost = &json["cost"];
    let amounts = ["before", "after", "change"].map(|key| cost[key]["amount"].as_f64());
    assert_eq!(amounts, [Some(3.65), Some(7.3), Some(3.65)]);
    let text = said(&user.run(&["cost", "stack.yaml"]));
    assert!(text.contains("Cost: 3.65 → 7.30 USD a month (+3.65)"), "{text}");
    assert!(text.contains("Budget: 3.00 USD, over by 4.30"), "{text}");
}

#[test]
fn a_budget_stands_in_the_way_of_waking_and_not_of_sleep() {
    let user = User::new(
        "stack: probe
region: eu-west-3
budget: { monthly: 3 }
environments: { dev: { night: { nat: remove } } }
resources:
  network: { kind: ec2.vpc, cidr: 10.0.0.0/16 }
  subnet: { kind: ec2.subnet, vpc: \"${network}\", cidr: 10.0.0.0/24, zone: eu-west-3a }
  gateway: { kind: ec2.nat_gateway, connectivity: private, subnet: \"${subnet}\" }
",
    );
    user.well(&["apply", "stack.yaml", "--yes", "--over-budget"]);
    user.well(&["sleep", "stack.yaml", "--yes"]);
    let over = "error[over-budget]: a month costs at least 36.50 USD, and the budget is 3.00 USD";
    let refused = user.badly(&["wake", "stack.yaml", "--yes"]);
    assert!(refused.contains(over), "{refused}");
    let plan = user.well(&["plan", "stack.yaml"]);
    assert!(plan.contains("stays asleep"), "{plan}");
    user.well(&["wake", "stack.yaml", "--yes", "--over-budget"]);
}

/// A Price List that knows NAT gateways of one region, on two pages.
fn prices(body: &[u8]) -> (&'static str, &'static str, String) {
    let asked: Value = serde_json::from_slice(body).expect("JSON");
    let filters = asked["Filters"].as_array().expect("filters");
    let has = |how: &str, field: &str, value: &str| {
        filters.contains(&json!({ "Type": how, "Field": field, "Value": value }))
    };
    let known = asked["ServiceCode"] == "AmazonEC2"
        && asked["FormatVersion"] == "aws_v1"
        && has("TERM_MATCH", "regionCode", "eu-west-3")
        && has("TERM_MATCH", "productFamily", "NAT Gateway")
        && has("CONTAINS", "usagetype", "NatGateway-Hours");
    let product = |usage: &str, usd: &str| {
        json!({
            "product": { "attributes": { "usagetype": usage, "regionCode": "eu-west-3" } },
            "serviceCode": "AmazonEC2",
            "terms": { "OnDemand": { "A.B": { "priceDimensions": { "A.B.C": {
                "unit": "Hrs", "beginRange": "0", "endRange": "Inf",
                "pricePerUnit": { "USD": usd },
            } } } } },
        })
        .to_string()
    };
    let page = match (known, asked["NextToken"].as_str()) {
        (false, _) => json!({ "FormatVersion": "aws_v1", "PriceList": [] }),
        (true, None) => json!({ "FormatVersion": "aws_v1", "NextToken": "more", "PriceList": [
            product("EUW3-RegionalNatGateway-Hours-Other", "0.9"),
        ] }),
        (true, Some(_)) => json!({ "FormatVersion": "aws_v1", "PriceList": [
            product("EUW3-NatGateway-Hours", "0.1000000000"),
        ] }),
    };
    ("200 OK", JSON, page.to_string())
}

#[test]
fn prices_are_fetched_and_kept() {
    let home = TempDir::new().expect("a folder");
    let path = home.path().join("shop.yaml");
    std::fs::write(&path, SHOP).expect("written");
    let run = |args: &[&str]| {
        let mut command = infra(home.path());
        command.arg("cost").arg(&path).args(["--env", "dev", "--offline"]).args(args);
        command.env("AWS_ACCESS_KEY_ID", "000000000001").env("AWS_SECRET_ACCESS_KEY", "test");
        said(&command.output().expect("run"))
    };
    // 730 h × 0.05
    assert!(run(&[]).contains("730 × 0.05 per hour = 36.50"));
    let fetched = run(&["--refresh", "--endpoint-url", &served(prices)]);
    assert!(fetched.contains("1 prices were fetched"), "{fetched}");
    assert!(fetched.contains("not ec2.nat_gateway.gb in eu-west-3"), "{fetched}");
    // 730 h × 0.1, in this run and in those after it.
    for text in [fetched, run(&[])] {
        assert!(text.contains("730 × 0.1 per hour = 73.00"), "{text}");
    }
    let json = run(&["--json"]);
    let json: Value = serde_json::from_str(json.lines().nth(2).expect("a line")).expect("JSON");
    let resources = json["resources"].as_array().expect("resources");
    let gateway = resources.iter().find(|it| it["address"] == "gateway").expect("the gateway");
    let source = gateway["charges"][0]["source"].as_str().expect("a source");
    assert!(source.starts_with("AWS Price List API, GetProducts, "), "{source}");
}
