//! What shells complete, and the man pages.

use std::process::Command;

use tempfile::TempDir;

use crate::cli::{infra, said};

/// What is offered in place of the last of the words.
fn completes(home: &TempDir, words: &[&str]) -> Vec<String> {
    let mut command: Command = infra(home.path());
    let output = command
        .current_dir(home.path())
        .env("INFRA_COMPLETE", "bash")
        .env("_CLAP_COMPLETE_INDEX", (words.len() - 1).to_string())
        .env("_CLAP_IFS", "\n")
        .env("_CLAP_COMPLETE_COMP_TYPE", "9")
        .env("_CLAP_COMPLETE_SPACE", "true")
        .arg("--")
        .args(words)
        .output()
        .expect("run");
    assert!(output.status.success(), "{}", said(&output));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

#[test]
fn shells_complete_what_the_stack_file_says() {
    let home = TempDir::new().expect("a folder");
    let stack = "stack: shop\nregion: eu-west-3\nenvironments: { dev: {}, prod: {} }\nresources:\n  \
                 logs: { kind: logs.log_group, for_each: [api, jobs] }\n  topic: { kind: sns.topic }\n";
    std::fs::write(home.path().join("shop.yaml"), stack).expect("written");
    std::fs::write(home.path().join("notes.txt"), "").expect("written");

    assert_eq!(completes(&home, &["infra", "des"]), ["destroy"]);
    assert_eq!(completes(&home, &["infra", "plan", "s"]), ["shop.yaml"]);
    assert!(completes(&home, &["infra", "plan", "n"]).is_empty());
    let environments = completes(&home, &["infra", "plan", "shop.yaml", "--env", ""]);
    assert_eq!(environments, ["dev", "prod"]);
    let addresses = completes(&home, &["infra", "show", "shop.yaml", "--env", "dev", "l"]);
    assert_eq!(addresses, ["logs-api", "logs-jobs"]);
    let adopted = completes(&home, &["infra", "plan", "shop.yaml", "--adopt", ""]);
    assert_eq!(adopted, ["logs-api", "logs-jobs", "topic"]);
    assert_eq!(completes(&home, &["infra", "kinds", "ec2.vp"]), ["ec2.vpc", "ec2.vpc_endpoint"]);
    assert_eq!(completes(&home, &["infra", "explain", "bad-ex"]), ["bad-expression"]);
    assert_eq!(completes(&home, &["infra", "plan", "--region", "eu-west-"]).len(), 3);
    // A file with mistakes is no reason to say anything between the words of a command.
    std::fs::write(home.path().join("shop.yaml"), "stack: [").expect("written");
    assert!(completes(&home, &["infra", "plan", "shop.yaml", "--env", ""]).is_empty());
}

#[test]
fn each_shell_gets_its_script() {
    let home = TempDir::new().expect("a folder");
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = infra(home.path()).args(["completions", shell]).output().expect("run");
        let script = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && script.contains("INFRA_COMPLETE"), "{shell}: {script}");
    }
    let output = infra(home.path()).args(["completions", "cmd"]).output().expect("run");
    let text = said(&output);
    assert!(text.starts_with("exit: 1\n") && text.contains("there are bash"), "{text}");
    // The shell that most people have reads it without a word.
    let script = infra(home.path()).args(["completions", "bash"]).output().expect("run").stdout;
    std::fs::write(home.path().join("script"), script).expect("written");
    let bash = Command::new("bash").args(["-n", "script"]).current_dir(home.path()).output();
    let bash = bash.expect("bash");
    assert!(bash.status.success() && bash.stderr.is_empty(), "{}", said(&bash));
}

#[test]
fn every_command_has_its_man_page() {
    let home = TempDir::new().expect("a folder");
    let output = infra(home.path()).current_dir(home.path()).args(["man", "pages"]).output();
    let output = output.expect("run");
    assert!(output.status.success(), "{}", said(&output));
    let help = infra(home.path()).arg("--help").output().expect("run").stdout;
    let help = String::from_utf8_lossy(&help).into_owned();
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands: Vec<&str> = commands
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .filter(|name| !name.is_empty() && *name != "help")
        .collect();
    assert!(commands.len() > 15, "{commands:?}");
    for command in commands {
        let page = home.path().join(format!("pages/infra-{command}.1"));
        let text = std::fs::read_to_string(&page).expect("the page");
        assert!(text.contains(".SH SYNOPSIS"), "{command}");
    }
}
