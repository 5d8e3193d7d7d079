//! Circles of arrows.
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::arrows::Arrow;

/// Of each knot of circles the shortest one, arrow by arrow: mended, it shows the next.
pub(super) fn circles(arrows: &[Arrow]) -> Vec<Vec<&Arrow>> {
    let mut from: BTreeMap<&str, Vec<&Arrow>> = BTreeMap::new();
    for arrow in arrows {
        from.entry(&arrow.from).or_default().push(arrow);
    }
    let mut found: Vec<Vec<&Arrow>> = from.keys().filter_map(|start| way(&from, start, start)).collect();
    found.sort_by_key(Vec::len);
    let mut shown: Vec<&Vec<&Arrow>> = Vec::new();
    for circle in &found {
        let knotted = |other: &&Vec<&Arrow>| {
            let (one, two) = (&circle[0].from, &other[0].from);
            way(&from, one, two).is_some() && way(&from, two, one).is_some()
        };
        if !shown.iter().any(knotted) {
            shown.push(circle);
        }
    }
    shown.into_iter().cloned().collect()
}

/// The shortest way along arrows, of at least one.
fn way<'a>(from: &BTreeMap<&str, Vec<&'a Arrow>>, start: &str, end: &str) -> Option<Vec<&'a Arrow>> {
    let mut seen = BTreeSet::new();
    let mut next: VecDeque<Vec<&Arrow>> = VecDeque::from([Vec::new()]);
    while let Some(so_far) = next.pop_front() {
        let here = so_far.last().map_or(start, |last| &last.to);
        for arrow in from.get(here).into_iter().flatten() {
            if seen.insert(&arrow.to) {
                let mut way = so_far.clone();
                way.push(arrow);
                if arrow.to == end {
                    return Some(way);
                }
                next.push_back(way);
            }
        }
    }
    None
}
