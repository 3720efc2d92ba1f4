//! What `import` and `unmanaged` share: which objects of an account they are about.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Args;

use super::{Context, key_value};
use crate::diagnostic::did_you_mean;
use crate::import::{Selection, is_owned, networks, one_of_each};
use crate::kind::{AnyKind, LiveObject};
use crate::kinds;
use crate::live::Snapshot;

/// Which objects are meant.
#[derive(Args, Clone, Debug)]
pub(super) struct What {
    /// A kind, such as ec2.vpc, or a service, such as ec2; may be given several times
    #[arg(long, value_name = "KIND")]
    kind: Vec<String>,
    /// A kind or a service to leave out, such as one that these credentials may not read
    #[arg(long, value_name = "KIND")]
    without: Vec<String>,
    /// A tag that they have; may be given several times
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    tag: Vec<(String, String)>,
    /// What their name is like: `*` stands for anything
    #[arg(long, value_name = "GLOB")]
    name: Option<String>,
    /// The network that they are in, or are for
    #[arg(long, value_name = "ID")]
    vpc: Option<String>,
    /// A further region to look into; may be given several times
    #[arg(long, value_name = "REGION")]
    also_in: Vec<String>,
}

/// What was found.
pub(super) struct Found {
    pub account: String,
    /// The home region.
    pub region: String,
    /// What no stack owns.
    pub free: Vec<Arc<LiveObject>>,
    /// The networks that those belong to.
    pub networks: Vec<Option<String>>,
    /// How many are a stack's.
    pub owned: usize,
}

impl What {
    /// Reads the account.
    pub(super) async fn read(&self, context: &Context) -> anyhow::Result<Found> {
        let wanted = named(&self.kind)?;
        let without = named(&self.without)?;
        let is_left_out = |kind: &dyn AnyKind| without.iter().any(|one| one.name() == kind.name());
        let is_wanted =
            |name: &str| wanted.is_empty() || wanted.iter().any(|one| one.name() == name);
        // Only all of them together tell what belongs to a network.
        let all = self.vpc.is_some();
        let kinds: Vec<&'static dyn AnyKind> = kinds::all()
            .filter(|kind| (all || is_wanted(kind.name())) && !is_left_out(*kind))
            .collect();
        let region = context.home_region()?;
        let session = context.session(&region).await?;
        let mut regions = vec![region.clone()];
        regions.extend(self.also_in.iter().filter(|other| **other != region).cloned());
        let snapshot = Snapshot::of_account(&session, &regions, &kinds).await?;
        let selection =
            Selection { tags: self.tag.clone(), name: self.name.clone(), vpc: self.vpc.clone() };
        let objects = one_of_each(&snapshot.objects);
        let networks = networks(&objects);
        let mut found = Found {
            account: snapshot.account,
            region,
            free: Vec::new(),
            networks: Vec::new(),
            owned: 0,
        };
        for (object, network) in objects.into_iter().zip(networks) {
            let is_in = selection.vpc.is_none() || selection.vpc == network;
            if !is_in || !is_wanted(&object.kind) || !selection.takes(&object) {
                continue;
            }
            if is_owned(&object) {
                found.owned += 1;
            } else {
                found.free.push(object);
                found.networks.push(network);
            }
        }
        Ok(found)
    }
}

/// The kinds of those names, and those of the services of those names.
fn named(names: &[String]) -> anyhow::Result<Vec<&'static dyn AnyKind>> {
    let mut all = Vec::new();
    for name in names {
        let service = |kind: &&'static dyn AnyKind| kind.name().split('.').next() == Some(name);
        let before = all.len();
        all.extend(kinds::find(name).into_iter().chain(kinds::all().filter(service)));
        if all.len() == before {
            let near = did_you_mean(name, kinds::all().map(AnyKind::name));
            let near = near.unwrap_or_else(|| "`infra kinds` lists them".to_owned());
            bail!("there is no kind `{name}`; {near}");
        }
    }
    Ok(all)
}

impl Context {
    /// The home region of a command without a stack file.
    pub(super) fn home_region(&self) -> anyhow::Result<String> {
        let env = |name| std::env::var(name).ok().filter(|region: &String| !region.is_empty());
        let region = self.global.region.clone().or_else(|| env("AWS_REGION"));
        let region = region.or_else(|| env("AWS_DEFAULT_REGION"));
        region.context("no stack file says in which region to look: give --region")
    }
}
