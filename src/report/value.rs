//! Values for people: on one line where they fit, as lines of YAML where not; and what differs
//! between two of them.

use serde_json::Value;
use similar::{Algorithm, ChangeTag, capture_diff_slices, group_diff_ops};

use super::style::{FAINT, GONE, NEW, paint};
use crate::kind::{field::HIDDEN, is_unknown};

/// What stands for a value that AWS has not decided yet.
pub(super) const UNKNOWN: &str = "(known after apply)";
/// What stands for a value that is not there.
const NONE: &str = "(none)";
/// How long a value may be to stand on its field's line.
const INLINE: usize = 72;
/// How long one text may be before its middle is left out.
const TEXT: usize = 96;
/// How many lines of a new value are shown.
const LINES: usize = 24;

/// A value: the first line stands beside its field, the others below.
pub(super) fn lines(value: &Value) -> Vec<String> {
    let line = inline(value);
    if fits(&line, INLINE) && !is_text_of_lines(value) {
        return vec![styled(&line)];
    }
    let mut lines = block(value);
    if lines.len() > LINES {
        let left = lines.len() - LINES + 1;
        lines.truncate(LINES - 1);
        lines.push(paint(FAINT, &format!("… {left} more lines")));
    }
    if lines.len() == 1 {
        return lines;
    }
    std::iter::once(String::new()).chain(lines).collect()
}

/// How a value changes: in one line if both sides fit, as a diff of lines if not.
pub(super) fn change(before: Option<&Value>, after: Option<&Value>, arrow: Arrow) -> Vec<String> {
    let one = |value: Option<&Value>| value.map_or_else(|| NONE.to_owned(), inline);
    let (was, now) = (one(before), one(after));
    let of_lines = before.is_some_and(is_text_of_lines) || after.is_some_and(is_text_of_lines);
    if !of_lines && was != now && was.chars().count() + now.chars().count() <= 2 * INLINE {
        return vec![arrow.line(&styled(&was), &styled(&now))];
    }
    let all = |value: Option<&Value>| value.map(whole_block).unwrap_or_default();
    let (was, now) = match arrow {
        Arrow::Becomes => (all(before), all(after)),
        Arrow::ShouldBe => (all(after), all(before)),
    };
    let mut lines = vec![match arrow {
        Arrow::Becomes => String::new(),
        Arrow::ShouldBe => paint(FAINT, "- in the file, + in AWS"),
    }];
    let ops = capture_diff_slices(Algorithm::Myers, &was, &now);
    for (place, group) in group_diff_ops(ops, 2).into_iter().enumerate() {
        if place > 0 {
            lines.push(paint(FAINT, "  …"));
        }
        for change in group.iter().flat_map(|op| op.iter_changes(&was, &now)) {
            let (style, sign) = match change.tag() {
                ChangeTag::Delete => (GONE, '-'),
                ChangeTag::Insert => (NEW, '+'),
                ChangeTag::Equal => (FAINT, ' '),
            };
            lines.push(paint(style, &format!("{sign} {}", change.value())));
        }
    }
    lines
}

/// Which way a change is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrow {
    /// What is becomes what is to be.
    Becomes,
    /// What is is not what it should be.
    ShouldBe,
}

impl Arrow {
    fn line(self, before: &str, after: &str) -> String {
        match self {
            Self::Becomes => format!("{before} {} {after}", paint(FAINT, "→")),
            Self::ShouldBe => format!(
                "{after} {} {before} {}",
                paint(FAINT, "in the file,"),
                paint(FAINT, "in AWS")
            ),
        }
    }
}

/// Placeholders stand back.
fn styled(line: &str) -> String {
    if [UNKNOWN, NONE, HIDDEN].contains(&line) { paint(FAINT, line) } else { line.to_owned() }
}

fn fits(text: &str, limit: usize) -> bool {
    text.chars().count() <= limit
}

fn is_text_of_lines(value: &Value) -> bool {
    matches!(value, Value::String(text) if text.trim_end().contains('\n'))
}

/// A value on one line, as YAML would have it.
pub(super) fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(&cut(&known(text))),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", "))
        }
        Value::Object(map) => {
            let entries = map.iter().map(|(key, value)| format!("{key}: {}", inline(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// A value as lines of YAML, with long texts cut.
fn block(value: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    write(value, 0, &|text| scalar(&cut(text)), &mut lines);
    lines
}

/// A value as lines of YAML, with nothing left out, so that any difference shows.
fn whole_block(value: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    write(value, 0, &|text| scalar(text), &mut lines);
    lines
}

fn write(value: &Value, depth: usize, text: &dyn Fn(&str) -> String, lines: &mut Vec<String>) {
    let pad = "  ".repeat(depth);
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                let short = inline(value);
                if is_leaf(value) && !is_text_of_lines(value) {
                    lines.push(format!("{pad}{key}: {}", leaf(value, text)));
                } else if fits(&short, INLINE / 2) && is_flat(value) {
                    lines.push(format!("{pad}{key}: {short}"));
                } else {
                    lines.push(format!("{pad}{key}:"));
                    write(value, depth + 1, text, lines);
                }
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                let start = lines.len();
                write(item, depth + 1, text, lines);
                if let Some(first) = lines.get_mut(start) {
                    first.replace_range(2 * depth..2 * depth + 2, "- ");
                }
            }
        }
        Value::String(string) if is_text_of_lines(value) => {
            lines.extend(known(string).lines().map(|line| format!("{pad}{line}")));
        }
        other => lines.push(format!("{pad}{}", leaf(other, text))),
    }
}

fn leaf(value: &Value, text: &dyn Fn(&str) -> String) -> String {
    match value {
        Value::String(string) => text(&known(string)),
        other => inline(other),
    }
}

fn is_leaf(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => true,
    }
}

fn is_flat(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.values().all(is_leaf),
        Value::Array(items) => items.iter().all(is_leaf),
        _ => true,
    }
}

/// Text with what is not known yet called so. A variable of an IAM policy, such as
/// `${aws:username}`, is known: AWS fills it in for each request.
fn known(text: &str) -> String {
    if !is_unknown(text) {
        return text.to_owned();
    }
    let mut result = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        result.push_str(&rest[..start]);
        rest = &rest[start..];
        let Some(length) = expression(rest) else { break };
        let inside = &rest[2..length - 1];
        let is_variable = inside.contains(':') && !inside.contains([' ', '?', '"', '\'', '(']);
        result.push_str(if is_variable { &rest[..length] } else { UNKNOWN });
        rest = &rest[length..];
    }
    result + rest
}

/// How long the `${…}` is that the text begins with.
fn expression(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (place, char) in text.char_indices() {
        match char {
            '{' => depth += 1,
            '}' if depth == 1 => return Some(place + 1),
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// A long text without its middle.
fn cut(text: &str) -> String {
    if fits(text, TEXT) || text.contains('\n') {
        return text.to_owned();
    }
    let chars: Vec<char> = text.chars().collect();
    let (head, tail) = (TEXT * 2 / 3, TEXT / 4);
    let end: String = chars[chars.len() - tail..].iter().collect();
    let start: String = chars[..head].iter().collect();
    format!("{start}…{end}")
}

/// A text, quoted where it could be taken for something else.
fn scalar(text: &str) -> String {
    let looks_other = text.is_empty()
        || text.trim() != text
        || text.contains(['\n', '\t', '"'])
        || text.contains(", ")
        || text.contains(": ")
        || text.starts_with(['[', '{', '#', '&', '!', '|', '>', '%', '@', '`', '\''])
        || matches!(text, "true" | "false" | "null" | "~" | "yes" | "no" | "on" | "off")
        || text.parse::<f64>().is_ok();
    if looks_other { Value::from(text).to_string() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn scalars_look_like_what_they_are() {
        let shown = |value| inline(&value);
        assert_eq!(shown(json!("10.0.0.0/16")), "10.0.0.0/16");
        assert_eq!(shown(json!("30")), "\"30\"");
        assert_eq!(shown(json!(30)), "30");
        assert_eq!(shown(json!("true")), "\"true\"");
        assert_eq!(shown(json!({ "a": [1, "b c"], "d": "" })), "{a: [1, b c], d: \"\"}");
    }

    #[test]
    fn what_is_not_known_is_called_so_and_policy_variables_are_known() {
        assert_eq!(known("${vpc.id}"), UNKNOWN);
        assert_eq!(known("http://${alb.dns_name}/x"), "http://(known after apply)/x");
        assert_eq!(known("${ {'a': 1}['a'] }!"), "(known after apply)!");
        assert_eq!(known("home/${aws:username}/*"), "home/${aws:username}/*");
        assert_eq!(known("left ${open"), "left ${open");
    }

    #[test]
    fn a_long_text_keeps_both_ends() {
        let text = format!("arn:aws:{}/the-end", "x".repeat(200));
        let cut = cut(&text);
        assert!(cut.starts_with("arn:aws:xxx") && cut.ends_with("xx/the-end"));
        assert_eq!(cut.chars().count(), 64 + 1 + 24);
    }
}
