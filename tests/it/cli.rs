//! The binary as a user meets it: help, and what goes wrong before anything is changed.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};

use insta::assert_snapshot;
use serde_json::json;
use tempfile::TempDir;

use crate::binary::User;

/// The binary in an environment without credentials, colours or settings of the machine.
pub fn infra(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_infra"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    command
        .env_clear()
        .env("PATH", path)
        .env("HOME", home)
        .env("AWS_EC2_METADATA_DISABLED", "true");
    command.current_dir(crate::root());
    command
}

/// What a command said, and how it ended; addresses of test servers made equal.
pub fn said(output: &Output) -> String {
    let text = format!(
        "exit: {}\n-- stdout\n{}-- stderr\n{}",
        output.status.code().map_or("signal".to_owned(), |code| code.to_string()),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    let address = regex::Regex::new(r"127\.0\.0\.1:\d+").expect("a pattern");
    address.replace_all(&text, "127.0.0.1:PORT").into_owned()
}

const STACK: &str =
    "stack: probe\nregion: eu-west-3\nresources:\n  log: { kind: logs.log_group }\n";

fn stack_file() -> (TempDir, std::path::PathBuf) {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("probe.yaml");
    std::fs::write(&path, STACK).expect("written");
    (folder, path)
}

#[test]
fn help_tells_every_command() {
    let home = TempDir::new().expect("a folder");
    let output = infra(home.path()).arg("--help").output().expect("run");
    assert_snapshot!(said(&output));
}

#[test]
fn a_typing_error_is_no_change() {
    let home = TempDir::new().expect("a folder");
    let output = infra(home.path()).args(["plan", "--detailed-exitcod"]).output().expect("run");
    assert_snapshot!(said(&output));
}

#[test]
fn without_credentials_there_is_one_message() {
    let (home, path) = stack_file();
    let output =
        infra(home.path()).arg("plan").arg(&path).args(["--env", "dev"]).output().expect("run");
    assert_snapshot!(said(&output));
}

#[test]
fn whoever_limits_the_very_first_call_is_asked_again() {
    let user = User::new(STACK);
    let sts = ["sts:GetCallerIdentity"];
    user.faults(&json!([{ "kind": "throttle", "operations": sts, "times": 4 }]));
    user.well(&["plan", "stack.yaml"]);
}

#[test]
fn an_endpoint_where_nothing_answers_is_named() {
    let (home, path) = stack_file();
    // A port that was free a moment ago, and that nobody listens on.
    let port =
        TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
    let output = infra(home.path())
        .args(["plan", "--env", "dev", "--endpoint-url", &format!("http://127.0.0.1:{port}")])
        .arg(&path)
        .env("AWS_ACCESS_KEY_ID", "000000000001")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .output()
        .expect("run");
    assert_snapshot!(said(&output));
}

#[test]
fn a_region_that_does_not_exist_is_a_mistake_in_the_file() {
    let (home, path) = stack_file();
    let output = infra(home.path())
        .args(["plan", "--env", "dev", "--region", "eu-wset-3"])
        .arg(&path)
        .output()
        .expect("run");
    let text = said(&output).replace(&path.display().to_string(), "probe.yaml");
    assert_snapshot!(text);
}

/// A service that gives to each request what `answer` makes of its body: status, type, text. It ends
/// with the process.
pub fn served(answer: fn(&[u8]) -> (&'static str, &'static str, String)) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut reader = BufReader::new(stream.try_clone().expect("a handle"));
            let (mut length, mut line) = (0, String::new());
            while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap_or_default();
                }
                line.clear();
            }
            let mut body = vec![0; length];
            let _ = reader.read_exact(&mut body);
            let asks_who = body.starts_with(b"Action=GetCallerIdentity");
            let (status, kind, answer) =
                if asks_who { ("200 OK", "text/xml", IDENTITY.to_owned()) } else { answer(&body) };
            let _ = write!(
                stream,
                "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\nx-amzn-requestid: 1-2-3\r\n\
                 content-length: {}\r\nconnection: close\r\n\r\n{answer}",
                answer.len()
            );
        }
    });
    format!("http://{address}")
}

/// Who the caller is.
const IDENTITY: &str = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
    <GetCallerIdentityResult><Account>000000000001</Account></GetCallerIdentityResult>\
    </GetCallerIdentityResponse>";

/// The type of what most services answer.
pub const JSON: &str = "application/x-amz-json-1.1";

/// An AWS that knows the caller and denies everything else.
fn denying() -> String {
    served(|_| {
        let denied = r#"{"__type":"AccessDeniedException","message":"User: arn:aws:iam::000000000001:user/ci is not authorized to perform: tag:GetResources"}"#;
        ("400 Bad Request", JSON, denied.to_owned())
    })
}

#[test]
fn a_denied_list_fails_the_plan_and_never_reads_as_absent() {
    let (home, path) = stack_file();
    let output = infra(home.path())
        .args(["plan", "--env", "dev", "--endpoint-url", &denying()])
        .arg(&path)
        .env("AWS_ACCESS_KEY_ID", "000000000001")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .output()
        .expect("run");
    assert_snapshot!(said(&output));
}

/// The stack file that the README shows is a valid one.
#[test]
fn the_stack_file_of_the_readme_is_valid() {
    let root = crate::root();
    let readme = std::fs::read_to_string(root.join("README.md")).expect("the README");
    let (_, rest) = readme.split_once("```yaml\n").expect("a stack file");
    let (text, _) = rest.split_once("```").expect("its end");
    for environment in ["dev", "prod"] {
        let options = infra::model::Options {
            environment: Some(environment.to_owned()),
            ..infra::model::Options::default()
        };
        let stack = infra::model::load_str("README.md", text, &root, &options);
        let stack = stack.unwrap_or_else(|mistakes| panic!("{}", mistakes.render(false)));
        assert!(stack.resources.len() > 10, "{} resources", stack.resources.len());
    }
}

/// Starting points are valid, and `init` writes no file twice.
#[test]
fn every_starting_point_is_valid() {
    for start in ["minimal", "service"] {
        let home = TempDir::new().expect("a folder");
        let init = || {
            let mut command = infra(home.path());
            command.current_dir(home.path()).args(["init", start, "--name", "mine"]);
            command.output().expect("run")
        };
        assert!(init().status.success(), "init {start}");
        let mut validate = infra(home.path());
        validate.current_dir(home.path()).args(["validate", "--env", "dev"]);
        let output = validate.output().expect("run");
        assert!(output.status.success(), "{}", said(&output));
        assert!(!init().status.success(), "a second init has to refuse");
    }
}
