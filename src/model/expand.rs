//! Declarations → drafts of resources: conditions decided, `for_each` and templates opened up.

use std::sync::{Arc, OnceLock};

use indexmap::IndexMap;
use serde_json::Value;

use super::file::{Declaration, File, Templates};
use super::lifecycle::{self, Inherited};
use super::params;
use super::scope::{Bound, Entity, Instance, Scope, Shared, Tree, is_taken, list};
use super::walk::{part_span, with_trail};
use super::{Address, cost, regions};
use crate::diagnostic::{Diagnostic, Diagnostics, Span, did_you_mean};
use crate::kind::AnyKind;
use crate::kind::charge::Usage;
use crate::kinds;
use crate::stack::evaluate;
use crate::stack::expression::{Compiler, Fault, Text};
use crate::stack::{Data, Key, Node};

/// Keys of a declaration that are not fields of its kind.
const STRUCTURAL: [&str; 9] =
    ["kind", "template", "with", "for_each", "when", "region", "tags", "lifecycle", "usage"];

/// Whether an entry of a declaration is a field of its kind.
pub(super) fn is_field((key, node): &(Key, Node)) -> bool {
    match &*key.text {
        "lifecycle" => matches!(node.data, Data::List(_)),
        // What is used is a mapping; some kinds have a field of that name which is none.
        "usage" => !matches!(node.data, Data::Map(_)),
        other => !STRUCTURAL.contains(&other),
    }
}

/// A resource whose spec has not been looked at.
pub(super) struct Draft {
    pub address: Address,
    pub kind: &'static dyn AnyKind,
    pub scope: Arc<Scope>,
    pub declaration: Arc<Declaration>,
    pub inherited: Inherited,
    pub usage: Usage,
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
    /// Where secrets stand, so that no message shows them.
    pub secrets: Vec<Span>,
    /// Texts to be checked once all names are known.
    pub later: Vec<(Arc<Text>, Arc<Scope>, usize, usize)>,
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
            secrets: Vec::new(),
        }
    }

    pub fn mistake(&mut self, diagnostic: Diagnostic, scope: &Scope) {
        self.mistakes.push(with_trail(diagnostic, scope));
    }

    pub(super) fn fault(&mut self, fault: Fault, scope: &Scope, node: &Node) {
        let span = part_span(scope, &fault.part, node.start, node.end);
        let diagnostic = Diagnostic::error("bad-expression", fault.message).at(span);
        self.mistake(diagnostic.maybe_help(fault.help), scope);
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
        let taken = is_taken(text);
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
        // A list there is the kind's own field of that name.
        let lifecycle = node.get("lifecycle").filter(|node| !matches!(node.data, Data::List(_)));
        let inherited = match lifecycle {
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
                let usage = node.get("usage").filter(|node| matches!(node.data, Data::Map(_)));
                let usage = usage.map(|node| cost::usage(self, node, &scope, kind));
                let usage = usage.unwrap_or_default();
                let address = Address::new(&address);
                let declaration = Arc::clone(declaration);
                self.drafts.push(Draft { address, kind, scope, declaration, inherited, usage });
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
            if !STRUCTURAL.contains(&&*other.text) || &*other.text == "usage" {
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
        trail.push((address.to_owned(), key.span(&scope.file)));
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
