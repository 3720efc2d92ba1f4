//! The scheduler: a step starts as soon as the steps that it needs are done.
//!
//! All of it is one task. Calls, waits for objects and pauses before another try are futures in one
//! set; only calls count against the limit, so that neither a database that takes its time nor a
//! subnet that is still in use keeps others from getting on.

mod send;
mod tries;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::FutureExt;
use futures::StreamExt;
use futures::future::{BoxFuture, OptionFuture};
use futures::stream::FuturesUnordered;
use tokio::sync::mpsc::UnboundedSender;

use crate::aws::{Aws, Class, Error, Result};
use crate::kind::{AnyKind, Blocker, LiveObject};
use crate::model::Address;
use crate::plan::saved::Withheld;
use crate::plan::{Action, Find, Item, Plan};

use super::clock::{Clock, millis};
use super::error::{Failure, MOVED, advice};
use super::event::{Event, Verb};
use super::known::Known;
use super::late::redact;
use super::retry::backoff;
use super::steps::{Step, Steps, steps};
use super::stop::Stop;
use super::work::Site;
use super::{Declared, Done, Left, OnMoved, Options, Outcome, Skipped};

use tries::{Next, Tries};

/// What a run works with.
pub(super) struct Context<'a> {
    pub plan: &'a Plan,
    pub declared: &'a dyn Declared,
    /// By name, the regions of the plan's items.
    pub regions: BTreeMap<String, Aws>,
    pub find: Find,
    pub options: &'a Options,
    pub clock: &'a dyn Clock,
}

impl Context<'_> {
    /// Runs the plan to its end.
    pub(super) async fn run(&self, events: &UnboundedSender<Event>, stop: &Stop) -> Outcome {
        match steps(self.plan, self.declared, self.find) {
            Ok(steps) => Engine::new(self, &steps, events).run(stop).await,
            Err(cycle) => self.stuck(&cycle),
        }
    }

    /// Steps that need each other: nothing is tried.
    fn stuck(&self, cycle: &[Step]) -> Outcome {
        let item = |step: &Step| &self.plan.items[step.item];
        let names = cycle.iter().map(|step| format!("{} `{}`", step.verb, item(step).address));
        let names = names.collect::<Vec<_>>().join(", ");
        let failure = cycle.first().map(|step| Failure {
            address: item(step).address.clone(),
            kind: item(step).kind.clone(),
            verb: step.verb,
            error: Error::new(Class::Refused, "Cycle", format!("each needs the next: {names}")),
            advice: "nothing was done; split the change in two: take one of the references out, \
                     apply, put it back"
                .to_owned(),
        });
        Outcome { failed: failure.into_iter().collect(), ..Outcome::default() }
    }
}

/// How long a run that is to stop still waits for objects to become usable.
const GRACE: Duration = Duration::from_secs(4);
/// How much longer it waits for calls that are under way. A pipeline that is cancelled is killed
/// after 7.5 s, and then could not say what is left.
const LAST_GRACE: Duration = Duration::from_secs(2);

/// Where a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It needs others.
    Blocked,
    /// Nothing holds it but the limit.
    Ready,
    /// Its call is under way.
    Calling,
    /// It pauses before another try.
    Pausing,
    /// AWS has accepted it; its object is waited for.
    Settling,
    /// It is done.
    Done,
    /// It failed, or something that it needs did.
    Over,
}

struct Progress {
    state: State,
    needs: usize,
    tries: Tries,
    secrets: Vec<String>,
}

/// What an item's objects are at this instant.
struct Objects {
    /// The object that is to stay: the live one, or the one that was made.
    new: Option<LiveObject>,
    /// The object that is to go.
    old: Option<LiveObject>,
}

/// What a future of the set brings.
enum Report {
    Called(usize, Result<LiveObject, (Error, Vec<Blocker>)>),
    Paused(usize),
    Settled(usize, Result<LiveObject>),
}

struct Engine<'a> {
    context: &'a Context<'a>,
    steps: &'a Steps,
    events: &'a UnboundedSender<Event>,
    progress: Vec<Progress>,
    ready: BTreeSet<usize>,
    calling: usize,
    settling: usize,
    objects: Vec<Objects>,
    known: Known,
    flying: FuturesUnordered<BoxFuture<'a, Report>>,
    /// Whether no more steps are started because something is not as it was reviewed.
    halted: bool,
    outcome: Outcome,
}

impl<'a> Engine<'a> {
    fn new(context: &'a Context<'a>, steps: &'a Steps, events: &'a UnboundedSender<Event>) -> Self {
        let progress: Vec<Progress> = steps
            .needs
            .iter()
            .map(|&needs| Progress {
                state: if needs == 0 { State::Ready } else { State::Blocked },
                needs,
                tries: Tries::default(),
                secrets: Vec::new(),
            })
            .collect();
        let ready = (0..progress.len()).filter(|&step| progress[step].needs == 0).collect();
        let mut known = Known::default();
        let mut objects = Vec::with_capacity(context.plan.items.len());
        for item in &context.plan.items {
            let goes = matches!(item.action, Action::Delete | Action::Replace { .. });
            let (new, old) =
                if goes { (None, item.live.as_deref()) } else { (item.live.as_deref(), None) };
            if let Some(kind) = (context.find)(&item.kind) {
                match (new, &item.desired) {
                    (Some(live), _) => known.exists(&item.address, kind, live),
                    (None, Some(spec)) => known.planned(&item.address, kind, spec),
                    (None, None) => {}
                }
            }
            objects.push(Objects { new: new.cloned(), old: old.cloned() });
        }
        let flying = FuturesUnordered::new();
        let outcome = Outcome::default();
        let (calling, settling) = (0, 0);
        Self {
            context,
            steps,
            events,
            progress,
            ready,
            calling,
            settling,
            objects,
            known,
            flying,
            halted: false,
            outcome,
        }
    }

    async fn run(mut self, stop: &Stop) -> Outcome {
        self.tell(Event::Begun { steps: self.steps.steps.len() });
        // What moved is told with its reason, even where it also needs what nobody reviewed.
        let withheld = &self.context.options.withheld;
        let (unreviewed, moved): (Vec<_>, Vec<_>) =
            withheld.iter().partition(|(_, why)| **why == Withheld::Unreviewed);
        for (&place, why) in moved.into_iter().chain(unreviewed) {
            self.withhold(place, why);
        }
        let mut seen = 0;
        let mut grace: Option<BoxFuture<'a, ()>> = None;
        let mut patient = true;
        loop {
            let goes_on = !stop.is_asked() && !self.halted;
            if goes_on {
                self.start_ready();
            }
            // What pauses is not tried again once the run is to stop.
            let pauses = goes_on && !self.flying.is_empty();
            let settling = if patient { self.settling } else { 0 };
            if !pauses && self.calling + settling == 0 {
                break;
            }
            tokio::select! {
                biased;
                () = stop.asked_more_than(seen) => {
                    seen += 1;
                    self.tell(Event::Stopping { now: stop.is_now() });
                    if stop.is_now() {
                        break;
                    }
                    grace = Some(self.context.clock.sleep(GRACE));
                }
                () = OptionFuture::from(grace.as_mut()).map(drop), if grace.is_some() => {
                    grace = patient.then(|| self.context.clock.sleep(LAST_GRACE));
                    if !patient {
                        // What was sent may still take effect: from here on it is as if asked twice.
                        stop.ask();
                    }
                    patient = false;
                }
                Some(report) = self.flying.next() => self.take(report),
            }
        }
        self.outcome.interrupted = stop.is_asked();
        self.end()
    }

    /// Ends an item's steps, and all that needs them, before anything begins.
    fn withhold(&mut self, place: usize, why: &Withheld) {
        let mut reason = match why {
            Withheld::Moved(reason) => Some(reason),
            Withheld::Unreviewed => None,
        };
        let steps = self.steps;
        for &step in steps.own.get(place).into_iter().flatten() {
            self.ready.remove(&step);
            if self.progress[step].state == State::Over {
                continue;
            }
            if let Some(reason) = reason.take() {
                self.fail(step, Error::new(Class::Refused, MOVED, reason));
            } else {
                self.progress[step].state = State::Over;
                self.skip_after(step, &self.item(step).address);
            }
        }
    }

    /// Whether nobody asked for the step: it is of no interest that it is not tried.
    fn is_unreviewed(&self, step: usize) -> bool {
        let place = self.steps.steps[step].item;
        self.context.options.withheld.get(&place) == Some(&Withheld::Unreviewed)
    }

    fn tell(&self, event: Event) {
        // Nobody may be listening any more.
        let _ = self.events.send(event);
    }

    fn item(&self, step: usize) -> &'a Item {
        &self.context.plan.items[self.steps.steps[step].item]
    }

    fn verb(&self, step: usize) -> Verb {
        self.steps.steps[step].verb
    }

    fn start_ready(&mut self) {
        while self.calling < self.context.options.parallelism.max(1) {
            let Some(step) = self.ready.pop_first() else { return };
            self.start(step);
        }
    }

    /// Starts a step, or fails it when it cannot even be put.
    fn start(&mut self, step: usize) {
        let (item, verb) = (self.item(step), self.verb(step));
        if self.progress[step].tries.count == 0 {
            let (address, kind) = (item.address.clone(), item.kind.clone());
            self.tell(Event::Started { address, kind, action: item.action, step: verb });
        }
        self.progress[step].tries.begin(self.context.clock.now());
        let Some(kind) = (self.context.find)(&item.kind) else {
            let message = format!("there is no kind `{}`", item.kind);
            return self.fail(step, Error::new(Class::Refused, "UnknownKind", message));
        };
        match self.job(step, kind) {
            Ok(job) => {
                let site = self.site(step, kind);
                self.progress[step].state = State::Calling;
                self.calling += 1;
                let call = async move { Report::Called(step, site.call_or_blocked(job).await) };
                self.flying.push(call.boxed());
            }
            Err(error) => self.fail(step, error),
        }
    }

    fn site(&self, step: usize, kind: &'static dyn AnyKind) -> Site<'a> {
        let item = self.item(step);
        Site {
            kind,
            aws: self.context.regions[&item.region].clone(),
            address: &item.address,
            verb: self.verb(step),
            reviewed: self.reviewed(step),
            ignored: self.context.declared.ignored(&item.address),
            freed: self.steps.freed.contains(&self.steps.steps[step].item),
            timeout: self.timeout(item, kind),
            clock: self.context.clock,
            events: self.events,
        }
    }

    fn timeout(&self, item: &Item, kind: &dyn AnyKind) -> Duration {
        self.context.declared.timeout(&item.address).unwrap_or_else(|| kind.timeout())
    }

    fn take(&mut self, report: Report) {
        match &report {
            Report::Called(..) => self.calling -= 1,
            Report::Settled(..) => self.settling -= 1,
            Report::Paused(_) => {}
        }
        match report {
            Report::Called(step, Ok(object)) => self.accepted(step, object),
            Report::Called(step, Err((error, blockers))) => {
                self.called_in_vain(step, error, blockers);
            }
            Report::Paused(step) => {
                self.progress[step].state = State::Ready;
                self.ready.insert(step);
            }
            Report::Settled(step, Ok(object)) => self.settled(step, object),
            Report::Settled(step, Err(error)) => self.fail(step, error),
        }
    }

    fn accepted(&mut self, step: usize, object: LiveObject) {
        let (item, verb) = (self.item(step), self.verb(step));
        if verb != Verb::Wait {
            self.tell(Event::Accepted { address: item.address.clone(), step: verb });
        }
        // Tags change nothing about whether an object is usable, nor does what it is about to lose.
        let objects = &self.objects[self.steps.steps[step].item];
        let same = objects.new.as_ref().is_some_and(|was| was.spec == object.spec);
        let only_tags = verb == Verb::Update && same;
        let Some(kind) = (self.context.find)(&item.kind) else { return };
        if verb == Verb::Unlink || only_tags {
            return self.settled(step, object);
        }
        self.keep_object(step, &object);
        self.progress[step].state = State::Settling;
        self.settling += 1;
        let site = self.site(step, kind);
        self.flying.push(async move { Report::Settled(step, site.settle(object).await) }.boxed());
    }

    fn called_in_vain(&mut self, step: usize, mut error: Error, blockers: Vec<Blocker>) {
        let (item, verb) = (self.item(step), self.verb(step));
        let Some(kind) = (self.context.find)(&item.kind) else { return };
        redact(&mut error.message, &self.progress[step].secrets);
        let timeout = self.timeout(item, kind);
        let now = self.context.clock.now();
        let progress = &mut self.progress[step];
        let next = progress.tries.failed(verb, kind, timeout, now, &mut error, blockers);
        let (left, by) = match next {
            Next::Again { left, by } => (left, by),
            Next::GiveUp(Some(advice)) => return self.fail_with(step, error, advice),
            Next::GiveUp(None) => return self.fail(step, error),
        };
        progress.state = State::Pausing;
        let attempt = progress.tries.count;
        let pause = backoff(self.context.options.seed, step, attempt).min(left);
        let pause = pause.max(Duration::from_millis(1));
        let address = item.address.clone();
        if by.is_empty() {
            let (error, after_ms) = (error.to_string(), millis(pause));
            self.tell(Event::Retrying { address, step: verb, error, attempt, after_ms });
        } else if progress.tries.is_news(&by) {
            self.tell(Event::Blocked { address, step: verb, by });
        }
        let clock = self.context.clock;
        self.flying.push(clock.sleep(pause).map(move |()| Report::Paused(step)).boxed());
    }

    fn keep_object(&mut self, step: usize, object: &LiveObject) {
        let goes = match self.verb(step) {
            Verb::Delete => true,
            Verb::Unlink => self.objects[self.steps.steps[step].item].old.is_some(),
            Verb::Wait | Verb::Create | Verb::Update | Verb::Complete => false,
        };
        let objects = &mut self.objects[self.steps.steps[step].item];
        let place = if goes { &mut objects.old } else { &mut objects.new };
        *place = Some(object.clone());
    }

    fn settled(&mut self, step: usize, object: LiveObject) {
        let (item, verb) = (self.item(step), self.verb(step));
        let now = self.context.clock.now();
        let elapsed = millis(now.saturating_sub(self.progress[step].tries.started));
        self.tell(Event::Done {
            address: item.address.clone(),
            kind: item.kind.clone(),
            step: verb,
            id: object.id().to_owned(),
            elapsed_ms: elapsed,
        });
        self.keep_object(step, &object);
        if matches!(verb, Verb::Wait | Verb::Create | Verb::Update | Verb::Complete)
            && let Some(kind) = (self.context.find)(&item.kind)
        {
            self.known.exists(&item.address, kind, &object);
        }
        self.progress[step].state = State::Done;
        for &next in &self.steps.next[step] {
            let progress = &mut self.progress[next];
            progress.needs -= 1;
            if progress.needs == 0 && progress.state == State::Blocked {
                progress.state = State::Ready;
                self.ready.insert(next);
            }
        }
        self.item_done(self.steps.steps[step].item, now);
    }

    /// Notes an item whose last step has ended well.
    fn item_done(&mut self, place: usize, now: Duration) {
        let own = || self.steps.own[place].iter().map(|&step| &self.progress[step]);
        if !own().all(|progress| progress.state == State::Done) {
            return;
        }
        let started = own().map(|progress| progress.tries.started).min().unwrap_or_default();
        let item = &self.context.plan.items[place];
        self.outcome.done.push(Done {
            address: item.address.clone(),
            kind: item.kind.clone(),
            action: item.action,
            elapsed_ms: millis(now.saturating_sub(started)),
        });
    }

    /// Ends a step, and all that needs it.
    fn fail(&mut self, step: usize, error: Error) {
        let (item, verb) = (self.item(step), self.verb(step));
        let advice = advice(&error, verb, &item.kind, &item.address);
        self.fail_with(step, error, advice);
    }

    /// Ends a step, and all that needs it; it is known what to do.
    fn fail_with(&mut self, step: usize, mut error: Error, advice: String) {
        let (item, verb) = (self.item(step), self.verb(step));
        self.halted |= error.code == MOVED && self.context.options.on_moved == Some(OnMoved::Stop);
        redact(&mut error.message, &self.progress[step].secrets);
        self.progress[step].state = State::Over;
        self.tell(Event::Failed {
            address: item.address.clone(),
            kind: item.kind.clone(),
            step: verb,
            error: error.to_string(),
            advice: advice.clone(),
        });
        let (address, kind) = (item.address.clone(), item.kind.clone());
        self.outcome.failed.push(Failure { address, kind, verb, error, advice });
        self.skip_after(step, &item.address);
    }

    fn skip_after(&mut self, failed: usize, because: &Address) {
        let mut front: BTreeSet<usize> = self.steps.next[failed].iter().copied().collect();
        while let Some(step) = front.pop_first() {
            if self.progress[step].state == State::Over {
                continue;
            }
            self.progress[step].state = State::Over;
            front.extend(&self.steps.next[step]);
            if self.is_unreviewed(step) {
                continue;
            }
            let item = self.item(step);
            let skipped = Skipped {
                address: item.address.clone(),
                kind: item.kind.clone(),
                step: self.verb(step),
                because: because.clone(),
            };
            self.tell(Event::Skipped {
                address: skipped.address.clone(),
                kind: skipped.kind.clone(),
                step: skipped.step,
                because: skipped.because.clone(),
            });
            self.outcome.skipped.push(skipped);
        }
    }

    fn end(mut self) -> Outcome {
        for (step, progress) in self.progress.iter().enumerate() {
            if !matches!(progress.state, State::Done | State::Over) {
                let item = self.item(step);
                self.outcome.left.push(Left {
                    address: item.address.clone(),
                    kind: item.kind.clone(),
                    step: self.verb(step),
                    begun: progress.tries.count > 0,
                });
            }
        }
        self.outcome.outputs = self.context.declared.outputs(&self.known.shown());
        self.tell(Event::Ended {
            done: self.outcome.done.len(),
            failed: self.outcome.failed.len(),
            skipped: self.outcome.skipped.len(),
            left: self.outcome.left.len(),
        });
        self.outcome
    }
}
