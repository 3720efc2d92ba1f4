//! The outline of a stack file or a template: what stands at its top level.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;
use sha2::{Digest, Sha256};

use super::params::{self, Param, mapping};
use super::scope::list;
use crate::diagnostic::{Diagnostic, Diagnostics, SourceFile, did_you_mean};
use crate::stack::{Data, Key, Node, builtin, yaml};

/// What is written about one name in `resources`.
pub(super) struct Declaration {
    pub key: Key,
    pub node: Node,
}

/// A stack file or a template.
pub(super) struct File {
    pub source: Arc<SourceFile>,
    pub params: IndexMap<String, Param>,
    pub resources: Vec<Arc<Declaration>>,
    pub outputs: Vec<(Key, Node)>,
    /// The other top-level entries.
    pub rest: Vec<(Key, Node)>,
}

const STACK_KEYS: [&str; 13] = [
    "stack",
    "region",
    "regions",
    "description",
    "params",
    "environments",
    "objectives",
    "tags",
    "budget",
    "currency",
    "resources",
    "outputs",
    "adopt",
];
const TEMPLATE_KEYS: [&str; 5] = ["template", "description", "params", "resources", "outputs"];

impl File {
    /// Reads the text of a stack file.
    pub fn stack(source: Arc<SourceFile>, mistakes: &mut Diagnostics) -> Option<Self> {
        Self::read(source, &STACK_KEYS, "a stack file", mistakes)
    }

    fn read(
        source: Arc<SourceFile>,
        keys: &[&str],
        what: &str,
        mistakes: &mut Diagnostics,
    ) -> Option<Self> {
        let root = yaml::parse(&source, mistakes)?;
        let Data::Map(entries) = root.data else {
            let message = match root.data {
                Data::Null => format!("{what} cannot be empty"),
                _ => format!("{what} is a mapping, not {}", root.sort()),
            };
            let help = "begin with `stack: NAME` and `resources:`";
            let diagnostic = Diagnostic::error("wrong-type", message).at(root.span(&source));
            mistakes.push(diagnostic.help(help));
            return None;
        };
        let mut file = Self {
            params: IndexMap::new(),
            resources: Vec::new(),
            outputs: Vec::new(),
            rest: Vec::new(),
            source,
        };
        for (key, node) in entries {
            match &*key.text {
                "params" => file.params = params::declared(Some(&node), &file.source, mistakes),
                "resources" | "outputs" => match node.data {
                    Data::Map(entries) if &*key.text == "resources" => {
                        let all = entries.into_iter();
                        file.resources =
                            all.map(|(key, node)| Arc::new(Declaration { key, node })).collect();
                    }
                    Data::Map(entries) => file.outputs = entries,
                    Data::Null => {}
                    _ => mistakes.push(mapping(&key.text, &node, &file.source)),
                },
                known if keys.contains(&known) => file.rest.push((key, node)),
                unknown => {
                    let help = did_you_mean(unknown, keys.iter().copied())
                        .unwrap_or_else(|| format!("it has {}", list(keys.iter().copied())));
                    let message = format!("{what} has no key `{unknown}`");
                    let unknown = Diagnostic::error("unknown-key", message);
                    mistakes.push(unknown.at(key.span(&file.source)).help(help));
                }
            }
        }
        Some(file)
    }

    /// A top-level entry.
    pub fn get(&self, key: &str) -> Option<&(Key, Node)> {
        self.rest.iter().find(|(k, _)| &*k.text == key)
    }
}

/// Finds and reads templates, each once.
pub(super) struct Templates {
    folders: Vec<PathBuf>,
    read: HashMap<String, Option<Arc<File>>>,
}

impl Templates {
    /// Templates for a stack file in a folder.
    pub fn new(folder: &Path) -> Self {
        let mut folders = vec![folder.join("templates")];
        let parent =
            if folder.as_os_str().is_empty() { Some(Path::new("..")) } else { folder.parent() };
        folders.extend(parent.map(|parent| parent.join("templates")));
        Self { folders, read: HashMap::new() }
    }

    /// The template of that name; `Ok(None)` when it has mistakes that were reported.
    pub fn find(
        &mut self,
        name: &str,
        mistakes: &mut Diagnostics,
    ) -> Result<Option<Arc<File>>, Diagnostic> {
        if let Some(known) = self.read.get(name) {
            return Ok(known.clone());
        }
        let Some((path, text)) = self.text(name) else { return Err(self.missing(name)) };
        let source = Arc::new(SourceFile { path, text });
        let file = File::read(source, &TEMPLATE_KEYS, "a template", mistakes).map(Arc::new);
        self.read.insert(name.to_owned(), file.clone());
        Ok(file)
    }

    /// SHA-256 over a stack file's text and those of the templates that were read for it. Where they
    /// lie does not matter: a plan may be applied in another checkout.
    pub fn digest(&self, text: &str) -> String {
        let read = self.read.iter();
        let texts = read.filter_map(|(name, file)| Some((name, &file.as_ref()?.source.text)));
        let all: BTreeMap<&String, &String> = texts.collect();
        let whole = serde_json::json!([text, all]).to_string();
        Sha256::digest(whole).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn text(&self, name: &str) -> Option<(String, String)> {
        if name.contains(['/', '\\', '.']) {
            return None;
        }
        let mut paths = self.folders.iter().map(|folder| folder.join(format!("{name}.yaml")));
        let found = paths.find_map(|path| {
            let text = std::fs::read_to_string(&path).ok()?;
            Some((path.display().to_string(), text))
        });
        found.or_else(|| {
            let text = builtin::find(name)?;
            Some((format!("(built in) templates/{name}.yaml"), text.to_owned()))
        })
    }

    fn missing(&self, name: &str) -> Diagnostic {
        let mut names: Vec<String> =
            builtin::TEMPLATES.iter().map(|(name, _)| (*name).to_owned()).collect();
        for folder in &self.folders {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let file = entry.file_name().to_string_lossy().into_owned();
                names.extend(file.strip_suffix(".yaml").map(str::to_owned));
            }
        }
        names.sort();
        names.dedup();
        let all = || names.iter().map(String::as_str);
        let help = did_you_mean(name, all()).unwrap_or_else(|| {
            if names.is_empty() {
                format!("templates are files such as `templates/{name}.yaml` beside the stack file")
            } else {
                format!("there are {}", list(all()))
            }
        });
        Diagnostic::error("unknown-template", format!("there is no template `{name}`")).help(help)
    }
}
