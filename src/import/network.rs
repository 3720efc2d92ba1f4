//! Which network an object belongs to: it is in it, or it is for none but what is in it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::index::{Index, texts};
use crate::kind::LiveObject;

/// What ids of networks begin with.
const ID: &str = "vpc-";

/// By object, the id of the network that it belongs to, if it is one.
pub fn networks(objects: &[Arc<LiveObject>]) -> Vec<Option<String>> {
    let index = Index::new(objects.iter().map(|object| &**object));
    let mut to: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); objects.len()];
    let mut from: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); objects.len()];
    let mut inside: Vec<BTreeSet<String>> = vec![BTreeSet::new(); objects.len()];
    for (place, object) in objects.iter().enumerate() {
        for value in [&object.spec, &object.outputs] {
            texts(value, &mut |text| {
                if text.starts_with(ID) && text.len() > ID.len() && !text.contains(['.', '/']) {
                    inside[place].insert(text.to_owned());
                }
            });
        }
        texts(&object.spec, &mut |text| {
            for other in index.mentioned(text).filter(|&other| other != place) {
                to[place].insert(other);
                from[other].insert(place);
            }
        });
    }
    // In it: it refers to what is in it.
    let is_in = spread(inside, &to, |mine, theirs| mine.extend(theirs.iter().cloned()));
    // For it: all that refers to it is in it.
    let mut all: Vec<Option<String>> = is_in.iter().map(only).collect();
    loop {
        let joins = |place: usize| {
            let users: BTreeSet<Option<&String>> =
                from[place].iter().map(|&user| all[user].as_ref()).collect();
            let joined = users.first().copied().flatten().filter(|_| users.len() == 1);
            joined.filter(|_| is_in[place].is_empty()).cloned()
        };
        let found: Vec<(usize, String)> = (0..all.len())
            .filter(|&place| all[place].is_none())
            .filter_map(|place| Some((place, joins(place)?)))
            .collect();
        if found.is_empty() {
            return all;
        }
        for (place, network) in found {
            all[place] = Some(network);
        }
    }
}

/// Lets what is known of objects spread to those that refer to them.
fn spread(
    mut known: Vec<BTreeSet<String>>,
    to: &[BTreeSet<usize>],
    take: impl Fn(&mut BTreeSet<String>, &BTreeSet<String>),
) -> Vec<BTreeSet<String>> {
    loop {
        let mut changed = false;
        for place in 0..known.len() {
            for &other in &to[place] {
                let theirs = known[other].clone();
                let before = known[place].len();
                take(&mut known[place], &theirs);
                changed |= known[place].len() != before;
            }
        }
        if !changed {
            return known;
        }
    }
}

fn only(set: &BTreeSet<String>) -> Option<String> {
    set.first().filter(|_| set.len() == 1).cloned()
}
