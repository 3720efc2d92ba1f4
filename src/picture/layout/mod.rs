//! Where everything in a picture stands. Boxes are laid out from the inside out; what stands in one
//! is put in columns, so that lines lead to the right, and packed into about the shape of a screen.

mod columns;
mod pack;
mod routes;

pub use routes::Route;

use super::{Picture, What};
use pack::Packed;

/// A rectangle, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rect {
    /// Its left border.
    pub x: i32,
    /// Its upper border.
    pub y: i32,
    /// How wide it is.
    pub width: i32,
    /// How high it is.
    pub height: i32,
}

/// Where everything stands.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The places of the parts.
    pub rects: Vec<Rect>,
    /// The courses of the lines.
    pub routes: Vec<Route>,
    /// How wide all of it is.
    pub width: i32,
    /// How high all of it is.
    pub height: i32,
}

/// A point, or a width and a height.
type Pair = (i32, i32);

/// How high a part without others inside is.
pub const NODE: i32 = 42;
/// How wide a letter of a name is, roughly.
pub const LETTER: i32 = 7;
/// How wide a letter of the line below it is.
pub const SMALL: i32 = 6;
/// What a name has beside it: borders, and the sign of the action.
pub const BESIDE: i32 = 34;
/// What the line below it has beside it.
pub const MARGIN: i32 = 20;
/// How high a box's heading is.
const HEADING: i32 = 28;
/// Between a box's border and what is inside.
const PADDING: i32 = 16;
/// Between boxes.
const GAP: i32 = 28;
/// How wide parts may be.
const WIDTHS: (i32, i32) = (130, 260);
/// How many parts may stand below each other, as far as it is tried.
const ROWS: [usize; 10] = [2, 3, 4, 5, 6, 8, 10, 13, 17, 22];

impl Rect {
    /// Its right border.
    pub fn right(&self) -> i32 {
        self.x + self.width
    }

    /// Its lower border.
    pub fn bottom(&self) -> i32 {
        self.y + self.height
    }

    fn moved(self, x: i32, y: i32) -> Self {
        Self { x: self.x + x, y: self.y + y, ..self }
    }
}

/// Lays a picture out.
pub fn layout(picture: &Picture) -> Layout {
    let mut rects = vec![Rect::default(); picture.parts.len()];
    let (width, height) = level(picture, None, &mut rects);
    let routes = routes::routes(picture, &rects);
    Layout { rects, routes, width, height }
}

/// What is packed into a box: another box, or all that stands in it directly.
struct Piece {
    size: Pair,
    /// Where the parts stand, from its corner.
    parts: Vec<(usize, Rect)>,
}

/// Lays out what is inside a box; how large that is. Everything inside has its place from the
/// corner of the box then.
fn level(picture: &Picture, of: Option<usize>, rects: &mut [Rect]) -> Pair {
    let mut boxes = Vec::new();
    let mut leaves = Vec::new();
    for place in picture.inside(of) {
        if picture.inside(Some(place)).next().is_none() {
            leaves.push(place);
            continue;
        }
        let (width, height) = level(picture, Some(place), rects);
        let heading = heading(picture, place);
        let size = ((width + 2 * PADDING).max(heading), height + HEADING + 2 * PADDING);
        let rect = Rect { x: 0, y: 0, width: size.0, height: size.1 };
        boxes.push(Piece { size, parts: vec![(place, rect)] });
    }
    let leaves_last = of.is_some_and(|of| matches!(picture.parts[of].what, What::Region { .. }));
    let width = width(picture, &leaves);

    let mut best: Option<(Vec<Piece>, Packed)> = None;
    for rows in ROWS.into_iter().filter(|rows| *rows == ROWS[0] || *rows < 2 * leaves.len()) {
        let mut pieces: Vec<Piece> =
            boxes.iter().map(|it| Piece { size: it.size, parts: it.parts.clone() }).collect();
        if !leaves.is_empty() {
            let block = columns::block(picture, &leaves, width, rows);
            let at = if leaves_last { pieces.len() } else { 0 };
            pieces.insert(at, block);
        }
        let sizes: Vec<Pair> = pieces.iter().map(|piece| piece.size).collect();
        let packed = pack::pack(&sizes, GAP);
        if best.as_ref().is_none_or(|(_, known)| packed.score() < known.score()) {
            best = Some((pieces, packed));
        }
    }
    let Some((pieces, Packed { corners, size })) = best else { return (0, 0) };
    for (piece, (x, y)) in pieces.iter().zip(corners) {
        for (place, rect) in &piece.parts {
            let (x, y) = (x + rect.x, y + rect.y);
            rects[*place] = Rect { x, y, ..*rect };
            shift(picture, *place, (x + PADDING, y + HEADING + PADDING), rects);
        }
    }
    size
}

/// Moves everything inside a box.
fn shift(picture: &Picture, of: usize, (x, y): Pair, rects: &mut [Rect]) {
    for place in picture.inside(Some(of)) {
        rects[place] = rects[place].moved(x, y);
        shift(picture, place, (x, y), rects);
    }
}

/// How wide the parts are that stand in one box.
fn width(picture: &Picture, leaves: &[usize]) -> i32 {
    let length = |text: String, letter: i32, beside: i32| {
        i32::try_from(text.chars().count()).unwrap_or(0).min(WIDTHS.1) * letter + beside
    };
    let wide = |place: &usize| {
        let part = &picture.parts[*place];
        length(part.name(), LETTER, BESIDE).max(length(part.about(), SMALL, MARGIN))
    };
    leaves.iter().map(wide).max().unwrap_or(0).clamp(WIDTHS.0, WIDTHS.1)
}

/// How wide a box's heading is.
fn heading(picture: &Picture, place: usize) -> i32 {
    let part = &picture.parts[place];
    let letters = part.name().chars().count() + part.about().chars().count() + 3;
    i32::try_from(letters).unwrap_or(0).min(90) * LETTER + BESIDE
}
