//! The law of all kinds: after apply, plan is empty; after each single-field change, plan names
//! exactly that field, update or replace as its type says; after apply it is empty again; after
//! destroy nothing with our tags remains.
//!
//! One harness, driven by each kind's example files: `src/kinds/SERVICE/examples/THING.yaml`. The
//! first document is a stack; the second lists changes, one for every field of the kind, each made
//! from the stack as it stands and taken back afterwards. `INFRA_LAW=ec2.vpc` runs one kind.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use futures::future::LocalBoxFuture;
use futures::{FutureExt, StreamExt};
use infra::kind::schema::FieldRef;
use infra::kind::{AnyKind, waits};
use infra::kinds;
use infra::model::{Options, Stack};
use infra::plan::{Action, Plan};
use serde_json::{Value, json};

use crate::world::{World, load_with, summary, yaml};

fn folder() -> PathBuf {
    crate::root().join("src/kinds")
}

fn example(kind: &dyn AnyKind) -> PathBuf {
    let (service, thing) = kind.name().split_once('.').expect("service.thing");
    folder().join(service).join("examples").join(format!("{thing}.yaml"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_keeps_the_law() {
    broken_ones(4, |kind| law(kind).boxed_local()).await;
}

/// Tries all kinds, some at a time, and fails with those that do not pass.
pub async fn broken_ones(
    at_once: usize,
    test: impl Fn(&'static dyn AnyKind) -> LocalBoxFuture<'static, Result<(), String>>,
) {
    let only = std::env::var("INFRA_LAW").ok();
    let kinds: Vec<_> = kinds::all()
        .filter(|kind| only.as_deref().is_none_or(|only| kind.name() == only))
        .collect();
    assert!(!kinds.is_empty(), "no kind is named {only:?}");
    let tests = kinds.into_iter().map(|kind| test(kind).map(|result| (kind.name(), result)));
    let results: Vec<(&str, Result<(), String>)> =
        futures::stream::iter(tests).buffer_unordered(at_once).collect().await;
    let broken: Vec<String> = results
        .iter()
        .filter_map(|(kind, result)| Some(format!("{kind}: {}", result.as_ref().err()?)))
        .collect();
    assert!(broken.is_empty(), "{} kinds do not:\n\n{}", broken.len(), broken.join("\n\n"));
}

/// The first answer of each operation that changes something is lost after it took effect, and a third
/// of the others: one run makes each object once all the same, and another takes it away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_is_made_once_and_goes_although_answers_are_lost() {
    broken_ones(12, |kind| lossy(kind).boxed_local()).await;
}

async fn lossy(kind: &'static dyn AnyKind) -> Result<(), String> {
    let Example { stack, .. } = Example::of(kind)?;
    let world = World::new();
    let lost = json!([
        { "kind": "reset", "when": "after", "mutating": true, "times": 1, "each": true },
        { "kind": "reset", "when": "after", "mutating": true, "share": 0.3 },
    ]);
    world.faults(lost.clone()).await;
    world.apply(&stack).await.map_err(|e| format!("apply: {e}"))?;
    world.faults(json!([])).await;
    let again = world.plan_in_time(&stack).await?;
    if again.has_changes() {
        return Err(format!("after apply, plan has {:?}", explain(&again)));
    }
    world.faults(lost).await;
    world.destroy(&stack).await.map_err(|e| format!("destroy: {e}"))
}

/// What a kind's example file holds.
pub struct Example {
    pub name: String,
    pub folder: PathBuf,
    pub base: Value,
    pub stack: Stack,
    pub tests: Value,
}

impl Example {
    pub fn of(kind: &dyn AnyKind) -> Result<Self, String> {
        let path = example(kind);
        let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let name = path.display().to_string();
        let (base, tests) = text.split_once("\n---\n").ok_or("the second document is missing")?;
        let folder = path.parent().expect("a folder").to_owned();
        let stack = load_with(&name, base, &folder, &Options::default())?;
        let (base, tests) = (yaml(&name, base), yaml(&name, tests));
        Ok(Self { name, folder, base, stack, tests })
    }
}

/// Runs a kind's example.
async fn law(kind: &'static dyn AnyKind) -> Result<(), String> {
    let Example { name, folder, base, stack, tests } = Example::of(kind)?;
    let changes = tests["changes"].as_array().cloned().unwrap_or_default();
    let mut broken = uncovered(kind, &base, &tests);

    let world = World::new();
    world.apply(&stack).await.map_err(|e| format!("apply: {e}"))?;
    let again = world.plan_in_time(&stack).await?;
    if again.has_changes() {
        broken.push(format!("after apply, plan has {:?}", explain(&again)));
    }
    for change in &changes {
        if let Err(error) = hold(&world, kind, &name, &folder, &base, &stack, change).await {
            broken.push(error);
            // The next change begins from the stack as it stands.
            if let Err(error) = world.apply(&stack).await {
                broken.push(format!("going back: {error}"));
                break;
            }
        }
    }
    if let Err(error) = world.destroy(&stack).await {
        broken.push(format!("destroy: {error}"));
    }
    if broken.is_empty() { Ok(()) } else { Err(broken.join("\n  ")) }
}

/// One change: planned as its type says, applied, empty; then taken back the same way.
async fn hold(
    world: &World,
    kind: &'static dyn AnyKind,
    name: &str,
    folder: &Path,
    base: &Value,
    stack: &Stack,
    change: &Value,
) -> Result<(), String> {
    let path = change["field"].as_str().ok_or("a change without `field`")?;
    let (resource, field) = path.split_once('.').ok_or("`field` is RESOURCE.FIELD")?;
    let schema = kind.schema().field(field).ok_or_else(|| format!("{path}: no such field"))?;
    let mut changed = base.clone();
    let spec = changed["resources"][resource]
        .as_object_mut()
        .ok_or_else(|| format!("{path}: no such resource"))?;
    match &change["to"] {
        Value::Null => spec.remove(field),
        to => spec.insert(field.to_owned(), to.clone()),
    };
    let changed = load_with(name, &changed.to_string(), folder, &Options::default())?;

    // A field that AWS decides when it is left out stays as it is when it is taken back.
    let stays = schema.is("x-auto") && base["resources"][resource].get(field).is_none();
    for (what, target) in [("changing", &changed), ("taking back", stack)] {
        if what == "taking back" && stays {
            let plan = world.plan(target).await?;
            return if plan.has_changes() {
                Err(format!("{path} is compared: {:?}", explain(&plan)))
            } else {
                Ok(())
            };
        }
        // Only the sweep, which lags behind, knows an object by a name that the file gives no more.
        let is_exact = |plan: &Plan| exactly(plan, resource, &schema).is_ok();
        let plan = world.plan_until(target, is_exact).await?;
        exactly(&plan, resource, &schema).map_err(|error| format!("{what} {path}: {error}"))?;
        let carried = world.carry_out(target, &plan).await;
        carried.map_err(|error| format!("{what} {path}: {error}"))?;
        let again = world.plan_in_time(target).await?;
        if again.has_changes() {
            return Err(format!("after {what} {path}, plan has {:?}", explain(&again)));
        }
    }
    Ok(())
}

/// Whether the plan changes this field of this resource, in the way of its type, and nothing
/// else but what follows from a replacement.
fn exactly(plan: &Plan, resource: &str, field: &FieldRef<'_>) -> Result<(), String> {
    let must_replace = field.is("x-immutable");
    let changed: Vec<_> = plan.items.iter().filter(|item| item.action != Action::Keep).collect();
    let item = changed.iter().find(|item| item.address.as_str() == resource);
    let item = item.ok_or_else(|| format!("not in the plan {:?}", summary(plan)))?;
    let is_field = |path: &str| path == field.name || path.starts_with(&format!("{}.", field.name));
    // A replaced object with a default name gets the next one.
    let is_name = |path: &str| {
        item.changes.len() > 1 && {
            let kind = kinds::find(&item.kind).expect("a known kind");
            kind.schema().name_field().is_some_and(|name| name.name == path)
        }
    };
    let exact =
        item.changes.iter().all(|c| is_field(&c.path) || (must_replace && is_name(&c.path)));
    let acts = match item.action {
        Action::Replace { .. } => must_replace || item.changes.iter().any(|c| c.replaces),
        Action::Update => !must_replace,
        _ => false,
    };
    let follows = changed.iter().all(|other| {
        other.address == item.address
            || (matches!(item.action, Action::Replace { .. })
                && (other.depends_on.iter().any(|to| changed.iter().any(|c| c.address == *to))
                    // A late reference is no order, and shows only in what is not known yet.
                    || other.changes.iter().any(|c| c.after.as_ref().is_some_and(waits))))
    });
    let is_there = item.changes.iter().any(|change| is_field(&change.path));
    if is_there && exact && acts && follows {
        Ok(())
    } else {
        Err(format!("planned {:?}", explain(plan)))
    }
}

/// The changed items with their values, for a message.
pub fn explain(plan: &Plan) -> Vec<String> {
    let values: Vec<String> = plan
        .changed()
        .map(|item| {
            let changes: Vec<Value> =
                item.changes.iter().map(|c| json!([c.path, c.before, c.after])).collect();
            format!("{:?} {} {}", item.action, item.address, Value::from(changes))
        })
        .collect();
    values
}

/// Fields that the example neither changes nor excuses, and excuses for fields that it changes.
fn uncovered(kind: &dyn AnyKind, base: &Value, tests: &Value) -> Vec<String> {
    let listed = |key: &str| -> BTreeSet<String> {
        let entries = tests[key].as_array().into_iter().flatten();
        entries
            .filter_map(|entry| {
                let (resource, field) = entry["field"].as_str()?.split_once('.')?;
                let of_kind = base["resources"][resource]["kind"].as_str() == Some(kind.name());
                of_kind.then(|| field.to_owned())
            })
            .collect()
    };
    let (changed, excused) = (listed("changes"), listed("untested"));
    let mut broken: Vec<String> = kind
        .schema()
        .fields()
        .filter(|field| !field.is("x-name") && !field.is("x-shared-name"))
        .filter(|field| !changed.contains(field.name) && !excused.contains(field.name))
        .map(|field| format!("the example changes no `{}`", field.name))
        .collect();
    broken.extend(changed.intersection(&excused).map(|field| format!("`{field}` is listed twice")));
    broken
}

#[test]
fn the_registry_is_in_order() {
    let names: Vec<&str> = kinds::all().map(AnyKind::name).collect();
    assert!(names.is_sorted(), "kinds are sorted by name: {names:?}");
    let keywords = [
        "x-immutable",
        "x-auto",
        "x-late",
        "x-local",
        "x-name",
        "x-shared-name",
        "x-ref",
        "x-format",
        "x-optional",
    ];
    let mut broken = Vec::new();
    for kind in kinds::all() {
        if !example(kind).exists() {
            broken.push(format!("{}: no example file", kind.name()));
        }
        // What every resource has beside its spec.
        let structure =
            ["kind", "template", "with", "for_each", "when", "region", "tags", "lifecycle"];
        for field in kind.schema().fields().filter(|field| structure.contains(&field.name)) {
            broken.push(format!(
                "{}: `{}` means something on every resource",
                kind.name(),
                field.name
            ));
        }
        for (field, value) in kind.asleep() {
            let value = serde_json::from_str::<Value>(value).ok();
            let is = kind.schema().field(field).is_some_and(|field| !field.is("x-immutable"));
            if !is || value.is_none() {
                broken.push(format!("{}: it cannot sleep by `{field}`", kind.name()));
            }
        }
        for schema in [kind.schema(), kind.outputs()] {
            check(schema.json(), kind.name(), &keywords, &mut broken);
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// Every field is documented, every keyword known, every reference leads somewhere.
fn check(schema: &Value, path: &str, keywords: &[&str], broken: &mut Vec<String>) {
    let Some(object) = schema.as_object() else { return };
    for key in object.keys().filter(|key| key.starts_with("x-")) {
        if !keywords.contains(&key.as_str()) {
            broken.push(format!("{path}: unknown keyword {key}"));
        }
    }
    if schema.get("description").is_none_or(|text| text == "") {
        broken.push(format!("{path}: no documentation"));
    }
    if let Some((kind, output)) = infra::kind::schema::reference(schema) {
        let has = |kind: &dyn AnyKind| kind.outputs().field(output).is_some();
        let leads =
            if kind == "*" { kinds::all().any(has) } else { kinds::find(kind).is_some_and(has) };
        if !leads {
            broken.push(format!("{path}: refers to {kind}#{output}, which does not exist"));
        }
    }
    for field in infra::kind::schema::fields(schema) {
        check(field.schema, &format!("{path}.{}", field.name), keywords, broken);
        for inner in [field.schema.get("items"), field.schema.get("additionalProperties")] {
            let Some(inner) = inner.filter(|inner| inner.get("properties").is_some()) else {
                continue;
            };
            for nested in infra::kind::schema::fields(inner) {
                let path = format!("{path}.{}.{}", field.name, nested.name);
                check(nested.schema, &path, keywords, broken);
            }
        }
    }
}
