//! What a step sends: its job, with everything that is known by now.

use serde_json::Value;

use super::{Engine, State};
use crate::apply::error::UNRESOLVED;
use crate::apply::event::Verb;
use crate::apply::known::unknown;
use crate::apply::late::{hold_back, is_late_path, merge, redact, secrets};
use crate::apply::work::{Earlier, Job};
use crate::aws::{Class, Error, Result};
use crate::kind::{AnyKind, LiveObject, Tags, ownership};
use crate::plan::diff::carry;
use crate::plan::{Action, Item};

impl Engine<'_> {
    /// The object of a reviewed plan that a step is the first to touch. One that is replaced is looked
    /// at before the new one is made.
    pub(super) fn reviewed(&self, step: usize) -> Option<LiveObject> {
        self.context.options.on_moved?;
        let place = self.steps.steps[step].item;
        let touched = self.steps.own[place].iter().any(|&own| {
            own != step && !matches!(self.progress[own].state, State::Blocked | State::Ready)
        });
        let waits = self.verb(step) == Verb::Wait;
        let is_first = !touched && !waits && !self.progress[step].tries.again();
        is_first.then(|| self.context.plan.items[place].live.as_deref().cloned()).flatten()
    }

    /// What a step sends, with everything that is known by now.
    pub(super) fn job(&mut self, step: usize, kind: &dyn AnyKind) -> Result<Job> {
        let item = self.item(step);
        let schema = kind.schema().json();
        let objects = &self.objects[self.steps.steps[step].item];
        let absent = || Error::new(Class::Refused, "InvalidPlan", "the plan has no live object");
        let new = || objects.new.clone().ok_or_else(absent);
        let again = self.progress[step].tries.again();
        let only_spec =
            |was, now| Job::Update { was, now, set: Tags::new(), remove: Vec::new(), again };
        let (job, secrets) = match self.verb(step) {
            Verb::Wait => (Job::Wait { object: new()? }, Vec::new()),
            Verb::Delete => {
                let was = objects.old.clone().ok_or_else(absent)?;
                let empty = self.context.options.delete_data && kind.holds_data();
                (Job::Delete { was, empty }, Vec::new())
            }
            Verb::Unlink => {
                let was = objects.old.clone().or_else(|| objects.new.clone());
                let was = was.ok_or_else(absent)?;
                let now = hold_back(schema, &was.spec, None);
                (only_spec(was, Some(now)), Vec::new())
            }
            Verb::Create => {
                let mut spec = self.spec(item)?;
                if self.completes(step) {
                    spec = hold_back(schema, &spec, None);
                }
                whole(schema, &spec)?;
                let secrets = secrets(schema, &spec);
                let earlier = Earlier {
                    tried: again,
                    doubt: self.progress[step].tries.doubt(self.context.clock.now()),
                    replaced: objects.old.as_ref().map(|old| old.id().to_owned()),
                };
                (Job::Create { spec, tags: self.tags(item), earlier }, secrets)
            }
            Verb::Complete => {
                let was = new()?;
                let now = self.changed(item, kind, &was, false)?;
                let secrets = secrets(schema, &now);
                (only_spec(was, Some(now)), secrets)
            }
            Verb::Update => {
                let was = new()?;
                let hold = self.completes(step);
                let unlinked = item.live.as_ref().is_some_and(|live| live.spec != was.spec);
                let changes = item.changes.iter().any(|change| {
                    let later = hold && is_late_path(schema, &change.path);
                    !change.path.starts_with("tags.") && !later
                });
                let now = (changes || unlinked && !hold)
                    .then(|| self.changed(item, kind, &was, hold))
                    .transpose()?;
                let secrets = now.as_ref().map(|now| secrets(schema, now)).unwrap_or_default();
                let (set, remove) = (item.tags.clone(), item.untag.clone());
                (Job::Update { was, now, set, remove, again }, secrets)
            }
        };
        self.progress[step].secrets = secrets;
        Ok(job)
    }

    /// The spec that an object is brought to; `hold` leaves its late fields as they are.
    fn changed(
        &self,
        item: &Item,
        kind: &dyn AnyKind,
        was: &LiveObject,
        hold: bool,
    ) -> Result<Value> {
        let mut now = self.spec(item)?;
        if hold {
            now = hold_back(kind.schema().json(), &now, Some(&was.spec));
        }
        let is_new = matches!(item.action, Action::Create | Action::Replace { .. });
        let ignored = if is_new { &[] } else { self.context.declared.ignored(&item.address) };
        carry(kind.schema(), &was.spec, &mut now, ignored);
        whole(kind.schema().json(), &now)?;
        Ok(now)
    }

    /// Whether the item's late fields have a step of their own.
    fn completes(&self, step: usize) -> bool {
        let own = &self.steps.own[self.steps.steps[step].item];
        own.iter().any(|&step| self.verb(step) == Verb::Complete)
    }

    /// The spec to reach, as far as it is known by now.
    fn spec(&self, item: &Item) -> Result<Value> {
        let resolved = self
            .context
            .declared
            .resolve(&item.address, &self.known)
            .transpose()
            .map_err(|message| Error::new(Class::Refused, UNRESOLVED, message))?;
        match (resolved, &item.desired) {
            (Some(resolved), Some(planned)) => Ok(merge(planned, resolved)),
            (Some(spec), None) => Ok(spec),
            (None, Some(spec)) => Ok(spec.clone()),
            (None, None) => {
                Err(Error::new(Class::Refused, "InvalidPlan", "the plan says of no spec"))
            }
        }
    }

    /// The tags of a new object; it is never made without its owner's.
    fn tags(&self, item: &Item) -> Tags {
        let mut tags = item.tags.clone();
        let plan = self.context.plan;
        for (name, value) in [
            (ownership::STACK, plan.stack.as_str()),
            (ownership::ENVIRONMENT, plan.environment.as_str()),
            (ownership::ADDRESS, item.address.as_str()),
        ] {
            tags.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        }
        tags
    }
}

/// The error for a spec that still waits for something.
fn whole(schema: &Value, spec: &Value) -> Result<()> {
    match unknown(spec) {
        None => Ok(()),
        Some(text) => {
            let mut message = format!("`{text}` is still not known");
            redact(&mut message, &secrets(schema, spec));
            Err(Error::new(Class::Refused, UNRESOLVED, message))
        }
    }
}
