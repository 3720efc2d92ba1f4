//! `infra reap`

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args;
use jiff::Timestamp;

use super::destroy::Destroy;
use super::run::RunOptions;
use super::{CommandResult, Context, Exit};
use crate::apply::deadline::{Note, Notes};
use crate::aws::Session;
use crate::model::{self, Stack};

/// Destroy the environments whose time has come
///
/// An environment has an end when its stack file says so: `ttl: 14h` counts from its last apply,
/// `expires: friday 20:00` is the next Friday after it. A protected environment is never destroyed.
#[derive(Args, Debug)]
pub(super) struct Reap {
    /// The stack files; all their environments are looked at, or the one that --env names
    #[arg(value_name = "STACK", required_unless_present = "account")]
    stacks: Vec<PathBuf>,
    /// Look at all environments that were applied in this account and region, without their files
    #[arg(long, conflicts_with = "stacks")]
    account: bool,
    /// Show what would be destroyed
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    run: RunOptions,
}

/// An environment that was found.
struct Found {
    stack: Stack,
    session: Session,
    note: Option<Note>,
}

impl Reap {
    pub(super) async fn run(&self, context: &Context) -> CommandResult {
        let found =
            if self.account { of_account(context).await? } else { self.of_files(context).await? };
        let (report, now) = (&context.report, Timestamp::now());
        let mut result = Exit::Success;
        let mut failures = Vec::new();
        for Found { stack, session, note } in found {
            let name = format!("{} {}", stack.name, stack.environment);
            let fate = fate(&stack, note.as_ref(), now);
            report.out(&format!("{name}: {}", fate.said()));
            if self.dry_run || !matches!(fate, Fate::Due(_)) {
                continue;
            }
            // One that cannot be destroyed does not keep the others.
            let destroyed = Destroy::all(&self.run).on(context, (stack, session)).await;
            match destroyed {
                Ok(Exit::Success) => {}
                Ok(_) => result = Exit::Failure,
                Err(error) => failures.push(error.context(name)),
            }
        }
        match failures.len() {
            0 => Ok(result),
            1 => Err(failures.remove(0)),
            many => {
                for error in &failures {
                    report.note(&format!("{error:#}"));
                }
                bail!("{many} environments could not be destroyed")
            }
        }
    }

    async fn of_files(&self, context: &Context) -> anyhow::Result<Vec<Found>> {
        let mut found = Vec::new();
        for path in &self.stacks {
            let names = match &context.global.env {
                Some(name) => vec![name.clone()],
                None => environments(path)?,
            };
            for name in names {
                let options = model::Options { environment: Some(name), ..context.model_options() };
                let (stack, session) = context.find_with(path, options).await?;
                let notes = Notes::new(&session.region(&stack.region));
                let note = match stack.expiry {
                    Some(_) => notes.get(&stack.name, &stack.environment).await?,
                    None => None,
                };
                found.push(Found { stack, session, note });
            }
        }
        Ok(found)
    }
}

/// The environments of a stack file; `default` where it has none.
fn environments(path: &Path) -> anyhow::Result<Vec<String>> {
    let names = model::environments(path)?;
    Ok(if names.is_empty() { vec!["default".to_owned()] } else { names })
}

/// The environments that are noted in the account.
async fn of_account(context: &Context) -> anyhow::Result<Vec<Found>> {
    let region = context.home_region()?;
    let session = context.session(&region).await?;
    let mut found = Vec::new();
    for note in Notes::new(&session.region(&region)).all().await? {
        let stack = model::unknown_stack(
            (&note.stack, &note.environment),
            &note.region,
            &note.regions,
            note.protect,
        )?;
        found.push(Found { stack, session: context.session(&region).await?, note: Some(note) });
    }
    Ok(found)
}

/// What becomes of an environment.
enum Fate {
    Protected,
    Unlimited,
    NeverApplied,
    Until(Timestamp),
    Due(Timestamp),
}

fn fate(stack: &Stack, note: Option<&Note>, now: Timestamp) -> Fate {
    if stack.protect || note.is_some_and(|note| note.protect) {
        return Fate::Protected;
    }
    // The file may say something else since the last apply; without one, what was noted then counts.
    let Some(note) = note else {
        return if stack.expiry.is_some() { Fate::NeverApplied } else { Fate::Unlimited };
    };
    let expires = match &stack.expiry {
        Some(expiry) => expiry.since(note.applied),
        None => note.expires,
    };
    match expires {
        None => Fate::Unlimited,
        Some(at) if at <= now => Fate::Due(at),
        Some(at) => Fate::Until(at),
    }
}

impl Fate {
    fn said(&self) -> String {
        let time = |at: &Timestamp| at.strftime("%Y-%m-%d %H:%M UTC").to_string();
        match self {
            Self::Protected => "protected, stays".to_owned(),
            Self::Unlimited => "has no end, stays".to_owned(),
            Self::NeverApplied => "no apply is noted, stays".to_owned(),
            Self::Until(at) => format!("stays until {}", time(at)),
            Self::Due(at) => format!("expired {}", time(at)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "stack: shop\nregion: eu-west-3\nenvironments:\n  dev: { ttl: 14h }\n  \
                        prod: { ttl: 14h, protect: true }\n  test: {}\nresources: {}\n";

    fn stack(environment: &str) -> Stack {
        let options = model::Options {
            environment: Some(environment.to_owned()),
            ..model::Options::default()
        };
        let read = model::load_str("shop.yaml", FILE, Path::new("."), &options);
        read.unwrap_or_else(|mistakes| panic!("{}", mistakes.render(false)))
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn an_environment_goes_when_its_time_has_come_unless_it_is_protected() {
        let said = |environment: &str, applied: Option<&str>, now: &str| {
            let stack = stack(environment);
            let note = applied.map(|applied| Note {
                stack: "shop".to_owned(),
                environment: environment.to_owned(),
                region: "eu-west-3".to_owned(),
                regions: stack.regions.clone(),
                protect: false,
                applied: at(applied),
                expires: None,
            });
            fate(&stack, note.as_ref(), at(now)).said()
        };
        let applied = Some("2026-11-20T08:00:00Z");
        assert_eq!(
            said("dev", applied, "2026-11-20T21:59:00Z"),
            "stays until 2026-11-20 22:00 UTC"
        );
        assert_eq!(said("dev", applied, "2026-11-20T22:00:00Z"), "expired 2026-11-20 22:00 UTC");
        assert_eq!(said("dev", None, "2026-11-20T22:00:00Z"), "no apply is noted, stays");
        assert_eq!(said("prod", applied, "2027-11-20T22:00:00Z"), "protected, stays");
        assert_eq!(said("test", applied, "2027-11-20T22:00:00Z"), "has no end, stays");
    }
}
