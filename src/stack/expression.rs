//! Texts with `${…}` in them, read once: the literal pieces, and of each expression its syntax
//! tree with the paths that it takes from outside.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError, RwLock};

use cel::common::ast::{EntryExpr, Expr, IdedExpr, LiteralValue, operators};

use super::functions;
use crate::diagnostic::did_you_mean;
use crate::kind::literal::LITERAL;

/// How long an expression may be.
const LENGTH: usize = 4096;

/// A text that holds at least one expression.
#[derive(Debug)]
pub struct Text {
    /// The text as written.
    pub source: Arc<str>,
    /// Its pieces, in order.
    pub pieces: Vec<Piece>,
}

/// A piece of a text.
#[derive(Debug)]
pub enum Piece {
    /// Text that stands for itself.
    Literal(String),
    /// What stood between `${` and `}`.
    Code(Arc<Code>),
}

/// One expression.
#[derive(Debug)]
pub struct Code {
    /// As written.
    pub source: String,
    /// What it is.
    pub form: Form,
    /// The paths that it takes from outside, in the order of the text.
    pub leaves: Vec<Leaf>,
}

/// What an expression is.
#[derive(Debug)]
pub enum Form {
    /// Just the first of its paths.
    Path,
    /// Anything else; paths stand in it as identifiers [`leaf_name`].
    Tree(IdedExpr),
}

/// A path: a variable, and what is selected from it.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// The variable.
    pub root: String,
    /// What is selected.
    pub steps: Vec<Step>,
}

/// One selection.
#[derive(Clone, Debug)]
pub enum Step {
    /// `.name` or `["name"]`.
    Field(String),
    /// `[0]`.
    Index(usize),
    /// `[expression]`.
    Computed(IdedExpr),
}

/// What is wrong with a text, and the piece of it that is wrong.
#[derive(Clone, Debug)]
pub struct Fault {
    /// What is wrong.
    pub message: String,
    /// The part of the text to point at.
    pub part: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Fault {
    /// A fault in a part of a text.
    pub fn new(message: impl Into<String>, part: impl Into<String>) -> Self {
        Self { message: message.into(), part: part.into(), help: None }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }
}

impl Text {
    /// The expression, when the text is exactly one.
    pub fn only(&self) -> Option<&Arc<Code>> {
        match self.pieces.as_slice() {
            [Piece::Code(code)] => Some(code),
            _ => None,
        }
    }

    /// Its expressions.
    pub fn codes(&self) -> impl Iterator<Item = &Arc<Code>> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Code(code) => Some(code),
            Piece::Literal(_) => None,
        })
    }
}

impl Leaf {
    /// The path as it could be written.
    pub fn text(&self) -> String {
        let mut text = self.root.clone();
        for step in &self.steps {
            match step {
                Step::Field(name) if is_identifier(name) => {
                    text.push('.');
                    text.push_str(name);
                }
                Step::Field(name) => text.push_str(&format!("[\"{name}\"]")),
                Step::Index(index) => text.push_str(&format!("[{index}]")),
                Step::Computed(_) => text.push_str("[…]"),
            }
        }
        text
    }
}

/// Whether a text can stand as a name in an expression.
pub fn is_identifier(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !RESERVED.contains(&text)
}

/// Words that the language keeps for itself.
pub const RESERVED: [&str; 20] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "false",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "namespace",
    "null",
    "package",
    "return",
    "true",
    "var",
    "while",
];

/// The identifier that stands for a path in a tree.
pub fn leaf_name(index: usize) -> String {
    format!("@{index}")
}

/// The path that an identifier in a tree stands for.
pub fn leaf_index(name: &str) -> Option<usize> {
    name.strip_prefix('@')?.parse().ok()
}

/// The expressions of a file, each read once; several threads may ask.
#[derive(Debug, Default)]
pub struct Compiler {
    codes: RwLock<HashMap<String, Result<Arc<Code>, Fault>>>,
}

impl Compiler {
    /// Reads a text; `None` when it holds no expression and stands for itself.
    pub fn text(&self, source: &Arc<str>) -> Result<Option<Text>, Fault> {
        if !source.contains("${") {
            return Ok(None);
        }
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest: &str = source;
        while let Some(at) = rest.find("${") {
            if rest[..at].ends_with('$') {
                literal.push_str(&rest[..at - 1]);
                literal.push_str(LITERAL);
                rest = &rest[at + 2..];
                continue;
            }
            literal.push_str(&rest[..at]);
            let inside = &rest[at + 2..];
            let Some(end) = closing(inside) else {
                return Err(Fault::new("this `${` has no closing `}`", &rest[at..])
                    .help(Some("write `$${` for a literal `${`".to_owned())));
            };
            if !literal.is_empty() {
                pieces.push(Piece::Literal(std::mem::take(&mut literal)));
            }
            pieces.push(Piece::Code(self.code(&inside[..end])?));
            rest = &inside[end + 1..];
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        Ok(Some(Text { source: Arc::clone(source), pieces }))
    }

    /// Reads one expression.
    pub fn code(&self, source: &str) -> Result<Arc<Code>, Fault> {
        // What a thread that panicked has left in it is whole: entries are made outside.
        let known = self.codes.read().unwrap_or_else(PoisonError::into_inner).get(source).cloned();
        known.unwrap_or_else(|| {
            let code = compile(source).map(Arc::new);
            let mut codes = self.codes.write().unwrap_or_else(PoisonError::into_inner);
            codes.entry(source.to_owned()).or_insert(code).clone()
        })
    }
}

/// Where the `}` stands that closes an expression.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), b'\\') => escaped = true,
            (Some(open), _) if byte == open => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'{') => depth += 1,
            (None, b'}') if depth == 0 => return Some(at),
            (None, b'}') => depth -= 1,
            _ => {}
        }
    }
    None
}

fn compile(source: &str) -> Result<Code, Fault> {
    let trimmed = source.trim();
    if trimmed.split('.').all(is_identifier) {
        let mut names = trimmed.split('.').map(str::to_owned);
        let root = names.next().unwrap_or_default();
        let leaf = Leaf { root, steps: names.map(Step::Field).collect() };
        return Ok(Code { source: source.to_owned(), form: Form::Path, leaves: vec![leaf] });
    }
    if trimmed.is_empty() {
        return Err(Fault::new("an expression is missing between `${` and `}`", "${}"));
    }
    if source.len() > LENGTH {
        let message = format!("an expression may have {LENGTH} characters");
        return Err(Fault::new(message, &source[..source.floor_char_boundary(80)]));
    }
    // The parser is not ours: whatever it makes of odd input, the user gets a message.
    let parsed = catch_unwind(AssertUnwindSafe(|| functions::environment().compile(source)));
    let program = match parsed {
        Ok(Ok(program)) => program,
        Ok(Err(errors)) => {
            let first = errors.errors.first().map(|error| plain_words(&error.msg));
            let message = format!(
                "this expression cannot be read: {}",
                first.unwrap_or_else(|| "it is no expression".to_owned())
            );
            let help = source.contains(" and ")
                || source.contains(" or ")
                || source.contains(" if ")
                || source.contains("==="); // habits from other languages
            let help = help.then(|| {
                "expressions are in CEL: `a && b`, `a || b`, `!a`, `a == b`, `a ? b : c`".to_owned()
            });
            return Err(Fault::new(message, source).help(help));
        }
        Err(_) => return Err(Fault::new("this expression cannot be read", source)),
    };
    let mut lifter = Lifter { leaves: Vec::new(), bound: Vec::new(), fault: None };
    let tree = lifter.lift(program.expression());
    if let Some(fault) = lifter.fault {
        return Err(fault);
    }
    let form = match &tree.expr {
        Expr::Ident(name) if leaf_index(name) == Some(0) && lifter.leaves.len() == 1 => Form::Path,
        _ => Form::Tree(tree),
    };
    Ok(Code { source: source.to_owned(), form, leaves: lifter.leaves })
}

/// A parser's message without the parser's own terms.
fn plain_words(message: &str) -> String {
    let message = message.strip_prefix("Syntax error: ").unwrap_or(message);
    match message.split_once(" expecting ") {
        Some((what, _)) => {
            what.trim_end().replace("input '<EOF>'", "end").replace("'<EOF>'", "its end")
        }
        None => message.replace("'<EOF>'", "its end"),
    }
}

/// Takes the paths out of a tree and puts identifiers in their place.
struct Lifter {
    leaves: Vec<Leaf>,
    bound: Vec<String>,
    fault: Option<Fault>,
}

impl Lifter {
    fn lift(&mut self, node: &IdedExpr) -> IdedExpr {
        if let Some(leaf) = self.leaf(node) {
            self.leaves.push(leaf);
            let name = leaf_name(self.leaves.len() - 1);
            return IdedExpr { id: node.id, expr: Expr::Ident(name) };
        }
        let mut copy = node.clone();
        match &mut copy.expr {
            Expr::Call(call) => {
                self.check_function(call);
                let namespace = call.target.as_deref().and_then(|target| match &target.expr {
                    Expr::Ident(name) => Some(format!("{name}.{}", call.func_name)),
                    _ => None,
                });
                if !namespace.is_some_and(|name| functions::is_known(&name))
                    && let Some(target) = &mut call.target
                {
                    **target = self.lift(target);
                }
                for argument in &mut call.args {
                    *argument = self.lift(argument);
                }
            }
            Expr::Select(select) => *select.operand = self.lift(&select.operand),
            Expr::List(list) => {
                for element in &mut list.elements {
                    *element = self.lift(element);
                }
            }
            Expr::Map(map) => {
                for entry in &mut map.entries {
                    if let EntryExpr::MapEntry(entry) = &mut entry.expr {
                        entry.key = self.lift(&entry.key);
                        entry.value = self.lift(&entry.value);
                    }
                }
            }
            Expr::Struct(structure) => {
                let message = format!("there is no type `{}`", structure.type_name);
                self.fault.get_or_insert(Fault::new(message, structure.type_name.clone()));
            }
            Expr::Comprehension(comprehension) => {
                comprehension.iter_range = self.lift(&comprehension.iter_range);
                comprehension.accu_init = self.lift(&comprehension.accu_init);
                let outer = self.bound.len();
                self.bound.push(comprehension.iter_var.clone());
                self.bound.push(comprehension.accu_var.clone());
                self.bound.extend(comprehension.iter_var2.clone());
                comprehension.loop_cond = self.lift(&comprehension.loop_cond);
                comprehension.loop_step = self.lift(&comprehension.loop_step);
                comprehension.result = self.lift(&comprehension.result);
                self.bound.truncate(outer);
            }
            Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => {}
        }
        copy
    }

    /// The path that a node is, if it is one.
    fn leaf(&mut self, node: &IdedExpr) -> Option<Leaf> {
        match &node.expr {
            Expr::Ident(name) if !self.bound.contains(name) && !functions::is_type(name) => {
                Some(Leaf { root: name.clone(), steps: Vec::new() })
            }
            Expr::Select(select) if !select.test => {
                let mut leaf = self.leaf(&select.operand)?;
                leaf.steps.push(Step::Field(select.field.clone()));
                Some(leaf)
            }
            Expr::Call(call) if call.func_name == operators::INDEX && call.args.len() == 2 => {
                let mut leaf = self.leaf(&call.args[0])?;
                let index = &call.args[1];
                let step = match &index.expr {
                    Expr::Literal(LiteralValue::String(text)) => {
                        Step::Field(text.inner().to_owned())
                    }
                    Expr::Literal(LiteralValue::Int(number)) => {
                        Step::Index(usize::try_from(*number.inner()).ok()?)
                    }
                    _ => Step::Computed(self.lift(index)),
                };
                leaf.steps.push(step);
                Some(leaf)
            }
            _ => None,
        }
    }

    fn check_function(&mut self, call: &cel::common::ast::CallExpr) {
        let name = &call.func_name;
        let qualified = call.target.as_deref().and_then(|target| match &target.expr {
            Expr::Ident(space) if functions::is_namespace(space) => Some(format!("{space}.{name}")),
            _ => None,
        });
        let called = qualified.as_deref().unwrap_or(name);
        let known = match (&call.target, &qualified) {
            (Some(_), None) => functions::is_method(name),
            _ => functions::is_known(called),
        };
        if known || self.fault.is_some() || !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return;
        }
        let help = did_you_mean(called, functions::names())
            .or_else(|| Some(format!("our own functions are {}", functions::OURS.join(", "))));
        let fault = Fault::new(format!("there is no function `{called}`"), called).help(help);
        self.fault = Some(fault);
    }
}
