//! Secrets stay secret: a canary in every secret field of every kind, looked for in every byte that
//! the binary writes, wherever it writes it.

use std::fs;
use std::path::PathBuf;

use infra::aws::Bookkeeping;
use infra::kind::schema::{fields, property};
use infra::kinds;
use serde_json::{Map, Value, json};

use crate::binary::{User, files};
use crate::world::yaml;

/// What may be seen nowhere. It is a name, a text and an expression alike.
const CANARY: &str = "kanari5vogel";

/// A secret field of a kind, by its path, with a value that is one canary.
struct Case {
    kind: &'static str,
    path: Vec<String>,
    value: Value,
}

/// Every secret field of every kind.
fn cases() -> Vec<Case> {
    let mut found = Vec::new();
    for kind in kinds::all() {
        let mut at = |path: &[String], schema: &Value| {
            found.push(Case { kind: kind.name(), path: path.to_vec(), value: filled(schema) });
        };
        secret_fields(kind.schema().json(), &mut Vec::new(), &mut at);
    }
    found
}

fn secret_fields(schema: &Value, path: &mut Vec<String>, found: &mut dyn FnMut(&[String], &Value)) {
    for field in fields(schema) {
        path.push(field.name.to_owned());
        if field.is("writeOnly") {
            found(path, field.schema);
        } else {
            secret_fields(field.schema, path, found);
            for inner in ["items", "additionalProperties"] {
                // What stands in a list or a map has no place in an example that is known here.
                let inner = field.schema.get(inner).unwrap_or(&Value::Null);
                secret_fields(inner, &mut Vec::new(), &mut |inner: &[String], _: &Value| {
                    panic!("{path:?} holds the secret {inner:?}: teach this test to put one there")
                });
            }
        }
        path.pop();
    }
}

/// A value of a schema in which every text is the canary.
fn filled(schema: &Value) -> Value {
    match schema.get("type").and_then(Value::as_str) {
        Some("string") => CANARY.into(),
        Some("array") => json!([filled(&schema["items"])]),
        Some("object") | None => {
            let names = schema.get("properties").and_then(Value::as_object);
            let Some(names) = names else { return json!({ "one": CANARY }) };
            let texts = names.keys().filter_map(|name| {
                let schema = property(schema, name)?;
                let kind = schema.get("type").and_then(Value::as_str);
                let plain = matches!(kind, Some("integer" | "number" | "boolean"));
                (!plain).then(|| (name.clone(), filled(schema)))
            });
            Value::Object(texts.collect::<Map<_, _>>())
        }
        Some(_) => Value::Null,
    }
}

impl Case {
    /// The kind's example, and the address of its resource of the kind.
    fn example(&self) -> (Value, String) {
        let (service, thing) = self.kind.split_once('.').expect("service.thing");
        let path = crate::root().join("src/kinds");
        let path = path.join(service).join("examples").join(format!("{thing}.yaml"));
        let text = fs::read_to_string(&path).expect("an example");
        let text = text.split("\n---\n").next().expect("a document");
        let stack = yaml(&path.display().to_string(), text);
        let resources = stack["resources"].as_object().expect("resources");
        let found = resources.iter().find(|(_, resource)| resource["kind"] == self.kind);
        let address = found.expect("a resource of the kind").0.clone();
        (stack, address)
    }

    /// The example with a value in the place of the secret and no other secret beside it.
    fn stack(&self, value: &Value) -> String {
        let (mut stack, address) = self.example();
        let spec = &mut stack["resources"][&address];
        let kind = kinds::find(self.kind).expect("a kind");
        for field in fields(kind.schema().json()).filter(|field| field.is("writeOnly")) {
            spec.as_object_mut().expect("a spec").remove(field.name);
        }
        let at = self.path.iter().fold(spec, |at, name| &mut at[name.as_str()]);
        *at = value.clone();
        stack["resources"]["group"] = json!({ "kind": "logs.log_group" });
        stack["params"] = json!({ "secret": { "type": "string", "default": "" } });
        stack.to_string()
    }
}

/// Everything that commands said and left behind.
struct Heard {
    user: User,
    said: Vec<(String, Vec<u8>)>,
}

impl Heard {
    fn new(stack: &str) -> Self {
        let user = User::new(stack);
        Self { user, said: Vec::new() }
    }

    /// Runs a command, as text and as JSON where that changes nothing; whether it went well.
    fn run(&mut self, arguments: &[&str]) -> bool {
        let more = ["-vvv"];
        let output = self.user.infra(&[arguments, &more].concat());
        let mut output = output;
        let output = output.env("SECRET", CANARY).output().expect("run");
        let line = arguments.join(" ");
        self.said.push((format!("{line} (output)"), output.stdout));
        self.said.push((format!("{line} (errors)"), output.stderr));
        output.status.success()
    }

    fn both(&mut self, arguments: &[&str]) -> bool {
        let text = self.run(arguments);
        let json = self.run(&[arguments, &["--json"]].concat());
        assert_eq!(text, json, "{arguments:?} ends the same in either form");
        text
    }

    /// Where the canary is heard.
    async fn leaks(mut self, what: &str) -> Vec<String> {
        let mut found: Vec<PathBuf> = Vec::new();
        files(self.user.home.path(), &mut found);
        for path in found.iter().filter(|path| !path.ends_with("stack.yaml")) {
            let bytes = fs::read(path).expect("a file");
            self.said.push((path.display().to_string(), bytes));
        }
        let aws = self.user.world.session("eu-west-3").await.region("eu-west-3");
        let books = Bookkeeping::new(&aws);
        for key in books.keys("").await.expect("the keys") {
            let text = books.get(&key).await.expect("an entry").expect("an entry").text;
            self.said.push((format!("s3://{key}"), text.into_bytes()));
        }
        let said = self.said.iter();
        let leaks = said.filter(|(_, bytes)| String::from_utf8_lossy(bytes).contains(CANARY));
        leaks
            .map(|(place, bytes)| {
                let text = String::from_utf8_lossy(bytes).into_owned();
                let line = text.lines().find(|line| line.contains(CANARY)).unwrap_or_default();
                format!("{what}: {place}: {line}")
            })
            .collect()
    }
}

/// A whole life: made after failures, looked at in every way, and torn down.
async fn life(what: &str, stack: &str, given: &[&str]) -> Vec<String> {
    let mut heard = Heard::new(stack);
    let mut run = |command: &[&str]| heard.both(&[command, given].concat());
    assert!(run(&["validate", "stack.yaml"]), "{what}");
    assert!(run(&["plan", "stack.yaml"]), "{what}");
    assert!(run(&["plan", "stack.yaml", "--out", "review"]), "{what}");
    assert!(run(&["graph", "stack.yaml", "--offline"]), "{what}");
    let page = ["report", "stack.yaml", "--html", "page.html", "--offline"];
    assert!(heard.run(&[&page, given].concat()), "{what}");
    let service = json!(["secretsmanager:Create*", "secretsmanager:Put*", "secretsmanager:Get*"]);
    heard.user.faults(&json!([{ "kind": "deny", "operations": service }]));
    assert!(!heard.run(&[&["apply", "review"], given].concat()), "{what}: it is denied");
    assert!(!heard.run(&[&["apply", "stack.yaml", "--yes", "--json"], given].concat()), "{what}");
    heard.user.faults(&json!([
        { "kind": "throttle", "operations": service, "times": 2 },
        { "kind": "error", "operations": service, "times": 1, "when": "after" },
        { "kind": "reset", "operations": service, "times": 1, "when": "after" },
    ]));
    assert!(heard.run(&[&["apply", "review"], given].concat()), "{what}");
    heard.user.faults(&json!([]));
    let mut run = |command: &[&str]| heard.both(&[command, given].concat());
    assert!(run(&["plan", "stack.yaml", "--detailed-exitcode"]), "{what}");
    assert!(run(&["drift", "stack.yaml"]), "{what}");
    assert!(run(&["show", "stack.yaml"]), "{what}");
    assert!(run(&["graph", "stack.yaml"]), "{what}");
    assert!(run(&["history", "stack.yaml"]), "{what}");
    assert!(run(&["lock", "show", "stack.yaml"]), "{what}");
    let page = ["report", "stack.yaml", "--html", "-"];
    assert!(heard.run(&[&page, given].concat()), "{what}");
    let mut listed = heard.user.infra(&[&["history", "stack.yaml", "--json"], given].concat());
    let listed = listed.env("SECRET", CANARY).output().expect("run");
    let listed: Value = serde_json::from_slice(&listed.stdout).expect("JSON");
    for run in listed["runs"].as_array().expect("runs") {
        let name = run["run"]["run"].as_str().expect("a name");
        assert!(heard.both(&[&["history", "show", name, "stack.yaml"], given].concat()), "{what}");
    }
    assert!(heard.run(&[&["destroy", "stack.yaml", "--yes", "--force"], given].concat()), "{what}");
    heard.leaks(what).await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_of_any_kind_is_seen_anywhere() {
    let cases = cases();
    assert!(cases.iter().any(|case| case.kind == "secretsmanager.secret"), "there are secrets");
    let mut leaks = Vec::new();
    for case in &cases {
        let what = format!("{}.{}", case.kind, case.path.join("."));
        leaks.extend(life(&what, &case.stack(&case.value), &[]).await);
    }
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_a_parameter_or_a_variable_is_not_seen_either() {
    let cases = cases();
    let case = cases.iter().find(|case| case.value == CANARY).expect("a secret text");
    let given = format!("secret={CANARY}");
    let stack = case.stack(&"${params.secret}".into());
    let mut leaks = life("a parameter", &stack, &["--param", &given]).await;
    let stack = case.stack(&"${base64(env('SECRET'))}".into());
    leaks.extend(life("a variable", &stack, &[]).await);
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));

    // What is not in the file has to be given again.
    let user = User::new(&case.stack(&"${params.secret}".into()));
    user.well(&["plan", "stack.yaml", "--out", "review", "--param", &given]);
    let text = user.badly(&["apply", "review"]);
    assert!(text.contains("give it again, as `--param secret=…`"), "{text}");
    user.well(&["apply", "review", "--param", &given]);
}

/// The program itself breaks, with a message that says all it knows.
#[tokio::test(flavor = "multi_thread")]
async fn a_panic_says_where_and_no_secret() {
    for case in cases() {
        let mut heard = Heard::new(&case.stack(&case.value));
        let mut command = heard.user.infra(&["apply", "stack.yaml", "--yes"]);
        command.env("INFRA_PLANT_PANIC", case.kind).env("RUST_BACKTRACE", "1");
        let output = command.output().expect("run");
        assert_eq!(output.status.code(), Some(101));
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(errors.contains("infra broke at src/kind/planted.rs"), "{errors}");
        heard.said.push(("errors".to_owned(), output.stderr));
        heard.said.push(("output".to_owned(), output.stdout));
        assert_eq!(heard.leaks(case.kind).await, [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_in_a_secret_does_not_show_it() {
    let cases = cases();
    let mut leaks = Vec::new();
    for case in &cases {
        for value in [
            json!([CANARY]),
            json!({ CANARY: CANARY }),
            json!(format!("$${{{CANARY}}}")),
            json!(format!("${{{CANARY}}}")),
            json!(format!("${{{CANARY}")),
            json!(format!("${{'{CANARY}'")),
            json!(format!("${{'{CANARY}' + 1}}")),
            json!(format!("${{json('{CANARY}') - 1}}")),
            json!(format!("${{file('{CANARY}')}}")),
            json!(format!("${{env('{CANARY}')}}")),
            json!(format!("${{cidr.subnet('{CANARY}', 1, 1)}}")),
            json!(format!("${{params.{CANARY}}}")),
            json!(format!("a{CANARY}${{params.secret + 1}}")),
            json!("${cidr.subnet(params.secret, 1, 1)}"),
            json!("${cidr.subnet(params.secret + group.arn, 1, 1)}"),
            json!("${params.secret.size() > 3 ? cidr.host(params.secret, 1) : ''}"),
        ] {
            let mut heard = Heard::new(&case.stack(&value));
            let given = ["stack.yaml", "--param", &format!("secret={CANARY}")];
            heard.both(&[&["validate"], &given[..]].concat());
            heard.both(&[&["plan"], &given[..]].concat());
            heard.run(&[&["apply", "--yes"], &given[..]].concat());
            let what = format!("{}.{} = {value}", case.kind, case.path.join("."));
            leaks.extend(heard.leaks(&what).await);
        }
    }
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
}
