//! Declarations → drafts of resources: conditions decided, `for_each` and templates opened up.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use std::sync::{Arc, OnceLock};

use indexmap::IndexMap;
use serde_json::Value;

use super::file::{Declaration, File, Templates};
use super::lifecycle::{self, Inherited};
use super::params;
use super::scope::{Bound, Entity, Instance, Scope, Shared, Tree, is_builtin, list};
use super::walk::{part_span, with_trail};
use super::{Address, regions};
use crate::diagnostic::{Diagnostic, Diagnostics, Span, did_you_mean};
use crate::kind::{AnyKind, Tags};
use crate::kinds;
use crate::stack::evaluate;
use crate::stack::expression::{Compiler, Fault, RESERVED, Text};
use crate::stack::{Data, Key, Node};

/// Keys of a declaration that are not fields of its kind.
pub(super) const STRUCTURAL: [&str; 8] =
    ["kind", "template", "with", "for_each", "when", "region", "tags", "lifecycle"];

/// A resource whose spec has not been looked at.
pub(super) struct Draft {
    pub address: Address,
    pub kind: &'static dyn AnyKind,
    pub scope: Arc<Scope>,
    pub declaration: Arc<Declaration>,
    pub inherited: Inherited,
}

impl Draft {
    pub fn span(&self) -> Span {
        self.declaration.key.span(&self.scope.file)
    }
}

/// Opens up declarations.
pub(super) struct Expander {
    pub compiler: Compiler,
    pub mistakes: Diagnostics,
    pub templates: Templates,
    pub drafts: Vec<Draft>,
    pub shared: Arc<Shared>,
    /// Texts to be checked once all names are known.
    pub later: Vec<(Arc<Text>, Arc<Scope>, usize, usize)>,
    addresses: HashMap<Address, Span>,
}

impl Expander {
    pub fn new(shared: Arc<Shared>, templates: Templates) -> Self {
        Self {
            compiler: Compiler::default(),
            mistakes: Diagnostics::new(),
            templates,
            drafts: Vec::new(),
            shared,
            later: Vec::new(),
            addresses: HashMap::new(),
        }
    }

    pub fn mistake(&mut self, diagnostic: Diagnostic, scope: &Scope) {
        self.mistakes.push(with_trail(diagnostic, scope));
    }

    fn fault(&mut self, fault: Fault, scope: &Scope, node: &Node) {
        let span = part_span(scope, &fault.part, node.start, node.end);
        let diagnostic = Diagnostic::error("bad-expression", fault.message).at(span);
        self.mistake(diagnostic.maybe_help(fault.help), scope);
    }

    /// A node whose expressions are read; what is wrong with them is reported.
    pub fn tree(&mut self, node: &Node, scope: &Arc<Scope>) -> Option<Tree> {
        Some(match &node.data {
            Data::Text(text) => match self.compiler.text(text) {
                Ok(None) => Tree::Value(text.to_string().into()),
                Ok(Some(text)) => {
                    let text = Arc::new(text);
                    let later = (Arc::clone(&text), Arc::clone(scope), node.start, node.end);
                    self.later.push(later);
                    Tree::Text(text)
                }
                Err(fault) => {
                    self.fault(fault, scope, node);
                    return None;
                }
            },
            Data::List(items) => {
                let items: Vec<_> = items.iter().map(|item| self.tree(item, scope)).collect();
                let items = items.into_iter().collect::<Option<Vec<_>>>()?;
                if items.iter().all(|item| matches!(item, Tree::Value(_))) {
                    Tree::Value(node.json())
                } else {
                    Tree::List(items)
                }
            }
            Data::Map(entries) => {
                let all: Vec<_> = entries
                    .iter()
                    .map(|(key, node)| Some((key.text.to_string(), self.tree(node, scope)?)))
                    .collect();
                let all = all.into_iter().collect::<Option<Vec<_>>>()?;
                if all.iter().all(|(_, item)| matches!(item, Tree::Value(_))) {
                    Tree::Value(node.json())
                } else {
                    Tree::Map(all)
                }
            }
            _ => Tree::Value(node.json()),
        })
    }

    /// A value that has to be known from the file alone; `what` names it in messages.
    pub fn known(&mut self, node: &Node, scope: &Arc<Scope>, what: &str) -> Option<Value> {
        match &node.data {
            Data::Text(text) => {
                let read = self.compiler.text(text);
                let value = read.and_then(|text| match text {
                    None => Ok(Some(Value::String(node.text().unwrap_or_default().to_owned()))),
                    Some(text) => evaluate::text(&text, &scope.source(&())),
                });
                match value {
                    Ok(Some(value)) => Some(value),
                    Ok(None) => {
                        let message = format!("{what} has to be known from the file alone");
                        let diagnostic = Diagnostic::error("not-known", message)
                            .at(node.span(&scope.file))
                            .label("this has to wait for something else")
                            .help("use parameters, `environment`, `stack`, `region` and functions");
                        self.mistake(diagnostic, scope);
                        None
                    }
                    Err(fault) => {
                        self.fault(fault, scope, node);
                        None
                    }
                }
            }
            Data::List(items) => {
                let items: Vec<_> = items.iter().map(|one| self.known(one, scope, what)).collect();
                items.into_iter().collect::<Option<Vec<_>>>().map(Value::Array)
            }
            Data::Map(entries) => {
                let all: Vec<_> = entries
                    .iter()
                    .map(|(key, node)| Some((key.text.to_string(), self.known(node, scope, what)?)))
                    .collect();
                all.into_iter().collect::<Option<_>>().map(Value::Object)
            }
            _ => Some(node.json()),
        }
    }

    /// A text that has to be known from the file alone.
    pub fn known_text(&mut self, node: &Node, scope: &Arc<Scope>, what: &str) -> Option<String> {
        match self.known(node, scope, what)? {
            Value::String(text) => Some(text),
            Value::Null => None,
            _ => {
                let message = format!("{what} has to be a text, not {}", node.sort());
                let written = scope.file.text.get(node.start..node.end).unwrap_or_default();
                let plain = matches!(node.data, Data::Bool(_) | Data::Int(_) | Data::Float(_));
                let help = plain.then(|| format!("write it in quotes: \"{written}\""));
                let wrong = Diagnostic::error("wrong-type", message).at(node.span(&scope.file));
                self.mistake(wrong.maybe_help(help), scope);
                None
            }
        }
    }

    /// Tags, with what is wrong with them reported.
    pub fn tags(&mut self, node: &Node, scope: &Arc<Scope>) -> Tags {
        let mut tags = Tags::new();
        if !matches!(node.data, Data::Map(_) | Data::Null) {
            self.mistake(params::mapping("tags", node, &scope.file), scope);
        }
        for (key, node) in node.entries() {
            let reserved = ["aws:", "infra:"]
                .into_iter()
                .find(|prefix| key.text.to_lowercase().starts_with(prefix));
            if let Some(prefix) = reserved {
                let whose = if prefix == "aws:" { "AWS" } else { "infra" };
                let message = format!("tags that begin with `{prefix}` belong to {whose}");
                let taken = Diagnostic::error("reserved-tag", message);
                self.mistake(taken.at(key.span(&scope.file)), scope);
                continue;
            }
            if key.text.is_empty() || key.text.chars().count() > 128 {
                let message = "the key of a tag has 1 to 128 characters";
                let long = Diagnostic::error("bad-tag", message).at(key.span(&scope.file));
                self.mistake(long, scope);
                continue;
            }
            let Some(value) = self.known_text(node, scope, &format!("the tag `{}`", key.text))
            else {
                continue;
            };
            if value.chars().count() > 256 {
                let message = "the value of a tag has at most 256 characters";
                let long = Diagnostic::error("bad-tag", message).at(node.span(&scope.file));
                self.mistake(long, scope);
            }
            tags.insert(key.text.to_string(), value);
        }
        tags
    }

    /// Opens up all declarations of a file; afterwards the scope knows its names.
    pub fn file(
        &mut self,
        file: &File,
        scope: &Arc<Scope>,
        inherited: &Inherited,
        path: &[String],
    ) {
        let mut names = IndexMap::with_capacity(file.resources.len());
        for declaration in &file.resources {
            let key = &declaration.key;
            self.check_name(key, scope);
            let entity = self.declaration(declaration, scope, inherited, path);
            names.insert(key.text.to_string(), entity.unwrap_or(Entity::Broken));
        }
        // A scope is opened up once.
        let _ = scope.names.set(names);
    }

    fn check_name(&mut self, key: &Key, scope: &Scope) {
        let text = &*key.text;
        let plain = text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        let taken = is_builtin(text) || RESERVED.contains(&text) || text == "cidr";
        if plain && !taken {
            return;
        }
        let diagnostic = if taken {
            let message = format!("`{text}` is a word of expressions and cannot name a resource");
            Diagnostic::error("bad-name", message)
        } else {
            let mut fixed: String = text
                .to_lowercase()
                .chars()
                .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
                .collect();
            if !fixed.starts_with(|c: char| c.is_ascii_lowercase()) {
                fixed.insert_str(0, "r_");
            }
            let message = format!("`{text}` cannot name a resource");
            Diagnostic::error("bad-name", message)
                .label("small letters, digits and `_`, beginning with a letter")
                .help(format!("`{fixed}` could: names are used in expressions"))
        };
        self.mistake(diagnostic.at(key.span(&scope.file)), scope);
    }

    fn declaration(
        &mut self,
        declaration: &Arc<Declaration>,
        scope: &Arc<Scope>,
        inherited: &Inherited,
        path: &[String],
    ) -> Option<Entity> {
        let Declaration { key, node } = &**declaration;
        if !matches!(node.data, Data::Map(_)) {
            let message = format!("`{}` has to be a mapping with `kind` or `template`", key.text);
            let wrong = Diagnostic::error("wrong-type", message).at(node.span(&scope.file));
            self.mistake(wrong, scope);
            return None;
        }
        let Some(each) = node.get("for_each") else {
            let address = format!("{}{}", scope.prefix, key.text);
            return self.one(declaration, scope, inherited, path, address);
        };
        let elements = self.elements(each, scope)?;
        let mut members = IndexMap::with_capacity(elements.len());
        for (text, each) in elements {
            let address = format!("{}{}-{text}", scope.prefix, key.text);
            let inner = refined(scope, scope.region.clone(), Some(each));
            let member = self.one(declaration, &inner, inherited, path, address);
            match member {
                Some(Entity::Absent) => {}
                Some(member) => drop(members.insert(text, member)),
                None => drop(members.insert(text, Entity::Broken)),
            }
        }
        Some(Entity::Group(members))
    }

    /// The elements of a `for_each`: the key as text, then `each.key` and `each.value`.
    fn elements(
        &mut self,
        node: &Node,
        scope: &Arc<Scope>,
    ) -> Option<Vec<(String, (Value, Value))>> {
        let value = self.known(node, scope, "`for_each`")?;
        let elements: Vec<(String, (Value, Value))> = match value {
            Value::Array(items) => items
                .into_iter()
                .map(|item| match &item {
                    Value::String(text) => Some((text.clone(), (item.clone(), item))),
                    Value::Number(number) => Some((number.to_string(), (item.clone(), item))),
                    _ => None,
                })
                .collect::<Option<_>>()
                .unwrap_or_default(),
            Value::Object(map) => {
                map.into_iter().map(|(key, value)| (key.clone(), (key.into(), value))).collect()
            }
            Value::Null => return Some(Vec::new()),
            _ => {
                let message = "`for_each` takes a list of texts or numbers, or a mapping";
                let wrong = Diagnostic::error("wrong-type", message).at(node.span(&scope.file));
                self.mistake(wrong, scope);
                return None;
            }
        };
        if elements.is_empty() && matches!(&node.data, Data::List(items) if !items.is_empty()) {
            let message = "the elements of a `for_each` list have to be texts or numbers";
            let help = "for anything else use a mapping: its keys become part of the addresses";
            let wrong = Diagnostic::error("wrong-type", message).at(node.span(&scope.file));
            self.mistake(wrong.help(help), scope);
            return None;
        }
        let mut seen = std::collections::HashSet::new();
        for (key, _) in &elements {
            let plain = !key.is_empty()
                && key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            let message = if !plain {
                format!("`{key}` cannot be a key of `for_each`: small letters, digits and `-` can")
            } else if !seen.insert(key) {
                format!("`{key}` is twice in `for_each`")
            } else {
                continue;
            };
            let wrong = Diagnostic::error("bad-key", message).at(node.span(&scope.file));
            self.mistake(wrong, scope);
            return None;
        }
        Some(elements)
    }

    fn one(
        &mut self,
        declaration: &Arc<Declaration>,
        scope: &Arc<Scope>,
        inherited: &Inherited,
        path: &[String],
        address: String,
    ) -> Option<Entity> {
        let Declaration { key, node } = &**declaration;
        if let Some(when) = node.get("when") {
            match self.known(when, scope, "`when`")? {
                Value::Bool(true) => {}
                Value::Bool(false) => return Some(Entity::Absent),
                other => {
                    let message = format!("`when` has to be true or false, not {other}");
                    let wrong = Diagnostic::error("wrong-type", message);
                    self.mistake(wrong.at(when.span(&scope.file)), scope);
                    return None;
                }
            }
        }
        let mut scope = Arc::clone(scope);
        if let Some(node) = node.get("region") {
            let region = self.known_text(node, &scope, "`region`")?;
            if let Some(wrong) = regions::problem(&region) {
                self.mistake(wrong.at(node.span(&scope.file)), &scope);
            }
            let each = scope.each.clone();
            scope = refined(&scope, region, each);
        }
        let tags = node.get("tags").map(|node| self.tags(node, &scope)).unwrap_or_default();
        let inherited = match node.get("lifecycle") {
            Some(node) => inherited.with(lifecycle::read(self, node, &scope), tags),
            None => inherited.with(lifecycle::Own::default(), tags),
        };
        match (node.get("kind"), node.get("template")) {
            (Some(kind), None) => {
                if let Some((with, _)) = node.entries().iter().find(|(k, _)| &*k.text == "with") {
                    let message = "`with` belongs to `template`";
                    let help = "the fields of a kind stand beside `kind`";
                    let wrong = Diagnostic::error("unknown-field", message).help(help);
                    self.mistake(wrong.at(with.span(&scope.file)), &scope);
                }
                let kind = self.kind(kind, &scope)?;
                let address = Address::new(&address);
                self.claim(&address, key, &scope);
                let declaration = Arc::clone(declaration);
                self.drafts.push(Draft { address, kind, scope, declaration, inherited });
                Some(Entity::Resource(self.drafts.len() - 1))
            }
            (None, Some(template)) => {
                self.template(declaration, template, &scope, &inherited, path, &address)
            }
            (None, None) => {
                let message = format!("`{}` needs `kind` or `template`", key.text);
                let near = node.entries().iter().find_map(|(key, _)| {
                    let near = crate::diagnostic::nearest(&key.text, ["kind", "template", "type"])?;
                    Some(format!("did you mean `{}`?", if near == "type" { "kind" } else { near }))
                });
                let missing = Diagnostic::error("missing-kind", message).maybe_help(near);
                self.mistake(missing.at(key.span(&scope.file)), &scope);
                None
            }
            (Some(_), Some(template)) => {
                let message = "a declaration has `kind` or `template`, not both";
                let both = Diagnostic::error("missing-kind", message);
                self.mistake(both.at(template.span(&scope.file)), &scope);
                None
            }
        }
    }

    fn claim(&mut self, address: &Address, key: &Key, scope: &Scope) {
        let span = key.span(&scope.file);
        match self.addresses.entry(address.clone()) {
            Slot::Vacant(slot) => drop(slot.insert(span)),
            Slot::Occupied(first) => {
                let line = first.get().line_and_column().0;
                let message = format!("two resources have the address `{address}`");
                let help = "elements of a `for_each` have the addresses `name-key`";
                let twice = Diagnostic::error("duplicate-address", message)
                    .at(span)
                    .label("the second one")
                    .note(format!("the first is declared in line {line}"))
                    .help(help);
                self.mistake(twice, scope);
            }
        }
    }

    fn kind(&mut self, node: &Node, scope: &Scope) -> Option<&'static dyn AnyKind> {
        let name = node.text().unwrap_or_default();
        if let Some(kind) = kinds::find(name) {
            return Some(kind);
        }
        let names = || kinds::all().map(AnyKind::name);
        let help = did_you_mean(name, names()).or_else(|| {
            // The service may be right.
            let service = name.split('.').next().unwrap_or_default();
            let same: Vec<&str> =
                names().filter(|known| known.split('.').next() == Some(service)).collect();
            (!same.is_empty()).then(|| format!("`{service}` has {}", list(same.into_iter())))
        });
        let message = format!("there is no kind `{name}`");
        let help = help.unwrap_or_else(|| "`infra kinds` lists them all".to_owned());
        let unknown = Diagnostic::error("unknown-kind", message).help(help);
        self.mistake(unknown.at(node.span(&scope.file)), scope);
        None
    }

    fn template(
        &mut self,
        declaration: &Arc<Declaration>,
        node: &Node,
        scope: &Arc<Scope>,
        inherited: &Inherited,
        path: &[String],
        address: &str,
    ) -> Option<Entity> {
        let key = &declaration.key;
        for (other, _) in declaration.node.entries() {
            if !STRUCTURAL.contains(&&*other.text) {
                let message = format!("`{}` does not go with `template`", other.text);
                let help = format!("parameters are given in `with: {{ {}: … }}`", other.text);
                let wrong = Diagnostic::error("unknown-field", message).help(help);
                self.mistake(wrong.at(other.span(&scope.file)), scope);
            }
        }
        let name = self.known_text(node, scope, "`template`")?;
        if let Some(at) = path.iter().position(|one| *one == name) {
            let round = path[at..].iter().chain([&name]).map(|one| format!("`{one}`"));
            let message = format!(
                "the template `{name}` uses itself: {}",
                round.collect::<Vec<_>>().join(" → ")
            );
            let endless = Diagnostic::error("template-recursion", message);
            self.mistake(endless.at(node.span(&scope.file)), scope);
            return None;
        }
        let file = match self.templates.find(&name, &mut self.mistakes) {
            Ok(file) => file?,
            Err(missing) => {
                self.mistake(missing.at(node.span(&scope.file)), scope);
                return None;
            }
        };
        let params = self.with(declaration, &file, scope, &name);
        let mut trail = scope.trail.clone();
        let (line, _) = key.span(&scope.file).line_and_column();
        trail.push(format!("in `{address}`, declared in {}:{line}", scope.file.path));
        let inner = Arc::new(Scope {
            shared: Arc::clone(&self.shared),
            file: Arc::clone(&file.source),
            region: scope.region.clone(),
            prefix: format!("{address}/"),
            trail,
            params,
            each: None,
            names: OnceLock::new(),
            outer: None,
        });
        let mut path = path.to_vec();
        path.push(name.clone());
        self.file(&file, &inner, inherited, &path);
        let mut outputs = IndexMap::with_capacity(file.outputs.len());
        for (key, node) in &file.outputs {
            let bound = self.bound(node, &inner);
            outputs.insert(key.text.to_string(), bound);
        }
        Some(Entity::Instance(Arc::new(Instance { template: name, outputs })))
    }

    fn bound(&mut self, node: &Node, scope: &Arc<Scope>) -> Bound {
        match self.tree(node, scope) {
            Some(Tree::Value(value)) => Bound::Value(value),
            Some(tree) => Bound::Tree(Arc::new(tree), Arc::clone(scope)),
            None => Bound::Broken,
        }
    }

    /// The parameters of a template as `with` gives them.
    fn with(
        &mut self,
        declaration: &Declaration,
        file: &File,
        scope: &Arc<Scope>,
        name: &str,
    ) -> IndexMap<String, Bound> {
        let with = declaration.node.get("with");
        if let Some(with) = with
            && !matches!(with.data, Data::Map(_) | Data::Null)
        {
            self.mistake(params::mapping("with", with, &scope.file), scope);
        }
        let given = with.map(Node::entries).unwrap_or_default();
        for (key, _) in given.iter().filter(|(key, _)| !file.params.contains_key(&*key.text)) {
            let unknown =
                params::unknown(&key.text, &format!("the template `{name}`"), &file.params);
            self.mistake(unknown.at(key.span(&scope.file)), scope);
        }
        let mut bounds = IndexMap::with_capacity(file.params.len());
        for (param, declared) in &file.params {
            let node = given.iter().find(|(key, _)| **param == *key.text).map(|(_, node)| node);
            let node = node.filter(|node| !matches!(node.data, Data::Null));
            let bound = match (node, &declared.default) {
                (Some(node), _) => self.given(node, declared, scope),
                (None, Some(default)) => {
                    // The default stands in the template, but names nothing of it.
                    let plain = plain(&self.shared, &file.source, &scope.region);
                    self.given(default, declared, &plain)
                }
                (None, None) => {
                    let help = format!("give it: `with: {{ {param}: … }}`");
                    let missing = declared.missing(help).at(declaration.key.span(&scope.file));
                    self.mistake(missing.note(format!("the template is `{name}`")), scope);
                    Bound::Broken
                }
            };
            bounds.insert(param.clone(), bound);
        }
        bounds
    }

    /// One given value: known if it can be, checked if it is.
    pub fn given(&mut self, node: &Node, declared: &params::Param, scope: &Arc<Scope>) -> Bound {
        let bound = self.bound(node, scope);
        let value = match &bound {
            Bound::Broken => return bound,
            Bound::Value(value) => Ok(Some(value.clone())),
            Bound::Tree(tree, _) => tree_value(tree, scope),
        };
        match value {
            Ok(Some(value)) => {
                let written = matches!(bound, Bound::Value(_));
                let checked = Node { data: Node::of(&value, 0, 0).data, ..*node_span(node) };
                if let Some(wrong) = declared.check(&checked, &scope.file, written) {
                    self.mistake(wrong, scope);
                    return Bound::Broken;
                }
                Bound::Value(value)
            }
            Ok(None) => bound,
            Err(fault) => {
                self.fault(fault, scope, node);
                Bound::Broken
            }
        }
    }
}

/// A node of the same place; its data is to be replaced.
fn node_span(node: &Node) -> Box<Node> {
    Box::new(Node { data: Data::Null, start: node.start, end: node.end })
}

/// What a tree comes to, if it is known already.
fn tree_value(tree: &Tree, scope: &Arc<Scope>) -> Result<Option<Value>, Fault> {
    match tree {
        Tree::Value(value) => Ok(Some(value.clone())),
        Tree::Text(text) => evaluate::text(text, &scope.source(&())),
        Tree::List(items) => items.iter().map(|item| tree_value(item, scope)).collect(),
        Tree::Map(entries) => {
            let all = entries
                .iter()
                .map(|(key, item)| Ok(tree_value(item, scope)?.map(|value| (key.clone(), value))));
            all.collect::<Result<Option<serde_json::Map<_, _>>, Fault>>()
                .map(|map| map.map(Value::Object))
        }
    }
}

/// A scope with an element or in another region, otherwise the same.
fn refined(scope: &Arc<Scope>, region: String, each: Option<(Value, Value)>) -> Arc<Scope> {
    Arc::new(Scope {
        shared: Arc::clone(&scope.shared),
        file: Arc::clone(&scope.file),
        region,
        prefix: scope.prefix.clone(),
        trail: scope.trail.clone(),
        params: IndexMap::new(),
        each,
        names: OnceLock::new(),
        outer: Some(Arc::clone(scope)),
    })
}

/// A scope in which nothing but the words of the language is known.
pub(super) fn plain(
    shared: &Arc<Shared>,
    file: &Arc<crate::diagnostic::SourceFile>,
    region: &str,
) -> Arc<Scope> {
    Arc::new(Scope {
        shared: Arc::clone(shared),
        file: Arc::clone(file),
        region: region.to_owned(),
        prefix: String::new(),
        trail: Vec::new(),
        params: IndexMap::new(),
        each: None,
        names: OnceLock::from(IndexMap::new()),
        outer: None,
    })
}
