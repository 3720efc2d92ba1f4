//! A small cloud in memory with a clock of its own. It refuses what AWS refuses: references to
//! what is not there or not usable, and the end of what is still in use.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::apply::clock::Clock;
use crate::apply::stop::Stop;
use crate::aws::{Aws, Class, Error, Result};
use crate::kind::{
    Any, AnyKind, Auto, Blocker, Entry, Holding, Immutable, Kind, Late, Live, LiveObject, Ref,
    Scope, Secret, Set, Status, Tags, field,
};

pub(super) const REGION: &str = "test-1";

/// Time that passes when nothing else can.
#[derive(Clone, Default)]
pub(super) struct Virtual(Arc<Mutex<Timers>>);

#[derive(Default)]
struct Timers {
    now: Duration,
    next: u64,
    waiting: BTreeMap<(Duration, u64), Waker>,
}

impl Virtual {
    fn advance(&self) {
        let mut timers = self.0.lock().unwrap();
        let ((time, _), waker) = timers.waiting.pop_first().expect("something can move");
        timers.now = time;
        drop(timers);
        waker.wake();
    }

    /// Runs a future to its end, at once.
    pub(super) fn run<T>(&self, future: impl Future<Output = T>) -> T {
        struct Flag(AtomicBool);
        impl Wake for Flag {
            fn wake(self: Arc<Self>) {
                self.0.store(true, Ordering::SeqCst);
            }
        }
        let flag = Arc::new(Flag(AtomicBool::new(false)));
        let waker = Waker::from(flag.clone());
        let mut future = pin!(future);
        loop {
            if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return value;
            }
            if !flag.0.swap(false, Ordering::SeqCst) {
                self.advance();
            }
        }
    }
}

impl Clock for Virtual {
    fn now(&self) -> Duration {
        self.0.lock().unwrap().now
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        let timers = self.0.clone();
        let mut until = None;
        std::future::poll_fn(move |context| {
            let mut timers = timers.lock().unwrap();
            let until = *until.get_or_insert(timers.now + time);
            if timers.now >= until {
                return Poll::Ready(());
            }
            let key = (until, timers.next);
            timers.next += 1;
            timers.waiting.insert(key, context.waker().clone());
            Poll::Pending
        })
        .boxed()
    }
}

/// The cloud.
#[derive(Clone, Default)]
pub(super) struct World {
    pub clock: Virtual,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
pub(super) struct Inner {
    made: u32,
    calling: usize,
    /// The most calls that there were at a time.
    pub most: usize,
    /// By id, everything that exists.
    pub objects: BTreeMap<String, Object>,
    /// What worked, in its order: `create a`, `usable a`, `delete a`.
    pub log: Vec<String>,
    /// By `verb address`, what the next calls get instead of an answer.
    pub faults: HashMap<String, VecDeque<Error>>,
    /// Calls that work and whose answer is lost.
    pub lost: BTreeSet<String>,
    /// How many lists still do not show what is there.
    pub lag: u32,
    /// By address, how many looks at it show it as pending.
    pub slow: HashMap<String, u32>,
    /// By `verb address`, how long a call takes instead of [`CALL`].
    pub long: HashMap<String, Duration>,
    /// By address, why it will never be usable.
    pub broken: HashMap<String, String>,
    /// What is said to hold an object that could not be deleted.
    pub blockers: Vec<Blocker>,
    /// Whether objects in use may go: looking for users takes time when there are many.
    pub unchecked: bool,
    /// A call at which someone asks the run to stop, and how often.
    pub stop_at: Option<(String, Stop, u8)>,
}

#[derive(Clone)]
pub(super) struct Object {
    pub address: String,
    pub spec: Value,
    pub tags: Tags,
    pending: u32,
}

/// How long every call takes.
pub(super) const CALL: Duration = Duration::from_millis(200);

impl World {
    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    pub(super) fn aws(&self) -> Aws {
        let config = aws_types::SdkConfig::builder().build();
        let aws = Aws::new(config, REGION, "123456789012", false, Default::default());
        aws.client(|_, _| self.clone());
        aws
    }

    fn of(aws: &Aws) -> Self {
        aws.client(|_, _| Self::default())
    }

    /// The next calls of this verb at this address get these errors.
    pub(super) fn fault(&self, call: &str, class: Class, code: &str, times: usize) {
        let error = Error::new(class, code, "as the test wants it");
        let faults = std::iter::repeat_n(error, times);
        self.lock().faults.entry(call.to_owned()).or_default().extend(faults);
    }

    /// Puts an object there as an earlier run would have made it.
    pub(super) fn put(&self, kind: &str, address: &str, spec: Value) -> LiveObject {
        let find = super::find(kind).unwrap();
        let spec = find.canonical(&spec).unwrap();
        let tags = Tags::from([("infra:address".to_owned(), address.to_owned())]);
        let id = self.lock().insert(address, spec.clone(), tags.clone());
        LiveObject {
            kind: kind.to_owned(),
            region: REGION.to_owned(),
            spec,
            outputs: json!({ "id": id }),
            tags,
            status: Status::Usable,
        }
    }

    /// The same with the tags of its owner, so that lists show it.
    pub(super) fn put_owned(&self, kind: &str, address: &str, spec: Value) -> LiveObject {
        let mut object = self.put(kind, address, spec);
        for (key, value) in [("infra:stack", "shop"), ("infra:environment", "dev")] {
            object.tags.insert(key.to_owned(), value.to_owned());
        }
        self.lock().objects.get_mut(object.id()).unwrap().tags = object.tags.clone();
        object
    }

    async fn call(&self, verb: &str, address: &str) -> Result<()> {
        let call = format!("{verb} {address}");
        {
            let mut inner = self.lock();
            inner.calling += 1;
            inner.most = inner.most.max(inner.calling);
            if let Some((at, stop, times)) = &inner.stop_at
                && *at == call
            {
                (0..*times).for_each(|_| stop.ask());
            }
        }
        let time = self.lock().long.get(&call).copied().unwrap_or(CALL);
        self.clock.sleep(time).await;
        let mut inner = self.lock();
        inner.calling -= 1;
        match inner.faults.get_mut(&call).and_then(VecDeque::pop_front) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

impl Inner {
    fn answer(&mut self, verb: &str, address: &str) -> Result<()> {
        if self.lost.remove(&format!("{verb} {address}")) {
            return Err(Error::new(Class::Unreachable, "Unreachable", "connection reset"));
        }
        Ok(())
    }

    pub(super) fn insert(&mut self, address: &str, spec: Value, tags: Tags) -> String {
        self.made += 1;
        let id = format!("{address}-{}", self.made);
        let pending = self.slow.get(address).copied().unwrap_or_default();
        let object = Object { address: address.to_owned(), spec, tags, pending };
        self.objects.insert(id.clone(), object);
        id
    }

    fn check(&self, spec: &Value) -> Result<()> {
        for id in references(spec) {
            match self.objects.get(&id) {
                Some(object) if object.pending == 0 => {}
                Some(_) => return Err(Error::new(Class::Refused, "NotUsable", id)),
                None => return Err(Error::new(Class::Refused, "NoSuchReference", id)),
            }
        }
        Ok(())
    }

    pub(super) fn specs(&self) -> BTreeMap<String, Value> {
        self.objects.iter().map(|(id, object)| (id.clone(), object.spec.clone())).collect()
    }
}

fn references(spec: &Value) -> Vec<String> {
    let lists = ["uses", "peers"].into_iter().filter_map(|field| spec.get(field)?.as_array());
    lists.flatten().filter_map(|id| Some(id.as_str()?.to_owned())).collect()
}

/// A kind of the cloud: 0 is `test.node`; 1 is `test.later`, made after nodes although no field
/// says so, with an error that passes; 2 is `test.store`, which always holds data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Node<const N: usize> {
    /// What has to be there first.
    #[serde(default)]
    uses: Set<Ref<Any, field::Id>>,
    /// What may be there later.
    #[serde(default)]
    peers: Late<Set<Ref<Any, field::Id>>>,
    /// A number.
    #[serde(default)]
    size: u32,
    /// What makes it another object.
    #[serde(default)]
    place: Immutable<String>,
    /// What the cloud decides when nobody else does.
    #[serde(default, skip_serializing_if = "absent")]
    zone: Auto<String>,
    /// Nobody's business.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<Secret<String>>,
}

fn absent(value: &Auto<String>) -> bool {
    value.is_none()
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Outputs {
    /// The id.
    id: String,
}

impl<const N: usize> Kind for Node<N> {
    const NAME: &'static str = ["test.node", "test.later", "test.store"][N];
    type Outputs = Outputs;
    const ARN: Option<&'static str> = None;
    const AFTER: &'static [&'static str] = [&[], &["test.node"] as &[_], &[]][N];
    const CLAIMS: &'static [&'static str] = &["place"];
    const EVENTUAL: &'static [(&'static str, &'static str)] = &[("NotYet", "")];
    const DATA: bool = N == 2;
    const FULL: &'static [(&'static str, &'static str)] = &[("NotEmpty", "")];

    async fn discover(aws: &Aws, scope: &Scope) -> Result<Vec<Live<Self>>> {
        let world = World::of(aws);
        let mut inner = world.lock();
        inner.log.push("list".to_owned());
        if inner.lag > 0 {
            inner.lag -= 1;
            return Ok(Vec::new());
        }
        let owned = inner.objects.iter().filter(|(_, object)| scope.owns(&object.tags));
        let live = |(id, object): (&String, &Object)| Live {
            spec: serde_json::from_value(object.spec.clone()).unwrap(),
            outputs: Outputs { id: id.clone() },
            tags: object.tags.clone(),
            status: Status::Usable,
        };
        Ok(owned.map(live).collect())
    }

    async fn create(aws: &Aws, new: &Self, tags: &Tags) -> Result<Outputs> {
        let (world, address) = (World::of(aws), tags["infra:address"].clone());
        world.call("create", &address).await?;
        let mut inner = world.lock();
        let spec = serde_json::to_value(new).unwrap();
        inner.check(&spec)?;
        inner.log.push(format!("create {address}"));
        let id = inner.insert(&address, spec, tags.clone());
        inner.answer("create", &address).map(|()| Outputs { id })
    }

    async fn update(aws: &Aws, was: &Live<Self>, now: &Self) -> Result<()> {
        assert_eq!(was.spec.place, now.place, "what is immutable never differs");
        let (world, id) = (World::of(aws), &was.outputs.id);
        let address = was.tags["infra:address"].clone();
        world.call("update", &address).await?;
        let mut inner = world.lock();
        let spec = serde_json::to_value(now).unwrap();
        inner.check(&spec)?;
        let before = serde_json::to_value(&was.spec).unwrap();
        assert_eq!(inner.objects[id].spec, before, "an update knows what is there");
        inner.log.push(format!("update {address}"));
        inner.objects.get_mut(id).unwrap().spec = spec;
        inner.answer("update", &address)
    }

    async fn delete(aws: &Aws, was: &Live<Self>) -> Result<()> {
        let (world, id) = (World::of(aws), &was.outputs.id);
        let address = was.tags["infra:address"].clone();
        world.call("delete", &address).await?;
        let mut inner = world.lock();
        let mut others = inner.objects.iter().filter(|(other, _)| *other != id);
        if !inner.unchecked && others.any(|(_, object)| references(&object.spec).contains(id)) {
            inner.log.push(format!("busy {address}"));
            return Err(Error::new(Class::Busy, "DependencyViolation", "it is in use"));
        }
        inner.log.push(format!("delete {address}"));
        inner.objects.remove(id);
        Ok(())
    }

    async fn holds(_: &Aws, _: &Live<Self>) -> Result<Option<Holding>> {
        Ok(Holding::count(usize::from(Self::DATA), false, "thing", "things"))
    }

    async fn blockers(aws: &Aws, _: &Live<Self>) -> Vec<Blocker> {
        World::of(aws).lock().blockers.clone()
    }

    async fn tag(aws: &Aws, was: &Live<Self>, set: &Tags, _: &[String]) -> Result<()> {
        let world = World::of(aws);
        world.call("tag", &was.tags["infra:address"]).await?;
        let mut inner = world.lock();
        inner.log.push(format!("tag {}", was.tags["infra:address"]));
        inner.objects.get_mut(&was.outputs.id).unwrap().tags.extend(set.clone());
        Ok(())
    }

    async fn settle(aws: &Aws, outputs: &mut Outputs) -> Result<Status> {
        let world = World::of(aws);
        let mut inner = world.lock();
        let object = inner.objects.get_mut(&outputs.id).unwrap();
        let address = object.address.clone();
        if object.pending > 0 {
            object.pending -= 1;
            return Ok(Status::Pending("getting ready".to_owned()));
        }
        if let Some(reason) = inner.broken.get(&address) {
            return Ok(Status::Failed(reason.clone()));
        }
        inner.log.push(format!("usable {address}"));
        Ok(Status::Usable)
    }
}

static KINDS: LazyLock<[Box<dyn AnyKind>; 3]> = LazyLock::new(|| {
    [Entry::<Node<0>>::boxed(), Entry::<Node<1>>::boxed(), Entry::<Node<2>>::boxed()]
});

/// The kinds of the cloud.
pub(super) fn find(name: &str) -> Option<&'static dyn AnyKind> {
    KINDS.iter().map(AsRef::as_ref).find(|kind| kind.name() == name)
}
