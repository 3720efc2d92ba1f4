//! Types of fields. How a field behaves is its type, so that the compiler, the schema, the
//! differ and the reference agree.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use ipnet::IpNet;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::{Kind, is_unknown};

/// A field whose change replaces the object.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Immutable<T>(pub T);

/// A field that AWS decides when it is left out; then it is not compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Auto<T>(pub Option<T>);

/// A field that may refer to objects that refer back: it is set once the object exists, and
/// emptied before the object goes. Its type's default stands for "not yet".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Late<T>(pub T);

/// Where something that is sent is found. AWS does not keep it, so that it is not compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Local<T>(pub Option<T>);

/// A value that is sent, and never read back, printed, logged or saved.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret<T>(pub T);

/// What a [`Secret`] shows in place of its value.
pub const HIDDEN: &str = "(secret)";

/// An unordered list without duplicates, empty when left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Set<T>(pub Vec<T>);

macro_rules! transparent {
    ($name:ident, $keyword:literal) => {
        impl<T> Deref for $name<T> {
            type Target = T;
            fn deref(&self) -> &T {
                &self.0
            }
        }
        impl<T> From<T> for $name<T> {
            fn from(value: T) -> Self {
                Self(value)
            }
        }
        impl<'de, T: Deserialize<'de>> Deserialize<'de> for $name<T> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                T::deserialize(deserializer).map(Self)
            }
        }
        impl<T: JsonSchema> JsonSchema for $name<T> {
            fn schema_name() -> Cow<'static, str> {
                format!("{}{}", stringify!($name), T::schema_name()).into()
            }
            fn inline_schema() -> bool {
                true
            }
            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                marked::<T>(generator, $keyword)
            }
        }
    };
}

transparent!(Immutable, "x-immutable");
transparent!(Late, "x-late");

/// The schema of `T` with a keyword of ours set.
fn marked<T: JsonSchema>(generator: &mut SchemaGenerator, keyword: &str) -> Schema {
    let mut schema = generator.subschema_for::<T>();
    schema.insert(keyword.to_owned(), Value::Bool(true));
    schema
}

impl<T> Default for Local<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Deref for Local<T> {
    type Target = Option<T>;
    fn deref(&self) -> &Option<T> {
        &self.0
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Local<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self)
    }
}

impl<T: JsonSchema> JsonSchema for Local<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Local{}", T::schema_name()).into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        marked::<T>(generator, "x-local")
    }
}

impl<T> Default for Auto<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Deref for Auto<T> {
    type Target = Option<T>;
    fn deref(&self) -> &Option<T> {
        &self.0
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Auto<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self)
    }
}

impl<T: JsonSchema> JsonSchema for Auto<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Auto{}", T::schema_name()).into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        marked::<T>(generator, "x-auto")
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl<T> Serialize for Secret<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(HIDDEN)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Secret<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The error of `T` would quote the value.
        let hidden = |_| D::Error::custom("this secret is not of the type that the field takes");
        T::deserialize(deserializer).map(Self).map_err(hidden)
    }
}

impl<T: JsonSchema> JsonSchema for Secret<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Secret{}", T::schema_name()).into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        marked::<T>(generator, "writeOnly")
    }
}

impl<T> Default for Set<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Deref for Set<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T: Serialize> Set<T> {
    /// A set of `items`: sorted by their JSON text, each kept once.
    ///
    /// # Panics
    ///
    /// When an item has no JSON form, which no field type lacks.
    pub fn new(items: impl IntoIterator<Item = T>) -> Self {
        let mut keyed: Vec<(String, T)> = items
            .into_iter()
            .map(|item| (serde_json::to_string(&item).expect("fields have a JSON form"), item))
            .collect();
        keyed.sort_by(|a, b| a.0.cmp(&b.0));
        keyed.dedup_by(|a, b| a.0 == b.0);
        Self(keyed.into_iter().map(|(_, item)| item).collect())
    }
}

impl<T: Serialize> FromIterator<T> for Set<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self::new(items)
    }
}

impl<T: PartialEq> Set<T> {
    /// What is in `self` and not in `other`.
    pub fn minus<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'a T> {
        self.0.iter().filter(|item| !other.0.contains(item))
    }
}

impl<'de, T: Serialize + DeserializeOwned> Deserialize<'de> for Set<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::new(Option::<Vec<T>>::deserialize(deserializer)?.unwrap_or_default()))
    }
}

impl<T: JsonSchema> JsonSchema for Set<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Set{}", T::schema_name()).into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let items = generator.subschema_for::<T>();
        json_schema!({ "type": "array", "uniqueItems": true, "items": items, "default": [] })
    }
}

/// The name of an output, as a type.
pub trait OutputName: Send + Sync + 'static {
    /// The output's field name.
    const NAME: &'static str;
}

macro_rules! outputs {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub enum $name {}
        impl OutputName for $name {
            const NAME: &'static str = $text;
        }
    )*};
}

outputs! {
    /// The output `id`.
    Id = "id";
    /// The output `arn`.
    Arn = "arn";
    /// The output `name`.
    NameOutput = "name";
    /// The output `url`.
    Url = "url";
    /// The output `profile_arn`.
    ProfileArn = "profile_arn";
}

/// What a reference may point to.
pub trait RefTarget: Send + Sync + 'static {
    /// The kind's name, or `*`.
    const KIND: &'static str;
}

impl<K: Kind> RefTarget for K {
    const KIND: &'static str = K::NAME;
}

/// Any kind that has the output.
#[derive(Clone, Copy, Debug)]
pub enum Any {}

impl RefTarget for Any {
    const KIND: &'static str = "*";
}

/// Another resource's output `O`, or the same thing written out for an object outside the stack.
pub struct Ref<K, O> {
    text: String,
    target: PhantomData<fn() -> (K, O)>,
}

impl<K, O> Ref<K, O> {
    /// A reference to what `text` names.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), target: PhantomData }
    }
}

impl<K, O> Clone for Ref<K, O> {
    fn clone(&self) -> Self {
        Self::new(self.text.clone())
    }
}

impl<K, O> PartialEq for Ref<K, O> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl<K, O> Eq for Ref<K, O> {}

impl<K, O> fmt::Debug for Ref<K, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

impl<K, O> fmt::Display for Ref<K, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<K, O> Deref for Ref<K, O> {
    type Target = String;
    fn deref(&self) -> &String {
        &self.text
    }
}

impl<K, O> From<String> for Ref<K, O> {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl<K, O> From<&str> for Ref<K, O> {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl<K, O> Serialize for Ref<K, O> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de, K, O> Deserialize<'de> for Ref<K, O> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl<K: RefTarget, O: OutputName> JsonSchema for Ref<K, O> {
    fn schema_name() -> Cow<'static, str> {
        format!("Ref{}{}", K::KIND, O::NAME).into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "x-ref": format!("{}#{}", K::KIND, O::NAME) })
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $shared:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name<const MAX: usize>(pub String);

        impl<const MAX: usize> Deref for $name<MAX> {
            type Target = String;
            fn deref(&self) -> &String {
                &self.0
            }
        }

        impl<const MAX: usize, T: Into<String>> From<T> for $name<MAX> {
            fn from(text: T) -> Self {
                Self(text.into())
            }
        }

        impl<const MAX: usize> JsonSchema for $name<MAX> {
            fn schema_name() -> Cow<'static, str> {
                format!("{}{MAX}", stringify!($name)).into()
            }
            fn inline_schema() -> bool {
                true
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                let mut schema = json_schema!({
                    "type": "string", "minLength": 1, "maxLength": MAX,
                    "x-name": true, "x-immutable": true,
                });
                if $shared {
                    schema.insert("x-shared-name".to_owned(), Value::Bool(true));
                }
                schema
            }
        }
    };
}

name! {
    /// The object's own name in AWS, at most `MAX` characters: immutable, and
    /// `<stack>-<env>-<address>` when left out.
    Name, false
}

name! {
    /// A [`Name`] that several generations of the object may bear at once, such as the family of
    /// task definitions: it is no claim, and a replacement keeps it without the old object
    /// having to go first.
    SharedName, true
}

/// A range of addresses in CIDR notation, without host bits: `10.0.0.0/16`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Cidr(String);

impl Cidr {
    /// The range, or `None` while it waits for another object's output.
    pub fn net(&self) -> Option<IpNet> {
        self.0.parse().ok()
    }
}

impl Deref for Cidr {
    type Target = String;
    fn deref(&self) -> &String {
        &self.0
    }
}

impl From<&str> for Cidr {
    /// Takes AWS's word for a range.
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl<'de> Deserialize<'de> for Cidr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if is_unknown(&text) {
            return Ok(Self(text));
        }
        let net: IpNet = text.parse().map_err(|_| {
            D::Error::custom(format!("`{text}` is not a CIDR range such as `10.0.0.0/16`"))
        })?;
        if net != net.trunc() {
            return Err(D::Error::custom(format!(
                "`{text}` has bits set after the prefix; did you mean `{}`?",
                net.trunc()
            )));
        }
        Ok(Self(net.to_string()))
    }
}

impl JsonSchema for Cidr {
    fn schema_name() -> Cow<'static, str> {
        "Cidr".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "x-format": "cidr" })
    }
}

/// A JSON document, written as YAML or as text that holds JSON; equal when it means the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Json(pub Value);

impl Json {
    /// Reads AWS's text form.
    pub fn parse(text: &str) -> Self {
        Self(sorted(serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))))
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) if is_unknown(&text) => Ok(Self(Value::String(text))),
            Value::String(text) => serde_json::from_str(&text)
                .map(|value| Self(sorted(value)))
                .map_err(|error| D::Error::custom(format!("this text is not JSON: {error}"))),
            value => Ok(Self(sorted(value))),
        }
    }
}

impl JsonSchema for Json {
    fn schema_name() -> Cow<'static, str> {
        "Json".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["object", "array", "string"], "x-format": "json" })
    }
}

/// A value with all its objects' keys in order.
pub(super) fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        Value::Object(map) => {
            let mut entries: Vec<_> = map.into_iter().map(|(k, v)| (k, sorted(v))).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(entries.into_iter().collect())
        }
        other => other,
    }
}
