//! The account as a stack file would have it, made up from the stack itself: what a snapshot
//! shows when nothing is left to do.

use std::collections::HashMap;
use std::sync::Arc;

use infra::kind::{LiveObject, Schema, Status, ownership};
use infra::live::Snapshot;
use infra::model::{Address, Outputs, Resource, Stack};
use serde_json::{Map, Value};

/// What is known of the objects made up so far: outputs before fields of the spec.
#[derive(Default)]
struct Known(HashMap<Address, (Value, Value)>);

impl Outputs for Known {
    fn get(&self, address: &Address, field: &str) -> Option<Value> {
        let (outputs, spec) = self.0.get(address)?;
        outputs.get(field).or_else(|| spec.get(field)).cloned()
    }
}

/// A snapshot in which every resource of the stack has its object.
pub fn settled(stack: &Stack) -> Snapshot {
    let mut known = Known::default();
    let mut objects = Vec::with_capacity(stack.resources.len());
    for resource in stack.resources.values() {
        let spec = spec(resource, &known);
        let outputs = outputs(resource, &spec);
        known.0.insert(resource.address.clone(), (outputs.clone(), spec.clone()));
        objects.push(Arc::new(object(stack, resource, spec, outputs)));
    }
    for (object, resource) in objects.iter_mut().zip(stack.resources.values()) {
        if resource.references.iter().any(|reference| reference.late) {
            Arc::make_mut(object).spec = spec(resource, &known);
        }
    }
    objects.sort_by(|a, b| {
        (&a.region, &a.kind, a.address(), a.id()).cmp(&(&b.region, &b.kind, b.address(), b.id()))
    });
    Snapshot { account: "123456789012".into(), objects }
}

fn spec(resource: &Resource, known: &Known) -> Value {
    let spec = resource.resolve(known).unwrap();
    resource.kind.canonical(&spec).unwrap_or_else(|error| panic!("{}: {error}", resource.address))
}

/// Outputs in the shape of the kind's: the same for the same resource.
fn outputs(resource: &Resource, spec: &Value) -> Value {
    let address = resource.address.as_str().replace('/', "-");
    let made_up = |name: &str, schema: &Value| match schema.get("type").and_then(Value::as_str) {
        Some("integer" | "number") => 1.into(),
        Some("boolean") => false.into(),
        Some("array") => Value::Array(Vec::new()),
        Some("object") => Value::Object(Map::new()),
        _ => match (name, spec.get(name)) {
            (_, Some(Value::String(same))) => same.as_str().into(),
            ("arn", _) => format!("arn:aws:{}:::{address}", resource.kind.name()).into(),
            _ => format!("{name}-{address}").into(),
        },
    };
    let schema: &Schema = resource.kind.outputs();
    schema
        .fields()
        .map(|field| (field.name.to_owned(), made_up(field.name, field.schema)))
        .collect()
}

fn object(stack: &Stack, resource: &Resource, spec: Value, outputs: Value) -> LiveObject {
    let mut tags = resource.tags.clone();
    tags.insert(ownership::STACK.into(), stack.name.clone());
    tags.insert(ownership::ENVIRONMENT.into(), stack.environment.clone());
    tags.insert(ownership::ADDRESS.into(), resource.address.to_string());
    if resource.lifecycle.retain {
        tags.insert(ownership::RETAIN.into(), "true".into());
    }
    let region = if resource.kind.is_global() { &stack.region } else { &resource.region };
    LiveObject {
        kind: resource.kind.name().into(),
        region: region.clone(),
        spec,
        outputs,
        tags,
        status: Status::Usable,
    }
}
