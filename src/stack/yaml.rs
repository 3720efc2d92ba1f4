//! YAML → a tree in which everything knows where it stands.

use std::collections::HashSet;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, StrInput, Tag};
use serde_json::Value;

use crate::diagnostic::{Diagnostic, Diagnostics, SourceFile, Span};

/// How deep lists and mappings may be nested.
const DEPTH: usize = 64;
/// How many nodes aliases may add: a small file must not become a huge one.
const ALIASED: usize = 100_000;

/// A value and its place, in bytes.
#[derive(Clone, Debug)]
pub struct Node {
    /// The value.
    pub data: Data,
    /// Its first byte.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
}

/// What a node holds.
#[derive(Clone, Debug)]
pub enum Data {
    /// Nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(Arc<str>),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order of the file.
    Map(Vec<(Key, Node)>),
}

/// A key of a mapping and its place.
#[derive(Clone, Debug)]
pub struct Key {
    /// The key.
    pub text: Arc<str>,
    /// Its first byte.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
}

impl Node {
    /// The value under a key.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|(k, _)| &*k.text == key).map(|(_, node)| node)
    }

    /// The entries of a mapping; none when it is something else.
    pub fn entries(&self) -> &[(Key, Self)] {
        match &self.data {
            Data::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match &self.data {
            Data::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Where it stands.
    pub fn span(&self, file: &Arc<SourceFile>) -> Span {
        Span { file: Arc::clone(file), start: self.start, end: self.end }
    }

    /// What sort of value it is, for messages.
    pub fn sort(&self) -> &'static str {
        match self.data {
            Data::Null => "nothing",
            Data::Bool(_) => "a boolean",
            Data::Int(_) => "an integer",
            Data::Float(_) => "a number",
            Data::Text(_) => "a text",
            Data::List(_) => "a list",
            Data::Map(_) => "a mapping",
        }
    }

    /// The value as JSON, texts as they stand.
    pub fn json(&self) -> Value {
        match &self.data {
            Data::Null => Value::Null,
            Data::Bool(flag) => (*flag).into(),
            Data::Int(number) => (*number).into(),
            Data::Float(number) => (*number).into(),
            Data::Text(text) => Value::String(text.to_string()),
            Data::List(items) => items.iter().map(Self::json).collect(),
            Data::Map(entries) => {
                entries.iter().map(|(key, node)| (key.text.to_string(), node.json())).collect()
            }
        }
    }

    /// A computed value that stands where its expression does.
    pub fn of(value: &Value, start: usize, end: usize) -> Self {
        let data = match value {
            Value::Null => Data::Null,
            Value::Bool(flag) => Data::Bool(*flag),
            Value::Number(number) => number
                .as_i64()
                .map_or_else(|| Data::Float(number.as_f64().unwrap_or_default()), Data::Int),
            Value::String(text) => Data::Text(text.as_str().into()),
            Value::Array(items) => {
                Data::List(items.iter().map(|item| Self::of(item, start, end)).collect())
            }
            Value::Object(map) => Data::Map(
                map.iter()
                    .map(|(key, value)| {
                        let key = Key { text: key.as_str().into(), start, end };
                        (key, Self::of(value, start, end))
                    })
                    .collect(),
            ),
        };
        Self { data, start, end }
    }

    fn count(&self) -> usize {
        1 + match &self.data {
            Data::List(items) => items.iter().map(Self::count).sum(),
            Data::Map(entries) => entries.iter().map(|(_, node)| node.count()).sum(),
            _ => 0,
        }
    }
}

impl Key {
    /// Where it stands.
    pub fn span(&self, file: &Arc<SourceFile>) -> Span {
        Span { file: Arc::clone(file), start: self.start, end: self.end }
    }
}

/// Reads the one document of a file. Nothing comes back when the text is no YAML, and the
/// mistakes say why; a tree may come with mistakes too.
pub fn parse(file: &Arc<SourceFile>, mistakes: &mut Diagnostics) -> Option<Node> {
    let mut reader = Reader {
        file,
        parser: Parser::new_from_str(&file.text),
        offsets: offsets(&file.text),
        anchors: Vec::new(),
        aliased: 0,
        mistakes,
    };
    match reader.document() {
        Ok(node) => Some(node),
        Err(stop) => {
            reader.mistakes.push(*stop);
            None
        }
    }
}

/// The byte at which each character begins, for texts in which the two differ.
fn offsets(text: &str) -> Option<Vec<usize>> {
    (!text.is_ascii()).then(|| text.char_indices().map(|(byte, _)| byte).collect())
}

type Stop = Box<Diagnostic>;

struct Reader<'a> {
    file: &'a Arc<SourceFile>,
    parser: Parser<'a, StrInput<'a>>,
    offsets: Option<Vec<usize>>,
    anchors: Vec<(usize, Option<Node>)>,
    aliased: usize,
    mistakes: &'a mut Diagnostics,
}

impl<'a> Reader<'a> {
    fn byte(&self, character: usize) -> usize {
        let length = self.file.text.len();
        match &self.offsets {
            Some(offsets) => offsets.get(character).copied().unwrap_or(length),
            None => character.min(length),
        }
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span { file: Arc::clone(self.file), start, end }
    }

    fn next(&mut self) -> Result<(Event<'a>, usize, usize), Stop> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => {
                Ok((event, self.byte(span.start.index()), self.byte(span.end.index())))
            }
            Some(Err(error)) => {
                let at = self.byte(error.marker().index());
                Err(Box::new(self.syntax(at, error.info())))
            }
            None => Ok((Event::StreamEnd, self.file.text.len(), self.file.text.len())),
        }
    }

    fn syntax(&self, at: usize, info: &str) -> Diagnostic {
        let text = &self.file.text;
        let line = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let indent = text[line..].split('\n').next().unwrap_or_default();
        let blank = indent.len() - indent.trim_start_matches([' ', '\t']).len();
        let tab = indent[..blank].contains('\t');
        Diagnostic::error("yaml-syntax", "this is not valid YAML")
            .at(self.span(at, at + 1))
            .label(info)
            .maybe_help(tab.then_some("indent with spaces: YAML allows no tabs there"))
    }

    fn document(&mut self) -> Result<Node, Stop> {
        let root = loop {
            let (event, start, end) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
                Event::StreamEnd | Event::DocumentEnd => {
                    break Node { data: Data::Null, start: 0, end: 0 };
                }
                event => break self.node(event, start, end, 0)?,
            }
        };
        loop {
            match self.next()? {
                (Event::StreamEnd, ..) => return Ok(root),
                (Event::DocumentStart(_), start, _) => {
                    let more = Diagnostic::error("yaml-syntax", "a file holds one document")
                        .at(self.span(start, start + 3))
                        .label("a second one begins here");
                    return Err(Box::new(more));
                }
                _ => {}
            }
        }
    }

    fn node(
        &mut self,
        event: Event<'a>,
        start: usize,
        end: usize,
        depth: usize,
    ) -> Result<Node, Stop> {
        if depth > DEPTH {
            let deep = Diagnostic::error("yaml-syntax", "this is nested too deeply");
            return Err(Box::new(deep.at(self.span(start, end))));
        }
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let node = self.scalar(&text, style, tag.as_deref(), (start, end))?;
                self.remember(anchor, &node);
                Ok(node)
            }
            Event::SequenceStart(anchor, _) => {
                let mut items = Vec::new();
                let mut last = end;
                let node = loop {
                    match self.next()? {
                        (Event::SequenceEnd, _, end) => {
                            let end = self.closed(start, b'[', last, end);
                            break Node { data: Data::List(items), start, end };
                        }
                        (event, start, end) => {
                            let item = self.node(event, start, end, depth + 1)?;
                            last = item.end;
                            items.push(item);
                        }
                    }
                };
                self.remember(anchor, &node);
                Ok(node)
            }
            Event::MappingStart(anchor, _) => {
                let node = self.mapping(start, end, depth)?;
                self.remember(anchor, &node);
                Ok(node)
            }
            Event::Alias(id) => self.alias(id, start, end),
            _ => Ok(Node { data: Data::Null, start, end }),
        }
    }

    /// Where a list or mapping ends: in brackets with the closing one, else with its last value.
    fn closed(&self, start: usize, bracket: u8, last: usize, end: usize) -> usize {
        let flow = self.file.text.as_bytes().get(start) == Some(&bracket);
        if flow || last <= start + 1 { end } else { last }
    }

    fn remember(&mut self, anchor: usize, node: &Node) {
        if anchor > 0 {
            self.anchors.push((anchor, Some(node.clone())));
        }
    }

    fn alias(&mut self, id: usize, start: usize, end: usize) -> Result<Node, Stop> {
        let found = self.anchors.iter().rev().find(|(anchor, _)| *anchor == id);
        let Some(Some(node)) = found.map(|(_, node)| node.clone()) else {
            let inside = Diagnostic::error("yaml-alias", "an alias cannot stand inside its anchor");
            return Err(Box::new(inside.at(self.span(start, end))));
        };
        self.aliased += node.count();
        if self.aliased > ALIASED {
            let many = Diagnostic::error("yaml-alias", "aliases make this file too large");
            return Err(Box::new(many.at(self.span(start, end))));
        }
        Ok(node)
    }

    fn mapping(&mut self, start: usize, end: usize, depth: usize) -> Result<Node, Stop> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        let mut merged: Vec<(Key, Node)> = Vec::new();
        let mut seen: HashSet<Arc<str>> = HashSet::new();
        let mut last = end;
        loop {
            let (event, at, end) = self.next()?;
            let key = match event {
                Event::MappingEnd => {
                    last = self.closed(start, b'{', last, end);
                    break;
                }
                Event::Scalar(text, ..) => Key { text: text.as_ref().into(), start: at, end },
                other => {
                    let node = self.node(other, at, end, depth + 1)?;
                    let text: Arc<str> = node.text().unwrap_or_default().into();
                    if node.text().is_none() {
                        self.mistakes.push(
                            Diagnostic::error("yaml-key", "a key has to be a text")
                                .at(self.span(at, node.end))
                                .help("quote a key that begins with `{`, `[` or `?`"),
                        );
                    }
                    Key { text, start: at, end: node.end }
                }
            };
            let (event, at, end) = self.next()?;
            let value = self.node(event, at, end, depth + 1)?;
            last = value.end.max(key.end);
            if &*key.text == "<<" {
                match value.data {
                    Data::Map(more) => merged.extend(more),
                    Data::List(maps) if maps.iter().all(|m| matches!(m.data, Data::Map(_))) => {
                        for map in maps {
                            merged.extend(map.entries().iter().cloned());
                        }
                    }
                    _ => self.mistakes.push(
                        Diagnostic::error("yaml-merge", "`<<` merges mappings")
                            .at(self.span(value.start, value.end))
                            .label(format!("this is {}", value.sort())),
                    ),
                }
                continue;
            }
            if seen.insert(Arc::clone(&key.text)) {
                entries.push((key, value));
            } else {
                let first = entries.iter().find(|(k, _)| k.text == key.text);
                let line = first.map(|(k, _)| self.span(k.start, k.end).line_and_column().0);
                self.mistakes.push(
                    Diagnostic::error("duplicate-key", format!("`{}` is given twice", key.text))
                        .at(self.span(key.start, key.end))
                        .label("the second time")
                        .maybe_help(line.map(|line| format!("the first is in line {line}"))),
                );
            }
        }
        for (key, value) in merged {
            if seen.insert(Arc::clone(&key.text)) {
                entries.push((key, value));
            }
        }
        Ok(Node { data: Data::Map(entries), start, end: last })
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        (start, end): (usize, usize),
    ) -> Result<Node, Stop> {
        // A plain or block scalar's end may take in what follows it.
        let end = start + self.file.text[start..end.max(start)].trim_end().len();
        let data = match tag {
            Some(tag) if tag.is_yaml_core_schema() && tag.suffix == "str" => {
                Data::Text(text.into())
            }
            Some(tag) => {
                let unknown = Diagnostic::error("yaml-tag", format!("`{tag}` is not understood"))
                    .at(self.span(start, end))
                    .help("stack files use no YAML tags: write the value without it");
                return Err(Box::new(unknown));
            }
            None if style == ScalarStyle::Plain => plain(text),
            None => Data::Text(text.into()),
        };
        Ok(Node { data, start, end })
    }
}

/// What an unquoted scalar means in YAML 1.2 (the core schema).
pub fn plain(text: &str) -> Data {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Data::Null,
        "true" | "True" | "TRUE" => return Data::Bool(true),
        "false" | "False" | "FALSE" => return Data::Bool(false),
        _ => {}
    }
    let first = text.as_bytes()[0];
    if !(first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.')) {
        return Data::Text(text.into());
    }
    let radix = |prefix: &str, radix| {
        text.strip_prefix(prefix).and_then(|digits| i64::from_str_radix(digits, radix).ok())
    };
    if let Some(number) = text.parse().ok().or(radix("0x", 16)).or(radix("0o", 8)) {
        return Data::Int(number);
    }
    let numeric = text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b))
        && text.bytes().any(|b| b.is_ascii_digit());
    match text.parse() {
        Ok(number) if numeric => Data::Float(number),
        _ => Data::Text(text.into()),
    }
}
