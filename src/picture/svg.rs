//! A picture as SVG, which every browser shows: light or dark, as the reader has it.

use maud::{Markup, PreEscaped, html};

use super::layout::{self, BESIDE, LETTER, Layout, Rect, SMALL};
use super::{Edge, EdgeKind, Part, Picture, sign, text};

/// The looks.
pub const LIGHT: &str = include_str!("svg.css");
/// What is otherwise in the dark.
pub const DARK: &str = include_str!("svg.dark.css");

/// Around everything.
const MARGIN: i32 = 24;
/// How high the title is.
const TITLE: i32 = 52;
/// How high the legend is.
const LEGEND: i32 = 40;
/// How wide one entry of the legend is.
const ENTRY: i32 = 108;

/// The picture as a file of its own.
pub fn file(picture: &Picture) -> String {
    let style = format!("\n{LIGHT}@media (prefers-color-scheme: dark) {{\n{DARK}}}\n");
    // A line for each element, save for what stands within one line of text.
    let drawing = element(picture, Some(&style)).into_string();
    let drawing = drawing.replace("><", ">\n<").replace("</tspan>\n<", "</tspan><");
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{drawing}\n")
}

/// The picture as an element of a page, which has the style.
pub fn element(picture: &Picture, style: Option<&str>) -> Markup {
    let layout = layout::layout(picture);
    let entries = i32::try_from(picture.actions().count() + picture.edge_kinds().count());
    let legend = entries.unwrap_or(0) * ENTRY;
    let title = i32::try_from(picture.title().chars().count() * 10).unwrap_or(0).min(1200);
    let width = layout.width.max(legend).max(title) + 2 * MARGIN;
    let height = layout.height + TITLE + LEGEND + 2 * MARGIN;
    let (x, y) = (MARGIN, MARGIN + TITLE);
    let name = format!("{}: {}", picture.title(), picture.whereabouts());
    html! {
        svg xmlns="http://www.w3.org/2000/svg" class="picture" role="img" aria-label=(name)
            width=(width) height=(height) viewBox=(format!("0 0 {width} {height}")) {
            @if let Some(style) = style { style { (PreEscaped(style)) } }
            (tips())
            rect class="paper" width=(width) height=(height) {}
            text class="title" x=(MARGIN) y=(MARGIN + 16) { (picture.title()) }
            text class="faint" x=(MARGIN) y=(MARGIN + 36) { (picture.whereabouts()) }
            g transform=(format!("translate({x} {y})")) {
                @for (part, rect) in parts(picture, &layout) {
                    @if is_around(picture, part) { (outline(picture, part, rect)) }
                }
                @for kind in [EdgeKind::Reference, EdgeKind::Traffic] {
                    @for (place, edge) in picture.edges.iter().enumerate() {
                        @if edge.kind == kind { (line(picture, &layout, place, edge)) }
                    }
                }
                @for (part, rect) in parts(picture, &layout) {
                    @if is_around(picture, part) { (heading(picture, part, rect)) }
                    @else { (node(picture, part, rect)) }
                }
                @for (place, edge) in picture.edges.iter().enumerate() {
                    @if let Some((x, y)) = layout.routes[place].label {
                        text class="label" data-edge=(place) x=(x) y=(y + 3) { (edge.label) }
                    }
                }
            }
            (key(picture, height - MARGIN - LEGEND + 14))
        }
    }
}

fn parts<'a>(
    picture: &'a Picture,
    layout: &'a Layout,
) -> impl Iterator<Item = (usize, &'a Rect)> + use<'a> {
    (0..picture.parts.len()).zip(&layout.rects)
}

/// Whether others are inside.
fn is_around(picture: &Picture, place: usize) -> bool {
    picture.inside(Some(place)).next().is_some()
}

/// The heads of the lines.
fn tips() -> Markup {
    html! {
        defs {
            @for kind in [EdgeKind::Reference, EdgeKind::Traffic] {
                marker id=(format!("tip-{}", kind.as_str())) viewBox="0 0 8 8" refX="7.5" refY="4"
                    markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto" {
                    path class=(format!("tip {}", kind.as_str())) d="M0 0.5 8 4 0 7.5z" {}
                }
            }
        }
    }
}

fn classes(part: &Part, around: bool) -> String {
    let around = if around { "box " } else { "" };
    format!("part {around}{} {}", part.role(), part.action().unwrap_or_default()).trim_end().into()
}

/// What is said when somebody points at a part.
fn hint(part: &Part) -> String {
    let action = part.action().map(|action| format!(": {action}"));
    format!("{} ({}){}", part.name(), part.about(), action.unwrap_or_default())
}

fn outline(picture: &Picture, place: usize, rect: &Rect) -> Markup {
    let part = &picture.parts[place];
    html! {
        g id=(format!("part-{place}")) class=(classes(part, true)) data-part=(place) data-address=(part.name()) {
            title { (hint(part)) }
            rect x=(rect.x) y=(rect.y) width=(rect.width) height=(rect.height) rx="8" {}
        }
    }
}

fn heading(picture: &Picture, place: usize, rect: &Rect) -> Markup {
    let part = &picture.parts[place];
    let (x, y) = (rect.x + 12, rect.y + 20);
    html! {
        text x=(x) y=(y) {
            tspan class="heading" { (text::cut(&part.name(), 60)) }
            tspan class="faint" dx="8" { (text::cut(&part.about(), 40)) }
        }
        @if let Some(action) = part.action() {
            text class="sign" text-anchor="end" x=(rect.right() - 10) y=(y) { (sign(action)) }
        }
    }
}

fn node(picture: &Picture, place: usize, rect: &Rect) -> Markup {
    let part = &picture.parts[place];
    let letters = usize::try_from((rect.width - BESIDE) / LETTER).unwrap_or(10);
    let small = usize::try_from((rect.width - layout::MARGIN) / SMALL).unwrap_or(10);
    html! {
        g id=(format!("part-{place}")) class=(classes(part, false)) data-part=(place) data-address=(part.name()) {
            title { (hint(part)) }
            rect x=(rect.x) y=(rect.y) width=(rect.width) height=(rect.height) rx="6" {}
            text x=(rect.x + 10) y=(rect.y + 18) { (text::cut(&part.name(), letters)) }
            text class="faint" x=(rect.x + 10) y=(rect.y + 33) { (text::cut(&part.about(), small)) }
            @if let Some(action) = part.action() {
                text class="sign" text-anchor="end" x=(rect.right() - 8) y=(rect.y + 18) { (sign(action)) }
            }
        }
    }
}

fn line(picture: &Picture, layout: &Layout, place: usize, edge: &Edge) -> Markup {
    let [(x, y), (ax, ay), (bx, by), (u, v)] = layout.routes[place].points;
    let (from, to) = (picture.parts[edge.from].name(), picture.parts[edge.to].name());
    let what = match (edge.kind, edge.label.as_str()) {
        (EdgeKind::Reference, _) => "needs".to_owned(),
        (EdgeKind::Traffic, label) => format!("→ {label}").trim_end().to_owned(),
    };
    html! {
        path class=(format!("edge {}", edge.kind.as_str())) data-edge=(place) data-from=(edge.from)
            data-to=(edge.to) d=(format!("M{x} {y}C{ax} {ay} {bx} {by} {u} {v}"))
            marker-end=(format!("url(#tip-{})", edge.kind.as_str())) {
            title { (from) " " (what) " " (to) }
        }
    }
}

/// The legend.
fn key(picture: &Picture, y: i32) -> Markup {
    let actions = picture.actions().zip(0_i32..);
    let count = i32::try_from(picture.actions().count()).unwrap_or(0);
    html! {
        g class="legend" {
            @for (action, at) in actions {
                @let x = MARGIN + at * ENTRY;
                g class=(action) {
                    rect x=(x) y=(y) width="22" height="16" rx="3" {}
                    text class="sign" text-anchor="middle" x=(x + 11) y=(y + 13) { (sign(action)) }
                    text x=(x + 28) y=(y + 12) { (action) }
                }
            }
            @for (kind, at) in picture.edge_kinds().zip(count..) {
                @let x = MARGIN + at * ENTRY;
                path class=(format!("edge {}", kind.as_str())) d=(format!("M{x} {}h26", y + 8))
                    marker-end=(format!("url(#tip-{})", kind.as_str())) {}
                text x=(x + 34) y=(y + 12) { (kind.as_str()) }
            }
        }
    }
}
