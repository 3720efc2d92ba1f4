//! Walks a declaration along its kind's schema: every mistake with its place, every expression
//! over known things evaluated, everything that has to wait remembered.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use serde_json::{Map, Value};

use super::lookup;
use super::rules::{Rules, Wrong};
use super::scope::{self, Scope, Thing, list};
use crate::diagnostic::{Diagnostic, Span, did_you_mean};
use crate::kind::literal::{LITERAL, marked};
use crate::stack::evaluate::{self, Answer};
use crate::stack::expression::{Compiler, Fault, Text};
use crate::stack::{Data, Key, Node};

/// The schema of what has none.
pub(super) static FREE: LazyLock<Value> = LazyLock::new(|| Value::Object(Map::new()));

/// A step from a spec to one of its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Key(Arc<str>),
    Index(usize),
}

/// A value of a spec that waits for something.
pub(super) struct Site {
    pub path: Vec<Place>,
    pub schema: &'static Value,
    pub what: Waiting,
    pub name: String,
    pub start: usize,
    pub end: usize,
    /// The secret that it is a part of.
    pub secret: Option<Hidden>,
}

/// A secret: where to point instead of at its value, and what it is called.
#[derive(Clone)]
pub(super) struct Hidden {
    start: usize,
    end: usize,
    name: String,
}

impl Hidden {
    /// A mistake in the secret, said without anything that may come from its value.
    pub fn instead_of(&self, mut diagnostic: Diagnostic) -> Diagnostic {
        let name = &self.name;
        match diagnostic.code {
            // These say what the schema has.
            "missing-field" => {}
            "unknown-field" => {
                diagnostic.message = format!("the secret `{name}` has a field that is not known");
            }
            "bad-expression" => {
                diagnostic.message = format!("an expression in the secret `{name}` is wrong");
                diagnostic.help =
                    vec!["what is wrong is not shown, because that may hold the secret".to_owned()];
            }
            _ => {
                let message = format!("the secret `{name}` does not have the right form or type");
                diagnostic.message = message;
                diagnostic.help.clear();
            }
        }
        diagnostic
    }
}

/// What a site waits for.
pub(super) enum Waiting {
    Text(Arc<Text>),
    Thing(Thing),
}

/// What was found on a walk.
#[derive(Default)]
pub(super) struct Found {
    /// Where secrets stand.
    pub secrets: Vec<Span>,
    pub mistakes: Vec<Diagnostic>,
    pub sites: Vec<Site>,
    /// Places of resources that are referred to, the field if it is one, and whether it may
    /// come late.
    pub references: Vec<(usize, Option<String>, bool)>,
}

/// A walk through one declaration.
pub(super) struct Walker<'a> {
    pub compiler: &'a Compiler,
    pub scope: &'a Arc<Scope>,
    pub found: Found,
    pub path: Vec<Place>,
    /// Whether texts stand for themselves, because they are what expressions came to.
    pub literal: bool,
    late: bool,
    /// The secret that is walked through.
    pub hidden: Option<Hidden>,
}

/// Where the value under the eye stands, and what it is called.
#[derive(Clone, Copy)]
pub(super) struct At<'n> {
    pub name: &'n str,
    pub start: usize,
    pub end: usize,
}

impl<'a> Walker<'a> {
    pub fn new(compiler: &'a Compiler, scope: &'a Arc<Scope>) -> Self {
        Self {
            compiler,
            scope,
            found: Found::default(),
            path: Vec::new(),
            literal: false,
            late: false,
            hidden: None,
        }
    }

    fn span(&self, start: usize, end: usize) -> Span {
        let hidden = self.hidden.as_ref().map(|hidden| (hidden.start, hidden.end));
        let (start, end) = hidden.unwrap_or((start, end));
        Span { file: Arc::clone(&self.scope.file), start, end }
    }

    pub(super) fn mistake(&mut self, diagnostic: Diagnostic, start: usize, end: usize) {
        let diagnostic = match &self.hidden {
            Some(hidden) => hidden.instead_of(diagnostic),
            None => diagnostic,
        };
        let diagnostic = diagnostic.at(self.span(start, end));
        self.found.mistakes.push(with_trail(diagnostic, self.scope));
    }

    pub fn fault(&mut self, fault: Fault, at: At) {
        let span = part_span(self.scope, &fault.part, at.start, at.end);
        let (start, end) = (span.start, span.end);
        let diagnostic = Diagnostic::error("bad-expression", fault.message).maybe_help(fault.help);
        self.mistake(diagnostic, start, end);
    }

    fn wrong(&mut self, wrong: Wrong, at: At) {
        let diagnostic = Diagnostic::error(wrong.code, wrong.message).maybe_help(wrong.help);
        self.mistake(diagnostic, at.start, at.end);
    }

    /// The fields of an object: those of `entries`, which are not structural keys.
    pub fn object<'n>(
        &mut self,
        schema: &'static Value,
        entries: impl Iterator<Item = &'n (Key, Node)>,
        what: &str,
        (start, end): (usize, usize),
    ) -> Map<String, Value> {
        let rules = Rules::of(schema);
        let mut result = Map::new();
        let mut given: Vec<&str> = Vec::new();
        let strict = rules.properties.is_some();
        for (key, node) in entries {
            given.push(&key.text);
            let property = rules.properties.and_then(|all| all.get(&*key.text));
            let schema = match (property, rules.additional) {
                (Some(schema), _) => schema,
                (None, Some(schema @ Value::Object(_))) => schema,
                (None, Some(Value::Bool(true))) => &FREE,
                (None, None) if !strict => &FREE,
                (None, _) => {
                    self.unknown_field(key, &rules, what);
                    continue;
                }
            };
            let secret = self.hidden.is_none() && schema.get("writeOnly").is_some();
            if secret {
                let name = key.text.to_string();
                self.hidden = Some(Hidden { start: key.start, end: key.end, name });
                let file = Arc::clone(&self.scope.file);
                self.found.secrets.push(Span { file, start: node.start, end: node.end });
            }
            self.path.push(Place::Key(Arc::clone(&key.text)));
            if let Some(value) = self.value(schema, node, &key.text) {
                result.insert(key.text.to_string(), value);
            } else if matches!(node.data, Data::Null) {
                given.pop();
            }
            self.path.pop();
            if secret {
                self.hidden = None;
            }
        }
        let required = rules.required.and_then(Value::as_array).into_iter().flatten();
        let missing: Vec<&str> =
            required.filter_map(Value::as_str).filter(|name| !given.contains(name)).collect();
        if !missing.is_empty() {
            let message = format!("{what} needs {}", list(missing.iter().copied()));
            let missing = Diagnostic::error("missing-field", message).label("not given here");
            self.mistake(missing, start, end);
        }
        result
    }

    fn unknown_field(&mut self, key: &Key, rules: &Rules, what: &str) {
        let names = || {
            rules
                .properties
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
                .map(|(n, _)| n.as_str())
        };
        let help = did_you_mean(&key.text, names())
            .unwrap_or_else(|| format!("its fields are {}", list(names())));
        let message = format!("{what} has no field `{}`", key.text);
        let unknown = Diagnostic::error("unknown-field", message).help(help);
        self.mistake(unknown, key.start, key.end);
    }

    /// A value in the place of a schema; `None` when it is null, or wrong.
    pub fn value(&mut self, schema: &'static Value, node: &Node, name: &str) -> Option<Value> {
        let rules = Rules::of(schema);
        let late = self.late;
        self.late |= rules.late;
        let at = At { name, start: node.start, end: node.end };
        let value = match &node.data {
            Data::Text(text) if !self.literal && text.contains("${") => {
                self.text(schema, &rules, text, at)
            }
            _ => self.plain(schema, &rules, node, at),
        };
        self.late = late;
        value
    }

    fn plain(
        &mut self,
        schema: &'static Value,
        rules: &Rules<'static>,
        node: &Node,
        at: At,
    ) -> Option<Value> {
        if let Some(any) = rules.any
            && rules.choices().is_none()
        {
            return self.any(any, node, at.name);
        }
        let scope = self.scope;
        let written =
            (!self.literal).then(|| scope.file.text.get(node.start..node.end).unwrap_or_default());
        if let Some(wrong) = rules.check(node, at.name, written) {
            self.wrong(wrong, at);
            return None;
        }
        match &node.data {
            Data::Null => None,
            Data::List(items) => Some(self.items(rules, items, at)),
            Data::Map(entries) => {
                let what = format!("`{}`", at.name);
                let map = self.object(schema, entries.iter(), &what, (at.start, at.end));
                Some(Value::Object(map))
            }
            Data::Text(text) => {
                self.forgotten(rules, text, at);
                // What an expression came to has no escapes any more.
                let text = if self.literal { marked(text) } else { text.replace("$${", LITERAL) };
                Some(text.into())
            }
            _ => Some(node.json()),
        }
    }

    fn items(&mut self, rules: &Rules<'static>, items: &[Node], at: At) -> Value {
        let schema = rules.items.unwrap_or(&FREE);
        let mut result = Vec::with_capacity(items.len());
        let mut seen = HashSet::new();
        for item in items {
            if rules.unique
                && let Data::Text(text) = &item.data
                && !seen.insert(Arc::clone(text))
            {
                let message = format!("`{text}` is in `{}` twice", at.name);
                self.mistake(Diagnostic::error("twice", message), item.start, item.end);
                continue;
            }
            self.item(schema, item, at.name, &mut result);
        }
        Value::Array(result)
    }

    /// One element; a group of resources stands for all its elements.
    fn item(&mut self, schema: &'static Value, item: &Node, name: &str, result: &mut Vec<Value>) {
        if let Data::Text(text) = &item.data
            && !self.literal
            && text.contains("${")
            && let Ok(Some(text)) = self.compiler.text(text).map(|text| text.map(Arc::new))
            && let Ok(Thing::List(things)) = scope::text_thing(&text, self.scope, &[])
        {
            let at = At { name, start: item.start, end: item.end };
            self.refer(&text, at);
            for thing in flat(things) {
                self.element(result, |walker| walker.thing(schema, thing, &text.source, at));
            }
            return;
        }
        self.element(result, |walker| walker.value(schema, item, name));
    }

    fn element(&mut self, result: &mut Vec<Value>, make: impl FnOnce(&mut Self) -> Option<Value>) {
        self.path.push(Place::Index(result.len()));
        result.extend(make(self));
        self.path.pop();
    }

    /// The alternative that a value fits, or fits best.
    fn any(&mut self, any: &'static [Value], node: &Node, name: &str) -> Option<Value> {
        let mut best: Option<(usize, &'static Value)> = None;
        for schema in any {
            let (mistakes, sites, references) = self.mark();
            let value = self.value(schema, node, name);
            let found = &self.found.mistakes[mistakes..];
            if found.is_empty() {
                return value;
            }
            // An unknown field says most about which alternative was not meant.
            let weight = |d: &Diagnostic| match d.code {
                "wrong-type" | "unknown-field" => 3,
                _ => 1,
            };
            let worth = found.iter().map(weight).sum();
            if best.is_none_or(|(least, _)| worth < least) {
                best = Some((worth, schema));
            }
            self.found.mistakes.truncate(mistakes);
            self.found.sites.truncate(sites);
            self.found.references.truncate(references);
        }
        let (_, schema) = best?;
        self.value(schema, node, name)
    }

    fn mark(&self) -> (usize, usize, usize) {
        let found = &self.found;
        (found.mistakes.len(), found.sites.len(), found.references.len())
    }

    /// Remembers what a text refers to; false when it is wrong.
    fn refer(&mut self, text: &Text, at: At) -> bool {
        let late = self.late;
        let references = &mut self.found.references;
        let visited = lookup::visit_text(text, self.scope, &mut |place, field| {
            references.push((place, field.map(str::to_owned), late));
        });
        match visited {
            Ok(()) => true,
            Err(fault) => {
                self.fault(fault, at);
                false
            }
        }
    }

    fn text(
        &mut self,
        schema: &'static Value,
        rules: &Rules<'static>,
        source: &Arc<str>,
        at: At,
    ) -> Option<Value> {
        let text = match self.compiler.text(source) {
            Ok(text) => Arc::new(text?),
            Err(fault) => {
                self.fault(fault, at);
                return None;
            }
        };
        if text.codes().next().is_none() {
            // Only `$${`, which stands for a literal `${`.
            let node = Node { data: Data::Text(Arc::clone(source)), start: at.start, end: at.end };
            return self.plain(schema, rules, &node, at);
        }
        if !self.refer(&text, at) {
            return None;
        }
        if let Some(code) = text.only() {
            match scope::code_thing(code, self.scope, &[]) {
                Ok(Some(thing)) => return self.thing(schema, thing, source, at),
                Ok(None) => {}
                Err(fault) => {
                    self.fault(fault, at);
                    return None;
                }
            }
        } else if !rules.is_free() && !rules.allows("string") {
            let message = format!("`{}` has to be {}, not a text", at.name, rules.expected());
            let help = "a value that is one `${…}` and nothing else keeps its type";
            self.mistake(Diagnostic::error("wrong-type", message).help(help), at.start, at.end);
            return None;
        }
        match evaluate::text(&text, &self.scope.source(&())) {
            Ok(Some(value)) => self.computed(schema, &value, at),
            Ok(None) => Some(self.wait(schema, Waiting::Text(text), source, at)),
            Err(fault) => {
                self.fault(fault, at);
                None
            }
        }
    }

    fn wait(&mut self, schema: &'static Value, what: Waiting, source: &str, at: At) -> Value {
        self.found.sites.push(Site {
            path: self.path.clone(),
            schema,
            what,
            name: at.name.to_owned(),
            start: at.start,
            end: at.end,
            secret: self.hidden.clone(),
        });
        source.into()
    }

    /// What an expression came to, checked like what is written.
    fn computed(&mut self, schema: &'static Value, value: &Value, at: At) -> Option<Value> {
        let node = Node::of(value, at.start, at.end);
        let literal = std::mem::replace(&mut self.literal, true);
        let value = self.value(schema, &node, at.name);
        self.literal = literal;
        value
    }

    /// What a path leads to, in the place of a schema.
    fn thing(
        &mut self,
        schema: &'static Value,
        thing: Thing,
        source: &str,
        at: At,
    ) -> Option<Value> {
        let rules = Rules::of(schema);
        if let Some(any) = rules.any
            && rules.choices().is_none()
            && !matches!(thing, Thing::Value(_))
        {
            let fits = |one: &&Value| match &thing {
                Thing::Resource(_) => Rules::of(one).reference.is_some(),
                Thing::List(_) => Rules::of(one).allows("array"),
                Thing::Map(_) => Rules::of(one).allows("object"),
                _ => true,
            };
            let schema = any.iter().find(fits).unwrap_or(&any[0]);
            return self.thing(schema, thing, source, at);
        }
        match thing {
            Thing::Value(value) => self.computed(schema, &value, at),
            Thing::Unknown => {
                let text = self.compiler.text(&source.into()).ok()??;
                Some(self.wait(schema, Waiting::Text(Arc::new(text)), source, at))
            }
            Thing::List(things) if rules.is_free() || rules.allows("array") => {
                let schema = rules.items.unwrap_or(&FREE);
                let mut result = Vec::new();
                for thing in flat(things) {
                    self.element(&mut result, |w| w.thing(schema, thing, source, at));
                }
                Some(Value::Array(result))
            }
            Thing::List(_) => {
                let message = format!("`{}` has to be {}, not several", at.name, rules.expected());
                let help = "take one: `x[0]` or `x[\"key\"]`";
                let several = Diagnostic::error("wrong-type", message).help(help);
                self.mistake(several, at.start, at.end);
                None
            }
            Thing::Map(things) => {
                let mut result = Map::new();
                for (key, thing) in things {
                    let property = rules.properties.and_then(|all| all.get(&key));
                    let schema =
                        property.or(rules.additional.filter(|a| a.is_object())).unwrap_or(&FREE);
                    self.path.push(Place::Key(key.as_str().into()));
                    if let Some(value) = self.thing(schema, thing, source, at) {
                        result.insert(key, value);
                    }
                    self.path.pop();
                }
                Some(Value::Object(result))
            }
            Thing::Resource(place) => {
                let output = self.output(&rules, place, at)?;
                self.field(schema, Thing::Field(place, output, Vec::new()), source, at)
            }
            Thing::Field(place, ref field, _) => {
                if let Some(reference) = rules.reference {
                    self.explicit(reference, place, field, at)?;
                }
                self.field(schema, thing, source, at)
            }
            Thing::Later(..) => match lookup::value(&thing, &self.scope.shared, &()) {
                Ok(Answer::Known(value)) => self.computed(schema, &value, at),
                Ok(_) => Some(self.wait(schema, Waiting::Thing(thing), source, at)),
                Err(fault) => {
                    self.fault(fault, at);
                    None
                }
            },
        }
    }

    fn field(
        &mut self,
        schema: &'static Value,
        thing: Thing,
        source: &str,
        at: At,
    ) -> Option<Value> {
        let text = match &thing {
            Thing::Field(place, field, rest) if rest.is_empty() => {
                let (address, _) = self.entry(*place)?;
                format!("${{{address}.{field}}}")
            }
            _ => source.to_owned(),
        };
        Some(self.wait(schema, Waiting::Thing(thing), &text, at))
    }
}

/// Things without lists among them, and without nulls.
fn flat(things: Vec<Thing>) -> Vec<Thing> {
    let mut result = Vec::with_capacity(things.len());
    for thing in things {
        match thing {
            Thing::List(more) => result.extend(flat(more)),
            Thing::Value(Value::Array(more)) => result.extend(more.into_iter().map(Thing::Value)),
            Thing::Value(Value::Null) => {}
            other => result.push(other),
        }
    }
    result
}

/// A diagnostic with the places where its template is used.
pub(super) fn with_trail(mut diagnostic: Diagnostic, scope: &Scope) -> Diagnostic {
    diagnostic.notes.extend(scope.trail.iter().rev().map(|(address, span)| {
        let (line, _) = span.line_and_column();
        format!("in `{address}`, declared in {}:{line}", span.file.path)
    }));
    diagnostic
}

/// Where a part of a text stands inside it, or the whole text.
pub(super) fn part_span(scope: &Scope, part: &str, start: usize, end: usize) -> Span {
    let file = Arc::clone(&scope.file);
    let whole = file.text.get(start..end).unwrap_or_default();
    let found = whole.find(part).filter(|_| !part.is_empty() && whole.contains("${"));
    let (start, end) = found.map_or((start, end), |at| (start + at, start + at + part.len()));
    Span { file, start, end }
}
