//! What an expression comes to, as far as what it mentions is known.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators};
use cel::objects::Key;
use cel::{ExecutionError, Value};
use serde_json::Value as Json;

use super::expression::{Code, Fault, Form, Piece, Step, Text, leaf_index, leaf_name};
use super::functions;

/// A selection whose index is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// A key.
    Field(String),
    /// A place in a list.
    Index(usize),
}

/// The key that a mapping has in place of those that are not known yet, so that it is told by where it
/// gets to: into a longer list, or into a text.
pub const LACKS: &str = "(not known yet)";

/// What is known of a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// All of it.
    Known(Json),
    /// A mapping that lacks keys which are not known yet, or a list of such. Where it is the stack
    /// file's own, [`LACKS`] stands for them.
    Partial(Json),
    /// Nothing.
    Unknown,
}

/// What paths lead to.
pub trait Source {
    /// The value of a path.
    fn value(&self, root: &str, selections: &[Selection]) -> Result<Answer, Fault>;
    /// The region in which functions are called.
    fn region(&self) -> &str;
    /// The folder of the stack file.
    fn folder(&self) -> &str;
}

/// The value of a text; `None` while it is unknown.
pub fn text(text: &Text, source: &dyn Source) -> Result<Option<Json>, Fault> {
    if let Some(code) = text.only() {
        return evaluate(code, source);
    }
    let mut whole = String::new();
    for piece in &text.pieces {
        match piece {
            Piece::Literal(literal) => whole.push_str(literal),
            Piece::Code(code) => match evaluate(code, source)? {
                None => return Ok(None),
                Some(Json::String(text)) => whole.push_str(&text),
                Some(value @ (Json::Number(_) | Json::Bool(_))) => {
                    whole.push_str(&value.to_string());
                }
                Some(Json::Null) => {
                    return Err(Fault::new(
                        "this is null and cannot be part of a text",
                        &code.source,
                    ));
                }
                Some(Json::Array(_) | Json::Object(_)) => {
                    let fault =
                        Fault::new("a list or mapping cannot be part of a text", &code.source);
                    return Err(
                        fault.help(Some(format!("`json({})` writes it out", code.source.trim())))
                    );
                }
            },
        }
    }
    Ok(Some(whole.into()))
}

/// The value of an expression; `None` while it is unknown.
pub fn evaluate(code: &Code, source: &dyn Source) -> Result<Option<Json>, Fault> {
    match &code.form {
        Form::Path => Ok(match leaf(code, 0, source)? {
            Answer::Known(value) => Some(value),
            Answer::Partial(_) | Answer::Unknown => None,
        }),
        Form::Tree(tree) => {
            let folded = fold(code, tree, source)?;
            evaluate_tree(code, &folded, source)
        }
    }
}

/// The selections of one of an expression's paths; `None` while an index is unknown.
pub fn selections(
    code: &Code,
    index: usize,
    source: &dyn Source,
) -> Result<Option<Vec<Selection>>, Fault> {
    let mut selections = Vec::with_capacity(code.leaves[index].steps.len());
    for step in &code.leaves[index].steps {
        selections.push(match step {
            Step::Field(name) => Selection::Field(name.clone()),
            Step::Index(index) => Selection::Index(*index),
            Step::Computed(tree) => match evaluate_tree(code, tree, source)? {
                None => return Ok(None),
                Some(Json::String(name)) => Selection::Field(name),
                Some(Json::Number(number)) if number.is_u64() => Selection::Index(
                    number.as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX),
                ),
                Some(other) => {
                    let message = format!("`{other}` cannot select anything");
                    return Err(Fault::new(message, &code.source));
                }
            },
        });
    }
    Ok(Some(selections))
}

/// The places (in [`Code::leaves`]) of the paths that can matter: those of branches that are
/// not taken do not.
pub fn live_leaves(code: &Code, source: &dyn Source) -> Result<Vec<usize>, Fault> {
    match &code.form {
        Form::Path => {
            let mut found = vec![0];
            for step in &code.leaves[0].steps {
                if let Step::Computed(tree) = step {
                    idents(tree, &mut found);
                }
            }
            Ok(found)
        }
        Form::Tree(tree) => {
            let mut found = Vec::new();
            let folded = fold(code, tree, source)?;
            idents(&folded, &mut found);
            let mut next = 0;
            while next < found.len() {
                for step in &code.leaves[found[next]].steps {
                    if let Step::Computed(tree) = step {
                        idents(tree, &mut found);
                    }
                }
                next += 1;
            }
            Ok(found)
        }
    }
}

/// What an expression comes down to, once known conditions are decided.
pub enum Shape {
    /// One of its paths.
    Path(usize),
    /// A list that is written out.
    List(Vec<Code>),
    /// A mapping that is written out.
    Map(Vec<(String, Code)>),
    /// Anything else.
    Other,
}

/// The shape of an expression.
pub fn shape(code: &Code, source: &dyn Source) -> Result<Shape, Fault> {
    let Form::Tree(tree) = &code.form else { return Ok(Shape::Path(0)) };
    let folded = fold(code, tree, source)?;
    let part = |tree: &IdedExpr| Code {
        source: code.source.clone(),
        form: Form::Tree(tree.clone()),
        leaves: code.leaves.clone(),
    };
    Ok(match &folded.expr {
        Expr::Ident(name) => leaf_index(name).map_or(Shape::Other, Shape::Path),
        Expr::List(list) => Shape::List(list.elements.iter().map(part).collect()),
        Expr::Map(map) => {
            let entries = map.entries.iter().map(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => match &entry.key.expr {
                    Expr::Literal(LiteralValue::String(key)) => {
                        Some((key.inner().to_owned(), part(&entry.value)))
                    }
                    _ => None,
                },
                EntryExpr::StructField(_) => None,
            });
            entries.collect::<Option<_>>().map_or(Shape::Other, Shape::Map)
        }
        _ => Shape::Other,
    })
}

fn leaf(code: &Code, index: usize, source: &dyn Source) -> Result<Answer, Fault> {
    match selections(code, index, source)? {
        Some(selections) => source.value(&code.leaves[index].root, &selections),
        None => Ok(Answer::Unknown),
    }
}

fn evaluate_tree(code: &Code, tree: &IdedExpr, source: &dyn Source) -> Result<Option<Json>, Fault> {
    let mut needed = Vec::new();
    idents(tree, &mut needed);
    needed.sort_unstable();
    needed.dedup();
    let mut context = functions::context(source.region(), source.folder());
    let mut partial = false;
    for index in needed {
        let value = match leaf(code, index, source)? {
            Answer::Known(value) => value,
            Answer::Partial(value) => {
                partial = true;
                value
            }
            Answer::Unknown => return Ok(None),
        };
        context.add_variable_from_value(leaf_name(index), from_json(&value));
    }
    let value = match context.resolve(tree) {
        Ok(value) => value,
        Err(ExecutionError::NoSuchKey(_)) if partial => return Ok(None),
        Err(error) => return Err(fault(code, &error)),
    };
    let value = to_json(&value).map_err(|message| Fault::new(message, &code.source))?;
    Ok((!partial || !lacks(&value)).then_some(value))
}

/// Whether a part of a value is not known yet.
fn lacks(value: &Json) -> bool {
    match value {
        Json::Array(items) => items.iter().any(lacks),
        Json::Object(map) => map.contains_key(LACKS) || map.values().any(lacks),
        Json::String(text) => text.contains(LACKS),
        Json::Null | Json::Bool(_) | Json::Number(_) => false,
    }
}

/// An evaluation's error in our words.
fn fault(code: &Code, error: &ExecutionError) -> Fault {
    let message = match error {
        ExecutionError::NoSuchOverload(overload) => {
            let types = overload.argument_types().join(" and ");
            let name = overload.function().trim_matches('_').replace('_', " ");
            let fault = Fault::new(format!("`{name}` does not take {types}"), &code.source);
            return fault.help(Some(
                "types are not converted by themselves: `int(x)`, `double(x)`, `string(x)`".into(),
            ));
        }
        ExecutionError::NoSuchKey(key) => format!("there is no key `{key}`"),
        ExecutionError::UndeclaredReference(name) => format!("there is no `{name}`"),
        ExecutionError::FunctionError { function, message } => format!("`{function}`: {message}"),
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
            "this divides by zero".to_owned()
        }
        ExecutionError::IndexOutOfBounds(_) => "the list has no such place".to_owned(),
        ExecutionError::InvalidArgumentCount { expected, actual } => {
            format!("the function takes {expected} arguments and got {actual}")
        }
        other => format!("this cannot be evaluated: {other}"),
    };
    Fault::new(message, &code.source)
}

/// A tree in which conditions that are known have made way for the branch that is taken.
fn fold<'t>(
    code: &Code,
    tree: &'t IdedExpr,
    source: &dyn Source,
) -> Result<Cow<'t, IdedExpr>, Fault> {
    if !branches(tree) {
        return Ok(Cow::Borrowed(tree));
    }
    let mut copy = tree.clone();
    fold_in_place(code, &mut copy, source)?;
    Ok(Cow::Owned(copy))
}

fn is_branch(call: &CallExpr) -> bool {
    matches!(
        call.func_name.as_str(),
        operators::CONDITIONAL | operators::LOGICAL_AND | operators::LOGICAL_OR
    )
}

fn branches(tree: &IdedExpr) -> bool {
    match &tree.expr {
        Expr::Call(call) => {
            is_branch(call)
                || call.target.as_deref().is_some_and(branches)
                || call.args.iter().any(branches)
        }
        Expr::List(list) => list.elements.iter().any(branches),
        Expr::Select(select) => branches(&select.operand),
        Expr::Map(map) => map.entries.iter().any(|entry| match &entry.expr {
            EntryExpr::MapEntry(entry) => branches(&entry.value),
            EntryExpr::StructField(field) => branches(&field.value),
        }),
        _ => false,
    }
}

fn fold_in_place(code: &Code, tree: &mut IdedExpr, source: &dyn Source) -> Result<(), Fault> {
    let taken = match &mut tree.expr {
        Expr::Call(call) if is_branch(call) && call.args.len() > 1 => {
            fold_in_place(code, &mut call.args[0], source)?;
            let condition = match evaluate_tree(code, &call.args[0], source)? {
                Some(Json::Bool(flag)) => Some(flag),
                Some(_) if call.func_name == operators::CONDITIONAL => {
                    let message = "what stands before `?` has to be a boolean";
                    return Err(Fault::new(message, &code.source));
                }
                _ => None,
            };
            match (call.func_name.as_str(), condition) {
                (operators::CONDITIONAL, Some(flag)) => {
                    Some(call.args.swap_remove(if flag { 1 } else { 2 }))
                }
                (operators::LOGICAL_AND, Some(true)) | (operators::LOGICAL_OR, Some(false)) => {
                    (call.args.len() == 2).then(|| call.args.swap_remove(1))
                }
                (operators::LOGICAL_AND | operators::LOGICAL_OR, Some(flag)) => Some(IdedExpr {
                    id: tree.id,
                    expr: Expr::Literal(LiteralValue::Boolean(flag.into())),
                }),
                _ => None,
            }
        }
        _ => None,
    };
    if let Some(taken) = taken {
        *tree = taken;
        return fold_in_place(code, tree, source);
    }
    match &mut tree.expr {
        Expr::Call(call) => {
            if let Some(target) = &mut call.target {
                fold_in_place(code, target, source)?;
            }
            call.args.iter_mut().try_for_each(|one| fold_in_place(code, one, source))
        }
        Expr::List(list) => {
            list.elements.iter_mut().try_for_each(|one| fold_in_place(code, one, source))
        }
        Expr::Select(select) => fold_in_place(code, &mut select.operand, source),
        Expr::Map(map) => map.entries.iter_mut().try_for_each(|entry| match &mut entry.expr {
            EntryExpr::MapEntry(entry) => fold_in_place(code, &mut entry.value, source),
            EntryExpr::StructField(field) => fold_in_place(code, &mut field.value, source),
        }),
        _ => Ok(()),
    }
}

/// The places of the paths in a tree.
fn idents(tree: &IdedExpr, found: &mut Vec<usize>) {
    match &tree.expr {
        Expr::Ident(name) => {
            if let Some(index) = leaf_index(name)
                && !found.contains(&index)
            {
                found.push(index);
            }
        }
        Expr::Call(call) => {
            if let Some(target) = &call.target {
                idents(target, found);
            }
            call.args.iter().for_each(|one| idents(one, found));
        }
        Expr::Select(select) => idents(&select.operand, found),
        Expr::List(list) => list.elements.iter().for_each(|one| idents(one, found)),
        Expr::Map(map) => {
            for entry in &map.entries {
                match &entry.expr {
                    EntryExpr::MapEntry(entry) => {
                        idents(&entry.key, found);
                        idents(&entry.value, found);
                    }
                    EntryExpr::StructField(field) => idents(&field.value, found),
                }
            }
        }
        Expr::Comprehension(one) => {
            for part in
                [&one.iter_range, &one.accu_init, &one.loop_cond, &one.loop_step, &one.result]
            {
                idents(part, found);
            }
        }
        Expr::Unspecified | Expr::Literal(_) | Expr::Struct(_) => {}
    }
}

/// What is left of a value after selections.
pub fn select<'v>(
    value: &'v Json,
    selections: &[Selection],
    part: &str,
) -> Result<&'v Json, Fault> {
    selections.iter().try_fold(value, |value, selection| {
        let found = match selection {
            Selection::Field(name) => value.get(name),
            Selection::Index(index) => value.get(index),
        };
        found.ok_or_else(|| match selection {
            Selection::Field(name) => {
                let near = value.as_object().and_then(|map| {
                    crate::diagnostic::did_you_mean(name, map.keys().map(String::as_str))
                });
                Fault::new(format!("there is no key `{name}` in `{part}`"), part).help(near)
            }
            Selection::Index(index) => {
                Fault::new(format!("the list has no place {index}; the first is 0"), part)
            }
        })
    })
}

/// A CEL value as JSON; keys of mappings in order.
pub fn to_json(value: &Value) -> Result<Json, String> {
    Ok(match value {
        Value::Null => Json::Null,
        Value::Bool(flag) => (*flag).into(),
        Value::Int(number) => (*number).into(),
        Value::UInt(number) => (*number).into(),
        Value::Float(number) => serde_json::Number::from_f64(*number)
            .map(Json::Number)
            .ok_or_else(|| "the result is not a finite number".to_owned())?,
        Value::String(text) => text.to_string().into(),
        Value::List(items) => items.iter().map(to_json).collect::<Result<_, _>>()?,
        Value::Map(map) => {
            let mut entries: Vec<(String, &Value)> =
                map.map.iter().map(|(key, value)| (key.to_string(), value)).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            entries
                .into_iter()
                .map(|(key, value)| Ok((key, to_json(value)?)))
                .collect::<Result<_, String>>()?
        }
        other => return Err(format!("the result is a {}, which YAML has not", other.type_of())),
    })
}

/// JSON as a CEL value.
pub fn from_json(value: &Json) -> Value {
    match value {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => number.as_i64().map_or_else(
            || {
                number
                    .as_u64()
                    .map_or_else(|| Value::Float(number.as_f64().unwrap_or_default()), Value::UInt)
            },
            Value::Int,
        ),
        Json::String(text) => Value::String(Arc::new(text.clone())),
        Json::Array(items) => Value::List(Arc::new(items.iter().map(from_json).collect())),
        Json::Object(map) => {
            let entries: HashMap<Key, Value> = map
                .iter()
                .map(|(key, value)| (Key::String(Arc::new(key.clone())), from_json(value)))
                .collect();
            Value::Map(cel::objects::Map { map: Arc::new(entries) })
        }
    }
}
