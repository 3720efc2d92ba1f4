//! A stack file that differs a little from another: what an update is rehearsed with.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::RehearsalError;
use crate::diagnostic::{Diagnostics, SourceFile};
use crate::kinds;
use crate::stack::{Data, Node, yaml};

/// The text that stands in for a description.
const TEXT: &str = "changed by the rehearsal";

/// A text with every description that cannot change in place reworded, so that its object is
/// replaced, and with one more tag, so that every object is updated.
pub fn varied(path: &str, text: &str) -> String {
    let source = Arc::new(SourceFile { path: path.to_owned(), text: text.to_owned() });
    let Some(root) = yaml::parse(&source, &mut Diagnostics::new()) else { return text.to_owned() };
    // From the end, so that places do not move.
    let mut edits: Vec<(usize, usize, String)> = Vec::new();
    for (_, resource) in root.get("resources").map(Node::entries).unwrap_or_default() {
        edits.extend(reworded(resource, text));
    }
    match root.entries().iter().find(|(key, _)| &*key.text == "tags") {
        Some((_, node)) => edits.extend(tagged(node, text)),
        None => edits.push((0, 0, "tags: { Rehearsal: varied }\n".to_owned())),
    }
    edits.sort();
    let mut result = text.to_owned();
    for (start, end, new) in edits.into_iter().rev() {
        result.replace_range(start..end, &new);
    }
    result
}

/// The edit that rewords a description, if the kind has one that is immutable.
fn reworded(resource: &Node, text: &str) -> Option<(usize, usize, String)> {
    let kind_node = resource.get("kind")?;
    let kind = kinds::find(kind_node.text()?)?;
    let field = kind.schema().field("description")?;
    if !field.is("x-immutable") {
        return None;
    }
    if let Some(node) = resource.get("description") {
        return Some((node.start, node.end, TEXT.to_owned()));
    }
    let line = text[..kind_node.start].rfind('\n').map_or(0, |at| at + 1);
    let before = &text[line..kind_node.start];
    let indent: String = before.chars().take_while(|c| *c == ' ').collect();
    let is_flow = before.contains('{');
    let new = if is_flow {
        format!(", description: {TEXT}")
    } else {
        format!("\n{indent}description: {TEXT}")
    };
    Some((kind_node.end, kind_node.end, new))
}

/// The edit that adds a tag to a mapping.
fn tagged(node: &Node, text: &str) -> Option<(usize, usize, String)> {
    let Data::Map(entries) = &node.data else { return None };
    let (first, _) = entries.first()?;
    let line = text[..first.start].rfind('\n').map_or(0, |at| at + 1);
    let before = &text[line..first.start];
    let new = if before.trim().is_empty() {
        format!("Rehearsal: varied\n{before}")
    } else {
        "Rehearsal: varied, ".to_owned()
    };
    Some((first.start, first.start, new))
}

/// Writes a varied stack file into a folder from which templates and files are found as from the
/// original's: everything beside it is linked there.
pub fn write(original: &Path, folder: &Path) -> Result<PathBuf, RehearsalError> {
    let text = fs::read_to_string(original)?;
    let original = original.canonicalize()?;
    let base = original.parent().unwrap_or(Path::new("/"));
    let inside = folder.join("stack");
    fs::create_dir_all(&inside)?;
    link_all(base, &inside)?;
    if let Some(templates) = base.parent().map(|parent| parent.join("templates"))
        && templates.is_dir()
    {
        link(&templates, &folder.join("templates"))?;
    }
    let path = inside.join("varied-by-rehearsal.yaml");
    fs::write(&path, varied(&original.display().to_string(), &text))?;
    Ok(path)
}

fn link_all(from: &Path, to: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        link(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

fn link(from: &Path, to: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(from, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_that_cannot_change_and_a_tag_do() {
        let text = "stack: shop\nregion: eu-west-3\ntags:\n  Project: Shop\nresources:\n  net: { kind: \
                    ec2.vpc, cidr: 10.0.0.0/16 }\n  a: { kind: ec2.security_group, vpc: \"${net}\" \
                    }\n  b:\n    kind: ec2.security_group\n    vpc: ${net}\n  c:\n    kind: \
                    ec2.security_group\n    description: Of c\n    vpc: ${net}\n";
        let varied = varied("shop.yaml", text);
        let expected = "stack: shop\nregion: eu-west-3\ntags:\n  Rehearsal: varied\n  Project: \
                        Shop\nresources:\n  net: { kind: ec2.vpc, cidr: 10.0.0.0/16 }\n  a: { \
                        kind: ec2.security_group, description: changed by the rehearsal, vpc: \
                        \"${net}\" }\n  b:\n    kind: ec2.security_group\n    description: \
                        changed by the rehearsal\n    vpc: ${net}\n  c:\n    kind: \
                        ec2.security_group\n    description: changed by the rehearsal\n    vpc: \
                        ${net}\n";
        assert_eq!(varied, expected);
    }
}
