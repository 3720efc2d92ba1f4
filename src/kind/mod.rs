//! What a kind is: the trait its author writes, the erased form the engine sees, and the
//! types of fields that say how a field behaves.

pub mod bundle;
pub mod charge;
pub mod default;
pub mod deletion;
mod entry;
pub mod expression;
pub mod field;
pub mod generation;
mod holding;
pub mod literal;
#[cfg(debug_assertions)]
mod planted;
mod policy;
pub mod schema;
pub mod timetable;
mod word;

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

pub use charge::{Charge, Charges, Look, UsageName};
pub use entry::{AnyKind, Entry, Examined, NewKind};
pub use field::{
    Any, Arn, Auto, Cidr, Immutable, Json, Late, Local, Name, OutputName, Ref, RefTarget, Secret,
    Set, SharedName,
};
pub use holding::{Blocker, Holding};
pub use policy::Policy;
pub use schema::{FieldRef, Schema};
pub use word::{from_word, to_word};

use crate::aws::{Aws, Result};

/// Tags of one object: key to value, in the order of the keys.
pub type Tags = BTreeMap<String, String>;

/// One kind of object. The implementing struct is its shape in stack files, in the live
/// account, in the JSON Schema and in the reference: there is no second description.
pub trait Kind: Serialize + DeserializeOwned + JsonSchema + Clone + Send + Sync + 'static {
    /// `service.thing`, as stack files write it.
    const NAME: &'static str;
    /// What AWS decides: identifiers, ARNs, endpoints. The field that names the object in
    /// AWS's calls comes first.
    type Outputs: Serialize + DeserializeOwned + JsonSchema + Clone + Send + Sync + 'static;

    /// The start of the ARN's resource part (and the service before it) by which the ownership
    /// sweep knows an object of this kind: `ec2:subnet/`, `s3:`. `None` when the tagging
    /// API leaves the kind out, so that it is always discovered.
    const ARN: Option<&'static str>;
    /// Kinds whose objects are made before, and torn down after, those of this kind, although
    /// no field refers to them. A late field of theirs that refers to one of this kind does not hold
    /// it back: what goes lets go of them.
    const AFTER: &'static [&'static str] = &[];
    /// Fields that no two objects may share. When a replacement keeps them all, the old
    /// object goes first. A [`Name`] field is a claim without being listed.
    const CLAIMS: &'static [&'static str] = &[];
    /// How long a new or changed object may take to become usable, and a deleted one to go.
    const TIMEOUT: Duration = Duration::from_mins(10);
    /// Error codes, each with a part of the message ("" for any), that AWS documents as passing
    /// for this kind: tried again until [`Kind::TIMEOUT`] or two minutes, whichever is less.
    const EVENTUAL: &'static [(&'static str, &'static str)] = &[];
    /// Whether deleting an object of this kind loses data that only it holds.
    const DATA: bool = false;
    /// Error codes, each with a part of the message ("" for any), with which AWS refuses to delete an
    /// object because of what it holds. All others say something else of it, such as that it is used.
    const FULL: &'static [(&'static str, &'static str)] = &[];
    /// How an object differs once AWS no longer refuses to delete it: fields, each with the JSON of its
    /// value then, the one that protects it first. An object that is protected is deleted when the
    /// plan overrides protection, and is then changed so before.
    const PROTECTION: &'static [(&'static str, &'static str)] = &[];
    /// How an object differs while its environment sleeps: fields, each with the JSON of its value
    /// then. Where there are any, the object itself stays.
    const ASLEEP: &'static [(&'static str, &'static str)] = &[];
    /// The word under an environment's `night` by which objects of this kind go for the night, for
    /// kinds that cost by the hour, hold no data and come back as they were.
    const NIGHT: Option<&'static str> = None;
    /// Whether objects of this kind belong to the account as a whole, and to no region: they are
    /// looked for in the stack's home region alone.
    const GLOBAL: bool = false;
    /// Whether AWS keeps tags for objects of this kind. Others own up by a name or a marker, which
    /// bears the ownership tags alone: those of the stack file are left out.
    const TAGS: bool = true;
    /// Whether an account has at most one object of this kind in a region: any two claim the same,
    /// whatever their names. A foreign one is then in the way of every declaration, so that
    /// [`Kind::discover`] has to show it where [`Scope::declared`] is not zero.
    const SINGLETON: bool = false;
    /// Whether AWS charges nothing for an object of this kind itself.
    const FREE: bool = false;
    /// The names that a resource's `usage` may have, for kinds that are charged by use.
    const USAGE: &'static [UsageName] = &[];

    /// Every object of this kind that belongs to `scope`, in as few calls as AWS allows, and any
    /// foreign object that bears one of `scope.names`.
    fn discover(aws: &Aws, scope: &Scope) -> impl Future<Output = Result<Vec<Live<Self>>>> + Send;

    /// Creates the object, tagged in the same call. Returns as soon as AWS has accepted it. An
    /// operation that would make a second object when it is sent again, for want of a client token
    /// and of a name that is taken then, belongs into the list of `aws/once.rs`.
    fn create(
        aws: &Aws,
        new: &Self,
        tags: &Tags,
    ) -> impl Future<Output = Result<Self::Outputs>> + Send;

    /// Brings a live object to `now`: a list of `if was.x != now.x`. Immutable fields never
    /// differ here.
    fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> impl Future<Output = Result<()>> + Send;

    /// Deletes the object. Absence is success; the engine sees to that.
    fn delete(aws: &Aws, was: &Live<Self>) -> impl Future<Output = Result<()>> + Send;

    /// Adds or overwrites the tags in `set`, then takes away those named in `remove`.
    fn tag(
        aws: &Aws,
        was: &Live<Self>,
        set: &Tags,
        remove: &[String],
    ) -> impl Future<Output = Result<()>> + Send;

    /// One look at whether an object just created or changed is usable; fills in outputs that
    /// AWS gives late. Called again and again until it answers [`Status::Usable`].
    fn settle(
        _aws: &Aws,
        _outputs: &mut Self::Outputs,
    ) -> impl Future<Output = Result<Status>> + Send {
        async { Ok(Status::Usable) }
    }

    /// One look at whether a deleted object is gone for good, for kinds that linger and hold
    /// on to what they used.
    fn gone(_aws: &Aws, _was: &Live<Self>) -> impl Future<Output = Result<bool>> + Send {
        async { Ok(true) }
    }

    /// When the object was made, in seconds since 1970, where AWS says so. Asked for people to read: with
    /// one call at most.
    fn created(_aws: &Aws, _was: &Live<Self>) -> impl Future<Output = Result<Option<i64>>> + Send {
        async { Ok(None) }
    }

    /// What the object holds that only it has, counted with a bounded number of calls. Only asked
    /// of kinds with [`Kind::DATA`]; one that leaves it out holds nothing that is worth a question.
    fn holds(
        _aws: &Aws,
        _was: &Live<Self>,
    ) -> impl Future<Output = Result<Option<Holding>>> + Send {
        async { Ok(None) }
    }

    /// Takes away for good what the object holds, so that AWS deletes it. While AWS is still at it,
    /// the error is [`Class::Busy`](crate::aws::Class::Busy), and the call is made again. Only
    /// called when the user has said so.
    fn empty(_aws: &Aws, _was: &Live<Self>) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// What keeps AWS from deleting the object, which it has just refused as still in use. For
    /// people to read, with a call or two: whatever cannot be found out is left out.
    fn blockers(_aws: &Aws, _was: &Live<Self>) -> impl Future<Output = Vec<Blocker>> + Send {
        async { Vec::new() }
    }

    /// What AWS charges for the object, by its spec. A kind that neither says so nor is
    /// [`Kind::FREE`] is shown as not priced: nothing counts as zero by silence.
    fn charges(&self, _look: &Look<'_>) -> Charges {
        if Self::FREE { Charges::Free } else { Charges::NotPriced }
    }

    /// What AWS would refuse about this declaration, beyond what single fields' types know.
    /// Text that still waits for another object's output begins with `${`.
    fn check(&self) -> Vec<Problem> {
        Vec::new()
    }

    /// What AWS would refuse about declarations of this kind taken together: the index of the
    /// one at fault and the problem.
    fn check_together(_all: &[(&str, &Self)]) -> Vec<(usize, Problem)> {
        Vec::new()
    }
}

/// One object as AWS shows it.
#[derive(Clone, Debug)]
pub struct Live<K: Kind> {
    /// What the user decides.
    pub spec: K,
    /// What AWS decides.
    pub outputs: K::Outputs,
    /// All its tags, ours and others'.
    pub tags: Tags,
    /// Whether it can be used.
    pub status: Status,
}

/// Where an object is in its life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Ready for others to depend on.
    Usable,
    /// On its way there; the text is AWS's word for the state.
    Pending(String),
    /// Will never be usable; the text is AWS's reason. The object has to be replaced.
    Failed(String),
    /// On its way out; counts as absent.
    Deleting,
}

/// Whose objects are looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Whose {
    /// Those of one environment of a stack.
    #[default]
    Ours,
    /// All that the account has in the region, whoever made them. What AWS itself makes and keeps is
    /// nobody's: default networks and their parts, its own keys, service-linked roles.
    Anybodys,
}

/// Whose objects are looked for, in one account and region, with what is known beforehand.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Whose they are. What is anybody's is known by nothing beforehand: neither sweep nor names.
    pub whose: Whose,
    /// The stack's name.
    pub stack: String,
    /// The environment's name.
    pub environment: String,
    /// What the ownership sweep found of this kind: ARN to tags. It lags and shows deleted
    /// objects: a hit has to be confirmed, a miss proves nothing.
    pub swept: BTreeMap<String, Tags>,
    /// Names (values of the [`Name`] field) that the stack file gives to objects of this kind,
    /// for kinds that are found by name.
    pub names: Vec<String>,
    /// How long the kind lets names be.
    pub longest: usize,
    /// By address, the tags that the stack file gives to objects of this kind.
    pub expected: BTreeMap<String, Tags>,
    /// How many objects of this kind the stack file declares here. When as many have been
    /// confirmed, the sweep does not lag, and a kind may save itself a look through the account.
    pub declared: usize,
}

/// The ownership tags, in the order in which they are compared.
pub mod ownership {
    /// Tag that holds the stack's name.
    pub const STACK: &str = "infra:stack";
    /// Tag that holds the environment's name.
    pub const ENVIRONMENT: &str = "infra:environment";
    /// Tag that holds the resource's address.
    pub const ADDRESS: &str = "infra:address";
    /// Tag that says that the object is to stay when its declaration goes.
    pub const RETAIN: &str = "infra:retain";
    /// Tag that says that the object sleeps, and how it was before.
    pub const ASLEEP: &str = "infra:asleep";
    /// Tag that holds for how many days the object can be had back once it is deleted.
    pub const DELETION_DAYS: &str = "infra:deletion-days";
    /// Tag that holds the version that the stack file gave, of which AWS shows more parts.
    pub const ENGINE_VERSION: &str = "infra:engine-version";
    /// Tag that holds the size that the stack file gave, of a disk that grows by itself.
    pub const STORAGE_GB: &str = "infra:storage-gb";
    /// Tag that says that a database goes without a last snapshot.
    pub const NO_FINAL_SNAPSHOT: &str = "infra:no-final-snapshot";
    /// Tag that says that a database's backups stay when it goes.
    pub const KEEP_BACKUPS: &str = "infra:keep-backups";
    /// Tag that says which service's kind an object is of, where two services share a type of object.
    pub const SERVICE: &str = "infra:service";
    /// What all tags of ours begin with.
    pub const PREFIX: &str = "infra:";
}

impl Scope {
    /// What finds all objects of a kind, whoever owns them. A kind lists whatever the account has.
    pub fn anybodys(kind: &dyn AnyKind) -> Self {
        Self {
            whose: Whose::Anybodys,
            longest: kind.schema().longest_name(),
            declared: usize::MAX,
            ..Self::default()
        }
    }

    /// Whether all objects are looked for, whoever owns them.
    pub fn is_anybodys(&self) -> bool {
        self.whose == Whose::Anybodys
    }

    /// What finds the object that has this spec and these tags, wherever it takes a look: no sweep
    /// was made.
    pub fn of_one(kind: &dyn AnyKind, spec: &Value, tags: &Tags) -> Self {
        let text = |key: &str| tags.get(key).cloned().unwrap_or_default();
        let name = kind.schema().name_field().and_then(|field| spec.get(field.name)?.as_str());
        Self {
            stack: text(ownership::STACK),
            environment: text(ownership::ENVIRONMENT),
            names: name.map(ToOwned::to_owned).into_iter().collect(),
            longest: kind.schema().longest_name(),
            expected: BTreeMap::from([(text(ownership::ADDRESS), tags.clone())]),
            declared: usize::MAX,
            ..Self::default()
        }
    }

    /// What finds an object again that was there a moment ago. Its tags are not trusted; one that is
    /// nobody's is found among all.
    pub fn of_object(kind: &dyn AnyKind, object: &LiveObject) -> Self {
        if !object.tags.contains_key(ownership::STACK) {
            return Self::anybodys(kind);
        }
        let arn = object.outputs.get("arn").and_then(Value::as_str).map(ToOwned::to_owned);
        Self {
            swept: arn.map(|arn| (arn, object.tags.clone())).into_iter().collect(),
            expected: BTreeMap::new(),
            ..Self::of_one(kind, &object.spec, &object.tags)
        }
    }

    /// Whether tags say that their object belongs to this stack and environment.
    pub fn owns(&self, tags: &Tags) -> bool {
        self.is_anybodys()
            || tags.get(ownership::STACK) == Some(&self.stack)
                && tags.get(ownership::ENVIRONMENT) == Some(&self.environment)
    }

    /// Whether an object is of interest: ours by its tags, or in the way by its name.
    pub fn wants(&self, tags: &Tags, name: &str) -> bool {
        self.owns(tags) || self.wants_name(name)
    }

    /// Whether objects that the sweep led to, by their tags, are all that the stack file declares: then
    /// it does not lag.
    pub fn are_all<'a>(&self, found: impl Iterator<Item = &'a Tags>) -> bool {
        let is_declared = |tags: &&Tags| {
            let address = tags.get(ownership::ADDRESS);
            address.is_some_and(|address| self.expected.contains_key(address))
        };
        found.filter(is_declared).count() >= self.declared
    }

    /// Whether the object of that name may be ours, where only its own service knows its tags: the
    /// name is wanted, or begins as default names do.
    pub fn may_own(&self, name: &str) -> bool {
        self.is_anybodys() || name.starts_with(&self.prefix()) || self.wants_name(name)
    }

    /// What default names begin with.
    pub fn prefix(&self) -> String {
        format!("{}-{}-", self.stack, self.environment)
    }

    /// Whether a name is one that the stack file gives, or one that the successor of such an object
    /// would have: a run that was cut short may have made it before the sweep knows it.
    pub fn wants_name(&self, name: &str) -> bool {
        let is_one = |wanted: &String| generation::generation(wanted, name, self.longest).is_some();
        self.is_anybodys() || self.names.iter().any(is_one)
    }

    /// The tags of an object, if it is of interest: those of the sweep where they can be trusted,
    /// otherwise those that `read` asks AWS for.
    pub async fn tags_if_wanted(
        &self,
        arn: &str,
        name: &str,
        read: impl Future<Output = Result<Tags>> + Send,
    ) -> Result<Option<Tags>> {
        let tags = match self.trusted(arn) {
            Some(tags) => tags.clone(),
            None if self.is_candidate(arn, name) => read.await?,
            None => return Ok(None),
        };
        Ok(self.wants(&tags, name).then_some(tags))
    }

    /// Whether an object has to be looked at: the sweep names it, or its name is wanted.
    pub fn is_candidate(&self, arn: &str, name: &str) -> bool {
        self.is_anybodys() || self.swept.contains_key(arn) || self.wants_name(name)
    }

    /// The tags that the sweep gives for an ARN, when they are just what the stack file wants. The
    /// sweep lags: whatever would be a difference has to be read from the object's own service.
    pub fn trusted(&self, arn: &str) -> Option<&Tags> {
        let tags = self.swept.get(arn)?;
        let wanted = self.expected.get(tags.get(ownership::ADDRESS)?)?;
        let count = |tags: &Tags| tags.keys().filter(|key| !key.starts_with("aws:")).count();
        let same = wanted.iter().all(|(key, value)| tags.get(key) == Some(value));
        (same && count(tags) == count(wanted)).then_some(tags)
    }
}

/// A mistake in a declaration that AWS would refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where, as a path from the resource: `rules[0].delete_after`. Empty for the whole.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Problem {
    /// A problem at a path.
    pub fn at(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into(), help: None }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// One object as the engine sees it: JSON inside, whatever its kind.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LiveObject {
    /// The kind's name.
    pub kind: String,
    /// The region that it was found in.
    pub region: String,
    /// The canonical spec.
    pub spec: Value,
    /// What AWS decided.
    pub outputs: Value,
    /// All its tags.
    pub tags: Tags,
    /// Whether it can be used.
    pub status: Status,
}

impl LiveObject {
    /// The object's address by its tag, if it has one.
    pub fn address(&self) -> Option<&str> {
        self.tags.get(ownership::ADDRESS).map(String::as_str)
    }

    /// Whether a text names the object, which is of that kind: its first output, its ARN or its name.
    pub fn is_named(&self, kind: &dyn AnyKind, text: &str) -> bool {
        let name = kind.schema().name_field().and_then(|field| self.spec.get(field.name));
        let arn = self.outputs.get("arn");
        self.id() == text || [arn, name].into_iter().flatten().any(|one| one == text)
    }

    /// What names the object in AWS: its first output.
    pub fn id(&self) -> &str {
        self.outputs
            .as_object()
            .and_then(|outputs| outputs.values().next())
            .and_then(Value::as_str)
            .unwrap_or_default()
    }
}

/// Whether a text still waits for another object's output. A [literal] `${` does not look
/// like one.
pub fn is_unknown(text: &str) -> bool {
    text.contains("${")
}

/// Whether a value has text in it that waits for an output.
pub fn waits(value: &Value) -> bool {
    match value {
        Value::String(text) => is_unknown(text),
        Value::Array(items) => items.iter().any(waits),
        Value::Object(map) => map.values().any(waits),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
