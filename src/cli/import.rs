//! `infra import`

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::json;

use super::account::What;
use super::{CommandResult, Context, Exit};
use crate::diagnostic::Diagnostics;
use crate::import::{self, Naming, Written};
use crate::kind::LiveObject;
use crate::model;

/// Write a stack file of what the account has and no stack owns
///
/// References stand in place of ids, what is so by default is left out, and secrets are never written.
/// `infra plan` on the file then shows what tags the objects get; `infra adopt` writes them.
#[derive(Args, Debug)]
pub(super) struct Import {
    #[command(flatten)]
    what: What,
    /// Write a file for each network, and one for what belongs to none, into the folder --out
    #[arg(long, requires = "out")]
    all: bool,
    /// The stack's name
    #[arg(long, value_name = "NAME", default_value = IMPORTED)]
    stack: String,
    /// Write into this file (with --all: folder) instead of the standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write over files that are there
    #[arg(long)]
    force: bool,
}

/// The name of a stack that nobody named.
const IMPORTED: &str = "imported";

/// The name of the file, and of the stack, for what belongs to no network.
const NO_NETWORK: &str = "account";

impl Import {
    pub(super) async fn run(&self, context: &Context) -> CommandResult {
        let place = self.out.as_deref();
        if let Some(path) = place.filter(|path| !self.all && !self.force && path.exists()) {
            bail!("{} is there already: give another name, or --force", path.display());
        }
        let found = self.what.read(context).await?;
        let report = &context.report;
        if found.owned > 0 {
            let verb = if found.owned == 1 { "belongs" } else { "belong" };
            report.note(&format!(
                "{} {verb} to stacks, and {} left out.",
                objects(found.owned),
                if found.owned == 1 { "is" } else { "are" }
            ));
        }
        if found.free.is_empty() {
            report.note("Nothing was found that no stack owns.");
            return Ok(Exit::Success);
        }
        let naming = Naming {
            stack: self.stack.clone(),
            environment: context.global.env.clone(),
            account: found.account.clone(),
            region: found.region.clone(),
        };
        let mut files = Vec::new();
        if self.all {
            let groups = by_network(&found.free, &found.networks);
            for (name, objects) in &groups {
                let is_only = groups.len() - usize::from(groups.contains_key(NO_NETWORK)) < 2;
                let naming = Naming { stack: self.stack_of(name, is_only), ..naming.clone() };
                files.push((format!("{name}.yaml"), import::write(objects, &naming)?, naming));
            }
        } else {
            let name = place.map_or_else(|| "(import)".into(), |path| path.display().to_string());
            files.push((name, import::write(&found.free, &naming)?, naming));
        }
        let folder = place.filter(|_| self.all);
        if let Some(folder) = folder {
            let there = files.iter().find(|(name, ..)| folder.join(name).exists() && !self.force);
            if let Some((name, ..)) = there {
                bail!(
                    "{} is there already: give another folder, or --force",
                    folder.join(name).display()
                );
            }
            fs::create_dir_all(folder)
                .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        }
        let mut told = Vec::with_capacity(files.len());
        for (name, written, naming) in &files {
            let path = match folder {
                Some(folder) => Some(folder.join(name)),
                None => place.map(Path::to_owned),
            };
            if let Some(path) = &path {
                fs::write(path, &written.text)
                    .with_context(|| format!("cannot write {}", path.display()))?;
            }
            let left = left_to_do(name, written, naming).err();
            if report.is_json() {
                told.push(json!({
                    "file": path, "stack": naming.stack, "resources": written.resources,
                    "references": written.references, "text": written.text,
                    "to_fill_in": left.map_or(0, |left| left.len()),
                }));
                continue;
            }
            if path.is_none() {
                report.out(&written.text);
                continue;
            }
            let to = path
                .as_ref()
                .map_or("the standard output".into(), |path| path.display().to_string());
            report.note(&format!(
                "Wrote {} with {} references to {to}.",
                objects(written.resources),
                written.references
            ));
            if let Some(left) = left {
                report.diagnostics(&left);
                report.note("AWS does not show all that these declarations need: fill it in.");
            }
        }
        if report.is_json() {
            report.json(&json!({ "files": told, "owned": found.owned }));
        }
        Ok(Exit::Success)
    }

    /// The stack of a network's file: if that is the only one, it bears the name that was given.
    fn stack_of(&self, name: &str, is_only: bool) -> String {
        let whole = match &*self.stack {
            given if is_only && name != NO_NETWORK => given.to_owned(),
            IMPORTED => name.to_owned(),
            given => format!("{given}-{name}"),
        };
        whole.chars().take(32).collect::<String>().trim_end_matches('-').to_owned()
    }
}

/// What the file still lacks for `infra validate`.
fn left_to_do(name: &str, written: &Written, naming: &Naming) -> Result<(), Diagnostics> {
    let options = model::Options {
        environment: naming.environment.clone(),
        account: Some(naming.account.clone()),
        ..model::Options::default()
    };
    model::load_str(name, &written.text, Path::new("."), &options).map(drop)
}

/// The objects by network, each with the name of its file.
fn by_network(
    free: &[Arc<LiveObject>],
    networks: &[Option<String>],
) -> BTreeMap<String, Vec<Arc<LiveObject>>> {
    let mut groups: BTreeMap<Option<&String>, Vec<Arc<LiveObject>>> = BTreeMap::new();
    for (object, network) in free.iter().zip(networks) {
        groups.entry(network.as_ref()).or_default().push(Arc::clone(object));
    }
    let mut files: BTreeMap<String, Vec<Arc<LiveObject>>> = BTreeMap::new();
    for (network, objects) in groups {
        let name = network.map_or(NO_NETWORK.to_owned(), |id| {
            let vpc = free.iter().find(|object| object.id() == id);
            let tag = vpc.and_then(|vpc| vpc.tags.get("Name"));
            let name = tag.map(|name| plain(name)).filter(|name| !name.is_empty());
            name.filter(|name| name != NO_NETWORK).unwrap_or_else(|| id.clone())
        });
        let name = match (files.contains_key(&name), network) {
            (true, Some(id)) => format!("{name}-{id}"),
            _ => name,
        };
        files.insert(name, objects);
    }
    files
}

/// A name as files and stacks can have it.
fn plain(name: &str) -> String {
    let plain: String = name
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    let plain = plain.trim_matches('-');
    plain.trim_start_matches(|c: char| !c.is_ascii_alphabetic()).to_owned()
}

fn objects(count: usize) -> String {
    if count == 1 { "1 object".to_owned() } else { format!("{count} objects") }
}
