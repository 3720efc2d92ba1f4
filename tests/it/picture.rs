//! Pictures of stacks: whole outputs, and what holds for every one of them.

use std::collections::BTreeSet;

use infra::model::{self, Address, Options, Stack};
use infra::picture::layout::{Rect, layout};
use infra::picture::{self, Edge, EdgeKind, Part, Picture, What, dot, mermaid, svg};
use insta::assert_snapshot;

use crate::binary::User;
use crate::browser::Browser;
use crate::cli::{infra, said};

/// One of everything that a picture knows: boxes in boxes, groups, a balancer, routes, and what is
/// in no region.
const SHOP: &str = r#"
stack: shop
region: eu-west-3
resources:
  vpc: { kind: ec2.vpc, cidr: 10.0.0.0/16 }
  gateway: { kind: ec2.internet_gateway, vpc: "${vpc}" }
  front:
    kind: ec2.subnet
    for_each: [a, b]
    vpc: ${vpc}
    cidr: '${cidr.subnet("10.0.0.0/16", 8, each.key == "a" ? 0 : 1)}'
    zone: ${region + each.key}
  routes:
    kind: ec2.route_table
    vpc: ${vpc}
    routes: [{ destination: 0.0.0.0/0, internet_gateway: "${gateway}" }]
    subnets: ${front}
  open:
    kind: ec2.security_group
    vpc: ${vpc}
    ingress: [{ port: 80, cidrs: [0.0.0.0/0] }]
    egress: [{ port: 8080, groups: ["${closed}"] }]
  closed:
    kind: ec2.security_group
    vpc: ${vpc}
    ingress: [{ port: 8080, groups: ["${open}"] }]
  balancer:
    kind: elbv2.load_balancer
    subnets: ${front}
    security_groups: ["${open}"]
  web: { kind: elbv2.target_group, port: 8080, vpc: "${vpc}" }
  http:
    kind: elbv2.listener
    load_balancer: ${balancer}
    port: 80
    protocol: HTTP
    default_action: { forward: { target_group: "${web}" } }
  hands:
    kind: lambda.function
    code: ${zip("examples/export")}
    runtime: python3.13
    handler: main.main
    role: ${role}
    subnets: ["${front[0]}"]
    security_groups: ["${closed}"]
  role:
    kind: iam.role
    trust:
      Statement: { Effect: Allow, Action: "sts:AssumeRole", Principal: { Service: lambda.amazonaws.com } }
  copies: { kind: s3.bucket, region: eu-central-1, name: shop-copies }
"#;

fn shop() -> Stack {
    let options = Options { environment: Some("dev".to_owned()), ..Options::default() };
    let stack = model::load_str("shop.yaml", SHOP, &crate::root(), &options);
    stack.unwrap_or_else(|mistakes| panic!("{}", mistakes.render(false)))
}

#[test]
fn a_stack_as_mermaid() {
    assert_snapshot!(mermaid::text(&picture::of_stack(&shop())));
}

#[test]
fn a_stack_as_dot() {
    assert_snapshot!(dot::text(&picture::of_stack(&shop())));
}

#[test]
fn a_stack_as_svg() {
    assert_snapshot!(svg::file(&picture::of_stack(&shop())));
}

/// The second version of a small stack: what was there, what changes, what comes and what goes.
#[test]
fn a_plan_has_colours_and_shows_what_goes() {
    let stack = |more: &str| {
        format!(
            "stack: shop\nregion: eu-west-3\nresources:\n  vpc: {{ kind: ec2.vpc, cidr: 10.0.0.0/16 }}\n  \
             a: {{ kind: ec2.subnet, vpc: \"${{vpc}}\", cidr: 10.0.0.0/24, zone: eu-west-3a }}\n{more}"
        )
    };
    let user = User::new(&stack(
        "  b: { kind: ec2.subnet, vpc: \"${vpc}\", cidr: 10.0.1.0/24, zone: eu-west-3b }\n  \
         log: { kind: logs.log_group, retention_days: 30 }\n",
    ));
    user.well(&["apply", "stack.yaml", "--env", "dev", "--yes"]);
    let second = "  log: { kind: logs.log_group, retention_days: 60 }\n  \
                  group: { kind: ec2.security_group, vpc: \"${vpc}\" }\n";
    user.write("stack.yaml", &stack(second));
    let plain = |text: String| text.replace(&user.world.account, "ACCOUNT");
    let drawn = |arguments: &[&str]| {
        plain(user.out(&[&["graph", "stack.yaml", "--env", "dev"], arguments].concat()))
    };
    assert_snapshot!("planned_mermaid", drawn(&[]));
    assert_snapshot!("planned_dot", drawn(&["--format", "dot"]));
    assert_snapshot!("planned_svg", drawn(&["--format", "svg"]));
    assert_snapshot!("planned_json", drawn(&["--json"]));
    // Nothing was written, and nothing is remembered: the same again.
    assert_eq!(drawn(&["--format", "svg"]), drawn(&["--format", "svg"]));
}

#[test]
fn the_ending_of_the_file_says_the_format() {
    let home = tempfile::TempDir::new().expect("a folder");
    let path = home.path().join("stack.yaml");
    std::fs::write(
        &path,
        "stack: one\nregion: eu-west-3\nresources:\n  log: { kind: logs.log_group }\n",
    )
    .expect("written");
    for (name, start) in [
        ("a.svg", "<?xml"),
        ("a.dot", "digraph"),
        ("a.GV", "digraph"),
        ("a.mmd", "---\ntitle"),
        ("a.txt", "---\ntitle"),
    ] {
        let mut graph = infra(home.path());
        graph.current_dir(home.path()).args(["graph", "stack.yaml", "--env", "dev", "--offline"]);
        let output = graph.args(["--out", name]).output().expect("run");
        assert!(output.status.success(), "{}", said(&output));
        assert_eq!(String::from_utf8_lossy(&output.stdout), "", "the file is the result");
        let text = std::fs::read_to_string(home.path().join(name)).expect("a file");
        assert!(text.starts_with(start), "{name}: {}", &text[..40]);
    }
    let mut graph = infra(home.path());
    graph.current_dir(home.path()).args(["graph", "stack.yaml", "--env", "dev", "--offline"]);
    let output = graph.args(["--out", "no/such/folder.svg"]).output().expect("run");
    assert_snapshot!(said(&output));

    let before = std::fs::read(&path).expect("the stack file");
    for arguments in [["graph", "--out"], ["report", "--html"]] {
        let mut write = infra(home.path());
        write.current_dir(home.path()).args([arguments[0], "stack.yaml", "--env", "dev"]);
        let output = write.args(["--offline", arguments[1], "./stack.yaml"]).output().expect("run");
        let text = said(&output);
        assert!(text.contains("./stack.yaml is the stack file: write to another"), "{text}");
    }
    assert_eq!(std::fs::read(&path).expect("the stack file"), before, "it is as it was");
}

/// The healthcare system in every form that it has.
fn systems() -> impl Iterator<Item = Stack> {
    let forms = ["dev", "prod"]
        .into_iter()
        .flat_map(|environment| ["documentdb", "atlas", "ec2"].map(|it| (environment, it)));
    forms.map(|(environment, database)| {
        let path = crate::root().join("stacks/healthcare.yaml");
        let params = [("database", database), ("domain", "example.org")];
        let options = Options {
            environment: Some(environment.to_owned()),
            account: Some("123456789012".to_owned()),
            params: params.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            ..Options::default()
        };
        model::load(&path, &options).unwrap_or_else(|it| panic!("{}", it.render(false)))
    })
}

#[test]
fn every_resource_is_in_the_picture_once_and_every_line_has_ends() {
    for stack in systems() {
        let picture = picture::of_stack(&stack);
        let mut drawn: Vec<&Address> = Vec::new();
        for part in &picture.parts {
            if let What::Resource { address, .. } = &part.what {
                drawn.push(address);
            }
        }
        drawn.sort();
        let mut declared: Vec<&Address> = stack.resources.keys().collect();
        declared.sort();
        assert_eq!(drawn, declared);
        let mut lines = BTreeSet::new();
        for Edge { from, to, kind, .. } in &picture.edges {
            assert!(*from < picture.parts.len() && *to < picture.parts.len() && from != to);
            assert!(lines.insert((from, to, kind)), "one line of a kind from one to another");
        }
        // What needs another is joined to it: by a line, or by the box around it.
        let place = |address: &Address| {
            let is_it = |part: &Part| matches!(&part.what, What::Resource { address: it, .. } if it == address);
            picture.parts.iter().position(is_it).expect("drawn")
        };
        for resource in stack.resources.values() {
            for reference in &resource.references {
                let (from, to) = (place(&resource.address), place(&reference.to));
                let by_line = picture.edges.iter().any(|edge| {
                    (edge.from, edge.to) == (from, to) || (edge.from, edge.to) == (to, from)
                });
                let by_box = picture.around(from).any(|it| it == to)
                    || picture.around(to).any(|it| it == from);
                assert!(by_line || by_box, "{} needs {}", resource.address, reference.to);
            }
        }
    }
}

#[test]
fn nothing_covers_another_and_all_is_inside_its_box() {
    let meets = |a: &Rect, b: &Rect| {
        a.x < b.right() && b.x < a.right() && a.y < b.bottom() && b.y < a.bottom()
    };
    let holds = |outer: &Rect, inner: &Rect| {
        outer.x < inner.x
            && outer.y < inner.y
            && inner.right() < outer.right()
            && inner.bottom() < outer.bottom()
    };
    for stack in systems() {
        let picture = picture::of_stack(&stack);
        let layout = layout(&picture);
        for (place, part) in picture.parts.iter().enumerate() {
            let rect = &layout.rects[place];
            assert!(rect.right() <= layout.width && rect.bottom() <= layout.height);
            if let Some(outer) = part.inside {
                assert!(holds(&layout.rects[outer], rect), "{} is in its box", part.name());
            }
            for other in picture.inside(part.inside).filter(|other| *other != place) {
                assert!(!meets(rect, &layout.rects[other]), "{} is covered", part.name());
            }
        }
    }
}

/// A picture with names that would like to be more than names.
pub fn hostile() -> Picture {
    let resource = |address: &str, inside| Part {
        inside,
        what: What::Resource {
            address: Address::new(address),
            kind: "logs.log_group".to_owned(),
            region: "eu-west-3".to_owned(),
            action: Some("delete"),
            is_box: false,
            detail: None,
        },
    };
    let region = What::Region { name: "\"]; x [<&>".to_owned() };
    Picture {
        stack: "</style><script>alert(1)</script>".to_owned(),
        environment: "a\nb: \"c\" \\".to_owned(),
        region: "eu-west-3".to_owned(),
        account: None,
        parts: vec![
            Part { inside: None, what: region },
            resource("\"><script>alert('x')</script>", Some(0)),
            resource("`end`\u{1b}[31m #quot; ]]> \u{202e}&amp; \\\"", Some(0)),
        ],
        edges: vec![Edge {
            from: 1,
            to: 2,
            kind: EdgeKind::Traffic,
            label: "|tcp\"| <b>".to_owned(),
        }],
    }
}

#[test]
fn names_stay_names_in_every_format() {
    let picture = hostile();
    assert_snapshot!("hostile_mermaid", mermaid::text(&picture));
    assert_snapshot!("hostile_dot", dot::text(&picture));
    let svg = svg::file(&picture);
    let (_, drawn) = svg.split_once("</style>").expect("a style");
    assert_snapshot!("hostile_svg", drawn);
}

/// A browser is strict about XML: what is not well-formed is shown as an error.
#[test]
fn a_browser_draws_the_svg_light_and_dark() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let prod = systems().nth(3).expect("prod on DocumentDB");
    let mut browser = Browser::new(1600, 1000);
    for (name, picture) in [("hostile", hostile()), ("healthcare", picture::of_stack(&prod))] {
        let path = folder.path().join(format!("{name}.svg"));
        std::fs::write(&path, svg::file(&picture)).expect("written");
        browser.prefer("light");
        browser.open(&path);
        assert_eq!(browser.evaluate("document.documentElement.nodeName"), "svg");
        assert_eq!(browser.evaluate("document.querySelectorAll('script, parsererror').length"), 0);
        let count = picture.parts.len();
        assert_eq!(browser.evaluate("document.querySelectorAll('[data-part]').length"), count);
        let count = picture.edges.len();
        assert_eq!(browser.evaluate("document.querySelectorAll('path[data-edge]').length"), count);
        for part in &picture.parts {
            let script = format!(
                "[...document.querySelectorAll('[data-part]')].some(it => it.dataset.address === {})",
                serde_json::Value::from(part.name())
            );
            assert_eq!(browser.evaluate(&script), true, "{}", part.name());
        }
        let paper = "getComputedStyle(document.querySelector('.paper')).fill";
        assert_eq!(browser.evaluate(paper), "rgb(255, 255, 255)");
        let light = browser.screenshot(&format!("{name}-svg-light"));
        browser.prefer("dark");
        assert_eq!(browser.evaluate(paper), "rgb(13, 17, 23)");
        assert_ne!(browser.screenshot(&format!("{name}-svg-dark")), light);
    }
    assert_eq!(browser.errors, [""; 0]);
    assert!(
        browser.requests.iter().all(|url| url.starts_with("file://")),
        "{:?}",
        browser.requests
    );
}
