//! What somebody changes in AWS behind the stack file's back: fields, tags, and whole objects. Each
//! drift that can be made is made with the kinds' own calls; then `infra drift` has to name exactly
//! those, and an apply to put them right.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Map, Value, json};

use super::stage::Account;
use super::{Act, Check, Result, not_empty};
use crate::kind::{AnyKind, FieldRef, LiveObject, Status, Tags, ownership};
use crate::live::{Reach, Snapshot};
use crate::model::{self, Resource, Stack};
use crate::plan::diff::diff;
use crate::{aws, kinds};

/// In how many rounds fields are changed: each object has one of so many changed at a time, so that
/// those which go together badly do not meet.
const ROUNDS: usize = 3;
/// A text in place of another.
const TEXT: &str = "drifted";

/// What drifted: the address, and the field, tag (`tags.Owner`) or, for a missing object, `object`.
type Drift = (String, String);

/// The stack, and its account as it is seen from outside of any run.
struct Outside<'a> {
    account: &'a Account,
    file: &'a Path,
    stack: Stack,
    session: aws::Session,
}

/// Tries all drifts in an account in which the stack lives.
pub(super) async fn checks(
    account: &Account,
    file: &Path,
    options: &model::Options,
) -> Result<Vec<Check>> {
    let options = model::Options { account: Some(account.number().to_owned()), ..options.clone() };
    let stack = model::load(file, &options)?;
    let session = account.session(&stack.region).await?;
    let outside = Outside { account, file, stack, session };
    let mut fields =
        Check::new("drift: fields that somebody changed are named exactly, and put right");
    for round in 0..ROUNDS {
        let (made, candidates) = outside.change_fields(round).await?;
        outside.look(&made, &mut fields).await?;
        fields.of += candidates - made.len();
    }
    let mut tags = Check::new("drift: a tag that somebody changed is named, and put right");
    outside.look(&outside.change_tags().await?, &mut tags).await?;
    let mut objects = Check::new("drift: objects that somebody deleted are missed, and made again");
    outside.look(&outside.delete_leaves().await?, &mut objects).await?;
    Ok(vec![fields, tags, objects])
}

impl Outside<'_> {
    /// Every declared object that lives, with its kind and declaration.
    async fn objects(&self) -> Result<Vec<(LiveObject, &'static dyn AnyKind, &Resource)>> {
        let snapshot = Snapshot::read(&self.session, &self.stack, Reach::Needed).await?;
        let owned = snapshot.owned(&self.stack).filter(|object| object.status == Status::Usable);
        let found = owned.filter_map(|object| {
            let resource = self.stack.get(&object.address()?.into())?;
            Some((object.clone(), kinds::find(&object.kind)?, resource))
        });
        Ok(found.collect())
    }

    /// Changes fields of each object, those whose turn it is; what was changed, and of how many.
    async fn change_fields(&self, round: usize) -> Result<(Vec<Drift>, usize)> {
        let (mut before, mut wanted) = (BTreeMap::new(), Vec::new());
        for (object, kind, resource) in self.objects().await? {
            let (names, now) = drifted(kind, &object.spec, &resource.lifecycle.ignore, round);
            let aws = self.session.region(&object.region);
            if names.is_empty() || kind.update(&aws, &object, &now).await.is_err() {
                continue;
            }
            let address = resource.address.to_string();
            wanted.extend(names.into_iter().map(|name| (address.clone(), name)));
            before.insert(address, object.spec);
        }
        // AWS does not let go of everything: a subscription that nobody has confirmed stays.
        let candidates = wanted.len();
        for (object, _, resource) in self.objects().await? {
            let Some(before) = before.get(resource.address.as_str()) else { continue };
            wanted.retain(|(address, name)| {
                address != resource.address.as_str() || object.spec.get(name) != before.get(name)
            });
        }
        Ok((wanted, candidates))
    }

    async fn change_tags(&self) -> Result<Vec<Drift>> {
        let mut made = Vec::new();
        for (object, kind, resource) in self.objects().await? {
            let tags = resource.all_tags(&self.stack);
            let Some(key) = tags.into_keys().find(|key| !key.starts_with(ownership::PREFIX)) else {
                continue;
            };
            let set = Tags::from([(key.clone(), TEXT.to_owned())]);
            kind.tag(&self.session.region(&object.region), &object, &set, &[]).await?;
            made.push((resource.address.to_string(), format!("tags.{key}")));
        }
        Ok(made)
    }

    /// Deletes what nothing else refers to, and waits until it is gone.
    async fn delete_leaves(&self) -> Result<Vec<Drift>> {
        let resources = || self.stack.resources.values();
        let needed: BTreeSet<&str> = resources()
            .flat_map(|resource| &resource.references)
            .map(|reference| reference.to.as_str())
            .collect();
        let mut made = Vec::new();
        for (object, kind, resource) in self.objects().await? {
            let aws = self.session.region(&object.region);
            if needed.contains(resource.address.as_str())
                || kind.delete(&aws, &object).await.is_err()
            {
                continue;
            }
            while !kind.gone(&aws, &object).await.unwrap_or(true) {
                super::pause().await;
            }
            made.push((resource.address.to_string(), "object".to_owned()));
        }
        Ok(made)
    }

    /// Whether the drift is seen as it is, and put right by an apply.
    async fn look(&self, made: &[Drift], check: &mut Check) -> Result<()> {
        if made.is_empty() {
            return Ok(());
        }
        check.tried += made.len();
        check.of += made.len();
        let made: BTreeSet<&Drift> = made.iter().collect();
        let mut wrong = Vec::new();
        for _ in 0..super::LOOKS {
            let ended = self.account.run(&["drift", "--json"], self.file).await?;
            let found = named(&ended.text);
            if ended.code == Some(2) && found.iter().collect::<BTreeSet<_>>() == made {
                wrong.clear();
                break;
            }
            let missed = made.iter().filter(|drift| !found.contains(drift));
            wrong =
                missed.map(|(address, what)| format!("{what} of {address} is missed")).collect();
            let more = found.iter().filter(|drift| !made.contains(drift));
            wrong.extend(more.map(|(address, what)| format!("{what} of {address} is named")));
            if found.is_empty() {
                wrong.push(ended.last_words());
            }
            super::pause().await;
        }
        check.failures.extend(wrong);
        let ended = self.account.run(Act::Apply.command(), self.file).await?;
        if !ended.is_success() {
            check.failures.push(format!("infra apply: {}", ended.last_words()));
        }
        check.failures.extend(not_empty(self.account, self.file).await?);
        Ok(())
    }
}

/// What `infra drift --json` names.
fn named(text: &str) -> BTreeSet<Drift> {
    let plan = serde_json::Deserializer::from_str(text).into_iter::<Value>().next();
    let plan = plan.and_then(std::result::Result::ok).unwrap_or_default();
    let items = plan["items"].as_array().cloned().unwrap_or_default();
    let named = items.iter().flat_map(|item| {
        let address = item["address"].as_str().unwrap_or_default().to_owned();
        let paths: BTreeSet<String> = match item["action"].as_str() {
            Some("keep") => BTreeSet::new(),
            Some("create") => BTreeSet::from(["object".to_owned()]),
            _ => {
                let changes = item["changes"].as_array().into_iter().flatten();
                changes.filter_map(|change| change["path"].as_str().map(top)).collect()
            }
        };
        paths.into_iter().map(move |path| (address.clone(), path))
    });
    named.collect()
}

/// The field that a path leads into; a tag as a whole.
fn top(path: &str) -> String {
    if path.starts_with("tags.") {
        return path.to_owned();
    }
    path.split(['.', '[']).next().unwrap_or(path).to_owned()
}

/// A spec with the fields changed whose turn it is, and their names.
fn drifted(
    kind: &dyn AnyKind,
    spec: &Value,
    ignored: &[String],
    round: usize,
) -> (Vec<String>, Value) {
    let others = kind.schema().fields().filter_map(|field| other(&field, spec));
    let others = others.filter(|(name, _)| !ignored.contains(name));
    let (mut names, mut now) = (Vec::new(), spec.clone());
    for (name, value) in others.skip(round).step_by(ROUNDS) {
        let mut next = now.clone();
        match value {
            Some(value) => next[&name] = value,
            None => drop(next.as_object_mut().and_then(|next| next.shift_remove(&name))),
        }
        let is_sound = kind.examine(&next).is_ok_and(|read| read.problems.is_empty());
        let Some(next) = kind.canonical(&next).ok().filter(|_| is_sound) else { continue };
        // What is left out may be what it is by default.
        if !diff(kind.schema(), &now, &next, &[]).is_empty() {
            names.push(name);
            now = next;
        }
    }
    (names, now)
}

/// Another value for a field that can change in place, as far as its schema says what that could be;
/// none in place of a value when the field can be left out.
fn other(field: &FieldRef<'_>, spec: &Value) -> Option<(String, Option<Value>)> {
    let fixed = ["x-immutable", "x-auto", "x-name", "x-shared-name", "writeOnly"];
    if fixed.iter().any(|keyword| field.is(keyword)) {
        return None;
    }
    let now = spec.get(field.name).unwrap_or(&Value::Null);
    let listed = field.schema.get("enum").and_then(Value::as_array);
    if let Some(other) = listed.and_then(|all| all.iter().find(|one| *one != now)) {
        return Some((field.name.to_owned(), Some(other.clone())));
    }
    let has_default = field.schema.get("default").is_some();
    let value = match now {
        Value::Bool(now) => Some(json!(!now)),
        Value::Number(number) => {
            let number = number.as_i64()?;
            let limit = |key: &str| field.schema.get(key).and_then(Value::as_i64);
            let fits = |value: &i64| {
                limit("minimum").is_none_or(|least| *value >= least)
                    && limit("maximum").is_none_or(|most| *value <= most)
            };
            Some(json!([number + 1, number - 1].into_iter().find(fits)?))
        }
        Value::String(_) if field.name == "description" => Some(json!(TEXT)),
        Value::Array(now) if !now.is_empty() && has_default => Some(json!([])),
        Value::Object(now) if !now.is_empty() && has_default && is_map(field) => {
            Some(Value::Object(Map::new()))
        }
        Value::Object(_) | Value::Array(_) if !field.is_required() => None,
        _ => return None,
    };
    Some((field.name.to_owned(), value))
}

fn is_map(field: &FieldRef<'_>) -> bool {
    field.schema.get("properties").is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_can_change_get_another_value() {
        let kind = kinds::find("logs.log_group").expect("a kind");
        let spec = json!({
            "name": "a", "retention_days": 30, "class": "STANDARD", "deletion_protection": false,
            "metric_filters": [{ "name": "f" }],
        });
        let others: Vec<String> = kind
            .schema()
            .fields()
            .filter_map(|field| other(&field, &spec))
            .map(|(name, value)| format!("{name} {}", value.unwrap_or_default()))
            .collect();
        assert_eq!(others, ["retention_days 0", "deletion_protection true", "metric_filters []"]);
    }

    #[test]
    fn drifts_are_named_by_field_tag_or_object() {
        let text = json!({ "items": [
            { "address": "a", "action": "update",
              "changes": [{ "path": "check.port" }, { "path": "tags.Owner" }] },
            { "address": "b", "action": "create", "changes": [] },
            { "address": "c", "action": "keep", "changes": [] },
        ] });
        let named: Vec<String> =
            named(&text.to_string()).into_iter().map(|(a, what)| format!("{a} {what}")).collect();
        assert_eq!(named, ["a check", "a tags.Owner", "b object"]);
    }
}
