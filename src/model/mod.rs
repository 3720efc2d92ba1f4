//! Syntax → meaning: addresses, resources, stacks. Every unknown kind and field is found here.

mod adopt;
mod cost;
mod expand;
mod facts;
mod file;
mod file_schema;
mod known;
mod lifecycle;
mod link;
mod load;
mod lookup;
mod night;
mod params;
mod regions;
mod rules;
mod scope;
mod sites;
pub mod sketch;
mod typed;
mod walk;
mod whereabouts;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::kind::charge::Usage;
use crate::kind::{AnyKind, Tags, ownership};

pub use cost::{Budget, DOLLAR};
pub use facts::{Expiry, Objectives};
pub use file_schema::file_schema;
pub use link::default_name_of;
pub use regions::REGIONS;
pub use scope::is_taken;
pub use whereabouts::{Whereabouts, whereabouts};

/// Where a resource stands in its stack: `vpc`, `network/private-a`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Address(Arc<str>);

impl Address {
    /// An address from its text.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<&str> for Address {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

/// What the command line says about a stack.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Which environment; needed when the file has several.
    pub environment: Option<String>,
    /// The home region, instead of the file's.
    pub region: Option<String>,
    /// Parameters, as `--param key=value` gives them. They win over the environment's.
    pub params: BTreeMap<String, String>,
    /// The account's twelve digits, when they are known.
    pub account: Option<String>,
}

/// A stack file with a meaning: one environment, all expressions over known things evaluated.
#[derive(Clone)]
pub struct Stack {
    /// The stack's name.
    pub name: String,
    /// The environment's name.
    pub environment: String,
    /// The home region.
    pub region: String,
    /// All regions to look into: the home region, the resources', and those listed in `regions`.
    pub regions: BTreeSet<String>,
    /// The tags of the stack and of the environment, which every resource has too.
    pub tags: Tags,
    /// Whether the environment is protected.
    pub protect: bool,
    /// The words of kinds whose objects go while the environment sleeps.
    pub night: BTreeSet<&'static str>,
    /// Whether the environment sleeps: what the file says is changed accordingly.
    pub asleep: bool,
    /// The resources that are away while it sleeps.
    pub away: Arc<BTreeSet<Address>>,
    /// What names the objects in AWS that resources take over, by the resources' addresses. It counts
    /// for nothing once they are ours.
    pub adopt: BTreeMap<Address, String>,
    /// When the environment is to go.
    pub expiry: Option<Expiry>,
    /// What was promised about recovery.
    pub objectives: Objectives,
    /// What the environment may cost.
    pub budget: Option<Budget>,
    /// What a dollar is worth in other currencies, by their codes.
    pub rates: BTreeMap<String, f64>,
    /// The resources: what is depended on first, where that is possible.
    pub resources: IndexMap<Address, Resource>,
    /// SHA-256 over what the stack was read from: the stack file and the templates that it uses.
    pub sources: String,
    /// Whether a secret field is given by an expression, so that a parameter may be a secret.
    pub secrets_vary: bool,
    outputs: Arc<Vec<Output>>,
    scope: Arc<scope::Scope>,
}

/// One of a stack's outputs.
struct Output {
    name: String,
    tree: scope::Tree,
    source: Value,
}

impl Stack {
    /// The resource at an address.
    pub fn get(&self, address: &Address) -> Option<&Resource> {
        self.resources.get(address)
    }

    /// The stack's outputs; what waits for an unknown value stays its own text.
    pub fn outputs(&self, known: &dyn Outputs) -> BTreeMap<String, Value> {
        load::outputs(self, known)
    }
}

/// One object that is to exist.
#[derive(Clone)]
pub struct Resource {
    /// Where it stands.
    pub address: Address,
    /// What it is.
    pub kind: &'static dyn AnyKind,
    /// The region that it is in.
    pub region: String,
    /// What the user decided: expressions over known things are evaluated, others stay their own
    /// text.
    pub spec: Value,
    /// The object's name, when the file gives none: `<stack>-<env>-<address>`, cut to what the
    /// kind allows. It stands in the spec too, if the kind has a field for it.
    pub default_name: Option<String>,
    /// The tags of the stack, the environment and the resource, and `Name` for kinds without a
    /// name field; not those that say whose the object is.
    pub tags: Tags,
    /// How it is to be treated.
    pub lifecycle: Lifecycle,
    /// How much of it is used, as far as the file says so.
    pub usage: Usage,
    /// What it refers to.
    pub references: Vec<Reference>,
    /// The declaration.
    pub span: Span,
    scope: Arc<scope::Scope>,
    sites: Arc<Vec<walk::Site>>,
    /// Whether something in the spec waits for another field of it.
    own: bool,
    /// How it differs from its declaration while the environment sleeps.
    night: night::Night,
}

impl Resource {
    /// All tags of the object: its own, and those that say whose it is.
    pub fn all_tags(&self, stack: &Stack) -> Tags {
        let all = self.tag_texts(stack).into_iter();
        all.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    /// The same where they are only looked at.
    pub(crate) fn tag_texts<'a>(&'a self, stack: &'a Stack) -> BTreeMap<&'a str, &'a str> {
        let own = self.kind.has_tags().then_some(&self.tags).into_iter().flatten();
        let own = own.map(|(key, value)| (key.as_str(), value.as_str()));
        let ours = [
            (ownership::STACK, stack.name.as_str()),
            (ownership::ENVIRONMENT, stack.environment.as_str()),
            (ownership::ADDRESS, self.address.as_str()),
        ];
        let retain = self.lifecycle.retain.then_some((ownership::RETAIN, "true"));
        let memory = self.night.memory.as_deref().map(|memory| (ownership::ASLEEP, memory));
        own.chain(ours).chain(retain).chain(memory).collect()
    }

    /// How the stack file itself names the resource: `vpc`, `private["a"]`; nothing else does when it
    /// is one of a template's.
    pub fn expression(&self) -> Option<String> {
        let address = self.address.as_str();
        if !self.scope.trail.is_empty() {
            return None;
        }
        let Some((key, _)) = &self.scope.each else { return Some(address.to_owned()) };
        let key = key.as_str()?;
        let name = address.strip_suffix(key)?.strip_suffix('-')?;
        Some(format!("{name}[{key:?}]"))
    }

    /// The spec with every expression evaluated whose inputs are known; the others stay their own
    /// text.
    pub fn resolve(&self, known: &dyn Outputs) -> Result<Value, String> {
        sites::resolve(self, known)
    }
}

/// How a resource is to be treated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lifecycle {
    /// Whether it may be deleted or replaced; the environment decides when nothing is said.
    pub protect: Option<bool>,
    /// Whether the object stays when the declaration goes.
    pub retain: bool,
    /// What has to be usable before, beyond what expressions say.
    pub depends_on: Vec<Address>,
    /// Fields that are left as they are.
    pub ignore: Vec<String>,
    /// The address that it had before.
    pub moved_from: Option<Address>,
    /// How long it may take to become usable, instead of what the kind says.
    pub timeout: Option<Duration>,
}

/// One resource's need of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// What is needed.
    pub to: Address,
    /// Whether it is needed only in fields that may be set once the object exists.
    pub late: bool,
}

/// What is known of other resources.
pub trait Outputs {
    /// An output, or a field of the spec, that is known now.
    fn get(&self, address: &Address, field: &str) -> Option<Value>;
}

/// Knows nothing.
impl Outputs for () {
    fn get(&self, _: &Address, _: &str) -> Option<Value> {
        None
    }
}

/// Reads a stack file.
pub fn load(path: &Path, options: &Options) -> Result<Stack, Diagnostics> {
    let shown = path.display().to_string();
    load_str(&shown, &text_of(path)?, path.parent().unwrap_or(Path::new(".")), options)
}

fn text_of(path: &Path) -> Result<String, Diagnostics> {
    std::fs::read_to_string(path).map_err(|error| {
        let message = format!("cannot read {}: {error}", path.display());
        Diagnostic::error("unreadable", message).into()
    })
}

/// Reads the text of a stack file; `base_dir` is where its templates and files are looked for.
pub fn load_str(
    path: &str,
    text: &str,
    base_dir: &Path,
    options: &Options,
) -> Result<Stack, Diagnostics> {
    load::load(path, text, base_dir, options)
}

/// The names of the environments that a stack file declares.
pub fn environments(path: &Path) -> Result<Vec<String>, Diagnostics> {
    let shown = path.display().to_string();
    load::environments(&shown, &text_of(path)?)
}

/// A stack of which only the name is known: for an environment without its file.
pub fn unknown_stack(
    (name, environment): (&str, &str),
    region: &str,
    regions: &BTreeSet<String>,
    protect: bool,
) -> Result<Stack, Diagnostics> {
    let text = serde_json::json!({
        "stack": name,
        "region": region,
        "regions": regions,
        "environments": { environment: { "protect": protect } },
        "resources": {},
    });
    load_str("(no file)", &text.to_string(), Path::new("."), &Options::default())
}
