//! What names mean: parameters, resources and template instances, each in its own scope.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::lookup::{Known, value};
use super::{Address, Outputs};
use crate::diagnostic::{SourceFile, Span, did_you_mean};
use crate::kind::AnyKind;
use crate::stack::evaluate::{self, Answer, Selection, Shape};
use crate::stack::expression::{Code, Fault, Piece, RESERVED, Text};

/// What all scopes of one stack share.
pub(super) struct Shared {
    pub stack: String,
    pub environment: String,
    pub account: Option<String>,
    /// The folder of the stack file.
    pub folder: String,
    /// The resources, by their place; set once all are found.
    pub table: OnceLock<Vec<Entry>>,
    /// Fields of specs that were known when the file was read, as far as something refers to
    /// them and could not be evaluated then.
    pub fields: OnceLock<HashMap<usize, Map<String, Value>>>,
}

/// A resource, as others see it.
pub(super) struct Entry {
    pub address: Address,
    pub kind: &'static dyn AnyKind,
}

/// Where an expression stands.
pub(super) struct Scope {
    pub shared: Arc<Shared>,
    pub file: Arc<SourceFile>,
    pub region: String,
    /// What comes before the names of resources in their addresses: `network/`.
    pub prefix: String,
    /// Where the template is used, from the outside in: the address, and its declaration.
    pub trail: Vec<(String, Span)>,
    pub params: IndexMap<String, Bound>,
    /// Key and value of the element of a `for_each`.
    pub each: Option<(Value, Value)>,
    /// The resources and template instances of the file.
    pub names: OnceLock<IndexMap<String, Entity>>,
    /// The scope that this one refines, for an element or another region: names and parameters
    /// are its own.
    pub outer: Option<Arc<Scope>>,
}

/// What a parameter or an output stands for.
#[derive(Clone)]
pub(super) enum Bound {
    /// A value.
    Value(Value),
    /// A value that has to be looked up in another scope.
    Tree(Arc<Tree>, Arc<Scope>),
    /// A mistake that has been reported.
    Broken,
}

/// A value with expressions in it.
pub(super) enum Tree {
    Value(Value),
    Text(Arc<Text>),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
}

/// What a name in `resources` stands for.
pub(super) enum Entity {
    /// One resource.
    Resource(usize),
    /// Those of a `for_each`, by their keys.
    Group(IndexMap<String, Entity>),
    /// An instance of a template.
    Instance(Arc<Instance>),
    /// Nothing: its `when` is false.
    Absent,
    /// A mistake that has been reported.
    Broken,
}

/// An instance of a template.
pub(super) struct Instance {
    pub template: String,
    pub outputs: IndexMap<String, Bound>,
}

/// What a path leads to.
#[derive(Clone)]
pub(super) enum Thing {
    /// A value.
    Value(Value),
    /// A whole resource.
    Resource(usize),
    /// A field of a resource, and what is selected from it.
    Field(usize, String, Vec<Selection>),
    /// Several.
    List(Vec<Thing>),
    /// Several, by their keys.
    Map(Vec<(String, Thing)>),
    /// A text that has to be evaluated in its scope, and what is selected from it.
    Later(Arc<Text>, Arc<Scope>, Vec<Selection>),
    /// Not known before the account is, or a mistake that has been reported.
    Unknown,
}

thread_local! {
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// How deep parameters and outputs lead into one another, so that a circle ends.
struct Depth;

impl Depth {
    fn enter() -> Option<Self> {
        DEPTH.with(|depth| (depth.get() < 64).then(|| depth.set(depth.get() + 1))).map(|()| Self)
    }
}

impl Drop for Depth {
    fn drop(&mut self) {
        DEPTH.with(|depth| depth.set(depth.get() - 1));
    }
}

const BUILTIN: [&str; 6] = ["params", "environment", "stack", "region", "account", "each"];

/// Whether a resource or parameter would hide a word of ours.
pub(super) fn is_builtin(name: &str) -> bool {
    BUILTIN.contains(&name)
}

/// Whether a name is a word of expressions, which cannot name a resource.
pub fn is_taken(name: &str) -> bool {
    is_builtin(name) || RESERVED.contains(&name) || name == "cidr"
}

impl Scope {
    /// The scope whose names and parameters these are.
    pub fn home(&self) -> &Self {
        self.outer.as_deref().map_or(self, Self::home)
    }

    fn entry(&self, place: usize) -> Option<&Entry> {
        self.shared.table.get()?.get(place)
    }

    /// What a path leads to. Before all names of the file are found, none of them is known.
    pub fn thing(self: &Arc<Self>, root: &str, rest: &[Selection]) -> Result<Thing, Fault> {
        let Some(_deeper) = Depth::enter() else {
            let message = "parameters and outputs of templates refer to each other in a circle";
            return Err(Fault::new(message, path(root, rest)));
        };
        let part = || path(root, rest);
        let plain = |value: Value| -> Result<Thing, Fault> {
            evaluate::select(&value, rest, &part()).cloned().map(Thing::Value)
        };
        match root {
            "params" => match rest {
                [Selection::Field(name), rest @ ..] => self.param(name, rest),
                [] => {
                    let params = self.home().params.iter();
                    params
                        .map(|(name, _)| Ok((name.clone(), self.param(name, &[])?)))
                        .collect::<Result<_, Fault>>()
                        .map(Thing::Map)
                }
                _ => Err(Fault::new("`params` is not a list", part())),
            },
            "environment" => plain(self.shared.environment.as_str().into()),
            "stack" => plain(self.shared.stack.as_str().into()),
            "region" => plain(self.region.as_str().into()),
            "account" => match &self.shared.account {
                Some(account) => plain(account.as_str().into()),
                None => Ok(Thing::Unknown),
            },
            "each" => self.each(rest),
            name => match self.home().names.get() {
                None => Ok(Thing::Unknown),
                Some(names) => match names.get(name) {
                    Some(entity) => self.entity(name, entity, rest),
                    None => Err(self.unknown(name, names)),
                },
            },
        }
    }

    fn each(&self, rest: &[Selection]) -> Result<Thing, Fault> {
        let Some((key, value)) = &self.each else {
            return Err(Fault::new("there is no `each` here", "each")
                .help(Some("`each.key` and `each.value` exist beside `for_each`".into())));
        };
        match rest {
            [Selection::Field(name), rest @ ..] if name == "key" || name == "value" => {
                let value = if name == "key" { key } else { value };
                evaluate::select(value, rest, &path("each", rest)).cloned().map(Thing::Value)
            }
            _ => Err(Fault::new("`each` has `key` and `value`", path("each", rest))),
        }
    }

    fn param(self: &Arc<Self>, name: &str, rest: &[Selection]) -> Result<Thing, Fault> {
        let part = || format!("params.{name}");
        let params = &self.home().params;
        match params.get(name) {
            Some(bound) => bound.thing(rest, &part()),
            None => Err(Fault::new(format!("there is no parameter `{name}`"), part()).help(
                did_you_mean(name, params.keys().map(String::as_str)).or_else(|| {
                    Some(format!("declare it: `params: {{ {name}: {{ type: string }} }}`"))
                }),
            )),
        }
    }

    fn unknown(&self, name: &str, names: &IndexMap<String, Entity>) -> Fault {
        let home = self.home();
        let near = did_you_mean(name, names.keys().map(String::as_str).chain(BUILTIN));
        let help = if home.params.contains_key(name) {
            Some(format!("a parameter is written `params.{name}`"))
        } else if self.trail.is_empty() {
            near.or_else(|| {
                (name == "env").then(|| {
                    "`environment` is the environment; `env(\"NAME\")` reads a variable of the \
                     process"
                        .to_owned()
                })
            })
        } else {
            near.or_else(|| {
                Some(
                    "a template sees its own parameters and resources only: pass it in `with`"
                        .into(),
                )
            })
        };
        Fault::new(format!("there is no `{name}` here"), name).help(help)
    }

    fn entity(
        self: &Arc<Self>,
        name: &str,
        entity: &Entity,
        rest: &[Selection],
    ) -> Result<Thing, Fault> {
        match entity {
            Entity::Broken => Ok(Thing::Unknown),
            Entity::Absent => Ok(Thing::Value(Value::Null)),
            Entity::Resource(place) => self.field(*place, name, rest),
            Entity::Group(members) => self.member(name, members, rest),
            Entity::Instance(instance) => match rest {
                [] => instance
                    .outputs
                    .iter()
                    .map(|(key, bound)| Ok((key.clone(), bound.thing(&[], key)?)))
                    .collect::<Result<_, Fault>>()
                    .map(Thing::Map),
                [Selection::Field(output), rest @ ..] => {
                    if let Some(bound) = instance.outputs.get(output) {
                        bound.thing(rest, &format!("{name}.{output}"))
                    } else {
                        let names = instance.outputs.keys().map(String::as_str);
                        let message = format!(
                            "the template `{}` has no output `{output}`",
                            instance.template
                        );
                        let all = format!("it has {}", list(names.clone()));
                        let help = did_you_mean(output, names).unwrap_or(all);
                        Err(Fault::new(message, format!("{name}.{output}")).help(Some(help)))
                    }
                }
                [Selection::Index(_), ..] => {
                    Err(Fault::new(format!("`{name}` is a template, not a list"), name))
                }
            },
        }
    }

    fn member(
        self: &Arc<Self>,
        name: &str,
        members: &IndexMap<String, Entity>,
        rest: &[Selection],
    ) -> Result<Thing, Fault> {
        let found = match rest {
            [] => {
                let all = members.iter().map(|(key, member)| self.entity(key, member, &[]));
                return all.collect::<Result<_, _>>().map(Thing::List);
            }
            [Selection::Field(key), ..] => members.get(key),
            [Selection::Index(index), ..] => members.get_index(*index).map(|(_, member)| member),
        };
        if let Some(member) = found {
            return self.entity(name, member, &rest[1..]);
        }
        if let [Selection::Field(field), ..] = rest
            && let Some(Entity::Resource(place)) = members.values().next()
            && self.entry(*place).is_some_and(|entry| has_field(entry.kind, field))
        {
            // A field of the group is that field of each.
            let all = members.values().map(|member| self.entity(name, member, rest));
            return all.collect::<Result<_, _>>().map(Thing::List);
        }
        let wanted = match &rest[0] {
            Selection::Field(key) => key.clone(),
            Selection::Index(index) => index.to_string(),
        };
        let keys = members.keys().map(String::as_str);
        let help = did_you_mean(&wanted, keys.clone()).unwrap_or(format!("it has {}", list(keys)));
        Err(Fault::new(format!("`{name}` has no element `{wanted}`"), path(name, &rest[..1]))
            .help(Some(help)))
    }

    fn field(&self, place: usize, name: &str, rest: &[Selection]) -> Result<Thing, Fault> {
        let Some(entry) = self.entry(place) else {
            return Err(Fault::new(format!("`{name}` is not known yet here"), name)
                .help(Some("this has to be known before any resource is".into())));
        };
        match rest {
            [] => Ok(Thing::Resource(place)),
            [Selection::Field(field), rest @ ..] if has_field(entry.kind, field) => {
                Ok(Thing::Field(place, field.clone(), rest.to_vec()))
            }
            [Selection::Field(field), ..] => {
                let kind = entry.kind;
                let all = kind.outputs().fields().chain(kind.schema().fields()).map(|f| f.name);
                let outputs = list(kind.outputs().fields().map(|f| f.name));
                let help = did_you_mean(field, all)
                    .unwrap_or_else(|| format!("the outputs of `{}` are {outputs}", kind.name()));
                let message = format!("`{}` has neither output nor field `{field}`", kind.name());
                Err(Fault::new(message, path(name, &rest[..1])).help(Some(help)))
            }
            [Selection::Index(_), ..] => {
                let message = format!("`{name}` is one resource, not a list");
                Err(Fault::new(message, path(name, &rest[..1])))
            }
        }
    }

    /// Where the expressions of this scope find values.
    pub fn source<'a>(self: &'a Arc<Self>, known: &'a dyn Outputs) -> Known<'a> {
        Known { scope: self, known }
    }
}

impl Bound {
    /// What is meant, after selections.
    pub fn thing(&self, rest: &[Selection], part: &str) -> Result<Thing, Fault> {
        match self {
            Self::Value(value) => evaluate::select(value, rest, part).cloned().map(Thing::Value),
            Self::Tree(tree, scope) => tree.thing(scope, rest, part),
            Self::Broken => Ok(Thing::Unknown),
        }
    }
}

impl Tree {
    /// The value as an output of a stack: a whole resource stands for what names it, what is not
    /// known yet for its text. `None` when it cannot be evaluated.
    pub fn output(&self, scope: &Arc<Scope>, known: &dyn Outputs) -> Option<Value> {
        match self {
            Self::Value(value) => Some(value.clone()),
            Self::Text(text) => {
                let thing = text_thing(text, scope, &[]).ok()?;
                Some(shown(&thing, &text.source, scope, known))
            }
            Self::List(items) => {
                items.iter().map(|item| item.output(scope, known)).collect::<Option<_>>()
            }
            Self::Map(entries) => entries
                .iter()
                .map(|(key, item)| Some((key.clone(), item.output(scope, known)?)))
                .collect::<Option<_>>(),
        }
    }

    fn thing(&self, scope: &Arc<Scope>, rest: &[Selection], part: &str) -> Result<Thing, Fault> {
        match self {
            Self::Value(value) => evaluate::select(value, rest, part).cloned().map(Thing::Value),
            Self::Text(text) => text_thing(text, scope, rest),
            Self::List(items) => match rest {
                [] => {
                    let all = items.iter().map(|item| item.thing(scope, &[], part));
                    all.collect::<Result<_, _>>().map(Thing::List)
                }
                [Selection::Index(index), rest @ ..] => items.get(*index).map_or_else(
                    || Err(Fault::new(format!("the list has no place {index}"), part)),
                    |item| item.thing(scope, rest, part),
                ),
                [Selection::Field(key), ..] => {
                    Err(Fault::new(format!("a list has no key `{key}`"), part))
                }
            },
            Self::Map(entries) => match rest {
                [] => entries
                    .iter()
                    .map(|(key, item)| Ok((key.clone(), item.thing(scope, &[], part)?)))
                    .collect::<Result<_, Fault>>()
                    .map(Thing::Map),
                [Selection::Field(key), rest @ ..] => {
                    entries.iter().find(|(known, _)| known == key).map_or_else(
                        || Err(Fault::new(format!("there is no key `{key}` in `{part}`"), part)),
                        |(_, item)| item.thing(scope, rest, part),
                    )
                }
                [Selection::Index(_), ..] => Err(Fault::new("a mapping is no list", part)),
            },
        }
    }
}

fn shown(thing: &Thing, source: &str, scope: &Scope, known: &dyn Outputs) -> Value {
    let waiting = || {
        if let Thing::Field(place, field, rest) = thing
            && let Some(entry) = scope.entry(*place)
            && rest.is_empty()
        {
            return Value::String(format!("${{{}.{field}}}", entry.address));
        }
        source.into()
    };
    match thing {
        Thing::Resource(place) => {
            let first = scope.entry(*place).and_then(|entry| entry.kind.outputs().fields().next());
            match first {
                Some(first) => {
                    let field = Thing::Field(*place, first.name.to_owned(), Vec::new());
                    shown(&field, source, scope, known)
                }
                None => waiting(),
            }
        }
        Thing::List(things) => {
            things.iter().map(|thing| shown(thing, source, scope, known)).collect()
        }
        Thing::Map(things) => things
            .iter()
            .map(|(key, thing)| (key.clone(), shown(thing, source, scope, known)))
            .collect(),
        other => match value(other, &scope.shared, known) {
            Ok(Answer::Known(value)) => value,
            Ok(Answer::Partial(_) | Answer::Unknown) | Err(_) => waiting(),
        },
    }
}

/// What a text stands for: what its path leads to, when it is just that.
pub(super) fn text_thing(
    text: &Arc<Text>,
    scope: &Arc<Scope>,
    rest: &[Selection],
) -> Result<Thing, Fault> {
    if let Some(code) = text.only()
        && let Some(thing) = code_thing(code, scope, rest)?
    {
        return Ok(thing);
    }
    Ok(Thing::Later(Arc::clone(text), Arc::clone(scope), rest.to_vec()))
}

/// What an expression stands for, if it comes down to a path, or to a list or mapping of such.
pub(super) fn code_thing(
    code: &Code,
    scope: &Arc<Scope>,
    rest: &[Selection],
) -> Result<Option<Thing>, Fault> {
    let source = scope.source(&());
    let inside = |code: Code| match code_thing(&code, scope, &[])? {
        Some(thing) => Ok(thing),
        None => {
            if let Some(value) = evaluate::evaluate(&code, &source)? {
                Ok(Thing::Value(value))
            } else {
                let text = format!("${{{}}}", code.source).as_str().into();
                let text = Text { source: text, pieces: vec![Piece::Code(Arc::new(code))] };
                Ok(Thing::Later(Arc::new(text), Arc::clone(scope), Vec::new()))
            }
        }
    };
    match evaluate::shape(code, &source)? {
        Shape::Path(leaf) => {
            let Some(mut selections) = evaluate::selections(code, leaf, &source)? else {
                return Ok(None);
            };
            selections.extend_from_slice(rest);
            scope.thing(&code.leaves[leaf].root, &selections).map(Some)
        }
        Shape::List(items) if rest.is_empty() => {
            items.into_iter().map(inside).collect::<Result<_, _>>().map(Thing::List).map(Some)
        }
        Shape::Map(entries) if rest.is_empty() => entries
            .into_iter()
            .map(|(key, code)| Ok((key, inside(code)?)))
            .collect::<Result<_, Fault>>()
            .map(Thing::Map)
            .map(Some),
        Shape::List(_) | Shape::Map(_) | Shape::Other => Ok(None),
    }
}

fn has_field(kind: &dyn AnyKind, field: &str) -> bool {
    kind.outputs().field(field).is_some() || kind.schema().field(field).is_some()
}

/// A path as it could be written.
fn path(root: &str, rest: &[Selection]) -> String {
    rest.iter().fold(root.to_owned(), |path, selection| match selection {
        Selection::Field(name) => format!("{path}.{name}"),
        Selection::Index(index) => format!("{path}[{index}]"),
    })
}

/// `a`, `b` and `c`, in backticks.
pub(super) fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let all: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match all.as_slice() {
        [] => "none".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
