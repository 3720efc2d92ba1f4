//! Stack files in an editor: the language server that VS Code and others use for YAML reads our schema.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use infra::model::{Options, file_schema};
use insta::assert_snapshot;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::npm::packages;

/// How long the server may take for an answer.
const PATIENCE: Duration = Duration::from_mins(2);

fn schema_file() -> PathBuf {
    crate::root().join("schema/stack.schema.json")
}

#[test]
fn the_schema_in_the_repository_is_that_of_the_kinds() {
    let generated = serde_json::to_string_pretty(&file_schema(None)).expect("JSON") + "\n";
    let kept = std::fs::read_to_string(schema_file()).unwrap_or_default();
    assert!(
        kept == generated,
        "schema/stack.schema.json is old: cargo run -- kinds --schema > schema/stack.schema.json"
    );
}

/// A running server, and a folder with stack files.
struct Editor {
    server: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    folder: TempDir,
    sent: u64,
}

impl Drop for Editor {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn message(from: &mut impl BufRead) -> Option<Value> {
    let (mut length, mut line) = (0, String::new());
    while from.read_line(&mut line).ok()? > 2 {
        if let Some(value) = line.strip_prefix("Content-Length:") {
            length = value.trim().parse().ok()?;
        }
        line.clear();
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

impl Editor {
    fn open() -> Self {
        let folder = TempDir::new().expect("a folder");
        let mut server = Command::new("node")
            .arg(packages().join("yaml-language-server/bin/yaml-language-server"))
            .arg("--stdio")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node runs the language server");
        let input = server.stdin.take().expect("its input");
        let mut output = BufReader::new(server.stdout.take().expect("its output"));
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            while let Some(message) = message(&mut output) {
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let mut editor = Self { server, input, messages, folder, sent: 0 };
        let root = editor.uri("");
        editor.ask(
            "initialize",
            json!({
                "processId": std::process::id(), "rootUri": root,
                "workspaceFolders": [{ "uri": root, "name": "stacks" }],
                "capabilities": {
                    "workspace": { "configuration": true },
                    "textDocument": {
                        "completion": { "completionItem": { "snippetSupport": true } },
                        "hover": { "contentFormat": ["markdown"] },
                    },
                },
            }),
        );
        editor.say("initialized", json!({}));
        editor
    }

    fn uri(&self, name: &str) -> String {
        format!("file://{}/{name}", self.folder.path().display())
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{text}", text.len()).expect("sent");
        self.input.flush().expect("sent");
    }

    fn say(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.sent += 1;
        let id = self.sent;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        let mut answer =
            self.wait(|message| message["id"] == id && message.get("method").is_none());
        assert!(answer.get("error").is_none(), "{answer}");
        answer["result"].take()
    }

    /// The first message that is meant; questions of the server are answered on the way.
    fn wait(&mut self, is_meant: impl Fn(&Value) -> bool) -> Value {
        loop {
            let message = self.messages.recv_timeout(PATIENCE).expect("the server answers");
            if is_meant(&message) {
                return message;
            }
            if message["method"] == "workspace/configuration" {
                let items = message["params"]["items"].as_array().map_or(0, Vec::len);
                // Nothing is fetched from anywhere.
                let settings = json!({ "validate": true, "hover": true, "completion": true,
                    "schemaStore": { "enable": false } });
                let all = vec![settings; items];
                self.send(&json!({ "jsonrpc": "2.0", "id": message["id"], "result": all }));
            } else if message.get("id").is_some() && message.get("method").is_some() {
                let answer = json!({ "jsonrpc": "2.0", "id": message["id"], "result": null });
                self.send(&answer);
            }
        }
    }

    /// Opens a file whose first line names the schema; `‸` is where the cursor stands.
    fn file(&mut self, name: &str, text: &str, schema: &Path) -> (String, Value) {
        let text = format!("# yaml-language-server: $schema={}\n{text}", schema.display());
        let before = text.split('‸').next().unwrap_or_default();
        let line = before.matches('\n').count();
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
        let uri = self.uri(name);
        let document = json!({ "uri": uri, "languageId": "yaml", "version": 1,
            "text": text.replace('‸', "") });
        self.say("textDocument/didOpen", json!({ "textDocument": document }));
        (uri, json!({ "line": line, "character": column }))
    }

    /// What is offered at the cursor.
    fn completes(&mut self, name: &str, text: &str, schema: &Path) -> Vec<String> {
        let (uri, position) = self.file(name, text, schema);
        let at = json!({ "textDocument": { "uri": uri }, "position": position });
        let answer = self.ask("textDocument/completion", at);
        let items = answer["items"].as_array().or(answer.as_array()).cloned().unwrap_or_default();
        let labels = items.iter().filter_map(|item| item["label"].as_str());
        labels.map(ToOwned::to_owned).collect()
    }

    /// What is shown about the word at the cursor.
    fn hovers(&mut self, name: &str, text: &str) -> String {
        let (uri, position) = self.file(name, text, &schema_file());
        let at = json!({ "textDocument": { "uri": uri }, "position": position });
        self.ask("textDocument/hover", at)["contents"]["value"].as_str().unwrap_or_default().into()
    }

    /// What is marked as wrong: the line, counted from that after the schema's, and the text.
    fn marks(&mut self, name: &str, text: &str) -> Vec<String> {
        let (uri, _) = self.file(name, text, &schema_file());
        let found = self.wait(|message| {
            message["method"] == "textDocument/publishDiagnostics"
                && message["params"]["uri"] == uri.as_str()
        });
        let all = found["params"]["diagnostics"].as_array().cloned().unwrap_or_default();
        let one = |mark: &Value| {
            format!(
                "{}: {}",
                mark["range"]["start"]["line"],
                mark["message"].as_str().unwrap_or("")
            )
        };
        all.iter().map(one).collect()
    }
}

fn stack(resources: &str) -> String {
    format!("stack: shop\nregion: eu-west-3\nresources:\n{resources}")
}

#[test]
fn an_editor_completes_explains_and_marks() {
    let mut editor = Editor::open();
    let schema = schema_file();
    let kinds = editor.completes("kinds.yaml", &stack("  a:\n    kind: ‸\n"), &schema);
    let all: Vec<&str> = infra::kinds::all().map(infra::kind::AnyKind::name).collect();
    assert_eq!(kinds, all);

    let vpc = "  vpc: { kind: ec2.vpc, cidr: 10.0.0.0/16 }\n";
    let mut shown = String::new();
    for (name, at) in [
        ("fields", "  logs:\n    kind: logs.log_group\n    ‸\n"),
        ("values", "  vpc:\n    kind: ec2.vpc\n    tenancy: ‸\n"),
        ("inside", "  group:\n    kind: ec2.security_group\n    ingress:\n      - ‸\n"),
        ("lifecycle", "  vpc:\n    kind: ec2.vpc\n    lifecycle:\n      ‸\n"),
        ("reference", "  subnet:\n    kind: ec2.subnet\n    vpc: ‸\n"),
    ] {
        let offered = editor.completes(&format!("{name}.yaml"), &stack(at), &schema);
        shown.push_str(&format!("completes {name}: {}\n", offered.join(", ")));
    }
    // With the stack at hand, references are those that there are.
    let text = stack(&format!(
        "{vpc}  subnet:\n    kind: ec2.subnet\n    vpc: \n    cidr: 10.0.0.0/24\n    zone: a\n"
    ));
    let whole = text.replace("vpc: \n", "vpc: ${vpc}\n");
    let loaded = infra::model::load_str("stack.yaml", &whole, Path::new("."), &Options::default());
    let own = editor.folder.path().join("own.schema.json");
    std::fs::write(&own, file_schema(Some(&loaded.expect("valid"))).to_string()).expect("written");
    let offered = editor.completes("own.yaml", &text.replace("vpc: \n", "vpc: ‸\n"), &own);
    shown.push_str(&format!("completes reference of the stack: {}\n\n", offered.join(", ")));

    for (name, at) in [
        ("field", "  logs:\n    kind: logs.log_group\n    deletion_pro‸tection: true\n"),
        (
            "inside",
            "  group:\n    kind: ec2.security_group\n    ingress:\n      - { proto‸col: tcp }\n",
        ),
    ] {
        let text = editor.hovers(&format!("hover-{name}.yaml"), &stack(at));
        let text = text.split("Source:").next().unwrap_or_default().trim_end();
        shown.push_str(&format!("hovers {name}:\n{text}\n\n"));
    }

    for (name, wrong) in [
        ("field", "  logs:\n    kind: logs.log_group\n    retentoin_days: 30\n"),
        ("value", "  vpc:\n    kind: ec2.vpc\n    cidr: 10.0.0.0/16\n    tenancy: shared\n"),
        ("missing", "  vpc:\n    kind: ec2.vpc\n"),
        ("none", "  logs:\n    kind: logs.log_group\n    retention_days: ${1 + 2}\n"),
    ] {
        let marks = editor.marks(&format!("wrong-{name}.yaml"), &stack(wrong));
        shown.push_str(&format!("marks {name}: {marks:?}\n"));
    }
    assert_snapshot!(shown);

    for file in ["stacks/healthcare.yaml", "templates/starts/service.yaml"] {
        let text = std::fs::read_to_string(crate::root().join(file)).expect("the file");
        let name = file.replace('/', "-");
        assert_eq!(editor.marks(&name, &text), [""; 0], "{file}");
    }
}
