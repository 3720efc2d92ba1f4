//! The few styles that reports use, each with one meaning.

use anstyle::{AnsiColor, Style};

/// Something new, or done.
pub const NEW: Style = AnsiColor::Green.on_default();
/// Something that changes in place.
pub const CHANGED: Style = AnsiColor::Yellow.on_default();
/// Something that is replaced.
pub const REPLACED: Style = AnsiColor::Magenta.on_default();
/// Something that goes.
pub const GONE: Style = AnsiColor::Red.on_default();
/// Something that becomes ours, or moves.
pub const MOVED: Style = AnsiColor::Cyan.on_default();
/// Something that failed, or must not be overlooked.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// A heading.
pub const STRONG: Style = Style::new().bold();
/// What matters less.
pub const FAINT: Style = Style::new().dimmed();
/// Nothing special.
pub const PLAIN: Style = Style::new();

/// Text in a style.
pub fn paint(style: Style, text: &str) -> String {
    if text.is_empty() || style.is_plain() {
        return text.to_owned();
    }
    format!("{style}{text}{style:#}")
}
