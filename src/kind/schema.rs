//! A kind's JSON Schema, as the engine reads it: which fields there are and how each behaves.

use std::borrow::Cow;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

/// The JSON Schema of a spec or of outputs, without `$ref`s and without `null`s: a field that may
/// be left out is one that is not required.
#[derive(Clone, Debug)]
pub struct Schema {
    json: Value,
    /// The name of the field that holds the object's own name. It is asked for all the time.
    name: Option<String>,
    has_secrets: bool,
}

/// One field of an object's schema.
#[derive(Clone, Copy, Debug)]
pub struct FieldRef<'a> {
    /// The field's name in stack files.
    pub name: &'a str,
    /// The field's own schema.
    pub schema: &'a Value,
    /// The names of the fields that stack files have to give.
    required: Option<&'a Vec<Value>>,
}

impl Schema {
    /// The schema of a type.
    pub fn of<T: JsonSchema>() -> Self {
        let settings = SchemaSettings::draft2020_12().with(|s| {
            s.inline_subschemas = true;
            s.meta_schema = None;
        });
        let mut root = settings.into_generator().into_root_schema_for::<T>().to_value();
        tidy(&mut root);
        let name = fields(&root).find(|field| field.is("x-name")).map(|f| f.name.to_owned());
        let has_secrets = has_secrets(&root);
        Self { json: root, name, has_secrets }
    }

    /// The schema as JSON.
    pub fn json(&self) -> &Value {
        &self.json
    }

    /// What the reference says about the kind.
    pub fn description(&self) -> &str {
        self.json.get("description").and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether there is a secret somewhere in it.
    pub fn has_secrets(&self) -> bool {
        self.has_secrets
    }

    /// The fields in the order of the struct.
    pub fn fields(&self) -> impl Iterator<Item = FieldRef<'_>> {
        fields(&self.json)
    }

    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<FieldRef<'_>> {
        let (name, schema) = self.json.get("properties")?.as_object()?.get_key_value(name)?;
        Some(FieldRef { name, schema, required: required(&self.json) })
    }

    /// The name of the field that holds the object's own name, if the kind has one.
    pub fn name_field(&self) -> Option<FieldRef<'_>> {
        self.field(self.name.as_ref()?)
    }

    /// How long the kind lets names be.
    pub fn longest_name(&self) -> usize {
        let longest = self.name_field().and_then(|field| field.schema.get("maxLength")?.as_u64());
        longest.and_then(|limit| limit.try_into().ok()).unwrap_or(usize::MAX)
    }

    /// The name field, when no two objects may bear one name. A replacement under the same name
    /// has to wait until the old object is gone; under a [shared](super::SharedName) one it need
    /// not, and keeps the name.
    pub fn claimed_name(&self) -> Option<FieldRef<'_>> {
        self.name_field().filter(|field| !field.is("x-shared-name"))
    }
}

impl<'a> FieldRef<'a> {
    /// Whether a keyword of ours, such as `x-immutable`, is set.
    pub fn is(&self, keyword: &str) -> bool {
        self.schema.get(keyword) == Some(&Value::Bool(true))
    }

    /// Whether stack files have to give it.
    pub fn is_required(&self) -> bool {
        self.required.is_some_and(|names| names.iter().any(|name| name == self.name))
    }

    /// The kind (or `*`) and the output that a reference field takes.
    pub fn reference(&self) -> Option<(&'a str, &'a str)> {
        reference(self.schema)
    }

    /// What the reference says about the field.
    pub fn description(&self) -> &'a str {
        self.schema.get("description").and_then(Value::as_str).unwrap_or_default()
    }
}

/// The fields of an object schema, in order; none when it is no object schema.
pub fn fields(schema: &Value) -> impl Iterator<Item = FieldRef<'_>> {
    let required = required(schema);
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    properties.map(move |(name, schema)| FieldRef { name, schema, required })
}

fn required(schema: &Value) -> Option<&Vec<Value>> {
    schema.get("required")?.as_array()
}

fn has_secrets(schema: &Value) -> bool {
    match schema {
        Value::Array(all) => all.iter().any(has_secrets),
        Value::Object(map) => map.contains_key("writeOnly") || map.values().any(has_secrets),
        _ => false,
    }
}

/// The kind (or `*`) and the output that a reference schema takes.
pub fn reference(schema: &Value) -> Option<(&str, &str)> {
    schema.get("x-ref")?.as_str()?.split_once('#')
}

/// Visits every string of `value` that stands where the schema has a reference: the reference,
/// the text, and whether it is inside an `x-late` field.
pub fn visit_refs<'a>(
    schema: &'a Value,
    value: &'a Value,
    visit: &mut impl FnMut((&'a str, &'a str), &'a str, bool),
) {
    walk(schema, value, false, visit);
}

fn walk<'a>(
    schema: &'a Value,
    value: &'a Value,
    late: bool,
    visit: &mut impl FnMut((&'a str, &'a str), &'a str, bool),
) {
    let late = late || schema.get("x-late") == Some(&Value::Bool(true));
    match value {
        Value::String(text) => {
            if let Some(reference) = reference(schema) {
                visit(reference, text, late);
            }
        }
        Value::Array(items) => {
            if let Some(item) = schema.get("items") {
                for value in items {
                    walk(item, value, late, visit);
                }
            }
        }
        Value::Object(map) => {
            for (key, value) in map {
                if let Some(schema) = property(schema, key) {
                    walk(schema, value, late, visit);
                }
            }
        }
        _ => {}
    }
}

/// The schema of an object's property: a field's, or that of a map's values.
pub fn property<'a>(schema: &'a Value, key: &str) -> Option<&'a Value> {
    schema
        .get("properties")
        .and_then(|properties| properties.get(key))
        .or_else(|| schema.get("additionalProperties").filter(|other| other.is_object()))
}

/// `value` with `stand_in`s where a text that waits for an output stands in place of something
/// that is no text (a number, a list); the names of the top-level fields that have one.
pub fn substitute_unknowns<'v>(schema: &Value, value: &'v Value) -> (Cow<'v, Value>, Vec<String>) {
    let mut touched = Vec::new();
    let Value::Object(map) = value else { return (Cow::Borrowed(value), touched) };
    let mut result = Cow::Borrowed(value);
    for (key, value) in map {
        if super::waits(value)
            && let Some(schema) = property(schema, key)
            && let Some(known) = substitute(schema, value)
        {
            result.to_mut()[key] = known;
            touched.push(key.clone());
        }
    }
    (result, touched)
}

/// The value with stand-ins; `None` when it needs none.
fn substitute(schema: &Value, value: &Value) -> Option<Value> {
    match value {
        Value::String(text) if super::is_unknown(text) && !takes_text(schema) => {
            Some(stand_in(schema))
        }
        Value::Array(items) => {
            let schema = schema.get("items")?;
            let known: Vec<_> = items.iter().map(|item| substitute(schema, item)).collect();
            known.iter().any(Option::is_some).then(|| {
                let all = known.into_iter().zip(items);
                all.map(|(known, item)| known.unwrap_or_else(|| item.clone())).collect()
            })
        }
        Value::Object(map) => {
            let known = map.iter().filter_map(|(key, value)| {
                Some((key.clone(), substitute(property(schema, key)?, value)?))
            });
            let known: Vec<(String, Value)> = known.collect();
            (!known.is_empty()).then(|| {
                let mut map = map.clone();
                map.extend(known);
                Value::Object(map)
            })
        }
        _ => None,
    }
}

/// Whether any text fits the schema.
fn takes_text(schema: &Value) -> bool {
    let is_string = match schema.get("type") {
        Some(Value::String(name)) => name == "string",
        Some(Value::Array(names)) => names.iter().any(|name| name == "string"),
        _ => ["anyOf", "oneOf"]
            .iter()
            .filter_map(|key| schema.get(key)?.as_array())
            .flatten()
            .any(takes_text),
    };
    // A field type of ours lets unknown text through; an enumeration or a pattern cannot.
    is_string && schema.get("enum").is_none() && schema.get("const").is_none()
}

/// Some value that fits the schema.
fn stand_in(schema: &Value) -> Value {
    if let Some(default) = schema.get("default") {
        return default.clone();
    }
    if let Some(first) = schema.get("enum").and_then(|values| values.get(0)) {
        return first.clone();
    }
    if let Some(first) =
        ["anyOf", "oneOf"].iter().find_map(|key| schema.get(key).and_then(|any| any.get(0)))
    {
        return stand_in(first);
    }
    if let Some(value) = schema.get("const") {
        return value.clone();
    }
    let minimum = schema.get("minimum").cloned();
    match schema.get("type").and_then(Value::as_str) {
        Some("integer" | "number") => minimum.unwrap_or_else(|| 0.into()),
        Some("boolean") => false.into(),
        Some("array") => Value::Array(Vec::new()),
        Some("object") => fields(schema)
            .filter(FieldRef::is_required)
            .map(|field| (field.name.to_owned(), stand_in(field.schema)))
            .collect(),
        _ => "".into(),
    }
}

/// Takes `null` out of types, and out of `required` what may be left out.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Object(map) => {
            if let Some(Value::Array(types)) = map.get_mut("type")
                && types.iter().any(|name| name == "null")
            {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    map.insert("type".into(), only);
                }
                map.insert("x-optional".into(), true.into());
            }
            if let Some(Value::Array(values)) = map.get_mut("enum") {
                values.retain(|value| !value.is_null());
            }
            if map.get("default") == Some(&Value::Null) {
                map.remove("default");
            }
            if let Some(Value::Array(any)) = map.get_mut("anyOf") {
                let all = any.len();
                any.retain(|one| one.get("type") != Some(&"null".into()));
                if any.len() < all {
                    let only = (any.len() == 1).then(|| any[0].clone());
                    map.insert("x-optional".into(), true.into());
                    if let Some(Value::Object(only)) = only {
                        map.remove("anyOf");
                        for (key, value) in only {
                            map.entry(key).or_insert(value);
                        }
                    }
                }
            }
            for value in map.values_mut() {
                tidy(value);
            }
            let optional: Vec<String> = map
                .get("properties")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
                .filter(|(_, schema)| {
                    ["x-optional", "x-auto", "x-local", "x-name"]
                        .iter()
                        .any(|key| schema.get(key).is_some())
                        || schema.get("default").is_some()
                })
                .map(|(name, _)| name.clone())
                .collect();
            if let Some(Value::Array(required)) = map.get_mut("required") {
                required.retain(|name| !optional.iter().any(|o| name == o.as_str()));
            }
        }
        _ => {}
    }
}
