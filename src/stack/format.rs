//! The one layout of stack files: comments, order and the choice between blocks and braces stay.

use std::sync::Arc;

use pretty_yaml::config::{FormatOptions, Quotes};

use super::yaml;
use crate::diagnostic::{Diagnostic, Diagnostics, SourceFile};

/// How long lines may get.
const WIDTH: usize = 140;

/// The text of the file in that layout. What it says is the same, or there is no such text.
pub fn format(file: &Arc<SourceFile>) -> Result<String, Diagnostics> {
    let before = read(file)?;
    let mut options = FormatOptions::default();
    options.layout.print_width = WIDTH;
    options.language.quotes = Quotes::PreferDouble;
    let text =
        pretty_yaml::format_text(&file.text, &options).map_err(|error| refused(file, &error))?;
    let after = Arc::new(SourceFile { path: file.path.clone(), text });
    if read(&after)? != before {
        return Err(refused(file, &"its meaning would change"));
    }
    Ok(after.text.clone())
}

fn read(file: &Arc<SourceFile>) -> Result<serde_json::Value, Diagnostics> {
    let mut mistakes = Diagnostics::new();
    let node = yaml::parse(file, &mut mistakes);
    match node {
        Some(node) if mistakes.is_empty() => Ok(node.json()),
        _ => Err(mistakes.sorted()),
    }
}

fn refused(file: &SourceFile, why: &dyn std::fmt::Display) -> Diagnostics {
    let message = format!("{} cannot be laid out, and stays as it is: {why}", file.path);
    Diagnostic::error("unformattable", message).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formatted(text: &str) -> String {
        let file = SourceFile { path: "stack.yaml".to_owned(), text: text.to_owned() };
        format(&Arc::new(file)).map_err(|mistakes| mistakes.to_string()).expect("formatted")
    }

    #[test]
    fn comments_and_blank_lines_stay_and_the_rest_is_laid_out() {
        let text = "# head\nstack:   shop\nregion: 'eu-west-3'\n\n\n\nresources:\n    logs: {kind: logs.log_group}  # why\n    # below\n    list:\n    - a\n";
        let expected = "# head\nstack: shop\nregion: \"eu-west-3\"\n\nresources:\n  logs: { kind: logs.log_group } # why\n  # below\n  list:\n    - a\n";
        assert_eq!(formatted(text), expected);
        assert_eq!(formatted(expected), expected);
    }

    #[test]
    fn expressions_and_anchors_stay() {
        let text = "a: &x { b: '${c == \"d\" ? [1] : []}' }\ne: *x\n";
        assert_eq!(formatted(text), text);
    }
}
