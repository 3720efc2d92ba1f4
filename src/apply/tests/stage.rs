//! What a test sets up: a stack file, a plan, and how it is run.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc::unbounded_channel;

use crate::apply::clock::Clock;
use crate::apply::engine::Context;
use crate::apply::{Declared, Event, Options, Outcome, Stop};
use crate::kind::LiveObject;
use crate::model::{Address, Outputs, Reference};
use crate::plan::diff::{diff, mask};
use crate::plan::{Action, Item, Plan, Reason};

use super::world::{REGION, World, find};

/// A stack file whose only expressions are `${address}`, an id.
#[derive(Default)]
pub(super) struct File(BTreeMap<Address, Value>);

impl Declared for File {
    fn resolve(&self, address: &Address, known: &dyn Outputs) -> Option<Result<Value, String>> {
        Some(Ok(resolved(self.0.get(address)?, known)))
    }

    fn references(&self, address: &Address) -> Vec<Reference> {
        let Some(spec) = self.0.get(address) else { return Vec::new() };
        let of = |field: &str, late| {
            let texts = spec.get(field).and_then(Value::as_array).into_iter().flatten();
            texts
                .filter_map(|text| text.as_str()?.strip_prefix("${")?.strip_suffix('}'))
                .map(move |to| Reference { to: to.into(), late })
                .collect::<Vec<_>>()
        };
        [of("uses", false), of("peers", true)].concat()
    }

    fn ignored(&self, address: &Address) -> &[String] {
        static SIZE: LazyLock<[String; 1]> = LazyLock::new(|| ["size".to_owned()]);
        if address.as_str() == "ignores-size" { &*SIZE } else { &[] }
    }

    fn timeout(&self, address: &Address) -> Option<Duration> {
        (address.as_str() == "hasty").then_some(Duration::from_secs(30))
    }

    fn outputs(&self, known: &dyn Outputs) -> BTreeMap<String, Value> {
        let name = |address: &Address| address.to_string();
        self.0.keys().filter_map(|a| Some((name(a), known.get(a, "id")?))).collect()
    }
}

fn resolved(value: &Value, known: &dyn Outputs) -> Value {
    match value {
        Value::String(text) => {
            let inside = text.strip_prefix("${").and_then(|text| text.strip_suffix('}'));
            inside
                .and_then(|address| known.get(&address.into(), "id"))
                .unwrap_or_else(|| value.clone())
        }
        Value::Array(items) => items.iter().map(|item| resolved(item, known)).collect(),
        Value::Object(map) => {
            map.iter().map(|(key, value)| (key.clone(), resolved(value, known))).collect()
        }
        other => other.clone(),
    }
}

/// Everything that a run needs.
pub(super) struct Stage {
    pub world: World,
    pub file: File,
    pub items: Vec<Item>,
    pub options: Options,
    pub stop: Stop,
}

/// How a run went.
pub(super) struct Run {
    pub outcome: Outcome,
    pub events: Vec<Event>,
    pub log: Vec<String>,
    pub took: Duration,
}

impl Default for Stage {
    fn default() -> Self {
        let options = Options { parallelism: 16, seed: 1, ..Options::default() };
        let (world, stop) = (World::default(), Stop::new());
        Self { world, file: File::default(), items: Vec::new(), options, stop }
    }
}

impl Stage {
    /// A resource that does not exist yet.
    pub(super) fn create(&mut self, address: &str, spec: Value) {
        self.item("test.node", address, Action::Create, Some(spec), None);
    }

    /// An object that changes to `spec`.
    pub(super) fn change(&mut self, address: &str, action: Action, was: LiveObject, spec: Value) {
        self.item("test.node", address, action, Some(spec), Some(was));
    }

    /// An object that goes.
    pub(super) fn delete(&mut self, address: &str, was: LiveObject) {
        let kind = was.kind.clone();
        self.item(&kind, address, Action::Delete, None, Some(was));
    }

    pub(super) fn item(
        &mut self,
        kind: &str,
        address: &str,
        action: Action,
        spec: Option<Value>,
        live: Option<LiveObject>,
    ) {
        let schema = find(kind).map(crate::kind::AnyKind::schema);
        let desired = spec.as_ref().map(|spec| match find(kind) {
            Some(kind) => {
                let mut desired = kind.canonical(spec).unwrap();
                mask(kind.schema().json(), &mut desired);
                desired
            }
            None => spec.clone(),
        });
        let changes = match (schema, &live, &desired) {
            (Some(schema), Some(live), Some(now)) => diff(schema, &live.spec, now, &[]),
            _ => Vec::new(),
        };
        if let Some(spec) = spec {
            self.file.0.insert(address.into(), spec);
        }
        self.items.push(Item {
            address: address.into(),
            kind: kind.to_owned(),
            region: REGION.to_owned(),
            action,
            reason: Reason::Missing,
            changes,
            tags: BTreeMap::new(),
            untag: Vec::new(),
            desired,
            live: live.map(Arc::new),
            depends_on: Vec::new(),
            loses_data: false,
            holds: None,
        });
    }

    pub(super) fn run(&self) -> Run {
        let plan = Plan {
            stack: "shop".to_owned(),
            environment: "dev".to_owned(),
            account: "123456789012".to_owned(),
            region: REGION.to_owned(),
            asleep: false,
            items: self.items.clone(),
            outputs: BTreeMap::new(),
        };
        let (sender, mut receiver) = unbounded_channel();
        let context = Context {
            plan: &plan,
            declared: &self.file,
            regions: BTreeMap::from([(REGION.to_owned(), self.world.aws())]),
            find,
            options: &self.options,
            clock: &self.world.clock,
        };
        let outcome = self.world.clock.run(context.run(&sender, &self.stop));
        drop(sender);
        let mut events = Vec::new();
        while let Ok(event) = receiver.try_recv() {
            events.push(event);
        }
        let log = std::mem::take(&mut self.world.lock().log);
        Run { outcome, events, log, took: self.world.clock.now() }
    }
}

impl Run {
    /// Where a line stands in the log.
    pub(super) fn at(&self, line: &str) -> usize {
        let log = &self.log;
        log.iter().position(|l| l == line).unwrap_or_else(|| panic!("no `{line}` in {log:?}"))
    }

    /// The log without what only says that an object is usable.
    pub(super) fn calls(&self) -> Vec<&str> {
        let lines = self.log.iter().map(String::as_str);
        lines.filter(|line| !line.starts_with("usable")).collect()
    }

    /// The code and the advice of the only failure.
    pub(super) fn failure(&self) -> (&str, &str) {
        let [failure] = self.outcome.failed.as_slice() else {
            panic!("one failure expected: {:?}", self.outcome.failed)
        };
        (&failure.error.code, &failure.advice)
    }
}

/// A spec that uses what stands at these addresses.
pub(super) fn uses(addresses: &[&str]) -> Value {
    json!({ "uses": references(addresses) })
}

/// A spec that may use what stands at these addresses once it is there.
pub(super) fn peers(addresses: &[&str]) -> Value {
    json!({ "peers": references(addresses) })
}

fn references(addresses: &[&str]) -> Vec<String> {
    addresses.iter().map(|address| format!("${{{address}}}")).collect()
}
