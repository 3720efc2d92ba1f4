//! Erasure: [`Entry`] turns a typed [`Kind`] into an [`AnyKind`] over JSON, so that the engine
//! has one code path. Authors see types, the engine sees JSON.

use std::any::Any;
use std::marker::PhantomData;
use std::sync::LazyLock;
use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::charge::{Charge, Charges, Count, Look, Referred, UsageName};
use super::literal::{mark, unmarked};
use super::schema::substitute_unknowns;
use super::{Blocker, Holding, Kind, Live, LiveObject, Problem, Schema, Scope, Status, Tags};
use crate::aws::{Aws, Error, Result};

/// A kind with its types taken away. [`Entry`] is its only implementation.
#[async_trait]
pub trait AnyKind: Send + Sync {
    /// `service.thing`.
    fn name(&self) -> &'static str;
    /// The schema of the spec; its `description` is the kind's documentation.
    fn schema(&self) -> &Schema;
    /// The schema of the outputs.
    fn outputs(&self) -> &Schema;
    /// See [`Kind::ARN`].
    fn arn(&self) -> Option<&'static str>;
    /// See [`Kind::AFTER`].
    fn after(&self) -> &'static [&'static str];
    /// See [`Kind::CLAIMS`].
    fn claims(&self) -> &'static [&'static str];
    /// See [`Kind::TIMEOUT`].
    fn timeout(&self) -> Duration;
    /// See [`Kind::EVENTUAL`].
    fn eventual(&self) -> &'static [(&'static str, &'static str)];
    /// See [`Kind::DATA`].
    fn holds_data(&self) -> bool;
    /// See [`Kind::FULL`].
    fn full(&self) -> &'static [(&'static str, &'static str)];
    /// See [`Kind::PROTECTION`].
    fn protection(&self) -> &'static [(&'static str, &'static str)];
    /// See [`Kind::ASLEEP`].
    fn asleep(&self) -> &'static [(&'static str, &'static str)];
    /// See [`Kind::NIGHT`].
    fn night(&self) -> Option<&'static str>;
    /// See [`Kind::GLOBAL`].
    fn is_global(&self) -> bool;
    /// See [`Kind::TAGS`].
    fn has_tags(&self) -> bool;
    /// See [`Kind::SINGLETON`].
    fn is_singleton(&self) -> bool;
    /// See [`Kind::USAGE`].
    fn usage(&self) -> &'static [UsageName];
    /// See [`Kind::charges`]. Where a number, a choice or a flag is known after the apply only, no
    /// quantity is known.
    fn charges(&self, spec: &Value, referred: &Referred<'_>) -> Charges;
    /// The form in which specs are compared: read as the kind's type, written back, without
    /// nulls. Texts that wait for outputs are kept. The error says what does not fit.
    fn canonical(&self, spec: &Value) -> std::result::Result<Value, String>;
    /// A spec read as the kind's type, with what [`Kind::check`] finds. The error says what does
    /// not fit.
    fn examine(&self, spec: &Value) -> std::result::Result<Examined, String>;
    /// See [`Kind::check_together`].
    fn check_together(&self, specs: &[(&str, &Examined)]) -> Vec<(usize, Problem)>;
    /// See [`Kind::discover`].
    async fn discover(&self, aws: &Aws, scope: &Scope) -> Result<Vec<LiveObject>>;
    /// See [`Kind::create`].
    async fn create(&self, aws: &Aws, new: &Value, tags: &Tags) -> Result<Value>;
    /// See [`Kind::update`].
    async fn update(&self, aws: &Aws, was: &LiveObject, now: &Value) -> Result<()>;
    /// See [`Kind::delete`].
    async fn delete(&self, aws: &Aws, was: &LiveObject) -> Result<()>;
    /// See [`Kind::tag`].
    async fn tag(&self, aws: &Aws, was: &LiveObject, set: &Tags, remove: &[String]) -> Result<()>;
    /// See [`Kind::settle`].
    async fn settle(&self, aws: &Aws, outputs: &mut Value) -> Result<Status>;
    /// See [`Kind::gone`].
    async fn gone(&self, aws: &Aws, was: &LiveObject) -> Result<bool>;
    /// See [`Kind::created`].
    async fn created(&self, aws: &Aws, was: &LiveObject) -> Result<Option<i64>>;
    /// See [`Kind::holds`].
    async fn holds(&self, aws: &Aws, was: &LiveObject) -> Result<Option<Holding>>;
    /// See [`Kind::empty`].
    async fn empty(&self, aws: &Aws, was: &LiveObject) -> Result<()>;
    /// See [`Kind::blockers`].
    async fn blockers(&self, aws: &Aws, was: &LiveObject) -> Vec<Blocker>;
}

/// A spec that was read as its kind's type.
pub struct Examined {
    /// What AWS would refuse about it.
    pub problems: Vec<Problem>,
    typed: Box<dyn Any + Send>,
}

/// A kind's place in the registry.
pub struct Entry<K: Kind> {
    spec: LazyLock<Schema>,
    outputs: LazyLock<Schema>,
    kind: PhantomData<fn() -> K>,
}

/// Makes a kind's entry: what a service's table of kinds lists.
pub type NewKind = fn() -> Box<dyn AnyKind>;

impl<K: Kind> Entry<K> {
    /// An entry; its schemas are made when they are first asked for.
    pub fn boxed() -> Box<dyn AnyKind> {
        Box::new(Self {
            spec: LazyLock::new(Schema::of::<K>),
            outputs: LazyLock::new(Schema::of::<K::Outputs>),
            kind: PhantomData,
        })
    }
}

/// Reads JSON as one of the kind's types.
fn read<T: DeserializeOwned>(value: &Value, what: &str) -> Result<T> {
    T::deserialize(&*unmarked(value)).map_err(|error| Error::shape(what, &error))
}

/// What AWS said, as JSON: whatever looks like an expression in it stands for itself.
fn write_live<T: Serialize>(value: &T) -> Value {
    let mut value = write(value);
    mark(&mut value);
    value
}

/// JSON without nulls.
fn write<T: Serialize>(value: &T) -> Value {
    let mut value = serde_json::to_value(value).unwrap_or_default();
    strip(&mut value);
    value
}

fn strip(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(strip),
        Value::Object(map) => map.retain(|_, value| {
            strip(value);
            !value.is_null()
        }),
        _ => {}
    }
}

fn live<K: Kind>(object: &LiveObject) -> Result<Live<K>> {
    Ok(Live {
        spec: read(&object.spec, K::NAME)?,
        outputs: read(&object.outputs, K::NAME)?,
        tags: object.tags.clone(),
        status: object.status.clone(),
    })
}

#[async_trait]
impl<K: Kind> AnyKind for Entry<K> {
    fn name(&self) -> &'static str {
        K::NAME
    }
    fn schema(&self) -> &Schema {
        &self.spec
    }
    fn outputs(&self) -> &Schema {
        &self.outputs
    }
    fn arn(&self) -> Option<&'static str> {
        K::ARN
    }
    fn after(&self) -> &'static [&'static str] {
        K::AFTER
    }
    fn claims(&self) -> &'static [&'static str] {
        K::CLAIMS
    }
    fn timeout(&self) -> Duration {
        K::TIMEOUT
    }
    fn eventual(&self) -> &'static [(&'static str, &'static str)] {
        K::EVENTUAL
    }
    fn holds_data(&self) -> bool {
        K::DATA
    }
    fn full(&self) -> &'static [(&'static str, &'static str)] {
        K::FULL
    }
    fn protection(&self) -> &'static [(&'static str, &'static str)] {
        K::PROTECTION
    }
    fn asleep(&self) -> &'static [(&'static str, &'static str)] {
        K::ASLEEP
    }
    fn night(&self) -> Option<&'static str> {
        K::NIGHT
    }
    fn is_global(&self) -> bool {
        K::GLOBAL
    }
    fn has_tags(&self) -> bool {
        K::TAGS
    }
    fn is_singleton(&self) -> bool {
        K::SINGLETON
    }
    fn usage(&self) -> &'static [UsageName] {
        K::USAGE
    }

    fn charges(&self, spec: &Value, referred: &Referred<'_>) -> Charges {
        let mut spec = spec.clone();
        if let Value::Object(map) = &mut spec {
            // What a plan hides is not of the field's type, and costs nothing.
            let secrets = self.spec.fields().filter(|f| f.is("writeOnly") && !f.is_required());
            secrets.for_each(|field| drop(map.shift_remove(field.name)));
        }
        let (known, waiting) = substitute_unknowns(self.spec.json(), &spec);
        let unclear = |why: String| Charges::Listed(vec![Charge::unknown("everything", "", why)]);
        let typed = match K::deserialize(&*unmarked(&known)) {
            Ok(typed) => typed,
            Err(error) => return unclear(error.to_string()),
        };
        let mut charges = typed.charges(&Look::new(referred));
        if let (Charges::Listed(all), [first, ..]) = (&mut charges, waiting.as_slice()) {
            for charge in all.iter_mut().filter(|charge| matches!(charge.count, Count::Known(_))) {
                charge.count = Count::Unknown(format!("`{first}` is known after the apply"));
            }
        }
        charges
    }

    fn canonical(&self, spec: &Value) -> std::result::Result<Value, String> {
        let (known, waiting) = substitute_unknowns(self.spec.json(), spec);
        let typed = K::deserialize(&*known).map_err(|error| error.to_string())?;
        let mut canonical = write(&typed);
        for field in waiting {
            canonical[&field] = spec[&field].clone();
        }
        Ok(canonical)
    }

    fn examine(&self, spec: &Value) -> std::result::Result<Examined, String> {
        let (known, waiting) = substitute_unknowns(self.spec.json(), spec);
        let typed = K::deserialize(&*known).map_err(|error| error.to_string())?;
        let mut problems = typed.check();
        // What stands in for an unknown value is nobody's mistake.
        problems.retain(|p| !waiting.iter().any(|field| p.path.starts_with(field.as_str())));
        Ok(Examined { problems, typed: Box::new(typed) })
    }

    fn check_together(&self, specs: &[(&str, &Examined)]) -> Vec<(usize, Problem)> {
        let typed = specs.iter().map(|(address, one)| Some((*address, one.typed.downcast_ref()?)));
        K::check_together(&typed.collect::<Option<Vec<_>>>().unwrap_or_default())
    }

    async fn discover(&self, aws: &Aws, scope: &Scope) -> Result<Vec<LiveObject>> {
        let found = K::discover(aws, scope).await?;
        Ok(found
            .into_iter()
            .map(|live| LiveObject {
                kind: K::NAME.to_owned(),
                region: aws.region().to_owned(),
                spec: write_live(&live.spec),
                outputs: write_live(&live.outputs),
                tags: live.tags,
                status: live.status,
            })
            .collect())
    }

    async fn create(&self, aws: &Aws, new: &Value, tags: &Tags) -> Result<Value> {
        let spec: K = read(new, K::NAME)?;
        #[cfg(debug_assertions)]
        super::planted::panic(K::NAME, new);
        #[cfg(debug_assertions)]
        if super::planted::tags_late(K::NAME) {
            let outputs = K::create(aws, &spec, &Tags::new()).await?;
            let (tags_now, status) = (Tags::new(), Status::Usable);
            let made = Live { spec, outputs: outputs.clone(), tags: tags_now, status };
            K::tag(aws, &made, tags, &[]).await?;
            return Ok(write_live(&outputs));
        }
        K::create(aws, &spec, tags).await.map(|outputs| write_live(&outputs))
    }

    async fn update(&self, aws: &Aws, was: &LiveObject, now: &Value) -> Result<()> {
        K::update(aws, &live(was)?, &read(now, K::NAME)?).await
    }

    async fn delete(&self, aws: &Aws, was: &LiveObject) -> Result<()> {
        K::delete(aws, &live(was)?).await
    }

    async fn tag(&self, aws: &Aws, was: &LiveObject, set: &Tags, remove: &[String]) -> Result<()> {
        K::tag(aws, &live(was)?, set, remove).await
    }

    async fn settle(&self, aws: &Aws, outputs: &mut Value) -> Result<Status> {
        let mut typed: K::Outputs = read(outputs, K::NAME)?;
        let status = K::settle(aws, &mut typed).await?;
        *outputs = write_live(&typed);
        Ok(status)
    }

    async fn gone(&self, aws: &Aws, was: &LiveObject) -> Result<bool> {
        K::gone(aws, &live(was)?).await
    }

    async fn created(&self, aws: &Aws, was: &LiveObject) -> Result<Option<i64>> {
        K::created(aws, &live(was)?).await
    }

    async fn holds(&self, aws: &Aws, was: &LiveObject) -> Result<Option<Holding>> {
        K::holds(aws, &live(was)?).await
    }

    async fn empty(&self, aws: &Aws, was: &LiveObject) -> Result<()> {
        K::empty(aws, &live(was)?).await
    }

    async fn blockers(&self, aws: &Aws, was: &LiveObject) -> Vec<Blocker> {
        match live(was) {
            Ok(was) => K::blockers(aws, &was).await,
            Err(_) => Vec::new(),
        }
    }
}
