//! Boxes packed into rows or columns, into about the shape of a screen.

use super::Pair;

/// The shape to come near to.
const SHAPE: (i64, i64) = (16, 10);

/// Boxes side by side and below each other.
#[derive(Default)]
pub(super) struct Packed {
    /// Where each stands.
    pub corners: Vec<Pair>,
    /// The size of all of them together.
    pub size: Pair,
}

impl Packed {
    /// How bad it is: how large the screen has to be, and of two that need the same screen, how much
    /// of it is used.
    pub fn score(&self) -> (i64, i64) {
        let (width, height) = (i64::from(self.size.0), i64::from(self.size.1));
        let (across, down) = (width * SHAPE.1, height * SHAPE.0);
        (across.max(down), across.min(down))
    }

    /// Columns in place of rows.
    fn turned(self) -> Self {
        let corners = self.corners.into_iter().map(turned).collect();
        Self { corners, size: turned(self.size) }
    }
}

fn turned((a, b): Pair) -> Pair {
    (b, a)
}

/// Packs boxes, in their order.
pub(super) fn pack(sizes: &[Pair], gap: i32) -> Packed {
    let across: Vec<Pair> = sizes.iter().copied().map(turned).collect();
    let tries = (1..=sizes.len())
        .flat_map(|first| [rows(sizes, first, gap), rows(&across, first, gap).turned()]);
    tries.min_by_key(Packed::score).unwrap_or_default()
}

/// Rows that are as long as the first so many boxes together, and no shorter than any.
fn rows(sizes: &[Pair], first: usize, gap: i32) -> Packed {
    let start: i32 = sizes.iter().take(first).map(|(width, _)| width + gap).sum::<i32>() - gap;
    let widest = sizes.iter().map(|(width, _)| *width).max().unwrap_or(0);
    let limit = start.max(widest);
    let (mut corners, mut x, mut y, mut below, mut whole) = (Vec::new(), 0, 0, 0, 0);
    for (width, height) in sizes {
        if x > 0 && x + width > limit {
            (x, y) = (0, below + gap);
        }
        corners.push((x, y));
        whole = whole.max(x + width);
        below = below.max(y + height);
        x += width + gap;
    }
    Packed { corners, size: (whole, below) }
}
