//! Meaning → order: a small generic graph of what comes before what, with a stable order and
//! cycles that are explained by naming their path.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::fmt;

/// A directed graph in which every node needs others to come first.
///
/// Nodes keep the order in which they were first named; every answer follows it.
#[derive(Clone, Debug)]
pub struct Graph<K> {
    index: BTreeMap<K, usize>,
    nodes: Vec<Node<K>>,
}

#[derive(Clone, Debug)]
struct Node<K> {
    key: K,
    needs: Places,
    needed_by: Places,
}

/// Places in their order: edges are mostly added in it as well.
#[derive(Clone, Debug, Default)]
struct Places(Vec<usize>);

impl Places {
    fn insert(&mut self, place: usize) {
        if self.0.last().is_none_or(|last| *last < place) {
            self.0.push(place);
        } else if let Err(at) = self.0.binary_search(&place) {
            self.0.insert(at, place);
        }
    }

    /// False when it was not among them.
    fn remove(&mut self, place: usize) -> bool {
        let found = self.0.binary_search(&place);
        found.map(|at| self.0.remove(at)).is_ok()
    }
}

/// Nodes that need each other: each needs the next, and the last needs the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle<K>(pub Vec<K>);

impl<K: fmt::Display> fmt::Display for Cycle<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for key in &self.0 {
            write!(f, "{key} → ")?;
        }
        self.0.first().map_or(Ok(()), |first| first.fmt(f))
    }
}

impl<K: fmt::Debug + fmt::Display> std::error::Error for Cycle<K> {}

impl<K> Default for Graph<K> {
    fn default() -> Self {
        Self { index: BTreeMap::new(), nodes: Vec::new() }
    }
}

impl<K: Ord + Clone> Graph<K> {
    /// A graph without nodes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a node; false when it is there already.
    pub fn insert(&mut self, key: K) -> bool {
        let known = self.nodes.len();
        self.place(key) == known
    }

    /// Says that `node` needs `needed` to come first; adds those of the two that are new.
    pub fn edge(&mut self, node: K, needed: K) {
        let node = self.place(node);
        let needed = self.place(needed);
        self.nodes[node].needs.insert(needed);
        self.nodes[needed].needed_by.insert(node);
    }

    /// Takes an edge away; false when there was none.
    pub fn remove_edge(&mut self, node: &K, needed: &K) -> bool {
        let (Some(&node), Some(&needed)) = (self.index.get(node), self.index.get(needed)) else {
            return false;
        };
        self.nodes[needed].needed_by.remove(node);
        self.nodes[node].needs.remove(needed)
    }

    fn place(&mut self, key: K) -> usize {
        let next = self.nodes.len();
        let place = *self.index.entry(key.clone()).or_insert(next);
        if place == next {
            let (needs, needed_by) = (Places::default(), Places::default());
            self.nodes.push(Node { key, needs, needed_by });
        }
        place
    }

    /// Whether there is such a node.
    pub fn contains(&self, key: &K) -> bool {
        self.index.contains_key(key)
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are no nodes.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The nodes, in the order in which they were first named.
    pub fn nodes(&self) -> impl Iterator<Item = &K> {
        self.nodes.iter().map(|node| &node.key)
    }

    /// What a node needs directly.
    pub fn needs<'a>(&'a self, key: &K) -> impl Iterator<Item = &'a K> + use<'a, K> {
        self.neighbours(key, |node| &node.needs)
    }

    /// What needs a node directly.
    pub fn needed_by<'a>(&'a self, key: &K) -> impl Iterator<Item = &'a K> + use<'a, K> {
        self.neighbours(key, |node| &node.needed_by)
    }

    fn neighbours<'a>(
        &'a self,
        key: &K,
        of: fn(&Node<K>) -> &Places,
    ) -> impl Iterator<Item = &'a K> + use<'a, K> {
        let node = self.index.get(key).map(|&place| &self.nodes[place]);
        node.into_iter().flat_map(move |node| &of(node).0).map(|&place| &self.nodes[place].key)
    }

    /// The same nodes with every edge turned round.
    #[must_use]
    pub fn reversed(mut self) -> Self {
        for node in &mut self.nodes {
            std::mem::swap(&mut node.needs, &mut node.needed_by);
        }
        self
    }

    /// All nodes, each after everything that it needs; of those that could come next, the one
    /// that was named first does. The error is a shortest way round among nodes that need each
    /// other.
    pub fn order(&self) -> Result<Vec<&K>, Cycle<K>> {
        let mut missing: Vec<usize> = self.nodes.iter().map(|node| node.needs.0.len()).collect();
        let mut ready: BinaryHeap<Reverse<usize>> =
            (0..self.nodes.len()).filter(|&place| missing[place] == 0).map(Reverse).collect();
        let mut order = Vec::with_capacity(self.nodes.len());
        while let Some(Reverse(place)) = ready.pop() {
            order.push(&self.nodes[place].key);
            for &next in &self.nodes[place].needed_by.0 {
                missing[next] -= 1;
                if missing[next] == 0 {
                    ready.push(Reverse(next));
                }
            }
        }
        if order.len() == self.nodes.len() { Ok(order) } else { Err(self.cycle(&missing)) }
    }

    /// Takes edges away until there is an order: of each cycle the first edge (a node and what it
    /// needs) that `weak` picks, or else its first.
    pub fn loosen(&mut self, weak: impl Fn(&K, &K) -> bool) {
        while let Err(Cycle(nodes)) = self.order() {
            let edges: Vec<_> = nodes.iter().zip(nodes.iter().cycle().skip(1)).collect();
            let picked = edges.iter().find(|(node, needed)| weak(node, needed));
            let Some((node, needed)) = picked.or(edges.first()) else { return };
            self.remove_edge(node, needed);
        }
    }

    /// A cycle among the nodes that still miss something: from the first of them, following
    /// needs leads into one; the shortest way back to where it was entered is the explanation.
    fn cycle(&self, missing: &[usize]) -> Cycle<K> {
        let stuck = |place: &usize| missing[*place] > 0;
        let mut seen = BTreeSet::new();
        let mut place = (0..self.nodes.len()).find(stuck).unwrap_or_default();
        while seen.insert(place) {
            place = self.nodes[place].needs.0.iter().copied().find(stuck).unwrap_or(place);
        }
        let start = place;
        let mut came_from = BTreeMap::new();
        let mut front = vec![start];
        while !came_from.contains_key(&start) {
            let mut next = Vec::new();
            for place in front {
                for &need in self.nodes[place].needs.0.iter().filter(|need| stuck(need)) {
                    came_from.entry(need).or_insert_with(|| {
                        next.push(need);
                        place
                    });
                }
            }
            front = next;
        }
        let mut path = vec![start];
        let mut place = came_from[&start];
        while place != start {
            path.push(place);
            place = came_from[&place];
        }
        path[1..].reverse();
        // Wherever the search came in, the explanation begins with the node named first.
        let first = (0..path.len()).min_by_key(|&i| path[i]).unwrap_or_default();
        path.rotate_left(first);
        Cycle(path.into_iter().map(|place| self.nodes[place].key.clone()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(text: &'static str) -> Graph<&'static str> {
        let mut graph = Graph::new();
        for line in text.split(';').map(str::trim) {
            match line.split_once('>') {
                Some((node, needed)) => graph.edge(node.trim(), needed.trim()),
                None => {
                    graph.insert(line);
                }
            }
        }
        graph
    }

    #[test]
    fn order_keeps_the_order_of_naming_where_it_can() {
        let text = "z; a; service; subnet; vpc; subnet > vpc; service > subnet; alarm";
        assert_eq!(
            graph(text).order().unwrap(),
            [&"z", &"a", &"vpc", &"subnet", &"service", &"alarm"]
        );
    }

    #[test]
    fn reversed_order_puts_what_is_needed_last() {
        let text = "vpc; subnet > vpc; service > subnet; service > vpc";
        assert_eq!(graph(text).reversed().order().unwrap(), [&"service", &"subnet", &"vpc"]);
    }

    #[test]
    fn a_cycle_is_the_shortest_way_round_and_leaves_out_what_only_leads_there() {
        let text = "entry > a; a > b; b > c; c > d; d > a; c > a; d > leaf";
        let cycle = graph(text).order().unwrap_err();
        assert_eq!(cycle.to_string(), "a → b → c → a");
        assert_eq!(graph("a > a").order().unwrap_err().to_string(), "a → a");
    }

    #[test]
    fn a_loosened_graph_has_an_order_and_loses_its_weak_edges_first() {
        let mut graph = graph("a > b; b > c; c > a; d > d");
        graph.loosen(|node, needed| (*node, *needed) == ("b", "c"));
        assert_eq!(graph.order().unwrap(), [&"b", &"a", &"c", &"d"]);
    }

    #[test]
    fn neighbours_are_direct_and_each_named_once() {
        let mut graph = graph("b > a; b > a; c > b");
        assert_eq!(graph.needs(&"b").collect::<Vec<_>>(), [&"a"]);
        assert_eq!(graph.needed_by(&"b").collect::<Vec<_>>(), [&"c"]);
        assert_eq!(graph.needs(&"unknown").count(), 0);
        assert!(!graph.insert("a") && graph.contains(&"a"));
        assert!(graph.remove_edge(&"b", &"a") && !graph.remove_edge(&"b", &"a"));
        assert_eq!((graph.len(), graph.is_empty()), (3, false));
    }
}
