//! Plans for people: what changes, grouped by the tree of addresses, and one line that sums up.

use std::fmt::Write as _;

use anstyle::Style;
use serde_json::Value;

use super::plan_json::Summary;
use super::style::{BAD, CHANGED, FAINT, GONE, MOVED, NEW, PLAIN, REPLACED, STRONG, paint};
use super::value::{Arrow, change, inline, lines};
use crate::kind::LiveObject;
use crate::plan::{Action, Item, Plan, Reason};

/// A plan as text with ANSI styles.
pub fn text(plan: &Plan) -> String {
    let told = |item: &&Item| item.action != Action::Keep || item.reason != Reason::Same;
    let items: Vec<&Item> = plan.items.iter().filter(told).collect();
    let mut text = String::new();
    if !items.is_empty() {
        heading(plan, "", &mut text);
        tree(plan, &items, Arrow::Becomes, &mut text);
    }
    if !plan.has_changes() {
        text.push_str(&paint(STRONG, "No changes."));
        text.push_str(" The account matches the stack file.\n");
        text.push_str(asleep(plan));
        return text;
    }
    text.push_str(asleep(plan));
    if plan.awake_at_first().next().is_some() {
        text.push_str("A new database runs at first: the same run puts it to sleep at its end.\n");
    }
    outputs(plan, &mut text);
    let losses: Vec<String> = items
        .iter()
        .filter(|item| item.loses_data)
        .map(|item| match &item.holds {
            Some(held) => format!("{} ({})", item.address, held.what),
            None => format!("{} ({})", item.address, item.kind),
        })
        .collect();
    if !losses.is_empty() {
        let _ = writeln!(text, "{} {}\n", paint(BAD, "Data will be lost:"), losses.join(", "));
    }
    let _ = writeln!(text, "{}", summary(plan));
    text
}

/// What differs in AWS, as text with ANSI styles.
pub fn drift(plan: &Plan) -> String {
    let items: Vec<&Item> = plan.changed().collect();
    let mut text = String::new();
    if items.is_empty() {
        let none = paint(STRONG, "No drift.");
        return format!("{none} The account matches the stack file.\n{}", asleep(plan));
    }
    heading(plan, "drift of ", &mut text);
    tree(plan, &items, Arrow::ShouldBe, &mut text);
    let missing = items.iter().filter(|item| item.action == Action::Create).count();
    let (differ, same) = (items.len() - missing, plan.items.len() - items.len());
    let _ = writeln!(text, "Drift: {differ} differ, {missing} missing, {same} as in the file.");
    text
}

/// What is said of an environment that sleeps.
fn asleep(plan: &Plan) -> &'static str {
    if plan.asleep {
        "The environment sleeps, and stays asleep: `infra wake`, or `infra apply --wake`, wakes it.\n"
    } else {
        ""
    }
}

/// The line that sums a plan up.
pub fn summary(plan: &Plan) -> String {
    let counts = Summary::of(plan);
    let mut parts = Vec::new();
    let mut part = |count: usize, what: &str, style: Style, always: bool| {
        if count > 0 || always {
            let style = if count > 0 { style } else { PLAIN };
            parts.push(paint(style, &format!("{count} {what}")));
        }
    };
    part(counts.create, "to create", NEW, true);
    part(counts.update, "to update", CHANGED, true);
    part(counts.replace, "to replace", REPLACED, true);
    part(counts.delete, "to delete", GONE, true);
    part(counts.adopt, "to adopt", MOVED, false);
    part(counts.retag, "to move", MOVED, false);
    part(counts.retained, "retained", PLAIN, false);
    part(counts.unchanged, "unchanged", PLAIN, true);
    format!("{} {}.", paint(STRONG, "Plan:"), parts.join(", "))
}

/// A plan as Markdown, for a pull request.
pub fn markdown(plan: &Plan) -> String {
    let plain = |text: &str| anstream::adapter::strip_str(text).to_string();
    let mut result = format!("### `{}` `{}`\n\n", plan.stack, plan.environment);
    if !plan.has_changes() {
        result.push_str("No changes. The account matches the stack file.\n");
        return result;
    }
    let _ = writeln!(result, "**{}**\n", plain(&summary(plan)));
    result.push_str("| | address | kind | |\n|---|---|---|---|\n");
    for item in plan.changed() {
        let (symbol, _) = symbol(item, Arrow::Becomes);
        let mut notes = notes(plan, item, Arrow::Becomes);
        if let (Action::Update | Action::Replace { .. }, Reason::Differs(fields)) =
            (item.action, &item.reason)
        {
            notes.push(fields.iter().map(|f| format!("`{f}`")).collect::<Vec<_>>().join(", "));
        }
        if item.loses_data {
            notes.push("**loses data**".to_owned());
        }
        let notes = plain(&notes.join(", ")).replace('|', "\\|");
        let _ = writeln!(result, "| {symbol} | `{}` | `{}` | {notes} |", item.address, item.kind);
    }
    let whole = plain(&text(plan));
    // A fence longer than any inside keeps the text from ending it.
    let longest = whole.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let _ = writeln!(
        result,
        "\n<details><summary>The whole plan</summary>\n\n{fence}text\n{whole}{fence}\n\n</details>"
    );
    result
}

fn heading(plan: &Plan, what: &str, text: &mut String) {
    let name = paint(STRONG, &format!("{} {}", plan.stack, plan.environment));
    let place = format!("in account {}, {}", plan.account, plan.region);
    let _ = writeln!(text, "{what}{name} {}\n", paint(FAINT, &place));
}

fn outputs(plan: &Plan, text: &mut String) {
    if plan.outputs.is_empty() {
        return;
    }
    let width = plan.outputs.keys().map(|name| name.chars().count()).max().unwrap_or(0);
    let _ = writeln!(text, "{}", paint(FAINT, "outputs"));
    for (name, value) in &plan.outputs {
        field(2, name, width, &lines(value), "", text);
    }
    text.push('\n');
}

/// One level of the tree of addresses: what stands here, and what is below.
#[derive(Default)]
struct Branch<'a> {
    twigs: Vec<Twig<'a>>,
}

enum Twig<'a> {
    Leaf(&'a str, &'a Item),
    Branch(&'a str, Branch<'a>),
}

impl<'a> Branch<'a> {
    fn add(&mut self, path: &'a str, item: &'a Item) {
        let Some((head, rest)) = path.split_once('/') else {
            self.twigs.push(Twig::Leaf(path, item));
            return;
        };
        let found = self.twigs.iter_mut().find_map(|twig| match twig {
            Twig::Branch(name, branch) if *name == head => Some(branch),
            Twig::Branch(..) | Twig::Leaf(..) => None,
        });
        if let Some(branch) = found {
            branch.add(rest, item);
        } else {
            let mut branch = Branch::default();
            branch.add(rest, item);
            self.twigs.push(Twig::Branch(head, branch));
        }
    }
}

/// Widths that all items of a plan share, so that their columns stand below each other.
struct Columns {
    name: usize,
    kind: usize,
}

fn tree(plan: &Plan, items: &[&Item], arrow: Arrow, text: &mut String) {
    let mut root = Branch::default();
    for item in items {
        root.add(item.address.as_str(), item);
    }
    let name = |item: &&Item| {
        let depth = item.address.as_str().matches('/').count();
        2 * depth + item.address.as_str().rsplit('/').next().unwrap_or_default().chars().count()
    };
    let columns = Columns {
        name: items.iter().map(name).max().unwrap_or(0).min(40),
        kind: items.iter().map(|item| item.kind.len()).max().unwrap_or(0),
    };
    branch(plan, &root, 0, &columns, arrow, text);
    text.push('\n');
}

fn branch(
    plan: &Plan,
    branch_: &Branch<'_>,
    depth: usize,
    columns: &Columns,
    arrow: Arrow,
    text: &mut String,
) {
    let pad = "  ".repeat(depth);
    for twig in &branch_.twigs {
        match twig {
            Twig::Branch(name, below) => {
                let _ = writeln!(text, "  {pad}{}", paint(STRONG, &format!("{name}/")));
                branch(plan, below, depth + 1, columns, arrow, text);
            }
            Twig::Leaf(name, item) => {
                let (symbol, style) = symbol(item, arrow);
                let width = columns.name.saturating_sub(2 * depth);
                let mut line = format!(
                    "  {pad}{} {}  {}",
                    paint(style, symbol),
                    format_args!("{}{}", paint(style, name), fill(name, width)),
                    format_args!("{}{}", paint(FAINT, &item.kind), fill(&item.kind, columns.kind)),
                );
                for (place, note) in notes(plan, item, arrow).into_iter().enumerate() {
                    line.push_str(if place == 0 { "  " } else { ", " });
                    line.push_str(&note);
                }
                if item.loses_data {
                    let held = item.holds.as_ref().map(|held| format!(": {}", held.what));
                    let loss = format!("loses data{}", held.unwrap_or_default());
                    let _ = write!(line, "  {}", paint(BAD, &loss));
                }
                let _ = writeln!(text, "{}", line.trim_end());
                fields(item, 6 + 2 * depth, arrow, text);
            }
        }
    }
}

fn fill(text: &str, width: usize) -> String {
    " ".repeat(width.saturating_sub(text.chars().count()))
}

fn symbol(item: &Item, arrow: Arrow) -> (&'static str, Style) {
    match item.action {
        Action::Create if arrow == Arrow::ShouldBe => ("-", GONE),
        Action::Replace { .. } if arrow == Arrow::ShouldBe => ("~", CHANGED),
        Action::Create => ("+", NEW),
        Action::Update => ("~", CHANGED),
        Action::Replace { .. } => ("±", REPLACED),
        Action::Delete => ("-", GONE),
        Action::Adopt | Action::Retag => (">", MOVED),
        Action::Keep => ("=", FAINT),
    }
}

/// What is to be known of an item beside its address and kind.
pub(super) fn notes(plan: &Plan, item: &Item, arrow: Arrow) -> Vec<String> {
    let mut notes = Vec::new();
    if item.region != plan.region {
        notes.push(format!("in {}", item.region));
    }
    match (item.action, arrow) {
        (Action::Create, Arrow::ShouldBe) => notes.push("missing".to_owned()),
        (Action::Replace { delete_first: true }, Arrow::Becomes) => {
            notes.push("replace: the old one goes before the new one comes".to_owned());
        }
        (Action::Replace { delete_first: false }, Arrow::Becomes) => {
            notes.push("replace: the new one comes before the old one goes".to_owned());
        }
        _ => {}
    }
    let id = item.live.as_deref().map(LiveObject::id).filter(|id| !id.is_empty());
    match &item.reason {
        Reason::Failed(why) => notes.push(format!("it has failed: {why}")),
        Reason::Asleep => notes.push("gone for the night".to_owned()),
        Reason::Orphan => notes.push("no longer in the file".to_owned()),
        Reason::Leftover => {
            notes.push("left over from a replacement that was cut short".to_owned());
        }
        Reason::KindChanged(kind) => notes.push(format!("its address is now of kind {kind}")),
        Reason::RegionChanged(region) => notes.push(format!("its address is now in {region}")),
        Reason::Moved(from) => notes.push(format!("moved from {from}")),
        Reason::Adopted => notes.push("becomes ours".to_owned()),
        Reason::Retained => notes.push("retained".to_owned()),
        Reason::HoldsData(what) => notes.push(format!("stays, because it holds {what}")),
        Reason::NeededBy(by) => notes.push(format!("stays, because {by} is retained and needs it")),
        Reason::Missing | Reason::Differs(_) | Reason::Destroy | Reason::Same => {}
    }
    if let Some(field) = item.lifts().filter(|_| arrow == Arrow::Becomes) {
        notes.push(format!("AWS's protection is lifted ({field})"));
    }
    if matches!(item.action, Action::Delete | Action::Adopt)
        && let Some(id) = id
    {
        notes.push(paint(FAINT, id));
    }
    notes
}

/// The fields of an item: those that differ, or for a new object those that are not our defaults.
pub(super) fn fields(item: &Item, indent: usize, arrow: Arrow, text: &mut String) {
    let width = |names: &mut dyn Iterator<Item = &str>| {
        names.map(|name| name.chars().count()).max().unwrap_or(0).min(36)
    };
    if item.action == Action::Create {
        if arrow == Arrow::Becomes {
            let fields = new_fields(item);
            let width = width(&mut fields.iter().map(|(name, _)| *name));
            for (name, value) in fields {
                field(indent, name, width, &lines(value), "", text);
            }
        }
        return;
    }
    let width = width(&mut item.changes.iter().map(|change| change.path.as_str()));
    for item in &item.changes {
        let lines = change(item.before.as_ref(), item.after.as_ref(), arrow);
        let forces = item.replaces && arrow == Arrow::Becomes;
        let note = if forces { paint(GONE, "forces replacement") } else { String::new() };
        field(indent, &item.path, width, &lines, &note, text);
    }
}

/// The fields that a new object is given: those left at their defaults are no news.
fn new_fields(item: &Item) -> Vec<(&str, &Value)> {
    let kind = crate::kinds::find(&item.kind);
    let is_default = |name: &str, value: &Value| {
        let field = kind.and_then(|kind| kind.schema().field(name));
        field.and_then(|field| field.schema.get("default")) == Some(value)
            || matches!(value, Value::Array(items) if items.is_empty())
            || matches!(value, Value::Object(map) if map.is_empty())
    };
    let spec = item.desired.as_ref().and_then(Value::as_object).into_iter().flatten();
    spec.map(|(name, value)| (name.as_str(), value))
        .filter(|(name, value)| !is_default(name, value))
        .collect()
}

/// A field's name and its value, whose further lines stand below.
fn field(indent: usize, name: &str, width: usize, lines: &[String], note: &str, text: &mut String) {
    let pad = " ".repeat(indent);
    let first = lines.first().map(String::as_str).unwrap_or_default();
    let mut line = format!("{pad}{name}{}  {first}", fill(name, width));
    if !note.is_empty() {
        let _ = write!(line, "{}{note}", if first.is_empty() { "" } else { "  " });
    }
    let _ = writeln!(text, "{}", line.trim_end());
    for line in lines.iter().skip(1) {
        let _ = writeln!(text, "{}", format!("{pad}  {line}").trim_end());
    }
}

/// The outputs of a stack, as text.
pub fn output_lines<'a>(outputs: impl Iterator<Item = (&'a String, &'a Value)>) -> String {
    let outputs: Vec<_> = outputs.collect();
    let width = outputs.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let line = |(name, value): (&String, &Value)| {
        let shown = value.as_str().map_or_else(|| inline(value), str::to_owned);
        format!("{name}{}  {shown}\n", fill(name, width))
    };
    outputs.into_iter().map(line).collect()
}
