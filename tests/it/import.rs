//! Import and adoption of every kind: what was made by hand becomes a stack file that a person would
//! have written, and then that stack's own, without a change to anything but tags of ours.
//!
//! Driven by each kind's example file, as the law of all kinds is; `INFRA_LAW=ec2.vpc` runs one kind.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::FutureExt;
use infra::import::{self, Naming, Written, is_owned};
use infra::kind::field::HIDDEN;
use infra::kind::schema::{fields, property};
use infra::kind::{AnyKind, LiveObject, Tags, ownership};
use infra::kinds;
use infra::live::Snapshot;
use infra::model::{Options, Stack};
use infra::plan::{self, Action};
use insta::assert_snapshot;
use serde_json::Value;

use crate::binary::User;
use crate::law::{Example, broken_ones, explain};
use crate::world::{World, load_with};

/// Kinds whose examples do not come back just so, and why.
const EXCEPTIONS: [(&str, &str); 2] = [
    ("atlas.database_user", "Atlas changes no tags of a free cluster, which the example has"),
    (
        "docdb.subnet_group",
        "a subnet group that nothing uses is as well RDS's, and imported as that",
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_is_imported_and_adopted() {
    broken_ones(6, |kind| round_trip(kind).boxed_local()).await;
}

async fn round_trip(kind: &'static dyn AnyKind) -> Result<(), String> {
    if EXCEPTIONS.iter().any(|(name, _)| *name == kind.name()) {
        return Ok(());
    }
    let Example { stack, folder, .. } = Example::of(kind)?;
    let world = World::new();
    world.without_lag().await;
    world.apply(&stack).await.map_err(|e| format!("apply: {e}"))?;
    strip(&world, &stack).await?;

    let found = found(&world, &stack).await?;
    let mut told = Vec::new();
    secrets(&stack, &mut told);
    let naming = Naming {
        stack: "taken".to_owned(),
        environment: None,
        account: world.account.clone(),
        region: stack.region.clone(),
    };
    let written =
        import::write(&found, &naming).map_err(|e| format!("import: {}", e.render(false)))?;
    let fault = |what: String| format!("{what}\n{}", written.text);
    if !written.text.contains(&format!("kind: {}\n", kind.name())) {
        return Err(fault("the kind is not in the file".to_owned()));
    }
    if let Some(secret) = told.iter().find(|secret| written.text.contains(secret.as_str())) {
        return Err(fault(format!("the secret {secret} is in the file")));
    }
    if let Some(id) = ids_left(&written, &found) {
        return Err(fault(format!("{id} is in the file")));
    }
    if written.text.contains(HIDDEN) {
        return Err(fault("a secret is hinted at".to_owned()));
    }
    let options = Options { account: Some(world.account.clone()), ..Options::default() };
    let taken = load_with("taken.yaml", &written.text, &folder, &options)
        .map_err(|e| fault(format!("the file is not valid: {e}")))?;

    let adopts = |plan: &plan::Plan| {
        plan.items.iter().all(|item| {
            item.action == Action::Adopt
                && item.changes.iter().all(|it| it.path.starts_with("tags."))
        })
    };
    let plan = world.plan_until(&taken, adopts).await.map_err(|e| fault(format!("plan: {e}")))?;
    if !adopts(&plan) {
        return Err(fault(format!("plan has {:?}", explain(&plan))));
    }
    world.carry_out(&taken, &plan).await.map_err(|e| fault(format!("adopting: {e}")))?;
    let again = world.plan_in_time(&taken).await.map_err(|e| fault(format!("again: {e}")))?;
    if again.has_changes() {
        return Err(fault(format!("after adopting, plan has {:?}", explain(&again))));
    }
    world.destroy(&taken).await.map_err(|e| fault(format!("destroy: {e}")))
}

/// Takes our tags away from all of the stack, with the verbs of the kinds.
async fn strip(world: &World, stack: &Stack) -> Result<(), String> {
    let session = world.session(&stack.region).await;
    let snapshot = world.snapshot(stack).await?;
    // What bears the marks of others goes last: a project of Atlas says whose its parts are.
    let mut objects: Vec<&Arc<LiveObject>> = snapshot.objects.iter().collect();
    objects.sort_by_key(|object| object.kind == "atlas.project");
    for object in objects {
        let kind = kinds::find(&object.kind).expect("a known kind");
        let ours = object.tags.keys().filter(|key| key.starts_with(ownership::PREFIX));
        let ours: Vec<String> = ours.cloned().collect();
        let aws = session.region(&object.region);
        let stripped = kind.tag(&aws, object, &Tags::new(), &ours).await;
        stripped.map_err(|e| format!("stripping {} {}: {e}", object.kind, object.id()))?;
    }
    Ok(())
}

/// All that the account has and no stack owns.
async fn found(world: &World, stack: &Stack) -> Result<Vec<Arc<LiveObject>>, String> {
    let session = world.session(&stack.region).await;
    let mut regions: Vec<String> = vec![stack.region.clone()];
    regions.extend(stack.regions.iter().filter(|region| **region != stack.region).cloned());
    let all: Vec<_> = kinds::all().collect();
    let snapshot =
        Snapshot::of_account(&session, &regions, &all).await.map_err(|e| e.to_string())?;
    let (owned, free): (Vec<_>, Vec<_>) =
        snapshot.objects.into_iter().partition(|object| is_owned(object));
    if owned.is_empty() {
        return Ok(free);
    }
    let owned: Vec<String> =
        owned.iter().map(|it| format!("{} {} {:?}", it.kind, it.id(), it.tags)).collect();
    Err(format!("still owned: {owned:?}"))
}

/// The values of secret fields in a stack.
fn secrets(stack: &Stack, into: &mut Vec<String>) {
    fn collect(schema: &Value, value: &Value, into: &mut Vec<String>) {
        match value {
            Value::String(text) if text.len() > 5 && schema.get("writeOnly").is_some() => {
                into.push(text.clone());
            }
            Value::Object(map) => {
                for (key, value) in map {
                    if let Some(schema) = property(schema, key) {
                        collect(schema, value, into);
                    }
                }
            }
            Value::Array(items) => {
                let schema = schema.get("items").unwrap_or(&Value::Null);
                items.iter().for_each(|item| collect(schema, item, into));
            }
            _ => {}
        }
    }
    for resource in stack.resources.values() {
        assert!(fields(resource.kind.schema().json()).count() > 0, "a kind without fields");
        collect(resource.kind.schema().json(), &resource.spec, into);
    }
}

/// An id that AWS made, of an object of the file, outside the part that says what is adopted.
fn ids_left(written: &Written, found: &[Arc<LiveObject>]) -> Option<String> {
    let (resources, _) = written.text.split_once("\nadopt:\n")?;
    let is_made = |id: &str| id.len() >= 8 && id.contains(|c: char| c.is_ascii_digit());
    let mut ids: BTreeSet<&str> = BTreeSet::new();
    for object in found {
        let kind = kinds::find(&object.kind).expect("a known kind");
        // A name is nobody's id: people chose it.
        let name = kind.schema().name_field().and_then(|f| object.spec.get(f.name)?.as_str());
        let id = object.outputs.get("id").and_then(Value::as_str).filter(|id| is_made(id));
        ids.extend(id.filter(|id| name != Some(id)));
    }
    ids.into_iter().find(|id| resources.contains(id)).map(ToOwned::to_owned)
}

/// Something that people would make by hand, and then want in a file.
const BY_HAND: &str = "\
stack: hand
region: eu-west-3
tags: { Team: web }
resources:
  vpc: { kind: ec2.vpc, cidr: 10.0.0.0/16, tags: { Name: shop-vpc } }
  private_a: { kind: ec2.subnet, vpc: \"${vpc}\", cidr: 10.0.1.0/24, zone: eu-west-3a, tags: { Name: shop-private-a } }
  group:
    kind: ec2.security_group
    name: shop-web
    description: The web servers
    vpc: ${vpc}
    ingress: [{ protocol: tcp, port: 443, cidrs: [0.0.0.0/0] }]
  files: { kind: s3.bucket, name: \"shop-prod-files-${account}\", versioning: true, tags: { Owner: ann } }
  role:
    kind: iam.role
    name: shop-prod-web
    trust: { Statement: { Effect: Allow, Action: \"sts:AssumeRole\", Principal: { Service: ecs-tasks.amazonaws.com } } }
    inline_policies:
      files: { Statement: { Effect: Allow, Action: \"s3:GetObject\", Resource: \"${files.arn}/*\" } }
  cluster: { kind: ecs.cluster, name: shop-prod-cluster }
  key: { kind: secretsmanager.secret, name: shop-prod-key, value: do-not-show-me }
";

/// Whatever differs from run to run made equal.
fn masked(text: &str, user: &User) -> String {
    let text = text.replace(&user.world.account, "ACCOUNT");
    let text = text.replace(&user.home.path().display().to_string(), "HOME");
    let id = regex::Regex::new(r"\b(vpc|subnet|sg)-[0-9a-f]{8,}").expect("a pattern");
    let secret = regex::Regex::new(r"shop-prod-key-\w{6}").expect("a pattern");
    let text = secret.replace_all(&text, "shop-prod-key-SUFFIX");
    let age = regex::Regex::new(r" +\d+ min ").expect("a pattern");
    let text = id.replace_all(&text, "$1-ID");
    age.replace_all(&text, "  AGE ").into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_made_by_hand_becomes_a_stack() {
    let user = User::new(BY_HAND);
    user.world.without_lag().await;
    let options = Options { account: Some(user.world.account.clone()), ..Options::default() };
    let stack = load_with("stack.yaml", BY_HAND, user.home.path(), &options).expect("a stack");
    user.world.apply(&stack).await.expect("applied");

    let region = ["--region", "eu-west-3"];
    let with = |all: &[&'static str]| [all, &region].concat();
    assert_snapshot!("all_is_owned", user.well(&with(&["import"])));
    strip(&user.world, &stack).await.expect("stripped");

    assert_snapshot!("unmanaged", masked(&user.well(&with(&["unmanaged"])), &user));
    let import = with(&["import", "--stack", "shop", "--env", "prod", "--out", "shop.yaml"]);
    let said = user.well(&import);
    let file = std::fs::read_to_string(user.path("shop.yaml")).expect("a file");
    assert_snapshot!("imported", masked(&format!("{file}-- said\n{said}"), &user));
    assert!(user.badly(&import).contains("is there already"), "a file is never written over");

    assert_snapshot!("imported_plan", masked(&user.well(&["plan", "shop.yaml"]), &user));
    let asked = user.badly(&["adopt", "shop.yaml", "vpc"]);
    assert!(asked.contains("give --yes"), "{asked}");
    let adopted = user.out(&["adopt", "shop.yaml", "--yes"]);
    let (shown, _) = adopted.split_once("\n\n\n").unwrap_or((&adopted, ""));
    assert_snapshot!("adopted", masked(shown, &user));
    assert!(user.well(&["plan", "shop.yaml"]).contains("No changes."));
    assert!(user.well(&["adopt", "shop.yaml", "--yes"]).contains("Nothing is to be adopted"));

    // The part has done its work. Another stack gets nothing of it.
    let (resources, _) = file.split_once("\n# The objects that these are").expect("two parts");
    user.write("without.yaml", resources);
    assert!(user.well(&["plan", "without.yaml"]).contains("No changes."));
    user.write("other.yaml", &file.replace("stack: shop", "stack: other"));
    let refused = user.badly(&["adopt", "other.yaml", "vpc", "--yes"]);
    assert!(refused.contains("belongs to the environment `prod` of `shop`"), "{refused}");
    let gone = file.replace("stack: shop", "stack: gone");
    user.write("gone.yaml", &gone.replace("cluster: shop-prod-cluster", "cluster: gone"));
    let refused = user.badly(&["plan", "gone.yaml"]);
    assert!(refused.contains("there is no `ecs.cluster` `gone` in eu-west-3"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_are_adopted_by_id_and_by_name() {
    let user = User::new(BY_HAND);
    user.world.without_lag().await;
    let options = Options { account: Some(user.world.account.clone()), ..Options::default() };
    let stack = load_with("stack.yaml", BY_HAND, user.home.path(), &options).expect("a stack");
    user.world.apply(&stack).await.expect("applied");
    let vpc = user.world.snapshot(&stack).await.expect("a snapshot");
    let vpc = vpc.objects.iter().find(|object| object.kind == "ec2.vpc").expect("a network");
    let id = format!("vpc={}", vpc.id());
    strip(&user.world, &stack).await.expect("stripped");

    let typo = user.badly(&["adopt", "stack.yaml", "vcp", "--yes"]);
    assert!(typo.contains("there is no resource `vcp`"), "{typo}");
    let adopted = user.well(&["adopt", "stack.yaml", "--id", &id, "--yes"]);
    assert!(adopted.contains(vpc.id()) && adopted.contains("shop-prod-cluster"), "{adopted}");
    // In a network of ours the group is in the way by its name.
    let adopted = user.well(&["adopt", "stack.yaml", "--yes"]);
    assert!(adopted.contains("group") && !adopted.contains("shop-prod-cluster"), "{adopted}");
    let plan = user.well(&["plan", "stack.yaml"]);
    assert!(plan.contains("private_a") && !plan.contains("shop-prod-files"), "{plan}");
}

#[test]
fn a_kind_that_does_not_exist_is_told_before_anything_is_read() {
    let user = User::new("");
    let said = user.badly(&["unmanaged", "--kind", "ec2.vcp", "--region", "eu-west-3"]);
    assert!(said.contains("did you mean `ec2.vpc`?"), "{said}");
    let said = user.badly(&["import"]);
    assert!(said.contains("give --region"), "{said}");
    let said = user.well(&["unmanaged", "--kind", "ec2", "--region", "eu-west-3"]);
    assert!(said.contains("Nothing lives here"), "{said}");
}
