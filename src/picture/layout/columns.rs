//! Parts in columns: what a line leads to stands to the right of where it comes from.

use std::collections::BTreeMap;

use super::super::{Edge, EdgeKind, Picture};
use super::{NODE, Piece, Rect};
use crate::graph::Graph;

/// Between columns, where the lines run.
const BESIDE: i32 = 54;
/// Between the halves of a column that is too long.
const HALVES: i32 = 22;
/// Between what stands below each other.
const BELOW: i32 = 14;
/// How often the order is looked over.
const SWEEPS: usize = 6;

/// Parts of one width in columns with at most so many rows.
pub(super) fn block(picture: &Picture, parts: &[usize], width: i32, rows: usize) -> Piece {
    let inner: Vec<&Edge> = picture
        .edges
        .iter()
        .filter(|edge| parts.contains(&edge.from) && parts.contains(&edge.to))
        .collect();
    let edges: Vec<(usize, usize)> = inner.iter().map(|edge| (edge.from, edge.to)).collect();
    let (loose, joined): (Vec<usize>, Vec<usize>) =
        parts.iter().partition(|part| !edges.iter().any(|(from, to)| from == *part || to == *part));
    let mut columns = layers(&joined, &inner);
    for sweep in 0..SWEEPS {
        sort(&mut columns, &edges, sweep % 2 == 0);
    }
    let mut columns = joined_up(columns, &edges, rows);
    fill(&mut columns, loose, rows);

    let (mut placed, mut x, mut height) = (Vec::new(), 0, 0);
    for column in &columns {
        // Of equal lengths, so that no half is nearly empty.
        let halves = column.len().div_ceil(rows).max(1);
        let length = column.len().div_ceil(halves).max(1);
        for half in column.chunks(length) {
            for (row, part) in (0_i32..).zip(half) {
                let y = row * (NODE + BELOW);
                placed.push((*part, Rect { x, y, width, height: NODE }));
                height = height.max(y + NODE);
            }
            x += width + HALVES;
        }
        x += BESIDE - HALVES;
    }
    Piece { size: ((x - BESIDE).max(0), height), parts: placed }
}

/// The columns: each part as far to the left as its predecessors let it, those without any as near
/// to what they lead to as they can.
fn layers(parts: &[usize], edges: &[&Edge]) -> Vec<Vec<usize>> {
    let mut graph = Graph::new();
    for part in parts {
        graph.insert(*part);
    }
    for edge in edges {
        graph.edge(edge.to, edge.from);
    }
    // Where lines lead in a circle, those of traffic keep their direction.
    let flows = |to: &usize, from: &usize| {
        let is_it = |edge: &&Edge| (edge.from, edge.to) == (*from, *to);
        edges.iter().any(|edge| is_it(edge) && edge.kind == EdgeKind::Traffic)
    };
    graph.loosen(|to, from| !flows(to, from));
    let order: Vec<usize> = match graph.order() {
        Ok(order) => order.into_iter().copied().collect(),
        Err(_) => parts.to_vec(),
    };
    let mut layer: BTreeMap<usize, usize> = BTreeMap::new();
    for part in &order {
        let before = graph.needs(part).filter_map(|from| layer.get(from)).max();
        layer.insert(*part, before.map_or(0, |layer| layer + 1));
    }
    for part in order.iter().rev().filter(|part| graph.needs(part).next().is_none()) {
        if let Some(next) = graph.needed_by(part).filter_map(|to| layer.get(to)).min() {
            layer.insert(*part, next.saturating_sub(1));
        }
    }
    let count = layer.values().max().map_or(0, |last| last + 1);
    let mut columns = vec![Vec::new(); count];
    for part in parts {
        columns[layer[part]].push(*part);
    }
    columns.retain(|column| !column.is_empty());
    columns
}

/// Columns with those next to each other made one, where there is room and no line between them.
fn joined_up(columns: Vec<Vec<usize>>, edges: &[(usize, usize)], rows: usize) -> Vec<Vec<usize>> {
    let mut result: Vec<Vec<usize>> = Vec::new();
    for column in columns {
        match result.last_mut() {
            Some(last)
                if last.len() + column.len() <= rows
                    && !edges.iter().any(|(a, b)| last.contains(a) && column.contains(b)) =>
            {
                last.extend(column);
            }
            _ => result.push(column),
        }
    }
    result
}

/// Puts what no line leads to below the columns that are not full, and then into columns of its own.
fn fill(columns: &mut Vec<Vec<usize>>, loose: Vec<usize>, rows: usize) {
    let mut loose = loose.into_iter().peekable();
    for column in columns.iter_mut() {
        while column.len() < rows && loose.peek().is_some() {
            column.extend(loose.next());
        }
    }
    columns.push(loose.collect());
    columns.retain(|column| !column.is_empty());
}

/// Sorts each column by where the other ends of its lines stand in the columns before it, or after
/// it.
fn sort(columns: &mut [Vec<usize>], edges: &[(usize, usize)], forward: bool) {
    let count = columns.len();
    for step in 1..count {
        let at = if forward { step } else { count - 1 - step };
        let mut heights: BTreeMap<usize, i64> = BTreeMap::new();
        let others = if forward { &columns[..at] } else { &columns[at + 1..] };
        for column in others {
            let length = i64::try_from(column.len()).unwrap_or(1);
            for (row, part) in (0_i64..).zip(column) {
                // In thousandths of the column: the columns have different lengths.
                heights.insert(*part, (2 * row + 1) * 500 / length);
            }
        }
        let mut keyed: Vec<(i64, usize)> = Vec::new();
        let length = i64::try_from(columns[at].len()).unwrap_or(1);
        for (row, part) in (0_i64..).zip(&columns[at]) {
            let ends = edges.iter().filter_map(|(from, to)| match part {
                part if part == from => heights.get(to),
                part if part == to => heights.get(from),
                _ => None,
            });
            let (sum, count) = ends.fold((0, 0), |(sum, count), it| (sum + it, count + 1));
            let own = (2 * row + 1) * 500 / length;
            keyed.push((if count == 0 { own } else { sum / count }, *part));
        }
        // Stable: equals keep their order.
        keyed.sort_by_key(|(key, _)| *key);
        columns[at] = keyed.into_iter().map(|(_, part)| part).collect();
    }
}
