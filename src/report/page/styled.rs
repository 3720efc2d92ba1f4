//! Text with ANSI styles → HTML.

use maud::{Markup, html};

/// Text as a terminal would show it.
pub(super) fn styled(text: &str) -> Markup {
    let mut pieces: Vec<(String, &str)> = Vec::new();
    let mut classes: Vec<&'static str> = Vec::new();
    let mut rest = text;
    loop {
        let end = rest.find("\u{1b}[").unwrap_or(rest.len());
        if end > 0 {
            pieces.push((classes.join(" "), &rest[..end]));
        }
        let Some(code) = rest.get(end + 2..) else { break };
        let length = code.find(|letter: char| !letter.is_ascii_digit() && letter != ';');
        let Some(length) = length.filter(|length| code[*length..].starts_with('m')) else {
            // What no style begins with is no style of ours: shown without its first letter.
            rest = &rest[end + 1..];
            continue;
        };
        for number in code[..length].split(';') {
            match class(number) {
                Some(class) => classes.push(class),
                None => classes.clear(),
            }
        }
        rest = &code[length + 1..];
    }
    html! {
        @for (classes, text) in &pieces {
            @if classes.is_empty() { (text) } @else { span class=(classes) { (text) } }
        }
    }
}

fn class(number: &str) -> Option<&'static str> {
    match number {
        "1" => Some("strong"),
        "2" => Some("faint"),
        "31" => Some("gone"),
        "32" => Some("new"),
        "33" => Some("changed"),
        "35" => Some("replaced"),
        "36" => Some("moved"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::style::{BAD, FAINT, paint};
    use super::*;

    #[test]
    fn styles_become_classes_and_text_stays_text() {
        let text = format!("a {} & {}", paint(BAD, "<b>"), paint(FAINT, "c"));
        assert_eq!(
            styled(&text).into_string(),
            "a <span class=\"strong gone\">&lt;b&gt;</span> &amp; <span class=\"faint\">c</span>"
        );
        assert_eq!(styled("x\u{1b}[2Jy\u{1b}[").into_string(), "x[2Jy[");
    }
}
