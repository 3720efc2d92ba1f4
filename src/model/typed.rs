//! Typed references: whether what a path names is what its field takes.

use super::rules::Rules;
use super::scope::{Thing, list};
use super::walk::{At, Walker};
use crate::diagnostic::Diagnostic;
use crate::kind::AnyKind;

impl Walker<'_> {
    /// A name of a resource where a reference to it was meant.
    pub(super) fn forgotten(&mut self, rules: &Rules, text: &str, at: At) {
        let Some((kind, output)) = rules.reference else { return };
        if self.literal || output == "name" {
            return;
        }
        let Ok(Thing::Resource(place)) = self.scope.thing(text, &[]) else { return };
        let table = self.scope.shared.table.get();
        let Some(entry) = table.and_then(|table| table.get(place)) else { return };
        if kind == entry.kind.name() {
            let message = format!("`{text}` is the name of a resource here, not its {output}");
            let help = format!("refer to it: `${{{text}}}`");
            self.mistake(Diagnostic::error("bare-name", message).help(help), at.start, at.end);
        }
    }

    pub(super) fn entry(&self, place: usize) -> Option<(String, &'static dyn AnyKind)> {
        let entry = self.scope.shared.table.get()?.get(place)?;
        Some((entry.address.to_string(), entry.kind))
    }

    /// The output of a resource that a reference field takes.
    pub(super) fn output(&mut self, rules: &Rules, place: usize, at: At) -> Option<String> {
        let (address, kind) = self.entry(place)?;
        let outputs = || kind.outputs().fields().map(|field| field.name);
        let Some((wanted, output)) = rules.reference else {
            let first = outputs().next().unwrap_or("id");
            let message = format!(
                "`{address}` is a whole resource, and `{}` takes {}",
                at.name,
                if rules.is_free() { "a value".to_owned() } else { rules.expected() }
            );
            let help = format!(
                "name one of its outputs, such as `{address}.{first}`; it has {}",
                list(outputs())
            );
            let whole = Diagnostic::error("whole-resource", message).help(help);
            self.mistake(whole, at.start, at.end);
            return None;
        };
        if wanted != "*" && wanted != kind.name() {
            self.wrong_kind(wanted, &address, kind, at);
            return None;
        }
        let has = kind.outputs().field(output).is_some() || kind.schema().field(output).is_some();
        if !has {
            let message = format!(
                "`{}` takes the `{output}` of a resource, which `{address}` (`{}`) does not have",
                at.name,
                kind.name()
            );
            let help = format!("it has {}", list(outputs()));
            let lacks = Diagnostic::error("wrong-reference", message).help(help);
            self.mistake(lacks, at.start, at.end);
            return None;
        }
        Some(output.to_owned())
    }

    fn wrong_kind(&mut self, wanted: &str, address: &str, kind: &dyn AnyKind, at: At) {
        let message =
            format!("`{}` refers to `{wanted}`, but `{address}` is `{}`", at.name, kind.name());
        let table = self.scope.shared.table.get();
        let fit: Vec<&str> = table
            .into_iter()
            .flatten()
            .filter(|entry| entry.kind.name() == wanted)
            .map(|entry| entry.address.as_str())
            .take(4)
            .collect();
        let help = (!fit.is_empty())
            .then(|| format!("of that kind the stack has {}", list(fit.into_iter())));
        let wrong = Diagnostic::error("wrong-reference", message)
            .label(format!("this is `{}`", kind.name()))
            .maybe_help(help);
        self.mistake(wrong, at.start, at.end);
    }

    /// Whether a field that is named in full can be what a reference field takes.
    pub(super) fn explicit(
        &mut self,
        (wanted, output): (&str, &str),
        place: usize,
        field: &str,
        at: At,
    ) -> Option<()> {
        let (address, kind) = self.entry(place)?;
        let of = kind.outputs().field(field).or_else(|| kind.schema().field(field));
        if let Some((same, _)) = of.and_then(|field| field.reference()) {
            // The field is a reference itself: it holds what it refers to.
            if same == wanted || wanted == "*" || same == "*" {
                return Some(());
            }
        }
        let first = kind.outputs().fields().next().map(|field| field.name);
        let names_itself =
            field == output || Some(field) == first || ["id", "arn"].contains(&field);
        if !names_itself {
            return Some(());
        }
        if wanted != "*" && wanted != kind.name() {
            self.wrong_kind(wanted, &address, kind, at);
            return None;
        }
        if field != output && wanted == kind.name() {
            let message =
                format!("`{}` takes the `{output}` of `{wanted}`, not its `{field}`", at.name);
            let help = format!("write `${{{address}}}`: the field takes the output that it needs");
            let wrong = Diagnostic::error("wrong-reference", message).help(help);
            self.mistake(wrong, at.start, at.end);
            return None;
        }
        Some(())
    }
}
