//! A picture as Mermaid, which many wikis, forges and editors draw.

use std::fmt::Write as _;

use super::{EdgeKind, Picture, What};

/// The looks of actions: fill, border and text, readable on light and on dark.
const STYLES: [(&str, &str); 7] = [
    ("create", "fill:#dafbe1,stroke:#1a7f37,color:#0a3d1a"),
    ("update", "fill:#fff4c2,stroke:#9a6700,color:#4d3300"),
    ("replace", "fill:#f3e3ff,stroke:#8250df,color:#3c1c70"),
    ("delete", "fill:#ffdedb,stroke:#cf222e,color:#6b0f16,stroke-dasharray:5 3"),
    ("adopt", "fill:#d5f2f5,stroke:#1b7c83,color:#0b3f43"),
    ("retag", "fill:#d5f2f5,stroke:#1b7c83,color:#0b3f43"),
    ("keep", "fill:#f6f8fa,stroke:#6e7781,color:#24292f"),
];

/// The picture as Mermaid.
pub fn text(picture: &Picture) -> String {
    let title = format!("{}, {}", picture.title(), picture.whereabouts());
    // A JSON text is one in YAML too.
    let title = serde_json::Value::from(title);
    let mut text = format!("---\ntitle: {title}\n---\nflowchart LR\n");
    level(picture, None, 1, &mut text);
    for edge in &picture.edges {
        let arrow = match edge.kind {
            EdgeKind::Reference => "-.->",
            EdgeKind::Traffic => "==>",
        };
        let label = match edge.label.as_str() {
            "" => String::new(),
            label => format!("|\"{}\"|", escaped(label)),
        };
        let _ = writeln!(text, "  p{} {arrow}{label} p{}", edge.from, edge.to);
    }
    for action in picture.actions() {
        let style = STYLES.iter().find(|(name, _)| *name == action).map_or("", |(_, it)| it);
        let parts = picture.parts.iter().enumerate();
        let ours = parts.filter(|(_, part)| part.action() == Some(action));
        let ids: Vec<String> = ours.map(|(place, _)| format!("p{place}")).collect();
        let _ = writeln!(text, "  classDef {action} {style}");
        let _ = writeln!(text, "  class {} {action}", ids.join(","));
    }
    text
}

fn level(picture: &Picture, of: Option<usize>, depth: usize, text: &mut String) {
    let pad = "  ".repeat(depth);
    for place in picture.inside(of) {
        let part = &picture.parts[place];
        let (name, about) = (escaped(&part.name()), escaped(&part.about()));
        let label = format!("\"{name}<br/><small>{about}</small>\"");
        let is_empty = picture.inside(Some(place)).next().is_none();
        let _ = match &part.what {
            What::Internet => writeln!(text, "{pad}p{place}(({label}))"),
            // A box with nothing inside would not be drawn everywhere.
            _ if is_empty => writeln!(text, "{pad}p{place}[{label}]"),
            _ => {
                // A second line would stand under what is inside.
                let _ =
                    writeln!(text, "{pad}subgraph p{place} [\"{name} <small>{about}</small>\"]");
                level(picture, Some(place), depth + 1, text);
                writeln!(text, "{pad}end")
            }
        };
    }
}

/// A text inside the quotes of a label. Mermaid has entities of its own, by number; a backtick would
/// begin Markdown, a percent sign a comment.
fn escaped(text: &str) -> String {
    let mut result = String::new();
    for letter in text.chars() {
        if "#\"&<>`\\*|;%{}$".contains(letter) {
            let _ = write!(result, "#{};", u32::from(letter));
        } else {
            result.push(letter);
        }
    }
    result
}
