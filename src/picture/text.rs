//! Texts that come from files and from tags, made fit for being shown.

use crate::kind::literal;

/// A text without letters that no format takes, and without those that turn others round.
pub(super) fn clean(text: &str) -> String {
    let is_bad = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            || matches!(letter, '\u{fffe}' | '\u{ffff}')
    };
    literal::plain(text).chars().map(|it| if is_bad(it) { '\u{fffd}' } else { it }).collect()
}

/// A text cut to a number of letters; its end says most.
pub(super) fn cut(text: &str, letters: usize) -> String {
    let count = text.chars().count();
    if count <= letters {
        return text.to_owned();
    }
    let end: String = text.chars().skip(count + 1 - letters).collect();
    format!("…{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_do_more_than_be_shown_is_taken_out() {
        assert_eq!(clean("a\u{1b}[1m\nb\u{202e}c"), "a\u{fffd}[1m\u{fffd}b\u{fffd}c");
        assert_eq!(clean("subnet/ä-1 <b>"), "subnet/ä-1 <b>");
    }

    #[test]
    fn a_long_text_keeps_its_end() {
        assert_eq!(cut("network/private/a", 9), "…rivate/a");
        assert_eq!(cut("short", 5), "short");
    }
}
