//! The courses of lines: curves from border to border, each with a place of its own there.

use std::collections::BTreeMap;

use super::super::Picture;
use super::{HEADING, Rect, SMALL};

/// A curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// Its start, the two points it bends towards, and its end.
    pub points: [(i32, i32); 4],
    /// Where its label stands, if there is room for it.
    pub label: Option<(i32, i32)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Left,
    Right,
    Top,
    Bottom,
}

/// One end of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct End {
    /// How far along the side its other end is.
    from: i32,
    line: usize,
    is_start: bool,
}

impl Route {
    /// A point of the curve, in sixteenths of the way.
    fn at(&self, part: i32) -> (i32, i32) {
        let (done, left) = (part, 16 - part);
        let shares = [
            left * left * left,
            3 * left * left * done,
            3 * left * done * done,
            done * done * done,
        ];
        let sum = |of: fn(&(i32, i32)) -> i32| {
            let all = shares.iter().zip(&self.points).map(|(share, it)| share * of(it));
            all.sum::<i32>() / 4096
        };
        (sum(|it| it.0), sum(|it| it.1))
    }
}

impl Rect {
    fn meets(&self, other: &Self) -> bool {
        self.x < other.right()
            && other.x < self.right()
            && self.y < other.bottom()
            && other.y < self.bottom()
    }

    fn center(&self) -> (i32, i32) {
        (self.x + self.width / 2, self.y + self.height / 2)
    }
}

/// The course of every line of a picture.
pub(super) fn routes(picture: &Picture, rects: &[Rect]) -> Vec<Route> {
    let sides: Vec<(Side, Side)> =
        picture.edges.iter().map(|edge| sides(&rects[edge.from], &rects[edge.to])).collect();
    // By part and side, the lines that end there, sorted by where they come from.
    let mut ends: BTreeMap<(usize, Side), Vec<End>> = BTreeMap::new();
    for (place, (edge, (out, into))) in picture.edges.iter().zip(&sides).enumerate() {
        for (own, side, other, is_start) in
            [(edge.from, *out, edge.to, true), (edge.to, *into, edge.from, false)]
        {
            let (x, y) = rects[other].center();
            let from = if matches!(side, Side::Left | Side::Right) { y } else { x };
            ends.entry((own, side)).or_default().push(End { from, line: place, is_start });
        }
    }
    let mut points = vec![[(0, 0); 2]; picture.edges.len()];
    for ((own, side), mut lines) in ends {
        lines.sort_unstable();
        let count = i32::try_from(lines.len()).unwrap_or(i32::MAX - 1);
        for (at, End { line, is_start, .. }) in (1_i32..).zip(lines) {
            points[line][usize::from(!is_start)] = point(&rects[own], side, at, count);
        }
    }
    let curve = |(points, (out, into)): (&[(i32, i32); 2], &(Side, Side))| {
        let [start, end] = *points;
        let far = (start.0 - end.0).abs().max((start.1 - end.1).abs());
        let bend = (far / 2).clamp(24, if out == into { 48 } else { 140 });
        let points = [start, bent(start, *out, bend), bent(end, *into, bend), end];
        Route { points, label: None }
    };
    let mut routes: Vec<Route> = points.iter().zip(&sides).map(curve).collect();
    label(picture, rects, &mut routes);
    routes
}

/// How high a label is.
const LABEL: i32 = 14;
/// Where along a curve a label may stand, in sixteenths, the best first.
const STOPS: [i32; 9] = [8, 7, 9, 6, 10, 5, 11, 4, 12];

/// Finds places for labels that cover neither a name nor each other.
fn label(picture: &Picture, rects: &[Rect], routes: &mut [Route]) {
    let text_of = |place: usize| {
        let height = if picture.inside(Some(place)).next().is_some() {
            HEADING
        } else {
            rects[place].height
        };
        Rect { height, ..rects[place] }
    };
    let mut taken: Vec<Rect> = (0..rects.len()).map(text_of).collect();
    for (edge, route) in picture.edges.iter().zip(routes) {
        if edge.label.is_empty() {
            continue;
        }
        let width =
            i32::try_from(edge.label.chars().count()).unwrap_or(i32::MAX / SMALL / 2) * SMALL;
        let around =
            |(x, y): (i32, i32)| Rect { x: x - width / 2, y: y - LABEL / 2, width, height: LABEL };
        let is_free = |at: &(i32, i32)| !taken.iter().any(|other| other.meets(&around(*at)));
        let place = STOPS.iter().map(|stop| route.at(*stop)).find(is_free);
        taken.extend(place.map(around));
        route.label = place;
    }
}

/// The sides on which a line leaves one part and reaches another.
fn sides(from: &Rect, to: &Rect) -> (Side, Side) {
    if from.right() < to.x {
        (Side::Right, Side::Left)
    } else if to.right() < from.x {
        (Side::Left, Side::Right)
    } else if from.x == to.x && from.width == to.width {
        // One above the other in a column: around what is between them.
        (Side::Right, Side::Right)
    } else if from.bottom() <= to.y {
        (Side::Bottom, Side::Top)
    } else if to.bottom() <= from.y {
        (Side::Top, Side::Bottom)
    } else {
        (Side::Right, Side::Right)
    }
}

fn point(rect: &Rect, side: Side, at: i32, count: i32) -> (i32, i32) {
    let along = |start: i32, length: i32| start + length * at / (count + 1);
    match side {
        Side::Left => (rect.x, along(rect.y, rect.height)),
        Side::Right => (rect.right(), along(rect.y, rect.height)),
        Side::Top => (along(rect.x, rect.width), rect.y),
        Side::Bottom => (along(rect.x, rect.width), rect.bottom()),
    }
}

fn bent((x, y): (i32, i32), side: Side, bend: i32) -> (i32, i32) {
    match side {
        Side::Left => (x - bend, y),
        Side::Right => (x + bend, y),
        Side::Top => (x, y - bend),
        Side::Bottom => (x, y + bend),
    }
}
