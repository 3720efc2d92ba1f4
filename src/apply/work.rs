//! One step's calls to AWS.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;

use crate::aws::{Aws, Class, Error, Result};
use crate::kind::deletion::unprotected;
use crate::kind::{AnyKind, Blocker, LiveObject, Scope, Status, Tags};
use crate::model::Address;
use crate::plan::diff::{carry, diff, ignored};

use super::clock::Clock;
use super::error::{DEADLINE, HOLDS_DATA, MOVED, NEVER_USABLE, OTHER};
use super::event::{Event, Verb};
use super::late::is_late_path;
use super::retry::look_intervals;

/// What a step sends.
#[derive(Clone)]
pub(super) enum Job {
    /// Nothing: the object is only waited for.
    Wait { object: LiveObject },
    /// A new object.
    Create { spec: Value, tags: Tags, earlier: Earlier },
    /// Tags, fields, or both. `again` when an earlier try may have done a part of it.
    Update { was: LiveObject, now: Option<Value>, set: Tags, remove: Vec<String>, again: bool },
    /// The object's end, and before it that of AWS's protection, and of the data in it if that is to
    /// go too.
    Delete { was: LiveObject, empty: bool },
}

/// What earlier tries to make an object have left.
#[derive(Clone, Debug, Default)]
pub(super) struct Earlier {
    /// Whether there was one: it may have made the object without our hearing of it.
    pub tried: bool,
    /// Why a new object must not be made yet, should none be found: the answer to an earlier try was
    /// lost, and AWS's lists may not show yet what it has made.
    pub doubt: Option<Error>,
    /// The id of the object that the new one replaces.
    pub replaced: Option<String>,
}

/// Where a step works, and on whose behalf it reports.
#[derive(Clone)]
pub(super) struct Site<'a> {
    pub kind: &'static dyn AnyKind,
    pub aws: Aws,
    pub address: &'a Address,
    pub verb: Verb,
    /// What the object must still be: somebody has reviewed what is done to it.
    pub reviewed: Option<LiveObject>,
    /// Fields that may change all the same.
    pub ignored: &'a [String],
    /// Whether late fields may, too: what they referred to has gone in this run.
    pub freed: bool,
    pub timeout: Duration,
    pub clock: &'a dyn Clock,
    pub events: &'a UnboundedSender<Event>,
}

impl Site<'_> {
    /// Makes the step's call; the object as it then should be.
    async fn call(&self, job: Job) -> Result<LiveObject> {
        if let Some(reviewed) = &self.reviewed {
            self.has_not_moved(reviewed).await?;
        }
        match job {
            Job::Wait { object } => Ok(object),
            Job::Create { spec, tags, earlier } => self.create(spec, tags, &earlier).await,
            Job::Update { mut was, now, set, remove, again } => {
                if again {
                    was = self.seen(&was).await?.unwrap_or(was);
                }
                // Tags first: an adopted object is ours before anything about it changes. Those that
                // go say how the object was, until it is no longer so.
                if !set.is_empty() {
                    self.kind.tag(&self.aws, &was, &set, &[]).await?;
                    was.tags.extend(set);
                }
                if let Some(now) = now {
                    self.kind.update(&self.aws, &was, &now).await?;
                    was.spec = now;
                }
                if !remove.is_empty() {
                    self.kind.tag(&self.aws, &was, &Tags::new(), &remove).await?;
                    was.tags.retain(|name, _| !remove.contains(name));
                }
                Ok(was)
            }
            Job::Delete { was, empty } => {
                let was = self.lift(was).await?;
                if empty {
                    match self.kind.empty(&self.aws, &was).await {
                        Err(error) if !error.is_not_found() => return Err(error),
                        _ => {}
                    }
                }
                match self.kind.delete(&self.aws, &was).await {
                    // It may be a part of the object that is gone by itself, because the answer to
                    // its delete was lost and the call sent again.
                    Err(error) if error.is_not_found() => match self.seen(&was).await? {
                        Some(now) if now.status != Status::Deleting => Err(error),
                        _ => Ok(was),
                    },
                    Err(error) => Err(self.holding(&was, empty, error).await),
                    Ok(()) => Ok(was),
                }
            }
        }
    }

    /// Lifts AWS's own protection of an object that is to go: a plan that says so has overridden it.
    async fn lift(&self, mut was: LiveObject) -> Result<LiveObject> {
        if let Some(free) = unprotected(self.kind, &was.spec) {
            match self.kind.update(&self.aws, &was, &free).await {
                Err(error) if !error.is_not_found() => return Err(error),
                _ => was.spec = free,
            }
        }
        Ok(was)
    }

    /// An object as it is now, if AWS's lists show it.
    async fn seen(&self, object: &LiveObject) -> Result<Option<LiveObject>> {
        let scope = Scope::of_object(self.kind, object);
        let found = self.kind.discover(&self.aws, &scope).await?;
        Ok(found.into_iter().find(|found| found.id() == object.id()))
    }

    /// Fails when an object is not what the reviewed plan was made for, naming what moved without
    /// its values.
    async fn has_not_moved(&self, was: &LiveObject) -> Result<()> {
        let moved = match self.seen(was).await? {
            Some(now) if now.status != Status::Deleting => {
                let fields = diff(self.kind.schema(), &was.spec, &now.spec, self.ignored);
                let mut moved: Vec<String> = fields.into_iter().map(|field| field.path).collect();
                let keys: BTreeSet<&String> = was.tags.keys().chain(now.tags.keys()).collect();
                let other = keys.into_iter().filter(|key| was.tags.get(*key) != now.tags.get(*key));
                moved.extend(other.map(|key| format!("tags.{key}")));
                let schema = self.kind.schema().json();
                let may = |path: &str| {
                    ignored(self.ignored, path) || self.freed && is_late_path(schema, path)
                };
                moved.retain(|path| !may(path));
                moved
            }
            // What is gone already is deleted.
            _ if self.verb == Verb::Delete => Vec::new(),
            _ => vec!["the object itself".to_owned()],
        };
        if moved.is_empty() {
            return Ok(());
        }
        let message = format!("not as it was when the plan was made: {}", moved.join(", "));
        Err(Error::new(Class::Refused, MOVED, message))
    }

    /// Makes an object, unless an earlier try has: then that one is completed.
    async fn create(&self, spec: Value, tags: Tags, earlier: &Earlier) -> Result<LiveObject> {
        if earlier.tried
            && let Some(made) = self.made(&spec, &tags, earlier).await?
        {
            return self.complete(made, spec, tags).await;
        }
        if let Some(doubt) = &earlier.doubt {
            return Err(doubt.clone());
        }
        match self.kind.create(&self.aws, &spec, &tags).await {
            Ok(outputs) => Ok(LiveObject {
                kind: self.kind.name().to_owned(),
                region: self.aws.region().to_owned(),
                spec,
                outputs,
                tags,
                status: Status::Usable,
            }),
            // The SDK has sent the call again because the answer to it was lost, or an earlier run was
            // cut short and AWS's lists did not show yet what it had made.
            Err(error) if error.class == Class::Exists => {
                match self.made(&spec, &tags, earlier).await {
                    Ok(Some(made)) => self.complete(made, spec, tags).await,
                    Ok(None) | Err(_) => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// The object that this step has made already, if AWS's lists show one.
    async fn made(
        &self,
        spec: &Value,
        tags: &Tags,
        earlier: &Earlier,
    ) -> Result<Option<LiveObject>> {
        let scope = Scope::of_one(self.kind, spec, tags);
        let found = self.kind.discover(&self.aws, &scope).await?;
        Ok(found.into_iter().find(|object| {
            scope.owns(&object.tags)
                && object.address() == Some(self.address.as_str())
                && object.status != Status::Deleting
                && earlier.replaced.as_deref() != Some(object.id())
        }))
    }

    /// Brings an object that a create has left half made to where it was to be.
    async fn complete(&self, made: LiveObject, mut spec: Value, tags: Tags) -> Result<LiveObject> {
        let missing: Tags =
            tags.into_iter().filter(|(key, value)| made.tags.get(key) != Some(value)).collect();
        carry(self.kind.schema(), &made.spec, &mut spec, &[]);
        // Fields that waited are as the file has them, without what is left to defaults. One that
        // cannot be read is refused when it is sent.
        let canonical = self.kind.canonical(&spec);
        let wanted = canonical.as_ref().unwrap_or(&spec);
        let changes = diff(self.kind.schema(), &made.spec, wanted, &[]);
        if let Some(change) = changes.iter().find(|change| change.replaces) {
            let message =
                format!("{} of this address exists with another {}", made.id(), change.path);
            return Err(Error::new(Class::Refused, OTHER, message));
        }
        if !missing.is_empty() {
            self.kind.tag(&self.aws, &made, &missing, &[]).await?;
        }
        if !changes.is_empty() {
            self.kind.update(&self.aws, &made, &spec).await?;
        }
        let mut tags = made.tags;
        tags.extend(missing);
        Ok(LiveObject { spec, tags, ..made })
    }

    /// The error for an object that could not be deleted, perhaps because of the data in it.
    async fn holding(&self, was: &LiveObject, empty: bool, error: Error) -> Error {
        if !error.is_one_of(self.kind.full()) {
            return error;
        }
        match self.kind.holds(&self.aws, was).await {
            // Somebody has put something in since: another try empties it again.
            Ok(Some(_)) if empty => Error { class: Class::Busy, ..error },
            // No waiting empties it.
            Ok(Some(held)) => {
                let message = format!("it holds {}; AWS says {error}", held.what);
                Error::new(Class::Refused, HOLDS_DATA, message)
            }
            Ok(None) | Err(_) => error,
        }
    }

    /// Makes the step's call; what stands in the way of a delete that AWS has refused for now.
    pub(super) async fn call_or_blocked(
        &self,
        job: Job,
    ) -> Result<LiveObject, (Error, Vec<Blocker>)> {
        let going = match &job {
            Job::Delete { was, .. } => Some(was.clone()),
            Job::Wait { .. } | Job::Create { .. } | Job::Update { .. } => None,
        };
        match (self.call(job).await, going) {
            (Err(error), Some(was)) if error.class == Class::Busy => {
                let blockers = self.kind.blockers(&self.aws, &was).await;
                Err((error, blockers))
            }
            (result, _) => result.map_err(|error| (error, Vec::new())),
        }
    }

    /// Waits until the object is where the step wants it: usable, or gone.
    pub(super) async fn settle(&self, mut object: LiveObject) -> Result<LiveObject> {
        let deadline = self.clock.now() + self.timeout;
        let mut intervals = look_intervals();
        let mut state = String::new();
        loop {
            let seen = match self.verb {
                Verb::Delete => self.look_gone(&object).await,
                _ => self.look_usable(&mut object).await,
            };
            let seen = match seen {
                Ok(None) => return Ok(object),
                Ok(Some(seen)) => seen,
                // The message may repeat what was sent.
                Err(error) if self.may_pass(&error) => error.code,
                Err(error) => return Err(error),
            };
            if seen != state {
                state.clone_from(&seen);
                let (address, step) = (self.address.clone(), self.verb);
                // Nobody may be listening any more.
                let _ = self.events.send(Event::Waiting { address, step, what: seen });
            }
            let now = self.clock.now();
            if now >= deadline {
                return Err(self.too_late(&state));
            }
            let wait = intervals.next().unwrap_or_default();
            self.clock.sleep(wait.min(deadline.checked_sub(now).unwrap())).await;
        }
    }

    /// Nothing when the object is usable, or the state that it is in.
    async fn look_usable(&self, object: &mut LiveObject) -> Result<Option<String>> {
        match self.kind.settle(&self.aws, &mut object.outputs).await? {
            Status::Usable => {
                object.status = Status::Usable;
                Ok(None)
            }
            Status::Pending(state) => Ok(Some(state)),
            Status::Failed(reason) => Err(Error::new(Class::Refused, NEVER_USABLE, reason)),
            Status::Deleting => {
                let message = "the object is being deleted by someone else";
                Err(Error::new(Class::Refused, NEVER_USABLE, message))
            }
        }
    }

    /// Nothing when the object is gone.
    async fn look_gone(&self, object: &LiveObject) -> Result<Option<String>> {
        match self.kind.gone(&self.aws, object).await {
            Ok(true) => Ok(None),
            Ok(false) => Ok(Some("deleting".to_owned())),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether the next look may go better. What was just made is at times not found.
    fn may_pass(&self, error: &Error) -> bool {
        error.is_one_of(self.kind.eventual())
            || match error.class {
                Class::Throttled | Class::Transient | Class::Unreachable | Class::Busy => true,
                Class::NotFound => self.verb == Verb::Create,
                _ => false,
            }
    }

    fn too_late(&self, state: &str) -> Error {
        let wanted = if self.verb == Verb::Delete { "gone" } else { "usable" };
        let seconds = self.timeout.as_secs();
        let message = format!("not {wanted} after {seconds} s; last state: {state}");
        Error::new(Class::Refused, DEADLINE, message)
    }
}
