//! What is said when this program itself breaks.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{PanicHookInfo, set_hook};

/// From here on a panic says where it happened, and not its message: that may quote what was being
/// worked on, secrets included.
pub fn hide_messages_of_panics() {
    set_hook(Box::new(|info| anstream::eprint!("{}", text(info, &Backtrace::capture()))));
}

fn text(info: &PanicHookInfo<'_>, backtrace: &Backtrace) -> String {
    let place = info.location().map_or("an unknown place".to_owned(), ToString::to_string);
    let mut text = format!(
        "error: infra broke at {place}, which is a bug in it: please report the place\n  help: what \
         was begun may be half done; run the same command again, and it goes on from there\n"
    );
    if backtrace.status() == BacktraceStatus::Captured {
        text.push_str(&format!("{backtrace}\n"));
    }
    text
}
