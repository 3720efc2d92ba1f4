//! AWS → snapshot: the ownership sweep and concurrent discovery.
//!
//! The cost is one sweep per region, one for what has no region, and about one list per kind and
//! region. A list that is denied, throttled for good or broken fails the whole snapshot: it never
//! reads as "absent".

mod adopt;
pub mod age;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::aws::{self, Aws, Class, Session};
use crate::kind::{AnyKind, LiveObject, Scope, Status, Tags, Whose, ownership};
use crate::model::{Resource, Stack};

/// Lists under way at once.
const CONCURRENCY: usize = 16;

/// All objects that belong to one environment of a stack, and foreign ones that bear a name it
/// needs, as read from AWS at one time.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Snapshot {
    /// The account's twelve digits.
    pub account: String,
    /// The objects, sorted by region, kind, address and id; plans share them.
    pub objects: Vec<Arc<LiveObject>>,
}

/// The region where the tagging API shows what belongs to none: hosted zones, for instance.
const GLOBAL: &str = "us-east-1";

/// How thorough a snapshot is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Kinds that the stack file declares, that the sweep has seen, or that the sweep cannot see.
    Needed,
    /// Every kind in every region: for a teardown, where a miss would be left behind.
    Everything,
}

/// Lists that failed.
#[derive(Debug, thiserror::Error)]
pub struct DiscoveryError {
    failures: Vec<Failure>,
}

#[derive(Debug)]
struct Failure {
    kind: &'static str,
    region: String,
    error: aws::Error,
}

impl fmt::Display for DiscoveryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the account could not be read, so nothing is planned and nothing was changed")?;
        for Failure { kind, region, error } in &self.failures {
            write!(f, "\n  reading {kind} in {region}: {error}")?;
        }
        let advice = match self.failures.first().map(|failure| failure.error.class) {
            Some(Class::Denied) => "allow the operations named above for these credentials",
            Some(Class::Throttled) => "AWS limits the calls of this account: try again later",
            Some(Class::Unreachable) => "check the network, the region and --endpoint-url",
            Some(Class::NotImplemented) => "this endpoint is no AWS that knows these kinds",
            _ => "try again; if it stays, the request ids help AWS's support",
        };
        write!(f, "\n  help: {advice}")
    }
}

impl Snapshot {
    /// Reads the account.
    pub async fn read(
        session: &Session,
        stack: &Stack,
        reach: Reach,
    ) -> Result<Self, DiscoveryError> {
        let regions = stack.regions.iter().map(String::as_str);
        let global = (!stack.regions.iter().any(|region| region == GLOBAL)).then_some(GLOBAL);
        let regions: Vec<Aws> =
            regions.chain(global).map(|region| session.region(region)).collect();
        let mut swept: Vec<(Aws, BTreeMap<String, Tags>)> = stream::iter(regions)
            .map(|aws| async move {
                let tags = [
                    (ownership::STACK, stack.name.as_str()),
                    (ownership::ENVIRONMENT, stack.environment.as_str()),
                ];
                let swept =
                    aws::sweep(&aws, &tags).await.map_err(|error| failure("tags", &aws, error));
                swept.map(|swept| (aws, swept))
            })
            .buffered(CONCURRENCY)
            .try_collect()
            .await
            .map_err(|failure| DiscoveryError { failures: vec![failure] })?;
        let found = swept.iter().find(|(aws, _)| aws.region() == GLOBAL);
        let without_region = found.map(|(_, tags)| tags.clone()).unwrap_or_default();
        swept.truncate(stack.regions.len());

        let without_region = &without_region;
        let lists = swept.iter().flat_map(|(aws, swept)| {
            crate::kinds::all().filter_map(move |kind| {
                let swept = if kind.is_global() { without_region } else { swept };
                let scope = scope(kind, aws, stack, swept);
                let home_only = kind.is_global() && aws.region() != stack.region;
                let is_possible = kind.arn().is_none()
                    || !scope.swept.is_empty()
                    || scope.declared > 0
                    || reach == Reach::Everything;
                (!home_only && is_possible).then(|| List { kind, aws: aws.clone(), scope })
            })
        });
        // Services share types of objects. What the sweep has seen of another kind of the same type
        // is looked for again only where that one does not show it.
        let (first, later): (Vec<List>, Vec<List>) =
            lists.partition(|list| reach == Reach::Everything || !list.is_of_others(stack));
        let mut objects = read_all(first).await?;
        let shown: BTreeSet<&str> =
            objects.iter().filter_map(|object| object.outputs.get("arn")?.as_str()).collect();
        let missed = |list: &List| list.scope.swept.keys().any(|arn| !shown.contains(arn.as_str()));
        let later = later.into_iter().filter(missed).collect();
        objects.extend(read_all(later).await?);
        let adopted = adopt::objects(session, stack, &objects).await?;
        objects.extend(adopted);
        objects.sort_by(|a, b| key(a).cmp(&key(b)));
        Ok(Self { account: session.account().to_owned(), objects })
    }

    /// Reads all that an account has of some kinds, whoever owns it, in some regions, of which the first
    /// shows what belongs to none.
    pub async fn of_account(
        session: &Session,
        regions: &[String],
        kinds: &[&'static dyn AnyKind],
    ) -> Result<Self, DiscoveryError> {
        let lists = regions.iter().enumerate().flat_map(|(place, region)| {
            let kinds = kinds.iter().filter(move |kind| place == 0 || !kind.is_global());
            kinds.map(move |&kind| List {
                kind,
                aws: session.region(region),
                scope: Scope::anybodys(kind),
            })
        });
        let mut objects = read_all(lists.collect()).await?;
        objects.retain(|object| object.status != Status::Deleting);
        objects.sort_by(|a, b| key(a).cmp(&key(b)));
        Ok(Self { account: session.account().to_owned(), objects })
    }

    /// The objects that belong to this environment of the stack.
    pub fn owned<'a>(&'a self, stack: &'a Stack) -> impl Iterator<Item = &'a LiveObject> {
        let scope = Scope {
            stack: stack.name.clone(),
            environment: stack.environment.clone(),
            ..Scope::default()
        };
        self.objects.iter().map(Arc::as_ref).filter(move |object| scope.owns(&object.tags))
    }
}

/// What is asked of AWS about one kind in one region.
struct List {
    kind: &'static dyn AnyKind,
    aws: Aws,
    scope: Scope,
}

impl List {
    /// Whether all that could be found are objects that the stack file declares as other kinds.
    fn is_of_others(&self, stack: &Stack) -> bool {
        let is_of_another = |(arn, tags): (&String, &Tags)| {
            let address = tags.get(ownership::ADDRESS);
            stack.resources.values().any(|resource| {
                Some(resource.address.as_str()) == address.map(String::as_str)
                    && resource.kind.name() != self.kind.name()
                    && is_of(resource.kind, arn)
            })
        };
        let swept = &self.scope.swept;
        self.kind.arn().is_some()
            && self.scope.declared == 0
            && !swept.is_empty()
            && swept.iter().all(is_of_another)
    }
}

/// Makes lists, several at once: their objects, in the lists' order.
async fn read_all(lists: Vec<List>) -> Result<Vec<Arc<LiveObject>>, DiscoveryError> {
    let results: Vec<Result<Vec<LiveObject>, Failure>> = stream::iter(lists)
        .map(|List { kind, aws, scope }| async move {
            let objects = kind.discover(&aws, &scope).await;
            objects.map_err(|error| failure(kind.name(), &aws, error))
        })
        .buffered(CONCURRENCY)
        .collect()
        .await;
    let mut objects = Vec::new();
    let mut failures = Vec::new();
    for result in results {
        match result {
            Ok(found) => objects.extend(found.into_iter().map(Arc::new)),
            Err(failure) => failures.push(failure),
        }
    }
    if failures.is_empty() { Ok(objects) } else { Err(DiscoveryError { failures }) }
}

fn failure(kind: &'static str, aws: &Aws, error: aws::Error) -> Failure {
    Failure { kind, region: aws.region().to_owned(), error }
}

fn key(object: &LiveObject) -> (&str, &str, Option<&str>, &str) {
    (&object.region, &object.kind, object.address(), object.id())
}

/// What is known of a kind in a region before it is listed.
fn scope(
    kind: &'static dyn AnyKind,
    aws: &Aws,
    stack: &Stack,
    swept: &BTreeMap<String, Tags>,
) -> Scope {
    let name_field = kind.schema().name_field();
    let here: Vec<&Resource> = stack
        .resources
        .values()
        .filter(|r| r.kind.name() == kind.name() && (r.region == aws.region() || kind.is_global()))
        .collect();
    let names: BTreeSet<String> = here
        .iter()
        .filter_map(|r| r.spec.get(name_field?.name).and_then(Value::as_str))
        .map(ToOwned::to_owned)
        .collect();
    Scope {
        whose: Whose::Ours,
        stack: stack.name.clone(),
        environment: stack.environment.clone(),
        swept: swept.iter().filter(|(arn, _)| is_of(kind, arn)).map(clone).collect(),
        names: names.into_iter().collect(),
        longest: kind.schema().longest_name(),
        expected: here.iter().map(|r| (r.address.to_string(), r.all_tags(stack))).collect(),
        declared: here.len(),
    }
}

fn clone((arn, tags): (&String, &Tags)) -> (String, Tags) {
    (arn.clone(), tags.clone())
}

/// Whether an ARN is that of an object of the kind.
fn is_of(kind: &dyn AnyKind, arn: &str) -> bool {
    // arn:partition:service:region:account:rest
    let mut parts = arn.splitn(6, ':').skip(2);
    let (Some(service), Some(rest)) = (parts.next(), parts.nth(2)) else { return false };
    kind.arn().is_some_and(|prefix| {
        prefix
            .split_once(':')
            .is_some_and(|(wanted, start)| wanted == service && rest.starts_with(start))
    })
}
