//! A picture as DOT, for Graphviz.

use std::fmt::Write as _;

use super::{EdgeKind, Picture, What};

/// The looks of actions: fill and border.
const STYLES: [(&str, &str, &str); 7] = [
    ("create", "#dafbe1", "#1a7f37"),
    ("update", "#fff4c2", "#9a6700"),
    ("replace", "#f3e3ff", "#8250df"),
    ("delete", "#ffdedb", "#cf222e"),
    ("adopt", "#d5f2f5", "#1b7c83"),
    ("retag", "#d5f2f5", "#1b7c83"),
    ("keep", "#f6f8fa", "#6e7781"),
];

/// The picture as DOT.
pub fn text(picture: &Picture) -> String {
    let title = format!("{}, {}", picture.title(), picture.whereabouts());
    let mut text = format!("digraph {} {{\n", quoted(&picture.title()));
    let _ = writeln!(
        text,
        "  graph [compound=true, rankdir=LR, fontname=\"Helvetica\", label={}, labelloc=t];",
        quoted(&title)
    );
    text.push_str(
        "  node [shape=box, style=\"rounded,filled\", fillcolor=\"#f6f8fa\", color=\"#6e7781\", \
         fontname=\"Helvetica\", fontsize=11];\n  edge [fontname=\"Helvetica\", fontsize=9];\n",
    );
    level(picture, None, 1, &mut text);
    for edge in &picture.edges {
        let mut attributes = match edge.kind {
            EdgeKind::Reference => vec!["style=dashed".to_owned(), "color=\"#8c959f\"".to_owned()],
            EdgeKind::Traffic => vec!["color=\"#0969da\"".to_owned(), "penwidth=2".to_owned()],
        };
        if !edge.label.is_empty() {
            attributes.push(format!("label={}", quoted(&edge.label)));
        }
        // Lines go between nodes; those to and from a box are cut off at its border.
        for (name, place) in [("ltail", edge.from), ("lhead", edge.to)] {
            if is_cluster(picture, place) {
                attributes.push(format!("{name}=cluster_p{place}"));
            }
        }
        let _ = writeln!(text, "  p{} -> p{} [{}];", edge.from, edge.to, attributes.join(", "));
    }
    text.push_str("}\n");
    text
}

/// Whether a part is drawn around others.
fn is_cluster(picture: &Picture, place: usize) -> bool {
    picture.inside(Some(place)).next().is_some()
}

fn level(picture: &Picture, of: Option<usize>, depth: usize, text: &mut String) {
    let pad = "  ".repeat(depth);
    for place in picture.inside(of) {
        let part = &picture.parts[place];
        let style = STYLES.iter().find(|(name, ..)| part.action() == Some(*name));
        let label = format!("\"{}\\n{}\"", inner(&part.name()), inner(&part.about()));
        if !is_cluster(picture, place) {
            let shape = if part.what == What::Internet { ", shape=ellipse" } else { "" };
            let colors = style.map_or_else(String::new, |(_, fill, border)| {
                format!(", fillcolor=\"{fill}\", color=\"{border}\"")
            });
            let _ = writeln!(text, "{pad}p{place} [label={label}{colors}{shape}];");
            continue;
        }
        let _ = writeln!(text, "{pad}subgraph cluster_p{place} {{");
        let border = style.map_or("#8c959f", |(.., border)| border);
        let _ = writeln!(text, "{pad}  label={label}; color=\"{border}\"; style=rounded;");
        if picture.edges.iter().any(|edge| edge.from == place || edge.to == place) {
            let _ = writeln!(text, "{pad}  p{place} [shape=point, style=invis];");
        }
        level(picture, Some(place), depth + 1, text);
        let _ = writeln!(text, "{pad}}}");
    }
}

/// A text with its quotes.
fn quoted(text: &str) -> String {
    format!("\"{}\"", inner(text))
}

/// A text inside quotes: a backslash would begin an escape, an ampersand an entity.
fn inner(text: &str) -> String {
    text.replace('&', "&amp;").replace('\\', "\\\\").replace('"', "\\\"")
}
