//! A spec as a person writes it: without what is so anyway.

use serde_json::{Map, Value};

use crate::kind::AnyKind;
use crate::kind::schema::{fields, property};

/// Fields that AWS picks when they are left out, and of which a person has nothing to say.
const PICKED: [&str; 14] = [
    "alerts",
    "backup_window",
    "certificate_authority",
    "credits",
    "device",
    "fields",
    "iops",
    "maintenance_window",
    "organization",
    "port",
    "private_ip",
    "system_level",
    "throughput",
    "zone",
];

/// The least that means the same as a live spec. `is_known` says whether a text names another object.
pub fn spec(
    kind: &dyn AnyKind,
    live: &Value,
    region: &str,
    is_known: &dyn Fn(&str) -> bool,
) -> Value {
    let settled = |is_picked: &dyn Fn(&str, &Value, &Value) -> bool| {
        let mut spec = live.clone();
        settle(kind.schema().json(), &mut spec, is_picked);
        spec
    };
    let problems = |spec: &Value| kind.examine(spec).map_or(usize::MAX, |it| it.problems.len());
    let mut spec = settled(&|name, schema, value| is_picked(name, schema, value, region, is_known));
    // What AWS picks for one type of thing has to be said of another.
    if problems(&spec) > 0 {
        let whole = settled(&|_, _, _| false);
        if problems(&whole) < problems(&spec) {
            spec = whole;
        }
    }
    let Ok(whole) = kind.canonical(&spec) else { return spec };
    let means_the_same = |spec: &Value| kind.canonical(spec).is_ok_and(|now| now == whole);
    shrink(&mut spec, &mut Vec::new(), &means_the_same);
    spec
}

/// The fields that no stack file can ask for as they are: somebody brought the object into a state that
/// the kind only knows to read.
pub fn unaskable(kind: &dyn AnyKind, spec: &Value) -> Vec<String> {
    let is_odd = |schema: &Value, value: &Value| {
        let words = schema.get("enum").and_then(Value::as_array);
        let variants = schema
            .get("oneOf")
            .and_then(Value::as_array)
            .map(|all| all.iter().filter_map(|one| one.get("const").cloned()).collect::<Vec<_>>());
        let known = words.or(variants.as_ref().filter(|all| !all.is_empty()));
        value.is_string() && known.is_some_and(|known| !known.contains(value))
    };
    let odd = kind
        .schema()
        .fields()
        .filter(|field| spec.get(field.name).is_some_and(|value| is_odd(field.schema, value)));
    odd.map(|field| field.name.to_owned()).collect()
}

/// Takes away secrets, what is only sent, and what AWS decided without anybody's asking.
fn settle(schema: &Value, value: &mut Value, is_picked: &dyn Fn(&str, &Value, &Value) -> bool) {
    match value {
        Value::Object(map) => {
            for field in fields(schema) {
                let is_silent = field.is("x-auto")
                    && map
                        .get(field.name)
                        .is_some_and(|value| is_picked(field.name, field.schema, value));
                if is_silent || field.is("writeOnly") || field.is("x-local") {
                    map.shift_remove(field.name);
                }
            }
            for (key, value) in map.iter_mut() {
                if let Some(schema) = property(schema, key) {
                    settle(schema, value, is_picked);
                }
            }
        }
        Value::Array(items) => {
            if let Some(schema) = schema.get("items") {
                items.iter_mut().for_each(|item| settle(schema, item, is_picked));
            }
        }
        _ => {}
    }
}

/// Whether what AWS would decide by itself is left to it.
fn is_picked(
    name: &str,
    schema: &Value,
    value: &Value,
    region: &str,
    is_known: &dyn Fn(&str) -> bool,
) -> bool {
    match value {
        Value::String(text) if is_known(text) => false,
        // A key of AWS's own, for instance.
        Value::String(_) if schema.get("x-ref").is_some() => true,
        Value::String(text) if text == region => true,
        Value::Object(map) if map.contains_key("Statement") => is_usual_policy(map),
        _ => PICKED.contains(&name),
    }
}

/// Whether a policy does no more than to leave everything to the account's own policies.
fn is_usual_policy(policy: &Map<String, Value>) -> bool {
    let statements = policy.get("Statement").and_then(Value::as_array);
    let Some([one]) = statements.map(Vec::as_slice) else { return false };
    let actions = one["Action"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is_account = |text: &str| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
    let principals = one["Principal"]["AWS"].as_array().map(Vec::as_slice).unwrap_or_default();
    one["Effect"] == "Allow"
        && matches!(actions, [action] if action.as_str().is_some_and(|it| it.ends_with(":*")))
        && matches!(principals, [one] if one.as_str().is_some_and(is_account))
        && one.get("Condition").is_none()
}

/// A step into a value.
#[derive(Clone, Debug)]
enum Step {
    Key(String),
    Item(usize),
}

/// Tries, part by part, what may go without a change of meaning.
fn shrink(whole: &mut Value, path: &mut Vec<Step>, same: &dyn Fn(&Value) -> bool) {
    let steps: Vec<Step> = match at(whole, path) {
        Some(Value::Object(map)) => map.keys().cloned().map(Step::Key).collect(),
        Some(Value::Array(items)) => (0..items.len()).map(Step::Item).collect(),
        Some(Value::Number(number)) => {
            let whole_number = number.as_f64().filter(|_| number.is_f64()).and_then(as_integer);
            if let Some(integer) = whole_number {
                attempt(whole, path, same, |value| {
                    *value = integer.into();
                    true
                });
            }
            return;
        }
        _ => return,
    };
    for step in steps {
        if let Step::Key(key) = &step
            && attempt(whole, path, same, |value| {
                value.as_object_mut().is_some_and(|map| map.shift_remove(key).is_some())
            })
        {
            continue;
        }
        path.push(step);
        shrink(whole, path, same);
        path.pop();
    }
    // A list of one may be written as the one.
    attempt(whole, path, same, |value| match value {
        Value::Array(items) if items.len() == 1 && !items[0].is_null() => {
            *value = items.remove(0);
            true
        }
        Value::Object(map) if map.len() == 1 && map.get("AWS") == Some(&"*".into()) => {
            *value = "*".into();
            true
        }
        _ => false,
    });
}

/// `5` for `5.0`.
fn as_integer(number: f64) -> Option<i64> {
    format!("{number:.0}").parse().ok().filter(|_| number.fract() == 0.0)
}

/// Changes the value at a path, unless that changes what the whole means.
fn attempt(
    whole: &mut Value,
    path: &[Step],
    same: &dyn Fn(&Value) -> bool,
    change: impl FnOnce(&mut Value) -> bool,
) -> bool {
    let Some(value) = at(whole, path) else { return false };
    let before = value.clone();
    if !change(value) {
        return false;
    }
    if same(whole) {
        return true;
    }
    if let Some(value) = at(whole, path) {
        *value = before;
    }
    false
}

fn at<'v>(whole: &'v mut Value, path: &[Step]) -> Option<&'v mut Value> {
    path.iter().try_fold(whole, |value, step| match step {
        Step::Key(key) => value.get_mut(key),
        Step::Item(place) => value.get_mut(*place),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kinds;

    #[test]
    fn what_is_so_anyway_is_left_out() {
        let kind = kinds::find("iam.role").expect("a kind");
        let written = json!({
            "name": "web",
            "trust": { "Statement": {
                "Action": "sts:AssumeRole", "Effect": "Allow",
                "Principal": { "Service": "ecs-tasks.amazonaws.com" },
            } },
        });
        let live = kind.canonical(&written).expect("a role");
        assert!(live.to_string().contains("2012-10-17"), "{live}");
        assert_eq!(spec(kind, &live, "eu-west-3", &|_| false), written);
    }

    #[test]
    fn what_aws_picked_goes_and_what_says_something_stays() {
        let kind = kinds::find("ec2.volume").expect("a kind");
        let live = json!({
            "zone": "eu-west-3a", "size": 20, "iops": 3000, "throughput": 125, "type": "gp3",
            "encrypted": true, "kms_key": "arn:aws:kms:eu-west-3:1:key/of-aws",
        });
        let live = kind.canonical(&live).expect("a volume");
        let sparse = spec(kind, &live, "eu-west-3", &|_| false);
        assert_eq!(sparse, json!({ "zone": "eu-west-3a", "size": 20 }));
    }
}
