//! A new resource for a stack file: what has to be given, and what can be, with what each is.

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::Value;

use crate::diagnostic::{Diagnostic, Diagnostics, SourceFile};
use crate::kind::AnyKind;
use crate::kind::schema::FieldRef;
use crate::stack::{Data, Key, yaml};

/// The declaration of a resource, as lines without indentation.
pub fn resource(kind: &dyn AnyKind, name: &str) -> String {
    let schema = kind.schema();
    let mut text = String::new();
    let _ = writeln!(text, "# {}", sentence(schema.description()));
    let _ = writeln!(text, "{name}:\n  kind: {}", kind.name());
    let (required, optional): (Vec<FieldRef<'_>>, Vec<_>) =
        schema.fields().partition(|field| field.is_required() && !field.is("x-name"));
    for field in required {
        let _ = writeln!(text, "  {}: # {}", field.name, about(&field));
    }
    for field in optional {
        let value = field.schema.get("default").map(short).unwrap_or_default();
        let space = if value.is_empty() { "" } else { " " };
        let _ = writeln!(text, "  # {}:{space}{value} # {}", field.name, about(&field));
    }
    text
}

/// What a field is, and what it refers to or can be.
fn about(field: &FieldRef<'_>) -> String {
    let mut text = sentence(field.description());
    if let Some((kind, _)) = field.reference().filter(|(kind, _)| *kind != "*") {
        let _ = write!(text, " (${{…}} of {kind})");
    }
    if let Some(Value::Array(values)) = field.schema.get("enum") {
        let values: Vec<String> = values.iter().map(short).collect();
        let _ = write!(text, " ({})", values.join(", "));
    }
    text
}

fn sentence(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.split_once(". ").map_or(line.clone(), |(first, _)| format!("{first}."))
}

fn short(value: &Value) -> String {
    match value {
        Value::String(text) if text.chars().all(|c| c.is_alphanumeric() || "_-./".contains(c)) => {
            text.clone()
        }
        other => other.to_string(),
    }
}

/// The text of the file with the declaration at the end of its resources; nothing else changes.
pub fn insert(
    file: &Arc<SourceFile>,
    name: &str,
    declaration: &str,
) -> Result<String, Diagnostics> {
    let mut mistakes = Diagnostics::new();
    let Some(root) = yaml::parse(file, &mut mistakes).filter(|_| mistakes.is_empty()) else {
        return Err(mistakes.sorted());
    };
    let found = root.entries().iter().find(|(key, _)| &*key.text == "resources");
    let entries = found.map(|(_, node)| (node.entries(), &node.data));
    let text = &file.text;
    let (at, indent) = match entries {
        Some((entries, _)) if entries.iter().any(|(key, _)| &*key.text == name) => {
            return Err(refused(file, &format!("`{name}` is declared already")));
        }
        Some((entries @ [.., (_, last)], _)) => {
            let (key, _) = &entries[0];
            let Some(column) = column(text, key) else {
                return Err(refused(
                    file,
                    "its `resources` stand in braces: write each on lines of its own",
                ));
            };
            (end_of_block(text, last.end, column), column)
        }
        Some((_, Data::Null)) | None => (text.trim_end().len(), 2),
        Some(_) => return Err(refused(file, "its `resources` are `{}`: take the braces away")),
    };
    let pad = " ".repeat(indent);
    let mut block: String = declaration.lines().map(|line| format!("{pad}{line}\n")).collect();
    if found.is_none() {
        block.insert_str(0, "resources:\n");
    }
    let (before, after) = text.split_at(at);
    let after = after.strip_prefix('\n').unwrap_or(after);
    Ok(format!("{}\n{block}{after}", before.trim_end_matches('\n')))
}

/// The column of a key that stands at the beginning of its line.
fn column(text: &str, key: &Key) -> Option<usize> {
    let line = text[..key.start].rsplit('\n').next()?;
    line.chars().all(|c| c == ' ').then_some(line.len())
}

/// The end of the last line of a block whose last entry ends before `end`, with the comments below it that
/// stand in the block as well.
fn end_of_block(text: &str, end: usize, indent: usize) -> usize {
    let end = text[..end.min(text.len())].trim_end().len();
    let line_end = |from: usize| text[from..].find('\n').map_or(text.len(), |more| from + more);
    let mut at = line_end(end);
    let mut next = at;
    while next < text.len() {
        let until = line_end(next + 1);
        let line = &text[next + 1..until];
        let column = line.len() - line.trim_start().len();
        if line.trim_start().starts_with('#') && column >= indent {
            at = until;
        } else if !line.trim().is_empty() {
            break;
        }
        next = until;
    }
    at
}

fn refused(file: &SourceFile, why: &str) -> Diagnostics {
    let message = format!("{} cannot take another resource: {why}", file.path);
    Diagnostic::error("no-room", message).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inserted(text: &str) -> Result<String, String> {
        let file = SourceFile { path: "stack.yaml".to_owned(), text: text.to_owned() };
        insert(&Arc::new(file), "new", "new:\n  kind: x\n").map_err(|mistakes| mistakes.to_string())
    }

    #[test]
    fn a_resource_comes_after_the_others() {
        for (before, expected) in [
            (
                "resources:\n  a: { kind: b } # c\n\noutputs:\n  d: e\n",
                "resources:\n  a: { kind: b } # c\n  new:\n    kind: x\n\noutputs:\n  d: e\n",
            ),
            (
                "resources:\n    a:\n        kind: b\n        # last\n",
                "resources:\n    a:\n        kind: b\n        # last\n    new:\n      kind: x\n",
            ),
            ("stack: s\nresources:\n", "stack: s\nresources:\n  new:\n    kind: x\n"),
            ("stack: s\n", "stack: s\nresources:\n  new:\n    kind: x\n"),
            (
                "resources:\n  a: |\n    text\n  \n",
                "resources:\n  a: |\n    text\n  new:\n    kind: x\n  \n",
            ),
        ] {
            assert_eq!(inserted(before).as_deref(), Ok(expected));
        }
        for wrong in [
            "resources: {}\n",
            "resources: { a: { kind: b } }\n",
            "resources:\n  new: {}\n",
            "a: [",
        ] {
            assert!(inserted(wrong).is_err(), "{wrong}");
        }
    }
}
