//! A stack file's text → a stack.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use indexmap::IndexMap;
use serde_json::Value;

use super::expand::{Expander, plain};
use super::facts;
use super::file::{File, Templates};
use super::lifecycle::{self, Inherited};
use super::link;
use super::lookup;
use super::params::{self, mapping};
use super::scope::{Bound, Scope, Shared, list};
use super::walk::part_span;
use super::{Options, Output, Stack, adopt, cost, regions};
use crate::diagnostic::{Diagnostic, Diagnostics, SourceFile, Span, did_you_mean};
use crate::kind::Tags;
use crate::stack::{Data, Key, Node};

/// What a file says about one environment.
#[derive(Default)]
struct Environment<'f> {
    name: String,
    params: Option<&'f Node>,
    region: Option<&'f Node>,
    tags: Option<&'f Node>,
    protect: Option<&'f Node>,
    night: Option<&'f Node>,
    ttl: Option<&'f Node>,
    expires: Option<&'f Node>,
    budget: Option<&'f Node>,
}

const ENVIRONMENT_KEYS: [&str; 9] =
    ["params", "protect", "region", "tags", "night", "ttl", "expires", "budget", "description"];

pub(super) fn load(
    path: &str,
    text: &str,
    base_dir: &Path,
    options: &Options,
) -> Result<Stack, Diagnostics> {
    let source = Arc::new(SourceFile { path: path.to_owned(), text: text.to_owned() });
    let mut mistakes = Diagnostics::new();
    let Some(file) = File::stack(source, &mut mistakes) else { return Err(mistakes.sorted()) };
    let environment = environment(&file, options, &mut mistakes);
    let (stack, loaded) = Loader::new(&file, &environment, base_dir, options, mistakes).run();
    if loaded.is_empty() {
        return Ok(stack);
    }
    Err(loaded.sorted())
}

/// The names of the environments that a file declares.
pub(super) fn environments(path: &str, text: &str) -> Result<Vec<String>, Diagnostics> {
    let source = Arc::new(SourceFile { path: path.to_owned(), text: text.to_owned() });
    let mut mistakes = Diagnostics::new();
    let Some(file) = File::stack(source, &mut mistakes) else { return Err(mistakes.sorted()) };
    let declared = file.get("environments").map(|(_, node)| node.entries()).unwrap_or_default();
    Ok(declared.iter().map(|(key, _)| key.text.to_string()).collect())
}

/// The chosen environment; mistakes in all of them.
fn environment<'f>(
    file: &'f File,
    options: &Options,
    mistakes: &mut Diagnostics,
) -> Environment<'f> {
    let declared: Vec<&(Key, Node)> = match file.get("environments") {
        Some((_, node)) => {
            if !matches!(node.data, Data::Map(_) | Data::Null) {
                mistakes.push(mapping("environments", node, &file.source));
            }
            node.entries().iter().collect()
        }
        None => Vec::new(),
    };
    for (key, node) in &declared {
        if let Some(wrong) = bad_name("an environment", &key.text) {
            mistakes.push(wrong.at(key.span(&file.source)));
        }
        if !matches!(node.data, Data::Map(_) | Data::Null) {
            mistakes.push(mapping(&key.text, node, &file.source));
        }
        for (key, node) in node.entries() {
            if !ENVIRONMENT_KEYS.contains(&&*key.text) {
                let help = did_you_mean(&key.text, ENVIRONMENT_KEYS)
                    .unwrap_or_else(|| format!("it has {}", list(ENVIRONMENT_KEYS.into_iter())));
                let message = format!("an environment has no key `{}`", key.text);
                let unknown = Diagnostic::error("unknown-key", message).help(help);
                mistakes.push(unknown.at(key.span(&file.source)));
            } else if &*key.text == "params" {
                if !matches!(node.data, Data::Map(_) | Data::Null) {
                    mistakes.push(mapping("params", node, &file.source));
                }
                for (key, _) in node.entries() {
                    if !file.params.contains_key(&*key.text) {
                        let unknown = params::unknown(&key.text, "the stack", &file.params);
                        mistakes.push(unknown.at(key.span(&file.source)));
                    }
                }
            }
        }
    }
    let names = || declared.iter().map(|(key, _)| &*key.text);
    let chosen = match (&options.environment, declared.as_slice()) {
        (Some(name), []) => {
            if let Some(wrong) = bad_name("an environment", name) {
                mistakes.push(wrong);
            }
            return Environment { name: name.clone(), ..Environment::default() };
        }
        (Some(name), _) => {
            let found = declared.iter().find(|(key, _)| *name == *key.text);
            if found.is_none() {
                let help = did_you_mean(name, names())
                    .unwrap_or_else(|| format!("the stack has {}", list(names())));
                let message = format!("there is no environment `{name}`");
                mistakes.push(Diagnostic::error("unknown-environment", message).help(help));
            }
            found
        }
        (None, []) => {
            return Environment { name: "default".to_owned(), ..Environment::default() };
        }
        (None, [_]) => declared.first(),
        (None, _) => {
            let message = format!("the stack has the environments {}", list(names()));
            let help = "choose one with `--env NAME`";
            mistakes.push(Diagnostic::error("which-environment", message).help(help));
            None
        }
    };
    // When none is chosen, the first shows the other mistakes.
    let Some((key, node)) = chosen.or(declared.first()) else { return Environment::default() };
    Environment {
        name: key.text.to_string(),
        params: node.get("params"),
        region: node.get("region"),
        tags: node.get("tags"),
        protect: node.get("protect"),
        night: node.get("night"),
        ttl: node.get("ttl"),
        expires: node.get("expires"),
        budget: node.get("budget"),
    }
}

/// What is wrong with the name of a stack or environment: both stand in names of objects.
fn bad_name(what: &str, name: &str) -> Option<Diagnostic> {
    let right = name.len() <= 32
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if right {
        return None;
    }
    let fixed: String = name
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .skip_while(|c| !c.is_ascii_lowercase())
        .take(32)
        .collect();
    let fixed = fixed.trim_end_matches('-');
    let message = format!("`{name}` cannot be the name of {what}");
    let wrong = Diagnostic::error("bad-name", message)
        .label("small letters, digits and `-`, beginning with a letter, at most 32");
    Some(wrong.maybe_help((!fixed.is_empty()).then(|| format!("`{fixed}` could"))))
}

struct Loader<'f> {
    file: &'f File,
    environment: &'f Environment<'f>,
    options: &'f Options,
    name: String,
    expander: Expander,
}

impl<'f> Loader<'f> {
    fn new(
        file: &'f File,
        environment: &'f Environment<'f>,
        base_dir: &Path,
        options: &'f Options,
        mut mistakes: Diagnostics,
    ) -> Self {
        let name = if let Some((_, node)) = file.get("stack") {
            let name = node.text().unwrap_or_default();
            if let Some(wrong) = bad_name("a stack", name) {
                mistakes.push(wrong.at(node.span(&file.source)));
            }
            name.to_owned()
        } else {
            let missing = Diagnostic::error("missing-key", "a stack file needs `stack`");
            let help = "give the stack a name: `stack: shop`";
            let start = file.source.text.find(|c: char| !c.is_whitespace()).unwrap_or(0);
            let span = Span { file: Arc::clone(&file.source), start, end: start + 1 };
            mistakes.push(missing.at(span).help(help));
            String::new()
        };
        let shared = Arc::new(Shared {
            stack: name.clone(),
            environment: environment.name.clone(),
            account: options.account.clone(),
            folder: base_dir.display().to_string(),
            table: OnceLock::new(),
            fields: OnceLock::new(),
        });
        let mut expander = Expander::new(shared, Templates::new(base_dir));
        expander.mistakes = mistakes;
        Self { file, environment, options, name, expander }
    }

    fn run(mut self) -> (Stack, Diagnostics) {
        let region = self.region();
        let plain = plain(&self.expander.shared, &self.file.source, &region);
        let params = self.params(&plain);
        let root = Arc::new(Scope {
            shared: Arc::clone(&self.expander.shared),
            file: Arc::clone(&self.file.source),
            region: region.clone(),
            prefix: String::new(),
            trail: Vec::new(),
            params,
            each: None,
            names: OnceLock::new(),
            outer: None,
        });
        let mut tags = Tags::new();
        let stack_tags = self.file.get("tags").map(|(_, node)| node);
        for node in stack_tags.into_iter().chain(self.environment.tags) {
            tags.extend(self.expander.tags(node, &root));
        }
        let protect = self
            .environment
            .protect
            .and_then(|node| lifecycle::flag(&mut self.expander, node, &root, "`protect`"));
        let night = self.environment.night;
        let night = night.map(|node| facts::night(&mut self.expander, node, &root));
        let ends = (self.environment.ttl, self.environment.expires);
        let expiry = facts::expiry(&mut self.expander, ends, &root);
        let objectives = self.file.get("objectives");
        let objectives =
            objectives.map(|(_, node)| facts::objectives(&mut self.expander, node, &root));
        let rates = self.file.get("currency").map(|(_, node)| node);
        let rates = rates.map(|node| cost::rates(&mut self.expander, node, &root));
        let rates = rates.unwrap_or_default();
        let budget = self.environment.budget.or(self.file.get("budget").map(|(_, node)| node));
        let budget = budget.and_then(|node| cost::budget(&mut self.expander, node, &root, &rates));
        let mut regions = self.regions(&root);
        regions.insert(region.clone());

        let inherited = Inherited { own: lifecycle::Own::default(), tags: tags.clone() };
        self.expander.file(self.file, &root, &inherited, &[]);
        let mut outputs = Vec::with_capacity(self.file.outputs.len());
        for (key, node) in &self.file.outputs {
            if let Some(tree) = self.expander.tree(node, &root) {
                outputs.push(Output { name: key.text.to_string(), tree, source: node.json() });
            }
        }
        let resources = link::resources(&mut self.expander);
        self.later();
        let adopt = self.file.get("adopt").map(|(_, node)| node);
        let adopt = adopt.map(|node| adopt::read(&mut self.expander, node, &root, &resources));
        regions.extend(resources.values().map(|resource| resource.region.clone()));
        let stack = Stack {
            name: self.name,
            environment: self.environment.name.clone(),
            region,
            regions,
            tags,
            protect: protect.unwrap_or(false),
            night: night.unwrap_or_default(),
            asleep: false,
            away: Arc::default(),
            adopt: adopt.unwrap_or_default(),
            expiry,
            objectives: objectives.unwrap_or_default(),
            budget,
            rates,
            resources,
            sources: self.expander.templates.digest(&self.file.source.text),
            secrets_vary: self.expander.secrets.iter().any(is_expression),
            outputs: Arc::new(outputs),
            scope: root,
        };
        (stack, self.expander.mistakes.hiding(&self.expander.secrets))
    }

    fn region(&mut self) -> String {
        if let Some(region) = &self.options.region {
            if let Some(wrong) = regions::problem(region) {
                self.expander.mistakes.push(wrong);
            }
            return region.clone();
        }
        let node = self.environment.region.or(self.file.get("region").map(|(_, node)| node));
        let Some(node) = node else {
            let help = "write `region: eu-west-3` in the file, or give `--region`";
            let missing = Diagnostic::error("missing-key", "the stack has no region").help(help);
            self.expander.mistakes.push(missing);
            return String::new();
        };
        let plain = plain(&self.expander.shared, &self.file.source, "");
        let region = self.expander.known_text(node, &plain, "`region`").unwrap_or_default();
        if let Some(wrong) = regions::problem(&region).filter(|_| !region.is_empty()) {
            self.expander.mistakes.push(wrong.at(node.span(&self.file.source)));
        }
        region
    }

    fn regions(&mut self, scope: &Arc<Scope>) -> BTreeSet<String> {
        let Some((_, node)) = self.file.get("regions") else { return BTreeSet::new() };
        let all = lifecycle::texts(&mut self.expander, node, scope, "`regions`");
        for (region, span) in &all {
            if let Some(wrong) = regions::problem(region) {
                self.expander.mistakes.push(wrong.at(span.clone()));
            }
        }
        all.into_iter().map(|(region, _)| region).collect()
    }

    /// The stack's parameters: the command line's values, then the environment's, then defaults.
    fn params(&mut self, plain: &Arc<Scope>) -> IndexMap<String, Bound> {
        let mut bounds = IndexMap::with_capacity(self.file.params.len());
        let given = self.environment.params.map(Node::entries).unwrap_or_default();
        for name in self.options.params.keys() {
            if !self.file.params.contains_key(name) {
                let unknown = params::unknown(name, "the stack", &self.file.params);
                let note = format!("it is given as `--param {name}=…`");
                self.expander.mistakes.push(unknown.note(note));
            }
        }
        for (name, declared) in &self.file.params {
            let node = given.iter().find(|(key, _)| **name == *key.text).map(|(_, node)| node);
            let node = node.filter(|node| !matches!(node.data, Data::Null));
            let node = node.or(declared.default.as_ref());
            let bound = match (self.options.params.get(name), node) {
                (Some(text), _) => match declared.read(text) {
                    Ok(value) => Bound::Value(value),
                    Err(wrong) => {
                        self.expander.mistakes.push(wrong);
                        Bound::Broken
                    }
                },
                (None, Some(node)) => self.expander.given(node, declared, plain),
                (None, None) => {
                    let help = format!(
                        "give it under `environments`, or as `--param {name}=…`, or a `default`"
                    );
                    let missing = declared.missing(help).at(declared.key.span(&self.file.source));
                    self.expander.mistakes.push(missing);
                    Bound::Broken
                }
            };
            // A default is checked also when it is not used.
            if let Some(default) =
                declared.default.as_ref().filter(|_| !matches!(bound, Bound::Broken))
                && node.is_some_and(|node| node.start != default.start)
            {
                self.expander.given(default, declared, plain);
            }
            bounds.insert(name.clone(), bound);
        }
        bounds
    }

    /// Looks at what could not be looked at before all names were known.
    fn later(&mut self) {
        for (text, scope, start, end) in std::mem::take(&mut self.expander.later) {
            if let Err(fault) = lookup::visit_text(&text, &scope, &mut |_, _| {}) {
                let span = part_span(&scope, &fault.part, start, end);
                let wrong = Diagnostic::error("bad-expression", fault.message).at(span);
                self.expander.mistake(wrong.maybe_help(fault.help), &scope);
            }
        }
    }
}

/// Whether what stands there is, or holds, an expression.
fn is_expression(span: &Span) -> bool {
    span.file.text.get(span.start..span.end).is_none_or(|text| text.contains("${"))
}

/// What a stack's outputs come to.
pub(super) fn outputs(stack: &Stack, known: &dyn super::Outputs) -> BTreeMap<String, Value> {
    let all = stack.outputs.iter();
    all.map(|output| {
        let value = output.tree.output(&stack.scope, known);
        (output.name.clone(), value.unwrap_or_else(|| output.source.clone()))
    })
    .collect()
}
