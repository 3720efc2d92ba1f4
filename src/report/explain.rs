//! Codes of mistakes and their pages.

use serde_json::json;

use super::{Report, style};
use crate::diagnostic::code::Page;

impl Report {
    /// All codes, each with what it means.
    pub fn codes(&self, pages: &[Page]) {
        self.list(pages.iter().map(|page| (page.code, page.summary())));
    }

    /// The page of a code.
    pub fn explain(&self, page: &Page) {
        if self.json {
            self.json(&json!({ "code": page.code, "about": page.summary(), "text": page.text }));
        } else {
            let title = style::paint(style::BAD, page.code);
            self.out(&format!("{title}: {}", as_text(page.text)));
        }
    }
}

/// Markdown as text for a terminal: what is code is indented.
fn as_text(markdown: &str) -> String {
    let mut inside = false;
    let mut text = String::new();
    for line in markdown.lines() {
        if line.starts_with("```") {
            inside = !inside;
            continue;
        }
        let indent = if inside && !line.is_empty() { "    " } else { "" };
        text.push_str(indent);
        text.push_str(line);
        text.push('\n');
    }
    text
}
