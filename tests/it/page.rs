//! The page about a stack, as it is written and as a browser shows it.

use insta::assert_snapshot;
use serde_json::Value;

use crate::binary::User;
use crate::browser::Browser;
use crate::cli::{infra, said};

const FIRST: &str = r#"
stack: shop
region: eu-west-3
resources:
  vpc: { kind: ec2.vpc, cidr: 10.0.0.0/16 }
  a: { kind: ec2.subnet, vpc: "${vpc}", cidr: 10.0.0.0/24, zone: eu-west-3a }
  old: { kind: ec2.security_group, vpc: "${vpc}" }
  log: { kind: logs.log_group, retention_days: 30 }
  key: { kind: kms.key, description: "<b>Orders</b> & more" }
outputs:
  network: ${vpc.id}
"#;

/// What it becomes: one group goes, one comes, a log lives longer.
fn second() -> String {
    FIRST.replace("old:", "new:").replace("retention_days: 30", "retention_days: 60")
}

const TABLES: &str = "[...document.querySelectorAll('table.data')].map(table => \
    [...table.querySelectorAll('tbody tr')].filter(row => row.checkVisibility()).map(row => row.dataset.find.split(' ')[0]))";

fn shown(browser: &mut Browser) -> Vec<Vec<String>> {
    serde_json::from_value(browser.evaluate(TABLES)).expect("tables")
}

#[test]
fn a_browser_shows_the_page_and_searches_it() {
    let user = User::new(FIRST);
    user.well(&["apply", "stack.yaml", "--env", "dev", "--yes"]);
    user.write("stack.yaml", &second());
    let report = ["report", "stack.yaml", "--env", "dev", "--html"];
    user.well(&[&report[..], &["page.html"]].concat());
    let page = std::fs::read_to_string(user.path("page.html")).expect("a page");
    assert_eq!(user.out(&[&report[..], &["-"]].concat()), page, "the same again, byte for byte");

    let mut browser = Browser::new(1400, 1000);
    browser.prefer("light");
    browser.open(&user.path("page.html"));
    assert_eq!(browser.evaluate("document.title"), "shop dev");
    let tables = shown(&mut browser);
    assert_eq!(tables[0], ["new", "log", "old"], "the plan");
    assert_eq!(tables.last().map(Vec::as_slice), Some(&["network".to_owned()][..]), "the outputs");
    assert_eq!(tables[tables.len() - 2], ["a", "key", "log", "old", "vpc"], "what lives");
    let key = "[...document.querySelectorAll('#plan pre')].map(it => it.textContent).join()";
    let text = browser.evaluate(key);
    assert!(text.as_str().is_some_and(|text| text.contains("30 → 60")), "{text}");

    // The search, by address, kind and id, with the keyboard alone.
    browser.press("/", 191);
    assert_eq!(browser.evaluate("document.activeElement.id"), "search");
    browser.type_text("LOG logs.");
    let tables = shown(&mut browser);
    assert_eq!((&tables[0], &tables[tables.len() - 2]), (&vec!["log".into()], &vec!["log".into()]));
    assert_eq!(
        browser.evaluate("document.querySelector('#plan .count').textContent"),
        "1 of 3 shown"
    );
    let dim = "document.querySelectorAll('.picture .part.dim').length";
    assert!(browser.evaluate(dim).as_u64().is_some_and(|count| count > 0), "others stand back");
    let size = "document.querySelector('.picture').clientWidth <= document.querySelector('.picture').viewBox.baseVal.width";
    assert_eq!(browser.evaluate(size), true, "a small picture is not blown up");
    browser.screenshot("page-search");
    browser.press("Escape", 27);
    let id = browser.evaluate("[...document.querySelectorAll('#live td.id')].map(it => it.textContent).find(it => it.startsWith('vpc-'))");
    browser.type_text(id.as_str().expect("an id"));
    assert_eq!(shown(&mut browser).iter().flatten().collect::<Vec<_>>(), ["vpc"]);
    browser.press("Escape", 27);
    browser.type_text("nothing-is-called-so");
    assert_eq!(shown(&mut browser).iter().flatten().count(), 0);
    let none = "document.querySelectorAll('.none:not([hidden])').length";
    assert_eq!(browser.evaluate(none), tables.len());
    browser.press("Escape", 27);

    // Light and dark: as the reader has it, then as the button says.
    let paper = "getComputedStyle(document.body).backgroundColor + getComputedStyle(document.querySelector('.paper')).fill";
    let (light, dark) = ("rgb(255, 255, 255)".repeat(2), "rgb(13, 17, 23)".repeat(2));
    assert_eq!(browser.evaluate(paper), light);
    let seen = browser.screenshot("page-light");
    browser.evaluate("document.querySelector('#theme').focus()");
    browser.press("Enter", 13);
    assert_eq!(browser.evaluate(paper), dark, "the button");
    assert_ne!(browser.screenshot("page-dark"), seen);
    browser.press("Enter", 13);
    browser.prefer("dark");
    assert_eq!(browser.evaluate(paper), light, "the button wins");
    browser.evaluate("localStorage.clear()");
    browser.open(&user.path("page.html"));
    assert_eq!(browser.evaluate(paper), dark, "as the reader has it");

    // From a row to its place in the picture, and its lines.
    browser.evaluate("document.querySelector('#live tr[data-address=a] a.address').click()");
    let lit = "new Promise(done => requestAnimationFrame(() => done(document.querySelector('.picture').classList.contains('pointed') && document.querySelector('g:target').dataset.address)))";
    assert_eq!(browser.evaluate(lit), "a");

    assert_eq!(browser.errors, [""; 0]);
    assert!(
        browser.requests.iter().all(|url| url.starts_with("file://")),
        "{:?}",
        browser.requests
    );
    // A page that tried to would not get through: nothing but what is in it may run or be fetched.
    let fetched = "fetch('https://example.com/').then(() => 'fetched', () => 'refused')";
    assert_eq!(browser.evaluate(fetched), "refused");
}

#[test]
fn the_page_of_the_healthcare_system_needs_no_account() {
    let home = tempfile::TempDir::new().expect("a folder");
    let path = home.path().join("page.html");
    let mut report = infra(home.path());
    report.args(["report", "stacks/healthcare.yaml", "--env", "prod", "--offline", "--html"]);
    let output = report.arg(&path).output().expect("run");
    assert!(output.status.success(), "{}", said(&output));

    let mut browser = Browser::new(1600, 1100);
    browser.prefer("light");
    browser.open(&path);
    let tables = shown(&mut browser);
    let count =
        browser.evaluate("document.querySelectorAll('.picture .part[data-address]').length");
    assert!(tables[0].len() > 60 && count.as_u64() >= u64::try_from(tables[0].len()).ok());
    browser.screenshot("page-healthcare-light");
    browser.prefer("dark");
    browser.screenshot("page-healthcare-dark");
    browser.evaluate("document.querySelector('#cost').scrollIntoView()");
    browser.screenshot("page-healthcare-cost");
    assert_eq!(browser.errors, [""; 0]);
    assert!(
        browser.requests.iter().all(|url| url.starts_with("file://")),
        "{:?}",
        browser.requests
    );
}

/// What comes from files and from AWS is text on the page, whatever it looks like.
#[test]
fn no_text_becomes_a_part_of_the_page() {
    let home = tempfile::TempDir::new().expect("a folder");
    let evil = "</script><script>document.title = 'mine'</script><img src=x onerror=alert(1)>";
    let stack = format!(
        "stack: one\nregion: eu-west-3\nresources:\n  key: {{ kind: kms.key, description: {} }}\n",
        Value::from(evil)
    );
    std::fs::write(home.path().join("stack.yaml"), stack).expect("written");
    let mut report = infra(home.path());
    report.current_dir(home.path()).args(["report", "stack.yaml", "--env", "dev", "--offline"]);
    let output = report.args(["--html", "page.html"]).output().expect("run");
    assert!(output.status.success(), "{}", said(&output));
    let mut browser = Browser::new(1000, 800);
    browser.open(&home.path().join("page.html"));
    assert_eq!(browser.evaluate("document.title"), "one dev");
    assert_eq!(browser.evaluate("document.querySelectorAll('script').length"), 1);
    assert_eq!(browser.evaluate("document.querySelectorAll('img').length"), 0);
    let text = browser.evaluate("document.querySelector('#resources pre').textContent");
    assert!(text.as_str().is_some_and(|text| text.contains("<script>document.title")), "{text}");
    assert_eq!(browser.errors, [""; 0]);
}

#[test]
fn a_small_page_whole() {
    let home = tempfile::TempDir::new().expect("a folder");
    let stack = "stack: one\nregion: eu-west-3\nresources:\n  log: { kind: logs.log_group, retention_days: 30 }\n  \
                 alerts: { kind: sns.topic }\n";
    std::fs::write(home.path().join("stack.yaml"), stack).expect("written");
    let mut report = infra(home.path());
    report.current_dir(home.path()).args(["report", "stack.yaml", "--env", "dev", "--offline"]);
    let output = report.args(["--html", "-"]).output().expect("run");
    assert!(output.status.success(), "{}", said(&output));
    let page = String::from_utf8_lossy(&output.stdout).into_owned();
    // The style and the script are files of their own, read as such.
    let hash = regex::Regex::new("'sha256-[^']*'").expect("a pattern");
    let page = hash.replace(&page, "'sha256-HASH'").into_owned();
    let (head, rest) = page.split_once("<style>").expect("a style");
    let (_, body) = rest.split_once("</style>").expect("its end");
    let (body, _) = body.split_once("<script>").expect("a script");
    assert_snapshot!(format!("{head}{body}").replace("><", ">\n<"));
}
