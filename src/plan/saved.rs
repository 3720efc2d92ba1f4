//! A plan that is saved for review, and what of it still holds when it is applied. Pure.
//!
//! A saved plan is never carried out as it stands in its file. [`Saved::compare`] lays it beside a
//! plan that was just made from the same sources and the account as it is now: an item is carried
//! out if both plans do the same with the same object. The account is read under the lease, right
//! before the first step, and each object once more right before its own. Whoever alters the file can
//! therefore only keep something from being applied.
//!
//! The file holds no secret: specs are masked, and the values of parameters are left out where a
//! secret is given by an expression, which may mention them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{Action, Item, Options, Plan, Reason, diff};
use crate::kind::{LiveObject, waits};
use crate::model::{Address, Stack};

/// The version of the file's format.
const FORMAT: u32 = 1;
/// The key that a saved plan begins with.
const MARK: &str = "infra_plan";

/// A plan as its file holds it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Saved {
    /// The version of the format; first, because a saved plan is known by it.
    infra_plan: u32,
    /// The version of this program.
    program: String,
    /// The account's twelve digits.
    pub account: String,
    /// The stack's home region.
    pub region: String,
    /// The stack's name.
    pub stack: String,
    /// The environment's name.
    pub environment: String,
    /// The stack file, as the command line gave it.
    pub file: String,
    /// What [`Stack::sources`] was.
    sources: String,
    /// Parameters of the command line; without a value where that may be a secret.
    params: BTreeMap<String, Option<String>>,
    /// Resources that take over a foreign object which has their name.
    adopt: BTreeSet<Address>,
    /// Whether protected resources may be deleted and replaced all the same.
    override_protection: bool,
    /// What is to be done, and what that depends on, in the order of the plan.
    items: Vec<SavedItem>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct SavedItem {
    #[serde(flatten)]
    item: Item,
    /// The [fingerprint] of its live object.
    fingerprint: Option<String>,
}

/// Why a saved plan cannot be applied at all.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// It cannot be read.
    #[error("the saved plan is damaged ({0}), and nothing was changed: make it anew")]
    Damaged(String),
    /// Another version of this program wrote it.
    #[error(
        "the plan was saved by version {0} of this program, and this is {now}: plan again",
        now = env!("CARGO_PKG_VERSION")
    )]
    Program(String),
    /// It was made for another place.
    #[error("the plan was made for {what} {was}, not for {now}, and nothing was changed")]
    Elsewhere {
        /// What differs: `account`, `region`, `stack`, `environment`.
        what: &'static str,
        /// What the plan was made for.
        was: String,
        /// What was asked for.
        now: String,
    },
    /// The stack file, or a template, is another.
    #[error(
        "the stack file {0}, or a template of it, changed since this plan was made: plan again"
    )]
    Sources(String),
    /// A parameter is given that the plan was not made with.
    #[error("the plan was not made with `--param {0}` as it is given now: plan again")]
    Param(String),
    /// A parameter has to be given again.
    #[error(
        "the value of the parameter `{0}` may be a secret and is not in the saved plan: give it \
         again, as `--param {0}=…`"
    )]
    MissingParam(String),
}

/// Why an item of a plan is not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Withheld {
    /// It is not what was reviewed; the text names what moved, without values.
    Moved(String),
    /// It was not in the reviewed plan.
    Unreviewed,
}

/// What of a saved plan still holds.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The plan of now. What was reviewed and is no longer in it comes last.
    pub plan: Plan,
    /// Which items of it are not carried out.
    pub withheld: BTreeMap<usize, Withheld>,
    /// What was reviewed and has moved.
    pub refused: Vec<Refused>,
    /// What was reviewed and is as it should be already.
    pub done: Vec<Address>,
}

/// A reviewed change that is not made.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Refused {
    /// Where in the stack.
    pub address: Address,
    /// The kind's name.
    pub kind: String,
    /// What was to be done.
    pub action: Action,
    /// What is not as it was.
    pub moved: Vec<Moved>,
}

/// Something that is not as it was when a plan was made.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Moved {
    /// The address that it belongs to.
    pub address: Address,
    /// `action`, `object`, `status`, a field of the live spec, or what is below `outputs`, `tags`
    /// or, for the spec to reach, `desired`.
    pub path: String,
    /// What it was; null when there was none.
    pub was: Value,
    /// What it is.
    pub is: Value,
}

impl Saved {
    /// What a plan is saved as. `file` and `params` are those of the command line.
    pub fn new(
        plan: &Plan,
        stack: &Stack,
        file: String,
        params: &BTreeMap<String, String>,
        options: &Options,
    ) -> Self {
        let needed: BTreeSet<&Address> = plan.changed().flat_map(|item| &item.depends_on).collect();
        let items = plan.items.iter();
        let items = items.filter(|i| i.action != Action::Keep || needed.contains(&i.address));
        let param = |(name, value): (&String, &String)| {
            (name.clone(), (!stack.secrets_vary).then(|| value.clone()))
        };
        Self {
            infra_plan: FORMAT,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            account: plan.account.clone(),
            region: plan.region.clone(),
            stack: plan.stack.clone(),
            environment: plan.environment.clone(),
            file,
            sources: stack.sources.clone(),
            params: params.iter().map(param).collect(),
            adopt: options.adopt.clone(),
            override_protection: options.override_protection,
            items: items.map(SavedItem::new).collect(),
        }
    }

    /// Whether a text is, or was meant to be, a saved plan.
    pub fn is_one(text: &str) -> bool {
        let rest = text.trim_start().strip_prefix('{').map(str::trim_start);
        rest.and_then(|rest| rest.strip_prefix('"')).is_some_and(|rest| rest.starts_with(MARK))
    }

    /// Reads a saved plan.
    pub fn read(text: &str) -> Result<Self, Unusable> {
        let damaged = |error: serde_json::Error| Unusable::Damaged(error.to_string());
        let value: Value = serde_json::from_str(text).map_err(damaged)?;
        let program = value.get("program").and_then(Value::as_str).unwrap_or("unknown");
        if value.get(MARK) != Some(&FORMAT.into()) || program != env!("CARGO_PKG_VERSION") {
            return Err(Unusable::Program(program.to_owned()));
        }
        serde_json::from_value(value).map_err(damaged)
    }

    /// The parameters with which the stack file is to be read again; `given` are those of the
    /// command line.
    pub fn params(
        &self,
        given: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, String>, Unusable> {
        for (name, value) in given {
            match self.params.get(name) {
                Some(Some(saved)) if saved == value => {}
                Some(None) => {}
                _ => return Err(Unusable::Param(name.clone())),
            }
        }
        let value = |(name, saved): (&String, &Option<String>)| {
            let value = saved.as_ref().or_else(|| given.get(name));
            let value = value.ok_or_else(|| Unusable::MissingParam(name.clone()))?;
            Ok((name.clone(), value.clone()))
        };
        self.params.iter().map(value).collect()
    }

    /// The options with which it is planned again.
    pub fn options(&self) -> Options {
        Options {
            adopt: self.adopt.clone(),
            override_protection: self.override_protection,
            ..Options::default()
        }
    }

    /// Whether what is asked for is what the plan was made for, as far as it is asked for.
    pub fn is_for(&self, what: &'static str, now: Option<&str>) -> Result<(), Unusable> {
        let was = match what {
            "account" => &self.account,
            "region" => &self.region,
            "stack" => &self.stack,
            _ => &self.environment,
        };
        match now {
            Some(now) if now != was => {
                Err(Unusable::Elsewhere { what, was: was.clone(), now: now.to_owned() })
            }
            _ => Ok(()),
        }
    }

    /// Whether the stack that was read again is the one that the plan was made from.
    pub fn is_from(&self, stack: &Stack) -> Result<(), Unusable> {
        self.is_for("stack", Some(&stack.name))?;
        self.is_for("environment", Some(&stack.environment))?;
        self.is_for("region", Some(&stack.region))?;
        if stack.sources == self.sources {
            return Ok(());
        }
        Err(Unusable::Sources(self.file.clone()))
    }

    /// What of it still holds beside the plan of now. Fields that the stack file leaves as they are
    /// (`lifecycle.ignore`) may move.
    pub fn compare(&self, mut now: Plan, stack: &Stack) -> Comparison {
        let places: BTreeMap<Key, usize> =
            now.items.iter().enumerate().map(|(place, item)| (Key::of(item), place)).collect();
        let changed = now.items.iter().enumerate().filter(|(_, i)| i.action != Action::Keep);
        let mut withheld: BTreeMap<usize, Withheld> =
            changed.map(|(place, _)| (place, Withheld::Unreviewed)).collect();
        let (mut refused, mut done, mut lost) = (Vec::new(), Vec::new(), Vec::new());
        for saved in self.items.iter().filter(|saved| saved.item.action != Action::Keep) {
            let place = places.get(&Key::of(&saved.item)).copied();
            let item = place.map(|place| &now.items[place]);
            let goes = saved.item.action == Action::Delete;
            let is_done = item.map_or(goes, |item| item.action == Action::Keep && !goes);
            if is_done {
                done.push(saved.item.address.clone());
                continue;
            }
            let mut moved = saved.moved(item);
            for dependency in self.kept(&saved.item.depends_on) {
                let item = places.get(&Key::of(&dependency.item)).map(|&place| &now.items[place]);
                dependency.moved_object(item.and_then(|item| item.live.as_deref()), &mut moved);
            }
            moved.retain(|moved| !moved.is_ignored(stack));
            if let (true, Some(place)) = (moved.is_empty(), place) {
                withheld.remove(&place);
                continue;
            }
            let why = Withheld::Moved(told(&saved.item.address, &moved));
            let place = place.unwrap_or_else(|| {
                lost.push(saved.item.clone());
                now.items.len() + lost.len() - 1
            });
            withheld.insert(place, why);
            refused.push(Refused {
                address: saved.item.address.clone(),
                kind: saved.item.kind.clone(),
                action: saved.item.action,
                moved,
            });
        }
        now.items.extend(lost);
        Comparison { plan: now, withheld, refused, done }
    }

    /// The saved items at these addresses of which nothing changes.
    fn kept(&self, addresses: &[Address]) -> impl Iterator<Item = &SavedItem> {
        self.items
            .iter()
            .filter(|saved| saved.item.action == Action::Keep)
            .filter(|saved| addresses.contains(&saved.item.address))
    }
}

impl Comparison {
    /// The plan without what is withheld: what is carried out.
    pub fn carried_out(&self) -> Plan {
        let items = self.plan.items.iter().enumerate();
        let items = items.filter(|(place, _)| !self.withheld.contains_key(place));
        Plan { items: items.map(|(_, item)| item.clone()).collect(), ..self.plan.clone() }
    }

    /// What changes now, and was not in the reviewed plan.
    pub fn unreviewed(&self) -> impl Iterator<Item = &Item> {
        let places = self.withheld.iter().filter(|(_, why)| **why == Withheld::Unreviewed);
        places.filter_map(|(place, _)| self.plan.items.get(*place))
    }
}

/// What an item of one plan is found by in another. An address may hold what comes and several
/// objects that go.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    address: Address,
    kind: String,
    region: String,
    going: Option<String>,
}

impl Key {
    fn of(item: &Item) -> Self {
        let undeclared = matches!(item.reason, Reason::Retained | Reason::NeededBy(_));
        let goes = item.action == Action::Delete || undeclared;
        let live = item.live.as_ref().filter(|_| goes);
        Self {
            address: item.address.clone(),
            kind: item.kind.clone(),
            region: item.region.clone(),
            going: live.map(|live| live.id().to_owned()),
        }
    }
}

impl Moved {
    fn is_ignored(&self, stack: &Stack) -> bool {
        let Some(resource) = stack.get(&self.address) else { return false };
        let path = self.path.strip_prefix("desired.").unwrap_or(&self.path);
        let path = path.split('[').next().unwrap_or(path);
        diff::ignored(&resource.lifecycle.ignore, path)
    }
}

impl SavedItem {
    fn new(item: &Item) -> Self {
        let mut item = item.clone();
        if let Some(live) = &mut item.live {
            masked(Arc::make_mut(live));
        }
        Self { fingerprint: item.live.as_deref().map(fingerprint), item }
    }

    /// What is not as it was: in what is to be done, and in the live object.
    fn moved(&self, now: Option<&Item>) -> Vec<Moved> {
        let mut moved = Vec::new();
        let mut differ = |path: &str, was: Value, is: Value| {
            compare(&self.item.address, path, &was, &is, &mut moved);
        };
        let action = |action: Action| serde_json::to_value(action).unwrap_or_default();
        let Some(now) = now else {
            differ("action", action(self.item.action), Value::Null);
            return moved;
        };
        differ("action", action(self.item.action), action(now.action));
        differ("desired", json!(self.item.desired), json!(now.desired));
        differ("set_tags", json!(self.item.tags), json!(now.tags));
        differ("untag", json!(self.item.untag), json!(now.untag));
        self.moved_object(now.live.as_deref(), &mut moved);
        if moved.is_empty() {
            let list = |item: &Item| json!(item.changes);
            compare(&self.item.address, "changes", &list(&self.item), &list(now), &mut moved);
        }
        moved
    }

    /// What is not as it was in the live object.
    fn moved_object(&self, now: Option<&LiveObject>, moved: &mut Vec<Moved>) {
        let before = moved.len();
        let address = &self.item.address;
        match (self.item.live.as_deref(), now) {
            (Some(was), Some(now)) => {
                if self.fingerprint.as_deref() == Some(fingerprint(now).as_str()) {
                    return;
                }
                exact(address, "", &shape(was), &shape(now), moved);
                if moved.len() == before {
                    let (was, now) = (json!(self.fingerprint), json!(fingerprint(now)));
                    exact(address, "fingerprint", &was, &now, moved);
                }
            }
            (was, now) => {
                let id = |object: Option<&LiveObject>| json!(object.map(LiveObject::id));
                exact(address, "object", &id(was), &id(now), moved);
            }
        }
    }
}

/// SHA-256 over what is known of a live object: the canonical spec without secrets, the outputs,
/// the tags and the status.
pub fn fingerprint(object: &LiveObject) -> String {
    let text = sorted(&shape(object)).to_string();
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What counts of a live object, in one value: fields of the spec beside the rest.
fn shape(object: &LiveObject) -> Value {
    let mut object = object.clone();
    masked(&mut object);
    let mut shape = Map::new();
    shape.insert("kind".to_owned(), object.kind.into());
    shape.insert("region".to_owned(), object.region.into());
    shape.insert("spec".to_owned(), object.spec);
    shape.insert("outputs".to_owned(), object.outputs);
    shape.insert("tags".to_owned(), json!(object.tags));
    shape.insert("status".to_owned(), json!(object.status));
    Value::Object(shape)
}

/// Brings a live object's spec to its canonical form, without secrets. AWS gives sets in any order.
fn masked(object: &mut LiveObject) {
    if let Some(kind) = crate::kinds::find(&object.kind) {
        if let Ok(canonical) = kind.canonical(&object.spec) {
            object.spec = canonical;
        }
        diff::mask(kind.schema().json(), &mut object.spec);
    }
}

/// The same value with the keys of all objects in their order.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let all: BTreeMap<&String, Value> =
                map.iter().map(|(key, value)| (key, sorted(value))).collect();
            json!(all)
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        _ => value.clone(),
    }
}

/// Where two values differ. What waited for an output when the plan was made may be known now:
/// then something that the plan made itself is there.
fn compare(address: &Address, path: &str, was: &Value, is: &Value, moved: &mut Vec<Moved>) {
    each(address, path, was, is, &|was, is| was == is || was.is_string() && waits(was), moved);
}

/// Where two values differ at all.
fn exact(address: &Address, path: &str, was: &Value, is: &Value, moved: &mut Vec<Moved>) {
    each(address, path, was, is, &|was, is| was == is, moved);
}

fn each(
    address: &Address,
    path: &str,
    was: &Value,
    is: &Value,
    same: &dyn Fn(&Value, &Value) -> bool,
    moved: &mut Vec<Moved>,
) {
    if same(was, is) {
        return;
    }
    match (was, is) {
        (Value::Object(was), Value::Object(is)) => {
            let keys: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
            for key in keys {
                let value = |map: &Map<String, Value>| map.get(key).cloned().unwrap_or_default();
                let path = match path {
                    "" | "spec" => key.clone(),
                    _ => format!("{path}.{key}"),
                };
                each(address, &path, &value(was), &value(is), same, moved);
            }
        }
        (Value::Array(was), Value::Array(is)) if was.len() == is.len() => {
            for (place, (was, is)) in was.iter().zip(is).enumerate() {
                each(address, &format!("{path}[{place}]"), was, is, same, moved);
            }
        }
        _ => moved.push(Moved {
            address: address.clone(),
            path: path.to_owned(),
            was: was.clone(),
            is: is.clone(),
        }),
    }
}

/// What moved, without values: the text goes into the history.
fn told(address: &Address, moved: &[Moved]) -> String {
    let name = |moved: &Moved| {
        if moved.address == *address {
            moved.path.clone()
        } else {
            format!("{} of `{}`", moved.path, moved.address)
        }
    };
    let names: Vec<String> = moved.iter().map(name).collect();
    format!("not as it was when the plan was made: {}", names.join(", "))
}
