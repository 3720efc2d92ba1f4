//! Mistakes in stack files: what is wrong, where, and what to do about it.

pub mod code;

use std::fmt;
use std::sync::Arc;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

/// A file that was read, kept for showing lines of it.
#[derive(Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// The path as the user gave it.
    pub path: String,
    /// The whole text.
    pub text: String,
}

/// A piece of a file, as byte offsets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The file.
    pub file: Arc<SourceFile>,
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Nothing can be done with the file.
    Error,
    /// Most likely not what was meant.
    Warning,
}

/// One mistake.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// The class of the mistake: `unknown-field`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// Where.
    pub span: Option<Span>,
    /// What stands beside the underlined place; may be empty.
    pub label: String,
    /// What to know in addition.
    pub notes: Vec<String>,
    /// What to do about it.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// An error without a place.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            span: None,
            label: String::new(),
            notes: Vec::new(),
            help: Vec::new(),
        }
    }

    /// Puts it at a place.
    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    /// What stands beside the underlined place.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Adds what to know.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Adds what to do, if there is something.
    #[must_use]
    pub fn maybe_help(mut self, help: Option<impl Into<String>>) -> Self {
        self.help.extend(help.map(Into::into));
        self
    }

    fn render(&self, renderer: &Renderer) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(self.message.as_str()).id(self.code);
        let snippet = self.span.as_ref().map(|span| {
            let (start, end) = span.drawable();
            let label = (!self.label.is_empty()).then_some(self.label.as_str());
            Snippet::source(span.file.text.as_str())
                .path(span.file.path.as_str())
                .annotation(AnnotationKind::Primary.span(start..end).label(label))
        });
        let notes = self.notes.iter().map(|note| Level::NOTE.message(note.as_str()));
        let help = self.help.iter().map(|help| Level::HELP.message(help.as_str()));
        let group = match snippet {
            Some(snippet) => title.element(snippet),
            None => title.elements(Vec::<annotate_snippets::Message>::new()),
        };
        renderer.render(&[group.elements(notes).elements(help)])
    }
}

impl Span {
    /// The span on character boundaries and inside the file, without its trailing line breaks,
    /// and on one line unless it begins at the end of one.
    fn drawable(&self) -> (usize, usize) {
        let text = &self.file.text;
        let floor = |mut at: usize| {
            at = at.min(text.len());
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let start = floor(self.start);
        let whole = &text[start..floor(self.end).max(start)];
        let line = whole.split('\n').next().unwrap_or_default().trim_end();
        (start, start + line.len())
    }

    /// The line and the column of its beginning, counted from one.
    pub fn line_and_column(&self) -> (usize, usize) {
        let (start, _) = self.drawable();
        let before = &self.file.text[..start];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (line, column)
    }
}

/// All mistakes that were found, in the order of their files and places.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// No mistakes yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// One after the other.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }

    /// Orders them by file and place, and drops those said twice about one place.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        let key = |d: &Diagnostic| {
            d.span.as_ref().map(|span| (span.file.path.clone(), span.start, span.end))
        };
        self.0.sort_by_cached_key(key);
        self.0.dedup_by(|a, b| a.span == b.span && a.message == b.message);
        self
    }

    /// The same with `secrets` made unreadable in the lines that are shown.
    #[must_use]
    pub fn hiding(mut self, secrets: &[Span]) -> Self {
        let mut masked: Vec<(Arc<SourceFile>, Arc<SourceFile>)> = Vec::new();
        for span in self.0.iter_mut().filter_map(|diagnostic| diagnostic.span.as_mut()) {
            let file = &span.file;
            let mut here =
                secrets.iter().filter(|secret| Arc::ptr_eq(&secret.file, file)).peekable();
            if here.peek().is_none() {
                continue;
            }
            if let Some((_, known)) = masked.iter().find(|(plain, _)| Arc::ptr_eq(plain, file)) {
                span.file = Arc::clone(known);
                continue;
            }
            let mut text = file.text.clone();
            for secret in here {
                let Some(value) = text.get(secret.start..secret.end) else { continue };
                // Every byte keeps its place, and every line its number.
                let mask: String =
                    value.bytes().map(|byte| if byte == b'\n' { '\n' } else { '*' }).collect();
                text.replace_range(secret.start..secret.end, &mask);
            }
            let hidden = Arc::new(SourceFile { path: file.path.clone(), text });
            masked.push((Arc::clone(file), Arc::clone(&hidden)));
            span.file = hidden;
        }
        self
    }

    /// All of them in the style of the Rust compiler.
    pub fn render(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() }
            .decor_style(DecorStyle::Unicode)
            .term_width(120);
        let mut text = String::new();
        for diagnostic in &self.0 {
            text.push_str(&diagnostic.render(&renderer));
            text.push_str("\n\n");
        }
        text.push_str(&self.summary());
        text
    }

    fn summary(&self) -> String {
        match self.len() {
            1 => "1 mistake".to_owned(),
            many => format!("{many} mistakes"),
        }
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, more: I) {
        self.0.extend(more);
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostics {}

/// `did you mean …?`, when one of the candidates is close enough to what was written.
pub fn did_you_mean<'a>(
    written: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    nearest(written, candidates).map(|near| format!("did you mean `{near}`?"))
}

/// The candidate that is closest to what was written, if it is close at all.
pub fn nearest<'a>(
    written: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace(['-', '_', '.', ' '], "");
    let looked_for = plain(written);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let here = plain(candidate);
            let longest = here.chars().count().max(looked_for.chars().count());
            let distance = strsim::damerau_levenshtein(&looked_for, &here);
            let inside = looked_for.len() > 3 && here.contains(&looked_for);
            (distance <= longest / 3)
                .then_some(distance)
                .or(inside.then_some(longest))
                .map(|distance| (distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
